"""How old every device is, and what its conductance has become since it was written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import answer
from neurosim.devices.drift import DriftLaw
from neurosim.streams import Streams

__all__ = ["Ageing"]

Array = NDArray[np.float64]

# Conductances are computed anew when the youngest device has aged by more than this share of its
# age and of the law's own scale: by then they have moved by a share of this size at most.
_RENEW = 1e-3


class Ageing:
    """Time of the last write and deviate of every device.

    The deviates are standard normal, from the stream `drift`: at each write those of the devices
    written, at fabrication those of all.

    Parameters
    ----------
    law : DriftLaw
    n_devices : int
    streams : Streams

    Attributes
    ----------
    time_s : float
        At which the conductances were last computed.
    """

    def __init__(self, law: DriftLaw, n_devices: int, streams: Streams) -> None:
        self.law, self._streams = law, streams
        self._written_at_s = np.zeros(n_devices)
        self._deviate = streams.generator("fabrication.drift").standard_normal(n_devices)
        self.time_s = 0.0

    def write(self, written: NDArray[np.bool_], time_s: float, index: int) -> None:
        """Note that these devices were written at `time_s`, by write number `index`."""
        self._written_at_s = np.where(written, time_s, self._written_at_s)
        if self.law.at_write:
            drawn = self._streams.generator("drift", index).standard_normal(len(written))
            self._deviate = np.where(written, drawn, self._deviate)

    def is_stale(self, time_s: float) -> bool:
        """Whether conductances as last computed are too old at `time_s`."""
        youngest_s = max(self.time_s - float(self._written_at_s.max()), 0.0)
        return bool(time_s - self.time_s > _RENEW * (answer(self.law, "scale_s") + youngest_s))

    def conductance_S(self, written_S: Array, target_S: Array, time_s: float) -> Array:
        """Conductances at `time_s` [S]."""
        self.time_s = time_s
        elapsed_s = np.maximum(self.time_s - self._written_at_s, 0.0)
        given = written_S, target_S, elapsed_s, self._deviate
        aged_S: Array = answer(self.law, "aged", *given, shape=written_S.shape)
        return aged_S

    def state(self) -> dict[str, Any]:
        """Everything that later conductances depend on, besides those that were written."""
        return {
            "written_at_s": self._written_at_s,
            "deviate": self._deviate,
            "time_s": self.time_s,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._written_at_s, self._deviate = state["written_at_s"], state["deviate"]
        self.time_s = float(state["time_s"])
