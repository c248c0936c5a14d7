r"""How long is long enough: where a figure comes within a tenth of where it ends.

The figure of each seed is taken to fall as a power of the settling and to bend onto a plateau,

.. math:: y_k(\tau) = b_k \left(1 + (\tau_k / \tau)^{p / s}\right)^s,

with one slope p and one bend s (the smaller, the sharper) for all seeds of a way of drawing, by
robust least squares of the logarithm. So the steep part, where noise of a figure moves it little
along the settling, says with the plateau where the bend is, and no single length where curves are
flat. Within a tenth of the plateau it is from :math:`\tau_k (1.1^{1/s} - 1)^{-s/p}` on. Longer
samples that are a fifth worse than the best are left out: there the figure does not end but rises.

Intervals are Student's, of 95 %, of the jackknife's pseudo-values: all is fitted again without each
seed, so that what the seeds share, p and s, counts too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import stdtrit

from neurosim.safe_text import counted

__all__ = ["Bend", "Interval", "Knee", "bend_of", "curves_of", "knees", "ratios"]

Array = NDArray[np.float64]
# Settling, figure, time and energy of the samples of one seed, the shortest first: (4, n).
Curves = Mapping[Any, Array]

_NAN = float("nan")
_WITHIN, _WORSE = 0.1, 0.2
_CONFIDENCE = 0.95
# Of two seeds Student's interval says nothing: it covers decades.
_FEWEST_SEEDS = 3
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
    plateau : float
        Mean over seeds of where the figure ends.
    seeds : int
        Of which all this is; if there are none, it is not a number.
    not_reached : int
        Further seeds, of which even the longest samples are not within a tenth of the plateau that
        their curve bends to. Where they are half or more, no seed counts.
    at_once : int
        Of the seeds, those whose shortest samples are that near; where there are any, there is no
        interval.
    shortest_tau, longest_tau : float
        Settling of the shortest and longest samples.
    worse_later : int
        Seeds whose longest samples are worse by more than a fifth than their best.
    """

    tau: float
    low: float
    high: float
    time_s: float
    energy_J: float
    plateau: float
    seeds: int
    not_reached: int
    at_once: int
    shortest_tau: float
    longest_tau: float
    worse_later: int

    def span(self, of: str = "seed") -> str:
        """Settling with its interval, as a person reads it."""
        if not self.seeds:
            return f"more than {self.longest_tau:.3g}"
        if self.at_once:
            return f"at most {self.tau:.3g}"
        said = f"{self.tau:.3g}"
        if np.isfinite(self.low):
            said += f" ({self.low:.3g} to {self.high:.3g} over {counted(self.seeds, of)})"
        elif self.seeds > 1:
            said += f" ({counted(self.seeds, of)}: too few for an interval)"
        return said


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
    """Knee and plateau of one way over those of the other, of the seeds that both have.

    None where one of these has no knee between its shortest and its longest samples.
    """
    both = [k for k in one if k in other]
    fits = [_fitted([curves[k] for k in both]) for curves in (one, other)] if both else []
    if not both or not all(
        _inside(fit, curves, both) for fit, curves in zip(fits, (one, other), strict=True)
    ):
        return None

    def difference(field: int) -> Callable[[Sequence[Any]], float]:
        def of(seeds: Sequence[Any]) -> float:
            a, b = (np.log(_fitted([curves[k] for k in seeds])[field]) for curves in (one, other))
            return float(np.mean(a - b))

        return of

    tau, plateau = (_interval(difference(field), both) for field in (0, 1))
    return tau, plateau


def _inside(fit: Bend, curves: Curves, seeds: Sequence[Any]) -> bool:
    ends = [(curves[k][0, 0], curves[k][0, -1]) for k in seeds]
    return all(low < tau <= high for tau, (low, high) in zip(fit.tau, ends, strict=True))


def _interval(log_of: Callable[[Sequence[Any]], float], seeds: Sequence[Any]) -> Interval:
    """Of exp(log_of(seeds)), by the jackknife's pseudo-values."""
    n, whole = len(seeds), log_of(seeds)
    if n < _FEWEST_SEEDS:
        return Interval(float(np.exp(whole)), _NAN, _NAN)
    without = np.array([log_of([*seeds[:k], *seeds[k + 1 :]]) for k in range(n)])
    pseudo = n * whole - (n - 1) * without
    half = stdtrit(n - 1, 0.5 + _CONFIDENCE / 2) * pseudo.std(ddof=1) / np.sqrt(n)
    value, low, high = map(float, np.exp(whole + np.array([0, -half, half])))
    return Interval(value, low, high)


def _fitted(curves: Sequence[Array]) -> Bend:
    """`bend_of` of the lengths before a figure rises again."""
    return bend_of(
        [(tau[:n], y[:n]) for (tau, y, _, _), n in zip(curves, map(_ends, curves), strict=True)]
    )


def _ends(curve: Array) -> int:
    """How many lengths there are before the figure rises again; no fewer than can be fitted."""
    y = curve[1]
    best = int(y.argmin())
    worse = np.flatnonzero(y[best:] > (1 + _WORSE) * y[best])
    return max(_FEWEST_LENGTHS, best + int(worse[0])) if len(worse) else len(y)


def _knee(seeds: Curves) -> Knee:
    curves = list(seeds.values())
    fitted = _fitted(curves)
    starts, ends = (np.array([tau[at] for tau, *_ in curves]) for at in (0, -1))
    there = [k for k, tau in enumerate(fitted.tau) if tau <= ends[k]]
    worse = sum(bool(y[-1] > (1 + _WORSE) * y.min()) for _, y, _, _ in curves)
    n, lengths = len(there), (float(starts.min()), float(ends.max()))
    if 2 * n <= len(curves) and n < len(curves):
        none = _NAN, _NAN, _NAN
        return Knee(*none, *none, 0, len(curves), 0, *lengths, worse)
    good = [curves[k] for k in there]

    def log_tau(some: Sequence[int]) -> float:
        chosen = [good[k] for k in some]
        least = np.array([tau[0] for tau, *_ in chosen])
        return float(np.log(np.maximum(_fitted(chosen).tau, least)).mean())

    at_once = sum(bool(fitted.tau[k] <= starts[k]) for k in there)
    tau, low, high = _interval(log_tau, range(n))
    if at_once:
        low = high = _NAN
    at = np.maximum(fitted.tau, starts)[there]
    costs = [
        [float(np.interp(place, curve[0], curve[kind])) for kind in (2, 3)]
        for place, curve in zip(at, good, strict=True)
    ]
    time_s, energy_J = map(float, np.mean(costs, axis=0))
    plateau = float(fitted.plateau[there].mean())
    rest = len(curves) - n
    return Knee(tau, low, high, time_s, energy_J, plateau, n, rest, at_once, *lengths, worse)
