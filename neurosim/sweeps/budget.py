"""A study of settling within its time: what tells most is done first, and no point starts late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.sweeps.costs import costs_of, law_of
from neurosim.sweeps.folder import SweepFolder
from neurosim.sweeps.knees import knees
from neurosim.sweeps.points import Point
from neurosim.sweeps.settling import NOISELESS, noiseless_seeds

__all__ = ["Within"]

# Lengths of a knee are those of rows but for rounding.
_ROUNDED = 1 + 1e-9
# In this order: lengths without which there is no answer, those beside it, and the others; then the
# chip without noise, of some seeds and then of the rest.
_CORE, _BESIDE, _OTHER, _QUIET_CORE, _QUIET_OTHER = range(5)
_LATER = _QUIET_OTHER + 1 - _QUIET_CORE


@dataclass
class Within:
    """How a study keeps to its time, whatever its points turn out to take.

    Every second length of each way of drawing is done in any case, both ends among them, for
    without these there is no answer; then what lies beside the knee that these show, the other
    lengths, and the chip without noise at last, of some of the seeds first (see
    `neurosim.sweeps.settling.noiseless_seeds`).

    Parameters
    ----------
    study : SweepFolder
        With an axis `drawn` whose cases begin with their way of drawing and a comma.
    seconds : float
        From when this is made.
    clock : callable, optional
    """

    study: SweepFolder
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _began_s: float = field(init=False)
    _ranks: dict[str, int] = field(init=False)
    _is_sharpened: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._began_s, self._ranks = self.clock(), {}
        for way, labels in self._ways().items():
            for at, label in enumerate(labels):
                first = at % 2 == 0 or at + 1 == len(labels)
                if way == NOISELESS:
                    self._ranks[label] = _QUIET_CORE if first else _QUIET_OTHER
                else:
                    self._ranks[label] = _CORE if first else _OTHER

    def _ways(self) -> dict[str, list[str]]:
        """Of each way of drawing its cases, the shortest first."""
        ways = dict[str, list[str]]()
        for label in dict.fromkeys(str(point.settings["drawn"]) for point in self.study.points):
            ways.setdefault(label.partition(",")[0], []).append(label)
        return ways

    @property
    def left_s(self) -> float:
        """Of the time."""
        return max(0.0, self.seconds - (self.clock() - self._began_s))

    def rank(self, point: Point) -> int:
        """Points of a lower one are done first."""
        rank, seed = self._ranks[str(point.settings["drawn"])], point.settings.get("replica", 0)
        first = noiseless_seeds(self.study.sweep.replicas)
        return rank + _LATER if rank >= _QUIET_CORE and int(str(seed)) >= first else rank

    def is_over(self, left: Sequence[Point]) -> bool:
        """Whether the next point would end too late, by what points took so far: see `costs`."""
        if not left or min(map(self.rank, left)) == _CORE:
            return False
        self._sharpen()
        done, took_s = list[Point](), list[float]()
        for point in self.study.points:
            result = self.study.result(point)
            if result is None or result["error"] or not isinstance(point, Point):
                continue
            if host := result["host"]:
                done.append(point)
                took_s.append(float(host["wall_s"]) - float(host.get("training_s", 0.0)))
        if not done:
            return self.left_s == 0
        law = law_of(costs_of(done), np.array(took_s))
        return self.left_s < float((costs_of([min(left, key=self.rank)]) @ law)[0])

    def _sharpen(self) -> None:
        """Raise lengths between the two that the knee lies between, once the first are done.

        By figures as they are: what fresh images would have is taken off in the answer alone.
        """
        if self._is_sharpened:
            return
        self._is_sharpened = True
        rows, ways = self.study.rows(), self._ways()
        tau = {str(row["drawn"]): row["sample_tau"] for row in rows if not row["error"]}
        for way, knee in knees(rows, "drawn", self.study.sweep.measure[0]).items():
            labels, low = ways[way], knee.above_tau / _ROUNDED
            ends = [
                at
                for at, label in enumerate(labels)
                if label in tau and low <= tau[label] <= knee.upto_tau * _ROUNDED
            ]
            for label in labels[min(ends, default=0) : max(ends, default=0)]:
                if self._ranks[label] == _OTHER:
                    self._ranks[label] = _BESIDE
