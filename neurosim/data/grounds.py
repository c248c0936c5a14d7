"""The ground of images: what lies around what they show, dark (-1) or light (1).

An image has a ground where at least three tenths of it lie near one end of the range, and at most
two thirds as much near the other; noise and photographs mostly have none. The shipped digits are
light on dark.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.data.sets import Dataset

__all__ = ["grounds", "odd_pictures", "said_of_ground", "turned"]

Array = NDArray[np.float64]
_NEAR, _LEAST, _OTHER = 0.25, 0.3, 2 / 3
# Of the images of a set, from which on it has a ground; from which on some stand out.
_MOST, _SOME = 0.9, 0.02
_WORDS = {-1: "light on dark", 1: "dark on light"}
# Grey levels that use less than this share of their scale are dark, or light, all over.
_NARROW = 0.25


def grounds(images: Array) -> NDArray[np.int8]:
    """-1, 1, or 0 where there is none, of each of images (n, d) from -1 to 1.

    Examples
    --------
    >>> from neurosim.data import load_digits
    >>> images, _ = load_digits()
    >>> set(grounds(images).tolist()), set(grounds(-images).tolist())
    ({-1}, {1})
    """
    dark, light = (images < -1 + _NEAR).mean(axis=1), (images > 1 - _NEAR).mean(axis=1)
    found: NDArray[np.int8] = np.zeros(len(images), dtype=np.int8)
    found[(dark >= _LEAST) & (light <= _OTHER * dark)] = -1
    found[(light >= _LEAST) & (dark <= _OTHER * light)] = 1
    return found


def _ground(images: Array) -> int:
    """That of nearly all of them, or 0."""
    found = grounds(images)
    return next((end for end in (-1, 1) if np.mean(found == end) >= _MOST), 0)


def said_of_ground(images: Array) -> str:
    """In words, or nothing where they have none."""
    return _WORDS.get(_ground(images), "")


def turned(learned: Array, rows: Array) -> str | None:
    """What to say of rows whose ground is not that of what was learned."""
    end = _ground(learned)
    other = int(np.count_nonzero(grounds(rows) == -end)) if end else 0
    if not other:
        return None
    return (
        f"Inputs should have the ground of what was learned, {_WORDS[end]}, but {other:,} of "
        f"{len(rows):,} are {_WORDS[-end]}: turn these over (255 less each grey level)"
    )


def odd_pictures(data: Dataset) -> list[str]:
    """What is odd in a folder of pictures: too dark, too light, or some the other way round."""
    if not Path(data.name).is_dir():
        return []
    said, (low, high) = [], (float(data.images.min()), float(data.images.max()))
    if high - low < 2 * _NARROW:
        said.append(
            f"Pictures should use the grey levels 0 to 255, but those of {data.name} go from "
            f"{_level(low)} to {_level(high)}, which are {low:.2g} to {high:.2g}; spread them by "
            "scale minmax (--scale minmax)."
        )
    found = grounds(data.images)
    shares = {end: float(np.mean(found == end)) for end in (-1, 1)}
    few = min(shares, key=shares.__getitem__)
    if shares[few] >= _SOME and sum(shares.values()) >= _MOST:
        count = int(np.count_nonzero(found == few))
        said.append(
            f"Pictures should have one ground, but {count:,} of {len(found):,} in {data.name} are "
            f"{_WORDS[few]}, such as the one at {int(np.argmax(found == few)) + 1} in the order of "
            f"names, and the others {_WORDS[-few]}; turn these {count:,} over."
        )
    return said


def _level(pixel: float) -> int:
    return round((pixel + 1) / 2 * 255)
