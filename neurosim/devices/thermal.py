"""Noise of conductances and amplifiers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Excess, Hertz, Kelvin
from neurosim.blocks.units import format_quantity

__all__ = ["Thermal"]


class Thermal(Sourced):
    """Noise of conductances and amplifiers, in the dynamics.

    Parameters
    ----------
    temperature_K : float or None
        Every conductance has the noise 4kTG; None has no noise, of amplifiers neither.
    amplifier_excess : float
        White noise current of each node's amplifier over 4kTG of the leak, added to it: gamma n - 1
        for a leak that is a transconductor of n noisy devices.
    flicker_corner_Hz : float
        Frequency at which the 1/f noise of the amplifier equals its white noise.
    noise_gain : bool
        Whether each summing node amplifies that noise by 1 + load / leak, as a virtual ground does.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Thermal(temperature_K=300.0)
    Thermal(temperature_K=300.0)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = ("noise_gain",)

    temperature_K: Kelvin = None
    amplifier_excess: Excess = 0.0
    flicker_corner_Hz: Hertz = 0.0
    noise_gain: bool = False

    @model_validator(mode="after")
    def _flicker_has_a_measure(self) -> Thermal:
        if self.flicker_corner_Hz and not self.amplifier_excess:
            text = (
                "must be ideal where amplifier_excess is, for it is measured against that, but is "
                f"{format_quantity(self.flicker_corner_Hz, 'Hz')}; state amplifier_excess too"
            )
            raise BlockError([(("flicker_corner_Hz",), text)])
        return self
