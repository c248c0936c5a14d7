"""What numbers of a file become: pixels from -1 to 1, by one of three rules.

====== ===========================================================================================
scale  what it does
====== ===========================================================================================
auto   whole numbers are grey levels 0 to 255 and become -1 to 1; others must lie there already.
       Whole numbers that go no further than 16 are refused: they are of another scale
minmax the smallest number becomes -1 and the largest 1: of images that of all pixels, of a table
       that of each column; test images count too
none   numbers stay as they are, and must lie from -1 to 1
====== ===========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["ADVICE", "AS_IT_IS", "GREY", "SCALES", "Scale", "Scaling", "from_grey", "scaling_of"]

Array = NDArray[np.float64]
Scale = Literal["auto", "minmax", "none"]
SCALES: tuple[Scale, ...] = get_args(Scale)

BYTE_STEPS = 255
ADVICE = "take --scale minmax"
_DARK = 16  # whole numbers up to here are on no scale of 255


@dataclass(frozen=True, eq=False)
class Scaling:
    """Numbers from `low` to `high` become -1 to 1.

    Parameters
    ----------
    low, high : ndarray, shape () or (columns,)
        Of all numbers alike, or of each column.
    steps : int or None
        Grey levels less one, evenly from -1 to 1; None where there may be any number between.
    names : tuple of str
        Of a table's columns.
    """

    low: Array
    high: Array
    steps: int | None = None
    names: tuple[str, ...] = ()

    def first(self, n: int) -> Scaling:
        """That of a table's first columns; that of images as it is."""
        low, high = (part[:n] if part.ndim else part for part in (self.low, self.high))
        return replace(self, low=low, high=high, names=self.names[:n])

    @property
    def changes(self) -> bool:
        """Whether numbers do not stay as they are."""
        return bool(np.any(self.low != -1) or np.any(self.high != 1))

    def __call__(self, numbers: NDArray[Any]) -> Array:
        """Numbers of the file, scaled."""
        if not self.changes:
            return np.asarray(numbers, dtype=float)
        return np.asarray(2 * ((numbers - self.low) / (self.high - self.low)) - 1)

    def undone(self, scaled: Array, columns: slice = slice(None)) -> Array:
        """Numbers as the file has them, of some columns of a table."""
        if not self.changes:
            return scaled
        low, high = (part[columns] if part.ndim else part for part in (self.low, self.high))
        return np.asarray((scaled + 1) / 2 * (high - low) + low)

    def __str__(self) -> str:
        """What it did, in words."""
        if not self.changes:
            return "numbers as they are"
        if self.low.ndim:
            ends = zip(self.names or map(str, range(len(self.low))), self.low, self.high,
                       strict=True)  # fmt: skip
            said = [f"{name} {low:g} to {high:g}" for name, low, high in ends]
            return f"{', '.join(said)} scaled to -1 to 1 each"
        return f"{self.low:g} to {self.high:g} scaled to -1 to 1"


AS_IT_IS = Scaling(np.full((), -1.0), np.ones(()))
GREY = Scaling(np.zeros(()), np.full((), float(BYTE_STEPS)), BYTE_STEPS)


def scaling_of(
    numbers: NDArray[Any],
    owner: str,
    scale: Scale,
    by_column: bool = False,
    names: tuple[str, ...] = (),
) -> Scaling:
    """The scaling of a file's numbers, shape (rows, columns).

    Parameters
    ----------
    numbers : ndarray of whole numbers or floats
    owner : str
        Begins a message.
    scale : {"auto", "minmax", "none"}
    by_column : bool
        Whether they are a table, of which each column has its own scale and `auto` leaves all.
    names : tuple of str
        Of the columns.

    Raises
    ------
    DataError
        `auto` or `none` do not suit them, or all are the same.
    """
    if not np.isfinite(numbers).all():
        raise DataError(f"{owner} must hold finite numbers, but some are not; mend them.")
    low, high = float(numbers.min()), float(numbers.max())
    if low == high and not by_column:
        raise DataError(
            f"{owner} must hold images to learn, but all their pixels are {low:g}; store others."
        )
    whole = numbers.dtype.kind in "ui"
    if scale == "minmax":
        return replace(_between(numbers, whole, by_column), names=names)
    if by_column:
        return replace(AS_IT_IS, names=names)
    if scale == "auto" and whole:
        from_grey(numbers, owner, advice=ADVICE)
        return GREY
    # White paper is -1: floats that begin at 0 are another scale, unless they are meant so.
    if not (low >= -1 and high <= 1 and (low < 0 or scale == "none")):
        raise DataError(
            f"{owner} must hold finite numbers from -1 (paper) to 1 (ink), but they go from "
            f"{low:g} to {high:g}; {ADVICE}, or --scale none if paper is meant to be above -1, or "
            f"store whole grey levels 0 to {BYTE_STEPS}."
        )
    return AS_IT_IS


def _between(numbers: NDArray[Any], whole: bool, by_column: bool) -> Scaling:
    """From the smallest to the largest; a column of one number becomes 0."""
    axis = 0 if by_column else None
    low, high = (np.asarray(f(numbers, axis=axis), dtype=float) for f in (np.min, np.max))
    same = low == high
    steps = int(high - low) if whole and not by_column else None
    return Scaling(np.where(same, low - 1, low), np.where(same, high + 1, high), steps)


def from_grey(
    levels: NDArray[Any], owner: str, darkest: int = _DARK, advice: str = "scale them"
) -> Array:
    """Whole grey levels 0 to 255 as pixels from -1 to 1.

    Those that go to `darkest` at most are taken for another scale, but for zeros alone.

    Raises
    ------
    DataError
        They go further, or so little far that they are on another scale; it begins with `owner`.
    """
    low, high = int(levels.min()), int(levels.max())
    if low < 0 or high > BYTE_STEPS:
        raise DataError(
            f"{owner} must hold grey levels 0 to {BYTE_STEPS}, but they go from {low} to {high}; "
            f"{advice}, or store floats from -1 to 1."
        )
    if 0 < high <= darkest:
        raise DataError(
            f"{owner} must hold grey levels 0 to {BYTE_STEPS} where its numbers are whole, but "
            f"they go to {high} only; {advice}, or store floats from -1 to 1: 2 * images / "
            f"{high} - 1."
        )
    return GREY(levels)
