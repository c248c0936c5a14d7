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


SCRIPTS = sorted(
    path for name in ("run", "questions", "seeds", "cores") for path in FOLDER.glob(f"*/{name}.py")
)
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


def loaded(name):
    """A module of the experiments, by its file without .py, beside those that it imports."""
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module, before = importlib.util.module_from_spec(spec), sys.modules.copy()
    with pytest.MonkeyPatch.context() as patch:
        for place in (FOLDER, FOLDER / "08_supervised", path.parent):
            patch.syspath_prepend(place)
        spec.loader.exec_module(module)
    for own in sys.modules.keys() - before.keys():
        if FOLDER in Path(getattr(sys.modules[own], "__file__", None) or "/").parents:
            del sys.modules[own]
    return module


def common():
    """What the experiments share."""
    return loaded("common")


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
    with pytest.raises(shared.LostError, match="such as 'floors'"):
        shared.write_results(file, {**more, "floors": None})
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


def test_a_run_of_fewer_seeds_keeps_the_others(tmp_path):
    shared, file = common(), tmp_path / "results.json"
    shared.write_results(file, {"a": {"0": {"x": 1}, "1": {"x": 2}}})
    fewer = {"a": {"1": {"x": 3}}, "b": {"0": {"x": 4}}}
    shared.write_results(file, shared.merged(file, fewer))
    kept = {"a": {"0": {"x": 1}, "1": {"x": 3}}, "b": {"0": {"x": 4}}}
    assert json.loads(file.read_text()) == kept


def test_data_that_trainings_read_are_never_taken_for_others(tmp_path):
    shared, file = common(), tmp_path / "digits.npz"
    arrays = {"images": np.eye(3), "labels": np.arange(3)}
    for _ in range(2):
        assert shared.stored(file, "one", arrays) == file
    before = file.read_bytes()
    for others in ({"images": np.eye(3)}, {**arrays, "labels": np.arange(3) + 1},
                   {**arrays, "images": np.eye(4)}):  # fmt: skip
        with pytest.raises(SystemExit, match=r"digits\.npz must hold the images of two, but"):
            shared.stored(file, "two", others)
    assert file.read_bytes() == before


def test_a_training_begins_with_a_finished_one_and_keeps_to_its_start(tmp_path):
    shared, small = common(), load_profile("ideal_hopfield").with_value("layers", (64, 6, 4))
    one = Experiment().with_values({"updates": 1, "batch": 4, "flow.settle_tau": 1.0})
    with pytest.raises(SystemExit, match=r"first must hold .* is not there; run the part a first"):
        shared.finished(tmp_path / "first", "the part a")
    run = shared.trained(small, one, tmp_path / "first")
    assert shared.finished(run.path, "the part a").path == run.path
    shared.trained(small, one, tmp_path / "next", start=run)
    assert shared.trained(small, one, tmp_path / "next", start=run).n_done == 1
    other = shared.trained(small, one, tmp_path / "other")
    for start in (None, other):
        with pytest.raises(SystemExit, match=r"next holds a training that began with .*first, not"):
            shared.trained(small, one, tmp_path / "next", start=start)
    with pytest.raises(SystemExit, match="began with weights of its own, not with"):
        shared.trained(small, one, other.path, start=run)
    moved = run.path.rename(tmp_path / "elsewhere")
    moved.rename((tmp_path / "new").mkdir() or tmp_path / "new" / "first")
    at_last = shared.finished(tmp_path / "new" / "first", "the part a")
    assert shared.trained(small, one, tmp_path / "next", start=at_last).n_done == 1
    recipe = at_last.path / "experiment.yaml"
    recipe.write_text(recipe.read_text().replace("updates: 1", "updates: 9"))
    with pytest.raises(SystemExit, match=r"has 1 of 9 updates; run the part a first\."):
        shared.finished(at_last.path, "the part a")


def test_a_flow_follows_what_it_begins_with(tmp_path):
    flows = loaded("09_machines/flows")
    both = ["oscillators, 300 more, 300", "oscillators, 400"]
    found = argparse.Namespace(flows=both, quick=True, seeds=2, out=tmp_path)
    for seed, (_, first, onward) in enumerate(flows.work(found)):
        *_, start, from_mean = onward
        assert first[3] == start == tmp_path / "flows" / f"oscillators_400_{seed}"
        assert not from_mean
    found.flows = ["oscillators, centred, 400"]
    assert all(from_mean for ((*_, from_mean),) in [job[1:] for job in flows.work(found)])
    found.flows = both[:1]
    with pytest.raises(SystemExit, match=r"oscillators_400_0 must hold a finished training"):
        flows.work(found)


def test_figures_of_another_device_and_the_shipped_judge_stay(tmp_path, monkeypatch):
    gpu, judge = loaded("00_settling/gpu"), loaded("10_mnist/judge")
    published = FOLDER / "00_settling" / "gpu.json"
    assert gpu.report_in(published, "NVIDIA H200")["parts"]
    assert gpu.report_in(tmp_path / "gpu.json", "x86_64") == {"device": "x86_64", "parts": {}}
    with pytest.raises(SystemExit, match="must keep the figures of NVIDIA H200, but this is x86"):
        gpu.report_in(published, "x86_64")
    monkeypatch.setattr(sys, "argv", ["judge.py", "--data", "digits28"])
    with pytest.raises(SystemExit, match=r"judge\.npz must stay as it is"):
        judge.main()


def test_the_table_of_profiles_has_those_that_are_trained_for_it(tmp_path):
    profiles, page = loaded("00_profiles/run"), FOLDER / "00_profiles"
    rows = json.loads((page / "results.json").read_text())
    assert profiles.flowing() == [row["profile"] for row in rows]
    (tmp_path / "seeds.json").write_bytes((page / "seeds.json").read_bytes())
    profiles.write_seeds(rows[:1] * 2, range(2), tmp_path)
    seeds = json.loads((tmp_path / "seeds.json").read_text())
    assert {name: list(of) for name, of in seeds.items()} == {
        "ecram_redox": ["0", "1", "2"], "ideal_gradient": ["0", "1"],
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words", "first"),
    [
        ("04_chips", ["--only", "ideal"], "the part random"),
        ("09_machines", ["--only", "flows", "--flows", "oscillators, 300 more, 300"], "400"),
        ("10_mnist", ["--only", "chip"], "the part ideal"),
    ],
)
def test_a_part_without_the_one_before_it_ends_in_a_line_and_leaves_nothing(
    name, words, first, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, str(FOLDER / name / "run.py"), "--quick", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "must hold a finished training" in done.stderr
    assert first in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


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


@pytest.mark.parametrize(
    ("raises", "status", "line"),
    [
        ("neurosim.DataError('Rows must be 2; give 2.')", 1, "x.py: Rows must be 2; give 2."),
        ("KeyboardInterrupt", 130, "x.py: stopped; the same command goes on with what is kept."),
    ],
)
def test_a_script_that_is_refused_or_stopped_says_one_line(tmp_path, raises, status, line):
    script = tmp_path / "x.py"
    script.write_text(
        f"import sys\nsys.path.append({str(FOLDER)!r})\nimport ending\nimport neurosim\n"
        f"def main():\n    raise {raises}\nending.ran(main)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, f"{line}\n")


def test_every_script_ends_that_way():
    for script in [*SCRIPTS, FOLDER / "00_settling" / "gpu.py", FOLDER / "10_mnist" / "judge.py"]:
        last = script.read_text("utf-8").splitlines()[-1]
        assert last in ("    ending.ran(main)", "    ending.ran(main, keeps=False)"), script
