r"""The network as a NIR graph, as far as that can express it.

Layer k is a `nir.LI` of states z = u / unit_V, and each coupling matrix two `nir.Linear` nodes, one
a direction, so that the graph has cycles: the circuit's small signals around u = 0,

.. math:: \tau_i \dot z_i = v_i - z_i + R_i \sum_j W_{ij} z_j, \qquad
          \tau_i = C_i / D_i, \quad R_i = g / D_i, \quad v_i = I_i(0) / (D_i\,\text{unit\_V}),
          \quad W_{ij} = \phi_j'(0)\, dG_{ij} / g

with D the conductance to ground of node i and I(0) the current into it at rest. What comes in at
`input` is the current of the springs' sources over g unit_V. NIR has no tanh, no SiLU, no spring
and no voltage limit, and does not say that two matrices are one device: those are lost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.circuit import Hopfield
from neurosim.errors import DataError
from neurosim.tables.arrays import optional
from neurosim.tables.checking import profile_of
from neurosim.tables.layout import unpacked
from neurosim.tables.programming import program_table
from neurosim.tables.table import WeightTable

__all__ = ["LOST", "write_nir"]

Array = NDArray[np.float64]

LOST = (
    "the amplifiers' saturation (nodes are linear), springs, converters, noise, codes, and that "
    "both directions are one device"
)


def _leaky_integrator(nir: Any, tau_s: Array, gain: Array, rest: Array) -> Any:
    """A node that its leak and the plain sum of its couplings charge."""
    return nir.LI(tau=tau_s, r=gain, v_leak=rest)


# The node of NIR that acts as the nodes of a law do, by the law's class.
_NODES: Mapping[type, Callable[..., Any]] = MappingProxyType({Hopfield: _leaky_integrator})


def write_nir(table: WeightTable) -> bytes:
    """HDF5 file of `nir.write`; `LOST` says what it leaves out.

    Raises
    ------
    DataError
        The nodes multiply the couplings' current by phi', which no NIR node does.
    """
    nir = optional("nir", "NIR")
    profile = profile_of(table)
    chip = Chip(profile, table.sheet["die_seed"])
    make = _NODES.get(type(chip.circuit.law))
    if make is None:
        raise DataError(
            f"A NIR graph needs nodes of law {', '.join(law.__name__ for law in _NODES)}, but "
            f"those of {profile.name} have {type(chip.circuit.law).__name__}, which no node of NIR "
            "expresses; choose another format."
        )
    program_table(chip, table)
    layers, circuit = chip.die.layers, chip.circuit
    names, unit_S, unit_V = layers.names(), profile.node.leak_S, profile.node.unit_V
    zero_V = np.zeros(layers.n_nodes)
    slope = circuit.amplifiers.slope(zero_V)
    rest = circuit.current_A(zero_V) / (circuit.decay_S * unit_V)
    tau_s, gain = circuit.capacitance_F / circuit.decay_S, unit_S / circuit.decay_S
    # The odd nodes hear the even ones through the couplings, the even ones through those back.
    to_odd = unpacked(layers, circuit.couplings.delta_S / unit_S, zero_V)
    to_even = unpacked(layers, circuit.back.delta_S / unit_S, zero_V)
    nodes: dict[str, Any] = {"input": nir.Input(np.array([layers.n_visible]))}
    edges = [("input", names[0])]
    for k, name in enumerate(names):
        at = layers.nodes(k)
        nodes[name] = make(nir, tau_s[at], gain[at], rest[at])
        for j in (k - 1, k + 1):
            if 0 <= j < len(names):
                matrix = (to_odd if k % 2 else to_even)[f"W{min(j, k)}"]
                link = f"{names[j]}_to_{name}"
                nodes[link] = nir.Linear((matrix if j < k else matrix.T) * slope[layers.nodes(j)])
                edges += [(names[j], link), (link, name)]
    nodes["output"] = nir.Output(np.array([layers.n_visible]))
    edges.append((names[0], "output"))
    metadata = {"lost": LOST, "profile": profile.name, "checksum": table.sheet["profile_checksum"]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.nir")
        nir.write(path, nir.NIRGraph(nodes, edges, metadata=metadata))
        return path.read_bytes()
