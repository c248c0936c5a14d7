"""A setting that kept a run from learning is found by learning anew with the usual one."""

import pytest

import neurosim as ns
from neurosim.analysis.counting import Count
from neurosim.runs.learned import learned
from neurosim.runs.unusual import SETTINGS, put_back

SMALL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 8))
GOOD = ns.Experiment(updates=40, batch=32, learning_rate=1e-2, flow={"settle_tau": 8})


def trained(**changes):
    return ns.train(SMALL, GOOD.with_values(changes))


def test_of_usual_settings_nothing_is_tried():
    """Nor of the memory of Adam where there is another optimizer."""
    told = []
    for changes in ({}, {"optimizer": "sgd", "momentum": (0.5, 0.5)}):
        usual = ns.train(SMALL, GOOD.with_values({"updates": 1, "batch": 4} | changes))
        assert put_back(usual, Count(lambda done, total: told.append(done))) == []
    assert not told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "path", "usual"),
    [
        ({"momentum": (0.999, 0.9)}, "momentum", "[0.9, 0.95]"),
        ({"clip": 1e-3, "optimizer": "sgd", "learning_rate": 0.5}, "clip", "1 in place of 0.001"),
        ({"gain": 30.0}, "gain", "0.5"),
    ],
    ids=["stale gradients", "clipped to nothing", "saturated at the start"],
)
def test_what_keeps_a_run_from_learning_is_put_back(changes, path, usual):
    found = {finding.cause: finding for finding in put_back(trained(**changes))}
    finding = found[SETTINGS[path]]
    assert finding.weight >= 0.1
    assert f"set {path} to {usual}" in finding.advice
    low, high = (float(x) for x in finding.bought.split(" from ")[2].split(" to ")[::-1])
    assert finding.weight == pytest.approx(1 - low / high, abs=0.02)


@pytest.mark.slow
def test_each_short_training_is_heard_of_and_a_cause_is_told_once():
    spoiled, told = trained(momentum=(0.9, 0.0)), []
    put_back(spoiled, Count(lambda done, total: told.append((done, total))))
    assert told == [(1, 2), (2, 2), (2, 2)]
    causes = [finding.cause for finding in learned(spoiled)]
    assert len(causes) == len(set(causes))
