"""A diode as it was measured on a bench: current against voltage, point by point."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.points import in_place_of_table
from neurosim.blocks.quantities import SignedAmpere, SignedVolt
from neurosim.circuit.rising import Risen, check_order, risen, said_of_smoothing

__all__ = ["PointsDiode"]

Array = NDArray[np.float64]


class PointsDiode(Sourced):
    """Measured points joined by straight lines, which go on beyond the first and the last.

    Parameters
    ----------
    diode : {"points"}
        Names this diode.
    points : sequence of (float, float)
        Voltage [V] and current [A], at least two; voltages rise, and currents fall by no more than
        1 % of their swing, which is smoothed, see `neurosim.circuit.rising`.
    table : path, optional
        In place of the points: a file of two columns, as `neurosim.circuit.Measured` has it, in
        volts and amperes.

    Examples
    --------
    >>> clamp = PointsDiode(points=((-1.0, 0.0), (0.0, 0.0), (1.0, 0.1)))
    >>> clamp.rest_V(np.array([-0.5, 1.0]), np.array([0.1, 0.1]))
    array([-0.5,  0.5])
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = ("points",)
    unwritten: ClassVar[tuple[str, ...]] = ("table",)
    told_by: ClassVar[tuple[str, ...]] = ("points", "table")

    diode: Literal["points"] = "points"
    points: Annotated[tuple[tuple[SignedVolt, SignedAmpere], ...], Field(min_length=2)] = ()
    table: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_table(cls, tree: Any, info: ValidationInfo) -> Any:
        return in_place_of_table(tree, "points", ("V", "A"), 2, info)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.points, "points", "voltages", "currents")
        return self

    @cached_property
    def _risen(self) -> Risen:
        return risen(self.points, level_ends=False)

    @property
    def smoothed(self) -> str | None:
        """How far smoothing has moved the points, in words; None where none falls."""
        v, i = np.array(self.points).T
        return said_of_smoothing("points", i, self.current_A(v, i), "A")

    @cached_property
    def _lines(self) -> tuple[Array, Array, Array]:
        """Voltage and current where each line begins, and its slope."""
        v, i = self._risen
        return v[:-1], i[:-1], np.diff(i) / np.diff(v)

    @property
    def steepest_S(self) -> float:
        """That of the steepest line."""
        return float(self._lines[2].max())

    def _line(self, of: Array, inner: Array) -> NDArray[np.intp]:
        """Which line each value is on, of lines that begin at these inner values."""
        found = np.zeros(np.broadcast_shapes(of.shape, inner.shape[1:]), np.intp)
        for begin in inner:
            found += of >= begin
        return found

    def _here(self, v_V: Array) -> tuple[Array, Array, Array]:
        v, i, g = self._lines
        k = self._line(v_V, v[1:])
        return v[k], i[k], g[k]

    def current_A(self, v_V: Array, offered_A: Array) -> Array:
        """On the line."""
        del offered_A
        v, i, g = self._here(v_V)
        current_A = i + g * (v_V - v)
        return current_A.astype(v_V.dtype, copy=False)

    def slope_S(self, v_V: Array) -> Array:
        """Of the line."""
        return self._here(v_V)[2]

    @cached_property
    def _areas_W(self) -> Array:
        """Integral of the current from the first point to where each line begins."""
        v, i = self._risen
        whole: Array = np.concatenate([[0.0], np.cumsum(np.diff(v) * (i[1:] + i[:-1]) / 2)])
        return whole[:-1]

    def _area_W(self, v_V: Array) -> Array:
        v, i, g = self._lines
        k = self._line(v_V, v[1:])
        d = v_V - v[k]
        return np.asarray(self._areas_W[k] + d * (i[k] + g[k] * d / 2))

    def co_content_W(self, v_V: Array) -> Array:
        """A trapezium a line."""
        return self._area_W(v_V) - self._area_W(np.zeros(()))

    def rest_V(self, source_V: Array, pull_S: Array) -> Array:
        """On the line where pull and current agree."""
        v, i, g = self._lines
        inner = v[1:].reshape(-1, *[1] * np.ndim(pull_S))
        k = self._line(source_V * pull_S, inner * pull_S + i[1:].reshape(inner.shape))
        rest_V: Array = (source_V * pull_S - i[k] + g[k] * v[k]) / (pull_S + g[k])
        return rest_V
