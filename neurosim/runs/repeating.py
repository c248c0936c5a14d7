"""A run once more, from what its folder records, held against what it left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.chip import Chip
from neurosim.chip.ledger import Ledger
from neurosim.errors import RunError
from neurosim.host import Trainer, Update
from neurosim.runs.beginning import beginning_of
from neurosim.runs.extending import had_ended
from neurosim.runs.facts import versions
from neurosim.runs.keeping import metrics_row
from neurosim.runs.run import Run
from neurosim.safe_text import counted

__all__ = ["Repeated", "repeat"]

Progress = Callable[[Update, int], None]
# What a clock on the wall says is no result.
_WALL = ("wall_s",)


@dataclass(frozen=True)
class Repeated:
    """What came of a repetition.

    Attributes
    ----------
    updates : int
        How many were repeated: as many as the checkpoint holds.
    differs : str
        Where the first difference is, and both values; empty where there is none.
    other_versions : dict from str to (str, str)
        Packages that are not those of the run: then, and now.
    """

    updates: int
    differs: str
    other_versions: dict[str, tuple[str, str]]

    @property
    def same(self) -> bool:
        """Whether the metrics and the checkpoint have the same bits."""
        return not self.differs


def repeat(
    source: Run | Path | str,
    *,
    progress: Progress | None = None,
    n_threads: int | None = None,
) -> Repeated:
    """Train a chip anew, in memory, as the folder says, up to the update of its checkpoint.

    Profile, experiment, data and start are those of the folder. Compared are all columns of
    metrics.csv but the time on the wall, and the states of chip and host in the checkpoint, bit
    for bit.

    Parameters
    ----------
    source : Run or path
    progress : callable, optional
        Called after each update with it and their number.
    n_threads : int, optional
        Threads that settle a batch; results do not depend on it.

    Raises
    ------
    RunError
        There is no such run, it has no update to repeat, or its start is gone.
    """
    run = Run.open(source)
    kept, facts = run.load(), run.facts
    n_done = int(kept["trainer"]["n_done"])
    if not n_done:
        raise RunError(
            f"{run.path} must hold at least one update to repeat, but holds none; train it with "
            "--resume, if it was not programmed from a table."
        )
    weights = beginning_of(run)
    # Up to where the training was made longer each time, and then to the checkpoint.
    stages = [*facts.get("extended", []), (n_done, run.experiment.updates)]
    states: dict[str, Any] | None = None
    differs = ""
    for end, planned in stages:
        chip = Chip(run.profile, run.experiment.seed, n_threads=n_threads)
        experiment = run.experiment.with_value("updates", planned)
        trainer = Trainer(chip, experiment, run.dataset, weights)
        if states is not None:
            chip.restore(states["chip"])
            trainer.restore(states["trainer"])
            if had_ended(stages[:-1], trainer.n_done):
                trainer.lengthen()
        differs = differs or _compared(run, chip, trainer, (end, n_done), progress)
        states = {"chip": chip.state(), "trainer": trainer.state()}
    if not differs:
        differs = _difference(states, {part: kept[part] for part in states or ()}, "checkpoint")
    then, now = facts.get("versions", {}), versions()
    others = {name: (v, now.get(name, "none")) for name, v in then.items() if v != now.get(name)}
    return Repeated(n_done, differs, others)


def _compared(
    run: Run, chip: Chip, trainer: Trainer, ends: tuple[int, int], progress: Progress | None
) -> str:
    """Repeat updates up to the first of `ends`; the first figure that is not the table's, if any.

    The second is how many are repeated in all.
    """
    table, before = run.metrics(), chip.ledger.copy()
    end, n_all = ends
    if trainer.n_done >= end:
        return ""
    for update in trainer:
        row = Ledger.with_former_names(metrics_row(update, chip, chip.ledger.since(before), 0.0))
        before, k = chip.ledger.copy(), update.update - 1
        if len(table["update"]) <= k:
            return f"metrics.csv: ends before update {update.update}"
        for name, column in table.items():
            compared = name in row and name not in _WALL
            if compared and not _same(np.float64(row[name]), column[k]):
                then, now = float(column[k]), float(row[name])
                return f"{name} of update {update.update}: {then!r}, now {now!r}"
        if progress is not None:
            progress(update, n_all)
        if update.update == end:
            break
    return ""


def _difference(now: Any, then: Any, place: str) -> str:
    """The first place of two trees where they differ; empty where they do not."""
    if isinstance(now, dict) and isinstance(then, dict):
        if place == "checkpoint/chip/ledger":
            then = Ledger.renamed(then)
        for name in sorted(now.keys() | then.keys()):
            if name not in now or name not in then:
                return f"{place}/{name}: is there only {'now' if name in now else 'then'}"
            found = _difference(now[name], then[name], f"{place}/{name}")
            if found:
                return found
        return ""
    if _same(now, then):
        return ""
    a, b = np.asarray(now), np.asarray(then)
    if a.shape == b.shape and a.dtype.kind in "fiu" and b.dtype.kind in "fiu":
        return (
            f"{place}: {counted(int(np.sum(a != b)), 'number')}, by at most "
            f"{np.abs(a - b).max():.3g}"
        )
    return f"{place}: is another value"


def _same(a: Any, b: Any) -> bool:
    """Whether both have the same bits, one NaN being like another."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
