"""Some visible nodes held, some on springs, some free; anchors: SciPy on equations written here."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import root

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, errors_of
from neurosim.circuit import DrivenCircuit, Springs
from neurosim.solvers import OperatingPoint, Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
TIGHT = Transient(rtol=1e-10, atol=1e-12)
LAWS = ["hopfield", "gradient"]
SIZES = (4, 5, 4)


@pytest.fixture
def make_case(make_circuit):
    """A circuit whose visible nodes 0 and 2 are held, 1 is on a spring and 3 is free."""

    def make(law, mismatch=0.05):
        circuit = make_circuit(law, sizes=SIZES, mismatch=mismatch)
        target_V = UNIT_V * np.random.default_rng(1).standard_normal((3, 4))
        springs = Springs(np.array([np.inf, 15 * LEAK_S, np.inf, 0.0]), target_V)
        u_V = UNIT_V * np.random.default_rng(2).standard_normal((3, circuit.n_nodes))
        u_V[:, springs.held.nonzero()[0]] = target_V[:, springs.held]
        return circuit, springs, u_V

    return make


def matrices(circuit):
    """Symmetric conductance matrix of all nodes, and the amplifiers' output and slope."""
    n, odd, even = circuit.n_nodes, circuit.layers.odd, circuit.layers.even
    g = np.zeros((n, n))
    g[odd, even] = circuit.couplings.delta_S
    g[even, odd] = circuit.couplings.delta_S.T

    def amplifier(u_V):
        errors = errors_of(circuit)
        z = errors.gain * (u_V + errors.offset_V)
        k = circuit.layers.n_visible
        v, slope = z.copy(), errors.gain.copy()
        v[k:] = UNIT_V * np.tanh(z[k:] / UNIT_V)
        slope[k:] *= 1 - np.tanh(z[k:] / UNIT_V) ** 2
        return v, slope

    return g, amplifier


def free_rate(circuit, law, springs, row):
    """du/dt of the nodes that are not held, from the law of a node as the documents state it."""
    g, amplifier = matrices(circuit)
    free = np.ones(circuit.n_nodes, dtype=bool)
    free[[0, 2]] = False

    def rate(time_s, u_free, u_V):
        u = u_V.copy()
        u[free] = u_free
        v, slope = amplifier(u)
        drive = g @ v + circuit.bias_A
        current = (drive * slope if law == "gradient" else drive) - circuit.leak_S * u
        current[1] += 15 * LEAK_S * (springs.target_V[row, 1] - u[1])
        return (current / circuit.capacitance_F)[free]

    return free, rate


@pytest.mark.parametrize("law", LAWS)
def test_the_others_move_as_scipy_says_and_the_held_ones_not_at_all(make_case, law):
    circuit, springs, u_V = make_case(law)
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), u_V, 7 * TAU_S, TIGHT).u_V
    np.testing.assert_array_equal(ours[:, [0, 2]], springs.target_V[:, [0, 2]])
    for row in range(len(u_V)):
        free, rate = free_rate(circuit, law, springs, row)
        exact = solve_ivp(
            rate, (0, 7 * TAU_S), u_V[row, free], "DOP853",
            args=(u_V[row],), rtol=1e-11, atol=1e-14, first_step=1e-3 * TAU_S,
        )  # fmt: skip
        np.testing.assert_allclose(ours[row, free], exact.y[:, -1], atol=1e-8 * UNIT_V)


@pytest.mark.parametrize("law", LAWS)
def test_the_operating_point_is_scipys_root_beside_the_held_nodes(make_case, law):
    circuit, springs, u_V = make_case(law, mismatch=0.02)
    settings = OperatingPoint(rtol=1e-9, atol=1e-11)
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), u_V, TAU_S, settings).u_V
    np.testing.assert_array_equal(ours[:, [0, 2]], springs.target_V[:, [0, 2]])
    for row in range(len(u_V)):
        free, rate = free_rate(circuit, law, springs, row)
        found = root(
            lambda u, row=row, rate=rate: TAU_S * rate(0, u, u_V[row]) / UNIT_V,
            ours[row, free] + 0.01 * UNIT_V, tol=1e-12,
        )  # fmt: skip
        assert found.success
        np.testing.assert_allclose(ours[row, free], found.x, atol=1e-7 * UNIT_V)


@pytest.mark.parametrize("law", LAWS)
def test_the_co_content_falls_on_the_way(make_case, law):
    circuit, springs, u_V = make_case(law)
    system = DrivenCircuit(circuit, springs, TAU_S)
    powers = [circuit.co_content_W(u_V, springs)]
    for _ in range(25):
        u_V = settle(system, u_V, 0.2 * TAU_S, TIGHT).u_V
        powers.append(circuit.co_content_W(u_V, springs))
    assert (np.diff(powers, axis=0) < 0).all()


@pytest.mark.parametrize("law", LAWS)
def test_the_jacobian_is_the_currents_derivative(make_case, law):
    circuit, springs, u_V = make_case(law)
    d_V = np.random.default_rng(5).standard_normal(u_V.shape)
    step = 1e-6 * UNIT_V
    there, back = (circuit.current_A(u_V + s * step * d_V, springs) for s in (1, -1))
    np.testing.assert_allclose(
        circuit.jacobian_vector_A(u_V, d_V, springs), (there - back) / (2 * step),
        atol=1e-7 * LEAK_S,
    )  # fmt: skip
    assert not circuit.current_A(u_V, springs)[:, [0, 2]].any()


def test_a_source_delivers_what_its_node_takes_a_spring_its_pull_and_no_source_nothing(make_case):
    circuit, springs, u_V = make_case("hopfield")
    current_A = circuit.source_current_A(u_V, springs)
    alone_A = circuit.current_A(u_V)
    np.testing.assert_array_equal(current_A[:, [0, 2]], -alone_A[:, [0, 2]])
    pull_A = 15 * LEAK_S * (springs.target_V[:, 1] - u_V[:, 1])
    np.testing.assert_array_equal(current_A[:, 1], pull_A)
    assert not current_A[:, 3].any()


def test_noise_enters_every_node_but_the_held_ones(make_case):
    circuit, springs, _ = make_case("hopfield")
    noise_V = DrivenCircuit(circuit, springs, TAU_S, 300.0).noise_V
    assert not noise_V[[0, 2]].any()
    assert (np.delete(noise_V, [0, 2]) > 0).all()
