"""A study of settling keeps to its time by a clock that its points move."""

import json

import pytest

from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.sweeps import SweepFolder, run_sweep
from neurosim.sweeps.budget import Within
from neurosim.sweeps.costs import costs_of
from neurosim.sweeps.plan import COSTS
from neurosim.sweeps.settling import plan_of, recipe_of

POINT_S, TRAINING_S = 2.0, 30.0
FIGURES = dict.fromkeys(["w2", "nn_two_sample", "precision", "coverage", *COSTS], 1.0)
# Of two seeds: 4 + 4 lengths of the chip alone and stepped, 3 + 2 others, 5 without noise.
CORE, ALL = 2 * 8, 2 * 18


class Clock:
    """Moved by the points that are done, each of which takes some seconds."""

    def __init__(self, study, slower, per_tau_s):
        self.now_s, self.done, self._study, self._slower = 1000.0, [], study, slower
        self._per_tau_s = per_tau_s

    def __call__(self):
        return self.now_s

    def finished(self, tasks, workers):
        for task in tasks:
            point = task.point
            made_s = 0.0 if self.is_trained(point) else TRAINING_S
            took_s = POINT_S * (self._slower if len(self.done) > CORE else 1.0)
            took_s += self._per_tau_s * float(costs_of([point])[0, 1])
            self.now_s += made_s + took_s
            host = {"wall_s": made_s + took_s, "training_s": made_s, "node": "here"}
            length = float(str(point.settings["drawn"]).removesuffix(" tau").split()[-1])
            found = FIGURES | {"sample_tau": length, "w2": 1 + 40 / length**2}
            result = {"key": point.key, "figures": found, "error": "", "host": host}
            place = self._study.path / "points" / f"{point.key}.json"
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps(result))
            self.done.append(point)
            yield point.key

    def is_trained(self, point):
        return any(point.training.key == other.training.key for other in self.done)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A study of two seeds after so many seconds of budget, on points that get slower."""

    def study(seconds, slower=1.0, per_tau_s=0.0, seeds=2):
        profile = load_profile("cmos_rc_6bit").with_value("layers", (2, 6, 5))
        recipe = recipe_of(60, Experiment(dataset="moons"))
        plan = plan_of(profile, "cmos_rc_6bit", recipe, 200, seeds, "w2", changed=True)
        folder = SweepFolder.create(tmp_path / f"{seconds}-{slower}-{seeds}", plan)
        clock = Clock(folder, slower, per_tau_s)
        monkeypatch.setattr("neurosim.sweeps.folder.finished", clock.finished)
        within = Within(folder, seconds, clock)
        run_sweep(folder, rank=within.rank, is_over=within.is_over)
        return folder, clock, within

    return study


def labels(points):
    return [str(point.settings["drawn"]) for point in points]


def test_all_is_done_where_there_is_time(kept):
    folder, clock, _ = kept(3600.0)
    assert len(clock.done) == len(folder.points) == ALL
    assert not folder.left()


@pytest.mark.parametrize("slower", [1.0, 2.0, 4.0])
def test_no_point_starts_that_would_end_too_late_however_slow_they_get(kept, slower):
    """Time for the trainings, for every second length and for ten points more."""
    seconds = 2 * TRAINING_S + POINT_S * (CORE + 10) + 1.0
    folder, clock, within = kept(seconds, slower)
    assert clock.now_s - 1000.0 <= seconds + slower * POINT_S
    assert CORE + 10 / slower - 1 <= len(clock.done) <= CORE + 10
    assert len(folder.left()) == ALL - len(clock.done)
    assert within.left_s < slower * POINT_S


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_long_point_does_not_start_where_a_short_one_would_have_ended_in_time(kept, share):
    """Points take as long as they settle; the trainings and every second length leave little."""
    _, every, _ = kept(1e9, per_tau_s=1e-3)
    core_s, all_s = (
        sum(POINT_S + 1e-3 * float(costs_of([point])[0, 1]) for point in every.done[:n])
        for n in (CORE, ALL)
    )
    seconds = 2 * TRAINING_S + core_s + share * (all_s - core_s)
    folder, clock, _ = kept(seconds, per_tau_s=1e-3)
    assert CORE < len(clock.done) < ALL
    assert clock.now_s - 1000.0 <= seconds
    following = min(folder.left(), key=every.done.index)
    next_s = POINT_S + 1e-3 * float(costs_of([following])[0, 1])
    assert clock.now_s - 1000.0 + next_s > seconds


def test_without_time_the_lengths_are_done_that_an_answer_needs(kept):
    folder, clock, _ = kept(1.0)
    assert len(clock.done) == CORE
    alone = [label for label in labels(clock.done) if label.startswith("alone")]
    assert {f"alone, C_x/C_h {ratio}" for ratio in (1, 6, 18, 100)} == set(alone)
    assert not any(label.startswith("noiseless") for label in labels(clock.done))
    # What was left out is done when it is gone on with.
    run_sweep(folder)
    assert len(clock.done) == ALL
    assert not folder.left()


def test_the_chip_without_noise_comes_last(kept):
    _, clock, _ = kept(3600.0)
    quiet = [label.startswith("noiseless") for label in labels(clock.done)]
    assert sum(quiet) == 10
    assert all(quiet[-10:])


def test_the_chip_without_noise_is_of_half_of_the_seeds_first(kept):
    _, clock, within = kept(3600.0, seeds=6)
    quiet = [point for point in clock.done if str(point.settings["drawn"]).startswith("noiseless")]
    assert [point.settings["replica"] >= 3 for point in quiet] == [False] * 15 + [True] * 15
    # Every second length before those between, of either half.
    ranks = [within.rank(point) for point in quiet]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 4


def test_lengths_beside_the_knee_come_before_the_others(kept):
    """Distances are 1 + 40 / length^2, within a fifth of their best at 14 alone and 13 stepped."""
    _, clock, _ = kept(3600.0)
    beside, others = clock.done[CORE : CORE + 4], clock.done[CORE + 4 : CORE + 10]
    assert set(labels(beside)) == {"alone, C_x/C_h 10", "stepped, 10 tau"}
    assert set(labels(others)) == {"alone, C_x/C_h 3", "alone, C_x/C_h 30", "stepped, 3 tau"}


def test_points_that_failed_say_nothing_of_how_long_others_take(kept):
    """A training that fails costs its point as long as it took."""
    folder, clock, _ = kept(1.0)
    for point in clock.done[:5]:
        place = folder.path / "points" / f"{point.key}.json"
        host = {"wall_s": 1e4, "training_s": 0.0, "node": "here"}
        failed = {"key": point.key, "figures": {}, "error": "It failed.", "host": host}
        place.write_text(json.dumps(failed))
        folder.forget(point.key)
    left = [point for point in folder.left() if point not in clock.done]
    again = Within(folder, 3 * POINT_S, clock)
    assert not again.is_over([point for point in left if again.rank(point) == 1])
