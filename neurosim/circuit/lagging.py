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
from neurosim.circuit.relaxation import Relaxation

__all__ = ["LaggingBetween", "LaggingRate"]


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


class LaggingBetween:
    r"""Right-hand side where amplifiers between layers of resistors lag.

    .. math:: \tau_a \frac{dq}{dt} = u - q

    The resistors above a node hang on :math:`A \gamma (q + o)`, and of what they take from there
    the node loses its :math:`1 / (A \gamma)` at once: their conductance loads it by q. States are
    u and then q, (2 n_nodes, rows); q of nodes that have no amplifier acts on nothing. See `Rate`
    for the parameters.

    Attributes
    ----------
    decay : ndarray, shape (2 n_nodes,)
        That of the nodes, then tau / tau_a.
    """

    def __init__(
        self,
        circuit: Circuit,
        springs: Springs,
        tau_s: float,
        injected_A: Array | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        between, layers, n = circuit.between, circuit.layers, circuit.n_nodes
        assert between is not None
        self._rate = Rate(circuit, springs, tau_s, injected_A, dtype)
        self._layers, self._n = layers, n
        speed = tau_s / circuit.amplifier_tau_s
        self.decay = np.concatenate([self._rate.decay, np.full(n, speed)])
        self._decay, self._speed = self.decay[:, None].astype(dtype), np.asarray(speed, dtype)
        scale = tau_s / circuit.capacitance_F
        scale[springs.held_nodes] = 0.0
        seen, into = between.at / circuit.lift, scale * circuit.lift
        to_odd_S, to_even_S = circuit.directed_S
        to_odd = np.where(between.rises, to_odd_S, 0.0) * seen[layers.even]
        to_even = np.where(between.rises, 0.0, to_even_S).T * seen[layers.odd]
        self._to_odd = (to_odd * into[layers.odd, None]).astype(dtype)
        self._to_even = (to_even * into[layers.even, None]).astype(dtype)
        above_S = np.where(between.at, between.above_S(circuit.couplings.sum_S), 0.0)
        self._loads = (above_S * scale)[:, None].astype(dtype)

    @property
    def gain(self) -> float:
        """See `Rate.gain`."""
        return self._rate.gain

    def _late(self, u: Array, q: Array, out: Array) -> None:
        """Add to the rates of the nodes what q brings them in place of u."""
        odd, even, late = self._layers.odd, self._layers.even, q - u
        out[odd] += self._to_odd @ late[even]
        out[even] += self._to_even @ late[odd]
        late *= self._loads
        out -= late

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N of u and q into `out`, both of shape (2 n_nodes, rows)."""
        u, q, n = u_V[: self._n], u_V[self._n :], self._n
        np.multiply(u, self._speed, out=out[n:])
        self._rate.amplify(u)
        self._rate.couple(out[:n])
        self._late(u, q, out[:n])
        self._rate.shunt(u, out[:n], follows=True)
        return out

    def linearised(self, u_V: Array) -> None:
        """None: with the pole there is no symmetric form."""
        del u_V

    def blocks(self) -> _Followed | None:
        """How the nodes are brought to rest exactly, and what follows them with them."""
        blocks = self._rate.blocks()
        return None if blocks is None else _Followed(blocks, self._n)

    def __call__(self, u_V: Array, out: Array) -> Array:
        """Rate of u and q into `out`."""
        u, q, n = u_V[: self._n], u_V[self._n :], self._n
        np.subtract(u, q, out=out[n:])
        out[n:] *= self._speed
        self._rate.amplify(u)
        self._rate.couple(out[:n])
        self._late(u, q, out[:n])
        self._rate.shunt(u, out[:n], follows=False)
        out[:n] -= self._decay[:n] * u
        return out


class _Followed:
    """Blocks of nodes, with what stands where they stand behind them."""

    def __init__(self, blocks: Relaxation, n: int) -> None:
        self._blocks, self._n = blocks, n

    def sweep(self, u_V: Array) -> Array:
        """See `neurosim.solvers.system.Blocks`."""
        moved = self._blocks.sweep(u_V[: self._n])
        u_V[self._n :] = u_V[: self._n]
        return moved
