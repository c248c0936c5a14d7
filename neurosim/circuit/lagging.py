r"""A circuit whose amplifiers follow their inputs with a pole of their own.

.. math:: \tau_a \frac{dv}{dt} = \phi(u) - v

The couplings are driven by v, a state like u: states are u and then v, (2 n_nodes, rows), or more
where a law puts out more than one voltage. What
stands still stands as without the pole, but the way there may ring: two poles in a loop have a
complex spectrum, and a loop of enough gain oscillates. The pole is part of the exact linear part
of the exponential solvers, however fast it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.rate import Rate

__all__ = ["LaggingRate"]


class LaggingRate:
    """Right-hand side for a block of rows; see `Rate` for its parameters.

    Attributes
    ----------
    decay : ndarray, shape ((1 + n_outputs) n_nodes,)
        That of the nodes, then tau / tau_a of each output.
    """

    def __init__(
        self,
        circuit: Circuit,
        springs: Springs,
        tau_s: float,
        injected_A: Array | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self._rate = Rate(circuit, springs, tau_s, injected_A, dtype)
        n = self._n = circuit.n_nodes
        speed = tau_s / circuit.amplifier_tau_s
        self.decay = np.concatenate([self._rate.decay, np.full(circuit.law.n_outputs * n, speed)])
        self._decay = self.decay[:, None].astype(dtype)
        self._per_unit = np.asarray(1 / circuit.amplifiers.unit_V, dtype)
        self._towards = np.asarray(speed * circuit.amplifiers.unit_V, dtype)

    @property
    def gain(self) -> float:
        """See `Rate.gain`."""
        return self._rate.gain

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N of u and v into `out`, both of shape ((1 + n_outputs) n_nodes, rows)."""
        u, v, n = u_V[: self._n], u_V[self._n :], self._n
        output = self._rate.amplify(u).reshape(v.shape)
        np.multiply(output, self._towards, out=out[n:])
        np.multiply(v, self._per_unit, out=output)
        self._rate.couple(out[:n])
        return out

    def linearised(self, u_V: Array) -> None:
        """None: with the pole there is no symmetric form."""
        del u_V

    def __call__(self, u_V: Array, out: Array) -> Array:
        """Rate of u and v into `out`."""
        self.nonlinear(u_V, out)
        out -= self._decay * u_V
        return out
