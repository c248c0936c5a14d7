"""The points of a sweep: what each one trains, programs and samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.host import Experiment
from neurosim.profile import Profile
from neurosim.sweeps.plan import Sampling

__all__ = ["Listed", "Point", "Training"]

Changes = dict[str, Any]


@dataclass(frozen=True)
class Training:
    """A chip to be trained once for all points that share it.

    Attributes
    ----------
    key : str
        Digest of both blocks.
    profile : Profile
    experiment : Experiment
        Its way of sampling is the default: no part of training.
    start : Path or None
        A run whose weights it begins with, or a file of plain arrays.
    """

    key: str
    profile: Profile
    experiment: Experiment
    start: Path | None


@dataclass(frozen=True)
class Listed:
    """Which row of the table a point is.

    Attributes
    ----------
    index : int
        From 0, the last axis fastest.
    key : str
        Digest of all that the result depends on.
    settings : dict
        What the table says of it, by column.
    inside : dict
        Values of the paths that labels of cases stand for.
    """

    index: int
    key: str
    settings: Changes
    inside: Changes


@dataclass(frozen=True)
class Point(Listed):
    """What one row of the table takes.

    Attributes
    ----------
    named : tuple of Profile
        The profiles that changes start from: of the chip that is trained, and of the one that is
        programmed where that is another.
    training : Training or None
    run : Path or None
        A run that is trained, where there is no training; None too where the trained chip is given.
    deploy : Profile or None
        Of the chip that the trained weights are programmed into; None samples the chip as
        training left it.
    sampling : Sampling
        Complete but for `die`.
    """

    named: tuple[Profile, ...]
    training: Training | None
    run: Path | None
    deploy: Profile | None
    sampling: Sampling
