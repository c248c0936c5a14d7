"""Codes of a symmetric converter: step, rounding, clipping, and the range that just holds a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Converted", "fitting_range", "lsb", "quantise"]

Array = NDArray[np.float64]


class Converted(NamedTuple):
    """What a converter delivered, and how many of its values hit the end of the range."""

    value: Array
    n_clipped: int


def lsb(full_scale: float, bits: int) -> float:
    r"""Step of a symmetric mid-tread converter of `bits` bits over +-`full_scale`.

    .. math:: \mathrm{LSB} = 2 A / (2^b - 2)

    so that zero and both ends are codes, and 2^b - 1 of the 2^b codes are used.
    """
    return 2 * full_scale / float(2**bits - 2)


def quantise(value: Array, full_scale: float | Array | None, bits: int | None) -> Converted:
    """Clip to +-`full_scale` and round to the nearest of 2^bits - 1 codes; None is ideal.

    Examples
    --------
    >>> quantise(np.array([-2.0, 0.1, 0.3]), full_scale=1.0, bits=3)
    Converted(value=array([-1.        ,  0.        ,  0.33333333]), n_clipped=1)
    """
    n_clipped = 0
    if full_scale is not None:
        n_clipped = int(np.count_nonzero(np.abs(value) > full_scale))
        value = np.clip(value, -full_scale, full_scale)
        if bits is not None:
            step = 2 * full_scale / (2**bits - 2)
            value = np.round(value / step) * step
    return Converted(value, n_clipped)


def fitting_range(coarse: Array, full_scale: float, bits: int) -> Array:
    r"""Range of each row that just holds it: the full one halved k times.

    .. math:: k = \left\lfloor \log_2 \frac{A}{\max_i |c_i| + \mathrm{LSB} / 2} \right\rfloor
        \ge 0

    A coarse reading c over the full range A finds the row's largest magnitude to half a step, so
    that k stays below `bits`.

    Parameters
    ----------
    coarse : ndarray, shape (..., n)
    full_scale : float
    bits : int

    Returns
    -------
    full_scale : ndarray, shape (..., 1)
        NaN in a row that has failed.
    """
    peak = np.abs(coarse).max(axis=-1, keepdims=True) + lsb(full_scale, bits) / 2
    halvings = np.floor(np.log2(full_scale / peak))
    return np.asarray(full_scale * np.exp2(-np.maximum(halvings, 0)))
