r"""How long is long enough: where a figure comes within a tenth of where it ends.

The figure of each seed is taken to fall as a power of the settling and to bend onto a plateau,

.. math:: y_k(\tau) = b_k \left(1 + (\tau_k / \tau)^{p / s}\right)^s,

with one slope p and one bend s (the smaller, the sharper) for all seeds of a way of drawing, by
robust least squares of the logarithm. So the steep part, where noise of a figure moves it little
along the settling, says with the plateau where the bend is, and no single length where curves are
flat. Within a tenth of the plateau it is from :math:`\tau_k (1.1^{1/s} - 1)^{-s/p}` on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import stdtrit

from neurosim.safe_text import counted

__all__ = ["Bend", "Knee", "bend_of", "knees"]

Array = NDArray[np.float64]

_NAN = float("nan")
_WITHIN = 0.1
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
_FEWEST_SEEDS = 3
_APART = 0.3
_FEWEST_LENGTHS = 3
# Of the fit: slopes, bends, where it is begun, and a deviation of the logarithm that counts less.
_SLOPES, _BENDS, _BEGUN, _ODD = (0.3, 4.0), (0.2, 1.0), (0.3, 0.8), 0.05


class Bend(NamedTuple):
    """Curves of one way of drawing, fitted.

    Attributes
    ----------
    tau : ndarray, shape (seeds,)
        From where on each is within a tenth of its plateau.
    plateau : ndarray, shape (seeds,)
        Where each one ends.
    slope, bend : float
        p and s, of all.
    """

    tau: Array
    plateau: Array
    slope: float
    bend: float


class Knee(NamedTuple):
    """Settling that is enough, and what it takes.

    Attributes
    ----------
    tau, low, high : float
        Settling of a sample in units of C / g: the geometric mean over seeds and its 95 %
        interval, by Student's t of the logarithms; not a number of fewer than three seeds.
    time_s, energy_J : float
        Of a sample there, by the ledger.
    plateau : float
        Mean over seeds of where the figure ends.
    seeds : int
        Of which all this is; if there are none, it is not a number.
    not_reached : int
        Further seeds, of which even the longest samples are not within a tenth of the plateau that
        their curve bends to.
    longest_tau : float
        Settling of the longest samples.
    worse_later : int
        Seeds whose longest samples are worse by more than a tenth than their best.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    plateau: float
    seeds: int
    not_reached: int
    longest_tau: float
    worse_later: int

    @property
    def span(self) -> str:
        """Settling with its interval, as a person reads it."""
        if not self.seeds:
            return f"more than {self.longest_tau:.3g}"
        said = f"{self.tau:.3g}"
        if np.isfinite(self.low):
            said += f" ({self.low:.3g} to {self.high:.3g} over {counted(self.seeds, 'seed')})"
        elif self.seeds > 1:
            said += f" ({counted(self.seeds, 'seed')}: too few for an interval)"
        return said

    def differs(self, other: Knee) -> bool:
        """Whether two lengths are more than 30 % apart, and their intervals do not meet."""
        apart = abs(np.log(self.tau / other.tau)) > np.log1p(_APART)
        meet = self.low <= other.high and other.low <= self.high
        return bool(apart and not meet)


def bend_of(curves: Sequence[tuple[Array, Array]]) -> Bend:
    """Fit curves of several seeds, each its lengths and its figures, at least three and positive.

    Examples
    --------
    >>> tau = np.array([1.0, 3.0, 10.0, 30.0, 100.0])
    >>> found = bend_of([(tau, 2 * (1 + (20 / tau) ** 2) ** 0.5)])
    >>> round(float(found.tau[0]), 2), round(float(found.plateau[0]), 3)
    (43.64, 2.0)
    """
    logs = [(np.log(tau), np.log(figure)) for tau, figure in curves]
    n = len(logs)

    def misfit(q: Array) -> Array:
        slope, bend, begins, ends = np.exp(q[0]), q[1], q[2 : 2 + n], q[2 + n :]
        return np.concatenate(
            [
                end + bend * np.logaddexp(0, slope / bend * (begin - x)) - y
                for begin, end, (x, y) in zip(begins, ends, logs, strict=True)
            ]
        )

    low = [np.log(_SLOPES[0]), _BENDS[0]]
    high = [np.log(_SLOPES[1]), _BENDS[1]]
    low += [x.min() - 2 for x, _ in logs] + [y.min() - np.log(2) for _, y in logs]
    high += [x.max() + 2 for x, _ in logs] + [y.max() + 0.1 for _, y in logs]
    start = [float(np.median(x)) for x, _ in logs] + [float(y.min()) for _, y in logs]
    tried: list[OptimizeResult] = [
        least_squares(misfit, [0.0, bend, *start], bounds=(low, high), loss="soft_l1", f_scale=_ODD)
        for bend in _BEGUN
    ]
    q = min(tried, key=lambda found: float(found.cost)).x
    slope, bend = float(np.exp(q[0])), float(q[1])
    near = np.log((1 + _WITHIN) ** (1 / bend) - 1) * bend / slope
    return Bend(np.exp(q[2 : 2 + n] - near), np.exp(q[2 + n :]), slope, bend)


def knees(
    rows: Sequence[Mapping[str, Any]], way: str, figure: str, seed: str = "replica"
) -> dict[str, Knee]:
    """The knee of every way of drawing, a column of a sweep's rows whose labels begin with it.

    Labels are as in ``alone, C_x/C_h 30``: the way, a comma, and what makes it longer. Rows
    without a positive figure are left out, and so are seeds of fewer than three lengths.
    """
    found: dict[str, dict[Any, list[Mapping[str, Any]]]] = {}
    for row in rows:
        if not row["error"] and row.get(figure, "") != "" and row[figure] > 0:
            name = str(row[way]).partition(",")[0]
            found.setdefault(name, {}).setdefault(row.get(seed, 0), []).append(row)
    curves = {
        name: [_curve(members, figure) for members in seeds.values()]
        for name, seeds in found.items()
    }
    long = {
        name: [curve for curve in some if len(curve[0]) >= _FEWEST_LENGTHS]
        for name, some in curves.items()
    }
    return {name: _over_seeds(some) for name, some in long.items() if some}


def _curve(rows: Sequence[Mapping[str, Any]], figure: str) -> Array:
    """Settling, figure, time and energy of a seed's samples, the shortest first: (4, n)."""
    names = ("sample_tau", figure, "sample_time_s", "sample_energy_J")
    columns = np.array([[float(row[name]) for name in names] for row in rows])
    return np.asarray(columns[np.argsort(columns[:, 0])].T)


def _over_seeds(curves: Sequence[Array]) -> Knee:
    fitted = bend_of([(tau, y) for tau, y, _, _ in curves])
    ends = np.array([tau[-1] for tau, *_ in curves])
    reached = fitted.tau <= ends
    worse = sum(bool(y[-1] > (1 + _WITHIN) * y.min()) for _, y, _, _ in curves)
    n = int(reached.sum())
    logs = np.log(np.maximum(fitted.tau, [tau[0] for tau, *_ in curves])[reached])
    costs = [
        [float(np.interp(np.exp(at), tau, cost)) for cost in (time_s, energy_J)]
        for at, (tau, _, time_s, energy_J) in zip(
            logs, (c for c, there in zip(curves, reached, strict=True) if there), strict=True
        )
    ]
    longest = float(ends.max())
    if not n:
        return Knee(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, 0, len(curves), longest, worse)
    half = np.nan
    if n >= _FEWEST_SEEDS:
        half = stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * logs.std(ddof=1) / np.sqrt(n)
    tau, low, high = map(float, np.exp(logs.mean() + np.array([0, -half, half])))
    time_s, energy_J = map(float, np.mean(costs, axis=0))
    plateau = float(fitted.plateau[reached].mean())
    return Knee(tau, low, high, time_s, energy_J, plateau, n, len(curves) - n, longest, worse)
