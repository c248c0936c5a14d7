"""Hold capacitors: every node's voltage sampled onto one, with the noise kT/C of the switch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann

from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.streams import Streams

__all__ = ["Hold"]

Array = NDArray[np.float64]


class Hold:
    r"""A capacitor beside every node.

    .. math:: \sigma^2 = k T / C

    is the variance that opening the switch leaves on it, C the node's own capacitance.

    Parameters
    ----------
    profile : Profile
        Its `node.capacitance_F` and `thermal.temperature_K`; without a temperature no noise.
    streams : Streams
        Each store draws from `hold`.

    Attributes
    ----------
    n_stores : int
        Draws so far.
    """

    def __init__(self, profile: Profile, streams: Streams) -> None:
        self._streams, self.n_stores = streams, 0
        temperature_K = profile.thermal.temperature_K
        self._sigma_V = 0.0
        if temperature_K is not None:
            self._sigma_V = np.sqrt(Boltzmann * temperature_K / profile.node.capacitance_F)
        self._held_V: Array | None = None

    def store(self, u_V: Array) -> None:
        """Sample node voltages (rows, n_nodes), an array that nothing writes to."""
        if self._sigma_V:
            rng = self._streams.generator("hold", self.n_stores)
            u_V = u_V + self._sigma_V * rng.standard_normal(u_V.shape)
        self._held_V = u_V
        self.n_stores += 1

    def recall(self) -> Array:
        """The voltages that were stored, (rows, n_nodes), not to be written to.

        Raises
        ------
        DataError
            Nothing was stored since the last `forget`.
        """
        if self._held_V is None:
            raise DataError("Chip.recall needs a stored state, but none is stored; store first.")
        return self._held_V

    def forget(self) -> None:
        """Nothing is stored."""
        self._held_V = None
