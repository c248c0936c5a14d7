"""Axes of a sweep: which paths vary, and how.

========== ============================================== ======================================
axis       written as                                     its steps
========== ============================================== ======================================
list       ``{path: P, values: [a, b]}``                  each value
log range  ``{path: P, log: {start, stop, points}}``      evenly spaced in the logarithm
linear     ``{path: P, linear: {start, stop, points}}``   evenly spaced
paired     ``{paired: [axis, axis]}``                     the first of each, the second of each, ...
random     ``{random: {points, seed, axes: [...]}}``      points drawn independently of each other
cases      ``{name: N, cases: {label: {P: v, Q: w}}}``    each named set of changes
========== ============================================== ======================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.names import OneLine
from neurosim.streams import Streams

__all__ = [
    "DOTTED",
    "AnyAxis",
    "Axis",
    "Cases",
    "Drawn",
    "Paired",
    "Random",
    "Step",
    "columns_of",
    "drawn",
    "steps",
]

# Of a path to a field.
DOTTED = ("profile", "deploy", "experiment", "sampling")

# One step along an axis: new values by path, and what the table says of it by column.
Step = tuple[dict[str, Any], dict[str, Any]]


class Span(Block):
    """From `start` to `stop`, both included.

    Parameters
    ----------
    start, stop : float
        In SI units.
    points : int
        How many values.
    whole : bool
        Rounds to whole numbers; a number that comes twice is taken once.
    """

    start: float
    stop: float
    points: Annotated[int, Field(ge=2, le=10_000)]
    whole: bool = False


class Interval(Block):
    """From `start` to `stop`, to draw from.

    Parameters
    ----------
    start, stop : float
        In SI units.
    whole : bool
        Rounds to whole numbers.
    """

    start: float
    stop: float
    whole: bool = False


def _one_way(axis: Axis | Drawn) -> None:
    """Exactly one of values, log and linear; a logarithm of what has one."""
    given = [name for name in ("values", "log", "linear") if getattr(axis, name) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "none of them"
        raise BlockError([((), f"must have one of values, log and linear, but has {said}")])
    log = axis.log
    if log is not None and min(log.start, log.stop) <= 0:
        text = f"must have start and stop above 0, but has {log.start:g} and {log.stop:g}"
        raise BlockError([(("log",), text)])


class Axis(Block):
    """Values of one dotted path.

    Parameters
    ----------
    path : str
        See `neurosim.sweeps.making`.
    values : tuple, optional
        As a YAML file of the block would say them: numbers, text with a unit, `ideal`, blocks.
    log, linear : Span, optional
        A range instead.
    """

    path: OneLine
    values: Annotated[tuple[Any, ...] | None, Field(min_length=1)] = None
    log: Span | None = None
    linear: Span | None = None

    @model_validator(mode="after")
    def _check(self) -> Axis:
        _one_way(self)
        return self

    def steps(self) -> list[Any]:
        """The values."""
        if self.values is not None:
            return list(self.values)
        span, space = (self.log, np.geomspace) if self.log else (self.linear, np.linspace)
        assert span is not None
        found = space(span.start, span.stop, span.points).tolist()
        return list(dict.fromkeys(map(round, found))) if span.whole else found


class Drawn(Block):
    """One path of a random axis: uniform over values, a range or a range's logarithm.

    Parameters
    ----------
    path : str
    values : tuple, optional
    log, linear : Interval, optional
    """

    path: OneLine
    values: Annotated[tuple[Any, ...] | None, Field(min_length=1)] = None
    log: Interval | None = None
    linear: Interval | None = None

    @model_validator(mode="after")
    def _check(self) -> Drawn:
        _one_way(self)
        return self

    def draw(self, rng: np.random.Generator) -> Any:
        """One value."""
        if self.values is not None:
            return self.values[rng.integers(len(self.values))]
        between = self.log or self.linear
        assert between is not None
        share, a, b = rng.random(), between.start, between.stop
        value = float(a * (b / a) ** share if self.log else a + share * (b - a))
        return round(value) if between.whole else value


class Paired(Block):
    """Axes that step together.

    Parameters
    ----------
    paired : tuple of Axis
        All of one length.
    """

    paired: Annotated[tuple[Axis, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _one_length(self) -> Paired:
        lengths = [len(axis.steps()) for axis in self.paired]
        if len(set(lengths)) > 1:
            text = f"must be axes of one length, but have {', '.join(map(str, lengths))} values"
            raise BlockError([(("paired",), text)])
        return self


class Draws(Block):
    """Points drawn at random.

    Parameters
    ----------
    points : int
    seed : int
    axes : tuple of Drawn
    """

    points: Annotated[int, Field(ge=1, le=100_000)]
    seed: Annotated[int, Field(ge=0)] = 0
    axes: Annotated[tuple[Drawn, ...], Field(min_length=1)]


class Random(Block):
    """An axis of random points.

    Parameters
    ----------
    random : Draws
    """

    random: Draws


class Cases(Block):
    """Named sets of changes.

    Parameters
    ----------
    name : str
        Column of the table: any one line of text that no other column has and that is no path.
    cases : mapping from str to mapping
        Changes by path, by label, one line of text; an empty one changes nothing.
    """

    name: OneLine
    cases: Annotated[dict[OneLine, dict[str, Any]], Field(min_length=1)]


def _form(value: Any) -> str:
    """Which of the forms an axis has; no name of a field, for mistakes are found by their path."""
    for key in ("paired", "random", "cases"):
        if key in value if isinstance(value, Mapping) else hasattr(value, key):
            return f"{key} axis"
    return "plain axis"


AnyAxis = Annotated[
    Annotated[Axis, Tag("plain axis")]
    | Annotated[Paired, Tag("paired axis")]
    | Annotated[Random, Tag("random axis")]
    | Annotated[Cases, Tag("cases axis")],
    Discriminator(_form),
]


def drawn(axes: Sequence[AnyAxis]) -> set[str]:
    """Paths whose values are drawn at random."""
    return {one.path for axis in axes if isinstance(axis, Random) for one in axis.random.axes}


def columns_of(axis: AnyAxis) -> list[str]:
    """Columns that an axis has in the table."""
    if isinstance(axis, Cases):
        return [axis.name]
    if isinstance(axis, Axis):
        return [axis.path]
    parts = axis.paired if isinstance(axis, Paired) else axis.random.axes
    return [part.path for part in parts]


def steps(axis: AnyAxis) -> list[Step]:
    """Every step of an axis, in order."""
    if isinstance(axis, Cases):
        return [(dict(case), {axis.name: label}) for label, case in axis.cases.items()]
    if isinstance(axis, Axis):
        changes = [{axis.path: value} for value in axis.steps()]
    elif isinstance(axis, Paired):
        columns = [one.steps() for one in axis.paired]
        paths = [one.path for one in axis.paired]
        changes = [dict(zip(paths, row, strict=True)) for row in zip(*columns, strict=True)]
    else:
        rng = Streams(axis.random.seed).generator("axis")
        changes = [
            {one.path: one.draw(rng) for one in axis.random.axes} for _ in range(axis.random.points)
        ]
    return [(change, dict(change)) for change in changes]
