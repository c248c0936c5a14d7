r"""How long is long enough: where a figure comes within a fifth of the best at any length.

Each seed's figures at the lengths drawn are joined by a monotone cubic in the logarithm of both
(Fritsch and Carlson 1980; SciPy's PCHIP), and enough is where that first falls to 1.2 times its
least. Between lengths whose ratio is two or less it is within some per cent of the crossing of a
smooth curve. What is said of a chip is the geometric mean over seeds, with Student's interval of
95 % of the mean logarithm.

A fifth, for curves flatten: the last tenth takes many times as long as the one before it, and where
it begins is told by the draw of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
_WITHIN, _WORSE = 0.2, 0.2
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
_FEWEST_SEEDS = 3
_FEWEST_LENGTHS = 3


class Interval(NamedTuple):
    """An estimate of so many seeds and its 95 % interval, not a number of fewer than three."""

    value: float
    low: float
    high: float
    seeds: int


class Knee(NamedTuple):
    """Settling that is enough, and what it takes.

    Attributes
    ----------
    tau, low, high : float
        Settling of a sample in units of C / g, and its interval over seeds.
    time_s, energy_J : float
        Of a sample there, by the ledger.
    best : float
        Least figure at any length, the geometric mean over seeds.
    seeds : int
        Of which all this is; if there are none, it is not a number.
    not_reached : int
        Further seeds, of which the longest samples alone are within a fifth of the best: longer
        ones may be better still. Where they are half or more, no seed counts.
    begun : int
        Of these seeds, those whose shortest samples are that near: they may need less, and count
        by the shortest.
    at_once : bool
        Whether these are half of the seeds or more; then there is no interval.
    shortest_tau, longest_tau : float
        Settling of the shortest and longest samples.
    worse_later : int
        Seeds whose longest samples are worse by more than a fifth than their best.
    above_tau, upto_tau : float
        Lengths that were drawn, between which it was interpolated.
    least_tau, most_tau : float
        The same of the seeds by themselves: the shortest and the longest.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    best: float
    seeds: int
    not_reached: int
    begun: int
    at_once: bool
    shortest_tau: float
    longest_tau: float
    worse_later: int
    above_tau: float = _NAN
    upto_tau: float = _NAN
    least_tau: float = _NAN
    most_tau: float = _NAN

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
            between = f"between the lengths drawn, {self.above_tau:.3g} and {self.upto_tau:.3g}"
            said += f" ({between}; {counted(self.seeds, of)}: too few for an interval)"
        return said


def crossing_tau(tau: Array, figure: Array) -> float:
    """Where a figure first is within a fifth of its least; the shortest length if it is there.

    Examples
    --------
    >>> tau = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> round(crossing_tau(tau, 1 + 4 / tau**2), 2), crossing_tau(tau, np.ones(5))
    (4.31, 1.0)
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
    """Knee and best figure of one way over those of the other, seed by seed at the same lengths.

    Of the seeds that have a knee between their shortest and longest samples both ways; None where
    these are not more than half.
    """
    pairs = [_alike(one[k], other[k]) for k in one if k in other]
    told = [
        (first, second)
        for first, second in pairs
        if not any(_begun(curve) or _ended(curve) for curve in (first, second))
    ]
    if 2 * len(told) <= len(pairs):
        return None

    def over(of: Callable[[Array], float]) -> Interval:
        return _interval([of(first) / of(second) for first, second in told])

    return over(_tau), over(_least)


def _tau(curve: Array) -> float:
    return crossing_tau(curve[0], curve[1])


def _least(curve: Array) -> float:
    return float(curve[1].min())


def _begun(curve: Array) -> bool:
    """Whether the shortest samples are within a fifth of the best."""
    return bool(curve[1, 0] <= (1 + _WITHIN) * curve[1].min())


def _ended(curve: Array) -> bool:
    """Whether the longest samples alone are."""
    return bool((curve[1, :-1] > (1 + _WITHIN) * curve[1].min()).all())


def _alike(one: Array, other: Array) -> tuple[Array, Array]:
    """Both at the lengths that both have; whole where these are fewer than three.

    A length is one where they differ by less than a thousandth of it.
    """
    names = [np.round(np.log(curve[0]), 3) for curve in (one, other)]
    shared = np.intersect1d(*names)
    if len(shared) < _FEWEST_LENGTHS:
        return one, other
    first, second = (
        curve[:, np.isin(own, shared)] for curve, own in zip((one, other), names, strict=True)
    )
    return first, second


def _interval(values: Sequence[float]) -> Interval:
    """Of positive values: their geometric mean and Student's interval of it."""
    logs, n = np.log(values), len(values)
    half = _NAN
    if n >= _FEWEST_SEEDS:
        half = float(stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * logs.std(ddof=1) / np.sqrt(n))
    middle, low, high = map(float, np.exp(logs.mean() + np.array([0, -half, half])))
    return Interval(middle, low, high, n)


def _knee(seeds: Curves) -> Knee:
    curves = list(seeds.values())
    good = [curve for curve in curves if not _ended(curve)]
    worse = sum(bool(y[-1] > (1 + _WORSE) * y.min()) for _, y, _, _ in curves)
    shortest = float(min(curve[0, 0] for curve in curves))
    longest = float(max(curve[0, -1] for curve in curves))
    rest = len(curves) - len(good)
    if 2 * len(good) <= len(curves) and rest:
        none = _NAN, _NAN, _NAN
        return Knee(*none, *none, 0, len(curves), 0, False, shortest, longest, worse)
    own = [_tau(curve) for curve in good]
    tau, low, high, _ = _interval(own)
    begun = sum(map(_begun, good))
    at_once = 2 * begun >= len(good)
    if at_once:
        low = high = _NAN
    time_s, energy_J = (
        float(np.mean([np.interp(tau, curve[0], curve[kind]) for curve in good])) for kind in (2, 3)
    )
    best = _interval([_least(curve) for curve in good]).value
    drawn = np.unique(np.concatenate([curve[0] for curve in good]))
    return Knee(
        tau, low, high, time_s, energy_J, best, len(good), rest, begun, at_once, shortest,
        longest, worse, *_beside(drawn, tau), min(own), max(own),
    )  # fmt: skip


def _beside(drawn: Array, tau: float) -> tuple[float, float]:
    """The longest length that is shorter, or the shortest of all, and the next that is not."""
    # Rounding may leave a crossing at a length just outside its ends.
    k = min(int(np.searchsorted(drawn, tau * (1 - 1e-9))), len(drawn) - 1)
    return float(drawn[max(k - 1, 0)]), float(drawn[k])
