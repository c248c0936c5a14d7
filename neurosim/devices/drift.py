r"""How a conductance changes with the time since its device was written.

========== ==========================================================  ==========================
law        conductance                                                 typical of
========== ==========================================================  ==========================
power      :math:`G_0 (t / t_0)^{-\nu}`                                phase-change memory
log        :math:`G_0 + a L + z (b + c L),\; L = \ln (t / t_0)`        filamentary RRAM
leak       :math:`G_r + (G_0 - G_r)\, e^{-t / \tau}`                   capacitors, electrochemical
table      :math:`G_0 + a(x, t) + z\, b(x, t)`                         measured, as charge traps
========== ==========================================================  ==========================

G_0 is what the write left, x the target over a reference. Each device has one standard normal
deviate z: drawn at each write, except for the leak, whose time constant is fixed at fabrication.
From there on a law is a function of time alone. Before t_0 a device stands where it is at t_0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtr

from neurosim.blocks.block import Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import (
    IdleSiemens,
    Second,
    SecondFromZero,
    Siemens,
    Sigma,
    SignedSiemens,
)
from neurosim.blocks.words import IDEAL
from neurosim.devices.curves import Curve, evaluate, negative
from neurosim.devices.drift_law import DriftLaw
from neurosim.safe_text import counted

__all__ = ["Drift", "DriftLaw", "Leak", "LogRelaxation", "PowerLaw", "TableDrift"]

Array = NDArray[np.float64]
# Of devices whose exponent is cut off at 0, more than this share is told.
_MOST_CUT = 0.05


class PowerLaw(Sourced):
    r"""Structural relaxation of an amorphous phase, :math:`G = G_0 (t / t_0)^{-\nu}`.

    nu is drawn at each write: normal, with a mean and a spread that depend on the target, cut off
    at 0. Joshi et al., Nat. Commun. 11, 2473 (2020), Methods.

    Parameters
    ----------
    law : {"power"}
        Names this law.
    start_s : float
        t_0: time of the first read after a write.
    reference_S : float
        Conductance at which x = 1.
    exponent, exponent_spread : Curve
        Mean and standard deviation of nu over x.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.PowerLaw(start_s=20.0, reference_S=1e-5, exponent=0.05).start_s
    20.0
    """

    at_write: ClassVar[bool] = True

    law: Literal["power"] = "power"
    start_s: Second
    reference_S: Siemens
    exponent: Curve = ()
    exponent_spread: Curve = ()

    @model_validator(mode="after")
    def _falls(self) -> PowerLaw:
        most = float(evaluate(self.exponent, np.linspace(0.05, 1, 20)).max())
        if most < 0:
            text = f"must be at least 0, where nu is cut off, but is at most {most:g}; write "
            text += "`law: log`, by which devices also rise"
            raise BlockError([(("exponent",), text)])
        return self

    def nu(self, target_S: Array, deviate: Array) -> Array:
        """Exponent of each device."""
        x = target_S / self.reference_S
        spread = evaluate(self.exponent_spread, x)
        return np.maximum(evaluate(self.exponent, x) + spread * deviate, 0.0)

    def aged(self, written_S: Array, target_S: Array, elapsed_s: Array, deviate: Array) -> Array:
        """Conductance a time after the write [S], all of one shape."""
        ratio = elapsed_s / self.start_s
        if not (ratio > 1).any():
            return written_S
        return written_S * np.maximum(ratio, 1.0) ** -self.nu(target_S, deviate)

    def cut_off(self, conductance_S: Array) -> Iterator[tuple[str, str]]:
        """Fields of which something is cut off at 0 at such conductances, and what must hold."""
        for field, curve, way in (
            ("exponent", self.exponent, "write `law: log`, by which devices also rise"),
            ("exponent_spread", self.exponent_spread, "state a spread"),
        ):
            yield from negative(field, curve, conductance_S, self.reference_S, way)
        x = conductance_S / self.reference_S
        mean, spread = evaluate(self.exponent, x), evaluate(self.exponent_spread, x)
        ahead = np.divide(mean, spread, out=np.full_like(x, np.inf), where=spread > 0)
        share = float(ndtr(-ahead[ahead >= 0].min(initial=np.inf)))
        if share > _MOST_CUT:
            yield (
                "exponent_spread",
                f"{share:.0%} of the devices come out with an exponent below 0 at some conductance "
                "and are held at 0; state a smaller spread, or write `law: log`",
            )

    def scale_s(self) -> float:
        """Time within which a device that was just written does not change by a share above nu."""
        return self.start_s


class LogRelaxation(Sourced):
    r"""Shift and spread linear in the logarithm of time, :math:`L = \ln (t / t_0)`.

    .. math:: G = G_0 + a L + z\,(b + c L)

    z is drawn at each write and kept: a device goes on in the direction in which it has set out.
    What happens before t_0 is taken to happen at once. Falcone et al., arXiv:2502.04524 (2025).

    Parameters
    ----------
    law : {"log"}
        Names this law.
    start_s : float
        Time t_0 after a write; what happens before it is taken to happen at once.
    shift_S : float
        a, mean change for each unit of L; negative for a decay.
    spread_S, spread_growth_S : float
        b and c: standard deviation at t_0, and its growth for each unit of L.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.LogRelaxation(start_s=1.0, spread_S=1e-7)
    LogRelaxation(start_s=1.0, spread_S=1e-07)
    """

    at_write: ClassVar[bool] = True

    law: Literal["log"] = "log"
    start_s: Second
    shift_S: SignedSiemens = 0.0
    spread_S: IdleSiemens = 0.0
    spread_growth_S: IdleSiemens = 0.0

    def aged(self, written_S: Array, target_S: Array, elapsed_s: Array, deviate: Array) -> Array:
        """Conductance a time after the write [S], never below 0; an open device stays open."""
        del target_S
        log_time = np.log(np.maximum(elapsed_s / self.start_s, 1.0))
        spread_S = self.spread_S + self.spread_growth_S * log_time
        return _on(written_S, written_S + self.shift_S * log_time + spread_S * deviate)

    def scale_s(self) -> float:
        """Time within which a device that was just written stands still."""
        return self.start_s


class Leak(Sourced):
    r"""Exponential approach to a rest value, :math:`G = G_r + (G_0 - G_r)\, e^{-t / \tau}`.

    Each device has its own tau, log-normal, drawn once at fabrication.

    Parameters
    ----------
    law : {"leak"}
        Names this law.
    tau_s : float
        Mean time constant tau.
    tau_spread : float
        Its relative standard deviation among devices.
    rest_S : float
        Conductance G_r to which a cell leaks.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Leak(tau_s=1e-3)
    Leak(tau_s=0.001)
    """

    at_write: ClassVar[bool] = False

    law: Literal["leak"] = "leak"
    tau_s: Second
    tau_spread: Sigma = 0.0
    rest_S: IdleSiemens = 0.0

    def aged(self, written_S: Array, target_S: Array, elapsed_s: Array, deviate: Array) -> Array:
        """Conductance a time after the write [S], all of one shape."""
        del target_S
        s2 = np.log1p(self.tau_spread**2)
        tau_s = self.tau_s * np.exp(np.sqrt(s2) * deviate - s2 / 2)
        gone = -np.expm1(-elapsed_s / tau_s)
        left_S: Array = written_S + (self.rest_S - written_S) * gone
        return left_S

    def scale_s(self) -> float:
        """Time in which a device changes by a share of the order of 1."""
        return self.tau_s


class TableDrift(Sourced):
    r"""Measured shift and spread at some times, :math:`G = G_0 + a(x, t) + z\,b(x, t)`.

    The spread at the first time is what `write` draws, so that

    .. math:: b^2(x, t) = s^2(x, t) - s^2(x, t_0)

    is what has come since. Between the times s and a are interpolated, after the last they stay.

    Parameters
    ----------
    law : {"table"}
        Names this law.
    reference_S : float
        Conductance at which x = 1, and unit of the curves.
    interpolation : {"linear", "log"}
        In time or in its logarithm.
    times_s : tuple of float
        Times since the write, ascending.
    shift : tuple of Curve
        a over x at each of the times.
    spread : tuple of Curve
        Standard deviation s over x at each of the times.

    Examples
    --------
    >>> import neurosim as ns
    >>> drift = ns.TableDrift(reference_S=1e-5, times_s=(1, 100), shift=(0, -0.1), spread=(0, 0.02))
    >>> drift.times_s
    (1.0, 100.0)
    """

    at_write: ClassVar[bool] = True

    law: Literal["table"] = "table"
    reference_S: Siemens
    interpolation: Literal["linear", "log"] = "linear"
    times_s: Annotated[tuple[SecondFromZero, ...], Field(min_length=2)]
    shift: tuple[Curve, ...]
    spread: tuple[Curve, ...]

    @model_validator(mode="after")
    def _columns_agree(self) -> TableDrift:
        found: list[tuple[tuple[str, ...], str]] = []
        for name in ("shift", "spread"):
            n = len(getattr(self, name))
            if n != len(self.times_s):
                text = (
                    f"must have one curve for each of the "
                    f"{counted(len(self.times_s), 'time')}, but has {n}"
                )
                found.append(((name,), text))
        if any(b <= a for a, b in pairwise(self.times_s)):
            found.append((("times_s",), "must be ascending, but are not"))
        if self.interpolation == "log" and self.times_s[0] == 0:
            found.append((("times_s",), "must be above 0 where the interpolation is log"))
        if found:
            raise BlockError(found)
        return self

    def aged(self, written_S: Array, target_S: Array, elapsed_s: Array, deviate: Array) -> Array:
        """Conductance a time after the write [S], never below 0; an open device stays open."""
        x = target_S / self.reference_S
        start = evaluate(self.spread[0], x)
        shift, spread = self._at(self.shift, x, elapsed_s), self._at(self.spread, x, elapsed_s)
        since = np.sqrt(np.maximum(spread**2 - start**2, 0.0))
        return _on(written_S, written_S + self.reference_S * (shift + since * deviate))

    def cut_off(self, conductance_S: Array) -> Iterator[tuple[str, str]]:
        """Fields of which something is cut off at 0 at such conductances, and what must hold."""
        start = evaluate(self.spread[0], conductance_S / self.reference_S)
        for k, curve in enumerate(self.spread):
            field = f"spread.{k}"
            yield from negative(field, curve, conductance_S, self.reference_S, "state a spread")
            less = start - evaluate(curve, conductance_S / self.reference_S)
            if (less > 1e-9 * np.abs(start)).any():
                text = (
                    "must be at least the spread at the first time, which a write draws, but is "
                    "less; correct either"
                )
                yield field, text

    def _at(self, curves: tuple[Any, ...], x: Array, elapsed_s: Array) -> Array:
        """Interpolation between the curves at each device's own time."""
        times, t = np.array(self.times_s), np.clip(elapsed_s, self.times_s[0], self.times_s[-1])
        if self.interpolation == "log":
            times, t = np.log(times), np.log(t)
        total = np.zeros_like(x)
        for k, curve in enumerate(curves):
            weight = np.interp(t, times, np.eye(len(times))[k])
            if weight.any():
                total += weight * evaluate(curve, x)
        return total

    def scale_s(self) -> float:
        """Time within which a device that was just written hardly changes."""
        return self.times_s[0] or self.times_s[1]


def _on(written_S: Array, aged_S: Array) -> Array:
    """Aged conductances, at least 0 S; a device that the write has left open has none."""
    return np.where(written_S > 0, np.maximum(aged_S, 0.0), 0.0)


Drift = Annotated[
    DriftLaw | None, one_of(PowerLaw, LogRelaxation, Leak, TableDrift, of=DriftLaw), IDEAL
]
