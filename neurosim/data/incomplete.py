"""Files of images to complete: whatever the form, rows of pixels with NaN for unknown ones.

====== ============================================================================================
.npz   array `images`, (n, d) or (n, h, w): floats from -1 to 1, or grey levels 0 to 255 of a whole
       type; NaN where a pixel is unknown, or a second array `known` of the same shape, true where
       one is known
.npy   the array `images` of such floats alone
.csv   one image a line; a cell is a number from -1 to 1, or empty or `nan` where a pixel is
       unknown; a first line as `neurosim sample --out x.csv` writes it is skipped
====== ============================================================================================
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.data.scaling import from_grey
from neurosim.errors import DataError
from neurosim.files import load_npy, load_npz

__all__ = ["read_incomplete"]

Array = NDArray[np.float64]

_UNKNOWN = {
    ".npz": "NaN in floats, or by an array `known` that is false there",
    ".npy": "NaN in floats",
    ".csv": "empty cells or `nan`",
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)


def read_incomplete(path: Path, n_pixels: int) -> Array:
    """Images of a file as described above, (n, n_pixels), with NaN for unknown pixels.

    Raises
    ------
    DataError
        The file cannot be read, or has another content.
    """
    try:
        images, known = _csv(path) if path.suffix.lower() == ".csv" else _arrays(path)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path} must be an .npz, .npy or .csv of images with NaN for unknown pixels, but "
            f"cannot be read ({str(error).splitlines()[0]})."
        ) from None
    if images.ndim not in (2, 3) or not images.size or images.dtype.kind not in "uif":
        raise DataError(
            f"{path} must hold numbers of shape (n, d) or (n, h, w), but its images are "
            f"{images.dtype} of shape {images.shape}."
        )
    if known is not None and known.dtype.kind not in "biuf":
        raise DataError(
            f"{path} must hold `known` as true and false, or 1 and 0, but it is {known.dtype}."
        )
    if known is not None and known.shape != images.shape:
        raise DataError(
            f"{path} must hold `images` and `known` of one shape, but they are of shape "
            f"{images.shape} and {known.shape}."
        )
    rows = images.reshape(len(images), -1)
    if rows.shape[1] != n_pixels:
        raise DataError(
            f"{path} must hold images of {n_pixels} pixels, as the run has learned, but its images "
            f"have {rows.shape[1]}; bring them to that size."
        )
    told = np.ones(rows.shape, bool) if known is None else known.astype(bool).reshape(rows.shape)
    _check_known(path, told & ~np.isnan(rows))
    return _pixels(path, rows, told & ~np.isnan(rows))


def _check_known(path: Path, known: NDArray[np.bool_]) -> None:
    """There is something to complete, and something to begin with in each image."""
    if known.all():
        way = _UNKNOWN[path.suffix.lower()]
        raise DataError(f"{path} must have unknown pixels, but has none; mark them by {way}.")
    empty = np.flatnonzero(~known.any(axis=1))
    if empty.size:
        raise DataError(
            f"{path} must have a known pixel in each image, but has none in image {empty[0] + 1} "
            f"of {len(known)}; leave it out, or draw one without --inpaint."
        )


def _pixels(path: Path, rows: NDArray[Any], known: NDArray[np.bool_]) -> Array:
    """Known pixels from -1 to 1 at their places, NaN at the others."""
    found = rows[known]
    if rows.dtype.kind in "ui":
        # What is known of an image may be dark; zeros and ones in all of it are another scale.
        found = from_grey(found, str(path), darkest=int(rows.max() == 1))
    elif np.abs(found).max() > 1:
        grey = ", or store grey levels 0 to 255 as uint8, with the array `known`"
        raise DataError(
            f"{path} must hold floats from -1 to 1, but they go from {found.min():g} to "
            f"{found.max():g}; scale them{grey if path.suffix.lower() == '.npz' else ''}."
        )
    pixels = np.full(rows.shape, np.nan)
    pixels[known] = found
    return pixels


def _arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    suffix, data = path.suffix.lower(), path.read_bytes()
    if suffix == ".npy":
        return load_npy(data), None
    if suffix != ".npz":
        raise ValueError(f"it is no {suffix or 'such'} file")
    stored = load_npz(data)
    if "images" not in stored:
        raise ValueError(f"it holds {', '.join(stored) or 'nothing'}")
    return stored["images"], stored.get("known")


def _csv(path: Path) -> tuple[Array, None]:
    text = path.read_text("utf-8-sig").splitlines()
    lines = [(k, line.split(",")) for k, line in enumerate(text, 1) if line.strip()]
    for number, cells in lines:
        if len(cells) != len(lines[0][1]):
            raise DataError(
                f"{path} must hold as many cells in each line, but line {number} has {len(cells)} "
                f"and line {lines[0][0]} has {len(lines[0][1])}; leave cells of unknown pixels "
                "empty."
            )
    if lines and lines[0][1] == [f"x{k}" for k in range(len(lines[0][1]))]:
        lines = lines[1:]
    rows = [[_cell(path, k, j, cell) for j, cell in enumerate(row, 1)] for k, row in lines]
    return np.array(rows, dtype=np.float64), None


def _cell(path: Path, line: int, column: int, text: str) -> float:
    """Value of a cell, NaN where it is unknown."""
    text = text.strip()
    if text.lower() in ("", "nan"):
        return np.nan
    if _NUMBER.fullmatch(text) is None:
        raise DataError(
            f"{path} must hold numbers, and empty cells or `nan` where pixels are unknown, but "
            f"line {line}, column {column} is {text[:40]!r}; correct or empty it."
        )
    return float(text)
