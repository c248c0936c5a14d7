"""Where couplings and biases stand: the blocks of a table, and the vectors of a chip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.die import Die
from neurosim.network import Layers

__all__ = ["positions", "shapes", "unpacked"]

Array = NDArray[Any]


def shapes(layers: Layers) -> dict[str, tuple[int, ...]]:
    """Shape of every block."""
    sizes = layers.sizes
    out: dict[str, tuple[int, ...]] = {
        f"W{k}": (sizes[k + 1], sizes[k]) for k in range(len(sizes) - 1)
    }
    return out | {f"b{k}": (size,) for k, size in enumerate(sizes)}


def unpacked(layers: Layers, coupling: Array, bias: Array) -> dict[str, Array]:
    """Blocks of a crossbar (n_odd, n_even) and of a vector over all nodes."""
    out = {}
    for k in range(len(layers.sizes) - 1):
        block = coupling[layers.crossing(k, k + 1)]
        out[f"W{k}"] = np.ascontiguousarray(block if k % 2 == 0 else block.T)
    return out | {f"b{k}": bias[layers.nodes(k)].copy() for k in range(len(layers.sizes))}


def positions(die: Die) -> dict[str, dict[str, Array]]:
    """Where the devices of each block stand in the vectors of `Chip.programmed_S`."""
    devices, layers = die.devices, die.layers
    couplings, biases, back = devices.split(np.arange(devices.size, dtype=np.float64))
    ways = {"": couplings} if back is None else {"": couplings, "back_": back}
    pairs = {
        f"{way}{side}_S": (getattr(boxes, f"{side}_S"), getattr(biases, f"{side}_S"))
        for way, boxes in ways.items()
        for side in die.profile.coupling.sides
    }
    return {
        name: {key: at.astype(np.intp) for key, at in unpacked(layers, *boxes).items()}
        for name, boxes in pairs.items()
    }
