"""The modes of a trained chip where it rests on what it has learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.modes import slowest_modes_tau
from neurosim.host import free_phase
from neurosim.runs.examining import lessons_of
from neurosim.runs.trained import Trained

__all__ = ["modes_at_rest_tau"]

# Several times the slowest modes of trained networks, 6 to 20 C/g (experiments/05_settling): the
# chip's own phases may be shorter than these.
_REST_TAU = 100.0


def modes_at_rest_tau(trained: Trained, rows: int = 32) -> NDArray[np.float64]:
    """Slowest hidden mode [C/g] on some of the data, (rows,): see `analysis.slowest_modes_tau`.

    Visible nodes are on their springs for 100 C/g, with what noise the chip has.
    """
    chip, experiment = trained.fresh(), trained.experiment
    sheet = chip.data_sheet
    lessons = lessons_of(trained.dataset, experiment, sheet, rows, experiment.seed)
    flow = experiment.flow.model_copy(update={"settle_tau": _REST_TAU})
    free_phase(chip, lessons.batch_at(0).targets, flow, None, lessons.held)
    return slowest_modes_tau(chip)
