"""When the devices of a chip are seen, on the clock by which they age."""

from __future__ import annotations

__all__ = ["Clock"]


class Clock:
    """Time at which the middle row of a batch sees the devices.

    Rows come one after another, each with all its phases: the devices are as old as they are when
    the middle row reaches this phase, if a row takes as long as those of the batch before.

    Attributes
    ----------
    now_s : float
    """

    def __init__(self) -> None:
        self.now_s = self._presented_s = self._last_row_s = 0.0

    @property
    def row_s(self) -> float:
        """How long a row of this batch has taken; of the batch before, if this one is new."""
        return self._presented_s or self._last_row_s

    def set(self, time_s: float) -> None:
        """It is `time_s`, and nothing is presented."""
        self.now_s = time_s

    def precharge(self, time_s: float, rows: int) -> None:
        """A batch of so many rows begins at `time_s`."""
        self._last_row_s, self._presented_s = self.row_s, 0.0
        self.now_s = time_s + (rows - 1) / 2 * self._last_row_s

    def settle(self, time_s: float) -> None:
        """Each row takes so much longer."""
        self.now_s += time_s
        self._presented_s += time_s

    def restore(self, now_s: float, row_s: float) -> None:
        """Go on between two batches."""
        self.now_s, self._last_row_s, self._presented_s = now_s, row_s, 0.0
