"""YAML files as blocks: every mistake found at once, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from neurosim.arguments import must_be_classes
from neurosim.blocks.block import Block
from neurosim.blocks.document import compose, shown, written
from neurosim.blocks.mistakes import mistakes_of
from neurosim.blocks.trees import plain
from neurosim.blocks.words import Reading, as_written
from neurosim.errors import ProfileError
from neurosim.files import as_text
from neurosim.safe_text import one_line

__all__ = ["dump_block", "load_block", "parse_block"]

B = TypeVar("B", bound=Block)


def parse_block(
    text: str,
    cls: type[B],
    where: str,
    *,
    laws: Sequence[type[Block]] = (),
    folder: Path | None = None,
) -> B:
    """Block of class `cls` from YAML text; `where` names its source in messages.

    `laws` are blocks of one's own that the text may name, beside those that are shipped; `folder`
    is where the paths in it begin, the working directory without it.

    Raises
    ------
    ProfileError
        One line for each mistake: ``where:line:column: path: what must hold``.

    Examples
    --------
    >>> from neurosim.solvers import Transient
    >>> parse_block("{method: ETD4, rtol: 1e-6}", Transient, "my.yaml").rtol
    1e-06
    """
    must_be_classes(laws, Block, "laws")
    document = compose(text, where)
    if not isinstance(document.tree, dict):
        raise ProfileError(
            f"{where}: must be a mapping from fields to values, but is {shown(document.tree)}."
        )
    mistakes = document.mistakes
    try:
        block = cls.model_validate(document.tree, context=Reading(tuple(laws), folder))
    except ValidationError as failure:
        known = {m.path for m in mistakes}
        mistakes += [m for m in mistakes_of(failure, cls, document) if m.path not in known]
    if mistakes:
        lines = [f"{where}:{m.line}:{m.column}: {m}" for m in sorted(mistakes, key=lambda m: m[:2])]
        raise ProfileError("\n".join(lines))
    return block


def load_block(path: Path, cls: type[B], *, laws: Sequence[type[Block]] = ()) -> B:
    """Block of class `cls` from a YAML file; `laws` as in `parse_block`.

    Raises
    ------
    ProfileError
        The file cannot be read or is not valid.
    """
    try:
        text = as_text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise ProfileError(
            f"{path}: must be text in UTF-8, but its byte {error.start} is not."
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProfileError(
            f"{one_line(str(path))}: must be a file that can be read, but is not ({why})."
        ) from None
    return parse_block(text, cls, str(path), laws=laws, folder=path.parent)


def dump_block(block: Block, *, brief: bool = False) -> str:
    """YAML that loads back to an equal block; a brief one leaves out what is at its default."""
    return written(plain(as_written(block, brief=brief)))
