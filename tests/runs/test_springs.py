"""A spring so soft that nodes leave where they are shown is named; a stiff one is not."""

import re

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import Conditions
from neurosim.analysis.effects import Effects
from neurosim.host import FlowSettings, present
from neurosim.network import Weights
from neurosim.runs.findings import SPRING
from neurosim.runs.springs import _velocities, soft_spring, spring_of
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
    assert found.bought.startswith("without hardware, and with the same weights, these velocities ")
    assert found.bought.endswith(f"% off at a stiffness of {stiffer:g}")
    assert soft_spring(effects(), ns.Experiment()) == []


LIMITED = {"spring.max_S": 5 * SMALL.node.leak_S}
COARSE = {"dac.bits": 7, "dac.range_V": 3.2 * SMALL.node.unit_V}


def advised(changes):
    """The advice on a chip whose spring has the leak's stiffness, and the springs that it names."""
    measured = effects(SMALL.with_values(changes), stiffness=1.0, beta=0.05)
    (found,) = soft_spring(measured, ns.Experiment())
    numbers = re.findall(r"([\d.]+), with a flow.beta of ([\d.e-]+)", found.advice)
    return found.advice, measured, [spring_of(measured, float(n)) for n, _ in numbers]


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, [(8, set())]),
        (LIMITED, [(4, set()), (8, {"spring.max_S"})]),
        (COARSE, [(2, set()), (8, {"dac.bits"})]),
        (COARSE | {"dac.bits": 4, "spring.max_S": 2e-5}, [(8, {"spring.max_S", "dac.bits"})]),
    ],
    ids=["as it is", "limited spring", "coarse DAC", "both"],
)
def test_the_chip_takes_the_springs_that_are_advised(changes, needed):
    advice, measured, springs = advised(changes)
    assert [(spring.stiffness, set(spring.changes)) for spring in springs] == needed
    for spring in springs:
        chip = ns.Chip(measured.conditions.profile.with_values(spring.changes))
        settings = FlowSettings(stiffness=spring.stiffness, beta=spring.beta, settle_tau=2)
        rows = measured.conditions.batches[0]
        assert present(chip, rows.x_t, rows.u_t, settings).rows_lost == 0
        bits = spring.changes.get("dac.bits")
        assert measured.dac_steps(spring.beta, spring.stiffness, bits) >= 0.5
        assert all(f"{path} to " in advice for path in spring.changes)
        assert f"{spring.stiffness:g}, with a flow.beta of {spring.beta:g}" in advice


def test_what_the_chip_needs_is_no_more_than_it_must():
    """A bit less, or a spring a tenth less stiff, would not do."""
    _, measured, (*_, spring) = advised(COARSE | LIMITED)
    bits, most_S = spring.changes["dac.bits"], spring.changes["spring.max_S"]
    assert measured.dac_steps(spring.beta, spring.stiffness, bits - 1) < 0.5
    nudge = spring.beta * (2 * spring.stiffness) ** 2
    leak_S = measured.conditions.profile.node.leak_S
    assert 1 <= most_S / ((spring.stiffness + nudge) * leak_S) < 1.1


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
