"""What is said of a folder that a training cannot begin in, or go on with."""

from __future__ import annotations

from pathlib import Path

from neurosim.errors import RunError

__all__ = ["stopped", "taken", "to_go_on"]


def to_go_on(text: str, otherwise: str = "") -> RunError:
    """The error of a training that stopped: what is wrong and to be done before it goes on."""
    return RunError(
        f"{text} go on with ns.resume{otherwise}.", f"{text} go on with --resume{otherwise}."
    )


def stopped(path: Path) -> str:
    """What to say of a folder that version 0.1.0 was making when it was killed."""
    return (
        f"{path} must hold a checkpoint to go on from, but was stopped before its first; delete "
        "the folder, and give the command that began it again."
    )


def taken(path: Path) -> RunError:
    """What to say where something is in the way of a new run."""
    wrong = f"{path} must be a new folder, but exists"
    return RunError(
        f"{wrong}; give another path, or go on with it by ns.resume.",
        f"{wrong}; give another --out, or --resume to go on with it.",
    )
