"""Images and labels in MNIST's own files: the idx format, plain or compressed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["idx_pair"]

_BYTES = 8  # code of unsigned bytes


def idx_pair(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Images of an idx file, and the labels that lie beside it."""
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    has_labels = beside != path and beside.is_file()
    return _idx(path), _idx(beside) if has_labels else None


def _idx(path: Path) -> NDArray[np.uint8]:
    """Array of an idx file: two zeros, type, number of axes, their lengths, the bytes."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 4 or data[:3] != bytes([0, 0, _BYTES]):
        raise ValueError("an idx file of unsigned bytes begins with 0, 0, 8")
    begin = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:begin], dtype=">u4").astype(int)
    return np.frombuffer(data, np.uint8, offset=begin).reshape(shape)
