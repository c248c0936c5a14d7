"""The experiment files load, and the published run begins as published."""

import argparse
import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurosim.analysis import AnswerConditions
from neurosim.blocks.files import load_block
from neurosim.data import load_dataset
from neurosim.host import Experiment, decide
from neurosim.metrics import Classifier
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep, expand
from trainings import train

FOLDER = Path(__file__).parents[1] / "experiments"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda p: p.name)
def test_an_experiment_file_is_valid(path):
    if path.name == "smoke.yaml":
        assert len(expand(load_block(path, Sweep), FOLDER)) >= 4
    else:
        load_block(path, Experiment)


def test_the_published_losses_start_where_correct_code_starts(tmp_path):
    """Initial loss 2.6 to 2.75 of the paper's law (its figure 2; 2.4 to 2.9 over seeds)."""
    experiment = load_block(FOLDER / "paper.yaml", Experiment)
    first = experiment.model_copy(update={"updates": 1, "batch": 400})
    metrics = train(load_profile("ideal_gradient"), first, tmp_path / "run").metrics()
    assert 2.4 < metrics["flow_loss"][0] < 2.9


@pytest.mark.campaign
@pytest.mark.parametrize("engine", ["transient", "operating_point"])
def test_the_published_run_passes_its_bifurcation_and_is_below_0_8_at_update_50(tmp_path, engine):
    experiment = load_block(FOLDER / "paper.yaml", Experiment)
    run = train(
        load_profile("ideal_gradient").with_value("settling.engine", engine),
        experiment.model_copy(update={"updates": 50}),
        tmp_path / "run",
    )
    metrics = run.metrics()
    assert all(np.isfinite(column).all() for column in metrics.values())
    assert 2.4 < metrics["flow_loss"][0] < 2.9
    assert metrics["flow_loss"][-1] < 0.8
    assert metrics["rows_diverged"].sum() == 0
    # The bifurcation shows as a burst of the gradient between updates 8 and 40.
    assert metrics["gradient_norm"][8:40].max() > 5 * metrics["gradient_norm"][:5].max()


def test_the_judge_of_28x28_digits_is_small_and_names_most_of_what_it_has_not_seen():
    path = FOLDER / "10_mnist" / "judge.npz"
    judge = Classifier.load(path)
    assert judge.hidden_weights.shape == (28**2, 128)
    assert judge.held_out_accuracy > 0.96
    assert path.stat().st_size < 1e6


SCRIPTS = sorted([*FOLDER.glob("*/run.py"), *FOLDER.glob("*/questions.py")])
# However quick, half a minute each.
LONG = {"01_paper", "02_hopfield"}


def run_here(script, *words):
    """Run a script as a program of its own would be, without loading all packages again."""
    own = {path.stem for path in [*script.parent.glob("*.py"), *FOLDER.glob("*.py")]}
    before = {name: sys.modules.pop(name) for name in own & sys.modules.keys()}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(script.parent)
        patch.setattr(sys, "argv", [str(script), *words])
        try:
            runpy.run_path(str(script), run_name="__main__")
        finally:
            for name in own & sys.modules.keys():
                del sys.modules[name]
            sys.modules.update(before)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            path,
            marks=pytest.mark.campaign if path.parent.name in LONG else pytest.mark.slow,
            id=f"{path.parent.name}-{path.stem}",
        )
        for path in SCRIPTS
    ],
)
def test_an_experiment_runs_quickly_when_asked(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_here(script, "--quick")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["08_supervised", "09_machines"])
def test_tables_of_no_trainings_are_refused_and_leave_what_is_there(name, tmp_path):
    place = FOLDER / name
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    (tmp_path / "out").mkdir()
    command = [sys.executable, str(place / "run.py"), "--tables", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "--tables needs trainings in" in line
    assert {path: path.read_bytes() for path in before} == before


def common():
    """What the experiments share."""
    spec = importlib.util.spec_from_file_location("common", FOLDER / "common.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_results_are_never_overwritten_by_fewer(tmp_path):
    shared, file = common(), tmp_path / "results.json"
    there = {"chips": {"a": [{"x": 1}, {"x": 2}], "b": [{"x": 3}]}}
    shared.write_results(file, there)
    before = file.read_bytes()
    for fewer in ({}, {"chips": {}}, {"chips": {"a": [{"x": 1}], "b": [{"x": 3}]}},
                  {"chips": {"a": [{"x": 1}, {}], "b": [{"x": 3}]}}):  # fmt: skip
        with pytest.raises(shared.LostError, match="must keep what it has"):
            shared.write_results(file, fewer)
        assert file.read_bytes() == before
    more = {"chips": {**there["chips"], "c": []}, "floors": 1}
    shared.write_results(file, more)
    seeds = file.with_name("seeds.json")
    for runs in ({0: 1}, {0: 1, 1: 2}):
        shared.write_results(seeds, runs)
    assert json.loads(seeds.read_text()) == {"0": 1, "1": 2}
    assert file.read_bytes() != before


def test_a_part_that_would_lose_results_is_told_after_the_others(tmp_path):
    shared, told = common(), []
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text("{}")
    (tmp_path / "one.json").write_text('{"x": 1}')
    found = argparse.Namespace(only=None, tables=True, out=tmp_path, quick=False)
    parts = {
        "one": (None, lambda found: shared.write_results(tmp_path / "one.json", {})),
        "two": (None, told.append),
    }
    with pytest.raises(SystemExit, match=r"one\.json must keep what it has"):
        shared.in_parts(found, parts)
    assert told == [found]


def test_the_network_beside_chips_descends_the_slope_of_its_cost():
    """Central differences of 1e-5: their error is some 1e-10 of the cost's third derivative."""
    place = FOLDER / "08_supervised" / "twin.py"
    spec = importlib.util.spec_from_file_location("twin", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    layers = {"layers": (64, 12, 8, 10), "sources": (0, -1)}
    profile = load_profile("ideal_hopfield").with_values(layers)
    recipe = Experiment.suited("classify").with_values({"updates": 1, "batch": 16})
    digits = load_dataset("digits")
    twin = module.Twin(profile, recipe, digits)
    rng = np.random.default_rng(0)
    inputs, wanted = digits.images[:16], rng.choice([-1.0, 1.0], (16, 10))
    shape = profile.network.present.shape
    present = np.concatenate([profile.network.present.ravel(), np.ones(94, dtype=bool)])
    vector = 0.3 * rng.standard_normal(present.size) * present

    def cost(values):
        said = twin.outputs(Weights.of_vector(values, shape), inputs)[-1]
        return 0.5 * np.mean(np.sum((said - wanted) ** 2, axis=1))

    gradient = twin.gradient(Weights.of_vector(vector, shape), inputs, wanted).vector
    for _ in range(5):
        way = rng.standard_normal(present.size) * present
        slope = (cost(vector + 1e-5 * way) - cost(vector - 1e-5 * way)) / 2e-5
        assert slope == pytest.approx(gradient @ way, rel=1e-6)


@pytest.mark.parametrize("answered", [False, True], ids=["at the start", "once it answers"])
def test_resistors_beside_the_chip_answer_as_it_does_and_descend_its_exact_gradient(
    answered, monkeypatch
):
    """The adjoint solves Newton's equations row by row; the twin goes layer by layer."""
    monkeypatch.syspath_prepend(FOLDER / "08_supervised")
    place = FOLDER / "09_machines" / "exact.py"
    spec = importlib.util.spec_from_file_location("exact", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    profile = load_profile("ideal_resistive").with_values(
        {"layers": (128, 9, 10), "sources": (0, -1)}
    )
    recipe = Experiment.suited("classify").with_values({"updates": 40 * answered + 1, "batch": 8})
    beside = module.Exact(profile, recipe, load_dataset("digits"))
    if answered:
        beside.train()
    weights = beside._optimizer.weights
    chip = AnswerConditions(
        profile, weights, recipe.flow, 8, 2, task=recipe.task, rule=recipe.rule,
        data=load_dataset("digits"),
    )  # fmt: skip
    shown = chip.answer_batches[0]
    inputs, wanted = shown.targets[:, :128], shown.wanted[:, 128:]
    # A chip is at rest to 1e-8 of an answer per tau.
    said = decide(chip._ideal_chip(weights), shown.targets, recipe.flow, None, chip._held)
    np.testing.assert_allclose(beside.outputs(weights, inputs)[-1], said[:, 128:], atol=1e-7)
    exact = chip.exact_at(weights, 0)
    found = beside.gradient(weights, inputs, wanted).vector
    np.testing.assert_allclose(found, exact, atol=1e-8 * np.abs(exact).max())
