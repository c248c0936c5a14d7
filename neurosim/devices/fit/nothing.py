"""Readings so near to 0 S that no device and no noise leaves them.

A contact was open, a cell was empty, or a number is below what the instrument resolves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["next_to_nothing"]

# Of its target; of all readings where there is none.
_SHARE = 1e-9
_MEANS = {
    "write": "counts as a write that missed all of it",
    "drift": "rules the fit",
    "update": "counts as the state of a device",
}


def next_to_nothing(kind: str, table: dict[str, Any]) -> Iterator[str]:
    """What to say of such readings, if there are any; a ramp may begin at exactly 0 S."""
    size_S = np.abs(table["conductance"])
    if "target" in table:
        beside_S = table["target"]
        low = np.flatnonzero(size_S < _SHARE * beside_S)
        what = "its target of"
    else:
        beside_S = np.full_like(size_S, np.median(size_S))
        low = np.flatnonzero((size_S > 0) & (size_S < _SHARE * beside_S))
        what = "the median of all readings,"
    if low.size:
        k = low[0]
        more = f" (and {low.size - 1} more such)" if low.size > 1 else ""
        yield (
            f"line {table['line'][k]} reads {table['conductance'][k]:.3g} S, next to nothing "
            f"beside {what} {beside_S[k]:.3g} S{more}, and {_MEANS[kind]}; leave it out if it is "
            "no reading"
        )
