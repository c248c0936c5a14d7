"""A run folder: everything of one training run, self-contained and resumable.

.. code-block:: text

    profile.yaml      the hardware profile as used
    experiment.yaml   the algorithm's settings
    run.json          command, versions, state of the run
    metrics.csv       one row an update
    checkpoint.npz    shadow weights, optimizer, devices, counters
    samples.png loss.png settle.png report.html                  made from the above
    weights.csv weights.sheet.json                               weight table and its data sheet
    evaluation.json   the newest `neurosim evaluate`
"""

from __future__ import annotations

import csv
import hashlib
import json
import platform
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.datasets import DIGITS, Dataset, dataset_name, load_dataset
from neurosim.errors import CheckpointError, NeurosimError, RunError
from neurosim.files import load_tree, save_tree
from neurosim.host import Calibration, Experiment, Trainer
from neurosim.host.optimizer import unpack
from neurosim.outputs import write_text
from neurosim.profile import Profile
from neurosim.topology import Layers, Weights
from neurosim.yaml_files import dump_block, load_block

__all__ = ["Run", "versions"]

Array = NDArray[np.float64]


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    from importlib.metadata import version

    packages = ("neurosim-eqprop", "numpy", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


class Run:
    """One run folder.

    Attributes
    ----------
    path : Path
    profile : Profile
    experiment : Experiment
    """

    def __init__(self, path: Path, profile: Profile, experiment: Experiment) -> None:
        self.path, self.profile, self.experiment = path, profile, experiment

    @classmethod
    def create(cls, path: Path, profile: Profile, experiment: Experiment, command: str = "") -> Run:
        """Make a new folder; one that exists and is not empty is never touched.

        Raises
        ------
        RunError
            There is something at `path` already.
        """
        try:
            taken = path.exists() and (not path.is_dir() or any(path.iterdir()))
            if not taken:
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"{path} must be a folder that can be made, but cannot ({error.strerror}); give "
                "another --out."
            ) from None
        if taken:
            raise RunError(
                f"{path} must be a new folder, but exists; give another --out, or --resume to go "
                "on with it."
            )
        experiment = experiment.model_copy(update={"dataset": dataset_name(experiment.dataset)})
        run = cls(path, profile, experiment)
        write_text(path / "profile.yaml", dump_block(profile))
        write_text(path / "experiment.yaml", dump_block(experiment))
        run.note(command=command, versions=versions())
        return run

    @classmethod
    def open(cls, path: Run | Path | str) -> Run:
        """The run in a folder; one that is open already is returned as it is.

        Raises
        ------
        RunError
            `path` is no run folder.
        """
        if isinstance(path, Run):
            return path
        path = Path(path)
        if not (path / "profile.yaml").is_file() or not (path / "experiment.yaml").is_file():
            raise RunError(
                f"{path} must be a run folder with profile.yaml and experiment.yaml, but is not; "
                "make one with `neurosim train`."
            )
        profile = load_block(path / "profile.yaml", Profile)
        return cls(path, profile, load_block(path / "experiment.yaml", Experiment))

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says."""
        path = self.path / "run.json"
        if not path.exists():
            return {}
        try:
            facts = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            facts = None
        if not isinstance(facts, dict):
            raise RunError(
                f"{path} must be a JSON object, but cannot be read; restore or delete it."
            )
        return facts

    def note(self, **facts: Any) -> None:
        """Add to run.json."""
        text = json.dumps(self.facts | facts, indent=2) + "\n"
        write_text(self.path / "run.json", text)

    @cached_property
    def dataset(self) -> Dataset:
        """What it learns; a file must hold what it held when the run began.

        Raises
        ------
        RunError
            The file has changed since.
        """
        found = load_dataset(self.experiment.dataset)
        if found.name in DIGITS:
            return found
        if self.facts.get("dataset_sha256") != found.digest:
            raise RunError(
                f"{found.name} must hold the images that {self.path} began with, but has changed; "
                "restore it, or train again into a new folder."
            )
        return found

    @property
    def checkpoint(self) -> Path:
        """Path of the newest checkpoint."""
        return self.path / "checkpoint.npz"

    @property
    def identity(self) -> str:
        """Digest of profile.yaml and experiment.yaml: a checkpoint belongs to one of each."""
        files = (self.path / name for name in ("profile.yaml", "experiment.yaml"))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def save(self, chip_state: dict[str, Any], trainer_state: dict[str, Any]) -> None:
        """Write a checkpoint."""
        tree = {"identity": self.identity, "chip": chip_state, "trainer": trainer_state}
        save_tree(self.checkpoint, tree)

    def load(self) -> dict[str, Any]:
        """The newest checkpoint's chip and trainer states."""
        tree = load_tree(self.checkpoint)
        if not all(isinstance(tree.get(part), dict) for part in ("chip", "trainer")):
            raise CheckpointError(
                f"{self.checkpoint} must hold a chip and a trainer, but holds {', '.join(tree)}."
            )
        if tree.get("identity") != self.identity:
            raise CheckpointError(
                f"{self.checkpoint} must belong to the folder's profile.yaml and experiment.yaml, "
                "but was written for others; restore them, or train again into a new folder."
            )
        return tree

    @property
    def n_done(self) -> int:
        """Updates in the newest checkpoint; none where there is no checkpoint."""
        if not self.checkpoint.exists():
            return 0
        try:
            return int(self.load()["trainer"]["n_done"])
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(
                f"{self.checkpoint} must say how many updates are done, but does not; train again "
                "into a new folder."
            ) from None

    @property
    def start(self) -> Path | None:
        """The run whose weights this one began with."""
        found = self.facts.get("start")
        return None if found is None else Path(found)

    def weights(self) -> Weights:
        """What the host last meant its chip to hold at the end: shadow weights, or their average.

        Raises
        ------
        RunError
            The host of this run keeps no weights: it learns in memory, or came from a table.
        """
        kept = self.load()["trainer"].get("optimizer", {})
        vector = kept.get("average", kept.get("weights"))
        if vector is None:
            raise RunError(
                f"{self.path} must be a run whose host keeps the weights, but it keeps none; start "
                "from one that trained with learning.mode shadow."
            )
        layers = Layers(self.profile.layers)
        return unpack(vector, (layers.n_odd, layers.n_even))

    def chip(self, n_threads: int | None = None) -> Chip:
        """The chip as the checkpoint left it."""
        chip = Chip(self.profile, self.experiment.seed, n_threads=n_threads)
        self._restore(chip.restore, "chip")
        return chip

    def calibration(self) -> Calibration | None:
        """What the host measured before training, if it did."""
        found = self.load()["trainer"].get("calibration")
        return None if found is None else Calibration(**found)

    def restore(self, chip: Chip, trainer: Trainer) -> None:
        """Set a fresh chip and trainer to where the checkpoint left them."""
        self._restore(chip.restore, "chip")
        self._restore(trainer.restore, "trainer")

    def _restore(self, restore: Any, part: str) -> None:
        state = self.load()[part]
        try:
            restore(state)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, NeurosimError):
                raise
            raise CheckpointError(
                f"{self.checkpoint} must hold a complete {part}, but does not ({error}); it was "
                "written by another version: train again into a new folder."
            ) from None

    @property
    def metrics_path(self) -> Path:
        """Path of the metrics table."""
        return self.path / "metrics.csv"

    def metrics(self) -> dict[str, Array]:
        """The metrics table as columns."""
        try:
            with self.metrics_path.open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
            names = rows[0].keys() if rows else ()
            columns = {name: np.array([float(row[name]) for row in rows]) for name in names}
        except OSError:
            raise RunError(f"{self.metrics_path} must exist, but does not; train first.") from None
        except (ValueError, TypeError, KeyError, csv.Error):
            raise RunError(
                f"{self.metrics_path} must be a table of numbers, but is not; restore it from a "
                "copy, or train again into a new folder."
            ) from None
        if not {"update", "flow_loss"} <= columns.keys():
            raise RunError(
                f"{self.metrics_path} must hold at least one update, but holds none; train first."
            )
        return columns

    def cut_metrics(self, n_updates: int) -> None:
        """Drop the rows after update `n_updates`: they will be computed again.

        Raises
        ------
        RunError
            Rows up to there are missing, or the table cannot be read.
        """
        try:
            lines = self.metrics_path.read_text("utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            lines = []
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.metrics_path} must be a table, but is not ({error}).") from None
        kept = lines[: n_updates + 1]
        last = kept[-1].split(",")[0] if len(kept) > 1 else "0"
        if last != str(n_updates):
            raise RunError(
                f"{self.metrics_path} must hold updates 1 to {n_updates} of the checkpoint, but "
                f"ends at {last}; restore it, or train again into a new folder."
            )
        if kept:
            write_text(self.metrics_path, "".join(kept))
