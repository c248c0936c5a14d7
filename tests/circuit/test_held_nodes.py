"""Some visible nodes held, some on springs, some free; anchors: SciPy on equations written here."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import root

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, errors_of
from neurosim.circuit import ByLayer, DrivenCircuit, Gradient, Hopfield, Springs
from neurosim.contrasts import Product
from neurosim.solvers import FlickerSource, OperatingPoint, Transient, settle

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


@pytest.mark.every(2)
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


@pytest.mark.every(2)
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


class Whole:
    """A system that settles with its held nodes in it."""

    def __init__(self, system):
        self._system = system

    def __getattr__(self, name):
        if name == "free":
            raise AttributeError(name)
        return getattr(self._system, name)


@dataclass(frozen=True)
class Waves:
    """Nodes that put out the sine and the cosine of their voltage."""

    n_outputs = 2
    unit_weights = False
    unit_metric = True

    def contrast(self):
        return Product()

    def outputs_V(self, amplifiers, u_V):
        z, unit_V = u_V / amplifiers.unit_V, amplifiers.unit_V
        return unit_V * np.sin(z), unit_V * np.cos(z)

    def weights(self, amplifiers, u_V):
        z = u_V / amplifiers.unit_V
        return np.cos(z), -np.sin(z)

    def weight_slopes_per_V(self, amplifiers, u_V):
        z, unit_V = u_V / amplifiers.unit_V, amplifiers.unit_V
        return -np.sin(z) / unit_V, -np.cos(z) / unit_V

    def metric(self, amplifiers, u_V):
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers, u_V, source_V):
        return 0.5 * (u_V - source_V) ** 2

    def apply(self, amplifiers, u_V, work, outputs, weights):
        np.multiply(u_V, 1 / amplifiers.unit_V, out=work)
        np.sin(work, out=outputs[0])
        np.cos(work, out=outputs[1])
        weights[0] = outputs[1]
        np.negative(outputs[0], out=weights[1])


EVERY_LAW = [*LAWS, ByLayer(visible=Hopfield(), hidden=Gradient()), Waves()]
HELD = {"some": [np.inf, 15 * LEAK_S, np.inf, 0.0], "all": [np.inf] * 4}


@pytest.mark.every(6)
@pytest.mark.parametrize("law", EVERY_LAW, ids=str)
@pytest.mark.parametrize("which", HELD)
@pytest.mark.parametrize(
    "engine", [TIGHT, Transient(method="RK45", rtol=1e-8, atol=1e-10), OperatingPoint()], ids=str
)
def test_the_others_settle_as_if_the_held_ones_were_carried_along(make_circuit, law, which, engine):
    rng = np.random.default_rng(3)
    separate = not isinstance(engine, OperatingPoint)
    circuit = make_circuit(law, sizes=SIZES, w=0.1, mismatch=0.05, loading=0.3, separate=separate)
    if separate:
        circuit = replace(circuit, cubic_per_V2=2.0)
    springs = Springs(np.array(HELD[which]), UNIT_V * rng.standard_normal((3, 4)))
    start = UNIT_V * rng.standard_normal((3, circuit.n_nodes)) / 2
    start[:, :4][:, springs.held] = springs.target_V[:, springs.held]
    injected_A = 1e-7 * rng.standard_normal(start.shape)
    system = DrivenCircuit(circuit, springs, TAU_S, injected_A=injected_A)
    free, whole = (settle(s, start, 9 * TAU_S, engine) for s in (system, Whole(system)))
    np.testing.assert_allclose(free.u_V, whole.u_V, atol=1e-6 * UNIT_V)
    np.testing.assert_array_equal(free.u_V[:, :4][:, springs.held], start[:, :4][:, springs.held])
    assert not free.refused.any()
    assert free.residual == pytest.approx(whole.residual, abs=1e-5)


@dataclass
class Shapes:
    """An engine that notes the size of the states that it is given."""

    seen: list = field(default_factory=list)
    noise_step_tau = 1.0
    along_the_way = None

    def run(self, rate_of, u_V, span, system, noise):
        self.seen.append((u_V.shape[1], len(system.noise_V), len(system.flicker_V)))
        return Transient().run(rate_of, u_V, span, system, noise)


@pytest.mark.parametrize("law", EVERY_LAW, ids=str)
def test_no_engine_sees_a_node_that_is_held(make_circuit, law):
    circuit, engine = make_circuit(law, sizes=SIZES), Shapes()
    springs = Springs(np.array(HELD["some"]), np.zeros((3, 4)))
    start = np.zeros((3, circuit.n_nodes))
    settle(DrivenCircuit(circuit, springs, TAU_S), start, TAU_S, engine)
    assert engine.seen == [(circuit.n_nodes - 2,) * 3]


def test_beside_held_nodes_the_noise_is_that_of_the_whole_circuit(make_circuit):
    """White and 1/f noise of a settle with held nodes, and the same without the shortcut."""
    circuit = make_circuit(sizes=SIZES, w=0.2, loading=0.5)
    springs = Springs(np.array(HELD["some"]), np.zeros((6000, 4)))
    system = DrivenCircuit(circuit, springs, TAU_S, 300.0, 2.0, 1e6)
    free, nodes = system.free(np.zeros((6000, circuit.n_nodes)))
    np.testing.assert_array_equal(free.noise_V, system.noise_V[nodes])
    np.testing.assert_array_equal(free.flicker_V, system.flicker_V[nodes])
    spreads = []
    for one in (system, Whole(system)):
        flicker = FlickerSource(1e-3, 0.5, lambda k: np.random.default_rng([2, k]))
        got = settle(
            one, np.zeros((6000, circuit.n_nodes)), 8 * TAU_S, Transient(), flicker=flicker,
            noise_of=lambda k: np.random.default_rng([1, k]),
        )  # fmt: skip
        spreads.append(got.u_V.std(axis=0))
    # Two sample deviations of 6,000 draws each: 5 sigma.
    np.testing.assert_allclose(*spreads, rtol=5 / np.sqrt(6000))


def test_what_lags_behind_a_held_node_still_moves(make_circuit):
    circuit = replace(make_circuit(sizes=SIZES), amplifier_tau_s=TAU_S)
    springs = Springs(np.array(HELD["some"]), np.full((1, 4), UNIT_V))
    start = np.zeros((1, 2 * circuit.n_nodes))
    start[:, [0, 2]] = UNIT_V
    ended = settle(DrivenCircuit(circuit, springs, TAU_S), start, TAU_S, TIGHT).u_V
    follows = circuit.output_V(start[:, : circuit.n_nodes])[0, [0, 2]] * (1 - np.exp(-1))
    np.testing.assert_allclose(ended[0, circuit.n_nodes + np.array([0, 2])], follows, rtol=1e-6)


def test_noise_enters_every_node_but_the_held_ones(make_case):
    circuit, springs, _ = make_case("hopfield")
    noise_V = DrivenCircuit(circuit, springs, TAU_S, 300.0).noise_V
    assert not noise_V[[0, 2]].any()
    assert (np.delete(noise_V, [0, 2]) > 0).all()
