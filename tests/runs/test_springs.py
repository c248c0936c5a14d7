"""A spring so soft that nodes leave where they are shown is named; a stiff one is not."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import Conditions
from neurosim.analysis.effects import Effects
from neurosim.host import FlowSettings
from neurosim.network import Weights
from neurosim.runs.springs import SPRING, _velocities, soft_spring
from neurosim.solvers import OperatingPoint

SMALL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 8))
WEIGHTS = Weights(*(0.15 * np.random.default_rng(0).standard_normal(n) for n in ((8, 64), 72)))


def effects(profile=SMALL, **flow):
    return Effects(
        Conditions(profile, WEIGHTS, FlowSettings(**flow), batch=12, repeats=1, die=0),
        lambda profile, engine: np.ones((2, 64)),
    )


def test_a_soft_spring_is_found_with_one_that_is_stiff_enough():
    (found,) = soft_spring(effects(stiffness=0.5, beta=0.1), ns.Experiment())
    assert found.cause == SPRING
    assert "on a spring of 0.5: the velocities that are learned are" in found.measured
    stiffer = float(found.advice.split(" to ")[1].split(",")[0])
    assert soft_spring(effects(stiffness=stiffer, beta=1e-3), ns.Experiment()) == []
    # k over lambda, beta alpha^2 lambda, stays.
    beta = float(found.advice.split("beta of ")[1].split(",")[0])
    assert beta * stiffer == pytest.approx(0.1 * 0.5, rel=0.05)
    assert soft_spring(effects(), ns.Experiment()) == []


def test_where_the_spring_itself_draws_or_nothing_flows_there_is_none():
    soft = effects(stiffness=0.5, beta=0.1)
    by_spring = ns.Experiment(sampling={"mode": "spring"})
    assert soft_spring(soft, by_spring) == []
    assert soft_spring(soft, ns.Experiment.suited("classify")) == []


def test_velocities_of_held_nodes_are_those_that_a_released_node_starts_with():
    """Of one layer of visible nodes alone v is alpha (sum of pulls) at x_t, whatever the spring."""
    got = effects(stiffness=5.0, beta=1e-3)
    velocity, x = _velocities(got)(5e4), got.conditions.batches[0].x_t
    chip = ns.Chip(SMALL.with_value("spring.max_S", "ideal"), engine=OperatingPoint())
    chip.program(got.conditions.weights)
    sheet = chip.data_sheet
    chip.precharge(x * sheet.unit_V)
    chip.clamp(x * sheet.unit_V)
    chip.settle(100 * sheet.tau_s)
    into_A = chip.circuit.current_A(chip.u_V)[:, :64]
    exact = 2 * into_A / (sheet.unit_S * sheet.unit_V)
    np.testing.assert_allclose(velocity, exact, atol=2e-3 * np.abs(exact).max())


@pytest.mark.slow
def test_a_run_on_a_soft_spring_is_told_so_first():
    recipe = ns.Experiment(updates=40, batch=32, learning_rate=1e-2)
    soft = recipe.with_values({"flow.stiffness": 0.5, "flow.beta": 0.1})
    assert SPRING in ns.explain(ns.train(SMALL, soft), rows=16).places()[:2]
    assert SPRING not in ns.explain(ns.train(SMALL, recipe), rows=16).places()
