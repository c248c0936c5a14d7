"""Samples from a trained run, and their evaluation by the one protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.data import PairSource
from neurosim.datasets import Dataset
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import SamplingSettings, draw_samples, free_phase, sample_time_s
from neurosim.host.phases import flow_loss
from neurosim.metrics import baselines, classifier_of, evaluate_samples
from neurosim.runs.run import Run
from neurosim.streams import Streams
from neurosim.yaml_files import with_values

__all__ = ["evaluate", "sample"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

# Rows that are presented to a chip at once: bounds the memory of a large request.
_BATCH = 2048


def sample(
    run: Run,
    n: int,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Array, SamplingSettings]:
    """Draw `n` samples from the chip of a trained run.

    Parameters
    ----------
    run : Run
    n : int
        At least 1.
    mode, t_end : optional
        Instead of the experiment's.
    seed : int
        Of the starting noise.
    progress : callable, optional
        Called with steps done and their total.

    Returns
    -------
    x : ndarray, shape (n, n_visible)
    settings : SamplingSettings
        As used.
    """
    if n < 1:
        raise DataError(f"The number of samples must be at least 1, but is {n}.")
    given = {"mode": mode, "t_end": t_end}
    changes = {k: v for k, v in given.items() if v is not None}
    settings = with_values(run.experiment.sampling, changes)
    chip, calibration = run.chip(), run.calibration()
    rng = Streams(seed).generator("samples")
    x_0 = rng.standard_normal((n, chip.data_sheet.layers.n_visible))
    parts = np.array_split(x_0, -(-n // _most_rows(chip, run, settings)))

    def report(part: int) -> Progress | None:
        if progress is None:
            return None
        return lambda done, total: progress(part * total + done, len(parts) * total)

    drawn = []
    for k, part in enumerate(parts):
        if chip.data_sheet.refresh_s is not None:
            chip.refresh()
        drawn.append(
            draw_samples(chip, part, run.experiment.flow, settings, report(k), calibration)
        )
    return np.concatenate(drawn), settings


def _most_rows(chip: Chip, run: Run, settings: SamplingSettings) -> int:
    """Rows of a batch: what memory allows, and what the devices hold their weights for."""
    sheet = chip.data_sheet
    if sheet.refresh_s is None:
        return _BATCH
    held = sheet.refresh_s / sample_time_s(sheet, run.experiment.flow, settings)
    return int(np.clip(held, 1, _BATCH))


def _compared(run: Run) -> Dataset:
    """The images that samples are compared with: all, or as many as the metrics can hold."""
    return run.dataset.at_most(_BATCH)


def _flow_loss(chip: Chip, run: Run, seed: int) -> dict[str, Any]:
    """Flow-matching loss of the chip as the host measures it, over all images at random t."""
    images = _compared(run).images
    batch = PairSource(images, len(images), Streams(seed), prefetch=False).batch_at(0)
    if chip.data_sheet.refresh_s is not None:
        chip.refresh()
    flow = run.experiment.flow.on(chip.data_sheet)
    _, _, velocity = free_phase(chip, batch.x_t, flow, run.calibration())
    loss, by_t = flow_loss(velocity, batch.u_t, batch.t)
    return {"flow_loss": loss, "flow_loss_by_t": list(by_t)}


def evaluate(
    run: Run,
    n: int = 2000,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    floors: bool = True,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Array]:
    """Judge `n` samples of a run against its images, beside three rows that need no chip.

    Of more than 2,048 images that many are taken, always the same ones.

    Parameters
    ----------
    run, n, mode, t_end, seed, progress
        See `sample`.
    floors : bool
        Whether the three rows are computed too.

    Returns
    -------
    result : dict
        The metrics of `neurosim.metrics.evaluate_samples`, the flow loss, how the samples were
        drawn, and `baselines` (real, noisy, gaussian).
    samples : ndarray, shape (n, n_visible)

    Raises
    ------
    ConvergenceError
        Samples diverged; they are never averaged in.
    """
    x, settings = sample(run, n, mode=mode, t_end=t_end, seed=seed, progress=progress)
    lost = int(np.count_nonzero(~np.isfinite(x).all(axis=1)))
    if lost:
        raise ConvergenceError(
            f"All samples must settle, but {lost} of {n} diverged; lower settling.rtol in the "
            "profile."
        )
    real = _compared(run)
    result = _flow_loss(run.chip(), run, seed)
    result |= evaluate_samples(x, real.images, classifier_of(real.n_pixels), real.steps)
    result |= {"mode": settings.mode, "t_end": settings.t_end, "n": n, "seed": seed}
    result |= {"dataset": Path(real.name).name, "n_real": len(real.images)}
    if floors:
        result["baselines"] = baselines(real.images, seed, n, real.steps)
    return result, x
