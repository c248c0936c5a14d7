"""How long is long enough: where a figure comes within a tenth of the best it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from neurosim.safe_text import counted

__all__ = ["Knee", "knee_of", "knees"]

Array = NDArray[np.float64]

_WITHIN = 0.1
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
_FEWEST_SEEDS = 3
_APART = 0.3


class Knee(NamedTuple):
    """Settling that is enough, and what it takes.

    Attributes
    ----------
    tau, low, high : float
        Settling of a sample in units of C / g: the geometric mean over seeds and its 95 %
        interval, by Student's t of the logarithms; not a number of fewer than three seeds.
    time_s, energy_J : float
        Of a sample there, by the ledger.
    best : float
        Mean over seeds of the best figure at any length.
    seeds : int
        Of which all this is.
    left_out : int
        Seeds whose longest samples are not within a tenth of their best: they have no knee.
    better_still : bool
        Whether the longest samples are the best by more than a tenth, of some seed: longer ones may
        be better, and the knee later.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    best: float
    seeds: int
    left_out: int
    better_still: bool

    @property
    def span(self) -> str:
        """Settling with its interval, as a person reads it."""
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


def knee_of(tau: Array, figure: Array) -> float:
    """The shortest settling from which on a figure, smaller being better, stays near its best.

    Near is within a tenth. Between the last length that is not near and the next one the figure is
    taken as a power of the length. Not a number where the longest is not near.

    Examples
    --------
    >>> round(knee_of(np.array([1.0, 10.0, 100.0]), np.array([100.0, 10.0, 1.0])), 1)
    90.9
    >>> knee_of(np.array([1.0, 10.0]), np.array([2.0, 2.0]))
    1.0
    """
    order = np.argsort(tau)
    x, y = np.log(tau[order]), np.log(figure[order])
    enough = y.min() + np.log1p(_WITHIN)
    late = np.flatnonzero(y > enough)
    if not len(late):
        return float(np.exp(x[0]))
    k = int(late[-1])
    if k == len(x) - 1:
        return float("nan")
    share = (y[k] - enough) / (y[k] - y[k + 1])
    return float(np.exp(x[k] + share * (x[k + 1] - x[k])))


def knees(
    rows: Sequence[Mapping[str, Any]], way: str, figure: str, seed: str = "replica"
) -> dict[str, Knee]:
    """The knee of every way of drawing, a column of a sweep's rows whose labels begin with it.

    Labels are as in ``alone, C_x/C_h 30``: the way, a comma, and what makes it longer. Rows
    without a figure are left out, and so are ways of fewer than three lengths.
    """
    found: dict[str, dict[Any, list[Mapping[str, Any]]]] = {}
    for row in rows:
        if not row["error"] and row.get(figure, "") != "":
            name = str(row[way]).partition(",")[0]
            found.setdefault(name, {}).setdefault(row.get(seed, 0), []).append(row)
    out = {}
    for name, seeds in found.items():
        curves = [members for members in seeds.values() if len(members) > 2]
        ends = [_one_seed(curve, figure) for curve in curves]
        good = np.array([end for end in ends if np.isfinite(end[0])])
        if len(good):
            out[name] = _over_seeds(good, len(ends) - len(good))
    return out


def _over_seeds(found: Array, left_out: int) -> Knee:
    logs, n = np.log(found[:, 0]), len(found)
    half = np.nan
    if n >= _FEWEST_SEEDS:
        half = stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * logs.std(ddof=1) / np.sqrt(n)
    tau, low, high = np.exp(logs.mean() + np.array([0, -half, half]))
    time_s, energy_J, best = map(float, found[:, 1:4].mean(axis=0))
    better_still = bool(found[:, 4].any())
    return Knee(
        float(tau), float(low), float(high), time_s, energy_J, best, n, left_out, better_still
    )


def _one_seed(rows: Sequence[Mapping[str, Any]], figure: str) -> tuple[float, ...]:
    """Settling, time and energy at the knee, the best figure, and whether it is the last by far."""
    names = ("sample_tau", figure, "sample_time_s", "sample_energy_J")
    columns = np.array([[float(row[name]) for name in names] for row in rows])
    tau, y, time_s, energy_J = columns[np.argsort(columns[:, 0])].T
    at = knee_of(tau, y)
    costs = (float(np.interp(at, tau, cost)) for cost in (time_s, energy_J))
    return at, *costs, float(y.min()), float(y[:-1].min() > (1 + _WITHIN) * y[-1])
