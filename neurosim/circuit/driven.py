"""A circuit under a drive, as the settling engines see it: rates in volts per tau, in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.constants import Boltzmann

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
    injected_A : ndarray, shape (rows, n_nodes), optional
        Constant current into each node through its couplings.
    dtype : dtype
        Of the couplings and of all that is computed; states may have another.

    Attributes
    ----------
    decay : ndarray, shape (n_nodes,)
        gamma, the conductance to ground and to the springs in units of C / tau; zero where clamped.
    """

    def __init__(
        self,
        circuit: Circuit,
        springs: Springs,
        tau_s: float,
        injected_A: Array | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
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
        constant = (circuit.bias_A * scale)[:, None]
        if injected_A is not None:
            constant = constant + (injected_A * scale).T
        self._constant = constant.astype(dtype)
        drive = (spring_S * scale)[layers.visible, None] * springs.target_V.T
        self._drive = drive.astype(dtype)
        # Row scaling turns S x (v / unit) into volts per tau at the node that receives it.
        into = scale[:, None] * unit_V
        self._to_odd = (circuit.couplings.delta_S * into[layers.odd]).astype(dtype)
        to_even = np.ascontiguousarray(circuit.back.delta_S.T) * into[layers.even]
        self._to_even = to_even.astype(dtype)
        gain = np.ones(n) if circuit.gain is None else circuit.gain
        self._input = (gain / unit_V)[:, None].astype(dtype)
        self._gain = None if circuit.gain is None else circuit.gain[:, None].astype(dtype)
        self._offset = None
        if circuit.offset_V is not None:
            self._offset = circuit.offset_V[:, None].astype(dtype) * self._input
        self._decay = self.decay[:, None].astype(dtype)
        self._a, self._z = np.empty((n, rows), dtype), np.empty((n, rows), dtype)
        self._slope = np.empty((n, rows), dtype) if circuit.law == "gradient" else None

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
        np.multiply(u_V, self._decay, out=self._z)
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
        Of the thermal noise; None has no noise at all.
    amplifier_excess : float
        White noise of each node's amplifier over 4kTg of its leak g.
    flicker_corner_Hz : float
        Frequency at which the amplifier's 1/f noise equals its white noise.
    injected_A : ndarray, shape (rows, n_nodes), optional
        Constant current into each node, as its couplings' current.

    Notes
    -----
    The amplifier is taken as a transconductor of g_m = g, the size that a node's time constant
    asks for: its output noise current, white density 4kT (gamma n) g_m with n noisy devices, flows
    into the node's capacitor. This is a noise voltage of density 4kT excess / g at the amplifier's
    input, as far as the node's own pole lets it through. Assumed: noise of different nodes is
    independent, and it depends neither on the state nor on the couplings that the amplifier
    drives; a virtual ground amplifies its input noise by (1 + load / g) instead.
    """

    circuit: Circuit
    springs: Springs
    tau_s: float
    temperature_K: float | None = None
    amplifier_excess: float = 0.0
    flicker_corner_Hz: float = 0.0
    injected_A: Array | None = None

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.circuit.hidden.unit_V

    def rate(self, rows: slice | NDArray[np.intp], dtype: DTypeLike = np.float64) -> Rate:
        """Right-hand side for some rows of the batch, computed in `dtype`."""
        injected_A = None if self.injected_A is None else self.injected_A[rows]
        return Rate(self.circuit, self.springs.rows(rows), self.tau_s, injected_A, dtype)

    @property
    def noise_V(self) -> Array:
        r"""Noise intensity b of du = ... ds + b dW, W in units of tau, shape (n_nodes,).

        .. math:: b_i = \sqrt{S_i \tau / 2} / C_i

        for a white current of one-sided density S [A^2/Hz]; zero where a node is clamped.
        """
        if self.temperature_K is None:
            return np.zeros(self.circuit.n_nodes)
        density = self.circuit.thermal_noise_A2_per_Hz(self.temperature_K, self.springs)
        density = density + self._amplifier_noise_A2_per_Hz()
        return self._where_free(np.sqrt(density * self.tau_s / 2) / self.circuit.capacitance_F)

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
        return 4 * Boltzmann * temperature_K * self.amplifier_excess * self.circuit.leak_S

    def _where_free(self, noise: Array) -> Array:
        """`noise`, zero where a node is clamped."""
        if self.springs.clamped:
            noise[self.circuit.layers.visible] = 0.0
        return noise
