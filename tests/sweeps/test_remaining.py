"""The time that is left of a sweep whose points take times of a known law."""

import json

import pytest

from neurosim.sweeps import Sweep, SweepFolder
from neurosim.sweeps.plan import COSTS
from neurosim.sweeps.remaining import remaining_s

ROW_S, OWN_S, SETTLING_S = 0.01, 2.0, 1e-4
N = 50
FIGURES = dict.fromkeys(["w2", *COSTS], 1.0)


@pytest.fixture
def folder(tmp_path):
    plan = Sweep(
        name="t",
        base={"profile": "ideal_hopfield", "experiment": {"batch": 8}},
        sampling={"n": N, "mode": "spring", "dt": 0.1, "t_end": 1.0},
        axes=[
            {"path": "experiment.updates", "values": [10, 30]},
            {"path": "sampling.settle_tau", "values": [1.0, 4.0, 20.0]},
        ],
        measure=["w2"],
    )
    return SweepFolder.create(tmp_path / "sweep", plan)


def training_s(point):
    return ROW_S * 8 * point.settings["experiment.updates"]


def drawing_s(point):
    return OWN_S + SETTLING_S * N * 10 * point.settings["sampling.settle_tau"]


def done(folder, point, made_s, late_s=0.0):
    host = {"wall_s": made_s + drawing_s(point) + late_s, "training_s": made_s, "node": "here"}
    place = folder.path / "points" / f"{point.key}.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"key": point.key, "figures": FIGURES, "error": "", "host": host}))


def test_nothing_is_known_before_the_first_point(folder):
    assert remaining_s(folder, 1) is None


def test_trainings_go_by_their_rows_and_points_by_their_settling(folder):
    first, second, third, *others = folder.points
    # The first one loads the package: what it takes beside training is not like the others.
    done(folder, first, training_s(first), late_s=300.0)
    for point in (second, third):
        done(folder, point, 0.0)
    exact = sum(map(drawing_s, others)) + training_s(others[0])
    assert remaining_s(folder, 1) == pytest.approx(exact)
    assert remaining_s(folder, 2) == pytest.approx(exact / 2)


def test_a_training_that_is_done_is_not_counted_again(folder):
    first, other = folder.points[0], folder.points[3]
    for point in (first, other):
        done(folder, point, training_s(point))
    # Points of one length tell no slope: each is taken to be as long as these.
    assert remaining_s(folder, 1) == pytest.approx(4 * drawing_s(first))
    for point in folder.points:
        done(folder, point, 0.0)
        folder.forget(point.key)
    assert remaining_s(folder, 1) == pytest.approx(0.0)


def test_no_more_work_at_once_than_there_are_points_left(folder):
    *most, last = folder.points
    for point in most:
        done(folder, point, training_s(point) if point in (most[0], most[3]) else 0.0)
    assert remaining_s(folder, 8) == pytest.approx(drawing_s(last))


def test_failed_points_are_left_and_tell_nothing(folder):
    place = folder.path / "points" / f"{folder.points[0].key}.json"
    place.parent.mkdir(exist_ok=True)
    failed = {"key": folder.points[0].key, "figures": {}, "error": "no", "host": {"wall_s": 3.0}}
    place.write_text(json.dumps(failed))
    assert remaining_s(folder, 1) is None
