"""The weights that a training begins with: those of a trained chip, or arrays from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.blocks.block import Block
from neurosim.errors import RunError
from neurosim.files import read_bytes
from neurosim.folders import exists, real
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.runs.run import Run
from neurosim.runs.trained import Source, Trained
from neurosim.runs.weights import start_weights
from neurosim.tables.plain import Order, plain_weights
from neurosim.tuned import Tuned

__all__ = ["Beginning", "beginning", "beginning_of", "half_trained", "left_untuned"]


class Beginning(NamedTuple):
    """Weights, what a run folder says of where they are from, and what is left behind."""

    weights: Weights | None
    facts: dict[str, Any]
    tuned: Tuned | None = None
    name: str = ""
    stopped: str = ""


def beginning(
    start: Source | None,
    profile: Profile,
    laws: Sequence[type[Block]] = (),
    order: Order | None = None,
) -> Beginning:
    """The weights of a start: a run, a trained chip, or a file of plain arrays.

    Raises
    ------
    DataError, RunError
        There are none, or they do not fit.
    """
    if start is None:
        return Beginning(None, {})
    path = Path(start) if isinstance(start, str | Path) else None
    if path is not None and exists(path) and path.is_file():
        weights = plain_weights(path, profile.network, order)
        facts = {
            "start": str(real(path)),
            "start_sha256": _digest(path),
            "start_clipped": profile.coupling.n_beyond(weights.vector),
        }
        return Beginning(weights, facts | ({} if order is None else {"start_order": order}))
    begun = Trained.of(start, laws)
    facts = {} if begun.run is None else {"start": str(real(begun.run.path))}
    weights = start_weights(begun.weights, begun.name)
    return Beginning(weights, facts, begun.fresh().bank.tuned, begun.name, begun.stopped)


def half_trained(name: str, stopped: str) -> str:
    """What to say of a training that begins with one that was stopped, after so many updates."""
    return (
        f"Training begins with the weights of {name} after {stopped}, where that was stopped or "
        "still runs; let it end first, or take the result as of those."
    )


def left_untuned(name: str) -> str:
    """What to say of a training that leaves what the oscillators of `name` were tuned to."""
    return (
        f"Training begins with the weights of {name} alone: what its oscillators were tuned to, "
        "locking and natural frequencies, is left, and begins at 0."
    )


def beginning_of(run: Run) -> Weights | None:
    """The weights that a run began with; None where they were random.

    Raises
    ------
    RunError
        They are gone, or others are there now.
    """
    if run.start is None:
        return None
    wanted = run.facts.get("start_sha256")
    if wanted is None:
        return Run.open(run.start).weights()
    if not run.start.is_file() or _digest(run.start) != wanted:
        raise RunError(
            f"{run.start} must be the file that {run.path} began with, but is gone or has changed; "
            "put it back."
        )
    return plain_weights(run.start, run.profile.network, run.facts.get("start_order"))


def _digest(path: Path) -> str:
    return hashlib.sha256(read_bytes(path, "weights from elsewhere")).hexdigest()
