"""Networks of resistors and diodes: closed forms, rest, noise, heat, gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from resistors import POINTS, SHOCKLEY, TAU_S, kirchhoff_A, random_network, rest_of
from scipy.constants import Boltzmann
from scipy.special import wrightomega

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from law_properties import ROWS, check_law, check_reading
from neurosim.circuit import (
    Circuit,
    DrivenCircuit,
    IdealDiode,
    Linear,
    Pairs,
    Resistive,
    Shunts,
    Springs,
)
from neurosim.circuit.diodes import wright_omega
from neurosim.circuit.power import dissipation_W
from neurosim.circuit.rate import Rate
from neurosim.network import Layers
from neurosim.solvers import Transient, settle


@pytest.fixture
def make_resistive(make_circuit):
    """As `make_circuit`, with diodes of the hidden layers."""

    def make(diode=None, **options):
        law = Resistive(diode=diode)
        circuit = make_circuit(law, Linear(UNIT_V), **{"loading": 1} | options)
        return replace(
            circuit, shunts=law.shunts(circuit.layers, np.arange(circuit.layers.n_visible))
        )

    return make


@pytest.mark.parametrize("diode", [None, SHOCKLEY, POINTS], ids=["none", "shockley", "points"])
@pytest.mark.parametrize("loading", [0.3, 1])
def test_the_law_has_every_property(make_resistive, make_springs, diode, loading):
    circuit = make_resistive(diode, loading=loading, mismatch=0.1)
    check_law(circuit, make_springs(circuit, ROWS))


def divider(diode, side):
    """A source behind 1 / K at node 0, a coupling to node 1, which has a leak and a diode."""
    zero = Pairs(np.zeros(2), np.zeros(2))
    wire = Pairs(np.array([[3 * LEAK_S]]), np.zeros((1, 1)))
    circuit = Circuit(
        layers=Layers((1, 1)), law=Resistive(diode=diode), visible=Linear(UNIT_V),
        hidden=Linear(UNIT_V), capacitance_F=np.full(2, CAPACITANCE_F), leak_S=np.full(2, LEAK_S),
        couplings=wire, biases=zero, reference_V=UNIT_V, loading=1.0,
        shunts=Shunts(diode, np.array([0.0, side])),
    )  # fmt: skip
    source_V = np.array([[-2.0], [-0.3], [0.3], [2.0]])
    return circuit, Springs(np.array([np.inf]), source_V)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_divider_with_a_diode_stands_where_its_closed_form_says(side):
    for diode in (SHOCKLEY, IdealDiode()):
        circuit, springs = divider(diode, side)
        got_V = rest_of(circuit, springs).u_V[:, 1]
        open_V, behind_S = springs.target_V[:, 0] * 3 / 4, 4 * LEAK_S
        if isinstance(diode, IdealDiode):
            expected_V = np.minimum(side * open_V, 0) * side
        else:
            # I (R + 1 / G) = n V_T omega(...) - I_s (R + 1 / G), SciPy's own function.
            ohm, v_t = 1e4 + 1 / behind_S, 0.049
            drop_V = 4e-9 * ohm
            omega = wrightomega(np.log(drop_V / v_t) + (side * open_V + drop_V) / v_t)
            expected_V = open_V - side * (v_t / ohm * omega.real - 4e-9) / behind_S
        np.testing.assert_allclose(got_V, expected_V, rtol=1e-12, atol=1e-14)


def test_the_wright_function_is_scipys_to_rounding():
    z = np.concatenate([np.linspace(-600, 600, 4001), np.linspace(-3, 3, 4001), [1e4, 1e8]])
    np.testing.assert_allclose(wright_omega(z), wrightomega(z), rtol=1e-14)
    single = z[z > -80].astype(np.float32)
    np.testing.assert_allclose(wright_omega(single), wrightomega(single.astype(float)), rtol=2e-6)


@pytest.mark.parametrize("sizes", [(6, 10, 3), (6, 8, 8, 3), (4, 7, 5, 6, 2)])
def test_the_rest_with_ideal_diodes_satisfies_every_condition_of_karush_kuhn_and_tucker(sizes):
    """With them the minimum of a convex function in a box is proven."""
    circuit, springs = random_network(np.random.default_rng(len(sizes)), IdealDiode(), sizes)
    rest = rest_of(circuit, springs)
    assert not rest.refused.any()
    u_V, side = rest.u_V, circuit.shunts.side
    current_A = kirchhoff_A(circuit, springs, u_V)
    current_A[:, springs.held_nodes] = 0.0
    scale_A = LEAK_S * 4.0
    assert (side * u_V <= 0).all()  # feasible
    assert (side * current_A >= -1e-9 * scale_A).all(where=side != 0)  # a diode takes, never gives
    np.testing.assert_allclose(current_A[:, side == 0], 0, atol=1e-9 * scale_A)  # stationary
    np.testing.assert_allclose(u_V * current_A, 0, atol=1e-9 * scale_A * 4.0)  # complementary
    shut, hidden = (u_V == 0)[:, side != 0], side != 0
    assert hidden.any()
    assert shut.any()
    assert not shut.all()


@pytest.mark.parametrize("diode", [SHOCKLEY, POINTS], ids=["shockley", "points"])
def test_descent_by_blocks_rests_where_newtons_method_does(monkeypatch, diode):
    circuit, springs = random_network(np.random.default_rng(7), diode, (6, 8, 8, 3))
    by_blocks = rest_of(circuit, springs)
    taken_A = circuit.shunts.current_A(by_blocks.u_V, by_blocks.u_V)
    left_A = kirchhoff_A(circuit, springs, by_blocks.u_V) - taken_A
    left_A[:, springs.held_nodes] = 0
    np.testing.assert_allclose(left_A, 0, atol=1e-9 * LEAK_S * 4.0)
    monkeypatch.setattr(Rate, "blocks", lambda self: None)
    by_newton = rest_of(circuit, springs)
    assert not (by_newton.refused | by_blocks.refused).any()
    np.testing.assert_allclose(by_newton.u_V, by_blocks.u_V, atol=1e-6)


def test_a_transient_ends_at_the_rest():
    circuit, springs = random_network(np.random.default_rng(7), SHOCKLEY, (6, 8, 3))
    long = rest_of(circuit, springs, Transient(rtol=1e-6, atol=1e-8), 40 * TAU_S)
    np.testing.assert_allclose(long.u_V, rest_of(circuit, springs).u_V, atol=1e-5)


@pytest.mark.slow
def test_a_transient_takes_an_ideal_diode_for_twenty_times_what_is_on_its_node():
    circuit, springs = divider(IdealDiode(), -1)
    ended = rest_of(circuit, springs, Transient(rtol=1e-6, atol=1e-8), 40 * TAU_S).u_V[:, 1]
    open_V = springs.target_V[:, 0] * 3 / 4
    np.testing.assert_allclose(ended, np.where(open_V < 0, open_V / 21, open_V), atol=1e-5)


@pytest.mark.slow
def test_every_capacitor_has_kt_over_c_and_no_two_of_them_share_any():
    """Nyquist: the covariance of the nodes' voltages is (kT / C) 1, whatever the resistors."""
    circuit, springs = random_network(np.random.default_rng(3), None, (3, 4, 2), rows=1)
    rows, kelvin = 20_000, 300.0
    springs = replace(springs, target_V=np.zeros((rows, 5)))
    circuit = replace(circuit, biases=Pairs(np.zeros(9), np.zeros(9)))
    system = DrivenCircuit(circuit, springs, TAU_S, temperature_K=kelvin)
    ended_V = settle(
        system, np.zeros((rows, 9)), 12 * TAU_S, Transient(precision="float64"),
        noise_of=lambda k: np.random.default_rng([9, k]),
    ).u_V[:, 3:]  # fmt: skip
    scale_V = np.sqrt(Boltzmann * kelvin / circuit.capacitance_F[3:])
    covariance = np.cov((ended_V / scale_V).T)
    # Standard error of a variance sqrt(2 / rows) = 1 %, of a covariance 0.7 %; 4 of each.
    np.testing.assert_allclose(covariance, np.eye(6), atol=0.04)


def test_half_the_heat_of_a_linear_network_is_its_co_content():
    circuit, springs = random_network(np.random.default_rng(1), None, (5, 6, 3))
    springs = replace(springs, conductance_S=np.where(springs.held, 3 * LEAK_S, LEAK_S))
    u_V = np.random.default_rng(2).standard_normal((5, circuit.n_nodes))
    heat_W = dissipation_W(circuit, springs, u_V).total
    np.testing.assert_allclose(heat_W, 2 * circuit.co_content_W(u_V, springs), rtol=1e-12)


def test_heat_is_what_the_sources_deliver():
    """At rest, by Tellegen's theorem, with the diodes' part."""
    circuit, springs = random_network(np.random.default_rng(1), SHOCKLEY, (5, 6, 3))
    u_V = rest_of(circuit, springs).u_V
    source_V = springs.target_V.copy()
    delivered_A = circuit.source_current_A(u_V, springs)
    rail_A = (circuit.biases.plus_S * (UNIT_V - u_V)).sum(axis=1)
    given_W = np.sum(source_V * delivered_A, axis=1) + UNIT_V * rail_A
    np.testing.assert_allclose(dissipation_W(circuit, springs, u_V).total, given_W, rtol=1e-8)


def test_the_host_makes_half_a_squared_difference_of_its_readings(make_resistive):
    circuit = make_resistive(SHOCKLEY)
    circuit = replace(
        circuit,
        couplings=Pairs(circuit.couplings.sum_S, 0 * circuit.couplings.sum_S),
        biases=Pairs(circuit.biases.sum_S, 0 * circuit.biases.sum_S),
    )
    u_V = UNIT_V * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.output_V(u_V))
