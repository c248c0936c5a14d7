"""The operating point: where a very long transient ends, stable, and never silently elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from conftest import LEAK_S, signed_pairs
from neurosim.circuit import DrivenCircuit, Springs
from neurosim.circuit.reduced import Reduced
from neurosim.solvers import OperatingPoint, Transient, newton, settle
from neurosim.solvers.newton import RESIDUAL
from neurosim.solvers.operating_point import LONGEST_TAU

TAU_S, UNIT_V = 1e-7, 0.1
# Networks with many bowls: a transient as coarse as the default may already take another path.
OPERATING_POINT = OperatingPoint(rtol=1e-5, atol=1e-9)


def both(circuit, springs, start):
    """Operating point, and a transient as long as the engine's own patience, finely resolved."""
    system = DrivenCircuit(circuit, springs, TAU_S)
    point = settle(system, start, 1.0, OPERATING_POINT)
    fine = Transient(rtol=1e-6, atol=1e-10)
    return point, settle(system, start, LONGEST_TAU * TAU_S, fine), system


def start_of(circuit, springs):
    start = np.zeros((len(springs.target_V), circuit.n_nodes))
    start[:, : circuit.layers.n_visible] = springs.target_V
    return start


@pytest.mark.every(3)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("amplifier", ["tanh", "silu"])
# From one bowl to many: at 0.15 the couplings are weak, at 0.5 most nodes are bistable.
@pytest.mark.parametrize(
    "w", [*(pytest.param(w, marks=pytest.mark.slow) for w in (0.15, 0.3)), 0.5]
)
def test_every_row_ends_where_the_long_transient_does_or_is_named(
    make_circuit, make_springs, law, amplifier, w
):
    circuit = make_circuit(law, amplifier, sizes=(16, 24, 20), w=w, mismatch=0.03, seed=3)
    springs = make_springs(circuit, rows=15)
    point, long, _ = both(circuit, springs, start_of(circuit, springs))
    # A row that still moves after `LONGEST_TAU` has not arrived in the reference either.
    arrived = ~point.refused & (long.residual < 1e-6)
    error = np.abs(point.u_V - long.u_V).max(axis=1) / UNIT_V
    # The fine transient stands within 1e-6 of its rest: residual over the smallest curvature.
    assert error[arrived].max() < 1e-5
    assert arrived.mean() > 0.9
    assert (point.residual[~point.refused] <= RESIDUAL * 1.001).all()


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("amplifier", ["tanh", "silu"])
def test_by_the_default_too_every_row_arrives(make_circuit, make_springs, law, amplifier):
    """In float32 at first; a silu's slope may be negative, and no Newton step is taken then."""
    circuit = make_circuit(law, amplifier, sizes=(16, 24, 20), w=0.3, seed=3)
    springs = make_springs(circuit, rows=15)
    system, start = DrivenCircuit(circuit, springs, TAU_S), start_of(circuit, springs)
    engine = OperatingPoint()
    assert engine.along_the_way.dtype == np.float32
    point = settle(system, start, 1.0, engine)
    assert not point.refused.any()
    assert (point.residual <= RESIDUAL).all()


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_it_is_stable_every_eigenvalue_of_the_jacobian_is_negative(make_circuit, make_springs, law):
    circuit = make_circuit(law, sizes=(8, 12, 10), w=0.5, seed=4)
    springs = make_springs(circuit, rows=40)
    point, _, _ = both(circuit, springs, start_of(circuit, springs))
    eye = np.eye(circuit.n_nodes)
    settled = np.flatnonzero(~point.refused)
    assert len(settled) > 30
    for row in settled:
        held = Springs(
            springs.conductance_S, np.repeat(springs.target_V[row : row + 1], len(eye), axis=0)
        )
        u = np.repeat(point.u_V[row : row + 1], len(eye), axis=0)
        jacobian = circuit.jacobian_vector_A(u, eye, held).T
        assert np.linalg.eigvals(jacobian).real.max() < 0


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_the_co_content_is_never_above_that_of_the_start(make_circuit, make_springs, law):
    circuit = make_circuit(law, sizes=(8, 12, 10), w=0.5, seed=5)
    springs = make_springs(circuit, rows=40)
    start = start_of(circuit, springs)
    point, long, _ = both(circuit, springs, start)
    power = circuit.co_content_W(point.u_V, springs)
    assert (power < circuit.co_content_W(start, springs)).all()
    # Nor above the transient's own end: it descends the same valley to its bottom.
    assert (power < circuit.co_content_W(long.u_V, springs) + 1e-18).all()


def test_a_small_nudge_from_rest_needs_no_transient(make_circuit, make_springs):
    circuit = make_circuit(sizes=(16, 24, 20), w=0.3)
    springs = make_springs(circuit, rows=30)
    point, _, _ = both(circuit, springs, start_of(circuit, springs))
    nudged = Springs(springs.conductance_S, springs.target_V + 0.01 * UNIT_V)
    system = DrivenCircuit(circuit, nudged, TAU_S)
    moved = settle(system, point.u_V, 1.0, OPERATING_POINT)
    exact = settle(system, point.u_V, 400 * TAU_S, Transient(rtol=1e-8, atol=1e-13))
    displacement = np.abs(exact.u_V - point.u_V).max()
    assert np.abs(moved.u_V - exact.u_V).max() < 1e-5 * displacement
    assert moved.n_evaluations < 35


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_rows_that_are_near_take_no_more_steps_beside_one_that_is_far(
    make_circuit, make_springs, monkeypatch, law
):
    """Each row's equations are solved as far as its own distance asks for."""
    circuit = make_circuit(law, sizes=(16, 24, 20), w=0.15, seed=3)
    springs = make_springs(circuit, rows=30)
    rest = settle(DrivenCircuit(circuit, springs, TAU_S), start_of(circuit, springs), 1.0,
                  OPERATING_POINT).u_V  # fmt: skip
    nudged = Springs(springs.conductance_S, springs.target_V + 1e-3 * UNIT_V)
    rate_of, far = DrivenCircuit(circuit, nudged, TAU_S).rate, rest.copy()
    far[-1] += 0.3 * UNIT_V

    stepped, solve = [], newton.solve

    def counted(small, rate, tolerance):
        stepped.append(rate.shape[1])
        return solve(small, rate, tolerance)

    def steps_of_all(rows):
        stepped.clear()
        found = newton.descend(rate_of, rows, far[rows].T.copy(), None, UNIT_V)
        assert found.arrived.all()
        return sum(stepped)

    monkeypatch.setattr(newton, "solve", counted)
    near, alone = np.arange(29), np.arange(29, 30)
    assert steps_of_all(np.arange(30)) == steps_of_all(near) + steps_of_all(alone)


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_what_one_short_transient_leaves_of_all_chunks_goes_on_together(
    make_circuit, make_springs, monkeypatch, law
):
    class Whole(OperatingPoint):
        """Of its own, it says nothing of gathering: each chunk ends by itself."""

    circuit = make_circuit(law, sizes=(8, 12, 10), w=0.3, seed=4)
    springs = make_springs(circuit, rows=700)
    system, start = DrivenCircuit(circuit, springs, TAU_S), start_of(circuit, springs)
    sizes, rest = [], OperatingPoint.rest

    def counted(self, rate_of, u_V, *others):
        sizes.append(len(u_V))
        return rest(self, rate_of, u_V, *others)

    monkeypatch.setattr(OperatingPoint, "rest", counted)
    fine = {"rtol": 1e-5, "atol": 1e-9}
    point = settle(system, start, 1.0, OperatingPoint(**fine), n_threads=1)
    assert 1 <= len(sizes) < 3
    assert 0 < sum(sizes) < 350
    whole = settle(system, start, 1.0, Whole(**fine), n_threads=1)
    np.testing.assert_array_equal(point.refused, whole.refused)
    # Either stands within `RESIDUAL` over its smallest curvature, 1e-3 of the least stable row.
    np.testing.assert_allclose(point.u_V, whole.u_V, atol=1e-5 * UNIT_V)


def test_clamped_nodes_stay_and_the_others_arrive(make_circuit):
    circuit = make_circuit(sizes=(8, 12, 10), w=0.3)
    targets = 0.1 * np.random.default_rng(0).standard_normal((20, 8))
    clamp = Springs(np.full(8, np.inf), targets)
    point, long, _ = both(circuit, clamp, start_of(circuit, clamp))
    np.testing.assert_array_equal(point.u_V[:, :8], targets)
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-5 * UNIT_V)
    assert not point.refused.any()


def test_devices_that_are_not_reciprocal_settle_by_the_transient_alone(make_circuit, make_springs):
    circuit = make_circuit(sizes=(4, 5), w=0.3, separate=True)
    springs = make_springs(circuit, rows=5)
    point, long, _ = both(circuit, springs, start_of(circuit, springs))
    assert point.n_steps == 0
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-5 * UNIT_V)


def test_products_that_are_not_finite_leave_their_rows_to_the_transient_and_warn_of_nothing(
    make_circuit, make_springs, monkeypatch
):
    # The flag of an invalid operation may stand where every value is finite, too: see `_descend`.
    circuit = make_circuit("hopfield", sizes=(8, 5, 10), w=0.3, seed=7)
    springs = make_springs(circuit, rows=4)
    point, long, system = both(circuit, springs, start_of(circuit, springs))
    monkeypatch.setattr(
        Reduced, "product", lambda small, y: np.full((len(y),) * 2, np.inf, np.float32) @ (0 * y)
    )
    broken = settle(system, start_of(circuit, springs), 1.0, OPERATING_POINT)
    assert broken.n_evaluations > 2 * point.n_evaluations
    np.testing.assert_allclose(broken.u_V, long.u_V, atol=1e-5 * UNIT_V)


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_rows_that_leave_do_not_turn_the_arrays_of_the_others(
    make_circuit, make_springs, monkeypatch, law
):
    """NumPy's ``a[:, rows]`` lies row by row in memory, and every pass beside others is slow."""
    orders, widths, product = set(), set(), Reduced.product

    def seen(self, y):
        orders.add(y.flags.c_contiguous and self._kept[0].flags.c_contiguous)
        widths.add(y.shape[1])
        return product(self, y)

    monkeypatch.setattr(Reduced, "product", seen)
    circuit = make_circuit(law, sizes=(16, 24, 20), w=0.5, seed=3)
    springs = make_springs(circuit, rows=15)
    system = DrivenCircuit(circuit, springs, TAU_S)
    settle(system, start_of(circuit, springs), 1.0, OPERATING_POINT)
    assert orders == {True}
    assert len(widths) > 2


def past_a_fold(make_circuit, distance):
    """Two nodes that couple with weights whose product is 2, bias past the fold by `distance`."""
    circuit = make_circuit("hopfield", sizes=(1, 1))
    fold = -np.arctanh(np.sqrt(0.5))
    bias = fold - 2 * np.tanh(fold) + distance
    return replace(
        circuit,
        couplings=signed_pairs(np.sqrt([[2.0]]) * LEAK_S),
        biases=signed_pairs(np.array([0.0, bias]) * LEAK_S),
    )


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6, 0.0, -1e-6, -1e-4, -1e-2])
def test_a_row_that_creeps_past_a_fold_ends_on_the_other_branch(make_circuit, distance):
    """A transient stays at the fold for some pi / sqrt(distance) tau, and before it for ever."""
    circuit = past_a_fold(make_circuit, distance)
    loose = Springs(np.zeros(1), np.zeros((1, 1)))
    start = UNIT_V * np.array([[-np.sqrt(2.0), -2.0]])
    point = settle(DrivenCircuit(circuit, loose, TAU_S), start, 1.0, OperatingPoint())
    fold = -np.arctanh(np.sqrt(0.5))
    bias = fold - 2 * np.tanh(fold) + distance

    def slope(u):
        return 2 * np.tanh(u) + bias - u

    exact = brentq(slope, 0.5, 5) if distance > 0 else brentq(slope, -5, fold)
    assert not point.refused.any()
    # Near the fold the rate is a square: what is left of it is far from rest.
    near = 1e-6 + 1e-8 / np.sqrt(abs(distance)) if distance else 1e-3
    assert point.u_V[0, 1] / UNIT_V == pytest.approx(exact, abs=near)
    assert point.n_evaluations < 1000
