"""Which points of a sweep a figure joins to a line, and what it calls each line."""

from __future__ import annotations

from collections.abc import Container, Sequence

from neurosim.blocks.units import format_quantity
from neurosim.report.wording import named, unit_of
from neurosim.safe_text import one_line
from neurosim.sweeps import Group

__all__ = [
    "MOST_LINES",
    "by_kind",
    "is_numeric",
    "labelled_lines",
    "lines_of",
    "plain",
    "telling",
    "word",
]

MOST_LINES = 7


def is_numeric(values: Sequence[object]) -> bool:
    """Whether a column can be an axis of numbers."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def telling(
    groups: Sequence[Group], columns: Sequence[str], random: Container[str] = ()
) -> list[str]:
    """Columns that vary and that no column before them tells apart alike, as paired ones do.

    Those drawn at random are told although each point has its own value in all of them.
    """
    seen: list[tuple[int, ...]] = []
    out = []
    for k, column in enumerate(columns):
        values = [group.settings[k] for group in groups]
        pattern = tuple(values.index(value) for value in values)
        if any(pattern) and (pattern not in seen or column in random):
            seen.append(pattern)
            out.append(column)
    return out


def lines_of(
    groups: Sequence[Group], columns: Sequence[str], x: str, random: Container[str] = ()
) -> tuple[list[str], bool]:
    """Columns that tell the lines of a figure over `x` apart, and whether others are left over.

    All other columns that vary, while there are at most seven lines of them, words before numbers;
    none that is drawn at random, and what is drawn with `x` is not left over.
    """
    varied: list[tuple[bool, int, str]] = []
    for column in telling(groups, columns, random):
        values = [group.settings[columns.index(column)] for group in groups]
        if column != x and not (column in random and x in random):
            varied.append((is_numeric(values), len(set(values)), column))
    chosen: list[str] = []
    for _, _, column in sorted(varied):
        if column in random:
            continue
        tried = [*chosen, column]
        at = [columns.index(name) for name in tried]
        if len({tuple(group.settings[k] for k in at) for group in groups}) <= MOST_LINES:
            chosen = tried
    return chosen, len(chosen) < len(varied)


def labelled_lines(
    groups: Sequence[Group], columns: Sequence[str], chosen: Sequence[str]
) -> dict[str, list[Group]]:
    """Groups by the label of their line."""
    at = [columns.index(name) for name in chosen]
    words = [named(column) for column in columns]
    # Of a chip that is trained and one that is programmed the paths alone tell a field apart.
    names = [named(name) if words.count(named(name)) == 1 else name for name in chosen]
    lines: dict[str, list[Group]] = {}
    for group in groups:
        label = ", ".join(_said(names[k], chosen[k], group.settings[i]) for k, i in enumerate(at))
        lines.setdefault(label, []).append(group)
    return lines


def by_kind(groups: Sequence[Group], at: int) -> dict[str, list[Group]]:
    """Groups by what their word at `at` has before a comma; all as one where none are alike.

    Examples
    --------
    >>> words = ("alone, 1", "alone, 3", "stepped, 1")
    >>> list(by_kind([Group((word,), {}, {}, 1) for word in words], 0))
    ['alone', 'stepped']
    >>> list(by_kind([Group((word,), {}, {}, 1) for word in ("tanh", "silu")], 0))
    ['']
    """
    kinds: dict[str, list[Group]] = {}
    for group in groups:
        kinds.setdefault(plain(str(group.settings[at]).partition(",")[0]), []).append(group)
    if 1 < len(kinds) <= MOST_LINES and len(kinds) < len(groups):
        return kinds
    return {"": list(groups)}


def _said(name: str, column: str, value: object) -> str:
    """A value as a legend says it: numbers need the name of what they are."""
    if not isinstance(value, int | float):
        return word(value)
    unit = unit_of(column).replace("tau", "C/g")
    said = f"{word(value)} {unit}".rstrip() if unit in {"", "C/g"} else format_quantity(value, unit)
    return f"{plain(name)} = {said}"


def word(value: object) -> str:
    """A value as text."""
    return f"{value:.4g}" if isinstance(value, int | float) else plain(str(value))


def plain(text: str) -> str:
    """Text that Matplotlib draws as it is: no formula between dollars, no label left out."""
    text = one_line(text).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
