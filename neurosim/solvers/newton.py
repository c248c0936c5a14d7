r"""Steps towards rest that solve the small-signal equations, each of them guarded.

Newton's step goes to where a linear circuit would rest. Where it shows no bowl, Euler's implicit
step goes on: :math:`(1/h - J)\,\mathrm{d}u = \mathrm{d}u/\mathrm{d}s` follows the transient for a
time h, which grows while steps are accepted, so that it ends as Newton's (pseudo-transient
continuation: Kelley and Keyes, SIAM J. Numer. Anal. 35, 1998). Along a slow mode it takes in some
tens of steps what an explicit transient takes in thousands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.solvers.system import RateFunction, SmallSignal
from neurosim.solvers.transient import RateOf

__all__ = ["RESIDUAL", "Descent", "creep", "descend", "pull"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]

# Unit voltages: how far Newton's step moves a node at most, and Euler's.
REACH, SHORT = 0.5, 0.2
RESIDUAL = 1e-8
_NEWTON_STEPS, _PRODUCTS = 16, 60
# Of the residual that may be left, what a step is solved to.
_SURE = 0.3
# Of Euler's: times in tau, first and least, by what they change, and steps.
_FIRST_TAU, _LEAST_TAU, _LONGER, _SHORTER, _EULER_STEPS = 4.0, 0.1, 2.0, 0.25, 150


def pull(now: Array, rate: RateFunction) -> Array:
    """How far each node would move, its couplings aside: rate over decay, (n, rows)."""
    return np.abs(now) / np.maximum(rate.decay, 1e-12)[:, None]


def solve(
    small: SmallSignal, rate: Array, tolerance: Array
) -> tuple[Array, NDArray[np.bool_], float]:
    """Newton's step by conjugate gradients, each row to its own tolerance; it leaves when done.

    Returns
    -------
    step : ndarray, shape (n, rows)
    convex : ndarray of bool, shape (rows,)
        No direction of negative curvature has shown, and the solution is accurate.
    n_products : float
        Products of a mean row.
    """
    residual = small.right_side(rate)
    n_rows = residual.shape[1]
    part, rows = small.equations, np.arange(n_rows)
    solution, n_products = np.zeros_like(residual), 0.0
    convex = small.symmetric & part.positive
    size = np.maximum(np.abs(residual).max(axis=0), np.finfo(residual.dtype).tiny)
    residual /= size
    y, p, left = np.zeros_like(residual), residual.copy(), _dot(residual, residual)
    goal, plain = (tolerance**2).astype(left.dtype) * left, left.copy()
    active = (left > 0) & convex
    for _ in range(_PRODUCTS):
        if 2 * np.count_nonzero(active) < len(rows):
            solution[:, rows] = y
            keep = np.flatnonzero(active)
            part, rows = part.rows(keep), rows[keep]
            residual, y, p = (np.take(a, keep, axis=1) for a in (residual, y, p))
            left, goal, plain, active = left[keep], goal[keep], plain[keep], active[keep]
        if not len(rows):
            break
        bp = part.product(p)
        n_products += len(rows) / n_rows
        curvature = _dot(p, bp)
        # `plain` is the curvature without couplings: near a bifurcation the ratio tends to zero.
        flat = active & ~(curvature > 1e-3 * plain)
        if flat.any():
            convex[rows[flat]] = False
            active &= ~flat
        length = np.divide(left, curvature, out=np.zeros_like(left), where=active)
        bp *= length
        residual -= bp
        np.multiply(p, length, out=bp)
        y += bp
        before, left = left, _dot(residual, residual)
        active &= left > goal
        turn = np.divide(left, before, out=np.zeros_like(left), where=active)
        p *= turn
        p += residual
        plain *= turn**2
        plain += left
    convex[rows[active]] = False
    solution[:, rows] = y
    return small.step(rate, solution * size), convex, n_products


def _dot(a: Single, b: Single) -> Single:
    """Scalar product of each column, (rows,)."""
    product: Single = np.einsum("ij,ij->j", a, b)
    return product


class Descent(NamedTuple):
    """Where guarded steps led some rows of a block.

    Attributes
    ----------
    u_V : ndarray, shape (n, k)
    speed : ndarray, shape (k,)
        Largest rate of a node in unit voltages, where it was last looked at.
    arrived : ndarray of bool, shape (k,)
        Every step was accepted, and nothing moves any more.
    n_evaluations, n_steps : float
        Of a mean row; products with the small-signal matrix count as evaluations.
    """

    u_V: Array
    speed: Array
    arrived: NDArray[np.bool_]
    n_evaluations: float
    n_steps: float


def descend(
    rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, now: Array | None, unit_V: float
) -> Descent:
    """Newton's steps of some rows of the block, (n, k); a row leaves at rest or by one that fails.

    `now` is their rate at the start, where that is known.
    """
    return _stepped(rate_of, rows, start_V, now, unit_V, None)


def creep(rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, unit_V: float) -> Descent:
    """Euler's implicit steps, shortened until they are accepted and lengthened while they are."""
    return _stepped(rate_of, rows, start_V, None, unit_V, np.full(len(rows), _FIRST_TAU))


class _Going:
    """Rows of a block that still take steps; those that leave stay where they are.

    Attributes
    ----------
    left : ndarray of int, shape (k,)
        Which they are.
    here_V, now : ndarray, shape (n, k)
        Where they are, and their rates.
    every_V : ndarray
        Where all rows are, of `left` at the start.
    """

    def __init__(
        self, rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, now: Array | None
    ) -> None:
        self._rate_of, self._rows = rate_of, rows
        self.every_V, self.here_V, self.left = start_V.copy(), start_V, np.arange(len(rows))
        self._rate: RateFunction | None = None
        self.now = self.rate(start_V, np.empty_like(start_V)) if now is None else now

    @property
    def rate(self) -> RateFunction:
        """Their right-hand side."""
        if self._rate is None:
            self._rate = self._rate_of(self._rows[self.left])
        return self._rate

    def keep(self, stays: NDArray[np.bool_]) -> None:
        """Let the others leave."""
        if stays.all():
            return
        self.every_V[:, self.left[~stays]] = self.here_V[:, ~stays]
        self.here_V = np.compress(stays, self.here_V, axis=1)
        self.now = np.compress(stays, self.now, axis=1)
        self.left, self._rate = self.left[stays], None

    def move(self, go: NDArray[np.bool_], there_V: Array, after: Array) -> None:
        """To another place with other rates, those that `go`."""
        if go.all():
            self.here_V, self.now = there_V, after
        else:
            self.here_V = np.where(go, there_V, self.here_V)
            self.now = np.where(go, after, self.now)


# A row that is not finite shows no positive curvature, and is refused.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _stepped(
    rate_of: RateOf,
    rows: NDArray[np.intp],
    start_V: Array,
    now: Array | None,
    unit_V: float,
    times_tau: Array | None,
) -> Descent:
    """Steps of Newton's, or of Euler's over these times, (k,)."""
    k, n_evaluations, n_steps = len(rows), float(now is None), 0.0
    going = _Going(rate_of, rows, start_V, now)
    every_speed, arrived = np.full(k, np.inf), np.zeros(k, dtype=bool)
    most = _NEWTON_STEPS if times_tau is None else _EULER_STEPS
    while True:
        speed = np.abs(going.now).max(axis=0) / unit_V
        every_speed[going.left] = speed
        arrived[going.left[speed <= RESIDUAL]] = True
        stays = (speed > RESIDUAL) & (n_steps < most)
        if times_tau is not None:
            stays &= times_tau[going.left] >= _LEAST_TAU
        going.keep(stays)
        small = going.rate.linearised(going.here_V) if len(going.left) else None
        if small is None:
            going.keep(np.zeros(len(going.left), dtype=bool))
            return Descent(going.every_V, every_speed, arrived, n_evaluations, n_steps)
        if times_tau is not None:
            small = small.over(times_tau[going.left])
        # Newton squares the distance: more than that share of it need not be solved, nor more
        # than brings a row to rest.
        far = pull(going.now, going.rate).max(axis=0) / unit_V
        tolerance = np.maximum(np.clip(far, 1e-5, 1e-1), _SURE * RESIDUAL / speed[stays])
        change, good, n_products = solve(small, going.now, tolerance)
        longest = np.maximum(np.abs(change).max(axis=0), np.finfo(np.float64).tiny) / unit_V
        if times_tau is None:
            change *= np.minimum(1, REACH / longest)
        else:
            good &= longest <= SHORT
        there_V = going.here_V + change
        after = going.rate(there_V, np.empty_like(there_V))
        slopes = small.power(going.now, change) + small.power(after, change)
        good &= (slopes < 0) | (np.abs(after).max(axis=0) <= RESIDUAL * unit_V)
        n_evaluations += (n_products + 3) * len(going.left) / k
        n_steps += 1
        if times_tau is not None:
            times_tau[going.left] *= np.where(good, _LONGER, _SHORTER)
        going.move(good, there_V, after)
        if times_tau is None:
            going.keep(good)
