"""How a chip is asked for samples: by which settings, of which classes, in parts of which size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import (
    Calibration,
    Experiment,
    FlowSettings,
    Held,
    SamplingSettings,
    draw_samples,
    sample_settle_time_s,
)
from neurosim.runs.images import pixels_of
from neurosim.threads import one_blas_thread

__all__ = ["Progress", "asked_classes", "carry", "settings_of"]

Array = NDArray[np.float64]
# Steps done, and their total.
Progress = Callable[[int, int], None]

# Rows that are presented to a chip at once: bounds the memory of a large request.
_BATCH = 2048


def settings_of(experiment: Experiment, mode: str | None, t_end: float | None) -> SamplingSettings:
    """The experiment's way to sample, with what is given instead."""
    given = {"mode": mode, "t_end": t_end}
    changes = {k: v for k, v in given.items() if v is not None}
    return experiment.sampling.with_values(changes, root="sampling")


def asked_classes(experiment: Experiment, n: int, label: int | None, name: str) -> NDArray[np.intp]:
    """Class of each of `n` samples: the one asked for, or all in turn.

    Raises
    ------
    DataError
        There are none, or `name` has learned no classes, or not this one.
    """
    if n < 1:
        raise DataError(f"The number of samples must be at least 1, but is {n}; ask for some.")
    labels = experiment.labels
    if label is None:
        return np.arange(n) % (1 if labels is None else labels.classes)
    if labels is None:
        wrong = f"A class must be asked of a run that has learned classes, but {name} has not"
        raise DataError(
            f"{wrong}; train one with Experiment(labels=Labels(...)).",
            f"{wrong}; train one with --labels.",
        )
    if not 0 <= label < labels.classes:
        raise DataError(
            f"The class must be 0 to {labels.classes - 1}, but is {label}; give one of them."
        )
    return np.full(n, label)


@one_blas_thread()
def carry(
    chip: Chip,
    x_0: Array,
    experiment: Experiment,
    settings: SamplingSettings,
    calibration: Calibration | None = None,
    held: Held | None = None,
    progress: Progress | None = None,
    *,
    paths: bool = False,
) -> Array:
    """Pixels (n, n_pixels) where the flow of a chip carries rows x_0, (n, n_visible).

    The rows are presented in parts that it can hold. With `paths` the pixels on their way are told
    too, from x_0 to where they are carried: (points, n, n_pixels).
    """
    flow, n = experiment.flow, len(x_0)
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
        seen: list[Array] = []
        how = report(k), calibration, still, seen.append if paths else None
        x = draw_samples(chip, x_0[part], flow, settings, *how)
        drawn.append(np.stack([*seen, x]) if paths else x)
    return np.concatenate(drawn, axis=-2)[..., : pixels_of(chip.profile, experiment.labels)]


def _most_rows(chip: Chip, flow: FlowSettings, settings: SamplingSettings) -> int:
    """Rows of a batch: what memory allows, and what the devices hold their weights for."""
    sheet = chip.data_sheet
    if sheet.refresh_s is None:
        return _BATCH
    held = sheet.refresh_s / sample_settle_time_s(sheet, flow, settings)
    return int(np.clip(held, 1, _BATCH))
