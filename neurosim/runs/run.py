"""A run folder: everything of one training run, self-contained and resumable.

.. code-block:: text

    profile.yaml      the hardware profile as used
    experiment.yaml   the algorithm's settings
    run.json          command, versions, start, state of the run
    checkpoint.npz    shadow weights, optimizer, devices, counters
    metrics.csv       one row an update
    samples.png loss.png settle.png report.html                  made from the above
    weights.csv weights.sheet.json                               weight table and its data sheet
    evaluation.json   the newest `neurosim evaluate`, and of which update it is
    explanation.json  the newest `neurosim explain`, likewise
    .lock             held while a training works in the folder

The first four are there whenever the folder is: it takes its name when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import checked, must_be
from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, load_block
from neurosim.blocks.records import dump_record, read_record
from neurosim.chip import Chip
from neurosim.data.sets import NAMED, Dataset, dataset_name
from neurosim.errors import RunError
from neurosim.folders import LOCK, clear_temporary, exists, locked, made_whole
from neurosim.frames import Columns
from neurosim.host import Calibration, Experiment, Trainer
from neurosim.network import Weights
from neurosim.outputs import write_text
from neurosim.profile import Profile
from neurosim.runs.checkpoint import Checkpoint
from neurosim.runs.facts import Facts, versions
from neurosim.runs.metrics import read_metrics
from neurosim.runs.refusals import stopped, taken
from neurosim.runs.weights import kept_weights, start_weights
from neurosim.safe_text import counted

__all__ = [
    "OWN_FILES",
    "Parts",
    "Run",
    "States",
]

Array = NDArray[np.float64]
# Of a chip and of its trainer.
States = tuple[dict[str, Any], dict[str, Any]]


# What a run folder cannot do without.
OWN_FILES = ("profile.yaml", "experiment.yaml", "run.json", "metrics.csv", "checkpoint.npz")


_OPEN = "Run.open opens a run folder"


class Parts(NamedTuple):
    """What a checkpoint holds of a chip and of what its host knows."""

    chip: Chip
    calibration: Calibration | None
    weights: Weights | None
    n_done: int | None  # Updates; of a chip that was programmed from a table none are to be done.


class Run:
    """One run folder.

    Attributes
    ----------
    path : Path
    profile : Profile
    experiment : Experiment
    kept : Checkpoint

    Examples
    --------
    ``run = ns.Run.open("runs/mine")``; ``run.metrics()`` is its table. `neurosim.sample` and its
    kin take it as they take the path.
    """

    @checked(path=_OPEN, profile=_OPEN, experiment=_OPEN)
    def __init__(self, path: Path, profile: Profile, experiment: Experiment) -> None:
        self.path, self.profile, self.experiment = path, profile, experiment
        self.kept = Checkpoint(path, profile, experiment)

    def __repr__(self) -> str:
        return (
            f"Run({str(self.path)!r}, {self.profile.name}, "
            f"{counted(self.experiment.updates, 'update')})"
        )

    @classmethod
    def create(
        cls,
        path: Path,
        profile: Profile,
        experiment: Experiment,
        states: States,
        **facts: Any,
    ) -> Run:
        """Make a new folder, whole or not at all, with `states` as its first checkpoint.

        One that exists and is not empty is left alone; `facts` are those of `Facts`.
        """
        experiment = experiment.model_copy(update={"dataset": dataset_name(experiment.dataset)})
        with made_whole(path, taken(path)) as folder:
            run = cls(folder, profile, experiment)
            write_text(folder / "profile.yaml", dump_block(profile))
            write_text(folder / "experiment.yaml", dump_block(experiment))
            run.note(**facts, versions=versions())
            run.save(*states)
        return cls(path, profile, experiment)

    @classmethod
    def open(cls, path: Run | Path | str, laws: Sequence[type[Block]] = ()) -> Run:
        """The run in a folder; one that is open already is returned as it is.

        `laws` are blocks of your own that its files name.

        Raises
        ------
        RunError
            `path` is no run folder.
        """
        if isinstance(path, Run):
            return path
        must_be(path, str | Path, "Run.open.path", "give the path of a run folder")
        path = Path(path)
        names = ("profile.yaml", "experiment.yaml", "checkpoint.npz")
        found = [exists(path / name) for name in names]
        if found == [True, False, False]:
            raise RunError(stopped(path))
        if not all(found[:2]):
            wrong = f"{path} must be a run folder with profile.yaml and experiment.yaml, but is not"
            inside = path / "trained"
            if exists(inside) and (
                first := next(iter(sorted(inside.glob("*/experiment.yaml"))), None)
            ):
                raise RunError(
                    f"{path} must be a run, but is a sweep or a study with runs in it; give one of "
                    f"these, such as {first.parent}."
                )
            raise RunError(
                f"{wrong}; make one with ns.train(..., keep=...).",
                f"{wrong}; make one with `neurosim train`.",
            )
        profile = load_block(path / "profile.yaml", Profile, laws=laws)
        recipe = load_block(path / "experiment.yaml", Experiment, laws=laws)
        return cls(path, profile, recipe)

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says: the fields of `Facts` that are known."""
        path = self.path / "run.json"
        if not os.path.lexists(path):
            return {}
        return read_record(
            path, Facts, "restore it from a copy, or train again into a new folder"
        ).model_dump(exclude_unset=True)

    def note(self, **facts: Any) -> None:
        """Add to run.json."""
        write_text(self.path / "run.json", dump_record(self.facts | facts))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other trainings out of the folder, and clear what a killed one has left.

        Raises
        ------
        RunError
            Another training is in it.
        """
        busy = (
            f"{self.path} must be free to be trained in, but another training is using it; wait "
            "until that has ended, or train into a new folder."
        )
        with locked(self.path / LOCK, busy):
            clear_temporary(self.path, ("checkpoint.npz", "metrics.csv", "run.json"))
            yield

    @cached_property
    def dataset(self) -> Dataset:
        """What it learns; a file must hold what it held when the run began.

        Raises
        ------
        RunError
            The file has changed since.
        """
        found = self.experiment.images()
        if found.name in NAMED:
            return found
        begun = self.facts.get("dataset_sha256")
        if begun is None:
            raise RunError(
                f"{self.path / 'run.json'} must say which images the run began with, but does not; "
                "restore it from a copy, or train again into a new folder."
            )
        if begun != found.digest:
            raise RunError(
                f"{found.name} must hold the images that {self.path} began with, but has changed; "
                "restore it, or train again into a new folder."
            )
        return found

    @property
    def checkpoint(self) -> Path:
        """Path of the newest checkpoint."""
        return self.kept.path

    def save(self, chip_state: dict[str, Any], trainer_state: dict[str, Any]) -> None:
        """Write a checkpoint, see `Checkpoint.save`."""
        self.kept.save(chip_state, trainer_state)

    def load(self) -> dict[str, Any]:
        """The newest checkpoint's chip and trainer states, see `Checkpoint.load`."""
        return self.kept.load()

    @property
    def n_done(self) -> int:
        """Updates in the newest checkpoint; none where there is no checkpoint."""
        return int(self.load()["trainer"]["n_done"]) if os.path.lexists(self.checkpoint) else 0

    @property
    def start(self) -> Path | None:
        """The run whose weights this one began with, or a file of plain arrays."""
        found = self.facts.get("start")
        return None if found is None else Path(found)

    def weights(self) -> Weights:
        """What the host last meant its chip to hold at the end: shadow weights, or their average.

        Raises
        ------
        RunError
            The host of this run keeps no weights: it learns in memory, or came from a table.
        """
        return start_weights(kept_weights(self.load()["trainer"], self.profile), str(self.path))

    def parts(self, n_threads: int | None = None, device: str = "cpu") -> Parts:
        """The chip as the checkpoint left it, and what its host knows; the file is read once."""
        tree = self.load()
        chip = Chip(self.profile, self.experiment.seed, n_threads=n_threads, device=device)
        self.kept.restore_chip(chip, tree["chip"])
        found = tree["trainer"].get("calibration")
        calibration = None if found is None else Calibration(**found)
        n_done = None if tree["trainer"].keys() == {"n_done"} else int(tree["trainer"]["n_done"])
        return Parts(chip, calibration, kept_weights(tree["trainer"], self.profile), n_done)

    def chip(self, n_threads: int | None = None) -> Chip:
        """The chip as the checkpoint left it."""
        return self.parts(n_threads).chip

    def calibration(self) -> Calibration | None:
        """What the host measured before training, if it did."""
        return self.parts().calibration

    def restore(self, chip: Chip, trainer: Trainer) -> None:
        """Set a fresh chip and trainer to where the checkpoint left them."""
        tree = self.load()
        self.kept.check_trainer(tree["trainer"])
        self.kept.restore_chip(chip, tree["chip"])
        trainer.restore(tree["trainer"])

    @property
    def metrics_path(self) -> Path:
        """Path of the metrics table."""
        return self.path / "metrics.csv"

    def metrics(self) -> Columns:
        """The metrics table as columns; its ``to_pandas()`` is a data frame."""
        return read_metrics(self.metrics_path)
