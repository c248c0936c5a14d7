"""What the parts of a chip take from the supply, beside what its conductances turn into heat."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Joule, Wait, Watt
from neurosim.devices.drivers import Driver

__all__ = ["Supply"]


class Supply(Sourced):
    r"""Power, energy and time of the parts around the circuit.

    A conversion of B bits takes :math:`E_0 + E_1 2^B` and each turn of converters that nodes share
    :math:`t_0 + t_1 2^B`. E_1 is Walden's figure of merit (IEEE J. Sel. Areas Commun. 17, 539
    (1999)), with the converter's own bits for its effective ones; it holds where matching and not
    thermal noise sets the size, to some 10 bits. t_1 is the clock of a ramp.

    Parameters
    ----------
    amplifier_W : float
        Static power of one node's amplifier, and of each between layers of resistors.
    controller_W : float
        Clock, control and interface, whenever the chip works.
    adc_J, dac_J : float
        Energy E_0 of a conversion, whatever its bits.
    adc_step_J, dac_step_J : float
        Energy E_1 of each of the 2^B steps of a conversion.
    read_s : float
        Time t_0 of a turn: a reading of all nodes takes one where each has a converter of its own.
    read_step_s : float
        Time t_1 of each of the 2^B steps of a turn, as of a ramp.
    drive_s : float
        Time of one turn of setting sources, all of them or some where each has a DAC of its own.
    writes_at_once : int
        Devices that take a write pulse at the same time.
    driver : ClassA, ClassAB or None
        What drives couplings and springs; ideal takes no more from the supply than their heat.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Supply(controller_W=10e-3)
    Supply(controller_W=0.01)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (
        "adc_step_J",
        "dac_step_J",
        "read_step_s",
        "driver",
    )

    amplifier_W: Watt = 0.0
    controller_W: Watt = 0.0
    adc_J: Joule = 0.0
    dac_J: Joule = 0.0
    adc_step_J: Joule = 0.0
    dac_step_J: Joule = 0.0
    read_s: Wait = 0.0
    read_step_s: Wait = 0.0
    drive_s: Wait = 0.0
    writes_at_once: Annotated[int, Field(ge=1)] = 1
    driver: Driver = None

    def reading_J(self, bits: int | None) -> float:
        """Energy of one conversion to a number of bits; exact readings have no steps."""
        return self.adc_J + self.adc_step_J * _steps(bits)

    def setting_J(self, bits: int | None) -> float:
        """Energy of one voltage from a DAC of a number of bits."""
        return self.dac_J + self.dac_step_J * _steps(bits)

    def turn_s(self, bits: int | None) -> float:
        """Time of one conversion, of all converters at once."""
        return self.read_s + self.read_step_s * _steps(bits)


def _steps(bits: int | None) -> int:
    return 0 if bits is None else 2**bits
