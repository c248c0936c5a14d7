"""What needs no chip stands beside the points of every sweep, and belongs to them."""

import json

import numpy as np
import pytest

import neurosim as ns
from commands import run
from neurosim.blocks.files import dump_block
from neurosim.data import load_dataset
from neurosim.report import render_sweep
from neurosim.runs.examining import rivals_of
from neurosim.runs.judging import floors_of
from neurosim.sweeps import Sweep, SweepFolder
from neurosim.sweeps.floors import GAUSSIAN, REAL, floors, keep_floors
from pages import Parsed

RIVALS = ["back-propagation", "logistic regression", "nearest neighbour", "commonest class"]
RECIPE = {"task": "classify", "updates": 1, "batch": 8, "flow": {"settle_tau": 1}}


def classifiers(*axes):
    """A sweep of tiny classifiers."""
    chips = {"path": "profile.layers", "values": [[64, 4, 10]]}
    chips = axes or (chips,)
    sources = {"path": "profile.sources", "values": [[0, -1]]}
    base = {"profile": "ideal_hopfield", "experiment": RECIPE}
    return Sweep(name="answers", base=base, axes=[*chips, sources])


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The folder of such a sweep, by the command, and what it said."""
    place = tmp_path_factory.mktemp("answers")
    settle = {"path": "sampling.settle_tau", "values": [1, 2]}
    layers = {"path": "profile.layers", "values": [[64, 4, 10]]}
    (place / "plan.yaml").write_text(dump_block(classifiers(layers, settle)))
    result = run("sweep", place / "plan.yaml", "--out", place / "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    return place / "out", result.stdout


def test_rivals_stand_beside_answers_in_the_folder_on_the_page_and_in_the_last_lines(answered):
    path, said = answered
    folder = SweepFolder.open(path)
    found = floors(folder)
    assert [*found] == RIVALS
    recipe = ns.Experiment.suited("classify")
    wanted = rivals_of(load_dataset("digits"), recipe, (64, 4, 10))
    assert found == wanted
    [line] = [line for line in " ".join(said.split()).split(" open ") if "beside it" in line]
    for name in RIVALS:
        assert f"{name} {wanted[name]['test_accuracy']:.4g}" in line
    page = Parsed(render_sweep(folder)).text
    assert "What needs no chip, learned from the same examples" in page
    assert "without a chip test accuracy accuracy back-propagation 0.9" in page
    assert all(f"{name} {row['test_accuracy']:.3g}" in page for name, row in wanted.items())
    assert "half of the real" not in page


def test_a_table_in_memory_ends_with_what_needs_no_chip(answered):
    out = next((answered[0] / "trained").glob("*/"))
    table = ns.sweep(out, {"sampling.settle_tau": [1, 2]}, measure=["test_accuracy", "test_loss"])
    assert len(table) == 2
    lines = str(table).splitlines()
    assert len(lines) == 1 + 2 + len(RIVALS)
    for name, line in zip(RIVALS, lines[3:], strict=True):
        value = table.floors[name]["test_accuracy"]
        assert line.split() == [*name.split(), f"{value:.4g}"]
        assert line == line.rstrip()
    assert all(name in table._repr_html_() for name in RIVALS)
    axes = ns.plot(table).axes[0]
    assert {text.get_text().split("\n")[0] for text in axes.texts} == {
        name.split()[0] for name in RIVALS
    }
    alone = ns.sweep(out, {"sampling.settle_tau": [1]}, measure=["test_loss"], floors=False)
    assert len(str(alone).splitlines()) == 2


def test_rivals_that_differ_with_the_layers_stand_beside_no_sweep_of_layers(tmp_path):
    layers = {"path": "profile.layers", "values": [[64, 3, 10], [64, 4, 10]]}
    made = SweepFolder.create(tmp_path / "s", classifiers(layers))
    keep_floors(made)
    assert [*floors(made)] == RIVALS[1:]


def test_chips_of_different_data_have_nothing_beside_them(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.random.default_rng(0).uniform(-1, 1, (20, 64)))
    data = {"path": "experiment.dataset", "values": ["digits", str(tmp_path / "mine.npz")]}
    sweep = Sweep(name="t", base={"profile": "ideal_hopfield"}, axes=[data])
    made = SweepFolder.create(tmp_path / "s", sweep)
    keep_floors(made)
    assert floors(made) == {}


def test_floors_are_found_again_for_other_points_and_only_then(tmp_path, monkeypatch):
    """A sweep that is gone on with may have other numbers of samples."""
    sweep = Sweep(name="t", base={"profile": "ideal_hopfield"}, sampling={"n": 20})
    keep_floors(SweepFolder.create(tmp_path / "s", sweep))
    more = sweep.with_value("sampling.n", 30)
    made = SweepFolder.create(tmp_path / "s", more, resume=True)
    keep_floors(made)
    wanted = floors_of(load_dataset("digits"), 30, 0)["baselines"]
    assert floors(made)[REAL]["w2"] == wanted["real"]["w2"]
    assert floors(made)[GAUSSIAN]["w2"] == wanted["gaussian"]["w2"]

    def again(*_):
        raise AssertionError

    monkeypatch.setattr("neurosim.sweeps.floors.floors_of", again)
    keep_floors(SweepFolder.create(tmp_path / "s", more, resume=True))
    # What is only opened stays as it is.
    keep_floors(SweepFolder.open(tmp_path / "s"))
    assert floors(made)[REAL]["w2"] == wanted["real"]["w2"]


def test_a_study_that_is_gone_on_with_has_no_answer_of_fewer_points(tmp_path):
    sweep = Sweep(name="t", base={"profile": "ideal_hopfield"})
    made = SweepFolder.create(tmp_path / "s", sweep)
    (made.path / "settling.txt").write_text("It needs 3 C/g.\n")
    (made.path / "settling.png").write_bytes(b"")
    assert "It needs 3 C/g." in render_sweep(made)
    again = SweepFolder.create(made.path, sweep, resume=True)
    assert "It needs 3 C/g." not in render_sweep(again)


def test_the_command_says_what_real_images_and_a_gaussian_have(tiny, tmp_path):
    file, _ = tiny
    result = run("sweep", file, "--out", tmp_path / "out", "--workers", 1, "--json")
    assert result.exit_code == 0, result.output
    beside = json.loads(result.stdout)["beside"]
    assert [*beside] == [REAL, GAUSSIAN]
    assert 0 < beside[REAL] < beside[GAUSSIAN]
