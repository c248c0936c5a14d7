"""What must hold of every node law, shipped or one's own: `check_law` asks it of one circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurosim.circuit import DrivenCircuit, Pairs
from neurosim.solvers import Transient, settle

TAU_S, ROWS = 1e-7, 4
TIGHT = Transient(rtol=1e-9, atol=1e-12)
# Within a tenth of tau the co-content changes by a thousand times this or more.
FINE = Transient(rtol=1e-6, atol=1e-9)


def check_law(circuit, springs):
    """All properties, in states of about one unit voltage; `springs` have `ROWS` rows."""
    rng = np.random.default_rng(5)
    u_V = circuit.amplifiers.unit_V * rng.standard_normal((ROWS, circuit.n_nodes))
    check_metric(circuit, u_V)
    check_current(circuit, springs, u_V, rng)
    check_jacobian(circuit, springs, u_V)
    check_contrast(circuit, u_V)
    check_rate(circuit, springs, u_V)
    check_small_signal(circuit, springs, u_V)
    some_S = springs.conductance_S.copy()
    some_S[0] = np.inf
    check_small_signal(circuit, replace(springs, conductance_S=some_S), u_V)
    check_descent(circuit, springs, u_V)


def check_metric(circuit, u_V):
    """Each output's slope, times its share, is the metric times its sum's weight; dw/du as said."""
    law, amplifiers = circuit.law, circuit.amplifiers
    h = 1e-5 * amplifiers.unit_V
    weights = law.weights(amplifiers, u_V)
    assert len(weights) == law.n_outputs
    of_outputs = list(zip(weights, circuit.shares, strict=True))
    for what, expected in (
        (law.outputs_V, [circuit.metric(u_V) * w / s for w, s in of_outputs]),
        (law.weights, law.weight_slopes_per_V(amplifiers, u_V)),
    ):
        high, low = what(amplifiers, u_V + h), what(amplifiers, u_V - h)
        for up, down, slope in zip(high, low, expected, strict=True):
            # Central differences: (h / unit)^2 = 1e-10 of the third derivative.
            scale = max(np.abs(slope).max(), np.finfo(float).tiny)
            np.testing.assert_allclose((up - down) / (2 * h), slope, rtol=0, atol=1e-8 * scale)
    assert not law.unit_metric or (circuit.metric(u_V) == 1).all()
    assert not law.unit_weights or all((w == 1).all() for w in weights)


def check_current(circuit, springs, u_V, rng):
    """The current is minus the co-content's gradient over the metric."""
    d, h = rng.standard_normal(u_V.shape), 1e-5 * circuit.amplifiers.unit_V
    high, low = (circuit.co_content_W(u_V + s * h * d, springs) for s in (1, -1))
    slope = -np.sum(circuit.metric(u_V) * circuit.current_A(u_V, springs) * d, axis=-1)
    # Relative error (h / unit)^2 = 1e-10, rounding 1e-16 / 1e-5.
    np.testing.assert_allclose((high - low) / (2 * h), slope, rtol=1e-7)


def jacobian_of(circuit, springs, u_V):
    """Row k is J e_k at one state, so entry (k, i) is J_ik."""
    eye = np.eye(circuit.n_nodes)
    many = replace(springs, target_V=np.repeat(springs.target_V[:1], len(eye), axis=0))
    return circuit.jacobian_vector_A(u_V, eye, many), many


def check_jacobian(circuit, springs, u_V):
    """It is the current's derivative, and off its diagonal symmetric in the metric."""
    u_V, h, eye = u_V[:1], 1e-5 * circuit.amplifiers.unit_V, np.eye(circuit.n_nodes)
    jacobian, many = jacobian_of(circuit, springs, u_V)
    high, low = (circuit.current_A(u_V + s * h * eye, many) for s in (1, -1))
    scale = np.abs(jacobian).max()
    np.testing.assert_allclose(jacobian, (high - low) / (2 * h), atol=1e-7 * scale)
    weighted = jacobian * circuit.metric(u_V)
    np.testing.assert_allclose(weighted, weighted.T, atol=1e-12 * scale)


def check_contrast(circuit, u_V):
    """The local contrasts are the co-content's derivatives by each conductance."""
    places = np.argwhere(circuit.layers.present)[::3]
    for sign, contrast in zip((1, -1), circuit.local_contrast_V2(u_V), strict=True):
        for i, j in places:
            # The co-content is linear in each conductance: a step of any size will do.
            step_S, ends = 1e-6, []
            for factor in (2, 1):
                plus, minus = circuit.couplings.plus_S.copy(), circuit.couplings.minus_S.copy()
                (plus if sign > 0 else minus)[i, j] += factor * step_S
                moved = replace(circuit, couplings=Pairs(plus, minus))
                ends.append(moved.co_content_W(u_V).mean())
            derivative = (ends[0] - ends[1]) / step_S
            scale = circuit.amplifiers.unit_V**2
            np.testing.assert_allclose(contrast[i, j], derivative, rtol=1e-9, atol=1e-9 * scale)


def check_rate(circuit, springs, u_V):
    """The engines integrate the current, in either precision."""
    expected = circuit.current_A(u_V, springs) * TAU_S / circuit.capacitance_F
    for precision, tolerance in (("float64", 1e-12), ("float32", 3e-6)):
        rate = DrivenCircuit(circuit, springs, TAU_S).rate(slice(0, len(u_V)), np.dtype(precision))
        u = np.ascontiguousarray(u_V.T).astype(precision)
        got = rate(u, np.empty_like(u)).T
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def check_small_signal(circuit, springs, u_V):
    """Its solution is Newton's step, or Euler's implicit one, where a symmetric form is claimed."""
    rate = DrivenCircuit(circuit, springs, TAU_S).rate(slice(0, 1))
    u = np.ascontiguousarray(u_V[:1].T)
    small, now = rate.linearised(u), rate(u, np.empty_like(u))
    if not small.symmetric[0]:
        assert (circuit.metric(u_V[:1]) < 0).any()
        return
    jacobian, _ = jacobian_of(circuit, springs, u_V[:1])
    current_A = circuit.current_A(u_V, springs)[0]
    free = np.ones(circuit.n_nodes, dtype=bool)
    free[springs.held_nodes] = False
    for time_tau in (np.inf, 0.7):
        step = small if np.isinf(time_tau) else small.over(np.array([time_tau]))
        exact_V = np.zeros(circuit.n_nodes)
        stiff = np.diag(circuit.capacitance_F / (time_tau * TAU_S)) - jacobian.T
        stiff = stiff[np.ix_(free, free)]
        exact_V[free] = np.linalg.solve(stiff, current_A[free])
        found_V, reduced = solved(circuit, step, now)
        # Rounding to float32, times the condition of a random network, whole or reduced.
        condition = max(reduced, np.linalg.cond(stiff))
        np.testing.assert_allclose(found_V, exact_V, atol=1e-6 * condition * np.abs(exact_V).max())
    power = small.power(now, now)
    assert (power < 0).all()


def solved(circuit, small, now):
    """Its step [V], (n,), by a dense solution, and the condition of its equations."""
    right = small.right_side(now).astype(np.float64)
    n_kept, n_even = len(right), circuit.layers.n_even
    assert n_kept == min(n_even, circuit.n_nodes - n_even)
    wide = small.equations.rows(np.zeros(n_kept, dtype=int))
    b = wide.product(np.eye(n_kept, dtype=np.float32)).astype(np.float64)
    np.testing.assert_allclose(b, b.T, atol=1e-6 * np.abs(b).max())
    y = np.linalg.solve(b, right).astype(np.float32)
    return small.step(now, y)[:, 0], np.linalg.cond(b)


def check_descent(circuit, springs, u_V):
    """Along a transient the co-content never rises, as long as the metric is not negative."""
    system, powers, metrics = DrivenCircuit(circuit, springs, TAU_S), [], []
    u_V = 0.3 * u_V
    for _ in range(20):
        powers.append(circuit.co_content_W(u_V, springs))
        metrics.append(circuit.metric(u_V).min(axis=1))
        u_V = settle(system, u_V, 0.1 * TAU_S, FINE).u_V
    descends = np.min(metrics, axis=0) >= 0
    assert descends.any()
    assert (np.diff(powers, axis=0)[:, descends] < 0).all()


def check_reading(circuit, u_V, reading_V):
    """What the law makes of a reading is the derivative of the co-content by every weight."""
    layers, unit = circuit.layers, circuit.amplifiers.unit_V
    found = circuit.law.contrast().derivative(reading_V / unit, layers)

    def mean_W(couplings=0.0, biases=0.0):
        moved = replace(
            circuit,
            couplings=Pairs(circuit.couplings.plus_S + couplings, circuit.couplings.minus_S),
            biases=Pairs(circuit.biases.plus_S + biases, circuit.biases.minus_S),
        )
        return moved.co_content_W(u_V).mean()

    # The co-content is linear in a conductance: one step is exact but for rounding.
    here_W, g = mean_W(), float(circuit.leak_S.mean())
    boxes = np.eye(found.coupling.size).reshape(-1, *found.coupling.shape)
    by_coupling = [(mean_W(g * box) - here_W) / g for box in boxes if (box * layers.present).any()]
    by_bias = [(mean_W(biases=g * node) - here_W) / g for node in np.eye(circuit.n_nodes)]
    wanted = [found.coupling[layers.present], found.bias]
    for got, want in zip((by_coupling, by_bias), wanted, strict=True):
        np.testing.assert_allclose(np.array(got) / unit**2, want, rtol=1e-6, atol=1e-9)
