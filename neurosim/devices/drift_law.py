"""What a law of drift answers, of ours or of one's own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["DriftLaw"]

Array = NDArray[np.float64]


@runtime_checkable
class DriftLaw(Protocol):
    """What a law of drift answers.

    One that cuts something off at 0 may say so to `neurosim profiles check`, by a method `cut_off`
    as that of `PowerLaw`.
    """

    @property
    def at_write(self) -> bool:
        """Whether the deviate is drawn at each write; otherwise once at fabrication."""
        ...

    def aged(self, written_S: Array, target_S: Array, elapsed_s: Array, deviate: Array) -> Array:
        """Conductance a time after the write [S], all of one shape."""
        ...

    def scale_s(self) -> float:
        """Time in which a device that was just written hardly changes."""
        ...
