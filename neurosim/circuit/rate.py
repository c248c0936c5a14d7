"""The right-hand side of a circuit as the settling engines see it: volts per tau, in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.linearised import Linearised

__all__ = ["Rate"]


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
        scale[layers.visible][springs.held] = 0.0
        spring_S[layers.visible] = springs.soft_S
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
        self._attenuation = None
        if circuit.attenuation is not None:
            self._attenuation = circuit.attenuation[:, None].astype(dtype)
        self._cubic = np.asarray(circuit.cubic_per_V2 * unit_V**2, dtype)
        self._decay = self.decay[:, None].astype(dtype)
        self._a, self._z = np.empty((n, rows), dtype), np.empty((n, rows), dtype)
        self._slope = np.empty((n, rows), dtype) if circuit.law == "gradient" else None

    def amplify(self, u_V: Array) -> Array:
        """Outputs over the unit, a buffer that `couple` reads, and the slopes beside it."""
        a, z, slope = self._a, self._z, self._slope
        np.multiply(u_V, self._input, out=z)
        if self._offset is not None:
            z += self._offset
        for amplifier, nodes in (
            (self._circuit.visible, self._layers.visible),
            (self._circuit.hidden, self._layers.hidden),
        ):
            amplifier.apply(z[nodes], a[nodes], None if slope is None else slope[nodes])
        if self._attenuation is not None:
            a *= self._attenuation
            if slope is not None:
                slope *= self._attenuation
        return a

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (n_nodes, rows)."""
        self.amplify(u_V)
        return self.couple(out)

    def couple(self, out: Array) -> Array:
        """What the outputs in the buffer drive into the nodes, (n_nodes, rows)."""
        layers, a = self._layers, self._a
        if self._cubic:
            np.multiply(a, a, out=self._z)
            self._z *= self._cubic
            self._z += 1
            a *= self._z
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
        """Small-signal circuit at `u_V`; None where its symmetric form is not known."""
        if self._circuit.back_couplings is not None or self._cubic:
            return None
        return Linearised(self._circuit, self._springs, self._tau_s, u_V)

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (n_nodes, rows)."""
        self.nonlinear(u_V, out)
        np.multiply(u_V, self._decay, out=self._z)
        out -= self._z
        return out
