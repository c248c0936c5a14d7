"""Circuit laws against closed forms and derivatives of the co-content."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.circuit import Circuit, DrivenCircuit, Hopfield, Linear, Pairs, Springs, Tanh
from neurosim.errors import DataError
from neurosim.network import Layers

LAWS = ["hopfield", "gradient"]
AMPLIFIERS = ["tanh", "silu", "linear"]
CASES = [
    (law, amp, m, load) for law in LAWS for amp in AMPLIFIERS for m in (0, 0.1) for load in (0, 0.3)
]


def states(circuit, rows=4, seed=5):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((rows, circuit.n_nodes)), rng


@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading"), CASES)
def test_the_current_is_minus_the_co_content_gradient_over_the_metric(
    make_circuit, make_springs, law, amplifier, mismatch, loading
):
    circuit = make_circuit(law, amplifier, mismatch=mismatch, loading=loading)
    springs = make_springs(circuit)
    u, rng = states(circuit)
    d, h = rng.standard_normal(u.shape), 1e-6
    high, low = (circuit.co_content_W(u + s * h * d, springs) for s in (1, -1))
    slope = -np.sum(circuit.metric(u) * circuit.current_A(u, springs) * d, axis=-1)
    # Central differences in volts: relative error (h / 0.1)^2 = 1e-10, rounding 1e-16 / 1e-5.
    np.testing.assert_allclose((high - low) / (2 * h), slope, rtol=1e-7)


@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading"), CASES)
def test_the_jacobian_is_the_derivative_of_the_current_and_symmetric_in_the_metric(
    make_circuit, make_springs, law, amplifier, mismatch, loading
):
    circuit = make_circuit(law, amplifier, mismatch=mismatch, loading=loading)
    springs = make_springs(circuit, rows=1)
    u, _ = states(circuit, rows=1)
    eye, h = np.eye(circuit.n_nodes), 1e-6
    jacobian = circuit.jacobian_vector_A(u, eye, springs)
    springs_n = Springs(springs.conductance_S, np.repeat(springs.target_V, circuit.n_nodes, axis=0))
    high, low = (circuit.current_A(u + s * h * eye, springs_n) for s in (1, -1))
    scale = np.abs(jacobian).max()
    np.testing.assert_allclose(jacobian, (high - low) / (2 * h), atol=1e-7 * scale)
    # Row k is J e_k, so entry (k, i) is J_ik. Metric-weighted, the coupling part is symmetric; the
    # diagonal of a `hopfield` node needs no partner.
    weighted = jacobian * circuit.metric(u)
    np.testing.assert_allclose(weighted, weighted.T, atol=1e-12 * scale)


@pytest.mark.parametrize("law", LAWS)
def test_local_contrasts_are_derivatives_of_the_co_content_by_each_conductance(make_circuit, law):
    circuit = make_circuit(law, "tanh", loading=0.4)
    u, _ = states(circuit)
    plus, minus = circuit.local_contrast_V2(u)
    h = 1e-9
    for i, j in [(0, 0), (2, 5), (4, 6), (3, 1)]:
        for sign, contrast in ((1, plus), (-1, minus)):

            def power(step, i=i, j=j, sign=sign):
                p, m = circuit.couplings.plus_S.copy(), circuit.couplings.minus_S.copy()
                (p if sign > 0 else m)[i, j] += h + step
                fields = {k: getattr(circuit, k) for k in circuit.__dataclass_fields__}
                return Circuit(**fields | {"couplings": Pairs(p, m)}).co_content_W(u).mean()

            derivative = (power(h) - power(-h)) / (2 * h)
            assert contrast[i, j] == pytest.approx(derivative, rel=1e-6, abs=1e-12)


def test_the_contrast_of_a_plain_resistor_is_the_coupled_learning_rule():
    """Linear nodes, loading 1: dP/dG+ = u_i^2/2 + u_j^2/2 - u_i u_j = (u_i - u_j)^2 / 2."""
    layers, ones = Layers((1, 1)), np.ones(2)
    circuit = Circuit(
        layers, Hopfield(), Linear(1.0), Linear(1.0), 1e-12 * ones, 1e-5 * ones,
        Pairs(np.array([[2e-6]]), np.zeros((1, 1))), Pairs(np.zeros(2), np.zeros(2)), 1.0, 1.0,
    )  # fmt: skip
    u = np.array([[0.3, -0.5]])
    plus, _ = circuit.local_contrast_V2(u)
    assert plus[0, 0] == pytest.approx(0.5 * (0.3 + 0.5) ** 2)


def test_a_bridge_between_two_linear_nodes_conducts_g_times_the_difference():
    layers, ones = Layers((1, 1)), np.ones(2)
    circuit = Circuit(
        layers, Hopfield(), Linear(1.0), Linear(1.0), 1e-12 * ones, 1e-5 * ones,
        Pairs(np.array([[2e-6]]), np.zeros((1, 1))), Pairs(np.zeros(2), np.zeros(2)), 1.0, 1.0,
    )  # fmt: skip
    u = np.array([0.3, -0.5])
    bridge = circuit.current_A(u) + 1e-5 * u
    np.testing.assert_allclose(bridge, 2e-6 * (u[::-1] - u))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("mismatch", [0.0, 0.1])
@pytest.mark.parametrize("separate", [False, True])
def test_the_engines_rate_is_the_current_over_the_capacitance(
    make_circuit, make_springs, law, mismatch, separate
):
    circuit = make_circuit(law, "silu", mismatch=mismatch, separate=separate)
    springs = make_springs(circuit)
    u, _ = states(circuit)
    tau_s = 1e-7
    rate = DrivenCircuit(circuit, springs, tau_s).rate(slice(0, 4))
    expected = circuit.current_A(u, springs) * tau_s / circuit.capacitance_F
    total = rate(u.T, np.empty_like(u.T)).T
    np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-15)
    nonlinear = rate.nonlinear(u.T, np.empty_like(u.T)).T
    np.testing.assert_allclose(nonlinear - rate.decay * u, expected, rtol=1e-12, atol=1e-15)


def test_a_clamped_node_takes_no_current_and_its_source_delivers_the_spring_limit(
    make_circuit, make_springs
):
    circuit = make_circuit()
    u, _ = states(circuit)
    k = circuit.layers.n_visible
    clamp = Springs(np.full(k, np.inf), u[:, :k])
    assert not circuit.current_A(u, clamp)[:, :k].any()
    # A spring so stiff that its node stands at equilibrium carries the same current.
    stiff_S = 1e3
    displaced = circuit.current_A(u)[:, :k] / stiff_S
    springs = Springs(np.full(k, stiff_S), u[:, :k])
    moved = u.copy()
    moved[:, :k] += displaced
    np.testing.assert_allclose(
        circuit.source_current_A(u, clamp), circuit.source_current_A(moved, springs), rtol=1e-6
    )


def test_a_spring_and_a_nudge_merge_into_one_spring(make_circuit, make_springs):
    circuit = make_circuit()
    u, _ = states(circuit)
    spring, nudge = make_springs(circuit, seed=1), make_springs(circuit, stiffness=3.0, seed=2)
    k, q = spring.conductance_S, nudge.conductance_S
    for sign in (1, -1):
        target = (k * spring.target_V + sign * q * nudge.target_V) / (k + sign * q)
        merged = circuit.current_A(u, Springs(k + sign * q, target))
        apart = circuit.current_A(u, spring) + sign * (
            circuit.current_A(u, nudge) - circuit.current_A(u)
        )
        np.testing.assert_allclose(merged, apart, rtol=1e-12, atol=1e-18)


@given(st.integers(0, 10_000))
def test_a_batch_equals_its_singles(seed):
    rng = np.random.default_rng(seed)
    layers = Layers((2, 3))
    w = rng.standard_normal((3, 2)) * 1e-5
    pairs = Pairs(np.maximum(w, 0), np.maximum(-w, 0))
    ones = np.ones(5)
    circuit = Circuit(
        layers, Hopfield(), Linear(0.1), Tanh(0.1), 1e-12 * ones, 1e-5 * ones, pairs,
        Pairs(1e-6 * ones, 0 * ones), 0.1,
    )  # fmt: skip
    u = 0.1 * rng.standard_normal((2, 3, 5))
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(circuit.current_A(u)[index], circuit.current_A(u[index]))
        np.testing.assert_allclose(circuit.co_content_W(u)[index], circuit.co_content_W(u[index]))


def test_two_devices_that_mismatch_have_no_co_content(make_circuit):
    circuit = make_circuit(separate=True)
    with pytest.raises(DataError, match="needs reciprocal couplings"):
        circuit.co_content_W(np.zeros(circuit.n_nodes))


def test_a_spring_below_zero_is_refused_with_its_value():
    with pytest.raises(DataError, match="is -2e-07 S; a negative nudge needs"):
        Springs(np.array([-2e-7]), np.zeros((1, 1)))


def test_a_wrong_shape_is_refused(make_circuit):
    circuit = make_circuit()
    fields = {k: getattr(circuit, k) for k in circuit.__dataclass_fields__}
    with pytest.raises(DataError, match=r"leak_S must have shape \(12,\), but has \(3,\)"):
        Circuit(**fields | {"leak_S": np.ones(3)})


def test_negative_conductances_are_refused():
    with pytest.raises(DataError, match="at least 0 S"):
        Pairs(np.array([-1e-9]), np.array([0.0]))
