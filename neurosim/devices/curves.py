"""Curves over a device's conductance as a profile states them: formulas, pieces, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_serializer,
    model_validator,
)

from neurosim.arguments import shown
from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.trees import is_number
from neurosim.blocks.units import format_quantity
from neurosim.blocks.words import Word

__all__ = ["Curve", "Piece", "evaluate", "negative"]

Array = NDArray[np.float64]

# Logarithms and negative powers of a device that is off are taken here.
_SMALLEST = 1e-7

_FORMS: dict[str, Callable[[Array, tuple[float, ...]], Any]] = {
    "polynomial": np.polynomial.polynomial.polyval,
    "log": lambda x, c: c[0] + c[1] * np.log(np.maximum(x, _SMALLEST)),
    "power": lambda x, c: c[0] * np.maximum(x, _SMALLEST) ** c[1],
    "saturating": lambda x, c: -c[0] * np.expm1(-x / c[1]),
}

_Two = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]


class Piece(Block):
    r"""One formula of x, the conductance over a reference; exactly one of the five forms.

    Parameters
    ----------
    polynomial : tuple of float, optional
        c_0 + c_1 x + c_2 x^2 + ...
    log : tuple of float, optional
        (a, b): a + b ln x.
    power : tuple of float, optional
        (a, b): a x^b.
    saturating : tuple of float, optional
        (a, b): a (1 - exp(-x / b)).
    points : tuple of tuple, optional
        (x, y) by ascending x: straight lines between them, level beyond both ends.
    least, most : float, optional
        Bounds of the value.
    below : float, optional
        The piece holds for x below this; the last piece of a curve has no such bound.

    Examples
    --------
    >>> import neurosim as ns
    >>> write = ns.Write(reference_S=6e-6, noise=ns.Piece(polynomial=(0.01, 0.02), least=0.015))
    >>> write.noise[0].least
    0.015
    """

    polynomial: Annotated[tuple[float, ...], Field(min_length=1)] | None = None
    log: _Two | None = None
    power: _Two | None = None
    saturating: _Two | None = None
    points: Annotated[tuple[_Two, ...], Field(min_length=2)] | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        given = [n for n in (*_FORMS, "points") if getattr(self, n) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            raise ValueError(
                f"must have one of polynomial, log, power, saturating and points, but has {said}"
            )
        if self.points and any(b[0] <= a[0] for a, b in pairwise(self.points)):
            raise BlockError([(("points",), "must have ascending first numbers, but have not")])
        if self.saturating and self.saturating[1] <= 0:
            raise BlockError([(("saturating",), "must have a second number above 0")])
        return self

    @model_serializer
    def _stated(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def __call__(self, x: Array) -> Array:
        """Value at each x."""
        if self.points is not None:
            at, values = zip(*self.points, strict=True)
            y: Array = np.interp(x, at, values)
        else:
            form = next(name for name in _FORMS if getattr(self, name) is not None)
            y = np.asarray(_FORMS[form](x, getattr(self, form)), dtype=np.float64)
        if self.least is None and self.most is None:
            return y
        bounded: Array = np.clip(y, self.least, self.most)
        return bounded


def _pieces(value: Any) -> Any:
    """Pieces from a number, one mapping or a list of mappings."""
    if is_number(value):
        return ({"polynomial": (value,)},) if value else ()
    if not isinstance(value, Mapping | Piece | list | tuple):
        raise ValueError(
            f"must be a number, a block of one formula or a list of such, but is {shown(value)}; a "
            "share is a plain number, such as 0.02 for 2 %"
        )
    return (value,) if isinstance(value, Mapping | Piece) else value


def _in_order(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    bounds = [piece.below for piece in pieces]
    inner = [b for b in bounds[:-1] if b is not None]
    ascending = all(a < b for a, b in pairwise(inner))
    if pieces and (len(inner) < len(bounds) - 1 or bounds[-1] is not None or not ascending):
        raise ValueError("must have ascending `below` in every piece but the last, which has none")
    return pieces


def _shortest(pieces: tuple[Piece, ...]) -> Any:
    """As a profile writes it."""
    stated = [piece.model_dump() for piece in pieces]
    if len(stated) != 1:
        return stated
    constant = list(stated[0]) == ["polynomial"] and len(stated[0]["polynomial"]) == 1
    return stated[0]["polynomial"][0] if constant else stated[0]


Curve = Annotated[
    tuple[Piece, ...],
    BeforeValidator(_pieces, json_schema_input_type=float | Piece | tuple[Piece, ...]),
    AfterValidator(_in_order),
    PlainSerializer(_shortest, return_type=Any),
    Word("ideal", ()),
]


def negative(
    field: str, curve: tuple[Piece, ...], conductance_S: Array, reference_S: float, way: str
) -> Iterator[tuple[str, str]]:
    """The field and what must hold, where its curve is below 0 at one of these conductances."""
    value = evaluate(curve, conductance_S / reference_S)
    at = int(np.argmin(value))
    if value[at] < 0:
        where = format_quantity(float(conductance_S[at]), "S")
        yield (
            field,
            "must be at least 0 over the couplings' range, but is "
            f"{value[at]:.3g} at {where}; {way}",
        )


def evaluate(curve: tuple[Piece, ...], x: Array) -> Array:
    """Value of a curve at each x; no pieces are zero everywhere."""
    if not curve:
        return np.zeros_like(x)
    y = curve[-1](x)
    for piece in reversed(curve[:-1]):
        assert piece.below is not None
        y = np.where(x < piece.below, piece(x), y)
    return y
