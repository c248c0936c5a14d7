"""What is read from files, and trees of arrays in one file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import CheckpointError, DataError
from neurosim.outputs import write_bytes

__all__ = [
    "as_text",
    "load_npy",
    "load_npz",
    "load_tree",
    "read_bytes",
    "read_rows",
    "save_tree",
]


def as_text(data: bytes) -> str:
    """Text of a file in UTF-8, or in what its byte-order mark says, without that mark.

    Raises
    ------
    UnicodeDecodeError
        It is no such text.
    """
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")


def read_bytes(path: Path, what: str) -> bytes:
    """All bytes of a file that must be `what`.

    Raises
    ------
    DataError
        It cannot be read.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{path} must be {what}, but cannot be read ({reason}).") from None


def save_tree(path: Path, tree: dict[str, Any]) -> None:
    """Nested dicts of arrays and plain values as one NPZ that holds no code."""
    arrays: dict[str, np.ndarray] = {}

    def walk(node: dict[str, Any], prefix: str) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, value in node.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict):
                plain[key] = walk(value, f"{name}/")
            elif isinstance(value, np.ndarray):
                arrays[name] = value
                plain[key] = {"__array__": name}
            else:
                plain[key] = value
        return plain

    arrays["__tree__"] = np.array(json.dumps(walk(tree, "")))
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # the stub takes names for `allow_pickle`
    write_bytes(path, stream.getvalue())


def read_rows(path: Path, columns: Collection[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV table that has these columns and perhaps others, each with its line.

    Raises
    ------
    DataError
        The file cannot be read, or lacks a column.
    """
    data = read_bytes(path, "a CSV table")
    try:
        reader = csv.DictReader(io.StringIO(as_text(data), newline=""))
        rows = [(reader.line_num, row) for row in reader]
        found = reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        reason = str(error) if isinstance(error, csv.Error) else "it is no text in UTF-8"
        raise DataError(f"{path} must be a CSV table, but cannot be read ({reason}).") from None
    missing = [name for name in columns if name not in found]
    if missing:
        raise DataError(
            f"{path} must have the columns {', '.join(columns)}, but has no {missing[0]}."
        )
    return rows


def load_npz(data: bytes) -> dict[str, NDArray[Any]]:
    """Arrays of an NPZ file by name; nothing in it is run.

    Raises
    ------
    ValueError
        It is no NPZ file, or a damaged one.
    """
    if not data.startswith(b"PK"):
        raise ValueError("it is no NPZ file")
    with _damage(), np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def load_npy(data: bytes) -> NDArray[Any]:
    """Array of an NPY file; nothing in it is run.

    Raises
    ------
    ValueError
        It is no NPY file, or a damaged one.
    """
    if not data.startswith(b"\x93NUMPY"):
        raise ValueError("it is no NPY file")
    with _damage():
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return found


@contextmanager
def _damage() -> Iterator[None]:
    """Whatever zipfile, zlib or the parser of NumPy's headers find is a ValueError."""
    try:
        yield
    except Exception as error:  # Their errors are of a dozen classes, none of them common.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(reason) from None


def load_tree(path: Path) -> dict[str, Any]:
    """What `save_tree` wrote.

    Raises
    ------
    CheckpointError
        The file is missing, damaged, or no such file.
    """
    try:
        arrays = load_npz(path.read_bytes())
        return _restored(json.loads(str(arrays["__tree__"])), arrays)
    except FileNotFoundError:
        raise CheckpointError(f"{path} must exist, but does not; train the run first.") from None
    except Exception as error:  # Damage is any error of zipfile, zlib, struct, json or NumPy.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f"{path} must be a neurosim checkpoint, but cannot be read ({reason}); restore it from "
            "a copy, or train again into a new folder."
        ) from None


def _restored(tree: Any, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The tree with arrays in place of their names."""
    if not isinstance(tree, dict):
        raise ValueError("it holds no names")
    found: dict[str, Any] = {}
    for key, value in tree.items():
        is_array = isinstance(value, dict) and "__array__" in value
        if is_array:
            found[key] = arrays[value["__array__"]]
        else:
            found[key] = _restored(value, arrays) if isinstance(value, dict) else value
    return found
