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
        Constant current into each node, as part of the first sum of its couplings.
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
        scale[springs.held_nodes] = 0.0
        spring_S[springs.at] = springs.soft_S
        self.decay = (circuit.decay_S + spring_S) * scale
        unit_V = circuit.amplifiers.unit_V
        self._circuit, self._layers, self._springs, self._tau_s = circuit, layers, springs, tau_s
        constant = (circuit.bias_A * scale)[:, None]
        if injected_A is not None:
            constant = constant + (injected_A * scale).T
        self._constant = constant.astype(dtype)
        drive = (spring_S * scale)[springs.at, None] * springs.target_V.T
        self._drive = drive.astype(dtype)
        # Row scaling turns S x (v / unit) into volts per tau at the node that receives it.
        into = scale[:, None] * unit_V
        self._to_odd = (circuit.couplings.delta_S * into[layers.odd]).astype(dtype)
        to_even = np.ascontiguousarray(circuit.back.delta_S.T) * into[layers.even]
        self._to_even = to_even.astype(dtype)
        self._cubic = np.asarray(circuit.cubic_per_V2 * unit_V**2, dtype)
        self._decay = self.decay[:, None].astype(dtype)
        law = circuit.law
        self._outputs = np.empty((law.n_outputs, n, rows), dtype)
        self._weights = None if law.unit_weights else np.empty_like(self._outputs)
        self._work = np.empty((n, rows), dtype)

    def amplify(self, u_V: Array) -> Array:
        """Outputs over the unit, a buffer that `couple` reads, and the weights beside it."""
        circuit = self._circuit
        circuit.law.apply(circuit.amplifiers, u_V, self._work, self._outputs, self._weights)
        return self._outputs

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (n_nodes, rows)."""
        self.amplify(u_V)
        return self.couple(out)

    def couple(self, out: Array) -> Array:
        """What the outputs in the buffer drive into the nodes, (n_nodes, rows)."""
        layers = self._layers
        for k in range(len(self._outputs)):
            a = self._outputs[k]
            if self._cubic:
                np.multiply(a, a, out=self._work)
                self._work *= self._cubic
                self._work += 1
                a *= self._work
            into = out if k == 0 else self._work
            np.matmul(self._to_odd, a[layers.even], out=into[layers.odd])
            np.matmul(self._to_even, a[layers.odd], out=into[layers.even])
            if k == 0:
                into += self._constant
            if self._weights is not None:
                into *= self._weights[k]
            if k:
                out += into
        out[self._springs.at] += self._drive
        return out

    def linearised(self, u_V: Array) -> Linearised | None:
        """Small-signal circuit at `u_V`; None where its symmetric form is not known."""
        if self._circuit.back_couplings is not None or self._cubic:
            return None
        return Linearised(self._circuit, self._springs, self._tau_s, u_V)

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (n_nodes, rows)."""
        self.nonlinear(u_V, out)
        np.multiply(u_V, self._decay, out=self._work)
        out -= self._work
        return out
