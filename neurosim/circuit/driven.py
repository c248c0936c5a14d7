"""A circuit under a drive, as the settling engines see it: rates in volts per tau, in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Array, Circuit, Springs

__all__ = ["DrivenCircuit", "Rate"]


class Rate:
    r"""du/ds for a block of rows, s = t / tau, split into a stiff linear part and the rest.

    .. math:: \frac{du}{ds} = N(u) - \gamma u

    Parameters
    ----------
    circuit : Circuit
    springs : Springs
        Of the rows of this block.
    tau_s : float
        Unit of time.

    Attributes
    ----------
    decay : ndarray, shape (n_nodes,)
        gamma, the conductance to ground and to the springs in units of C / tau; zero where clamped.
    """

    def __init__(self, circuit: Circuit, springs: Springs, tau_s: float) -> None:
        layers = circuit.layers
        scale = tau_s / circuit.capacitance_F
        spring_S = np.zeros(layers.n_nodes)
        if springs.clamped:
            scale = scale.copy()
            scale[layers.visible] = 0.0
        else:
            spring_S[layers.visible] = springs.conductance_S
        self.decay = (circuit.decay_S + spring_S) * scale
        unit_V = circuit.hidden.unit_V
        self._circuit, self._layers = circuit, layers
        self._amplifiers = ((circuit.visible, layers.visible), (circuit.hidden, layers.hidden))
        self._constant = circuit.bias_A * scale
        self._drive = spring_S[layers.visible] * scale[layers.visible] * springs.target_V
        if springs.clamped:
            self._drive = np.zeros_like(springs.target_V)
        # Column scaling turns S x (v / unit) into volts per tau at the node that receives it.
        self._to_odd = np.ascontiguousarray(
            circuit.couplings.delta_S.T * (unit_V * scale[layers.odd])
        )
        self._to_even = np.ascontiguousarray(circuit.back.delta_S * (unit_V * scale[layers.even]))
        gain = 1.0 if circuit.gain is None else circuit.gain
        self._input = np.broadcast_to(np.asarray(gain / unit_V), (layers.n_nodes,)).copy()
        self._offset = None if circuit.offset_V is None else circuit.offset_V * self._input
        rows = len(springs.target_V)
        self._a = np.empty((rows, layers.n_nodes))
        self._slope = None
        if circuit.law == "gradient":
            self._slope = np.empty((rows, layers.n_nodes))

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (rows, n_nodes)."""
        layers, circuit, a, slope = self._layers, self._circuit, self._a, self._slope
        np.multiply(u_V, self._input, out=a)
        if self._offset is not None:
            a += self._offset
        for amplifier, nodes in self._amplifiers:
            amplifier.apply(a[:, nodes], None if slope is None else slope[:, nodes])
        np.matmul(a[:, layers.even], self._to_odd, out=out[:, layers.odd])
        np.matmul(a[:, layers.odd], self._to_even, out=out[:, layers.even])
        out += self._constant
        if slope is not None:
            out *= slope
            if circuit.gain is not None:
                out *= circuit.gain
        out[:, layers.visible] += self._drive
        return out

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (rows, n_nodes)."""
        self.nonlinear(u_V, out)
        # `_a` is free once the couplings have been applied.
        np.multiply(u_V, self.decay, out=self._a)
        out -= self._a
        return out


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
        Of the thermal noise; None has none.
    """

    circuit: Circuit
    springs: Springs
    tau_s: float
    temperature_K: float | None = None

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.circuit.hidden.unit_V

    def rate(self, rows: slice | NDArray[np.intp]) -> Rate:
        """Right-hand side for some rows of the batch."""
        return Rate(self.circuit, self.springs.rows(rows), self.tau_s)

    @property
    def noise_V(self) -> Array:
        r"""Noise intensity b of du = ... ds + b dW, W in units of tau, shape (n_nodes,).

        .. math:: b_i = \sqrt{S_i \tau / 2} / C_i

        for a white current of one-sided density S [A^2/Hz]; zero where a node is clamped.
        """
        if self.temperature_K is None:
            return np.zeros(self.circuit.n_nodes)
        density = self.circuit.thermal_noise_A2_per_Hz(self.temperature_K, self.springs)
        noise = np.sqrt(density * self.tau_s / 2) / self.circuit.capacitance_F
        if self.springs.clamped:
            noise[self.circuit.layers.visible] = 0.0
        return noise
