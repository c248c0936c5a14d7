"""The transient engine: u(t) after a finite settling time, by an `OdeSolver` that keeps no path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import BDF, DOP853, LSODA, RK23, RK45, OdeSolver, Radau

from neurosim.solvers.etd import ETD4
from neurosim.solvers.flicker import Noise
from neurosim.solvers.rkc import RKC
from neurosim.solvers.settings import Settling
from neurosim.solvers.system import RateFunction, System

__all__ = ["Chunk", "RateOf", "finish", "transient"]

Array = NDArray[np.float64]
RateOf = Callable[[NDArray[np.intp]], RateFunction]

# A settle takes some tens of steps; so many mean a right-hand side that is not smooth.
_MOST_STEPS = 50_000
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
        return np.sum(error.reshape(-1, self.n_rows) ** 2, axis=0)


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


def transient(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    settings: Settling,
    system: System,
    noise: Noise | None = None,
) -> Chunk:
    """Run a block of rows for `span` time constants.

    Memory does not grow with `span`: only the newest point is kept.
    """
    del noise
    rate = rate_of(np.arange(len(u_V)))
    start, atol = np.ascontiguousarray(u_V.T), settings.atol * system.unit_V

    def fun(_t: float, y: Array) -> Array:
        return rate(y.reshape(start.shape), np.empty(start.shape)).ravel()

    with np.errstate(over="ignore", invalid="ignore"):
        if settings.method == "ETD4":
            solver: OdeSolver = ETD4(
                fun,
                0.0,
                start.ravel(),
                span,
                decay=rate.decay,
                rows=len(u_V),
                nonlinear=rate.nonlinear,
                rtol=settings.rtol,
                atol=atol,
                relative_to_start=True,
            )
        elif settings.method == "RKC":
            solver = RKC(
                fun,
                0.0,
                start.ravel(),
                span,
                rows=len(u_V),
                rate=rate,
                rtol=settings.rtol,
                atol=atol,
                relative_to_start=True,
            )
        else:
            solver_class = _SOLVERS[settings.method]
            solver = solver_class(fun, 0.0, start.ravel(), span, rtol=settings.rtol, atol=atol)
            if isinstance(solver, _RowNorm):
                solver.n_rows = len(u_V)
        n_steps, failed = 0, False
        while solver.status == "running":
            solver.step()
            n_steps += 1
            lost = np.abs(solver.y).max() > _BOUND * system.unit_V
            if solver.status == "failed" or lost or n_steps > _MOST_STEPS:
                failed = True
                break
        return finish(
            rate, solver.y.reshape(start.shape), solver.nfev, n_steps, system.unit_V, failed
        )


def finish(
    rate: RateFunction, u_V: Array, n_evaluations: int, n_steps: int, unit_V: float, failed: bool
) -> Chunk:
    """Result of a block (n, rows): residual of each row, infinite if it made the engine fail."""
    residual = np.abs(rate(u_V, np.empty_like(u_V))).max(axis=0) / unit_V
    residual[~np.isfinite(residual)] = np.inf
    if failed:
        size = np.abs(u_V).max(axis=0) / unit_V
        bad = ~(size < _BOUND)
        if not (bad.any() or np.isinf(residual).any()):
            # None has left the bounds yet: the fastest row is what the step control gave up on.
            bad = residual >= 0.5 * residual.max()
        residual[bad] = np.inf
    return Chunk(u_V.T, residual, n_evaluations + 1, n_steps)
