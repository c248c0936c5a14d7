"""A sweep from its file, with every mistake in it: of the file's own fields, and of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neurosim.blocks.block import Block
from neurosim.blocks.document import compose
from neurosim.blocks.files import load_block
from neurosim.blocks.words import Reading
from neurosim.errors import NeurosimError, ProfileError
from neurosim.files import as_text
from neurosim.sweeps.making import expand
from neurosim.sweeps.plan import Base, Sweep

__all__ = ["load_sweep"]

# Fields without which there are no points; what is wrong in others is told anyway.
_NEEDED = ("name", "base", "axes")


def load_sweep(path: Path, laws: Sequence[type[Block]] = ()) -> Sweep:
    """The sweep of a YAML file.

    Raises
    ------
    ProfileError
        A line for each mistake in the file; where its axes can be read in spite of it, for each
        of theirs too.
    """
    try:
        return load_block(path, Sweep)
    except ProfileError as error:
        lines = [*str(error).splitlines(), *_of_axes(path, laws)]
        raise ProfileError("\n".join(lines)) from None


def _of_axes(path: Path, laws: Sequence[type[Block]]) -> list[str]:
    """Mistakes in what the axes change; none where these cannot be read."""
    try:
        tree = compose(as_text(path.read_bytes()), str(path)).tree
        needed = {name: tree[name] for name in _NEEDED if name in tree}
        if isinstance(needed.get("base"), dict):
            needed["base"] = _without_mistakes(needed["base"])
        plan = Sweep.model_validate(needed, context=Reading())
    except (OSError, UnicodeDecodeError, TypeError, ValidationError, NeurosimError):
        return []
    try:
        expand(plan, path.parent, laws)
    except ProfileError as error:
        # What is measured was not looked at.
        return [line for line in str(error).splitlines() if not line.startswith("measure:")]
    except NeurosimError:
        return []
    return []


def _without_mistakes(base: dict[str, Any]) -> dict[str, Any]:
    """Those fields of a base that are valid by themselves."""
    valid = {}
    for name, value in base.items():
        with suppress(ValidationError):
            Base.model_validate({name: value}, context=Reading())
            valid[name] = value
    return valid
