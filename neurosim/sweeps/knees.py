r"""How long is long enough: where a figure comes within a fifth of the best at any length.

The geometric means of the seeds' figures at the lengths drawn are joined by a monotone cubic in the
logarithm of both (Fritsch and Carlson 1980; SciPy's PCHIP), and enough is where that first falls to

.. math:: d_{\min} + \max\bigl(0.2\,(d_{\min} - d_0),\; 0.05\,d_{\min}\bigr)

with :math:`d_{\min}` its least and :math:`d_0` what other real images, as many, would have: a
Frechet distance is never zero between finite sets, and that part says nothing of a chip. Between
lengths whose ratio is two or less it is within some per cent of the crossing of a smooth curve; the
first two of a study lie a factor of three apart. The interval of 95 % is Student's of the
logarithm, by the jackknife over seeds (Efron and Tibshirani 1993, chapter 11); it knows nothing of
what lies between lengths.

A fifth, for curves flatten: the last tenth takes many times as long as the one before it, and where
it begins is told by the draw of the samples. A mean curve, for where one seed's own crosses is told
by them too: of a chip whose curves are flat, seeds by themselves scatter by a factor of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import stdtrit

from neurosim.safe_text import counted

__all__ = [
    "FEWEST_LENGTHS",
    "FEWEST_SEEDS",
    "Interval",
    "Knee",
    "crossing_tau",
    "curves_of",
    "knees",
    "mean_curve",
    "ratios",
]

Array = NDArray[np.float64]
# Settling, figure, time and energy of the samples of one seed, the shortest first: (4, n).
Curves = Mapping[Any, Array]

_Of = TypeVar("_Of")
_NAN = float("nan")
# Of the excess over real images, and at the least of the figure itself: 500 samples scatter by some
# per cent.
_WITHIN, _SCATTER, _WORSE = 0.2, 0.05, 0.2
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
FEWEST_SEEDS = 3
FEWEST_LENGTHS = 3
_ROUNDING = 1e-9


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
        Settling of a sample in units of C / g, by the seeds' mean curve, and its interval.
    time_s, energy_J : float
        Of a sample there, by the ledger.
    best : float
        Least of the mean curve.
    seeds : int
        Of which all this is.
    not_reached : int
        Of these seeds, those whose longest samples alone are near enough to their best: longer ones
        may be better still.
    at_least : bool
        Whether that is so of the mean curve; then `tau` is a bound, without an interval.
    begun : int
        Of these seeds, those whose shortest samples are near enough to their best.
    at_once : bool
        Whether that is so of the mean curve; then `tau` is a bound, without an interval.
    shortest_tau, longest_tau : float
        Settling of the shortest and longest samples.
    worse_later : int
        Seeds whose longest samples are worse by more than a fifth than their best.
    above_tau, upto_tau : float
        Lengths that were drawn, between which it was interpolated.
    least_tau, most_tau : float
        Settling that is enough for a seed by itself: the shortest and the longest.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    best: float
    seeds: int
    not_reached: int
    at_least: bool
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
        if self.at_least:
            return f"at least {self.tau:.3g}"
        if self.at_once:
            return f"at most {self.tau:.3g}"
        said = f"{self.tau:.3g}"
        if np.isfinite(self.low):
            said += f" ({self.low:.3g} to {self.high:.3g} over {counted(self.seeds, of)})"
        else:
            between = f"between the lengths drawn, {self.above_tau:.3g} and {self.upto_tau:.3g}"
            few = f"; {counted(self.seeds, of)}: too few for an interval" if self.seeds > 1 else ""
            said += f" ({between}{few})"
        return said


def _goal(figure: Array, floor: float) -> float:
    """What is near enough to the least; see the module."""
    least = float(figure.min())
    return least + max(_WITHIN * (least - floor), _SCATTER * least)


def crossing_tau(tau: Array, figure: Array, floor: float = 0.0) -> float:
    """Where a figure first is near enough to its least; the shortest length if it is there.

    Parameters
    ----------
    tau, figure : ndarray, shape (n,)
        Lengths in ascending order, and positive figures.
    floor : float
        What other real images, as many, would have.

    Examples
    --------
    >>> tau = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> round(crossing_tau(tau, 1 + 4 / tau**2), 2), crossing_tau(tau, np.ones(5))
    (4.31, 1.0)
    """
    goal = _goal(figure, floor)
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
        name: {k: np.array(sorted(of)).T for k, of in seeds.items() if len(of) >= FEWEST_LENGTHS}
        for name, seeds in found.items()
    }
    return {name: seeds for name, seeds in curves.items() if seeds}


def knees(
    rows: Sequence[Mapping[str, Any]],
    way: str,
    figure: str,
    seed: str = "replica",
    *,
    floor: float = 0.0,
) -> dict[str, Knee]:
    """The knee of every way of drawing that `curves_of` finds, by the floor of `crossing_tau`.

    Not of one of which fewer than three lengths were drawn of more than half of the seeds.
    """
    found = curves_of(rows, way, figure, seed)
    enough = {name: seeds for name, seeds in found.items() if _is_enough(seeds.values())}
    return {name: _knee(seeds, floor) for name, seeds in enough.items()}


def ratios(one: Curves, other: Curves, floor: float = 0.0) -> tuple[Interval, Interval] | None:
    """Knee and best figure of one way over those of the other, by seeds that both have.

    At the lengths that both have. None where a mean curve has no knee between its shortest and its
    longest samples, or fewer than three lengths.
    """
    pairs = [_alike(one[k], other[k]) for k in one if k in other]
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    if not pairs or not all(map(_is_enough, sides)):
        return None
    means = [mean_curve(side) for side in sides]
    if any(_begun(mean, floor) or _ended(mean, floor) for mean in means):
        return None

    def over(of: Callable[[Array], float]) -> Interval:
        def log_ratio(some: Sequence[tuple[Array, Array]]) -> float:
            first, second = (mean_curve([pair[side] for pair in some]) for side in (0, 1))
            return float(np.log(of(first) / of(second)))

        return _interval(pairs, log_ratio)

    return over(lambda curve: crossing_tau(curve[0], curve[1], floor)), over(_least)


def mean_curve(curves: Sequence[Array]) -> Array:
    r"""Lengths that more than half of the curves have, and the geometric mean of figures there.

    Of curves that lack some lengths it is the mean of :math:`\log d_{kl} = a_k + b_l`, seed k and
    length l, fitted by least squares: where all have all, the mean itself.

    Returns
    -------
    ndarray, shape (2, n)
        Lengths in ascending order, and figures.
    """
    every = np.unique(np.concatenate([curve[0] for curve in curves]))
    # Lengths that differ by rounding are one.
    tau = every[np.diff(np.log(every), prepend=-np.inf) > _ROUNDING]
    at = [np.searchsorted(tau, curve[0] * (1 + _ROUNDING), side="right") - 1 for curve in curves]
    has = np.zeros((len(curves), len(tau)), dtype=bool)
    log_d = np.zeros(has.shape)
    for k, (places, curve) in enumerate(zip(at, curves, strict=True)):
        has[k, places], log_d[k, places] = True, np.log(curve[1])
    shared = 2 * has.sum(axis=0) > len(curves)
    tau, has, log_d = tau[shared], has[:, shared], log_d[:, shared]
    if not len(tau):
        return np.empty((2, 0))
    has_some = has.any(axis=1)
    has, log_d = has[has_some], log_d[has_some]
    seed, length = np.nonzero(has)
    terms = np.zeros((len(seed), has.shape[0] + has.shape[1]))
    rows = np.arange(len(seed))
    terms[rows, seed], terms[rows, has.shape[0] + length] = 1.0, 1.0
    fit = np.linalg.lstsq(terms, log_d[has], rcond=None)[0]
    return np.stack([tau, np.exp(fit[: has.shape[0]].mean() + fit[has.shape[0] :])])


def _is_enough(curves: Iterable[Array]) -> bool:
    """Whether their mean curve has three lengths."""
    return len(mean_curve(list(curves))[0]) >= FEWEST_LENGTHS


def _least(curve: Array) -> float:
    return float(curve[1].min())


def _begun(curve: Array, floor: float) -> bool:
    """Whether the shortest samples are near enough to the best."""
    return bool(curve[1, 0] <= _goal(curve[1], floor))


def _ended(curve: Array, floor: float) -> bool:
    """Whether the longest samples alone are."""
    return bool((curve[1, :-1] > _goal(curve[1], floor)).all())


def _alike(one: Array, other: Array) -> tuple[Array, Array]:
    """Both at the lengths that both have; whole where these are fewer than three.

    A length is one where they differ by less than a thousandth of it.
    """
    names = [np.round(np.log(curve[0]), 3) for curve in (one, other)]
    shared = np.intersect1d(*names)
    if len(shared) < FEWEST_LENGTHS:
        return one, other
    first, second = (
        curve[:, np.isin(own, shared)] for curve, own in zip((one, other), names, strict=True)
    )
    return first, second


def _interval(some: Sequence[_Of], log_of: Callable[[Sequence[_Of]], float]) -> Interval:
    """The exponential of what is found of all, and Student's interval by leaving one out."""
    middle, n, half = log_of(some), len(some), _NAN
    if n >= FEWEST_SEEDS:
        without = np.array([log_of([*some[:k], *some[k + 1 :]]) for k in range(n)])
        error = np.sqrt((n - 1) / n * np.square(without - without.mean()).sum())
        half = float(stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * error)
    value, low, high = map(float, np.exp(middle + np.array([0, -half, half])))
    return Interval(value, low, high, n)


def _knee(seeds: Curves, floor: float) -> Knee:
    curves = list(seeds.values())
    mean = mean_curve(curves)

    def log_tau(some: Sequence[Array]) -> float:
        tau, figure = mean_curve(some)
        return float(np.log(crossing_tau(tau, figure, floor)))

    tau, low, high, _ = _interval(curves, log_tau)
    at_once, at_least = _begun(mean, floor), _ended(mean, floor)
    # Beyond the lengths drawn nothing is known.
    low, high = max(low, float(mean[0, 0])), min(high, float(mean[0, -1]))
    if at_once or at_least or len(curves) < FEWEST_SEEDS:
        low = high = _NAN
    time_s, energy_J = (
        float(np.mean([np.interp(tau, curve[0], curve[kind]) for curve in curves]))
        for kind in (2, 3)
    )
    own = [crossing_tau(curve[0], curve[1], floor) for curve in curves]
    above_tau, upto_tau = _beside(mean[0], tau)
    return Knee(
        tau, low, high, time_s, energy_J,
        best=_least(mean),
        seeds=len(curves),
        not_reached=sum(_ended(curve, floor) for curve in curves),
        at_least=at_least,
        begun=sum(_begun(curve, floor) for curve in curves),
        at_once=at_once,
        shortest_tau=float(mean[0, 0]),
        longest_tau=float(mean[0, -1]),
        worse_later=sum(bool(y[-1] > (1 + _WORSE) * y.min()) for _, y, _, _ in curves),
        above_tau=above_tau,
        upto_tau=upto_tau,
        least_tau=min(own),
        most_tau=max(own),
    )  # fmt: skip


def _beside(drawn: Array, tau: float) -> tuple[float, float]:
    """The longest length that is shorter, or the shortest of all, and the next that is not."""
    # Rounding may leave a crossing at a length just outside its ends.
    k = min(int(np.searchsorted(drawn, tau * (1 - 1e-9))), len(drawn) - 1)
    return float(drawn[max(k - 1, 0)]), float(drawn[k])
