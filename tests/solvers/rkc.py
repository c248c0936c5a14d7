r"""Runge-Kutta-Chebyshev: an explicit method whose reach on the negative real axis is quadratic.

With the Chebyshev polynomials T_j, :math:`w_0 = 1 + \varepsilon / s^2` and
:math:`w_1 = T'_s(w_0) / T''_s(w_0)`, a step of s stages has the stability polynomial

.. math::
    R(z) = a_s + b_s T_s(w_0 + w_1 z), \qquad
    b_j = \frac{T''_j(w_0)}{T'_j(w_0)^2}, \quad a_j = 1 - b_j T_j(w_0),

bounded by one on :math:`[-\beta(s), 0]`, :math:`\beta(s) = (w_0 + 1) / w_1 \approx
0.653\,(s^2 - 1)`: a stiffness 100 times larger costs 10 times more evaluations, and no linear
system is solved. Made for nearly symmetric Jacobians; an oscillating system is stable only in a
narrow strip. After Sommeijer, Shampine and Verwer, J. Comput. Appl. Math. 88, 315 (1998), with
their damping :math:`\varepsilon = 2/13`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DenseOutput, OdeSolver

from neurosim.solvers import Chunk, Engine, Noise, RateOf, System, finish
from neurosim.solvers.etd import HermiteOutput
from neurosim.solvers.krogstad import worst_row_norm

__all__ = ["RKC", "Chebyshev", "stability_bound"]

Array = NDArray[np.float64]

_DAMPING = 2 / 13
_SAFETY, _SHRINK, _GROW = 0.8, 0.1, 10.0
_ROUNDING = float(np.finfo(float).eps)
# The radius: steps between estimates, its margin, and when the iteration stops or is given up.
_EVERY, _MARGIN, _CONVERGED, _MOST_ITERATIONS = 25, 1.2, 0.01, 50


def _chebyshev_ratio(s: int) -> tuple[float, float]:
    """w_0 and w_1 = T'_s(w_0) / T''_s(w_0), by T_s(cosh x) = cosh(s x)."""
    above = _DAMPING / s**2
    sinh_x = math.sqrt(above * (2 + above))
    tanh_sx = math.tanh(s * math.asinh(sinh_x))
    return 1 + above, tanh_sx * sinh_x**2 / (s * sinh_x - (1 + above) * tanh_sx)


def stability_bound(s: int) -> float:
    """beta(s): an s-stage step is stable where h times the spectral radius is at most this.

    Examples
    --------
    >>> [round(stability_bound(s), 2) for s in (2, 10, 100)]
    [1.96, 64.69, 6533.15]
    """
    w0, w1 = _chebyshev_ratio(s)
    return (w0 + 1) / w1


@lru_cache(maxsize=256)
def _coefficients(s: int) -> list[tuple[float, float, float, float, float]]:
    """(c, mu, nu, mu~, gamma~) of the stages 1 to s; c is the stage's time within the step."""
    w0, w1 = _chebyshev_ratio(s)
    t, dt, ddt = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for j in range(2, s + 1):
        t.append(2 * w0 * t[-1] - t[-2])
        dt.append(2 * t[j - 1] + 2 * w0 * dt[-1] - dt[-2])
        ddt.append(4 * dt[j - 1] + 2 * w0 * ddt[-1] - ddt[-2])
    b = [ddt[max(j, 2)] / dt[max(j, 2)] ** 2 for j in range(s + 1)]
    stages = [(w1 * ddt[2] / dt[2] ** 2, 0.0, 0.0, b[1] * w1, 0.0)]
    for j in range(2, s + 1):
        c, mu, a = w1 * ddt[j] / dt[j], 2 * b[j] / b[j - 1], 1 - b[j - 1] * t[j - 1]
        stages.append((c, mu * w0, -b[j] / b[j - 2], mu * w1, -a * mu * w1))
    return stages


def _rms(u: Array) -> Array:
    """Root-mean-square of each row, shape (rows,), of an array of shape (n, rows)."""
    rms: Array = np.sqrt(np.einsum("ij,ij->j", u, u) / len(u))
    return rms


class RKC(OdeSolver):
    r"""Adaptive second-order solver for mildly stiff gradient flows; works under `solve_ivp`.

    From :math:`Y_0 = y_n` and :math:`Y_1 = Y_0 + \tilde\mu_1 h F_0` on,

    .. math::
        Y_j = (1 - \mu_j - \nu_j) Y_0 + \mu_j Y_{j-1} + \nu_j Y_{j-2}
              + \tilde\mu_j h F_{j-1} + \tilde\gamma_j h F_0,

    and :math:`y_{n+1} = Y_s`. The error :math:`0.8 (y_n - y_{n+1}) + 0.4 h (F_n + F_{n+1})`, by the
    largest root-mean-square of any row, sets the step; then the spectral radius sets the stages.

    Parameters
    ----------
    fun, t0, y0, t_bound, rtol, atol, max_step, first_step
        As in every SciPy solver; `y` is an array of shape (n, rows), flattened.
    rows : int
        Number of equal systems of n nodes in `y`.
    rate : callable, optional
        du/dt(u, out) for arrays of shape (n, rows), autonomous; by default `fun` is used.
    relative_to_start : bool
        Let `rtol` refer to how far (root-mean-square) the row has moved from y0, as in `ETD4`.
    spectral_radius : float, optional
        Of the Jacobian of any row at any time, or more. By default estimated by a power iteration
        every 25 steps and after rejected steps.
    """

    t: float
    y: Array

    def __init__(
        self,
        fun: Callable[[float, Array], Array],
        t0: float,
        y0: Array,
        t_bound: float,
        *,
        rows: int = 1,
        rate: Callable[[Array, Array], Array] | None = None,
        rtol: float = 1e-3,
        atol: float = 1e-6,
        max_step: float = np.inf,
        first_step: float | None = None,
        relative_to_start: bool = False,
        spectral_radius: float | None = None,
        vectorized: bool = False,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, vectorized, support_complex=False)
        if t_bound < t0:
            raise ValueError("RKC integrates forward only, but t_bound lies before t0.")
        self._shape = (self.n // rows, rows)
        self._rate, self._max_step = rate, max_step
        self._rtol, self._atol = rtol, atol
        # Rounding grows with s^2 within a step, which limits s and thereby h times the radius.
        self._reach = stability_bound(max(2, round(math.sqrt(rtol / (10 * _ROUNDING)))))
        self._start = self.y.reshape(self._shape).copy() if relative_to_start else None
        self._f, self._f_new = np.empty(self._shape), np.empty(self._shape)
        self._work = [np.empty(self._shape) for _ in range(4)]
        # Random: a part of every eigenvector; a smooth f(y0) may lack the fastest.
        self._direction = np.random.default_rng(0).standard_normal(self._shape)
        self._radius, self._age = spectral_radius or 0.0, -math.inf
        self._last: tuple[float, float] | None = None
        self._evaluate(t0, self.y.reshape(self._shape), self._f)
        if spectral_radius is None:
            self._estimate_radius()
        self.h_abs = first_step or (1 / self._radius if self._radius > 0 else np.inf)

    def _evaluate(self, t: float, u: Array, out: Array) -> None:
        if self._rate is None:
            out[...] = self.fun(t, u.ravel()).reshape(self._shape)
        else:
            self._rate(u, out)
            self.nfev += 1

    def _estimate_radius(self) -> None:
        """Power iteration in every row at once, by differences of f around the newest point."""
        u, v = self.y.reshape(self._shape), self._direction
        moved, slope = self._work[:2]
        delta = math.sqrt(_ROUNDING) * np.maximum(_rms(u), self._atol / self._rtol)
        last = radius = 0.0
        for _ in range(_MOST_ITERATIONS):
            v *= delta / _rms(v)
            np.add(u, v, out=moved)
            self._evaluate(self.t, moved, slope)
            slope -= self._f
            size = _rms(slope)
            last, radius = radius, float((size / delta).max())
            if not abs(radius - last) > _CONVERGED * radius:
                break
            np.copyto(v, slope, where=size > 0)
        radius = radius if math.isfinite(radius) else last
        self._radius, self._age = _MARGIN * radius or self._radius, 0.0

    def _choose(self) -> tuple[float, float, int]:
        """The step, where it ends (at the bound rather than just before it), and its stages."""
        h = min(self.h_abs, self._max_step, self._reach / max(self._radius, 1e-300))
        t_new, remaining = self.t + h, self.t_bound - self.t
        if h >= remaining * (1 - 1e-9):
            h, t_new = remaining, self.t_bound
        s = max(2, int(math.sqrt(1 + h * self._radius / 0.67)))
        while stability_bound(s) < h * self._radius:
            s += 1
        return h, t_new, s

    def _try_step(self, h: float, t_new: float, s: int) -> tuple[Array, float]:
        """The stages, as distances Y_j - Y_0; the new state and the norm of its error."""
        u, (d, d_last, f, work) = self.y.reshape(self._shape), self._work
        (c, _, _, mu_f, _), *stages = _coefficients(s)
        np.multiply(self._f, mu_f * h, out=d)
        d_last.fill(0.0)
        for c_next, mu, nu, mu_f, gamma in stages:
            np.add(u, d, out=work)
            self._evaluate(self.t + c * h, work, f)
            f *= mu_f * h
            d_last *= nu
            d_last += f
            d_last += np.multiply(d, mu, out=work)
            d_last += np.multiply(self._f, gamma * h, out=work)
            d, d_last, c = d_last, d, c_next
        new = u + d
        self._evaluate(t_new, new, self._f_new)
        np.add(self._f, self._f_new, out=f)
        f *= 0.4 * h
        f -= np.multiply(d, 0.8, out=work)
        scale = (self._start, self._rtol, self._atol)
        return new, float(worst_row_norm(f, new, *scale, work)[0])

    def _step_impl(self) -> tuple[bool, str | None]:
        rejected = False
        with np.errstate(over="ignore", invalid="ignore"):
            while True:
                if self._age >= (1 if rejected else _EVERY):
                    self._estimate_radius()
                h, t_new, s = self._choose()
                if h < 10 * np.spacing(self.t):
                    return False, self.TOO_SMALL_STEP
                new, norm = self._try_step(h, t_new, s)
                if norm <= 1:
                    break
                rejected = True
                shrink = _SAFETY * norm ** (-1 / 3) if math.isfinite(norm) else 0.0
                self.h_abs = h * max(_SHRINK, shrink)
        self._set_next_step(h, max(norm, 1e-10), rejected)
        self._age += 1
        self._f, self._f_new = self._f_new, self._f
        self._y_old, self.t, self.y = self.y, t_new, new.ravel()
        return True, None

    def _set_next_step(self, h: float, norm: float, rejected: bool) -> None:
        """Predictive control: the error's trend over the last two steps goes on."""
        grow = _SAFETY * norm ** (-1 / 3)
        if self._last is not None:
            h_last, norm_last = self._last
            grow *= h / h_last * (norm_last / norm) ** (1 / 3)
        self.h_abs = h * max(_SHRINK, min(1.0 if rejected else _GROW, grow))
        self._last = h, norm

    def _dense_output_impl(self) -> DenseOutput:
        slopes = [self._f_new.ravel(), self._f.ravel()]  # `_f_new` holds the old one by now.
        return HermiteOutput([self.t_old, self.t], [self._y_old, self.y], slopes)


@dataclass(frozen=True)
class Chebyshev:
    """`RKC` as an engine: it shares no formula with ETD4, and checks it.

    Parameters
    ----------
    rtol, atol : float
        `atol` in unit voltages.
    """

    rtol: float = 1e-3
    atol: float = 1e-5
    noise_step_tau = None

    @property
    def along_the_way(self) -> Engine:
        return self

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        rate, start = rate_of(np.arange(len(u_V))), np.ascontiguousarray(u_V.T)
        solver = RKC(
            lambda _t, y: y, 0.0, start.ravel(), span, rows=len(u_V), rate=rate, rtol=self.rtol,
            atol=self.atol * system.unit_V, relative_to_start=True,
        )  # fmt: skip
        n_steps = 0
        while solver.status == "running":
            solver.step()
            n_steps += 1
        end, failed = solver.y.reshape(start.shape), solver.status == "failed"
        return finish(rate, end, solver.nfev, n_steps, system.unit_V, failed)
