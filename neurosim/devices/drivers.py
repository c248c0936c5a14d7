r"""What drives the couplings, and what it takes from the supply.

An output at v with devices of total conductance G on its two rails delivers the current
:math:`|v| G`, whatever the devices' other ends do at virtual grounds. The supply stands at
:math:`\pm V_r` about the reference.

======== ===============================================================================
kind     taken from the supply
======== ===============================================================================
class_a  nothing beyond the amplifier's own power, out of which the load's current comes
class_ab :math:`V_r |i|` beyond the amplifier's own power, at rest
======== ===============================================================================
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Protocol, runtime_checkable

from neurosim.blocks.block import Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.quantities import AmpereLimit, Volt
from neurosim.blocks.words import IDEAL

__all__ = ["ClassA", "ClassAB", "Driver", "DriverLaw", "Taken"]


class Taken(NamedTuple):
    """Energy that amplifiers, and what drives the load, burn beside the load's heat [J]."""

    amplifiers_J: float
    drivers_J: float


@runtime_checkable
class DriverLaw(Protocol):
    """What a kind of driver answers."""

    @property
    def rail_V(self) -> float:
        """Voltage of the supply above and below the reference."""
        ...

    @property
    def most_A(self) -> float | None:
        """Largest current that one node's amplifier delivers; None has no limit."""
        ...

    def taken(self, static_J: float, outputs_J: float, heat_J: float, delivered_C: float) -> Taken:
        """What is burned beside heat; see `ClassA`."""
        ...


class ClassA(Sourced):
    """An output stage whose load takes its current out of the stage's own.

    Parameters
    ----------
    kind : {"class_a"}
        Names this kind.
    rail_V : float
        Voltage of the supply above, and below, the reference.
    most_A : float or None
        Largest current that one node's amplifier delivers, both outputs together. What exceeds it
        is warned of when the profile is checked; no voltage is changed by it.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.ClassA(rail_V=0.9)
    ClassA(rail_V=0.9)
    """

    kind: Literal["class_a"] = "class_a"
    rail_V: Volt
    most_A: AmpereLimit = None

    def taken(self, static_J: float, outputs_J: float, heat_J: float, delivered_C: float) -> Taken:
        """What is burned beside heat.

        Parameters
        ----------
        static_J : float
            Own power of the amplifiers over the time.
        outputs_J : float
            Heat of the couplings, which the amplifiers' outputs drive, and between resistors of
            the leaks and diodes, which nothing else feeds.
        heat_J : float
            Of them and of the springs, which the DACs' outputs drive.
        delivered_C : float
            Charge through couplings and springs.
        """
        del heat_J, delivered_C
        return Taken(max(static_J - outputs_J, 0.0), 0.0)


class ClassAB(Sourced):
    """An output stage that takes the load's current from the supply, beside its own at rest.

    Parameters
    ----------
    kind : {"class_ab"}
        Names this kind.
    rail_V : float
        Voltage of the supply above, and below, the reference.
    most_A : float or None
        Largest current that one node's amplifier delivers, as of `ClassA`.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Supply(driver=ns.ClassAB(rail_V=2.5)).driver
    ClassAB(rail_V=2.5)
    """

    kind: Literal["class_ab"] = "class_ab"
    rail_V: Volt
    most_A: AmpereLimit = None

    def taken(self, static_J: float, outputs_J: float, heat_J: float, delivered_C: float) -> Taken:
        """What is burned beside heat; parameters as of `ClassA.taken`."""
        del outputs_J
        return Taken(static_J, max(self.rail_V * delivered_C - heat_J, 0.0))


# Of a supply; None takes no more than the heat of what it drives.
Driver = Annotated[DriverLaw | None, one_of(ClassA, ClassAB, key="kind", of=DriverLaw), IDEAL]
