"""What real images and one Gaussian have in place of samples, beside the figures of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurosim.blocks.block import Block
from neurosim.blocks.records import Record, dump_record, read_record
from neurosim.data.sets import Dataset
from neurosim.folders import exists
from neurosim.outputs import write_text
from neurosim.runs import Run
from neurosim.runs.judging import compared, floors_of
from neurosim.sweeps.folder import SweepFolder
from neurosim.sweeps.points import Listed, Point

__all__ = ["FLOORS", "find_floors", "floors", "keep_floors"]

_FILE = "floors.json"
_ADVICE = "delete it: it is found again"

FLOORS = {"real": "half of the real", "gaussian": "one Gaussian"}


class _Floors(Record):
    real: dict[str, float]
    gaussian: dict[str, float]


def floors(folder: SweepFolder) -> dict[str, dict[str, float]]:
    """Figures of each row of `FLOORS`, as they were kept; empty where none were.

    Raises
    ------
    RunError
        The file is damaged.
    """
    path = folder.path / _FILE
    if not exists(path):
        return {}
    found: dict[str, dict[str, float]] = read_record(path, _Floors, _ADVICE).model_dump()
    return found


def keep_floors(folder: SweepFolder) -> None:
    """Find them, once: half of the real images against the other, as many draws as a point has.

    Not where points learn different images or none, nor of a folder that is only opened: what was
    learned need not be at hand any more.
    """
    if exists(folder.path / _FILE):
        return
    rows = find_floors(folder.points, folder.sweep.sampling.n, folder.laws)
    if rows is None:
        return
    shown = {
        name: {k: rows[name][k] for k in folder.sweep.measure if k in rows[name]} for name in FLOORS
    }
    write_text(folder.path / _FILE, dump_record(shown))


def find_floors(
    points: Sequence[Listed], n: int, laws: Sequence[type[Block]] = ()
) -> dict[str, dict[str, float]] | None:
    """All figures of each row, beside `n` samples; None where points share no images."""
    learned = _learned(points, laws)
    if learned is None:
        return None
    rows: dict[str, dict[str, float]] = floors_of(learned, n, 0)["baselines"]
    return rows


def _learned(points: Sequence[Any], laws: Sequence[type[Block]]) -> Dataset | None:
    """The images that samples of all points are compared with, where those are the same."""
    if not all(isinstance(point, Point) for point in points):
        return None
    runs = {point.run for point in points if point.run is not None}
    every = [Run.open(path, laws).experiment for path in sorted(runs)]
    every += [point.training.experiment for point in points if point.training is not None]
    if not all(one.task.has_paths for one in every) or len({one.dataset for one in every}) != 1:
        return None
    return compared(every[0].images())
