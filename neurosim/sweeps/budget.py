"""A study of settling within its time: what tells most is done first, and no point starts late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.sweeps.costs import costs_of, law_of
from neurosim.sweeps.folder import SweepFolder
from neurosim.sweeps.points import Point

__all__ = ["Within"]

_QUIET = "quiet"


@dataclass
class Within:
    """How a study keeps to its time, whatever its points turn out to take.

    Every second length of each way of drawing is done in any case, both ends among them, for
    without these there is no answer; then the others, and the chip without noise at last.

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

    def __post_init__(self) -> None:
        self._began_s, self._ranks = self.clock(), {}
        ways = dict[str, list[str]]()
        for label in dict.fromkeys(str(point.settings["drawn"]) for point in self.study.points):
            ways.setdefault(label.partition(",")[0], []).append(label)
        for way, labels in ways.items():
            for at, label in enumerate(labels):
                later = at % 2 and at + 1 < len(labels)
                self._ranks[label] = int(later) + 2 * (way == _QUIET)

    @property
    def left_s(self) -> float:
        """Of the time."""
        return max(0.0, self.seconds - (self.clock() - self._began_s))

    def rank(self, point: Point) -> int:
        """Points of a lower one are done first."""
        return self._ranks[str(point.settings["drawn"])]

    def is_over(self, left: Sequence[Point]) -> bool:
        """Whether the next point would end too late, by what points took so far: see `costs`."""
        if not left or min(map(self.rank, left)) == 0:
            return False
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
