"""Which rows of a sweep's table are good: replicas together, the best, and the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Group",
    "as_good",
    "badness",
    "best",
    "front",
    "groups",
    "is_seed",
    "standing",
    "without_effect",
]

Row = Mapping[str, Any]

_HIGHER = frozenset({
    "precision", "recall", "density", "coverage", "class_entropy", "smallest_class",
    "accuracy", "test_accuracy", "explained", "test_explained",
})  # fmt: skip


class Group(NamedTuple):
    """Rows that differ in their seeds alone.

    Attributes
    ----------
    settings : tuple
        Values of the columns that are no seed, in order.
    mean, error : dict from str to float
        Of each figure over the rows, and the standard error of that mean; 0 for a single row.
    rows : int
        How many they are.
    """

    settings: tuple[object, ...]
    mean: dict[str, float]
    error: dict[str, float]
    rows: int


def badness(figure: str, value: float) -> float:
    """A number that is small where a figure is good; a two-sample test is good at one half."""
    if figure == "nn_two_sample":
        return abs(value - 0.5)
    return -value if figure in _HIGHER else value


def is_seed(column: str) -> bool:
    """Whether a column tells replicas apart."""
    return column == "replica" or column.rpartition(".")[2] in {"seed", "die"}


def groups(rows: Sequence[Row], columns: Sequence[str], figures: Sequence[str]) -> list[Group]:
    """Means over seeds of the rows that have figures, in the order of their first row."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    kept = [column for column in columns if not is_seed(column)]
    for row in rows:
        if not row["error"]:
            found.setdefault(tuple(row[column] for column in kept), []).append(row)
    out = []
    for settings, members in found.items():
        values = {f: np.array([row[f] for row in members if row.get(f, "") != ""]) for f in figures}
        values = {f: v for f, v in values.items() if v.size}
        mean = {f: float(v.mean()) for f, v in values.items()}
        error = {
            f: float(v.std(ddof=1) / np.sqrt(v.size)) if v.size > 1 else 0.0
            for f, v in values.items()
        }
        out.append(Group(settings, mean, error, len(members)))
    return out


def best(found: Sequence[Group], figure: str) -> Group | None:
    """The group with the best mean of a figure."""
    good = [group for group in found if figure in group.mean]
    return min(good, key=lambda group: badness(figure, group.mean[figure]), default=None)


def as_good(found: Sequence[Group], figure: str) -> int:
    """How many groups are no worse than the best beyond the error of the difference.

    Two standard errors of it count, by groups of two rows or more: of one row no error is known.

    Examples
    --------
    >>> means = ((1.0, 0.1), (1.1, 0.1), (2.0, 0.1))
    >>> as_good([Group((), {"w2": m}, {"w2": e}, 3) for m, e in means], "w2")
    1
    """
    top = best(found, figure)
    if top is None or top.rows < 2:
        return 0
    near = 0
    for group in found:
        if group is top or group.rows < 2 or figure not in group.mean:
            continue
        worse = badness(figure, group.mean[figure]) - badness(figure, top.mean[figure])
        near += worse <= 2 * float(np.hypot(group.error[figure], top.error[figure]))
    return near


def standing(found: Sequence[Group], figure: str) -> tuple[str, str]:
    """What the best mean of a figure may be called, and what is to be said beside it.

    It is `best` only where it is better than all others by more than two standard errors of the
    difference; of a single row no error is known.

    Examples
    --------
    >>> pair = [Group((k,), {"w2": 1.0 + k}, {"w2": 0.1}, 3) for k in (0, 1)]
    >>> standing(pair, "w2")
    ('best', '')
    >>> standing([group._replace(rows=1) for group in pair], "w2")
    ('lowest', 'one seed, no error known')
    """
    top = best(found, figure)
    others = [group for group in found if group is not top and figure in group.mean]
    if top is None or not others:
        return "", ""
    word = "highest" if figure in _HIGHER else "lowest"
    word = "nearest to 1/2 of" if figure == "nn_two_sample" else word
    single = sum(group.rows < 2 for group in others)
    if top.rows < 2:
        return word, "one seed, no error known"
    if near := as_good(found, figure):
        return word, f"{near} more {'is' if near == 1 else 'are'} as good within the error"
    if single:
        return word, f"{single} more of one seed, no error known"
    return "best", ""


def without_effect(
    rows: Sequence[Row], columns: Sequence[str], figures: Sequence[str]
) -> list[str]:
    """Columns along which no figure moves, to the last bit, wherever all others stay.

    Nothing that was drawn depends on such a setting; what it cost may. A column counts once two
    rows that differ in it alone have been done.

    Examples
    --------
    >>> done = {"error": "", "coverage": 0.5}
    >>> rows = [done | {"t": t, "tau": tau} for t in (1, 2) for tau in (10, 20)]
    >>> rows[2]["coverage"] = rows[3]["coverage"] = 0.7
    >>> without_effect(rows, ["t", "tau"], ["coverage"])
    ['tau']
    """
    good = [row for row in rows if not row["error"]]
    found = []
    for column in columns:
        seen: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in good:
            others = tuple(row[other] for other in columns if other != column)
            seen.setdefault(others, []).append(tuple(row.get(figure, "") for figure in figures))
        alike = [values for values in seen.values() if len(values) > 1]
        if alike and all(len(set(values)) == 1 for values in alike):
            found.append(column)
    return found


def front(cost: Sequence[float], bad: Sequence[float]) -> list[int]:
    """Points than which none is both cheaper and better, from the cheapest on.

    Examples
    --------
    >>> front([1.0, 2.0, 3.0, 1.0], [5.0, 6.0, 2.0, 7.0])
    [0, 2]
    """
    out: list[int] = []
    for k in sorted(range(len(cost)), key=lambda k: (cost[k], bad[k])):
        if not out or bad[k] < bad[out[-1]]:
            out.append(k)
    return out
