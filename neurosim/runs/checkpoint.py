"""The checkpoint of a run folder: written whole, and read only if it belongs there."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from neurosim.blocks.records import check_like
from neurosim.chip import Chip
from neurosim.errors import CheckpointError, NeurosimError, RunError
from neurosim.files import load_tree, save_tree
from neurosim.host import Experiment, blank_state
from neurosim.profile import Profile
from neurosim.runs.refusals import to_go_on
from neurosim.safe_text import counted

__all__ = ["Checkpoint"]

_UPDATES = re.compile(rb"^updates:.*\n", re.MULTILINE)


class Checkpoint:
    """checkpoint.npz of a run folder.

    Attributes
    ----------
    folder, path : Path
        The run's, and the file's.
    profile : Profile
    experiment : Experiment
    """

    def __init__(self, folder: Path, profile: Profile, experiment: Experiment) -> None:
        self.folder, self.path = folder, folder / "checkpoint.npz"
        self.profile, self.experiment = profile, experiment

    @property
    def identity(self) -> str:
        """Digest of profile.yaml and experiment.yaml: a checkpoint belongs to one of each.

        The number of updates is left out, for a training can be made longer.
        """
        return self._digest(_UPDATES.sub(b"", self._settings))

    @property
    def _settings(self) -> bytes:
        try:
            files = [self.folder / name for name in ("profile.yaml", "experiment.yaml")]
            return b"".join(file.read_bytes() for file in files)
        except OSError as error:
            raise RunError(
                f"{self.folder} must hold profile.yaml and experiment.yaml, but they cannot be "
                f"read ({error.strerror})."
            ) from None

    @staticmethod
    def _digest(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    @cached_property
    def begun_as(self) -> str:
        """The `identity` that this process began with."""
        return self.identity

    def save(self, chip_state: dict[str, Any], trainer_state: dict[str, Any]) -> None:
        """Write a checkpoint.

        Raises
        ------
        RunError
            profile.yaml or experiment.yaml has changed meanwhile.
        """
        if self.begun_as != self.identity:
            raise to_go_on(
                f"profile.yaml and experiment.yaml of {self.folder} must stay as they are while it "
                "is trained, but have changed; restore them, and"
            )
        tree = {"identity": self.identity, "chip": chip_state, "trainer": trainer_state}
        save_tree(self.path, tree)

    def load(self) -> dict[str, Any]:
        """The newest checkpoint's chip and trainer states; the trainer's is checked.

        Raises
        ------
        CheckpointError
            The file is damaged, was written for another run, or holds a trainer of another kind.
        """
        tree = load_tree(self.path)
        if not all(isinstance(tree.get(part), dict) for part in ("chip", "trainer")):
            raise CheckpointError(
                f"{self.path} must hold a chip and a trainer, but holds {', '.join(tree)}."
            )
        # Version 0.1.0 did not leave the number of updates out.
        if tree.get("identity") not in {self.identity, self._digest(self._settings)}:
            raise CheckpointError(
                f"{self.path} must belong to the folder's profile.yaml and experiment.yaml, but "
                "was written for others; restore them, or train again into a new folder."
            )
        kept, most = tree["trainer"], self.experiment.updates
        # A chip that was programmed from a table has been trained by nobody.
        if kept.keys() == {"n_done"}:
            check_like(kept, {"n_done": 0}, f"{self.path}: trainer")
        else:
            self.check_trainer(kept)
        if kept["n_done"] > most:
            raise CheckpointError(
                f"{self.path} must hold at most the {counted(most, 'update')} of the "
                "experiment, but "
                f"holds {kept['n_done']}; restore it, or train again into a new folder."
            )
        return tree

    def check_trainer(self, state: dict[str, Any]) -> None:
        """Refuse a trainer's state of another kind, or of a chip that nobody trains."""
        blank = blank_state(self.profile.network, self.experiment)
        # Version 0.1.0 counted updates and no time between two refreshes.
        check_like({"unrefreshed_s": 0.0} | state, blank, f"{self.path}: trainer")

    def restore_chip(self, chip: Chip, state: dict[str, Any]) -> None:
        """Set a fresh chip to a state that was loaded."""
        check_like(state, chip.state(), f"{self.path}: chip", counters=["ledger"])
        try:
            chip.restore(state)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, NeurosimError):
                raise
            raise CheckpointError(
                f"{self.path} must hold a complete chip, but does not ({error}); it was "
                "written by another version: train again into a new folder."
            ) from None
