r"""Diodes between a node and ground: current against the voltage across them.

=========== =========================================================== ====================
word        current I(v)                                                 on a chip
=========== =========================================================== ====================
`ideal`     any, where v = 0; none below                                 the limit of both others
`shockley`  :math:`v = (n V_T) \ln(1 + I / I_s) + R I`                   a junction, R in series
`points`    straight between measured points                             what was measured
=========== =========================================================== ====================

Each says where a node comes to rest that is pulled by a conductance G to a source s,

.. math:: G\,(s - v) = I(v),

which is one equation with one solution, for I never falls. A Shockley diode's is in closed form by
the Wright function, :math:`\omega + \ln \omega = z` (Corless and Jeffrey 2002):

.. math::
    I = \frac{n V_T}{R'}\,\omega\Bigl(\ln\frac{I_s R'}{n V_T} + \frac{s + I_s R'}{n V_T}\Bigr) - I_s

with R' = R at rest under v = s, and R' = R + 1/G behind the conductance.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.quantities import Ampere, PositiveOhm, Volt
from neurosim.blocks.words import Word
from neurosim.circuit.measured_diode import PointsDiode

# Stands for an infinite conductance in linear systems, whose rounding is no step away from 0 V.
_CONDUCTS_S, _TOUCHES_V = 1e6, 1e-12

__all__ = ["Diode", "IdealDiode", "NodeDiode", "PointsDiode", "ShockleyDiode", "wright_omega"]

Array = NDArray[np.float64]


@runtime_checkable
class Diode(Protocol):
    """An element that conducts above 0 V; arrays of any shape, floats as they come."""

    @property
    def steepest_S(self) -> float:
        """Largest slope of its current; infinite for one that takes what it is offered."""

    def current_A(self, v_V: Array, offered_A: Array) -> Array:
        """Current that it takes at `v_V`; one without a slope takes what it is offered."""

    def slope_S(self, v_V: Array) -> Array:
        """dI/dv."""

    def co_content_W(self, v_V: Array) -> Array:
        """Integral of I from 0 to v."""

    def rest_V(self, source_V: Array, pull_S: Array) -> Array:
        """Where a node rests that a conductance pulls to a source; `pull_S` of shape (n,)."""


class IdealDiode(Block):
    """A valve: it holds its node at 0 V or below, whatever current that takes.

    A transient takes it for a large conductance: see `neurosim.circuit.shunts.Shunts.followed`.

    Parameters
    ----------
    diode : {"ideal"}
        Names this diode.
    """

    diode: Literal["ideal"] = "ideal"

    @property
    def steepest_S(self) -> float:
        """Infinite."""
        return float("inf")

    def current_A(self, v_V: Array, offered_A: Array) -> Array:
        """What is offered, at 0 V; none below."""
        return np.where(v_V >= -_TOUCHES_V, np.maximum(offered_A, 0), 0).astype(
            offered_A.dtype, copy=False
        )

    def slope_S(self, v_V: Array) -> Array:
        """So large at 0 V that nothing moves the node, none below."""
        return np.where(v_V >= -_TOUCHES_V, _CONDUCTS_S, 0.0)

    def co_content_W(self, v_V: Array) -> Array:
        """None: it takes current at 0 V alone."""
        return np.zeros_like(v_V)

    def rest_V(self, source_V: Array, pull_S: Array) -> Array:
        """The source, or 0 V where it is above."""
        del pull_S
        return np.minimum(source_V, 0)


class ShockleyDiode(Sourced):
    """A junction with a resistance in series.

    Parameters
    ----------
    diode : {"shockley"}
        Names this diode.
    saturation_A : float
        Saturation current I_s.
    slope_V : float
        n V_T: the voltage in which its current grows e times.
    series_Ohm : float
        R, of its bulk or a resistor.

    Examples
    --------
    >>> diode = ShockleyDiode(saturation_A=4e-9, slope_V=0.049, series_Ohm=10.0)
    >>> diode.rest_V(np.array([1.0]), np.array([1e-3])).round(3)
    array([0.572])
    """

    diode: Literal["shockley"] = "shockley"
    saturation_A: Ampere
    slope_V: Volt
    series_Ohm: PositiveOhm

    @property
    def steepest_S(self) -> float:
        """1 / R."""
        return 1 / self.series_Ohm

    def _omega(self, source_V: Array, total_Ohm: Any) -> Array:
        """Wright's function of a source behind R'."""
        drop_V = self.saturation_A * total_Ohm
        z = (source_V + drop_V) / self.slope_V + np.log(drop_V / self.slope_V)
        return wright_omega(z.astype(source_V.dtype, copy=False))

    def current_A(self, v_V: Array, offered_A: Array) -> Array:
        """See the module."""
        del offered_A
        omega = self._omega(v_V, self.series_Ohm)
        omega *= self.slope_V / self.series_Ohm
        omega -= self.saturation_A
        return omega

    def slope_S(self, v_V: Array) -> Array:
        """1 / R times omega / (1 + omega)."""
        omega = self._omega(v_V, self.series_Ohm)
        return omega / ((1 + omega) * self.series_Ohm)

    def co_content_W(self, v_V: Array) -> Array:
        r"""R j^2 / 2 + (n V_T - I_s R) j - I_s n V_T ln(j / I_s) from I_s to j = I + I_s."""
        i_s, slope, r = self.saturation_A, self.slope_V, self.series_Ohm
        j = self._omega(v_V, r) * slope / r
        # ln(j / I_s) = (v - R I) / n V_T, also where j vanishes.
        log = (v_V - r * (j - i_s)) / slope
        area = r * (j**2 - i_s**2) / 2 + (slope - i_s * r) * (j - i_s) - i_s * slope * log
        return np.asarray(area)

    def rest_V(self, source_V: Array, pull_S: Array) -> Array:
        """See the module."""
        behind_Ohm = self.series_Ohm + 1 / pull_S
        omega = self._omega(source_V, behind_Ohm)
        current_A = self.slope_V / behind_Ohm * omega - self.saturation_A
        rest_V: Array = source_V - current_A / pull_S
        return rest_V


def wright_omega(z: Array) -> Array:
    r"""The solution of :math:`\omega + \ln\omega = z`, to rounding.

    Two steps of fourth order (Fritsch, Shafer and Crowley 1973) from a guess within a tenth; for
    real arrays several times faster than SciPy's.

    Examples
    --------
    >>> wright_omega(np.array([1.0, 1e3])).round(3)
    array([  1.   , 993.099])
    """
    z = np.maximum(z, -80 if z.dtype == np.float32 else -700)
    x, high = np.exp(np.minimum(z, 1)), np.maximum(z, 1)
    log = np.log(high)
    w: Array = x / (1 + 0.63 * x) + (high - log + log / high - 1)
    for _ in range(2):
        r, a = z - np.log(w) - w, 1 + w
        q = 2 * a * (a + r * (2 / 3))
        w *= 1 + r / a * (q - r) / (q - 2 * r)
    return w


# Of a law; None, `none` in a file: nodes without diodes.
NodeDiode = Annotated[
    Diode | None,
    one_of(IdealDiode, ShockleyDiode, PointsDiode, key="diode", of=Diode, short=True),
    Word("none"),
]
