"""An axis on which nothing depends is named before anything is computed."""

import json

import pytest

from commands import run
from neurosim.blocks.files import dump_block
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep, expand
from neurosim.sweeps.idle import idle_axes

DT = {"path": "sampling.dt", "values": [0.025, 0.05]}


@pytest.fixture
def small(tmp_path):
    """A sweep over the given axes of a chip of eleven nodes more than it has pixels."""
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
    (tmp_path / "chip.yaml").write_text(dump_block(profile))

    def made(*axes, **others):
        recipe = {"updates": 50, "batch": 16, "flow": {"settle_tau": 1}}
        base = {"profile": "chip.yaml", "experiment": recipe}
        sampling = {"n": 12, "t_end": 0.05}
        plan = {"name": "s", "base": base, "sampling": sampling, "axes": axes} | others
        (tmp_path / "s.yaml").write_text(dump_block(Sweep(**plan)))
        return Sweep(**plan)

    return made


def idle(tmp_path, sweep):
    return [*idle_axes(expand(sweep, tmp_path), sweep.axes)]


def test_what_a_mode_does_not_read_is_named_by_a_trial(small, tmp_path):
    """A chip that runs free takes no steps; one that its host steps does."""
    ways = [{"path": "sampling.mode", "values": [mode]} for mode in ("free-running", "spring")]
    assert idle(tmp_path, small(DT, ways[0])) == ["sampling.dt"]
    assert idle(tmp_path, small(DT, ways[1])) == []


def test_an_axis_that_acts_beside_one_word_of_another_is_not_named(small, tmp_path):
    both = {"path": "sampling.mode", "values": ["free-running", "spring"]}
    assert idle(tmp_path, small(DT, both)) == []
    assert idle(tmp_path, small(both, DT)) == []


def test_what_the_trial_cuts_short_is_not_judged(small, tmp_path):
    axes = [
        {"path": "experiment.updates", "values": [100, 200]},
        {"path": "experiment.batch", "values": [32, 64]},
        {"path": "sampling.n", "values": [100, 200]},
    ]
    for axis in axes:
        assert idle(tmp_path, small(axis)) == []


def test_axes_of_a_training_and_paired_ones_are_tried_as_one(small, tmp_path):
    rate = {"path": "experiment.learning_rate", "values": [1e-3, 4e-3]}
    ages = {"path": "experiment.sampling.dt", "values": [0.05, 0.1]}
    assert idle(tmp_path, small(rate, ages)) == ["experiment.sampling.dt"]
    paired = {"paired": [DT, {"path": "sampling.t_end", "values": [0.05, 0.1]}]}
    assert idle(tmp_path, small(paired)) == []


def test_a_chip_that_answers_has_no_way_of_drawing(small, tmp_path):
    with_answers = {"layers": (64, 8, 10), "sources": (0, -1)}
    profile = load_profile("ideal_hopfield").with_values(with_answers)
    (tmp_path / "answers.yaml").write_text(dump_block(profile))
    recipe = {"task": {"task": "classify"}, "updates": 20, "batch": 16}
    base = {"profile": "answers.yaml", "experiment": recipe}
    axes = [
        {"path": "sampling.t_end", "values": [0.5, 1.0]},
        {"path": "sampling.settle_tau", "values": [1, 5]},
    ]
    sweep = small(*axes, base=base, sampling={}, measure=["test_accuracy"])
    assert idle(tmp_path, sweep) == ["sampling.t_end"]


def test_a_point_that_fails_says_nothing_of_its_axis(small, tmp_path):
    axes = [
        {"path": "profile.current_sense", "values": ["none"]},
        {"path": "sampling.mode", "values": ["gradient", "spring"]},
    ]
    assert idle(tmp_path, small(*axes)) == []


@pytest.mark.slow
def test_it_is_told_by_a_dry_run_and_before_a_sweep_computes(small, tmp_path):
    small(DT)
    said = "neurosim: warning: sampling.dt moves nothing in a trial of 4 updates and 7 samples"
    dry = run("sweep", tmp_path / "s.yaml", "--dry-run")
    assert said in dry.stderr
    found = json.loads(run("sweep", tmp_path / "s.yaml", "--estimate", "--json").stdout)
    assert found["without_effect"] == ["sampling.dt"]
    out = tmp_path / "out"
    whole = run("sweep", tmp_path / "s.yaml", "--out", out, "--workers", 1)
    first, last = whole.stderr.index(said), whole.stderr.index("moves no figure of quality")
    assert first < last
