"""Train into a run folder: metrics as they come, checkpoints, resume to the same bits."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from neurosim.blocks.block import Block
from neurosim.chip import Chip, Ledger
from neurosim.data.sets import load_dataset
from neurosim.errors import RunError
from neurosim.folders import is_free, real
from neurosim.host import Experiment, Trainer, Update
from neurosim.profile import Profile
from neurosim.runs.images import check_size
from neurosim.runs.metrics import cut_metrics
from neurosim.runs.run import Run, States, stopped, taken

__all__ = ["metrics_row", "resume", "train"]

CHECKPOINT_EVERY_S = 20.0

Progress = Callable[[Update, int], None]


def train(
    profile: Profile,
    experiment: Experiment,
    out: Path | str,
    *,
    command: str = "",
    start: Run | None = None,
    progress: Progress | None = None,
    n_threads: int | None = None,
) -> Run:
    """Train a new chip of `profile` and keep everything in the folder `out`.

    Parameters
    ----------
    profile : Profile
    experiment : Experiment
    out : path
        A folder that does not exist yet, or is empty. It is made whole, with the first checkpoint.
    command : str
        How to repeat the run, for the report.
    start : Run, optional
        A trained run whose weights are where training begins, on whatever chip.
    progress : callable, optional
        Called after each update with it and the total.
    n_threads : int, optional
        Threads that settle a batch; results do not depend on it.

    Raises
    ------
    RunError
        `out` exists.
    DataError
        The data do not fit the chip or the batch.
    """
    out = Path(out)
    if not is_free(out):
        raise RunError(taken(out))
    dataset = load_dataset(experiment.dataset)
    if experiment.task.has_paths:
        check_size(profile, dataset, experiment.labels)
    chip = Chip(profile, experiment.seed, n_threads=n_threads)
    weights = None if start is None else start.weights()
    trainer = Trainer(chip, experiment, dataset, weights)
    facts: dict[str, Any] = {"command": command, "dataset_sha256": dataset.digest}
    if start is not None:
        facts["start"] = str(real(start.path))
    if trainer.calibration is not None:
        facts["calibration"] = trainer.calibration.summary()
    run = Run.create(out, profile, experiment, (chip.state(), trainer.state()), **facts)
    with run.held():
        if os.path.lexists(run.metrics_path):
            raise RunError(f"{out} must be free to be trained in, but another training was faster.")
        return _continue(run, chip, trainer, progress)


def resume(
    out: Path | str,
    *,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
    n_threads: int | None = None,
) -> Run:
    """Go on with a run that was stopped; the result has the same bits as if it never was.

    `laws` are blocks of your own that its files name; the other arguments are those of `train`.

    Raises
    ------
    RunError
        `out` is no run folder, has no checkpoint yet, or another training is in it.
    CheckpointError
        Its checkpoint is damaged.
    """
    run = Run.open(out, laws)
    if not os.path.lexists(run.checkpoint) and not os.path.lexists(run.metrics_path):
        raise RunError(stopped(run.path))
    with run.held():
        chip = Chip(run.profile, run.experiment.seed, n_threads=n_threads)
        trainer = Trainer(chip, run.experiment, run.dataset)
        run.restore(chip, trainer)
        cut_metrics(run.metrics_path, trainer.n_done)
        return _continue(run, chip, trainer, progress)


def _continue(run: Run, chip: Chip, trainer: Trainer, progress: Progress | None) -> Run:
    """Do the updates that are left; however that ends, what is done is kept if it can be."""
    _ = run.begun_as
    try:
        with run.metrics_path.open("a", encoding="utf-8", newline="") as stream:
            kept = _Kept(run, stream, (chip.state(), trainer.state()))
            try:
                _update(kept, chip, trainer, progress)
            except BaseException:
                # The first error says what is wrong; a second one would hide it.
                with suppress(OSError):
                    kept.save()
                raise
            kept.save()
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(
            f"{run.path} must be writable, but is not ({error.strerror}); make room, and go on "
            "with --resume."
        ) from None
    run.note(updates=trainer.n_done, ledger=chip.ledger.totals())
    return run


def _columns(path: Path) -> list[str]:
    """Header of a metrics table, to be gone on with; empty where there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _update(kept: _Kept, chip: Chip, trainer: Trainer, progress: Progress | None) -> None:
    """The updates that are left, with a row each."""
    before, started_s = chip.ledger.copy(), time.perf_counter()
    for update in trainer:
        now_s = time.perf_counter()
        row = metrics_row(update, chip, chip.ledger.since(before), now_s - started_s)
        before, started_s = chip.ledger.copy(), now_s
        kept.add(row, (chip.state(), trainer.state()))
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
        names = self._columns or list(row)
        writer = csv.DictWriter(self._stream, names, extrasaction="ignore", lineterminator="\n")
        if self._stream.tell() == 0:
            writer.writeheader()
        writer.writerow(Ledger.with_former_names(row))
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

    def _check_place(self) -> None:
        """Raise a RunError unless the folder is the one that the table was begun in."""
        try:
            there, begun = self._run.metrics_path.stat(), os.fstat(self._stream.fileno())
            same = os.path.samestat(there, begun) and os.access(self._run.path, os.W_OK)
        except OSError:
            same = False
        if not same:
            raise RunError(
                f"{self._run.path} must stay where it is, open to be written, while it is trained, "
                "but does not; put it back and go on with --resume, or train into a new folder."
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
        "adc_clipped",
        "weights_clipped",
        "rows_diverged",
        "rows_refused",
    )
    row = asdict(update)
    row |= row.pop("figures")
    row |= {f"flow_loss_{k}": loss for k, loss in enumerate(row.pop("flow_loss_by_t"))}
    row |= {name: spent[name] for name in chip_side}
    row["residual"] = float(np.max(chip.residual[np.isfinite(chip.residual)], initial=0.0))
    row["wall_s"] = round(wall_s, 4)
    return row
