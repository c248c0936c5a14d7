r"""Node amplifiers: output voltage v = phi(u), its slope, curvature and integral.

``unit_V`` is the voltage that stands for 1 in the host's numbers. With z = u / unit_V,

========= ==================================== =======================================
kind      v / unit_V                           what it is on a chip
========= ==================================== =======================================
`Linear`  z, limited by the rails              unity buffer
`Tanh`    tanh z                               differential pair
`Silu`    10 tanh(silu(z) / 10)                the soft-clamped SiLU of FlowEqProp
measured  a spline through points              see `neurosim.circuit.measured`
========= ==================================== =======================================
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import PrivateAttr

from neurosim.arrays import namespace_of, one_minus
from neurosim.blocks.block import Block
from neurosim.blocks.quantities import Volt
from neurosim.errors import DataError

__all__ = ["Amplifier", "Linear", "Scalable", "Silu", "Tanh", "UnitAmplifier"]

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@runtime_checkable
class Amplifier(Protocol):
    """A static transfer characteristic; arrays of any shape, volts in and out."""

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""

    @property
    def per_V(self) -> float | Array:
        """Z of `apply` for u = 1 V: 1 / unit_V."""

    def output_V(self, u_V: Array) -> Array:
        """Output v = phi(u) [V]."""

    def slope(self, u_V: Array) -> Array:
        """phi'(u)."""

    def curvature_per_V(self, u_V: Array) -> Array:
        """phi''(u) [1/V]."""

    def integral_V2(self, u_V: Array) -> Array:
        """Phi(u), the integral of phi from 0 to u [V^2]."""

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """Write v / unit_V for z = u per_V to `out`, phi' to `slope` if given; z is lost."""


@runtime_checkable
class Scalable(Amplifier, Protocol):
    """An amplifier that a profile may hold: its node says what stands for 1."""

    def at(self, unit_V: float) -> Amplifier:
        """The same characteristic where `unit_V` stands for 1."""


class UnitAmplifier(Block):
    """Base of amplifiers that a profile may hold: blocks whose unit voltage is their node's.

    A class of one's own has its word, ``amplifier: Literal["mine"] = "mine"``, and the methods of
    `Amplifier`; `unit_V` and `per_V` are here.

    Parameters
    ----------
    unit_V : float
        Voltage of 1 in the host's numbers. A profile's node gives its own, see `at`.
    """

    _unit_V: float = PrivateAttr(1.0)

    def __init__(self, unit_V: float = 1.0, **fields: Any) -> None:
        super().__init__(**fields)
        self._unit_V = unit_V

    # Those of a profile are made by pydantic itself, so that their mistakes keep their paths.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # pydantic looks for it

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        if self._unit_V != 1:
            yield "unit_V", self._unit_V
        yield from super().__repr_args__()

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self._unit_V

    @property
    def per_V(self) -> float:
        """See `Amplifier.per_V`."""
        return 1 / self._unit_V

    def at(self, unit_V: float) -> Self:
        """The same characteristic where `unit_V` stands for 1."""
        made = self.model_copy()
        made._unit_V = unit_V
        return made


class Linear(UnitAmplifier):
    """Unity buffer, v = u between the rails.

    Parameters
    ----------
    amplifier : {"linear"}
        Names this amplifier.
    rail_V : float or None
        Output limit +-rail_V; None has none.
    """

    spares_z: ClassVar[bool] = True

    amplifier: Literal["linear"] = "linear"
    rail_V: Volt | None = None

    def output_V(self, u_V: Array) -> Array:
        """Output [V]."""
        return u_V.copy() if self.rail_V is None else np.clip(u_V, -self.rail_V, self.rail_V)

    def slope(self, u_V: Array) -> Array:
        """1 between the rails, 0 beyond."""
        if self.rail_V is None:
            return np.ones_like(u_V)
        return (np.abs(u_V) <= self.rail_V).astype(np.float64)

    def curvature_per_V(self, u_V: Array) -> Array:
        """Zero."""
        return np.zeros_like(u_V)

    def integral_V2(self, u_V: Array) -> Array:
        """u^2 / 2 between the rails, linear beyond."""
        v = self.output_V(u_V)
        return v * u_V - v**2 / 2

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """See `Amplifier.apply`."""
        if slope is not None:
            slope[...] = 1.0
        if self.rail_V is None:
            out[...] = z
            return
        limit = self.rail_V / self.unit_V
        namespace_of(z).clip(z, -limit, limit, out=out)
        if slope is not None:
            slope *= abs(z) <= limit


class Tanh(UnitAmplifier):
    """Differential pair, v = unit_V tanh(u / unit_V): it saturates at +-unit_V.

    Parameters
    ----------
    amplifier : {"tanh"}
        Names this amplifier.
    """

    spares_z: ClassVar[bool] = True

    amplifier: Literal["tanh"] = "tanh"

    def output_V(self, u_V: Array) -> Array:
        """Output [V]."""
        return self.unit_V * np.tanh(u_V / self.unit_V)

    def slope(self, u_V: Array) -> Array:
        """1 - tanh^2."""
        return 1 - np.tanh(u_V / self.unit_V) ** 2

    def curvature_per_V(self, u_V: Array) -> Array:
        """-2 tanh (1 - tanh^2) / unit_V."""
        a = np.tanh(u_V / self.unit_V)
        curvature: Array = -2 * a * (1 - a**2) / self.unit_V
        return curvature

    def integral_V2(self, u_V: Array) -> Array:
        """unit_V^2 ln cosh(u / unit_V), in a form that does not overflow."""
        z = np.abs(u_V) / self.unit_V
        integral: Array = self.unit_V**2 * (z + np.log1p(np.exp(-2 * z)) - np.log(2))
        return integral

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """See `Amplifier.apply`."""
        xp = namespace_of(z)
        xp.tanh(z, out=out)
        if slope is not None:
            xp.multiply(out, out, out=slope)
            one_minus(slope)


class Silu(UnitAmplifier):
    """Soft-clamped SiLU of FlowEqProp, v / unit_V = c tanh(z sigmoid(z) / c), c = 10.

    Parameters
    ----------
    amplifier : {"silu"}
        Names this amplifier.
    """

    clamp: ClassVar[float] = 10.0

    amplifier: Literal["silu"] = "silu"

    def _parts(self, u_V: Array) -> tuple[Array, Array, Array]:
        z = np.asarray(u_V / self.unit_V)
        sigmoid = np.empty_like(z)
        _sigmoid(z, sigmoid)
        a = np.asarray(z * sigmoid)
        a *= 1 / self.clamp
        return z, sigmoid, np.tanh(a, out=a)

    def output_V(self, u_V: Array) -> Array:
        """Output [V]."""
        a = self._parts(u_V)[2]
        a *= self.unit_V * self.clamp
        return a

    def slope(self, u_V: Array) -> Array:
        """phi'(u)."""
        z, sigmoid, a = self._parts(u_V)
        return (1 - a**2) * sigmoid * (1 + z * (1 - sigmoid))

    def curvature_per_V(self, u_V: Array) -> Array:
        """phi''(u) [1/V]."""
        z, sigmoid, a = self._parts(u_V)
        first = sigmoid * (1 + z * (1 - sigmoid))
        second = sigmoid * (1 - sigmoid) * (2 + z * (1 - 2 * sigmoid))
        return (1 - a**2) * (second - 2 * a * first**2 / self.clamp) / self.unit_V

    def integral_V2(self, u_V: Array) -> Array:
        """Phi(u) by Gauss-Legendre quadrature of 64 nodes (there is no closed form)."""
        half = np.asarray(u_V)[..., None] / 2
        integral: Array = np.sum(_WEIGHTS * half * self.output_V(half * (1 + _NODES)), axis=-1)
        return integral

    def apply(self, z: Array, out: Array, slope: Array | None) -> None:
        """See `Amplifier.apply`."""
        xp, sigmoid = namespace_of(z), out if slope is None else slope
        _sigmoid(z, sigmoid)
        z *= sigmoid
        if slope is not None:
            # silu' = sigmoid + silu (1 - sigmoid), times 1 - tanh^2(silu / c).
            xp.multiply(z, sigmoid, out=out)
            slope += z
            slope -= out
        z *= 1 / self.clamp
        xp.tanh(z, out=z)
        xp.multiply(z, self.clamp, out=out)
        if slope is not None:
            z *= z
            one_minus(z)
            slope *= z


def _sigmoid(z: Array, out: Array) -> None:
    """1 / (1 + exp(-z)); by an exponential, which takes half as long as a hyperbolic tangent."""
    xp = namespace_of(z)
    xp.negative(z, out=out)
    with np.errstate(over="ignore"):
        xp.exp(out, out=out)
    out += 1
    xp.reciprocal(out, out=out)


def check_amplifier(name: str, amplifier: object) -> None:
    """Refuse what is no amplifier, such as a word or a class."""
    if isinstance(amplifier, type) or not isinstance(amplifier, Amplifier):
        raise DataError(
            f"{name} must be an amplifier such as Tanh(0.1), but is {amplifier!r}; make one, or "
            "see neurosim.circuit.amplifiers for what an amplifier of your own must have."
        )
