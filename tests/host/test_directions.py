"""Oscillators whose interaction is not odd: currents that a host sets, and the exact gradient."""

from __future__ import annotations

import numpy as np
import pytest
from asked import Asked, cosine, squared

import neurosim as ns
from neurosim.circuit import Interaction, Oscillator
from neurosim.converters import Injectors
from neurosim.errors import DataError
from neurosim.host import AsymmetricEP, GradEP, Trainer, decide
from neurosim.host.directions import directions_of
from neurosim.network import Layers, Weights
from neurosim.solvers import Transient

FINE = Transient(rtol=1e-6, atol=1e-9, precision="float64")
SIZES = (64, 12, 10)
SIZED = Layers(SIZES)


def turned(angle, rows=2, **changes):
    base = {"node.law": Oscillator(angle_rad=angle), "layers": SIZES}
    return Asked(
        "last", "ideal_oscillator", rows, 0.3, changes=base | changes, layers=(1, 2), engine=FINE
    )


def cosines(asked, *rules, beta=0.02):
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    return [cosine(asked.learned(asked.measured(rule, beta)), exact) for rule in rules]


@pytest.mark.every(2)
@pytest.mark.parametrize("angle", [0.1, 0.3])
def test_three_rounds_of_currents_make_the_gradient_exact(angle):
    plain, three = cosines(turned(angle), GradEP(), AsymmetricEP(rounds=3))
    assert plain < 0.985
    assert three > 0.9999


@pytest.mark.slow
@pytest.mark.parametrize("angle", [0.0, 0.05, 0.1, 0.2, 0.3])
def test_it_is_exact_at_every_angle_and_the_more_rounds_the_nearer(angle):
    one, three, six = cosines(turned(angle, 3), *(AsymmetricEP(rounds=n) for n in (1, 3, 6)))
    assert min(three, six) > 0.9999
    assert one > 0.999


@pytest.mark.slow
def test_what_still_moves_after_the_free_phase_sets_no_currents_where_it_is_watched():
    """Phases that are read after 8 units: a remedy that answers their drift is worse than none."""
    asked = turned(0.3, 6)
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    flow = asked.flow(0.02).model_copy(update={"settle_tau": 8.0})
    flow = flow.model_copy(update={"settle_s": 8.0 * asked.chip.data_sheet.tau_s})
    found, spent = [], []
    for rule in (GradEP(), AsymmetricEP(rounds=3), AsymmetricEP(rounds=3, drift=True)):
        before = asked.chip.ledger.copy()
        got = rule.estimate(asked.chip, asked.batch, flow, asked.held, None).gradient
        found.append(cosine(asked.learned(got), exact))
        spent.append(asked.chip.ledger.since(before)["settles"])
    assert found[2] > max(found[:2]) + 0.02
    assert spent == [3, 9, 12]


@pytest.mark.slow
def test_it_is_exact_of_several_harmonics_too():
    """A tenth of second harmonic and of third, and a first one that is 0.2 rad off quadrature."""
    table = Interaction(
        waveform=((1.0, 0.0), (0.1, 0.4), (0.2, -0.3)),
        response=((1.0, np.pi / 2 + 0.2), (1.0, 1.0), (0.5, 2.0)),
    )
    asked = turned(0.0, 2, **{"node.law": Oscillator(interaction=table)})
    plain, six = cosines(asked, GradEP(), AsymmetricEP(rounds=6))
    assert plain < 0.98
    assert six > 0.9999


@pytest.mark.slow
def test_the_gradient_is_that_of_the_cost_settled_anew():
    """Differences of 1 - cos(d + a) - y sin(d + a), of which an injected nudge is the slope."""
    angle, asked = 0.3, turned(0.3, 2)
    got = asked.measured(AsymmetricEP(rounds=4), 0.01)

    def cost(weights):
        asked.chip.program(weights)
        asked.answering()
        away = asked.chip.u_V[:, SIZED.nodes(-1)] / asked.chip.data_sheet.unit_V + angle
        return np.mean(np.sum(1 - np.cos(away) - asked.wanted * np.sin(away), axis=1))

    rng, found, vector = np.random.default_rng(2), [], asked.weights.vector
    places = rng.choice(got.coupling.size, 8, replace=False)
    for place in places:
        ends = []
        for step in (1e-3, -1e-3):
            moved = vector.copy()
            moved[place] += step
            ends.append(cost(Weights.of_vector(moved, got.coupling.shape)))
        found.append((ends[0] - ends[1]) / 2e-3)
    # Squares of the nudge and of the step.
    np.testing.assert_allclose(got.vector[places], found, atol=2e-3 * np.abs(found).max())


@pytest.mark.slow
def test_rounds_that_grow_by_themselves_converge_together():
    """Strong weights: the last reading alone would multiply an error by more than 1 a round."""
    asked = turned(0.5, 2)
    asked.chip.program(2.0 * asked.weights)
    answering = asked.answering()
    free = asked.chip.data_sheet.layers.nodes_of((1, 2))
    grows = 0.0
    for row, near_V in enumerate(answering.near_V):
        _, jacobian = answering._rest(near_V, row)
        inner = jacobian[np.ix_(free, free)]
        loop = np.linalg.solve(inner, inner - inner.T)
        grows = max(grows, np.abs(np.linalg.eigvals(loop)).max())
    assert grows > 1
    one, eight = cosines(asked, AsymmetricEP(rounds=1), AsymmetricEP(rounds=8), beta=0.01)
    assert one < 0.99
    assert eight > 0.999


def test_currents_are_those_of_the_jacobian_at_rest():
    """-(J - J^T) (u - u*) by the circuit's own derivative, in units of K."""
    asked = turned(0.2)
    asked.answering()
    chip, sheet = asked.chip, asked.chip.data_sheet
    rest = chip.read() / sheet.unit_V
    directions = directions_of(chip, asked.flow(0.1), asked.batch.targets, asked.held, 0.1)
    chip._nodes.u_V = chip.u_V + 1e-3 * np.random.default_rng(0).standard_normal(chip.u_V.shape)
    away = chip.u_V / sheet.unit_V - rest
    away[:, :64] = 0.0  # inputs, which are held
    asked_for = directions.asked(rest, directions.now(rest))
    n = chip.circuit.n_nodes
    nodes = sheet.layers.nodes_of((1, 2))
    for row in range(2):
        at_V = np.repeat(rest[row][None] * sheet.unit_V, n, axis=0)
        transposed = chip.circuit.jacobian_vector_A(at_V, np.eye(n)) / sheet.unit_S
        exact = -(transposed.T - transposed) @ away[row]
        np.testing.assert_allclose(asked_for[row], exact[nodes], atol=1e-9)


def test_the_velocity_is_what_a_spring_delivers_at_any_angle():
    asked = turned(0.3)
    velocity = decide(asked.chip, asked.batch.targets, asked.flow(0.1), None, asked.held)
    system, sheet = asked.chip.system(), asked.chip.data_sheet
    given_A = system.circuit.source_current_A(asked.chip.u_V, system.springs)
    pulled = -given_A[:, 64:] / (sheet.unit_S * sheet.unit_V)
    np.testing.assert_allclose(velocity[:, 64:], pulled, atol=1e-9)


def test_the_ledger_counts_each_round():
    asked, counts = turned(0.2), []
    for rounds in (1, 3):
        before = asked.chip.ledger.copy()
        asked.measured(AsymmetricEP(rounds=rounds), 0.02)
        counts.append(asked.chip.ledger.since(before))
    one, three = counts
    flow, rows, injectors = asked.flow(0.02), 2, 22
    # Two nudged phases, each a settle, a reading and a setting a round longer.
    assert three["settles"] - one["settles"] == 4
    assert three["settle_time_s"] - one["settle_time_s"] == pytest.approx(4 * rows * flow.settle_s)
    assert three["adc_conversions"] - one["adc_conversions"] == 4 * rows * sum(SIZES)
    assert three["injector_conversions"] - one["injector_conversions"] == 4 * rows * injectors


def test_settings_of_currents_cost_what_the_supply_says():
    board = ns.load_profile("oim_lc_board").with_values(
        {
            "layers": (4, 5, 2), "sources": (0, -1), "node.law.angle_rad": 0.2,
            "injectors": Injectors(layers=(1, -1), bits=10, range_Hz=5e3),
        }
    )  # fmt: skip
    chip = ns.Chip(board)
    chip.precharge(np.zeros((3, 4)))
    before = chip.ledger.copy()
    chip.inject(np.zeros((3, 7)))
    spent = chip.ledger.since(before)
    assert spent["dac_J"] == pytest.approx(21 * board.supply.setting_J(10))
    assert spent["drive_time_s"] == pytest.approx(3 * board.supply.drive_s)
    assert spent["dac_J"] > 0


def test_an_odd_interaction_needs_no_currents_and_no_injectors():
    asked = turned(0.0)
    asked.chip.inject = None  # nothing is injected, or this raises
    got = asked.measured(AsymmetricEP(), 0.02)
    want = asked.measured(GradEP(), 0.02)
    assert cosine(got.vector, want.vector) > 0.99999


def test_devices_of_their_own_either_way_are_refused_where_nothing_else_is_made_up_for():
    """An odd interaction is left as it is, and so would be what the rule was chosen for."""
    changes = {"coupling.directions": "separate", "mismatch.coupling": 0.2}
    asked = turned(0.0, **changes)
    with pytest.raises(DataError, match=r"two devices a coupling are not made up for; take") as e:
        asked.measured(AsymmetricEP(), 0.02)
    assert "\n" not in str(e.value)
    asked.measured(GradEP(), 0.02)


def test_oscillators_without_injectors_are_named():
    chip = ns.Chip(
        ns.load_profile("ideal_oscillator").with_values(
            {
                "layers": SIZES, "sources": (0, -1), "node.law.angle_rad": 0.1,
                "injectors": Injectors(layers=(-1,)),
            }
        )
    )  # fmt: skip
    how = ns.Experiment.suited("classify").with_values({"rule": "asymmetric", "updates": 1})
    with pytest.raises(DataError, match=r"those of layer 1 have no injectors; .* layers: \[1, 2\]"):
        next(iter(Trainer(chip, how, ns.data.load_dataset("digits"))))


def test_weights_that_pulses_have_changed_are_known_to_nobody():
    asked = turned(0.1)
    asked.chip.ledger.pulses = 1
    with pytest.raises(DataError, match=r"pulses have changed .*; take learning.mode shadow"):
        asked.measured(AsymmetricEP(), 0.02)


def test_graded_oscillators_are_refused():
    asked = turned(0.1)
    profile = ns.load_profile("ideal_oscillator_flow").with_value("layers", SIZES)
    x_t = np.zeros((2, SIZES[0]))
    with pytest.raises(DataError, match=r"rule asymmetric must know what .* graded .*; take the"):
        directions_of(ns.Chip(profile), asked.flow(0.02), x_t, None, 0.1)


def test_amplifiers_between_layers_are_refused():
    changes = {"node.law.gain": 4, "layers": (4, 6, 6, 2)}
    profile = ns.load_profile("ideal_resistive").with_values(changes)
    flow = turned(0.1).flow(0.02)
    with pytest.raises(DataError, match=r"asymmetric needs injectors .* alone; take the rule"):
        directions_of(ns.Chip(profile), flow, np.zeros((2, 4)), None, 0.1)


def test_what_a_chip_was_told_is_what_it_rounds_to():
    chip = ns.Chip("cmos_rc_6bit")
    layers = chip.data_sheet.layers
    weights = ns.host.initial_weights(layers, 0.5, np.random.default_rng(0))
    chip.program(weights)
    told, step = chip.told_weights(), 2 * chip.data_sheet.full_scale / (2**6 - 2)
    assert np.abs(told.vector - weights.vector).max() <= step
    assert np.abs(told.vector - weights.vector).max() > 0
    chip.refresh()
    np.testing.assert_array_equal(chip.told_weights().vector, told.vector)
