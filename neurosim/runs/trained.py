"""A chip that has learned, with all that drawing from it takes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from neurosim.blocks.block import Block
from neurosim.chip import Chip
from neurosim.data import Dataset, load_dataset
from neurosim.errors import DataError
from neurosim.host import Calibration, Experiment
from neurosim.profile import Profile
from neurosim.runs.run import Run

__all__ = ["Source", "Trained"]


@dataclass(frozen=True)
class Trained:
    """What samples are drawn from: a chip as training left it, or as it was programmed since.

    Every use begins with the chip as it was handed in, so that uses do not depend on their order.

    Parameters
    ----------
    chip : Chip
    experiment : Experiment
        How it was trained, and how it is sampled unless one says otherwise.
    calibration : Calibration, optional
        What the host measured of this chip.
    run : Run, optional
        Its folder, if it has one.

    Examples
    --------
    ``Trained(chip, experiment)`` after a `Trainer` is through; ``Run.open("runs/mine")`` and
    `Trained.of` for one in a folder.
    """

    chip: Chip
    experiment: Experiment
    calibration: Calibration | None = None
    run: Run | None = None
    _begun: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (("chip", Chip), ("experiment", Experiment)):
            if not isinstance(getattr(self, name), kind):
                raise DataError(
                    f"Trained.{name} must be of the class {kind.__name__}, but is "
                    f"{getattr(self, name)!r}; Trained.of takes a run or its folder."
                )
        self._begun.update(deepcopy(self.chip.state()))

    @classmethod
    def of(cls, source: Source, laws: Sequence[type[Block]] = ()) -> Trained:
        """The chip of a run or of the run in a folder, whose checkpoint is read once.

        `laws` are blocks of your own that the files of a folder name.

        Raises
        ------
        RunError, CheckpointError
            There is no such run, or it is damaged.
        DataError
            It is something else.
        """
        if isinstance(source, cls):
            return source
        if not isinstance(source, Run | Path | str):
            raise DataError(
                f"A trained chip, a run or a run's folder is needed, but {source!r} is none; give "
                "Trained(chip, experiment) of a chip in memory."
            )
        run = Run.open(source, laws)
        chip, calibration = run.parts()
        return cls(chip, run.experiment, calibration, run)

    @property
    def profile(self) -> Profile:
        """Of its chip."""
        return self.chip.profile

    @property
    def name(self) -> str:
        """For messages: the folder, or the chip."""
        return repr(self.chip) if self.run is None else str(self.run.path)

    @cached_property
    def dataset(self) -> Dataset:
        """What it has learned; a run's own is checked to be that."""
        return load_dataset(self.experiment.dataset) if self.run is None else self.run.dataset

    def fresh(self) -> Chip:
        """The chip, set back to how it was handed in."""
        self.chip.restore(deepcopy(self._begun))
        return self.chip


Source = Trained | Run | Path | str
