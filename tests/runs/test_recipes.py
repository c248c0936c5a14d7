"""A recipe that was spoiled is found by going on with others from the weights that it left."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis.counting import Count
from neurosim.runs.recipes import BATCH, MOMENTUM, RATE, _Trials, tried

SMALL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 8))
GOOD = ns.Experiment(updates=40, batch=32, learning_rate=1e-2, flow={"settle_tau": 8})


def trained(**changes):
    return ns.train(SMALL, GOOD.with_values(changes))


@pytest.mark.slow
def test_of_a_recipe_that_does_nothing_is_said():
    assert tried(trained()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "cause", "way"),
    [
        ({"learning_rate": 1e-5}, RATE, "raise learning_rate from 1e-05 towards"),
        ({"learning_rate": 0.5}, RATE, "lower learning_rate from 0.5 towards"),
        ({"batch": 1, "learning_rate": 0.03}, BATCH, "raise batch from 1 towards 64"),
        ({"momentum": (0.9, 0.0)}, MOMENTUM, "set momentum to [0.9, 0.95] in place of [0.9, 0.0]"),
    ],
    ids=["too slow", "too fast", "one row at a time", "forgetful"],
)
def test_a_spoiled_recipe_is_found_with_what_another_buys(changes, cause, way):
    spoiled = trained(**changes)
    found = {finding.cause: finding for finding in tried(spoiled)}
    assert cause in found
    assert found[cause].advice.startswith(way)
    assert found[cause].weight >= 0.1
    assert "after 12 updates more it is" in found[cause].measured


@pytest.mark.slow
def test_what_it_buys_is_what_the_trial_measured():
    trials = _Trials(trained(learning_rate=1e-5))
    found = trials.rate()
    assert found is not None
    low = min(trials.as_now, trials._still)
    best = float(found.advice.split("towards ")[1].split(",")[0])
    least = trials.loss({"learning_rate": best})
    assert found.weight == pytest.approx(1 - least / low)
    assert found.bought.endswith(f"from {trials.as_now:.3g} to {least:.3g} with {best:.3g}")


@pytest.mark.slow
def test_a_trial_leaves_the_run_as_it_was_and_finds_the_same_again():
    spoiled = trained(learning_rate=1e-5)
    before = spoiled.fresh().state()["ledger"]
    assert tried(spoiled) == tried(spoiled)
    assert spoiled.fresh().state()["ledger"] == before


@pytest.mark.slow
def test_devices_that_hold_the_only_copy_and_answers_are_tried_too():
    answers = ns.Experiment.suited("classify").with_values({"updates": 20, "learning_rate": 1e-6})
    profile = SMALL.with_values({"layers": (64, 8, 10), "sources": (0, -1)})
    assert RATE in {finding.cause for finding in tried(ns.train(profile, answers))}
    cell = ns.load_profile("cap_cell_14nm").with_values(
        {"layers": (64, 6), "thermal.temperature_K": "ideal"}
    )
    recipe = ns.Experiment(updates=2, batch=16, learning={"mode": "in_memory"}, flow=GOOD.flow)
    assert np.isfinite(_Trials(ns.train(cell, recipe)).as_now)


def test_a_contrastive_stage_is_left_alone():
    assert tried(trained(contrast=ns.Contrast(), updates=2, batch=4)) == []


@pytest.mark.slow
def test_each_trial_is_heard_of_and_the_count_ends_full():
    told = []
    count = Count(lambda done, total: told.append((done, total)))
    count.expect(3)
    for _ in range(3):
        count.step()
    tried(trained(learning_rate=1e-5), count)
    done = [k for k, _ in told]
    assert done[:-1] == list(range(1, len(told)))
    assert all(k <= total for k, total in told)
    # As before, ten, a hundred and a thousand times the rate, or more.
    assert done[-1] >= 3 + 4
    assert told[-1] == (done[-2], done[-2])
