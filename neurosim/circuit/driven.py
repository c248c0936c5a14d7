"""A circuit under a drive, as the settling engines see it: rates in volts per tau, in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Array, Circuit, Springs
from neurosim.circuit.linearised import Linearised

__all__ = ["DrivenCircuit", "Rate"]


class Rate:
    r"""du/ds for a block of rows, s = t / tau, split into a stiff linear part and the rest.

    .. math:: \frac{du}{ds} = N(u) - \gamma u

    States have shape (n_nodes, rows) here: each layer is one block of memory without gaps, over
    which NumPy runs up to three times faster than over a slice of columns.

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
        n, rows = layers.n_nodes, len(springs.target_V)
        scale, spring_S = tau_s / circuit.capacitance_F, np.zeros(n)
        if springs.clamped:
            scale = scale.copy()
            scale[layers.visible] = 0.0
        else:
            spring_S[layers.visible] = springs.conductance_S
        self.decay = (circuit.decay_S + spring_S) * scale
        unit_V = circuit.hidden.unit_V
        self._circuit, self._layers, self._springs, self._tau_s = circuit, layers, springs, tau_s
        self._constant = (circuit.bias_A * scale)[:, None]
        self._drive = (spring_S * scale)[layers.visible, None] * springs.target_V.T
        # Row scaling turns S x (v / unit) into volts per tau at the node that receives it.
        into = scale[:, None] * unit_V
        self._to_odd = circuit.couplings.delta_S * into[layers.odd]
        self._to_even = np.ascontiguousarray(circuit.back.delta_S.T) * into[layers.even]
        gain = np.ones(n) if circuit.gain is None else circuit.gain
        self._input = (gain / unit_V)[:, None]
        self._gain = None if circuit.gain is None else circuit.gain[:, None]
        self._offset = None
        if circuit.offset_V is not None:
            self._offset = circuit.offset_V[:, None] * self._input
        self._a, self._z = np.empty((n, rows)), np.empty((n, rows))
        self._slope = np.empty((n, rows)) if circuit.law == "gradient" else None

    def _amplify(self, u_V: Array) -> None:
        """Outputs over the unit into `_a`, slopes into `_slope`."""
        a, z, slope = self._a, self._z, self._slope
        np.multiply(u_V, self._input, out=z)
        if self._offset is not None:
            z += self._offset
        for amplifier, nodes in (
            (self._circuit.visible, self._layers.visible),
            (self._circuit.hidden, self._layers.hidden),
        ):
            amplifier.apply(z[nodes], a[nodes], None if slope is None else slope[nodes])

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (n_nodes, rows)."""
        layers, a = self._layers, self._a
        self._amplify(u_V)
        np.matmul(self._to_odd, a[layers.even], out=out[layers.odd])
        np.matmul(self._to_even, a[layers.odd], out=out[layers.even])
        out += self._constant
        if self._slope is not None:
            out *= self._slope
            if self._gain is not None:
                out *= self._gain
        out[layers.visible] += self._drive
        return out

    def linearised(self, u_V: Array) -> Linearised | None:
        """Small-signal circuit at `u_V`; None where separate devices make it asymmetric."""
        if self._circuit.back_couplings is not None:
            return None
        return Linearised(self._circuit, self._springs, self._tau_s, u_V)

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (n_nodes, rows)."""
        self.nonlinear(u_V, out)
        np.multiply(u_V, self.decay[:, None], out=self._z)
        out -= self._z
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
