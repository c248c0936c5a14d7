"""What a training leaves: a row of the table an update, and in its folder checkpoints too."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from neurosim.chip import Chip, Ledger
from neurosim.errors import RunError
from neurosim.host import Trainer, Update
from neurosim.runs.metrics import BY_T
from neurosim.runs.progress import Progress
from neurosim.runs.refusals import to_go_on
from neurosim.runs.run import Run, States

__all__ = ["go_on", "metrics_row", "updates"]

CHECKPOINT_EVERY_S = 20.0


def go_on(run: Run, chip: Chip, trainer: Trainer, progress: Progress | None) -> None:
    """Do the updates that are left; however that ends, what is done is kept if it can be."""
    _ = run.kept.begun_as
    try:
        with run.metrics_path.open("a", encoding="utf-8", newline="") as stream:
            kept = _Kept(run, stream, (chip.state(), trainer.state()))
            try:
                for row in updates(chip, trainer, progress):
                    kept.add(row, (chip.state(), trainer.state()))
            except BaseException:
                # The first error says what is wrong; a second one would hide it.
                with suppress(OSError):
                    kept.save()
                raise
            kept.save()
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise to_go_on(
            f"{run.path} must be writable, but is not ({error.strerror}); make room, and"
        ) from None
    before = Ledger(**run.facts.get("ledger_before", {}))
    run.note(updates=trainer.n_done, ledger=chip.ledger.since(before))


def _columns(path: Path) -> list[str]:
    """Header of a metrics table, to be gone on with; empty where there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _named(row: dict[str, Any]) -> list[str]:
    """Columns of a new table: a task without a time t has no losses by t."""
    has_times = any(np.isfinite(row[name]) for name in BY_T)
    return [name for name in row if has_times or name not in BY_T]


def updates(chip: Chip, trainer: Trainer, progress: Progress | None) -> Iterator[dict[str, Any]]:
    """The updates that are left, a row of the table each, which is taken before it is shown."""
    before, started_s = chip.ledger.copy(), time.perf_counter()
    for update in trainer:
        now_s = time.perf_counter()
        row = metrics_row(update, chip, chip.ledger.since(before), now_s - started_s)
        before, started_s = chip.ledger.copy(), now_s
        yield row
        if progress is not None:
            progress(update, trainer.experiment.updates)


class _Kept:
    """What a training leaves in its folder: a row an update, and now and then a checkpoint."""

    def __init__(self, run: Run, stream: TextIO, states: States) -> None:
        self._run, self._stream, self._states = run, stream, states
        self._columns = _columns(run.metrics_path)
        self._saved_s = time.monotonic()

    def add(self, row: dict[str, Any], states: States) -> None:
        """A row of the table, and the states after it."""
        self._check_place()
        names, full = self._columns or _named(row), Ledger.with_former_names(row)
        self._check_columns(full)
        writer = csv.DictWriter(self._stream, names, extrasaction="ignore", lineterminator="\n")
        if self._stream.tell() == 0:
            writer.writeheader()
        writer.writerow(full)
        self._stream.flush()
        self._states = states
        if time.monotonic() - self._saved_s > CHECKPOINT_EVERY_S:
            self.save()

    def save(self) -> None:
        """A checkpoint of the newest states, after their row is on the disk."""
        self._check_place()
        os.fsync(self._stream.fileno())
        self._run.save(*self._states)
        self._saved_s = time.monotonic()

    def _check_columns(self, row: dict[str, Any]) -> None:
        """Raise a RunError if the table has a column that no update can fill."""
        unknown = [name for name in self._columns if name not in row]
        if unknown:
            raise RunError(
                f"{self._run.metrics_path} must have columns of this training, but has "
                f"{unknown[0][:80]!r}; restore it, or train again into a new folder."
            )

    def _check_place(self) -> None:
        """Raise a RunError unless the folder is the one that the table was begun in."""
        try:
            there, begun = self._run.metrics_path.stat(), os.fstat(self._stream.fileno())
            same = os.path.samestat(there, begun) and os.access(self._run.path, os.W_OK)
        except OSError:
            same = False
        if not same:
            raise to_go_on(
                f"{self._run.path} must stay where it is, open to be written, while it is trained, "
                "but does not; put it back, and",
                ", or train into a new folder",
            )


def metrics_row(
    update: Update, chip: Chip, spent: dict[str, float], wall_s: float
) -> dict[str, Any]:
    """Row of the metrics table of an update on which the chip has `spent` so much."""
    chip_side = (
        "settle_time_s",
        "time_s",
        "energy_J",
        "evaluations",
        "device_writes",
        "pulses",
        "dac_clipped",
        "injector_clipped",
        "adc_clipped",
        "difference_clipped",
        "ammeter_clipped",
        "correlator_clipped",
        "weights_clipped",
        "rows_diverged",
        "rows_refused",
    )
    row = asdict(update)
    row |= row.pop("figures")
    row |= dict(zip(BY_T, row.pop("flow_loss_by_t"), strict=True))
    row |= {name: spent[name] for name in chip_side}
    row["residual"] = float(np.max(chip.residual[np.isfinite(chip.residual)], initial=0.0))
    row["wall_s"] = round(wall_s, 4)
    return row
