"""What a sweep will take, from a little of it."""

import csv
import json
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import neurosim as ns
from neurosim.cli import main
from neurosim.errors import DataError
from neurosim.sweeps import expand
from neurosim.sweeps.costs import costs_of
from neurosim.sweeps.estimate import _begin, _pairing_s, _Sampling, _Training, estimate
from tiny_sweeps import begin


def rows_of(folder):
    return list(csv.DictReader((folder.path / "results.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def found(tiny):
    file, sweep = tiny
    return estimate(expand(sweep, file.parent))


@pytest.mark.slow
def test_the_chips_costs_are_those_of_the_sweep_itself(tiny, serial, found):
    _, sweep = tiny
    rows = [
        {k: float(v) for k, v in row.items() if k.endswith(("_s", "_J"))} for row in rows_of(serial)
    ]
    assert (found.points, found.trainings, found.measured) == (4, 2, (2, 4))
    n = sweep.sampling.n
    assert found.sampling_time_s == pytest.approx(sum(n * row["sample_time_s"] for row in rows))
    energy_J = sum(n * row["sample_energy_J"] for row in rows)
    assert found.sampling_energy_J == pytest.approx(energy_J, rel=0.05)
    # Of four of six updates, with what is written before the first.
    for kind in ("time_s", "energy_J"):
        whole = rows[0][f"training_{kind}"] + rows[2][f"training_{kind}"]
        assert whole <= getattr(found, f"training_{kind}") * 1.05
        assert getattr(found, f"training_{kind}") <= 1.5 * whole


def test_no_number_of_workers_shortens_the_longest_training(found):
    assert found.wall_s(1) == found.work_s + found.page_s
    assert found.wall_s(1000) == found.longest_s + found.page_s < found.work_s + found.page_s
    assert found.wall_s(1, 1.5) == found.wall_s(1) + 1.5
    assert found.page_s > 0
    assert found.memory_B is None or 1e7 < found.memory_B <= found.page_memory_B


def test_little_of_many_points_is_computed(tiny):
    file, sweep = tiny
    axis = {"path": "experiment.learning_rate", "values": [k * 1e-3 for k in range(1, 41)]}
    plan = type(sweep)(**(sweep.model_dump() | {"axes": [axis, sweep.axes[1]]}))
    found = estimate(expand(plan, file.parent), within_s=0)
    assert (found.points, found.trainings, found.measured) == (80, 40, (1, 2))


def modes(sweep, *values):
    """The same sweep of a chip without a current sense over ways to draw."""
    sense = {"path": "profile.current_sense", "values": ["none"]}
    axes = [sense, {"path": "sampling.mode", "values": [*values]}]
    return type(sweep)(**(sweep.model_dump() | {"axes": axes}))


def test_a_point_that_would_fail_says_so_and_the_others_are_measured(tiny):
    file, sweep = tiny
    found = estimate(expand(modes(sweep, "gradient", "spring"), file.parent))
    assert list(found.failing) == [0]
    assert found.failing[0].startswith("Sampling in mode gradient needs")
    assert found.measured == (1, 1)


def test_where_all_that_are_tried_would_fail_there_is_no_estimate(tiny):
    file, sweep = tiny
    points = expand(modes(sweep, "gradient", "spring"), file.parent)[:1]
    with pytest.raises(DataError, match="Point 0 would fail: Sampling in mode gradient needs"):
        estimate(points)


@pytest.mark.slow
def test_a_shard_is_estimated_by_itself_and_one_without_points_refused(tiny):
    file, _ = tiny
    arguments = ["sweep", str(file), "--estimate", "--workers", "2", "--json", "--shard"]
    found = json.loads(CliRunner().invoke(main, [*arguments, "2/2"]).stdout)
    assert (found["trainings"], found["estimate"]["points"], found["estimate"]["workers"]) == (
        2,
        2,
        2,
    )
    assert "points" not in found
    refused = CliRunner().invoke(main, [*arguments, "5/5"])
    assert refused.exit_code == 2
    assert "must have points, but has none" in refused.stderr


@pytest.mark.slow
def test_the_command_says_it_in_three_lines(tiny):
    file, _ = tiny
    lines = CliRunner().invoke(main, ["sweep", str(file), "--estimate"]).stdout
    assert "tiny: 4 points, 2 trainings\nmeasured: " in lines
    lines = CliRunner().invoke(main, ["sweep", str(file), "--dry-run"]).stdout
    assert "tiny: 4 points, 2 trainings\n    0  " in lines
    assert "a few updates of 2 trainings and a few samples of 4 points\ncomputing: 00:" in lines
    assert "\nchips: training " in lines


@pytest.mark.slow
def test_the_processor_time_is_within_a_factor_of_two(tiny, tmp_path):
    file, sweep = tiny
    base = {"profile": "chip.yaml", "experiment": {"updates": 150, "batch": 64}}
    longer = type(sweep)(**(sweep.model_dump() | {"base": base}))
    found = estimate(expand(longer, file.parent))
    begun_s = time.process_time()
    begin((file, longer), tmp_path / "out")
    took_s = time.process_time() - begun_s
    assert found.work_s / 2 < took_s < 2 * found.work_s


def test_points_that_were_not_tried_take_by_what_they_settle(tiny, monkeypatch):
    """A time of its own of 0.3 s and 1 ms a unit of settling, of 20 lengths, of which three."""
    file, sweep = tiny
    taus = [float(tau) for tau in range(1, 41, 2)]
    axis = {"path": "sampling.settle_tau", "values": taus}
    plan = type(sweep)(**(sweep.model_dump() | {"axes": [axis]}))
    points = expand(plan, file.parent)

    def drawn(point, trained):
        return _Sampling(float(costs_of([point])[0] @ [0.3, 1e-3]), 1e8, 0.0, 0.0)

    monkeypatch.setattr("neurosim.sweeps.estimate._begin", lambda *_: (None, _Training(7.0, 0, 0)))
    monkeypatch.setattr("neurosim.sweeps.estimate._sample", drawn)
    monkeypatch.setattr("neurosim.sweeps.estimate.find_floors", lambda *_: None)
    found = estimate(points)
    assert found.measured == (1, 3)
    assert found.work_s == pytest.approx(7.0 + sum(drawn(point, None).takes_s for point in points))
    assert found.longest_s == pytest.approx(7.0 + drawn(points[-1], None).takes_s)


def test_pairs_of_later_epochs_are_counted(monkeypatch):
    trained = ns.train(ns.load_profile("ideal_hopfield"), ns.Experiment(updates=1, batch=8))
    times = iter([10.0, 10.5] * 2)
    monkeypatch.setattr("neurosim.sweeps.estimate.time.process_time", lambda: next(times))
    # 400 updates of 256 are 57 epochs of 1,797 images, the first of which was timed.
    recipe = ns.Experiment(updates=400, batch=256, pairing="epoch")
    assert _pairing_s(recipe, trained) == pytest.approx(56 * 0.5)
    assert _pairing_s(recipe.with_values({"pairing": "batch"}), trained) == 0
    assert _pairing_s(recipe.with_values({"updates": 3}), trained) == 0


class Updates:
    """A training whose updates take 1 s, and 5 with a contrastive stage, by a clock of its own."""

    def __init__(self):
        self.now_s = 0.0

    def train(self, _profile, recipe, *, progress, **_):
        for done in range(recipe.updates):
            stage = recipe.contrast
            self.now_s += 1.0 if stage is None or done < stage.begin * recipe.updates else 5.0
            progress(done + 1, recipe.updates)
        energy_J = {"time_s": self.now_s, "energy_J": 0.0}
        return SimpleNamespace(spent=lambda: energy_J, dataset=None)


@pytest.mark.parametrize("begin", [0.25, 0.5, 0.7])
def test_updates_with_a_contrastive_stage_are_priced_as_many_as_there_are(monkeypatch, begin):
    clock = Updates()
    monkeypatch.setattr("neurosim.sweeps.estimate.train", clock.train)
    monkeypatch.setattr("neurosim.sweeps.estimate.time.process_time", lambda: clock.now_s)
    recipe = ns.Experiment(updates=200, pairing="batch", contrast={"begin": begin})
    training = SimpleNamespace(profile=None, experiment=recipe, start=None)
    _, costs = _begin(SimpleNamespace(training=training), ())
    assert costs.takes_s == pytest.approx(200 * (begin + 5 * (1 - begin)))
