"""The amplifiers of a circuit: as fabrication made each one, and all of them together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.circuit.amplifiers import Amplifier
from neurosim.errors import DataError

__all__ = ["Amplifiers", "Errors", "Imperfect", "imperfect"]

Array = NDArray[np.float64]


def _column(values: Array, dtype: DTypeLike) -> Array:
    """One value a node, for states of shape (n, rows)."""
    return values[:, None].astype(dtype)


@dataclass(frozen=True, eq=False)
class Imperfect:
    r"""Amplifiers of one kind, each with its own errors.

    .. math:: v = f\,\phi(\gamma (u + o))

    It is an `Amplifier` for arrays whose last axis is its nodes.

    Parameters
    ----------
    base : Amplifier
        The ideal characteristic phi.
    gain : ndarray, shape (n,)
        Gain error gamma as a factor.
    offset_V : ndarray, shape (n,)
        Input offset o.
    attenuation : ndarray, shape (n,)
        Output over that of an unloaded amplifier, f: what an output resistance and the devices that
        hang on it leave.
    """

    base: Amplifier
    gain: Array
    offset_V: Array
    attenuation: Array

    def __post_init__(self) -> None:
        if np.ndim(self.base.per_V) or self.base.per_V != 1 / self.base.unit_V:
            raise DataError(
                f"Imperfect.base must be an ideal amplifier, but is {type(self.base).__name__}, "
                "which has errors of its own; state all errors in one Imperfect."
            )
        shapes = {a.shape for a in (self.gain, self.offset_V, self.attenuation)}
        if len(shapes) > 1 or self.gain.ndim != 1:
            raise DataError(
                "Imperfect.gain, offset_V and attenuation must each have one value a node, but "
                f"have the shapes {self.gain.shape}, {self.offset_V.shape} and "
                f"{self.attenuation.shape}."
            )

    def some(self, keep: NDArray[np.bool_]) -> Imperfect:
        """The same for some of its nodes."""
        return replace(
            self,
            gain=self.gain[keep],
            offset_V=self.offset_V[keep],
            attenuation=self.attenuation[keep],
        )

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.base.unit_V

    @property
    def per_V(self) -> Array:
        """See `Amplifier.per_V`: the gain is part of it, the offset is not."""
        return self.gain / self.base.unit_V

    def _input_V(self, u_V: Array) -> Array:
        """What the ideal characteristic sees."""
        dtype = np.result_type(u_V.dtype, np.float32)
        seen_V: Array = (u_V + self.offset_V.astype(dtype)) * self.gain.astype(dtype)
        return seen_V

    def output_V(self, u_V: Array) -> Array:
        """Output [V]."""
        return self.base.output_V(self._input_V(u_V)) * self.attenuation

    def slope(self, u_V: Array) -> Array:
        """dv/du."""
        return self.base.slope(self._input_V(u_V)) * self.attenuation * self.gain

    def curvature_per_V(self, u_V: Array) -> Array:
        """Second derivative of the output [1/V]."""
        bent = self.base.curvature_per_V(self._input_V(u_V))
        return bent * self.attenuation * self.gain**2

    def integral_V2(self, u_V: Array) -> Array:
        """Integral of v from 0 to u [V^2]."""
        at_rest_V = self._input_V(np.zeros(len(self.gain)))
        area = self.base.integral_V2(self._input_V(u_V)) - self.base.integral_V2(at_rest_V)
        return area / self.gain * self.attenuation

    @cached_property
    def _errors(self) -> dict[np.dtype[Any], tuple[Array | None, Array | None, Array | None]]:
        """Offset in units of z, attenuation and gain as columns by type; None where ideal."""
        return {}

    def _errors_in(self, dtype: np.dtype[Any]) -> tuple[Array | None, Array | None, Array | None]:
        if dtype not in self._errors:
            gain, factor = _column(self.gain, dtype), _column(self.attenuation, dtype)
            offset = _column(self.offset_V, dtype) * _column(self.per_V, dtype)
            self._errors[dtype] = (
                offset if self.offset_V.any() else None,
                factor if (self.attenuation != 1).any() else None,
                gain if (self.gain != 1).any() else None,
            )
        return self._errors[dtype]

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """See `Amplifier.apply`; z, out and slope have shape (n, rows)."""
        offset, attenuation, gain = self._errors_in(z.dtype)
        if offset is not None:
            z += offset
        self.base.apply(z, out, slope)
        if attenuation is not None:
            out *= attenuation
            if slope is not None:
                slope *= attenuation
        if gain is not None and slope is not None:
            slope *= gain


class Errors(NamedTuple):
    """What stands between a characteristic of z and the nodes' voltages; arrays of all nodes.

    z is `per_V` (u + `offset_V`), v is `attenuation` phi(z), and its slope `slope` phi'(z).
    """

    per_V: Array
    offset_V: Array
    attenuation: Array
    slope: Array


def _errors_of(amplifier: Amplifier) -> tuple[Any, ...]:
    """See `Errors`; an amplifier of one's own applies what else it has by itself."""
    if isinstance(amplifier, Imperfect):
        slope = amplifier.attenuation * amplifier.gain
        return amplifier.per_V, amplifier.offset_V, amplifier.attenuation, slope
    return amplifier.per_V, 0.0, 1.0, 1.0


def imperfect(base: Amplifier, gain: Array, offset_V: Array, attenuation: Array) -> Amplifier:
    """`Imperfect`, or `base` itself where no node has an error."""
    made = Imperfect(base, gain, offset_V, attenuation)
    if offset_V.any() or (gain != 1).any() or (attenuation != 1).any():
        return made
    return base


@dataclass(frozen=True)
class Amplifiers:
    """The amplifiers of all nodes, group after group.

    Parameters
    ----------
    groups : tuple of (Amplifier, int)
        Each characteristic and how many nodes have it, in the order of `Layers`.
    lift : float or ndarray, shape (n,)
        Of the nodes, where there are amplifiers between layers: see `neurosim.circuit.between`.
    """

    groups: tuple[tuple[Amplifier, int], ...]
    lift: float | Array = 1.0

    def __post_init__(self) -> None:
        units = sorted({amplifier.unit_V for amplifier, _ in self.groups})
        if len(units) > 1:
            raise DataError(
                f"All amplifiers of a circuit must have one unit_V, but have {units[0]:g} V and "
                f"{units[-1]:g} V; make them of one."
            )

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.groups[0][0].unit_V

    @cached_property
    def errors(self) -> Errors:
        """Those of all nodes."""
        every = [(_errors_of(amplifier), n) for amplifier, n in self.groups]
        return Errors(
            *(
                np.concatenate([np.broadcast_to(errors[k], n) for errors, n in every])
                for k in range(4)
            )
        )

    @cached_property
    def bases(self) -> tuple[tuple[Amplifier, slice], ...]:
        """The characteristics that are left when the errors are taken apart, and their nodes."""
        pairs = zip(self.groups, self.parts, strict=True)
        return tuple(
            (amplifier.base if isinstance(amplifier, Imperfect) else amplifier, at)
            for (amplifier, _), (_, at) in pairs
        )

    def some(self, keep: NDArray[np.bool_]) -> Amplifiers | None:
        """Those of some nodes; None where an amplifier of one's own has values of its nodes."""
        groups = []
        for (amplifier, _), (_, at) in zip(self.groups, self.parts, strict=True):
            own = amplifier.some(keep[at]) if isinstance(amplifier, Imperfect) else amplifier
            if own is amplifier and np.ndim(amplifier.per_V):
                return None
            groups.append((own, int(np.count_nonzero(keep[at]))))
        return Amplifiers(tuple(groups))

    @cached_property
    def parts(self) -> tuple[tuple[Amplifiers, slice], ...]:
        """Each group by itself, and which nodes it has."""
        ends = np.cumsum([n for _, n in self.groups]).tolist()
        return tuple(
            (Amplifiers((group,)), slice(end - group[1], end))
            for group, end in zip(self.groups, ends, strict=True)
        )

    def _joined(self, method: Callable[[Amplifier], Callable[[Array], Array]], u_V: Array) -> Array:
        pairs = zip(self.groups, self.parts, strict=True)
        return np.concatenate([method(a)(u_V[..., at]) for (a, _), (_, at) in pairs], axis=-1)

    def output_V(self, u_V: Array) -> Array:
        """Output of each node [V]; arrays have shape (..., n)."""
        return self._joined(lambda amplifier: amplifier.output_V, u_V)

    def slope(self, u_V: Array) -> Array:
        """dv/du of each node."""
        return self._joined(lambda amplifier: amplifier.slope, u_V)

    def curvature_per_V(self, u_V: Array) -> Array:
        """Second derivative of each node's output [1/V]."""
        return self._joined(lambda amplifier: amplifier.curvature_per_V, u_V)

    def integral_V2(self, u_V: Array) -> Array:
        """Integral of each node's output from 0 to u [V^2]."""
        return self._joined(lambda amplifier: amplifier.integral_V2, u_V)

    @cached_property
    def _per_V(self) -> dict[np.dtype[Any], Array]:
        return {}

    def apply(self, u_V: Array, work: Array, out: Array, slope: Array | None) -> None:
        """Write v / unit_V to `out`, dv/du to `slope` if given; all of shape (n, rows).

        `work` is lost, `u_V` is not.
        """
        if work.dtype not in self._per_V:
            every = [np.broadcast_to(amplifier.per_V, n) for amplifier, n in self.groups]
            self._per_V[work.dtype] = _column(np.concatenate(every), work.dtype)
        np.multiply(u_V, self._per_V[work.dtype], out=work)
        for (amplifier, _), (_, at) in zip(self.groups, self.parts, strict=True):
            amplifier.apply(work[at], out[at], None if slope is None else slope[at])
