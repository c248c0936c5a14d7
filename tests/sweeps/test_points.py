"""What the points of a sweep are: every kind of axis, and every kind of path."""

import re
from pathlib import Path

import numpy as np
import pytest

import neurosim
from neurosim.blocks.files import dump_block, load_block, parse_block
from neurosim.blocks.words import as_written
from neurosim.errors import ProfileError
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained
from neurosim.sweeps import Sweep, expand
from neurosim.sweeps.shared import Memory, digest_of_json
from tiny_sweeps import BASE, made
from trainings import train

README = Path(neurosim.__file__).with_name("README.md").read_text("utf-8")


def column(points, name):
    return [point.settings[name] for point in points]


def test_axes_make_a_grid_whose_last_axis_is_fastest():
    points = made(
        {"path": "sampling.t_end", "values": [1.0, 1.2]},
        {"path": "experiment.flow.beta", "values": [1e-3, 2e-3, 3e-3]},
    )
    assert [point.index for point in points] == list(range(6))
    assert column(points, "sampling.t_end") == [1.0] * 3 + [1.2] * 3
    assert column(points, "experiment.flow.beta") == [1e-3, 2e-3, 3e-3] * 2
    assert [point.training.experiment.flow.beta for point in points[:3]] == [1e-3, 2e-3, 3e-3]
    assert [point.sampling.t_end for point in points[::3]] == [1.0, 1.2]


def test_ranges_are_those_of_numpy():
    span = {"start": 0.5, "stop": 100, "points": 7}
    log = made({"path": "sampling.settle_tau", "log": span})
    np.testing.assert_allclose(column(log, "sampling.settle_tau"), np.geomspace(0.5, 100, 7))
    linear = made({"path": "sampling.settle_tau", "linear": span})
    np.testing.assert_allclose(column(linear, "sampling.settle_tau"), np.linspace(0.5, 100, 7))


def test_whole_numbers_of_a_range_are_rounded_and_come_once():
    span = {"start": 1, "stop": 8, "points": 9, "whole": True}
    points = made({"path": "experiment.updates", "log": span})
    assert column(points, "experiment.updates") == [1, 2, 3, 4, 5, 6, 8]


def test_paired_axes_step_together():
    pair = {
        "paired": [
            {"path": "sampling.mode", "values": ["spring", "free-running"]},
            {"path": "sampling.settle_tau", "values": [10, 5]},
        ]
    }
    points = made(pair, {"path": "sampling.t_end", "values": [1.0, 1.2]})
    assert [(p.sampling.mode, p.sampling.settle_tau) for p in points] == (
        [("spring", 10)] * 2 + [("free-running", 5)] * 2
    )


def test_random_points_repeat_with_their_seed_and_fill_their_ranges():
    axis = {
        "points": 400,
        "seed": 3,
        "axes": [
            {"path": "sampling.settle_tau", "log": {"start": 1, "stop": 100}},
            {"path": "sampling.t_end", "linear": {"start": 0.8, "stop": 1.6}},
            {"path": "sampling.mode", "values": ["spring", "gradient"]},
        ],
    }
    points = made({"random": axis})
    few, again, other = (
        [p.key for p in made({"random": axis | {"points": 20, "seed": seed}})] for seed in (3, 3, 4)
    )
    assert few == again != other
    # Means of uniform draws: standard deviation 1 / sqrt(12 n) of the range; 4 of it.
    log = np.log10(column(points, "sampling.settle_tau")) / 2
    linear = (np.array(column(points, "sampling.t_end")) - 0.8) / 0.8
    for share in (log, linear):
        assert 0 <= share.min() < 0.02
        assert 0.98 < share.max() <= 1
        assert abs(share.mean() - 0.5) < 4 / np.sqrt(12 * 400)
    spring = column(points, "sampling.mode").count("spring")
    assert abs(spring - 200) < 4 * np.sqrt(400) / 2


def test_what_a_label_stands_for_is_said_of_every_point():
    cases = {"as it is": {}, "coarse": {"deploy.mismatch.gain": 0.1, "deploy.weight_bits": 4}}
    points = made({"name": "what", "cases": cases}, {"path": "sampling.t_end", "values": [1, 2]})
    assert [point.settings for point in points] == [
        {"what": label, "sampling.t_end": t} for label in cases for t in (1, 2)
    ]
    as_it_is = {"deploy.mismatch.gain": "ideal", "deploy.weight_bits": ""}
    coarse = {"deploy.mismatch.gain": 0.1, "deploy.weight_bits": 4}
    assert [point.inside for point in points] == [as_it_is, as_it_is, coarse, coarse]


def test_a_path_with_a_column_of_its_own_is_said_once():
    points = made(
        {"name": "what", "cases": {"a": {"sampling.t_end": 2}, "b": {"sampling.t_end": 1}}},
        {"path": "sampling.n", "values": [10]},
    )
    assert [list(point.inside) for point in points] == [["sampling.t_end"]] * 2
    assert [point.inside["sampling.t_end"] for point in points] == [2, 1]


def test_cases_are_named_sets_of_changes():
    bits = {"profile.adc.bits": 6, "profile.adc.visible_range_V": "320 mV",
            "profile.adc.hidden_range_V": "105 mV"}  # fmt: skip
    points = made({"name": "what", "cases": {"ideal": {}, "6 bits": bits}})
    assert column(points, "what") == ["ideal", "6 bits"]
    assert [p.training.profile.adc.bits for p in points] == [None, 6]
    assert points[1].training.profile.adc.visible_range_V == 0.32


def test_a_column_shows_si_units_whatever_was_written():
    points = made({"path": "profile.node.capacitance_F", "values": ["2 pF", 3e-12]})
    assert column(points, "profile.node.capacitance_F") == [2e-12, 3e-12]


def test_replicas_have_other_seeds_of_chip_and_samples():
    points = made({"path": "sampling.t_end", "values": [1.0, 1.2]}, replicas=3)
    assert column(points, "replica") == [0, 1, 2] * 2
    assert [p.training.experiment.seed for p in points] == [0, 1, 2] * 2
    assert [p.sampling.seed for p in points] == [0, 1, 2] * 2
    assert len({p.key for p in points}) == 6
    assert len({p.training.key for p in points}) == 3


def test_a_way_of_sampling_is_no_part_of_a_training():
    points = made(
        {"path": "experiment.sampling.mode", "values": ["spring", "gradient"]},
        {"path": "deploy.adc.auto_range", "values": [False]},
    )
    assert [p.sampling.mode for p in points] == ["spring", "gradient"]
    assert len({p.training.key for p in points}) == 1


def test_other_ways_of_saying_several_fields():
    paths = {
        "profile.release_ratio": (30, lambda p: p.node.release_capacitance_F, 30e-12),
        "profile.weight_bits": (5, lambda p: p.coupling.levels, 16),
        "profile.mismatch_scale": (2, lambda p: p.mismatch.leak, 0.06),
        "profile.noise_scale": (0.5, lambda p: p.thermal.temperature_K, 75.0),
    }
    base = BASE | {"profile": "cmos_rc_6bit"}
    for path, (value, field, wanted) in paths.items():
        [point] = made({"path": path, "values": [value]}, base=base)
        assert field(point.training.profile) == pytest.approx(wanted)
        assert point.settings == {path: value}
    [silent] = made({"path": "profile.noise_scale", "values": [0]}, base=base)
    profile = silent.training.profile
    assert profile.thermal.temperature_K is None
    assert profile.settling.engine == "transient"
    assert profile.dac.noise_V == profile.adc.noise == 0


def test_a_profile_may_be_an_axis():
    names = ["ideal_hopfield", "cmos_rc_6bit"]
    points = made({"path": "profile", "values": names})
    assert [p.training.profile.name for p in points] == names
    deployed = made({"path": "deploy", "values": names})
    assert [p.deploy.name for p in deployed] == names
    assert {p.training.profile.name for p in deployed} == {"ideal_hopfield"}


def test_a_point_names_the_profiles_of_both_its_chips():
    [point] = made({"path": "deploy", "values": ["cmos_rc_6bit"]})
    assert [profile.name for profile in point.named] == ["ideal_hopfield", "cmos_rc_6bit"]


def test_an_age_is_one_without_a_refresh():
    base = BASE | {"profile": "cap_cell_14nm"}
    assert load_profile("cap_cell_14nm").host.refresh_s is not None
    points = made({"path": "sampling.age_s", "values": [0, "1 ms"]}, base=base)
    assert [p.sampling.age_s for p in points] == [0, 1e-3]
    assert [p.deploy.host.refresh_s for p in points] == [None, None]
    assert points[1].training.profile.host.refresh_s is not None


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    profile = load_profile("ideal_hopfield").with_values({"layers": (64, 6, 5)})
    return train(profile, Experiment(updates=1, batch=8), tmp_path_factory.mktemp("run") / "a")


def test_a_given_run_is_programmed_into_chips_or_left_as_it_is(run):
    base = {"run": str(run.path)}
    [plain] = made({"path": "sampling.t_end", "values": [1.0]}, base=base)
    assert plain.deploy is None
    assert plain.run == run.path
    names = ["profile.weight_bits", "deploy.weight_bits"]
    both = [made({"path": name, "values": [5, 6]}, base=base) for name in names]
    for points in both:
        assert [p.deploy.coupling.levels for p in points] == [16, 32]
        assert all(p.training is None for p in points)
    assert [p.key for p in both[0]] == [p.key for p in both[1]]


def test_a_key_follows_the_trained_weights(run, tmp_path):
    axis = {"path": "sampling.t_end", "values": [1.0]}
    [one] = made(axis, base={"run": str(run.path)})
    seed = run.experiment.model_copy(update={"seed": 1})
    other = train(run.profile, seed, tmp_path / "b")
    [two] = made(axis, base={"run": str(other.path)})
    [again] = made(axis, base={"run": str(Run.open(run.path).path)})
    assert one.key == again.key != two.key


def test_a_given_run_cannot_be_trained_otherwise(run):
    with pytest.raises(ProfileError, match="is trained already"):
        made({"path": "experiment.updates", "values": [5]}, base={"run": str(run.path)})


def test_a_sweep_survives_its_file():
    axes = [
        {"path": "profile.adc.bits", "values": [4, "ideal"]},
        {"random": {"points": 2, "axes": [{"path": "sampling.dt", "values": [0.1]}]}},
        {"name": "n", "cases": {"a": {"profile.mismatch.leak": 0.1}}},
    ]
    sweep = Sweep(name="t", base=BASE, axes=axes)
    assert parse_block(dump_block(sweep), Sweep, "s") == sweep


def test_the_sweep_in_the_manual_is_valid():
    text = re.search(r"```yaml\n(.*?)```", README, re.S).group(1)
    sweep = parse_block(text, Sweep, "README")
    alone = [expand(sweep.model_copy(update={"axes": (axis,)})) for axis in sweep.axes]
    assert [len(points) for points in alone] == [9, 24, 6, 60, 9]
    assert alone[-1][3].deploy.coupling.levels == 8
    assert alone[-1][6].sampling.age_s == 86400


def test_a_point_programs_one_chip(tiny, serial, monkeypatch):
    from neurosim.chip import Chip
    from neurosim.sweeps import work

    programmed, program = [], Chip.program

    def counted(self, weights):
        programmed.append(self)
        program(self, weights)

    folder, _ = tiny
    [point, *_] = expand(load_block(folder, Sweep), folder.parent)
    run = Run.open(next((serial.path / "trained").glob("*/profile.yaml")).parent)
    monkeypatch.setattr(Chip, "program", counted)
    assert point.deploy is not None
    work._measure(point, Trained.of(run))
    assert len(programmed) == 1


def test_a_key_depends_on_numbers_and_not_on_their_sources():
    """Nor on what may be left out where it says that there is no such thing."""
    plain = load_profile("cmos_rc_6bit")
    keys = []
    for changes in (
        {},
        {"coupling.source": {**plain.coupling.source, "levels": "measured: by somebody else"}},
        {"coupling.parasitic_F": 0.0},
        {"coupling.parasitic_F": "1 fF"},
    ):
        profile = plain.with_values(changes)
        keys.append(digest_of_json([Memory().written(profile).text]))
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_amplifiers_between_layers_are_in_a_key_where_there_are_some():
    plain = load_profile("ideal_resistive")
    texts = [
        Memory().written(plain.with_values(changes)).text
        for changes in ({}, {"node.law.gain": "none"}, {"node.law.gain": 2.0})
    ]
    assert texts[0] == texts[1] != texts[2]


def leaves(tree, path=""):
    """Paths of what is no mapping."""
    for name, value in tree.items():
        yield from leaves(value, f"{path}{name}.") if isinstance(value, dict) else [path + name]


def test_a_setting_that_is_new_and_at_its_default_is_in_no_key():
    """Points that were computed before it came are found again: name it in `unwritten`."""
    known = {
        "average", "batch", "calibrate", "clip.per", "clip.tile", "clip.value", "contrast",
        "dataset", "flow.alpha", "flow.beta", "flow.phases", "flow.settle_tau",
        "flow.stiffness", "gain",
        "labels", "learning.every", "learning.mode", "learning.most", "learning.pulses",
        "learning.threshold", "learning_rate", "momentum", "optimizer", "pairing", "sampling.dt",
        "sampling.mode", "sampling.t_end", "schedule", "seed", "times", "updates",
    }  # fmt: skip
    assert set(leaves(as_written(Experiment()))) == known
