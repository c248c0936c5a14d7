"""Data sets by name or file: digits, points in the plane, arrays, pictures, MNIST's own files.

================= ================================================================================
name              images
================= ================================================================================
digits            8x8 digits of scikit-learn (see `neurosim.data.digits.load_digits`)
digits16          the same, enlarged to 16x16 by cubic splines
digits28          the same, enlarged to 28x28
moons, circles    points in the plane (see `neurosim.data.toys`)
FILE.npz          array `images` of shape (n, d) or (n, h, w), and `labels` (n,) if there are any;
                  `test_images` and `test_labels` if it has a test set of its own
FILE.npy          the array alone
FOLDER            PNG files of one size; in a subfolder a class, if there are any
FILE.csv          a table of numbers, a row each, under a line of names: inputs and answers
FILE, FILE.gz     MNIST's idx format, plain or compressed; the labels lie beside the images in a
                  file of the same name with `labels` for `images` and `idx1` for `idx3`
================= ================================================================================

Pixels go from -1 to 1: `neurosim.data.scaling` says how numbers of a file become pixels.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from neurosim.arguments import checked
from neurosim.data.digits import DIGIT_STEPS, load_digits
from neurosim.data.idx import idx_pair
from neurosim.data.pictures import read_pictures
from neurosim.data.scaling import AS_IT_IS, GREY, SCALES, Scale, Scaling, scaling_of
from neurosim.data.tabular import read_table
from neurosim.data.toys import TOYS, load_toy
from neurosim.errors import DataError
from neurosim.files import load_npy, load_npz
from neurosim.folders import exists, real
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = ["DIGITS", "NAMED", "Dataset", "dataset_name", "load_dataset"]

Array = NDArray[np.float64]

DIGITS = {"digits": 8, "digits16": 16, "digits28": 28}
# What is no file.
NAMED = (*DIGITS, *TOYS)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to learn, one a row; the arrays are read-only, and two sets are equal by content.

    Parameters
    ----------
    name : str
        One of the names above, or the file's path.
    images : ndarray, shape (n, d)
        Pixels from -1 to 1.
    labels : ndarray of int, shape (n,), or None
        Classes 0, 1, ...
    steps : int or None
        Grey levels less one, evenly from -1 to 1; None where pixels take any value.
    test : Dataset or None
        Images that are kept for judging, where the set says which.
    scaling : Scaling
        What was done to the numbers of a file.
    classes : tuple of str
        Names of the classes, where the set has any: of a folder's subfolders.
    """

    name: str
    images: Array
    labels: NDArray[np.intp] | None = None
    steps: int | None = None
    test: Dataset | None = None
    scaling: Scaling = AS_IT_IS
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.images.setflags(write=False)
        if self.labels is not None:
            self.labels.setflags(write=False)

    @property
    def n_pixels(self) -> int:
        """Pixels of an image."""
        return int(self.images.shape[1])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dataset):
            return NotImplemented
        mine, theirs = ((x.name, x.steps, x.digest) for x in (self, other))
        return mine == theirs

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Checksum of images and labels: whether two runs have learned the same."""
        found = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        if self.labels is not None:
            found.update(np.ascontiguousarray(self.labels, dtype=np.int64).tobytes())
        if self.test is not None:
            found.update(self.test.digest.encode())
        return found.hexdigest()

    def at_most(self, n: int) -> Dataset:
        """The set, or `n` of its images by a fixed stream if it has more."""
        if len(self.images) <= n:
            return self
        kept = np.sort(Streams(0).generator("dataset").permutation(len(self.images))[:n])
        labels = None if self.labels is None else self.labels[kept]
        return replace(self, images=self.images[kept], labels=labels, test=None)


def dataset_name(name: str) -> str:
    """`name` as a run keeps it: that of a file with its whole path."""
    return name if name in NAMED else str(real(Path(name)))


@checked(scale=f"give one of {', '.join(SCALES)}")
def load_dataset(name: str | Path, scale: Scale = "auto", like: Scaling | None = None) -> Dataset:
    """The data set of a name, a file or a folder.

    Parameters
    ----------
    name : str or Path
        digits, digits16, digits28, moons, circles; an .npz with an array `images`, (n, d) or (n, h,
        w), and `labels` (n,) where it has classes; an .npy; a folder of PNG files, a subfolder a
        class; MNIST's idx file; or a .csv, a line of names above rows of numbers.
    scale : {"auto", "minmax", "none"}
        What becomes of a file's numbers: see `neurosim.data.scaling`.
    like : Scaling, optional
        Taken instead: that of another set, whose inputs these are.

    Raises
    ------
    DataError
        There is no such name, file or folder, or it holds something else.

    Examples
    --------
    >>> load_dataset("digits16").images.shape
    (1797, 256)
    """
    name = str(name)
    if name in NAMED:
        if scale != "auto":
            raise DataError(
                f"scale must be auto for {name}, whose pixels go from -1 to 1 already, but is "
                f"{scale}; leave it out."
            )
        return _named(name)
    path = Path(name)
    if not exists(path) or not (path.is_file() or path.is_dir()):
        raise DataError(
            f"dataset must be {', '.join(NAMED)}, or a file or folder that is there, but is "
            f"{name!r}; correct the name or the path."
        )
    try:
        return _of_path(name, path, scale, like)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"dataset {path} must be an .npz with an array `images`, an .npy, a .csv, a folder "
            f"of PNG files or an idx file, but cannot be read ({error})."
        ) from None


def _as_learned(rows: Array, columns: tuple[str, ...], names: tuple[str, ...], path: Path) -> Array:
    """The columns of these names, in their order.

    Raises
    ------
    DataError
        One is not there.
    """
    if missing := [name for name in names if name not in columns]:
        raise DataError(
            f"dataset {path} must have the columns that were learned from, {', '.join(names)}, but "
            f"has {', '.join(columns)} and no {missing[0]}; name them so."
        )
    return rows[:, [columns.index(name) for name in names]]


def _named(name: str) -> Dataset:
    if name in TOYS:
        return Dataset(name, *load_toy(name))
    digits, classes = load_digits()
    if DIGITS[name] == 8:
        return Dataset(name, digits, classes, DIGIT_STEPS)
    return Dataset(name, _enlarged(digits, DIGITS[name]), classes)


def _of_path(name: str, path: Path, scale: Scale, like: Scaling | None) -> Dataset:
    suffix, owner = "/" if path.is_dir() else path.suffix.lower(), f"dataset {path}"
    if suffix == ".csv":
        rows, columns = read_table(path)
        if like is not None and like.names:
            rows = _as_learned(rows, columns, like.names, path)
        scaling = like or scaling_of(rows, owner, scale, by_column=True, names=columns)
        return Dataset(name, scaling(rows), scaling=scaling)
    stored, names = {}, tuple[str, ...]()
    if suffix == ".npz":
        stored = load_npz(path.read_bytes())
        if "images" not in stored:
            raise DataError(
                f"{owner} must hold an array `images` (n, d) or (n, h, w), and `labels` (n,) where "
                f"it has classes, but holds {', '.join(stored) or 'nothing'}; name them so."
            )
        images, labels = stored["images"], stored.get("labels")
    elif suffix == ".npy":
        images, labels = load_npy(path.read_bytes()), None
    elif suffix == "/":
        images, labels, names = read_pictures(path)
        # Of a picture the scale is known, however dark it is.
        like = like or (GREY if scale == "auto" else None)
    else:
        images, labels = idx_pair(path)
    rows = _rows(images, path)
    if like is not None and like.low.ndim and rows.shape[1] > len(like.low):
        raise DataError(
            f"{owner} must hold rows of at most {counted(len(like.low), 'number')} as "
            "were learned, but holds "
            f"{rows.shape[1]}; give a table with the same columns."
        )
    every = [rows, *(_rows(stored[key], path) for key in ("test_images",) if key in stored)]
    if scale == "minmax":  # What is judged is scaled as what is learned.
        like = like or scaling_of(np.concatenate([part.ravel() for part in every]), owner, scale)
    sets = []
    for part, those in zip(every, (labels, stored.get("test_labels")), strict=False):
        scaling = like or scaling_of(part, owner, scale)
        classes = _checked_labels(those, len(part), path)
        sets.append(
            Dataset(name, scaling(part), classes, scaling.steps, scaling=scaling, classes=names)
        )
    return _with_test(*sets, path=path)


def _enlarged(images: Array, side: int) -> Array:
    """Square images at another size by cubic splines over pixels as areas, clipped to [-1, 1].

    A spline in two dimensions is one along rows and one along columns, so that one matrix does.
    """
    small = round(images.shape[1] ** 0.5)
    spline = zoom(np.eye(small), (side / small, 1), order=3, mode="nearest", grid_mode=True)
    squares = spline @ images.reshape(-1, small, small) @ spline.T
    clipped: Array = np.clip(squares.reshape(len(images), -1), -1, 1)
    return clipped


def _with_test(found: Dataset, test: Dataset | None = None, *, path: Path) -> Dataset:
    """Images, and those for judging if there are any."""
    if test is None:
        return found
    if test.n_pixels != found.n_pixels or (test.labels is None) != (found.labels is None):
        raise DataError(
            f"dataset {path} must hold test images like the others, but has {test.n_pixels} "
            f"pixels a test image and {found.n_pixels} an image, or labels of one kind alone; mend "
            "test_images, or test_labels."
        )
    return replace(found, test=test)


def _rows(images: NDArray[Any], path: Path) -> NDArray[Any]:
    """Images of numbers, one a row."""
    if images.ndim not in (2, 3) or not images.size or images.dtype.kind not in "uif":
        raise DataError(
            f"dataset {path} must hold numbers of shape (n, d) or (n, h, w), but its images are "
            f"{images.dtype} of shape {images.shape}."
        )
    return images.reshape(len(images), -1)


def _checked_labels(labels: NDArray[Any] | None, n: int, path: Path) -> NDArray[np.intp] | None:
    if labels is None:
        return None
    are = f"are {labels.dtype} of shape {labels.shape}"
    if labels.shape == (n,) and labels.dtype.kind in "ui":
        if labels.min() >= 0:
            return labels.astype(np.intp)
        are = f"go down to {labels.min()}"
    raise DataError(
        f"dataset {path} must hold one label 0, 1, ... for each of {counted(n, 'image')}, but its "
        f"labels {are}; mend or leave them out."
    )
