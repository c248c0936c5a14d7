r"""How long is long enough: where a figure comes within a tenth of the best at any length.

The figures of each seed, of draws that begin alike at all lengths, are joined by a monotone cubic
in the logarithm of both (Fritsch and Carlson 1980; SciPy's PCHIP), and enough is where that first
falls to 1.1 times the least of them. Between lengths whose ratio is two or less it is within some
per cent of the crossing of a smooth curve.

Over seeds it is the geometric mean, with Student's interval of 95 % of the logarithms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import stdtrit

from neurosim.safe_text import counted

__all__ = ["Interval", "Knee", "crossing_tau", "curves_of", "knees", "ratios"]

Array = NDArray[np.float64]
# Settling, figure, time and energy of the samples of one seed, the shortest first: (4, n).
Curves = Mapping[Any, Array]

_NAN = float("nan")
_WITHIN, _WORSE = 0.1, 0.2
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
_FEWEST_SEEDS = 3
_FEWEST_LENGTHS = 3


class Interval(NamedTuple):
    """An estimate and its 95 % interval, which is not a number of fewer than three seeds."""

    value: float
    low: float
    high: float


class Knee(NamedTuple):
    """Settling that is enough, and what it takes.

    Attributes
    ----------
    tau, low, high : float
        Settling of a sample in units of C / g, the geometric mean over seeds, and its interval.
    time_s, energy_J : float
        Of a sample there, by the ledger.
    best : float
        Mean over seeds of the least figure at any length.
    seeds : int
        Of which all this is; if there are none, it is not a number.
    not_reached : int
        Further seeds, of which the longest samples alone are within a tenth of the best: longer
        ones may be better still. Where they are half or more, no seed counts.
    at_once : int
        Of the seeds, those whose shortest samples are that near; where there are any, there is no
        interval.
    shortest_tau, longest_tau : float
        Settling of the shortest and longest samples.
    worse_later : int
        Seeds whose longest samples are worse by more than a fifth than their best.
    above_tau, upto_tau : float
        Lengths that were drawn, between which the settling of every seed was interpolated.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    best: float
    seeds: int
    not_reached: int
    at_once: int
    shortest_tau: float
    longest_tau: float
    worse_later: int
    above_tau: float = _NAN
    upto_tau: float = _NAN

    def span(self, of: str = "seed") -> str:
        """Settling with its interval, as a person reads it."""
        if not self.seeds:
            return f"more than {self.longest_tau:.3g}"
        if self.at_once:
            return f"at most {self.tau:.3g}"
        said = f"{self.tau:.3g}"
        if np.isfinite(self.low):
            said += f" ({self.low:.3g} to {self.high:.3g} over {counted(self.seeds, of)})"
        else:
            between = f"between the drawn {self.above_tau:.3g} and {self.upto_tau:.3g}"
            said += f" ({between}; {counted(self.seeds, of)}: too few for an interval)"
        return said


def crossing_tau(tau: Array, figure: Array) -> float:
    """Where a figure first is within a tenth of its least; the shortest length if it is there.

    Examples
    --------
    >>> tau = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> round(crossing_tau(tau, 1 + 4 / tau**2), 2), crossing_tau(tau, np.ones(5))
    (5.9, 1.0)
    """
    goal = (1 + _WITHIN) * figure.min()
    k = int(np.flatnonzero(figure <= goal)[0])
    if k == 0:
        return float(tau[0])
    x, curve = np.log(tau), PchipInterpolator(np.log(tau), np.log(figure))
    found = curve.solve(np.log(goal), extrapolate=False)
    # Rounding may leave a crossing at a length just outside its ends.
    return float(np.exp(np.clip(found[found > x[k - 1] - 1e-9].min(initial=x[k]), x[k - 1], x[k])))


def curves_of(
    rows: Sequence[Mapping[str, Any]], way: str, figure: str, seed: str = "replica"
) -> dict[str, Curves]:
    """What a sweep found of every way of drawing, a column whose labels begin with it, by seed.

    Labels are as in ``alone, C_x/C_h 30``: the way, a comma, and what makes it longer. Rows
    without a positive figure are left out, and so are seeds of fewer than three lengths.
    """
    found: dict[str, dict[Any, list[tuple[float, ...]]]] = {}
    names = ("sample_tau", figure, "sample_time_s", "sample_energy_J")
    for row in rows:
        if not row["error"] and row.get(figure, "") != "" and row[figure] > 0:
            name = str(row[way]).partition(",")[0]
            point = tuple(float(row[column]) for column in names)
            found.setdefault(name, {}).setdefault(row.get(seed, 0), []).append(point)
    curves = {
        name: {k: np.array(sorted(of)).T for k, of in seeds.items() if len(of) >= _FEWEST_LENGTHS}
        for name, seeds in found.items()
    }
    return {name: seeds for name, seeds in curves.items() if seeds}


def knees(
    rows: Sequence[Mapping[str, Any]], way: str, figure: str, seed: str = "replica"
) -> dict[str, Knee]:
    """The knee of every way of drawing that `curves_of` finds."""
    return {name: _knee(seeds) for name, seeds in curves_of(rows, way, figure, seed).items()}


def ratios(one: Curves, other: Curves) -> tuple[Interval, Interval] | None:
    """Knee and best figure of one way over those of the other, of the seeds that both have.

    Seeds without a knee between the shortest and the longest samples of both ways do not count;
    None where these are half or more.
    """
    shared = [k for k in one if k in other]
    both = [k for k in shared if _inside(one[k]) and _inside(other[k])]
    if 2 * len(both) <= len(shared):
        return None
    tau, best = (
        np.array([np.log(of(one[k]) / of(other[k])) for k in both])
        for of in (_tau, lambda curve: curve[1].min())
    )
    return _interval(tau), _interval(best)


def _tau(curve: Array) -> float:
    return crossing_tau(curve[0], curve[1])


def _inside(curve: Array) -> bool:
    return not (_begun(curve) or _ended(curve))


def _begun(curve: Array) -> bool:
    """Whether the shortest samples are within a tenth of the best."""
    return bool(curve[1, 0] <= (1 + _WITHIN) * curve[1].min())


def _ended(curve: Array) -> bool:
    """Whether the longest samples alone are."""
    return bool((curve[1, :-1] > (1 + _WITHIN) * curve[1].min()).all())


def _interval(logs: Array) -> Interval:
    """The geometric mean, and Student's interval of the logarithms."""
    n, mean = len(logs), float(logs.mean())
    if n < _FEWEST_SEEDS:
        return Interval(float(np.exp(mean)), _NAN, _NAN)
    half = stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * logs.std(ddof=1) / np.sqrt(n)
    value, low, high = map(float, np.exp(mean + np.array([0, -half, half])))
    return Interval(value, low, high)


def _knee(seeds: Curves) -> Knee:
    curves = list(seeds.values())
    good = [curve for curve in curves if not _ended(curve)]
    worse = sum(bool(y[-1] > (1 + _WORSE) * y.min()) for _, y, _, _ in curves)
    shortest = float(min(curve[0, 0] for curve in curves))
    longest = float(max(curve[0, -1] for curve in curves))
    n, rest = len(good), len(curves) - len(good)
    if 2 * n <= len(curves) and rest:
        none = _NAN, _NAN, _NAN
        return Knee(*none, *none, 0, len(curves), 0, shortest, longest, worse)
    at = np.array([_tau(curve) for curve in good])
    at_once = sum(map(_begun, good))
    tau, low, high = _interval(np.log(at))
    if at_once:
        low = high = _NAN
    lengths = [_beside(curve[0], place) for curve, place in zip(good, at, strict=True)]
    above, upto = min(low for low, _ in lengths), max(high for _, high in lengths)
    costs = [
        [float(np.interp(place, curve[0], curve[kind])) for kind in (2, 3)]
        for place, curve in zip(at, good, strict=True)
    ]
    time_s, energy_J = map(float, np.mean(costs, axis=0))
    best = float(np.mean([curve[1].min() for curve in good]))
    ends = shortest, longest, worse, above, upto
    return Knee(tau, low, high, time_s, energy_J, best, n, rest, at_once, *ends)


def _beside(drawn: Array, tau: float) -> tuple[float, float]:
    """The longest length that is shorter, or the shortest of all, and the next that is not."""
    k = min(int(np.searchsorted(drawn, tau)), len(drawn) - 1)
    return float(drawn[max(k - 1, 0)]), float(drawn[k])
