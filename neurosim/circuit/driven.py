"""A circuit under a drive, as the settling engines see it: rates in volts per tau, in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.constants import Boltzmann

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.held import FreeNodes, free_circuit, free_springs, held_current_A
from neurosim.circuit.lagging import LaggingBetween, LaggingRate
from neurosim.circuit.rate import Rate

__all__ = ["DrivenCircuit"]


@dataclass(frozen=True)
class DrivenCircuit:
    """Circuit, springs and temperature: everything that an engine needs to settle a batch.

    Parameters
    ----------
    circuit : Circuit
    springs : Springs
    tau_s : float
        Unit of the engines' time, C / g of a hidden node.
    temperature_K : float or None
        Of the thermal noise; None has no noise at all.
    amplifier_excess : float
        White noise of each node's amplifier over 4kTg of its leak g.
    flicker_corner_Hz : float
        Frequency at which the amplifier's 1/f noise equals its white noise.
    injected_A : ndarray, shape (rows, n_nodes), optional
        Constant current into each node, as its couplings' current; of oscillators, beside it.
    noise_gain : bool
        Whether the amplifier's noise current counts (1 + load / g)^2 times, as where it holds a
        virtual ground with the load of its couplings on it.

    Notes
    -----
    The amplifier is taken as a transconductor of g_m = g, the size that a node's time constant
    asks for: its output noise current, white density 4kT (gamma n) g_m with n noisy devices, flows
    into the node's capacitor. This is a noise voltage of density 4kT excess / g at the amplifier's
    input, as far as the node's own pole lets it through. Assumed: noise of different nodes is
    independent, and it depends neither on the state nor on the couplings that the amplifier
    drives. Without `noise_gain` not on the load of the summing node either: g_m is then ideal, as
    if that node had no virtual ground.
    """

    circuit: Circuit
    springs: Springs
    tau_s: float
    temperature_K: float | None = None
    amplifier_excess: float = 0.0
    flicker_corner_Hz: float = 0.0
    injected_A: Array | None = None
    noise_gain: bool = False

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.circuit.amplifiers.unit_V

    def rate(
        self, rows: slice | NDArray[np.intp], dtype: DTypeLike = np.float64
    ) -> Rate | LaggingRate | LaggingBetween:
        """Right-hand side for some rows of the batch, computed in `dtype`.

        Where amplifiers lag, their outputs are states too and follow those of the nodes.
        """
        injected_A = None if self.injected_A is None else self.injected_A[rows]
        springs, tau_s = self.springs.rows(rows), self.tau_s
        if self.circuit.oscillating:
            return Rate(self.circuit, springs, tau_s, None, dtype, injected_A)
        if not self.circuit.amplifier_tau_s:
            return Rate(self.circuit, springs, tau_s, injected_A, dtype)
        kind = LaggingRate if self.circuit.between is None else LaggingBetween
        return kind(self.circuit, springs, tau_s, injected_A, dtype)

    def free(self, u_V: Array) -> tuple[FreeNodes, NDArray[np.intp]] | None:
        """The circuit of the nodes that no source holds, and which nodes these are.

        None where none is held, where amplifiers lag (what a held node puts out then still moves),
        and where an amplifier of one's own cannot be taken apart.
        """
        circuit, springs = self.circuit, self.springs
        if not springs.clamped or circuit.amplifier_tau_s:
            return None
        keep = np.ones(circuit.n_nodes, dtype=bool)
        keep[springs.held_nodes] = False
        key = "free", keep.tobytes()
        if key not in circuit.wirings:
            circuit.wirings[key] = free_circuit(circuit, keep)
        if (left := circuit.wirings[key]) is None:
            return None
        current_A = held_current_A(circuit, ~keep, u_V)
        turning_A = None
        if self.injected_A is not None and circuit.oscillating:
            turning_A = self.injected_A[:, keep]
        elif self.injected_A is not None:
            current_A[0] += self.injected_A
        free = free_springs(springs, keep)
        noises = self.noise_V[keep], self.flicker_V[keep]
        shared = self.noise_correlation
        shared = None if shared is None else shared[np.ix_(keep, keep)]
        of_nodes = current_A[..., keep]
        system = FreeNodes(left, free, self.tau_s, of_nodes, *noises, shared, turning_A)
        return system, np.flatnonzero(keep)

    def stages(self, since_s: float, time_s: float) -> Iterator[tuple[DrivenCircuit, float]]:
        """Systems, one after another, and how long each runs; since the nodes were set.

        There are several while a locking rises.
        """
        locking = self.circuit.locking
        if locking is None or not locking.ramp_s:
            yield self, time_s
            return
        for share, part_s in locking.stages(since_s, time_s):
            key = "share", share
            if key not in self.circuit.wirings:
                stage = replace(self.circuit, locking=locking.at_share(share))
                self.circuit.wirings[key] = stage
            yield replace(self, circuit=self.circuit.wirings[key]), part_s

    @property
    def noise_V(self) -> Array:
        r"""Noise intensity b of du = ... ds + b dW, W in units of tau, shape (n_nodes,).

        .. math:: b_i = \sqrt{S_i \tau / 2} / C_i

        for a white current of one-sided density S [A^2/Hz]; zero where a node is clamped.
        """
        if self.temperature_K is None:
            return self._where_free(np.zeros(self.circuit.n_nodes))
        density = self.circuit.thermal_noise_A2_per_Hz(self.temperature_K, self.springs)
        density = density + self._amplifier_noise_A2_per_Hz()
        return self._where_free(np.sqrt(density * self.tau_s / 2) / self.circuit.capacitance_F)

    @property
    def noise_correlation(self) -> Array | None:
        r"""Correlation of the nodes' noise, (n_nodes, n_nodes); None where they have none.

        What the noise of a resistor takes from the node at one end it brings to the other:
        :math:`-4 k T\,dG_{ij}` over the root of both nodes' densities. All resistors together then
        have Nyquist's :math:`4 k T G` of their conductance matrix, which leaves :math:`k T / C` on
        every capacitor and no correlation between two. Behind an amplifier it brings 1/A of it.
        """
        circuit = self.circuit
        if self.temperature_K is None or not circuit.passive:
            return None
        layers = circuit.layers
        density = circuit.thermal_noise_A2_per_Hz(self.temperature_K, self.springs)
        root = np.sqrt(density + self._amplifier_noise_A2_per_Hz())
        shared = -4 * Boltzmann * self.temperature_K * circuit.couplings.delta_S
        if circuit.between is not None:
            shared = shared * circuit.between.across
        shared = shared / (root[layers.odd, None] * root[layers.even])
        # What an amplifier that lags sees is a state too, without noise.
        found = np.eye((2 if circuit.amplifier_tau_s else 1) * circuit.n_nodes)
        found[layers.odd, layers.even], found[layers.even, layers.odd] = shared, shared.T
        return found

    @property
    def flicker_V(self) -> Array:
        r"""Amplitude a of a 1/f noise of density a^2 / f in du/ds, f per tau, shape (n_nodes,).

        .. math:: a_i = \sqrt{S_i f_c}\, \tau / C_i

        for the white density S [A^2/Hz] of the amplifier; zero where a node is clamped.
        """
        area_A2 = self._amplifier_noise_A2_per_Hz() * self.flicker_corner_Hz
        return self._where_free(np.sqrt(area_A2) * self.tau_s / self.circuit.capacitance_F)

    def _amplifier_noise_A2_per_Hz(self) -> Array:
        """White output current noise of each node's amplifier, one-sided density."""
        temperature_K = self.temperature_K or 0.0
        density = 4 * Boltzmann * temperature_K * self.amplifier_excess * self.circuit.leak_S
        if self.noise_gain:
            density = density * (1 + self.circuit.load_S / self.circuit.leak_S) ** 2
        return np.asarray(density, dtype=np.float64)

    def _where_free(self, noise: Array) -> Array:
        """`noise`, zero where a node is clamped."""
        noise[self.springs.held_nodes] = 0.0
        if self.circuit.amplifier_tau_s:
            return np.concatenate([noise, np.zeros(self.circuit.law.n_outputs * noise.size)])
        return noise
