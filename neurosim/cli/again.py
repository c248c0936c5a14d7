"""The command that goes on with what was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.safe_text import quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

__all__ = ["going_on"]


def going_on(*words: str | Path, laws: tuple[type[Block], ...] = (), **options: Any) -> str:
    """The command to type; options that are None, empty or those of a CPU are left out.

    Examples
    --------
    >>> going_on("train", "--resume", out="runs/my run", device="cpu", workers=None)
    "neurosim train --resume --out 'runs/my run'"
    """
    from neurosim.blocks.own import files_of

    parts = ["neurosim", *(quoted(word) if isinstance(word, Path) else word for word in words)]
    given = [(name, value) for name, value in options.items() if value not in (None, "", "cpu")]
    given += [("laws", file) for file in files_of(laws)]
    return " ".join([*parts, *(f"--{name} {quoted(value)}" for name, value in given)])
