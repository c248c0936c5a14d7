"""A circuit linearised about a state, in the form that conjugate gradients can solve."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.reduced import Reduced

__all__ = ["Linearised"]

Single = NDArray[np.float32]


def _single(values: Array) -> Single:
    return values.astype(np.float32)


class Linearised:
    r"""Small-signal conductances of a block of rows, made symmetric by the metric.

    A small change du of the state moves each output by m w du, or over its share of the co-content
    where it has one (`Wired.shares`). With r the square root of the metric
    and s = r w for each output, Newton's step solves

    .. math:: B y = r I, \quad y = r\,du, \qquad
              B = \operatorname{diag}(d) - \textstyle\sum_k s^k\,dG\,s^k

    d is the conductance to ground and to the springs and the slope of a diode, less dw/du times the
    coupling current. B is symmetric, and positive definite where the state is stable: it is the
    second derivative of the co-content in other coordinates. What is solved is `Reduced`, without
    the nodes of every other layer. Where the metric is not 1, du = (I + w dG s y) / d, which stays
    accurate where r tends to zero, in saturated nodes. All arrays have shape (n_nodes, rows).

    Conductances are in units of the mean of D and y is in volts, in `float32`: Newton's method
    corrects its own rounding, for the rates that it makes vanish are computed in double precision.

    Parameters
    ----------
    circuit : Circuit
        With reciprocal couplings.
    springs : Springs
        Of the rows of this block.
    tau_s : float
        Unit of time of the rates.
    u_V : ndarray, shape (n_nodes, rows)
    injected_A : ndarray, shape (rows, n_nodes) or (n_outputs, rows, n_nodes), optional
        As of `Rate`.

    Attributes
    ----------
    symmetric : ndarray of bool, shape (rows,)
        Rows that have this form: those whose metric is at least 0 in every node.
    """

    def __init__(
        self,
        circuit: Circuit,
        springs: Springs,
        tau_s: float,
        u_V: Array,
        injected_A: Array | None = None,
    ) -> None:
        layers = circuit.layers
        self._odd, self._even = layers.odd, layers.even
        # The fewer; the others where there are none.
        odd_stay = 0 < layers.n_odd <= layers.n_even or not layers.n_even
        self._kept, self._gone = (layers.odd, layers.even)[:: 1 if odd_stay else -1]
        held = self._held = springs.held_nodes
        total_S = circuit.decay_S.copy()
        total_S[springs.at] += springs.soft_S
        # Oscillators have nothing to ground: the conductance of weight 1 stands for it.
        usual_S = circuit.leak_S if circuit.oscillating else total_S
        unit_S = usual_S.mean()
        scale = self._scale = _single(usual_S[:, None] / unit_S)
        ground = scale
        if circuit.oscillating:
            ground = np.zeros_like(scale)
            ground[held] = scale[held]
        self._per_rate = (circuit.capacitance_F / (tau_s * unit_S))[:, None]
        self._to_odd = _single(circuit.couplings.delta_S / unit_S)
        self._to_even = np.ascontiguousarray(self._to_odd.T)
        u: Any = _single(u_V)
        self._work = np.empty_like(u)
        self._find_metric(circuit, u, held)
        injected = None
        if injected_A is not None:
            every = injected_A.reshape(-1, *injected_A.shape[-2:])
            injected = _single(every.transpose(0, 2, 1) / unit_S)
        self._find_weights(circuit, u, ground, unit_S, injected)

    def _find_metric(self, circuit: Circuit, u: Any, held: NDArray[np.intp]) -> None:
        """Square root of the metric; None where it is 1."""
        self._r: Single | None = None
        self.symmetric = np.ones(u.shape[1], dtype=bool)
        if circuit.law.unit_metric:
            return
        metric = circuit.metric(u.T).T
        metric[held] = 0.0
        self.symmetric = np.asarray((metric >= 0).all(axis=0))
        self._r = _single(np.sqrt(np.maximum(metric, 0.0)))

    def _find_weights(
        self,
        circuit: Circuit,
        u: Any,
        ground: Single,
        unit_S: float,
        injected: Single | None,
    ) -> None:
        """Weights w of each output, None where all are 1; s = r w; and the diagonal d."""
        law, amplifiers, held = circuit.law, circuit.amplifiers, self._held
        self._w: list[Single] | None = None
        self._d, self._shares = ground, (1.0,) * law.n_outputs
        if circuit.shunts is not None:
            self._d = _single(ground + circuit.shunts.slope_S(u.T).T / unit_S)
        if law.unit_weights:
            one = np.ones_like(u)
            one[held] = 0.0
            self._s = [one if self._r is None else self._r] * law.n_outputs
            return
        outputs, weights = np.empty((2, law.n_outputs, *u.shape), np.float32)
        law.apply(amplifiers, u, self._work, outputs, weights)
        weights[:, held] = 0.0
        self._w = list(weights)
        self._s = self._w if self._r is None else [self._r * w for w in self._w]
        self._shares = circuit.shares
        bend: Any = np.zeros_like(u)
        fixed = _single(circuit.fixed_A[..., None] / unit_S)
        slopes, unit_V = law.weight_slopes_per_V(amplifiers, u.T), np.float32(amplifiers.unit_V)
        for k, (slope, y) in enumerate(zip(slopes, outputs, strict=True)):
            drive = self._couple(y)
            drive *= unit_V
            drive += fixed[k]
            if injected is not None and k < len(injected):
                drive += injected[k]
            bend = bend + slope.T * drive
        bend[held] = 0.0
        if circuit.locking is not None:
            bend = bend - _single(circuit.locking.slope_S(u.T).T / unit_S)
            bend[held] = 0.0
        self._d = _single(self._d - bend)

    @np.errstate(invalid="ignore")  # See `Reduced.product`.
    def _couple(self, v: Single) -> Single:
        out = np.empty_like(v)
        np.matmul(self._to_odd, v[self._even], out=out[self._odd])
        np.matmul(self._to_even, v[self._odd], out=out[self._even])
        return out

    def _through(self, y: Single, ends: list[Single] | None) -> Single:
        """Sum over the outputs of e dG s y, e at the receiving end: `ends`, or 1."""
        total: Single | None = None
        for k, s in enumerate(self._s):
            np.multiply(s, y, out=self._work)
            out = self._couple(self._work)
            if ends is not None:
                out *= ends[k]
            if self._shares[k] != 1:
                out /= np.float32(self._shares[k])
            total = out if total is None else total + out
        assert total is not None
        return total

    @cached_property
    def equations(self) -> Reduced:
        """What y of the nodes that are kept must obey."""
        matrices = self._to_odd, self._to_even
        to_kept, to_gone = matrices[:: 1 if self._kept == self._odd else -1]
        kept, gone, d = self._kept, self._gone, self._d
        shares = np.array(self._shares, np.float32)
        kept_ends = [s[kept] / share for s, share in zip(self._s, shares, strict=True)]
        gone_ends = [s[gone] for s in self._s]
        return Reduced(to_kept, to_gone, kept_ends, gone_ends, d[kept], d[gone], self._scale[kept])

    def over(self, time_tau: Array) -> Linearised:
        """Of Euler's implicit step over these times, (rows,), instead of Newton's."""
        step = copy(self)
        step.__dict__.pop("equations", None)
        step._d = _single(self._d + self._per_rate / time_tau)
        return step

    def _current(self, rate: Array) -> Single:
        current = _single(rate * self._per_rate)
        return current if self._r is None else self._r * current

    def right_side(self, rate: Array) -> Single:
        """Of `equations`, for Newton's step from a state that moves with `rate`."""
        b = self._current(rate)
        return self.equations.right_side(b[self._kept], b[self._gone])

    def step(self, rate: Array, x: Single) -> Array:
        """Newton's step du [V], of all nodes, from the solution of `equations`."""
        every: Single = np.empty_like(self._work)
        every[self._kept] = self.equations.kept(x)
        every[self._gone] = self.equations.others(self._current(rate)[self._gone], x)
        if self._r is None:
            return np.asarray(every, np.float64)
        change: Array = (rate * self._per_rate + self._through(every, self._w)) / self._d
        change[self._held] = 0.0
        return change

    def power(self, rate: Array, change_V: Array) -> Array:
        """Rate of the co-content along `change_V`, -m I du, up to one positive factor a row."""
        metric = 1.0 if self._r is None else self._r**2
        power: Array = -np.einsum("ij,ij->j", metric * (rate * self._per_rate), change_V)
        return power
