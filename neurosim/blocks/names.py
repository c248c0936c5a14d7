"""Names that become part of a file's name, and texts of one line.

A name has 1 to 64 of the characters ``A-Z a-z 0-9 _ - .``, begins with a letter or digit and does
not end in a dot: it is no path, no hidden file, and the same file on every system. Names that
Windows keeps for devices, such as ``con`` or ``nul.x``, are none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from neurosim.errors import RunError
from neurosim.safe_text import has_hidden

__all__ = ["Name", "OneLine", "as_name", "is_name", "within"]

_LONGEST = 64
_FORM = r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?"
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Whether a text is a name."""
    formed = len(text) <= _LONGEST and re.fullmatch(_FORM, text) is not None
    return formed and _DEVICES.fullmatch(text) is None


def _checked_name(text: str) -> str:
    if _DEVICES.fullmatch(text):
        raise ValueError(f"must not be a name that Windows keeps for a device, but is {text!r}")
    if not is_name(text):
        shown = repr(text) if len(text) <= _LONGEST else f"one of {len(text)} characters"
        raise ValueError(
            f"must be a name of 1 to {_LONGEST} letters (A-Z), digits and _ - . that begins with a "
            f"letter or digit and does not end in a dot, but is {shown}"
        )
    return text


def _checked_line(text: str) -> str:
    if not text.strip() or has_hidden(text):
        raise ValueError(f"must be one line of text, without control characters, but is {text!r}")
    return text


Name = Annotated[
    str,
    AfterValidator(_checked_name),
    Field(json_schema_extra={"pattern": f"^{_FORM}$", "maxLength": _LONGEST}),
]
OneLine = Annotated[str, AfterValidator(_checked_line)]


def as_name(text: str) -> str:
    """A name made of a text, to suggest for a file.

    Examples
    --------
    >>> as_name("../a day old?")
    'a_day_old'
    """
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", text)[:_LONGEST].strip("._-")
    return found if is_name(found) else "file"


def within(folder: Path, file: str) -> Path:
    """Path of a file or folder that lies directly in `folder`.

    Raises
    ------
    RunError
        It would lie elsewhere.
    """
    if file in {"", ".", ".."} or any(mark in file for mark in "/\\\0"):
        raise RunError(f"A file in {folder} must have a plain name, but {file!r} is a path.")
    return folder / file
