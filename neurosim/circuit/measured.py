"""An amplifier as it was measured on a bench: output against input, point by point."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, model_validator
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from neurosim.blocks.points import in_place_of_table
from neurosim.blocks.quantities import SignedVolt
from neurosim.circuit.amplifiers import UnitAmplifier
from neurosim.circuit.rising import Risen, check_order, risen, said_of_smoothing
from neurosim.errors import DataError

__all__ = ["Measured"]

Array = NDArray[np.float64]

# No amplifier has such a gain, and solvers cannot follow it.
_STEEPEST = 1e6


class Measured(UnitAmplifier):
    """Measured points joined by a monotone cubic spline (Fritsch and Carlson, 1980).

    Within the points the output is that spline: it goes through each of them, never turns back
    between two, and has a continuous slope. Below the first and above the last the output stays
    where they are, which the spline reaches with slope 0. Outputs that fall by noise of the bench
    are smoothed first, see `neurosim.circuit.rising`.

    Parameters
    ----------
    amplifier : {"measured"}
        Names this amplifier.
    points_V : sequence of (float, float)
        Input and output [V], at least four; inputs rise, and outputs fall by no more than 1 % of
        their swing.
    table : path, optional
        In place of the points: a file of two columns, with a header or without, in volts where the
        header says no other unit. What is written has the points.

    Raises
    ------
    ProfileError
        The points are in no such order, or the table cannot be read.

    Examples
    --------
    >>> follower = Measured(points_V=((-0.2, -0.1), (-0.1, -0.08), (0.1, 0.08), (0.2, 0.1)))
    >>> follower.output_V(np.array([-0.5, 0.1]))
    array([-0.1 ,  0.08])
    """

    unwritten: ClassVar[tuple[str, ...]] = ("table",)
    told_by: ClassVar[tuple[str, ...]] = ("points_V", "table")

    amplifier: Literal["measured"] = "measured"
    points_V: Annotated[tuple[tuple[SignedVolt, SignedVolt], ...], Field(min_length=4)] = ()
    table: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_table(cls, tree: Any, info: ValidationInfo) -> Any:
        return in_place_of_table(tree, "points_V", ("V", "V"), 4, info)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        u, v = np.array(self.points_V).T
        if not (np.isfinite(u).all() and np.isfinite(v).all()):
            raise ValueError("points_V must be finite numbers")
        or_ = ", or exchange the amplifier's inputs"
        check_order(self.points_V, "points_V", "inputs", "outputs", or_)
        at, values = self._risen
        with np.errstate(all="ignore"):
            steep = np.diff(values) / np.diff(at)
        if not (steep < _STEEPEST).all():
            k = int(np.argmax(steep))
            raise ValueError(
                f"points_V must have slopes below {_STEEPEST:g}, but between the inputs "
                f"{at[k]:.9g} and {at[k + 1]:.9g} it is {steep[k]:.3g}; leave one of them out"
            )
        return self

    @cached_property
    def _risen(self) -> Risen:
        return risen(self.points_V, level_ends=True)

    @cached_property
    def _spline(self) -> CubicHermiteSpline:
        u, v = self._risen
        slope = PchipInterpolator(u, v).derivative()(u)
        slope[[0, -1]] = 0.0
        return CubicHermiteSpline(u, v, slope)

    @cached_property
    def _derivatives(self) -> tuple[Any, Any, Any]:
        return self._spline.derivative(), self._spline.derivative(2), self._spline.antiderivative()

    @property
    def ends_V(self) -> tuple[float, float]:
        """Inputs of the first and the last point [V]."""
        return float(self._spline.x[0]), float(self._spline.x[-1])

    @property
    def smoothed(self) -> str | None:
        """How far smoothing has moved the points, in words; None where none falls."""
        u, v = np.array(self.points_V).T
        return said_of_smoothing("points_V", v, self.output_V(u), "V")

    @property
    def pieces(self) -> tuple[Array, Array]:
        """Where each cubic begins and the last ends [V], and its coefficients, highest first."""
        return self._spline.x, self._spline.c

    def output_V(self, u_V: Array) -> Array:
        """Output [V]."""
        found: Array = self._spline(np.clip(u_V, *self.ends_V))
        return found

    def slope(self, u_V: Array) -> Array:
        """phi'(u); 0 beyond the points."""
        found: Array = self._derivatives[0](np.clip(u_V, *self.ends_V))
        return found

    def curvature_per_V(self, u_V: Array) -> Array:
        """phi''(u) [1/V]; it jumps at the points, and is 0 beyond them."""
        low, high = self.ends_V
        within = (u_V > low) & (u_V < high)
        return np.where(within, self._derivatives[1](np.clip(u_V, low, high)), 0.0)

    def integral_V2(self, u_V: Array) -> Array:
        """Phi(u) [V^2]: the spline's own, and linear beyond the points."""
        return self._area(u_V) - self._area(np.zeros(()))

    def _area(self, u_V: Array) -> Array:
        inner = np.clip(u_V, *self.ends_V)
        found: Array = self._derivatives[2](inner) + (u_V - inner) * self._spline(inner)
        return found

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """See `Amplifier.apply`.

        Raises
        ------
        DataError
            The arrays are those of a GPU.
        """
        if not isinstance(z, np.ndarray):
            raise DataError(
                "A measured amplifier settles on the processor, but the chip is on another "
                "device; leave --device out, or fit a tanh."
            )
        u_V = z * self.unit_V
        out[...] = self.output_V(u_V) / self.unit_V
        if slope is not None:
            slope[...] = self.slope(u_V)
