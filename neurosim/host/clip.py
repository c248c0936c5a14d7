r"""Bounds on the gradient, from the one that needs the whole chip to those that stay local.

======== ============================================ ==========================================
per      what is bounded                              what it costs on a chip
======== ============================================ ==========================================
global   the norm of all parameters together          every gradient read out and summed before
                                                      any weight may change: one number of 24,896
tile     the norm within each tile of the crossbar    a sum of squares along the tile's own lines,
                                                      one number a tile, no traffic between tiles
weight   every gradient by itself                     a saturating amplifier in the cell: nothing
======== ============================================ ==========================================

Norms are scaled down, :math:`g \leftarrow g \min(1, c / |g|)`; single gradients saturate at +-c.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from neurosim.blocks.block import Block
from neurosim.blocks.trees import is_number
from neurosim.network import Weights

__all__ = ["Clip", "ClipOrNumber", "clipped"]

Array = NDArray[np.float64]
_Side = Annotated[int, Field(ge=1)]


class Clip(Block):
    """Bound on the gradient.

    Parameters
    ----------
    per : {"global", "tile", "weight"}
        See the module.
    value : float
        The bound c of each norm, or of each gradient.
    tile : tuple of int
        Rows and columns of a tile of the crossbar, whose rows are odd layers' nodes. Biases are
        tiles of that many rows.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(clip=ns.Clip(per="weight", value=0.1)).clip
    Clip(per='weight', value=0.1)
    """

    per: Literal["global", "tile", "weight"]
    value: Annotated[float, Field(gt=0)]
    tile: tuple[_Side, _Side] = (64, 64)


def _global(value: Any) -> Any:
    return {"per": "global", "value": value} if is_number(value) else value


# A number bounds the global norm.
ClipOrNumber = Annotated[Clip | None, BeforeValidator(_global)]


def clipped(gradient: Weights, clip: Clip | None) -> Weights:
    """Gradient within its bound; None bounds nothing."""
    if clip is None:
        return gradient
    w, b = gradient.coupling, gradient.bias
    if clip.per == "weight":
        return Weights.of_vector(np.clip(gradient.vector, -clip.value, clip.value), w.shape)
    if clip.per == "tile":
        rows, columns = clip.tile
        return Weights(
            w * _scales(w, rows, columns, clip.value),
            b * _scales(b[:, None], rows, 1, clip.value)[:, 0],
        )
    norm = gradient.norm
    return gradient if norm <= clip.value else gradient * (clip.value / norm)


def _scales(g: Array, rows: int, columns: int, bound: float) -> Array:
    """Factor of each entry of g: 1, or what brings its tile's norm down to the bound."""
    squares = np.add.reduceat(g**2, np.arange(0, g.shape[0], rows), axis=0)
    squares = np.add.reduceat(squares, np.arange(0, g.shape[1], columns), axis=1)
    norms = np.sqrt(squares)
    tiles = np.where(norms > bound, bound / np.where(norms > bound, norms, 1.0), 1.0)
    whole = tiles.repeat(rows, axis=0)[: g.shape[0]]
    return whole.repeat(columns, axis=1)[:, : g.shape[1]]
