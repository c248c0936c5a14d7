"""Krogstad's step under control of its error, and the same as a solver of SciPy's."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.integrate import DenseOutput, OdeSolver
from scipy.interpolate import CubicHermiteSpline

from neurosim.arrays import NUMPY, namespace_of
from neurosim.solvers.krogstad import Judge, Stepper

__all__ = ["ETD4", "Controlled", "HermiteOutput"]

Array = NDArray[np.float64]

_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 4.0


class Controlled:
    """Steps as long as the tolerances allow; the norm is the worst row's, see `worst_row_norm`.

    Parameters
    ----------
    stepper : Stepper
    t, bound : float
        Where it begins, and where it is to end.
    rtol, atol : float
        Tolerances of a step, `atol` in units of z.
    start : array, shape (n, rows), optional
        Let `rtol` refer to how far (root-mean-square) a row has moved from here, not to its value.
        A nudge that moves a row by 1e-3 is then followed as accurately, relatively, as the large
        movement before it.
    first_step, max_step : float, optional

    Attributes
    ----------
    t : float
    h : float
        Length that the next step will try.
    """

    def __init__(
        self,
        stepper: Stepper,
        t: float,
        bound: float,
        rtol: float,
        atol: float,
        start: Any | None = None,
        first_step: float | None = None,
        max_step: float = np.inf,
    ) -> None:
        self.stepper, self.t, self._bound = stepper, t, bound
        self._judge = Judge(None if start is None else stepper.keep(start), rtol, atol)
        self._max_step = max_step
        self.h = first_step or self._first_step(atol)

    @property
    def speed(self) -> Array:
        """Largest rate of any node in each row, shape (rows,), in units of z."""
        rate = self.stepper.rate()
        xp = namespace_of(rate)
        return self.stepper.field.arrays.get(xp.amax(xp.abs(rate), 0))

    def _first_step(self, atol: float) -> float:
        """Time in which the fastest coupling would move its node by a tenth of the state's size."""
        z, rate = self.stepper.z, float(self.speed.max())
        size = max(float(namespace_of(z).abs(z).max()), atol)
        return 0.1 * min(size / rate if rate > 0 else 1.0, 1.0)

    def _clip_to_bound(self, h: float) -> tuple[float, float]:
        """Step that does not pass the bound nor leave a crumb before it, and where it ends."""
        remaining = self._bound - self.t
        if h >= remaining * (1 - 1e-9):
            return remaining, self._bound
        return h, self.t + h

    def step(self, before: Callable[[float, float], None] | None = None) -> bool:
        """Take one step; False where none is small enough.

        `before`, if given, is told where each attempt begins and how long it is.
        """
        rejected = False
        while True:
            h, t_new = self._clip_to_bound(min(self.h, self._max_step))
            if h < 10 * np.spacing(self.t):
                return False
            if before is not None:
                before(self.t, h)
            self.stepper.attempt(h, judge=self._judge)
            norm = self.stepper.norm
            if norm <= 1:
                break
            rejected = True
            shrink = _SAFETY * norm**-0.25 if np.isfinite(norm) else 0.0
            self.h = h * max(_SHRINK, shrink)
        grow = min(_GROW, _SAFETY * norm**-0.25) if norm > 0 else _GROW
        self.h = h * (min(1.0, grow) if rejected else grow)
        self.stepper.accept()
        self.t = t_new
        return True


class _TimedField:
    """A SciPy function of time as a field: the stages of a step are asked for in order."""

    def __init__(
        self, fun: Callable[[float, Array], Array], decay: Array, dtype: DTypeLike, t: float
    ) -> None:
        self.arrays, self.dtype = NUMPY, np.dtype(dtype)
        self.decay, self.per_V, self.likeness = decay, np.ones(len(decay)), None
        self.known: dict[Hashable, Any] = {}
        self._fun, self._times = fun, [t]

    def begin(self, t: float, h: float) -> None:
        """A step begins."""
        self._times = [t + h, t + h, t + h / 2, t + h / 2]

    def detach(self) -> None:
        """There is nothing to do."""

    def load(self, other: Any) -> None:
        """There is no other."""

    def enter(self, u_V: Array) -> Array:
        """As it is."""
        return u_V

    def leave(self, z: Array) -> Array:
        """As it is."""
        return z

    def nonlinear(self, z: Array, out: Array, spare: bool) -> None:
        """See `Field.nonlinear`."""
        del spare
        out[...] = self._fun(self._times.pop(), z.ravel()).reshape(z.shape)
        out += self.decay[:, None] * z


class ETD4(OdeSolver):
    """Adaptive exponential solver of order 4 for a diagonal stiff part; works under `solve_ivp`.

    Parameters
    ----------
    fun, t0, y0, t_bound, rtol, atol, max_step, first_step
        As in every SciPy solver; `y` holds `rows` equal systems of n nodes, an array of shape
        (n, rows), flattened.
    decay : array_like, shape (n,) or scalar
        gamma of one system, at least 0.
    rows : int
        Number of systems in `y`.
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
        decay: Array | float = 0.0,
        rows: int = 1,
        rtol: float = 1e-3,
        atol: float = 1e-6,
        max_step: float = np.inf,
        first_step: float | None = None,
        vectorized: bool = False,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, vectorized, support_complex=False)
        if t_bound < t0:
            raise ValueError("ETD integrates forward only, but t_bound lies before t0.")
        shape = self.n // rows, rows
        self._decay = np.broadcast_to(np.asarray(decay, dtype=float), shape[:1])
        self._timed = _TimedField(self.fun, self._decay, np.float64, t0)
        stepper = Stepper(self._timed, self.y.reshape(shape).copy())
        self._controlled = Controlled(stepper, t0, t_bound, rtol, atol, None, first_step, max_step)
        self._rate = stepper.rate().flatten()

    def _step_impl(self) -> tuple[bool, str | None]:
        controlled = self._controlled
        self._y_old, self._rate_old = self.y, self._rate
        if not controlled.step(self._timed.begin):
            return False, self.TOO_SMALL_STEP
        stepper = controlled.stepper
        self.t = controlled.t
        self.y, self._rate = stepper.z.flatten(), stepper.rate().flatten()
        return True, None

    def _dense_output_impl(self) -> DenseOutput:
        return HermiteOutput(
            [self.t_old, self.t], [self._y_old, self.y], [self._rate_old, self._rate]
        )


class HermiteOutput(DenseOutput):
    """Cubic through both ends of a step with their slopes."""

    def __init__(self, t: list[float], y: list[Array], rate: list[Array]) -> None:
        super().__init__(*t)
        self._cubic = CubicHermiteSpline(t, y, rate)

    def _call_impl(self, t: Array) -> Array:
        y: Array = self._cubic(t).T
        return y
