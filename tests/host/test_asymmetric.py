"""Couplings that differ by direction: what is measured of them, made up for, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asked import Asked, cosine, squared

from neurosim.analysis import Answering
from neurosim.circuit import Pairs
from neurosim.host import AsymmetricEP, GradEP
from neurosim.host.asymmetric import _Rounds
from neurosim.host.directions import _difference, one_way
from neurosim.solvers import Transient

APART = {"coupling.directions": "separate", "mismatch.coupling": 0.2}
FINE = Transient(rtol=1e-6, atol=1e-9)
LAWS = ["ideal_hopfield", "ideal_gradient"]


def apart(law="ideal_hopfield", place="last", rows=3, gain=0.5, **more):
    layers = (1, 2, 3) if place == "two hidden layers" else (1, 2)
    return Asked(place, law, rows, gain, changes=APART, layers=layers, engine=FINE, **more)


def cosines(asked, rounds):
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    rules = [GradEP(), *(AsymmetricEP(rounds=n, small=0.01) for n in rounds)]
    return [cosine(asked.learned(asked.measured(rule, 0.02)), exact) for rule in rules]


def differences(asked):
    """K - K^T of the devices of a chip, of the nodes with injectors."""
    circuit, layers = asked.chip.circuit, asked.chip.data_sheet.layers
    ways = np.zeros((circuit.n_nodes, circuit.n_nodes))
    ways[layers.odd, layers.even] = circuit.couplings.delta_S / circuit.leak_S[0]
    ways[layers.even, layers.odd] = circuit.back.delta_S.T / circuit.leak_S[0]
    nodes = layers.nodes_of(asked.chip.data_sheet.injector_layers)
    return (ways - ways.T)[np.ix_(nodes, nodes)]


def response(asked, row):
    """Outputs at rest by currents into the nodes with injectors, S, by the circuit's Jacobian."""
    answering, sheet = asked.answering(), asked.chip.data_sheet
    u_V, jacobian = answering._rest(answering.near_V[row], row)
    at = sheet.layers.nodes_of(sheet.injector_layers)
    circuit = answering.circuit
    weight = circuit.law.weights(circuit.amplifiers, u_V)[0]
    slope = circuit.metric(u_V) * weight
    return -slope[at, None] * np.linalg.inv(jacobian[np.ix_(at, at)]) * weight[at]


def measured(asked, small=0.01):
    return one_way(asked.chip, asked.flow(0.1), asked.batch.targets[0], asked.held, small)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_four_rounds_make_up_for_a_mismatch_of_a_fifth(law):
    plain, one, four = cosines(apart(law), (1, 4))
    assert plain < 0.98
    assert plain < one < four
    assert four > 0.9999


@pytest.mark.slow
def test_rounds_that_would_diverge_alone_converge_together():
    asked = apart("ideal_gradient", rows=4, gain=1.0)
    loop = response(asked, row=3) @ differences(asked)
    assert np.abs(np.linalg.eigvals(loop)).max() > 1.2
    plain, one, eight = cosines(asked, (1, 8))
    assert max(plain, one) < 0.98
    assert eight > 0.999


def test_the_exact_gradient_is_that_of_finite_differences_where_directions_differ():
    asked = apart("ideal_gradient", rows=2)
    answering = asked.answering()
    exact = answering.exact(asked.wanted, squared)
    layers, unit_S = asked.chip.data_sheet.layers, asked.chip.data_sheet.unit_S

    def cost(step, at):
        def moved(pairs):
            plus_S, minus_S = pairs.plus_S.copy(), pairs.minus_S.copy()
            (plus_S if step > 0 else minus_S)[at] += abs(step) * unit_S
            return Pairs(plus_S, minus_S)

        old = answering.circuit
        new = replace(old, couplings=moved(old.couplings), back_couplings=moved(old.back))
        there = Answering(new, answering.near_V, answering.springs, 1.0)
        rests = [there._rest(near_V, row)[0] for row, near_V in enumerate(there.near_V)]
        said = np.stack(rests)[:, layers.nodes(-1)] / new.reference_V
        return 0.5 * np.sum((said - asked.wanted) ** 2, axis=1).mean()

    rng = np.random.default_rng(1)
    for at in rng.permutation(np.argwhere(layers.present))[:6]:
        slope = (cost(1e-4, tuple(at)) - cost(-1e-4, tuple(at))) / 2e-4
        assert exact.coupling[tuple(at)] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("law", LAWS)
def test_what_is_measured_of_directions_is_what_the_die_has(law):
    asked = apart(law, "two hidden layers")
    wired = differences(asked)
    assert np.abs(wired).max() > 0.05
    np.testing.assert_allclose(measured(asked), wired, atol=5e-3)


COARSE = {"adc.bits": 8, "adc.visible_range_V": "400 mV", "adc.hidden_range_V": "130 mV"}
AMPLIFIED = {
    "readout": {
        "kind": "cds", "gain": 10.0, "gain_spread": "ideal", "noise_V": "ideal",
        "capacitance_F": "1 pF", "source": "assumed: a test",
    }
}  # fmt: skip


def test_difference_amplifiers_read_responses_finer_than_the_adc():
    errors = []
    for readout in ({}, AMPLIFIED):
        chips = {"layers": (1, 2), "rows": 2, "gain": 0.5, "engine": FINE}
        asked = Asked("last", changes=APART | COARSE | readout, **chips)
        errors.append(np.linalg.norm(measured(asked, 0.1) - differences(asked)))
    # Ten times finer, less what small currents leave of curvature.
    assert errors[1] < errors[0] / 4


@pytest.mark.slow
def test_at_eight_bits_plain_reads_spoil_the_remedy_and_difference_amplifiers_save_it():
    """Cosines to the exact gradient; the remedy stands on responses that the ADC must resolve."""
    found = []
    for readout in ({}, AMPLIFIED):
        chips = {"layers": (1, 2), "rows": 16, "gain": 0.5, "engine": FINE}
        asked = Asked("last", changes=APART | COARSE | readout, **chips)
        exact = asked.learned(asked.answering().exact(asked.wanted, squared))
        rules = GradEP(), AsymmetricEP(rounds=4)
        found.append([cosine(asked.learned(asked.measured(rule, 0.1)), exact) for rule in rules])
    (without, plain), (_, amplified) = found
    assert plain < without < 0.98
    assert amplified > 0.999


def test_fits_of_rows_and_columns_average_the_noise_of_readings():
    rng = np.random.default_rng(0)
    coupled = np.zeros((30, 30), dtype=bool)
    coupled[:20, 20:] = coupled[20:, :20] = True
    ways = np.where(coupled, 0.2 * rng.standard_normal((30, 30)), 0.0)
    read = np.linalg.inv(2 * np.eye(30) - ways) + 1e-3 * rng.standard_normal((30, 30))
    inverse, exact = np.linalg.inv(read), ways - ways.T
    plain = np.where(coupled, inverse.T - inverse, 0.0)
    assert np.linalg.norm(_difference(read, coupled) - exact) < 0.95 * np.linalg.norm(plain - exact)


def test_what_is_read_between_nodes_that_are_not_coupled_counts_for_nothing():
    asked = apart(place="two hidden layers")
    found = measured(asked)
    assert not found[:16, :16].any()
    assert not found[:16, 28:].any()
    assert found[:16, 16:28].all()


def test_a_reciprocal_chip_needs_no_currents():
    asked = Asked("last", layers=(1, 2), engine=FINE)
    assert np.abs(measured(asked)).max() < 2e-3


def test_nominal_conductances_say_nothing_of_directions():
    asked = apart()
    target_S, _ = asked.chip.programmed_S()
    forward, _, back = asked.chip.die.devices.split(target_S)
    np.testing.assert_array_equal(forward.plus_S, back.plus_S)
    np.testing.assert_array_equal(forward.minus_S, back.minus_S)


def test_measuring_directions_takes_two_settles_of_two_rows_a_node_and_one_read():
    asked = apart()
    before = asked.chip.ledger.copy()
    measured(asked)
    spent, sheet = asked.chip.ledger.since(before), asked.chip.data_sheet
    rows = 2 * sheet.n_injectors
    assert spent["settles"] == 2
    assert spent["settle_time_s"] == pytest.approx(2 * rows * asked.flow(0.1).settle_s)
    assert spent["adc_conversions"] == rows * sheet.layers.n_nodes
    assert spent["dac_conversions"] == rows * 2 * sheet.n_sources
    assert spent["injector_conversions"] == rows * sheet.n_injectors
    assert spent["energy_J"] > 0


def test_mixed_rounds_solve_a_linear_system_in_as_many_as_it_has_nodes():
    rng = np.random.default_rng(0)
    loop, begin = 1.5 * rng.standard_normal((2, 5, 5)), rng.standard_normal((2, 5))
    fixed = np.linalg.solve(np.eye(5) - loop, begin[..., None])[..., 0]
    assert np.abs(np.linalg.eigvals(loop)).max() > 1
    rounds, used = _Rounds(), np.zeros((2, 5))
    for _ in range(6):
        used = rounds.next(used, begin + np.einsum("rij,rj->ri", loop, used))
    np.testing.assert_allclose(used, fixed, rtol=1e-6)


def test_a_nudge_of_the_other_sign_goes_on_with_what_the_first_has_tried():
    rng, found = np.random.default_rng(1), []
    loop, begin = 1.5 * rng.standard_normal((1, 5, 5)), rng.standard_normal((1, 5))
    fixed = np.linalg.solve(np.eye(5) - loop, begin[..., None])[..., 0]
    for goes_on in (True, False):
        rounds, used = _Rounds(), np.zeros((1, 5))
        for sign in (1, -1):
            if sign < 0:
                rounds, used = rounds.mirrored() if goes_on else _Rounds(), -used
            for _ in range(3):
                used = rounds.next(used, sign * begin + np.einsum("rij,rj->ri", loop, used))
        found.append(np.abs(used + fixed).max())
    assert found[0] < 1e-6
    assert found[1] > 1e-2
