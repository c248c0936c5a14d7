"""What programs each oscillator's own locking and frequency, beside what tunes it row by row."""

from __future__ import annotations

import numpy as np

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Bits, HertzLimit, Limit
from neurosim.converters.quantise import quantise
from neurosim.tuned import Tuned

__all__ = ["Tuning"]


class Tuning(Sourced):
    """A locking and a natural frequency that a host programs, node by node.

    They stay until they are programmed anew, and stand beside the law's own `sync` and the detuning
    of the die.

    Parameters
    ----------
    bits : int or None
        Resolution over each range; None is continuous.
    range_sync : float or None
        Largest locking of either sign, in weights; None has no limit (and then bits must be None).
    range_Hz : float or None
        Largest detuning either way; likewise.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Tuning(bits=8, range_sync=1.0, range_Hz=1e5).bits
    8
    """

    bits: Bits = None
    range_sync: Limit = None
    range_Hz: HertzLimit = None

    def most_detuning(self, tau_s: float) -> float | None:
        """As a share of K = 1 / tau."""
        return None if self.range_Hz is None else 2 * np.pi * self.range_Hz * tau_s

    def codes(self, asked: Tuned, tau_s: float) -> tuple[Tuned, int]:
        """What the nearest codes stand for, and how many values lay beyond a range."""
        sync = quantise(asked.sync, self.range_sync, self.bits)
        detuning = quantise(asked.detuning, self.most_detuning(tau_s), self.bits)
        return Tuned(sync.value.copy(), detuning.value.copy()), sync.n_clipped + detuning.n_clipped
