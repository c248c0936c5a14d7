"""Train into a run folder: metrics as they come, checkpoints, resume to the same bits."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.chip import Chip, Ledger
from neurosim.datasets import load_dataset
from neurosim.errors import RunError
from neurosim.host import Experiment, Trainer, Update
from neurosim.profile import Profile
from neurosim.runs.images import check_size, visible_rows
from neurosim.runs.run import Run

__all__ = ["resume", "train"]

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
        A folder that does not exist yet.
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
    dataset = load_dataset(experiment.dataset)
    check_size(profile, dataset, experiment.labels)
    chip = Chip(profile, experiment.seed, n_threads=n_threads)
    weights = None if start is None else start.weights()
    trainer = Trainer(chip, experiment, visible_rows(dataset, experiment.labels), weights)
    run = Run.create(Path(out), profile, experiment, command)
    run.note(dataset_sha256=dataset.digest)
    if start is not None:
        run.note(start=str(start.path))
    if trainer.calibration is not None:
        run.note(calibration=trainer.calibration.summary())
    return _continue(run, chip, trainer, progress)


def resume(
    out: Path | str, *, progress: Progress | None = None, n_threads: int | None = None
) -> Run:
    """Go on with a run that was stopped; the result has the same bits as if it never was.

    Raises
    ------
    RunError
        `out` is no run folder.
    CheckpointError
        Its checkpoint is damaged.
    """
    run = Run.open(out)
    chip = Chip(run.profile, run.experiment.seed, n_threads=n_threads)
    begun, start = run.checkpoint.exists(), run.start
    weights = None if begun or start is None else Run.open(start).weights()
    rows = visible_rows(run.dataset, run.experiment.labels)
    trainer = Trainer(chip, run.experiment, rows, weights)
    if begun:
        run.restore(chip, trainer)
    run.cut_metrics(trainer.n_done)
    return _continue(run, chip, trainer, progress)


def _continue(run: Run, chip: Chip, trainer: Trainer, progress: Progress | None) -> Run:
    newest = chip.state(), trainer.state()
    saved_s = time.monotonic()
    if not run.checkpoint.exists():
        run.save(*newest)
    columns = _columns(run.metrics_path)
    try:
        with run.metrics_path.open("a", encoding="utf-8", newline="") as stream:
            before, started_s = chip.ledger.copy(), time.perf_counter()
            for update in trainer:
                now_s = time.perf_counter()
                row = _row(update, chip, chip.ledger.since(before), now_s - started_s)
                before, started_s = chip.ledger.copy(), now_s
                names = columns or list(row)
                writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
                if stream.tell() == 0:
                    writer.writeheader()
                writer.writerow(Ledger.with_former_names(row))
                stream.flush()
                newest = chip.state(), trainer.state()
                if time.monotonic() - saved_s > CHECKPOINT_EVERY_S:
                    run.save(*newest)
                    saved_s = time.monotonic()
                if progress is not None:
                    progress(update, run.experiment.updates)
    except OSError as error:
        raise RunError(f"{run.path} must be writable, but is not ({error.strerror}).") from None
    finally:
        run.save(*newest)
        run.cut_metrics(newest[1]["n_done"])
    run.note(updates=trainer.n_done, ledger=chip.ledger.totals())
    return run


def _columns(path: Path) -> list[str]:
    """Header of a metrics table, to be gone on with; empty where there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _row(update: Update, chip: Chip, spent: dict[str, float], wall_s: float) -> dict[str, Any]:
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
    row |= {f"flow_loss_{k}": loss for k, loss in enumerate(row.pop("flow_loss_by_t"))}
    row |= {name: spent[name] for name in chip_side}
    row["residual"] = float(np.max(chip.residual[np.isfinite(chip.residual)], initial=0.0))
    row["wall_s"] = round(wall_s, 4)
    return row
