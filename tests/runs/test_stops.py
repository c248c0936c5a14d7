"""Samples that stop on their way, or go on for too long, are found by their distance."""

import pytest

import neurosim as ns
from neurosim.analysis.counting import Count
from neurosim.metrics import FEWEST
from neurosim.runs.stops import stopped_flow

RECIPE = ns.Experiment(updates=1, batch=4, flow={"settle_tau": 3})
SMALL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 4))


@pytest.fixture(scope="module")
def trained():
    return ns.train(SMALL, RECIPE)


@pytest.mark.parametrize(
    ("t_end", "way"),
    [
        (0.89, "raise sampling.t_end from 0.89 to 1 or a little more"),
        (0.9, None),
        (1.5, None),
        (1.51, "lower sampling.t_end from 1.51 to 1.2 or so"),
    ],
)
def test_a_time_is_tried_that_is_early_or_late_and_no_other(trained, t_end, way, monkeypatch):
    """The distance falls by a third wherever samples stop elsewhere."""
    told = []
    monkeypatch.setattr(
        "neurosim.runs.stops._distance", lambda run, rows, t, count: 3.0 if t == t_end else 2.0
    )
    recipe = RECIPE.with_value("sampling.t_end", t_end)
    run = ns.Trained(trained.chip, recipe, weights=trained.asked_weights())
    found = stopped_flow(run, FEWEST, Count(lambda done, total: told.append((done, total))))
    if way is None:
        assert found == []
        assert not told
        return
    (finding,) = found
    assert finding.advice.startswith(way)
    assert finding.weight == pytest.approx(1 / 3)
    assert told[-1][0] == told[-1][1]
    few = stopped_flow(run, FEWEST - 1, Count(lambda done, total: None))
    assert few == []
    monkeypatch.setattr("neurosim.runs.stops._distance", lambda *_: 0.0)
    assert stopped_flow(run, FEWEST, Count(lambda done, total: None)) == []
