"""u(t) after a finite settling time, by an `OdeSolver` that keeps no path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.integrate import BDF, DOP853, LSODA, RK23, RK45, OdeSolver, Radau

from neurosim.arrays import NUMPY, Arrays
from neurosim.solvers.etd import Controlled
from neurosim.solvers.field import field_of
from neurosim.solvers.krogstad import stepping
from neurosim.solvers.system import RateFunction

__all__ = ["REST", "Chunk", "Path", "RateOf", "Tolerances", "finish", "follow", "transient"]

Array = NDArray[np.float64]


class RateOf(Protocol):
    """Right-hand side for some rows of a block, computed in `dtype`."""

    def __call__(self, rows: NDArray[np.intp], dtype: DTypeLike = np.float64) -> RateFunction:
        """Right-hand side for `rows`."""


def arrays_of(rate_of: RateOf) -> Arrays:
    """Where a block is to be computed; by NumPy, if nothing else is said."""
    arrays: Arrays = getattr(rate_of, "arrays", NUMPY)
    return arrays


class Tolerances(NamedTuple):
    """How accurate a transient is; `atol` in unit voltages, `dtype` of ETD4 alone."""

    rtol: float
    atol: float
    dtype: np.dtype[np.floating]


# A settle takes some tens of steps; so many mean a right-hand side that is not smooth.
_MOST_STEPS = 50_000
# Share of the absolute tolerance that a row at rest may still move; steps between two looks.
REST = 0.1
_CHECK_EVERY = 8
# A row whose voltage exceeds this many unit voltages has left all bounds.
_BOUND = 1e6


@dataclass(frozen=True)
class Chunk:
    """What an engine returns for its rows; an infinite residual marks a row that diverged.

    `refused` marks rows of which the operating point could not be promised.
    """

    u_V: Array
    residual: Array
    n_evaluations: int
    n_steps: int
    refused: NDArray[np.bool_] | None = None


class _RowNorm:
    """Error norm of SciPy's explicit methods: the worst row's, not the mean over the batch."""

    n_rows = 1

    def _by_row(self, error: Array) -> Array:
        squares: Array = np.sum(error.reshape(-1, self.n_rows) ** 2, axis=0)
        return squares


class _RK45(_RowNorm, RK45):
    def _estimate_error_norm(self, K: Array, h: float, scale: Array) -> float:
        error = self._by_row(self._estimate_error(K, h) / scale)
        return float(np.sqrt(error.max() * self.n_rows / self.n))


class _RK23(_RowNorm, RK23):
    _estimate_error_norm = _RK45._estimate_error_norm


class _DOP853(_RowNorm, DOP853):
    def _estimate_error_norm(self, K: Array, h: float, scale: Array) -> float:
        e5 = self._by_row(np.dot(K.T, self.E5) / scale)
        e3 = self._by_row(np.dot(K.T, self.E3) / scale)
        weight = np.where(e5 + e3 == 0, 1.0, e5 + 0.01 * e3)
        return float(np.max(abs(h) * e5 / np.sqrt(weight * self.n / self.n_rows)))


_SOLVERS: dict[str, type[OdeSolver]] = {
    "RK23": _RK23,
    "RK45": _RK45,
    "DOP853": _DOP853,
    "Radau": Radau,
    "BDF": BDF,
    "LSODA": LSODA,
}


_IMPLICIT = ("Radau", "BDF", "LSODA")


class Path(NamedTuple):
    """Where a block (n, rows) came to, its residual (rows,), and what it cost."""

    u_V: Array
    residual: Array
    n_evaluations: int
    n_steps: int
    failed: bool


def follow(
    rate_of: RateOf, start_V: Array, span: float, tolerances: Tolerances, unit_V: float
) -> Path:
    """Integrate a block (n, rows) by ETD4 for `span`; rows that have come to rest leave it.

    A row rests when its speed, which must not have grown since the check before, would move it by
    less than `REST` of the absolute tolerance in all the time that is left. The block is made
    smaller when half of its rows do.
    """
    n_rows, (rtol, atol, dtype) = start_V.shape[1], tolerances
    arrays = arrays_of(rate_of)
    out, speed_V = start_V.astype(np.float64), np.zeros(n_rows)
    left, now, first_step, before = np.arange(n_rows), 0.0, None, np.zeros(n_rows)
    n_evaluations, n_steps = 0.0, 0
    # Where a block is whole, rows at rest stay in it: another shape would cost more.
    few = 1.0 if arrays.whole else 0.5
    while True:
        field = field_of(rate_of(left, dtype), dtype, arrays)
        unit = float(field.per_V.max() * unit_V)
        with stepping(field, np.take(out, left, axis=1)) as stepper:
            start = field.enter(np.take(start_V, left, axis=1))
            control = Controlled(stepper, now, span, rtol, atol * unit, start, first_step)
            rest, failed = np.zeros(len(left), dtype=bool), False
            while control.t < span and not failed and rest.sum() < few * len(left):
                n_steps += 1
                failed = not control.step() or n_steps > _MOST_STEPS
                failed = failed or not stepper.moved <= _BOUND * unit
                if n_steps % _CHECK_EVERY == 0:
                    speed = control.speed
                    rest = (speed * (span - control.t) < REST * atol * unit) & (speed <= before)
                    before = speed
            out[:, left] = field.leave(stepper.z)
            speed_V[left] = stepper.fastest_V()
            n_evaluations += stepper.evaluations * len(left) / n_rows
        left, before = left[~rest], before[~rest]
        now, first_step = control.t, control.h
        if failed or now >= span or not len(left):
            return Path(out, speed_V / unit_V, int(np.ceil(n_evaluations)), n_steps, failed)


def transient(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    method: str,
    tolerances: Tolerances,
    unit_V: float,
) -> Chunk:
    """Run a block of rows for `span` time constants.

    Memory does not grow with `span`: only the newest point is kept.
    """
    start = np.ascontiguousarray(u_V.T)
    with np.errstate(over="ignore", invalid="ignore"):
        if method == "ETD4":
            path = follow(rate_of, start, span, tolerances, unit_V)
        else:
            path = _by_scipy(rate_of, start, span, method, tolerances, unit_V)
    return _chunk(path, unit_V)


def _by_scipy(
    rate_of: RateOf,
    start: Array,
    span: float,
    method: str,
    tolerances: Tolerances,
    unit_V: float,
) -> Path:
    """Integrate a block (n, rows) by one of SciPy's solvers.

    Implicit ones form the Jacobian of all that they are given, and get a row at a time.
    """
    n_rows = start.shape[1]
    size = 1 if method in _IMPLICIT else n_rows
    paths = [
        _of_rows(rate_of, np.arange(k, k + size), start, span, method, tolerances, unit_V)
        for k in range(0, n_rows, size)
    ]
    return Path(
        np.hstack([path.u_V for path in paths]),
        np.concatenate([path.residual for path in paths]),
        int(np.ceil(np.mean([path.n_evaluations for path in paths]))),
        max(path.n_steps for path in paths),
        any(path.failed for path in paths),
    )


def _of_rows(
    rate_of: RateOf,
    rows: NDArray[np.intp],
    start: Array,
    span: float,
    method: str,
    tolerances: Tolerances,
    unit_V: float,
) -> Path:
    """These rows of a block (n, rows), all in one system of equations."""
    rate, start = rate_of(rows), start[:, rows]

    def fun(_t: float, y: Array) -> Array:
        return rate(y.reshape(start.shape), np.empty(start.shape)).ravel()

    solver: Any = _SOLVERS[method](
        fun, 0.0, start.ravel(), span, rtol=tolerances.rtol, atol=tolerances.atol * unit_V
    )
    if isinstance(solver, _RowNorm):
        solver.n_rows = len(rows)
    n_steps, failed = 0, False
    while solver.status == "running" and not failed:
        solver.step()
        n_steps += 1
        lost = np.abs(solver.y).max() > _BOUND * unit_V
        failed = solver.status == "failed" or lost or n_steps > _MOST_STEPS
    u_V = solver.y.reshape(start.shape)
    residual = np.abs(rate(u_V, np.empty_like(u_V))).max(axis=0) / unit_V
    if failed and method in _IMPLICIT:
        residual[:] = np.inf
    return Path(u_V, residual, solver.nfev + 1, n_steps, failed)


def finish(
    rate: RateFunction, u_V: Array, n_evaluations: int, n_steps: int, unit_V: float, failed: bool
) -> Chunk:
    """Result of a block (n, rows): residual of each row, infinite if it made the engine fail."""
    with np.errstate(over="ignore", invalid="ignore"):
        residual = np.abs(rate(u_V, np.empty_like(u_V))).max(axis=0) / unit_V
    return _chunk(Path(u_V, residual, n_evaluations + 1, n_steps, failed), unit_V)


def _chunk(path: Path, unit_V: float) -> Chunk:
    """Result of a path: an infinite residual for each row that made it fail."""
    u_V, residual = path.u_V, path.residual
    residual[~np.isfinite(residual)] = np.inf
    if path.failed:
        size = np.abs(u_V).max(axis=0) / unit_V
        bad = ~(size < _BOUND)
        if not (bad.any() or np.isinf(residual).any()):
            # None has left the bounds yet: the fastest row is what the step control gave up on.
            bad = residual >= 0.5 * residual.max()
        residual[bad] = np.inf
    here = np.ascontiguousarray(u_V.T, np.float64)
    return Chunk(here, residual, path.n_evaluations, path.n_steps)
