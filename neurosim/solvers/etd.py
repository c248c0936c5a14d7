r"""Exponential time differencing: the leak and the springs exactly, the couplings by Runge-Kutta.

Both solvers are for :math:`\dot u = N(u) - \gamma u\;(+\,b\,\dot W)` with a diagonal
:math:`\gamma \ge 0`. The springs make an explicit method take steps of a few 1/gamma however calm
the circuit is; here the step is set by the couplings alone. With

.. math::
    \varphi_0(z) = e^z, \qquad \varphi_{k+1}(z) = \frac{\varphi_k(z) - 1/k!}{z}

`ETD4` is the fourth-order scheme of Krogstad (J. Comput. Phys. 203, 72 (2005), eq. 51) and `ETD2`
the second-order scheme of Cox and Matthews (J. Comput. Phys. 176, 430 (2002), eq. 22) with an
additive noise: strong order 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.integrate import DenseOutput, OdeSolver
from scipy.interpolate import CubicHermiteSpline

from neurosim.solvers.brownian import NoisePath

__all__ = ["ETD2", "ETD4", "HermiteOutput", "phi_functions", "worst_row_norm"]

Array = NDArray[np.float64]

_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 4.0


@cache
def _series(order: int) -> Array:
    """Coefficients 1 / (j + k)! of z^j in phi_k, shape (16, order)."""
    return np.array([[1 / math.factorial(j + k) for k in range(1, order + 1)] for j in range(16)])


def phi_functions(z: Array, order: int) -> list[Array]:
    """phi_0(z), ..., phi_order(z) for z <= 0, accurate down to z = 0.

    Examples
    --------
    >>> [float(p) for p in phi_functions(np.zeros(()), 2)]
    [1.0, 1.0, 0.5]
    """
    small = np.abs(z) < 0.5
    # Downward recursion cancels for small z, where 16 terms of the series reach 1e-17.
    safe = np.where(small, -1.0, z)
    phis = [np.exp(z)]
    recursion = np.exp(safe)
    powers = np.vander(np.where(small, z, 0.0).ravel(), 16, increasing=True)
    series = (powers @ _series(order)).reshape(*z.shape, order)
    for k in range(1, order + 1):
        recursion = (recursion - 1 / math.factorial(k - 1)) / safe
        phis.append(np.where(small, series[..., k - 1], recursion))
    return phis


def worst_row_norm(
    error: Array, u: Array, start: Array | None, rtol: float, atol: float, work: Array
) -> float:
    """Largest root-mean-square of a row's error over its tolerance; all arrays (n, rows).

    The tolerance is atol + rtol |u| for each node or, with a `start`, atol + rtol times how far
    (root-mean-square) the row has moved from there. `work` is overwritten.
    """
    if start is None:
        np.abs(u, out=work)
        work *= rtol
        work += atol
        np.divide(error, work, out=work)
        worst = np.einsum("ij,ij->j", work, work).max()
    else:
        np.subtract(u, start, out=work)
        moved = np.sqrt(np.einsum("ij,ij->j", work, work) / len(work))
        size = np.einsum("ij,ij->j", error, error)
        worst = np.max(size / (atol + rtol * moved) ** 2)
    return float(np.sqrt(worst / len(error)))


class _Exponential(OdeSolver):
    """What both solvers share: N and gamma, coefficients of the newest step, dense output."""

    t: float
    y: Array

    def __init__(
        self,
        fun: Callable[[float, Array], Array],
        t0: float,
        y0: Array,
        t_bound: float,
        decay: Array | float,
        rows: int,
        nonlinear: Callable[[Array, Array], Array] | None,
        vectorized: bool,
        dtype: DTypeLike,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, vectorized, support_complex=False)
        self.y = self.y.astype(dtype, copy=False)
        if t_bound < t0:
            raise ValueError("ETD integrates forward only, but t_bound lies before t0.")
        self._shape = (self.n // rows, rows)
        decay = np.broadcast_to(np.asarray(decay, dtype=float), self._shape[:1])
        self._decay = decay[:, None]
        self._nonlinear = nonlinear
        self._n, self._n_old = np.empty(self._shape, dtype), np.empty(self._shape, dtype)
        self._evaluate(t0, self.y.reshape(self._shape), self._n)

    def _evaluate(self, t: float, u: Array, out: Array) -> None:
        if self._nonlinear is not None:
            self._nonlinear(u, out)
            self.nfev += 1
        else:
            out[...] = self.fun(t, u.ravel()).reshape(self._shape)
            out += self._decay * u

    def _cast(self, *coefficients: Array) -> tuple[Array, ...]:
        """Coefficients in the precision of the state."""
        return tuple(c.astype(self._n.dtype, copy=False) for c in coefficients)

    def _clip_to_bound(self, h: float) -> tuple[float, float]:
        """Step that does not pass the bound nor leave a crumb before it, and where it ends."""
        remaining = self.t_bound - self.t
        if h >= remaining * (1 - 1e-9):
            return remaining, self.t_bound
        return h, self.t + h

    def _dense_output_impl(self) -> DenseOutput:
        decay = np.broadcast_to(self._decay, self._shape).ravel()
        ends = ((self._n_old, self._y_old), (self._n, self.y))
        return HermiteOutput(
            [self.t_old, self.t],
            [self._y_old, self.y],
            [n.ravel() - decay * y for n, y in ends],
        )


class ETD4(_Exponential):
    r"""Adaptive fourth-order solver for a diagonal stiff part; works under `solve_ivp`.

    The error of a step is :math:`h (4\varphi_3 - \varphi_2)(N_4 - N_5)`, with N_4 the last stage
    and N_5 = N at the new point: the distance to a third-order solution, at no extra evaluation.
    The norm is the largest root-mean-square of any row, never an average over unrelated rows.

    Parameters
    ----------
    fun, t0, y0, t_bound, rtol, atol, max_step, first_step
        As in every SciPy solver; `y` holds `rows` equal systems of n nodes, an array of shape
        (n, rows), flattened.
    decay : array_like, shape (n,) or scalar
        gamma of one system, at least 0.
    rows : int
        Number of systems in `y`.
    nonlinear : callable, optional
        N(u, out) for arrays of shape (n, rows); by default ``fun(t, y) + decay * y``.
    start : ndarray, shape (n, rows), optional
        Let `rtol` refer to how far (root-mean-square) a row has moved from here, not to its value.
        A nudge that moves a row by 1e-3 is then followed as accurately, relatively, as the large
        movement before it.
    dtype : dtype
        Of the state and of every stage.
    """

    def __init__(
        self,
        fun: Callable[[float, Array], Array],
        t0: float,
        y0: Array,
        t_bound: float,
        *,
        decay: Array | float = 0.0,
        rows: int = 1,
        nonlinear: Callable[[Array, Array], Array] | None = None,
        rtol: float = 1e-3,
        atol: float = 1e-6,
        max_step: float = np.inf,
        first_step: float | None = None,
        start: Array | None = None,
        vectorized: bool = False,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, decay, rows, nonlinear, vectorized, dtype)
        self._rtol, self._atol, self._max_step = rtol, atol, max_step
        self._start = None if start is None else start.astype(dtype)
        self._stages = [np.empty_like(self._n) for _ in range(5)]
        self.h_abs = first_step or self._first_step()
        self._h_of_coefficients = math.nan

    @property
    def speed(self) -> Array:
        """Largest rate of any node in each row, shape (rows,)."""
        u = self.y.reshape(self._shape)
        speed: Array = np.abs(self._n - self._decay * u).max(axis=0)
        return speed

    def _first_step(self) -> float:
        """Time in which the fastest coupling would move its node by a tenth of the state's size."""
        u, rate = self.y, float(self.speed.max())
        size = max(float(np.abs(u).max()), self._atol)
        return 0.1 * min(size / rate if rate > 0 else 1.0, 1.0)

    def _prepare(self, h: float) -> None:
        if h == self._h_of_coefficients:
            return
        e, p1, p2, p3 = phi_functions(-self._decay * h, 3)
        e_half, q1, q2 = phi_functions(-self._decay * h / 2, 2)
        self._half = self._cast(e_half, q1 * (h / 2), q2 * h)
        self._full = self._cast(e, p1 * h, p2 * h, (4 * p3 - p2) * h)
        self._h_of_coefficients = h

    def _try_step(self, h: float, t_new: float) -> tuple[Array, float]:
        """Krogstad's four stages; the new state and the norm of its error."""
        u, n1 = self.y.reshape(self._shape), self._n
        n2, n3, n4, a, work = self._stages
        (e_half, q1, q2), (e, p1, p2, w) = self._half, self._full
        t_half = self.t + h / 2
        np.multiply(u, e_half, out=a)
        np.multiply(n1, q1, out=work)
        a += work
        self._evaluate(t_half, a, n2)
        np.subtract(n2, n1, out=work)
        work *= q2
        a += work
        self._evaluate(t_half, a, n3)
        new = u * e
        np.multiply(n1, p1, out=work)
        new += work
        np.subtract(n3, n1, out=work)
        work *= p2
        work *= 2
        new += work
        self._evaluate(t_new, new, n4)
        # u_new - new = w (N1 - N2 - N3 + N4) + h phi_2 (N2 - N3)
        np.subtract(n2, n3, out=a)
        a *= p2
        new += a
        np.add(n2, n3, out=a)
        np.subtract(n1, a, out=a)
        a += n4
        a *= w
        new += a
        self._evaluate(t_new, new, self._n_old)
        np.subtract(n4, self._n_old, out=a)
        a *= w
        scale = (self._start, self._rtol, self._atol)
        return new, worst_row_norm(a, new, *scale, work)

    def _step_impl(self) -> tuple[bool, str | None]:
        rejected = False
        while True:
            h, t_new = self._clip_to_bound(min(self.h_abs, self._max_step))
            if h < 10 * np.spacing(self.t):
                return False, self.TOO_SMALL_STEP
            self._prepare(h)
            new, norm = self._try_step(h, t_new)
            if norm <= 1:
                break
            rejected = True
            shrink = _SAFETY * norm**-0.25 if np.isfinite(norm) else 0.0
            self.h_abs = h * max(_SHRINK, shrink)
        grow = min(_GROW, _SAFETY * norm**-0.25) if norm > 0 else _GROW
        self.h_abs = h * (min(1.0, grow) if rejected else grow)
        self._n, self._n_old = self._n_old, self._n
        self._y_old, self.t, self.y = self.y, t_new, new.ravel()
        return True, None


class ETD2(_Exponential):
    r"""Fixed-step second-order solver with additive noise; strong order 1.

    .. math::
        a &= e^{-\gamma h} u + h\,\varphi_1 N(u) + \xi, \qquad
        \xi = b \int e^{-\gamma (t + h - s)} dW_s \\
        u_+ &= a + h\,\varphi_2 \bigl(N(a) - N(u)\bigr)

    Parameters
    ----------
    fun, t0, y0, t_bound
        As in every SciPy solver; `y` holds `rows` equal systems of n nodes, an array of shape
        (n, rows), flattened.
    step : float
        Step; the last one is shortened to end at `t_bound`.
    decay, rows, nonlinear, dtype
        As for `ETD4`.
    path : NoisePath, optional
        Source of the increments xi; without it there is no noise.
    """

    def __init__(
        self,
        fun: Callable[[float, Array], Array],
        t0: float,
        y0: Array,
        t_bound: float,
        *,
        step: float,
        decay: Array | float = 0.0,
        rows: int = 1,
        nonlinear: Callable[[Array, Array], Array] | None = None,
        path: NoisePath | None = None,
        vectorized: bool = False,
        dtype: DTypeLike = np.float64,
        **_tolerances: Any,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, decay, rows, nonlinear, vectorized, dtype)
        self._step, self._path = step, path
        self._work = np.empty_like(self._n)
        self._h_of_coefficients = math.nan

    def _step_impl(self) -> tuple[bool, str | None]:
        h, t_new = self._clip_to_bound(self._step)
        if h != self._h_of_coefficients:
            e, p1, p2 = phi_functions(-self._decay * h, 2)
            self._coefficients = self._cast(e, p1 * h, p2 * h)
            self._h_of_coefficients = h
        e, p1, p2 = self._coefficients
        work, new = self._work, self.y.reshape(self._shape) * e
        np.multiply(self._n, p1, out=work)
        new += work
        if self._path is not None:
            new += self._path.increment(h)
        self._evaluate(t_new, new, work)
        work -= self._n
        work *= p2
        new += work
        self._n, self._n_old = self._n_old, self._n
        self._evaluate(t_new, new, self._n)
        self._y_old, self.t, self.y = self.y, t_new, new.ravel()
        return True, None


class HermiteOutput(DenseOutput):
    """Cubic through both ends of a step with their slopes."""

    def __init__(self, t: list[float], y: list[Array], rate: list[Array]) -> None:
        super().__init__(*t)
        self._cubic = CubicHermiteSpline(t, y, rate)

    def _call_impl(self, t: Array) -> Array:
        y: Array = self._cubic(t).T
        return y
