"""What the parts of a chip take from the supply, beside what its conductances turn into heat."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Joule, Wait, Watt

__all__ = ["Supply"]


class Supply(Sourced):
    """Power, energy and time of the parts around the circuit.

    Parameters
    ----------
    amplifier_W : float
        Static power of one node's amplifier.
    controller_W : float
        Clock, control and interface, whenever the chip works.
    adc_J, dac_J : float
        Energy of one conversion.
    read_s : float
        Time of one reading, all nodes or some of them.
    drive_s : float
        Time in which sources are set once, all of them or some.
    writes_at_once : int
        Devices that take a write pulse at the same time.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Supply(controller_W=10e-3)
    Supply(controller_W=0.01)
    """

    amplifier_W: Watt = 0.0
    controller_W: Watt = 0.0
    adc_J: Joule = 0.0
    dac_J: Joule = 0.0
    read_s: Wait = 0.0
    drive_s: Wait = 0.0
    writes_at_once: Annotated[int, Field(ge=1)] = 1
