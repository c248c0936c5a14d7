"""A folder of PNG files as images, and its subfolders as classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["read_pictures"]

_LEVELS = 255


def read_pictures(
    folder: Path,
) -> tuple[NDArray[np.uint8], NDArray[np.intp] | None, tuple[str, ...]]:
    """Grey levels (n, h, w) of every PNG by name, labels (n,) or None, and names of classes.

    Files in the folder itself have no labels; those in subfolders have the number of theirs, in
    the order of names, of those that hold any. Hidden files and folders are passed over. Of colours
    the mean of red, green and blue is taken; transparency is not.

    Raises
    ------
    DataError
        There is no PNG, one cannot be read, or sizes differ; or there are PNGs on both levels.
    """
    inside = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    classes = {path.name: files for path in sorted(inside) if (files := _pngs(path))}
    below = [(k, file) for k, files in enumerate(classes.values()) for file in files]
    flat = _pngs(folder)
    if bool(flat) == bool(below):
        what = "has them on both levels" if flat else "has none"
        raise DataError(
            f"dataset {folder} must be a folder of PNG files, or of a folder of them for each "
            f"class, but {what}; put them there."
        )
    images = [_read(file) for file in flat or [file for _, file in below]]
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        a, b = sorted(sizes)[:2]
        raise DataError(
            f"dataset {folder} must hold images of one size, but has {a[1]}x{a[0]} and "
            f"{b[1]}x{b[0]}; cut or enlarge them."
        )
    labels = np.array([k for k, _ in below], dtype=np.intp) if below else None
    return np.array(images), labels, tuple(classes)


def _pngs(folder: Path) -> list[Path]:
    names = (path for path in folder.iterdir() if path.suffix.lower() == ".png")
    return sorted(path for path in names if path.name[0] != "." and path.is_file())


def _read(file: Path) -> NDArray[np.uint8]:
    from matplotlib.image import imread

    try:
        pixels = imread(file)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(
            f"dataset {file} must be a PNG file, but cannot be read ({error}); leave it out."
        ) from None
    # Grey, grey and alpha, colours, colours and alpha; from 0 to 1.
    grey = pixels if pixels.ndim == 2 else pixels[..., : 1 if pixels.shape[2] < 3 else 3].mean(2)
    levels: NDArray[np.uint8] = np.rint(grey * _LEVELS).astype(np.uint8)
    return levels
