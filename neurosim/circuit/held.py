"""The nodes of a circuit that are free to move, beside those that sources hold rigidly.

What a held node drives into the others is a constant current of a settle, so its products are
computed once: the circuit that is left has the free nodes alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Pairs, Springs
from neurosim.circuit.gain import pull_A
from neurosim.circuit.rate import Rate
from neurosim.network import Layers

__all__ = ["FreeNodes", "free_circuit", "free_springs", "held_current_A"]


class _FreeLayers(Layers):
    """Layers of which any may have no node left."""

    def __post_init__(self) -> None:
        """Nothing is refused."""


@dataclass(frozen=True)
class FreeNodes:
    """The free nodes of a driven circuit, as the engines see it.

    Parameters
    ----------
    circuit : Circuit
        Of the free nodes.
    springs : Springs
    tau_s : float
    current_A : ndarray, shape (n_outputs, rows, n_free)
        Of the held nodes, and what else is injected.
    noise_V, flicker_V : ndarray, shape (n_free,)
        Those of the whole circuit.
    noise_correlation : ndarray, shape (n_free, n_free), or None
        Of these nodes.
    turning_A : ndarray, shape (rows, n_free), or None
        Of oscillators: see `Rate`.
    """

    circuit: Circuit
    springs: Springs
    tau_s: float
    current_A: Array
    noise_V: Array
    flicker_V: Array
    noise_correlation: Array | None = None
    turning_A: Array | None = None

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.circuit.amplifiers.unit_V

    def rate(self, rows: slice | NDArray[np.intp], dtype: DTypeLike = np.float64) -> Rate:
        """Right-hand side for some rows of the batch, computed in `dtype`."""
        current_A, springs = self.current_A[:, rows], self.springs.rows(rows)
        turning_A = None if self.turning_A is None else self.turning_A[rows]
        return Rate(self.circuit, springs, self.tau_s, current_A, dtype, turning_A)


def free_circuit(circuit: Circuit, keep: NDArray[np.bool_]) -> Circuit | None:
    """The circuit of the nodes of a mask, (n_nodes,), loaded by the devices of the others.

    None where an amplifier of one's own cannot be taken apart.
    """
    layers, amplifiers = circuit.layers, circuit.amplifiers.some(keep)
    if amplifiers is None:
        return None
    odd, even = keep[layers.odd], keep[layers.even]

    def some(pairs: Pairs) -> Pairs:
        box = np.ix_(odd, even)
        return Pairs(pairs.plus_S[box], pairs.minus_S[box])

    leak_S = circuit.leak_S.copy()
    leak_S[layers.odd] += circuit.loading * circuit.couplings.sum_S[:, ~even].sum(axis=1)
    leak_S[layers.even] += circuit.loading * circuit.back.sum_S[~odd].sum(axis=0)
    back, biases = circuit.back_couplings, circuit.biases
    (visible, _), (hidden, _) = amplifiers.groups
    sizes = [np.count_nonzero(keep[layers.nodes(k)]) for k in range(len(layers.sizes))]
    free = replace(
        circuit,
        layers=_FreeLayers(tuple(map(int, sizes))),
        visible=visible,
        hidden=hidden,
        capacitance_F=circuit.capacitance_F[keep],
        leak_S=leak_S[keep],
        couplings=some(circuit.couplings),
        biases=Pairs(biases.plus_S[keep], biases.minus_S[keep]),
        back_couplings=None if back is None else some(back),
        shunts=None if circuit.shunts is None else circuit.shunts.some(keep),
        locking=None if circuit.locking is None else circuit.locking.some(keep),
        crossbars=None,
    )
    if not circuit.oscillating:
        return free
    # How hard held nodes may turn the others, see `gain.fastest_turn`.
    free.wirings["held_A"] = pull_A(circuit, ~keep)[keep]
    return free


def held_current_A(circuit: Circuit, held: NDArray[np.bool_], u_V: Array) -> Array:
    """What held nodes drive into all nodes, for each output: (n_outputs, rows, n_nodes)."""
    odd, even = circuit.layers.odd, circuit.layers.even
    to_odd_S, to_even_S = circuit.directed_S
    to_odd, to_even = to_odd_S[:, held[even]].T, to_even_S[held[odd]]
    outputs = circuit.outputs_V(u_V)
    current_A = np.zeros((len(outputs), *u_V.shape))
    for into, y in zip(current_A, outputs, strict=True):
        into[:, odd] = circuit.bent(y[:, even][:, held[even]]) @ to_odd
        into[:, even] = circuit.bent(y[:, odd][:, held[odd]]) @ to_even
    if circuit.between is not None:
        odd_A, even_A = (circuit.couplings.delta_S * v for v in circuit.between.series_V)
        current_A[0][:, odd] += odd_A[:, held[even]].sum(axis=1)
        current_A[0][:, even] += even_A[held[odd]].sum(axis=0)
    return current_A


def free_springs(springs: Springs, keep: NDArray[np.bool_]) -> Springs:
    """The springs of the nodes that are not held, by their numbers among these."""
    soft = ~springs.held
    nodes = (np.cumsum(keep) - 1)[springs.numbers[soft]]
    return Springs(springs.conductance_S[soft], springs.target_V[:, soft], nodes)
