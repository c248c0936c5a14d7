"""Named random streams that hang from one seed and carry no state between draws.

A stream is addressed by a name and integer indices (which update, which settle, which chunk of
rows), so a draw depends on *what* it is for and never on what was drawn before it. Turning one
effect on leaves every other effect's draws unchanged, and a resumed run needs only its counters.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from neurosim.errors import DataError

__all__ = ["Streams"]


@dataclass(frozen=True)
class Streams:
    """Family of independent generators derived from one seed.

    Parameters
    ----------
    seed : int
        At least 0, or a DataError. The same seed, name and indices always give the same generator.

    Examples
    --------
    >>> a = Streams(7).generator("thermal", 3).standard_normal()
    >>> b = Streams(7).generator("thermal", 3).standard_normal()
    >>> a == b
    True
    """

    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise DataError(
                f"A seed must be a whole number of at least 0, but is {self.seed}; give another."
            )

    def generator(self, name: str, *indices: int) -> np.random.Generator:
        """Fresh generator of the stream `name` at `indices` (non-negative integers)."""
        key = (zlib.crc32(name.encode()), *indices)
        return np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))
        )
