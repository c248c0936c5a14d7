"""How far a work is whose size shows on the way."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Count", "Progress"]

Progress = Callable[[int, int], None]


class Count:
    """How much of a work is done whose size shows on the way.

    Parameters
    ----------
    tell : callable
        Called with how much is done and with all that is expected by then.
    """

    def __init__(self, tell: Progress) -> None:
        self._tell, self._done, self._total = tell, 0, 0

    def expect(self, n: int) -> None:
        """So much more is to come."""
        self._total += n

    def step(self) -> None:
        """One part is done."""
        self._done += 1
        self._total = max(self._total, self._done)
        self._tell(self._done, self._total)

    def end(self) -> None:
        """What was expected beside is not needed."""
        self._total = self._done
        self._tell(self._done, self._total)
