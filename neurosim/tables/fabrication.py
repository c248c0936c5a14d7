"""The columns that fabrication fixed: how each element of a die strays from its design."""

from __future__ import annotations

import numpy as np

from neurosim.chip.die import Die
from neurosim.tables.layout import Array, shapes, unpacked

__all__ = ["fabricated"]


def fabricated(die: Die) -> dict[str, dict[str, Array]]:
    """Columns of each block; `factor` columns only where devices have a mismatch."""
    layers, profile = die.layers, die.profile
    # A circuit of devices of 1 S has the factors as its conductances.
    made = die.circuit(np.ones(die.devices.size))
    n, k = layers.n_nodes, layers.n_visible
    amplifiers = ((made.visible, k), (made.hidden, n - k))

    def errors(name: str, ideal: float) -> Array:
        found = [np.broadcast_to(getattr(a, name, ideal), size) for a, size in amplifiers]
        return np.concatenate(found)

    spring = np.zeros(n)
    spring[die.sources] = die.spring_factor
    nodes = {
        "capacitance_F": made.capacitance_F,
        "leak_S": made.leak_S,
        "gain": errors("gain", 1.0),
        "offset_V": errors("offset_V", 0.0),
        "spring": spring,
    }
    blocks: dict[str, dict[str, Array]] = {name: {} for name in shapes(layers)}
    if profile.mismatch.coupling:
        pairs = {"": (made.couplings, made.biases)}
        if made.back_couplings is not None:
            pairs["back_"] = (made.back_couplings, made.biases)
        for way, (couplings, biases) in pairs.items():
            for side in profile.coupling.sides:
                boxes = getattr(couplings, f"{side}_S"), getattr(biases, f"{side}_S")
                for name, values in unpacked(layers, *boxes).items():
                    blocks[name][f"factor_{way}{side}"] = values
    for layer in range(len(layers.sizes)):
        at = layers.nodes(layer)
        blocks[f"b{layer}"] |= {column: values[at].copy() for column, values in nodes.items()}
    return blocks
