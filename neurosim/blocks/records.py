"""What is read from a folder at its door: JSON files as records, checkpoints by a template."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neurosim.blocks.document import Document, shown
from neurosim.blocks.mistakes import mistakes_of
from neurosim.errors import CheckpointError, RunError

__all__ = ["Number", "Record", "check_like", "dump_record", "read_record"]

# Beyond it a whole number is no count of anything, and has no float.
_MOST = 2**63 - 1
# Beyond it a number's square, or a sum of squares, is infinite.
_LARGEST = 1e100
Number = Annotated[int, Field(ge=-_MOST, le=_MOST)] | float


class Record(BaseModel):
    """What a JSON file holds: nothing is converted, numbers are finite, unknown keys pass by."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


R = TypeVar("R", bound=Record)


def read_record(path: Path, cls: type[R], advice: str) -> R:
    """Record of class `cls` from a JSON file.

    Parameters
    ----------
    path : Path
    cls : type
    advice : str
        What to do where the file is not one, to end the message.

    Raises
    ------
    RunError
        The file cannot be read, is not JSON, or holds something else.
    """
    try:
        data = _paired(path.read_bytes())
        return cls.model_validate_json(data)
    except OSError as error:
        reason = error.strerror
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        if first["type"] != "json_invalid":
            raise RunError(f"{path}: {_mistake(failure, cls, data)}; {advice}.") from None
        reason = str(first["ctx"]["error"])
    raise RunError(f"{path} must be a JSON object, but cannot be read ({reason}); {advice}.")


def _paired(data: bytes) -> bytes:
    """JSON in which halves of surrogate pairs, as names of files may hold, are words of escapes.

    Python writes them, and the strict reader takes them for damage.
    """
    if b"\\ud" not in data.lower():
        return data
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
    except (ValueError, RecursionError):
        return data
    return text.encode("utf-8", "backslashreplace").replace(b"\\ud", b"\\\\ud")


def _mistake(failure: ValidationError, cls: type[Record], data: bytes) -> str:
    """The first mistake, with its place."""
    tree = json.loads(data)
    if not isinstance(tree, dict):
        return f"must be a JSON object, but is {shown(tree)}"
    return str(mistakes_of(failure, cls, Document(None, tree))[0])


def dump_record(tree: Any) -> str:
    """JSON text of plain values; a number that is not finite, which JSON has none for, is null."""
    return json.dumps(_plain(tree), indent=2, allow_nan=False) + "\n"


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def check_like(
    state: Any, template: dict[str, Any], where: str, *, counters: Collection[str] = ()
) -> None:
    """Refuse a state that is not one of what `template` is a state of.

    Blocks have the template's keys, arrays its shapes and kinds of number, and scalars its types.
    All numbers are finite, and so are their squares: no state of a chip or of a host holds NaN or
    infinity at rest, for rows that diverge are left out of all sums. Whole numbers count something,
    and conductances, whose names end in ``_S``, are not negative.

    Parameters
    ----------
    state : object
        As it was read.
    template : dict
        Of something new of the same kind.
    where : str
        What it is read from, to begin the message.
    counters : collection of str
        Blocks of totals, which may have other names in them: versions count other things.

    Raises
    ------
    CheckpointError
        With the path of the first difference.
    """
    for path, text in _differences(state, template, (), counters):
        raise CheckpointError(
            f"{where}: {'.'.join(path) or 'the whole'} {text}; restore it from a copy, or train "
            "again into a new folder."
        )


def _differences(
    state: Any, template: Any, path: tuple[str, ...], counters: Collection[str]
) -> Any:
    """Path and text of every difference."""
    if isinstance(template, dict):
        if not isinstance(state, dict):
            yield path, f"must be a block of values, but is {shown(state)}"
            return
        if path and path[-1] in counters:
            template = {key: 0.0 for key in state}
        for key in template.keys() - state.keys():
            yield (*path, key), "must be there, but is missing"
        for key in state.keys() - template.keys():
            yield (*path, key), "must not be there: it belongs to another profile or experiment"
        for key in template.keys() & state.keys():
            yield from _differences(state[key], template[key], (*path, key), counters)
    else:
        wrong = _wrong(state, template, conductance=bool(path) and path[-1].endswith("_S"))
        if wrong:
            yield path, wrong


def _wrong(value: Any, like: Any, *, conductance: bool) -> str:
    """What is wrong with an array or a scalar; nothing where all is well."""
    if isinstance(like, np.ndarray):
        return _wrong_array(value, like, conductance=conductance)
    if isinstance(like, str):
        return "" if isinstance(value, str) else f"must be text, but is {_said(value)}"
    if like is None:
        return "" if value is None else f"must be nothing, but is {_said(value)}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(like, int):
        good = isinstance(value, int) and number and 0 <= value <= _MOST
        return "" if good else f"must be a count of at least 0, but is {_said(value)}"
    good = number and abs(value) <= _MOST if isinstance(value, int) else number
    if not (good and abs(value) <= _LARGEST):
        return f"must be a finite number, but is {_said(value)}"
    return ""


def _wrong_array(value: Any, like: np.ndarray, *, conductance: bool) -> str:
    if not isinstance(value, np.ndarray):
        return f"must be an array, but is {_said(value)}"
    if (value.shape, value.dtype.kind) != (like.shape, like.dtype.kind):
        return (
            f"must be {like.dtype} of shape {like.shape}, but is {value.dtype} of shape "
            f"{value.shape}"
        )
    real = np.issubdtype(value.dtype, np.floating)
    bad = np.count_nonzero(~(np.abs(value) <= _LARGEST)) if real else 0
    if bad:
        return f"must be finite, but {bad} of its {value.size} numbers are NaN, infinite or huge"
    if conductance and (value < 0).any():
        return f"must be at least 0 S, but goes down to {value.min():g} S"
    return ""


def _said(value: Any) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else shown(value)
