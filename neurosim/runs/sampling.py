"""Samples from a trained run, and their evaluation by the one protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip import Chip
from neurosim.data import to_grid
from neurosim.data.sets import Dataset
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import (
    FlowSettings,
    Held,
    SamplingSettings,
    draw_samples,
    free_phase,
    sample_settle_time_s,
)
from neurosim.host.phases import flow_loss
from neurosim.metrics import (
    area_average,
    baselines,
    classifier_of,
    evaluate_samples,
    fresh_frechet,
)
from neurosim.runs.examining import examine, need_paths
from neurosim.runs.images import first_batch, given_nodes, label_nodes, pixels_of
from neurosim.runs.trained import Source, Trained
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread

__all__ = ["asked_classes", "carry", "evaluate", "sample", "settings_of"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

# Rows that are presented to a chip at once: bounds the memory of a large request.
_BATCH = 2048


def sample(
    source: Source,
    n: int,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    label: int | None = None,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> tuple[Array, SamplingSettings]:
    """Draw `n` samples from a chip that has learned.

    Where classes were learned too, their nodes are held while the pixels flow.

    The same arguments draw the same bits. With another `n` the first samples start from the same
    noise, but rows that settle together share the solver's steps, draws of noise and, where devices
    drift, their age: the first 100 of 300 are those of 100 only to within these.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    n : int
        At least 1.
    mode, t_end : optional
        Instead of the experiment's.
    seed : int
        Of the starting noise.
    label : int, optional
        The class to draw; without it classes take turns.
    laws : sequence of type
        Blocks of your own that the files of a folder name.
    progress : callable, optional
        Called with steps done and their total.

    Returns
    -------
    x : ndarray, shape (n, n_pixels)
    settings : SamplingSettings
        As used.

    Raises
    ------
    DataError
        A class is asked for that the run has not learned.
    """
    if n < 1:
        raise DataError(f"The number of samples must be at least 1, but is {n}.")
    trained = Trained.of(source, laws)
    need_paths(trained)
    settings, rng = settings_of(trained, mode, t_end), Streams(seed).generator("samples")
    labels, classes = trained.experiment.labels, asked_classes(trained, n, label)
    n_pixels = pixels_of(trained.profile, labels)
    given = given_nodes(trained.profile.layers[0], labels)
    x_0 = rng.standard_normal((n, n_pixels))
    if labels is not None:
        x_0 = np.concatenate([x_0, label_nodes(classes, labels)], axis=1)
    held = None if given is None else Held(given, x_0)
    return carry(trained, x_0, settings, held, progress)[:, :n_pixels], settings


def settings_of(trained: Trained, mode: str | None, t_end: float | None) -> SamplingSettings:
    """The experiment's way to sample, with what is given instead."""
    given = {"mode": mode, "t_end": t_end}
    changes = {k: v for k, v in given.items() if v is not None}
    return trained.experiment.sampling.with_values(changes)


def asked_classes(trained: Trained, n: int, label: int | None) -> NDArray[np.intp]:
    """Class of each of `n` samples: the one asked for, or all in turn.

    Raises
    ------
    DataError
        The run has learned no classes, or not this one.
    """
    labels = trained.experiment.labels
    if label is None:
        return np.arange(n) % (1 if labels is None else labels.classes)
    if labels is None:
        raise DataError(
            f"A class can be asked of a run that has learned classes, but {trained.name} has not; "
            "train one with --labels."
        )
    if not 0 <= label < labels.classes:
        raise DataError(f"The class must be 0 to {labels.classes - 1}, but is {label}.")
    return np.full(n, label)


@one_blas_thread()
def carry(
    trained: Trained,
    x_0: Array,
    settings: SamplingSettings,
    held: Held | None = None,
    progress: Progress | None = None,
) -> Array:
    """All rows x_0, (n, n_visible), along the flow of the chip, in parts that it can hold."""
    chip, flow, n = trained.fresh(), trained.experiment.flow, len(x_0)
    parts = np.array_split(np.arange(n), -(-n // _most_rows(chip, flow, settings)))

    def report(part: int) -> Progress | None:
        if progress is None:
            return None
        return lambda done, total: progress(part * total + done, len(parts) * total)

    drawn = []
    for k, part in enumerate(parts):
        if chip.data_sheet.refresh_s is not None:
            chip.refresh()
        still = None if held is None else replace(held, x_1=held.x_1[part])
        drawn.append(
            draw_samples(chip, x_0[part], flow, settings, report(k), trained.calibration, still)
        )
    return np.concatenate(drawn)


def _most_rows(chip: Chip, flow: FlowSettings, settings: SamplingSettings) -> int:
    """Rows of a batch: what memory allows, and what the devices hold their weights for."""
    sheet = chip.data_sheet
    if sheet.refresh_s is None:
        return _BATCH
    held = sheet.refresh_s / sample_settle_time_s(sheet, flow, settings)
    return int(np.clip(held, 1, _BATCH))


def _asked_and_drawn(x: Array, asked: NDArray[np.intp], real: Dataset) -> dict[str, Any]:
    """Share of the samples of each class that the fixed classifier gives that class."""
    classifier = classifier_of(real.n_pixels)
    assert classifier is not None
    drawn = classifier.predict(area_average(to_grid(x, real.steps)))
    shares = [float((drawn[asked == k] == k).mean()) for k in np.unique(asked)]
    return {"asked_class_share": float(np.mean(shares)), "asked_class_shares": shares}


def _compared(trained: Trained) -> Dataset:
    """The images that samples are compared with: all, or as many as the metrics can hold."""
    return trained.dataset.at_most(_BATCH)


def _flow_loss(trained: Trained, seed: int) -> dict[str, Any]:
    """Flow-matching loss of the chip as the host measures it, over all images at random t."""
    chip, experiment, real = trained.fresh(), trained.experiment, _compared(trained)
    batch = first_batch(real, experiment, len(real.images), seed)
    if chip.data_sheet.refresh_s is not None:
        chip.refresh()
    held = given_nodes(batch.x_t.shape[1], experiment.labels)
    _, _, velocity = free_phase(chip, batch.x_t, experiment.flow, trained.calibration, held)
    pixels = slice(0, real.n_pixels)
    loss, by_t = flow_loss(velocity[:, pixels], batch.u_t[:, pixels], batch.t)
    return {"flow_loss": loss, "flow_loss_by_t": list(by_t)}


@one_blas_thread()
def evaluate(
    source: Source,
    n: int = 2000,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    floors: bool = True,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Array]:
    """Judge `n` samples against the images that were learned, beside rows that need no chip.

    A chip that has learned to answer is judged by its answers, see `neurosim.runs.examining`.

    Of more than 2,048 images that many are taken, always the same ones. Features and classes are
    those of the shipped classifier of 8x8 digits, whatever was learned: of a user's own images
    they mean little.

    Parameters
    ----------
    source, n, mode, t_end, seed, laws, progress
        See `sample`.
    floors : bool
        Whether the three rows are computed too.

    Returns
    -------
    result : dict
        The metrics of `neurosim.metrics.evaluate_samples`, the flow loss, how the samples were
        drawn, `baselines` (real, noisy, gaussian), `fresh_frechet`, what real images that are not
        among these would have, and `spent`, what one chip spent on the samples: the names of
        `neurosim.chip.Ledger.totals`.
    samples : ndarray, shape (n, n_visible)

    Raises
    ------
    ConvergenceError
        Samples diverged; they are never averaged in.
    """
    trained = Trained.of(source, laws)
    if not trained.experiment.task.has_paths:
        return examine(trained)
    before = trained.fresh().ledger.copy()
    x, settings = sample(trained, n, mode=mode, t_end=t_end, seed=seed, progress=progress)
    spent = trained.chip.ledger.since(before)
    lost = int(np.count_nonzero(~np.isfinite(x).all(axis=1)))
    if lost:
        raise ConvergenceError(
            f"All samples must settle, but {lost} of {n} diverged; lower settling.rtol in the "
            "profile."
        )
    real = _compared(trained)
    result = _flow_loss(trained, seed)
    result |= evaluate_samples(x, real.images, classifier_of(real.n_pixels), real.steps)
    result |= {"mode": settings.mode, "t_end": settings.t_end, "n": n, "seed": seed}
    if trained.experiment.labels is not None and "class_shares" in result:
        result |= _asked_and_drawn(x, asked_classes(trained, n, None), real)
    result |= {"dataset": Path(real.name).name, "n_real": len(real.images), "spent": spent}
    if floors:
        result["baselines"] = baselines(real.images, seed, n, real.steps)
        result["fresh_frechet"] = fresh_frechet(real.images, n)
    return result, x
