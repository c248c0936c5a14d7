"""The right-hand side of a circuit as the settling engines see it: volts per tau, in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from neurosim.arrays import Arrays
from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.folded import Folded
from neurosim.circuit.gain import fastest_turn, gain
from neurosim.circuit.laws import Amplified
from neurosim.circuit.linearised import Linearised
from neurosim.circuit.relaxation import Relaxation
from neurosim.memory import aligned

__all__ = ["Rate"]

# What is integrated without its exponential takes steps shorter by this.
_WITHOUT_LINEAR_PART = 1.5
# Stiffness of a phase that is driven, over that in its field alone: the root of 1 + (s / g)^2.
_DRIVEN = 2.0


class Rate:
    r"""du/ds for a block of rows, s = t / tau, split into a stiff linear part and the rest.

    .. math:: \frac{du}{ds} = N(u) - \gamma u

    N holds what diodes take, and what pulls oscillators. Where these have a field, it and springs
    pull by a sine: gamma has what that is of small angles, of a field twice, for driven phases are
    stiffer; N has what is left.

    States have shape (n_nodes, rows) here: each layer is one block of memory without gaps, over
    which NumPy runs up to three times faster than over a slice of columns.

    Parameters
    ----------
    circuit : Circuit
    springs : Springs
        Of the rows of this block.
    tau_s : float
        Unit of time.
    injected_A : ndarray, shape (rows, n_nodes) or (n_outputs, rows, n_nodes), optional
        Constant current into each node, as part of the first sum of its couplings, or of each.
    dtype : dtype
        Of the couplings and of all that is computed; states may have another.
    turning_A : ndarray, shape (rows, n_nodes), optional
        Constant current into each oscillator that no law weighs: it turns at I / (unit C) by it.

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
        turning_A: Array | None = None,
    ) -> None:
        layers = circuit.layers
        self._turning_A = turning_A
        self._turned_S = np.zeros(layers.n_nodes)
        self._turned_S[springs.at] = springs.soft_S
        if (sources := circuit.source_sums_A(springs)) is not None:
            injected_A = _joined(sources, injected_A)
        scale, spring_S = tau_s / circuit.capacitance_F, np.zeros(layers.n_nodes)
        scale[springs.held_nodes] = 0.0
        spring_S[springs.at] = springs.soft_S
        linear_S = spring_S
        if circuit.oscillation is not None:
            # Phases that nothing pulls to 0 may be any way from their sources.
            field_S = np.abs(circuit.fixed_A[1:]).sum(axis=0) / circuit.radian_V
            linear_S = circuit.oscillation.leaks * (spring_S + _DRIVEN * field_S)
        self.decay = (circuit.decay_S + linear_S) * scale
        self._circuit, self._layers, self._springs, self._tau_s = circuit, layers, springs, tau_s
        self._scale, self._linear_S, self._injected_A = scale, linear_S, injected_A
        self._dtype, self._made = np.dtype(dtype), False

    def _make(self) -> None:
        """All that a field in other coordinates does not need."""
        circuit, layers, springs = self._circuit, self._layers, self._springs
        scale, dtype, injected_A = self._scale, self._dtype, self._injected_A
        n, rows = layers.n_nodes, len(springs.target_V)
        unit_V = circuit.amplifiers.unit_V
        constants: list[Array] = list(circuit.fixed_A[..., None])
        if injected_A is not None:
            for k, one in enumerate(injected_A.reshape(-1, *injected_A.shape[-2:])):
                constants[k] = constants[k] + one.T
        self._constants = [
            (one * scale[:, None]).astype(dtype, order="C") if one.any() else None
            for one in constants
        ]
        linear = (self._linear_S * scale)[:, None]
        self._linear = linear.astype(dtype) if circuit.oscillating and linear.any() else None
        self._drive = (linear[springs.at] * springs.target_V.T).astype(dtype, order="C")
        # Row scaling turns S x (v / unit) into volts per tau at the node that receives it.
        into = scale[:, None] * unit_V
        to_odd_S, to_even_S = circuit.directed_S
        self._to_odd = (to_odd_S * into[layers.odd]).astype(dtype)
        to_even = np.ascontiguousarray(to_even_S.T) * into[layers.even]
        self._to_even = to_even.astype(dtype)
        self._cubic = np.asarray(circuit.cubic_per_V2 * unit_V**2, dtype)
        self._decay = self.decay[:, None].astype(dtype)
        law = circuit.law
        self._outputs = aligned((law.n_outputs, n, rows), dtype)
        self._weights = None if law.unit_weights else aligned(self._outputs.shape, dtype)
        self._work = aligned((n, rows), dtype)
        self._made = True

    @property
    def gain(self) -> float:
        """How strongly nodes act on each other within a unit of time; see `circuit.gain`.

        Under a passive law nodes share their noise too, and a diode acts on its own node: there it
        is the fastest rate that either has. Phases have no linear part: all that turns them counts.
        """
        circuit = self._circuit
        if circuit.oscillating:
            return _WITHOUT_LINEAR_PART * fastest_turn(circuit, self._turned_S, self._tau_s)
        if not circuit.passive:
            return gain(circuit, self._tau_s)
        steepest_S = 0.0
        if circuit.shunts is not None:
            steepest_S = circuit.shunts.followed(circuit.decay_S).steepest_S
        return float(np.max((circuit.decay_S + steepest_S) * self._scale))

    def field(self, arrays: Arrays) -> Folded | None:
        """Of plain nodes, none of them held, in the coordinates of their amplifiers."""
        law, springs = self._circuit.law, self._springs
        if not isinstance(law, Amplified) or springs.clamped:
            return None
        return Folded(self._circuit, springs, self._tau_s, self._injected_A, self._dtype, arrays)

    def amplify(self, u_V: Array) -> Array:
        """Outputs over the unit, a buffer that `couple` reads, and the weights beside it."""
        if not self._made:
            self._make()
        circuit = self._circuit
        circuit.law.apply(circuit.amplifiers, u_V, self._work, self._outputs, self._weights)
        return self._outputs

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (n_nodes, rows)."""
        self.amplify(u_V)
        self.couple(out)
        self.shunt(u_V, out, follows=True)
        self._lock(u_V, out)
        return out

    def _lock(self, u_V: Array, out: Array) -> None:
        """Add to the rates of oscillators what acts on them besides, and what gamma takes off."""
        if self._linear is not None:
            np.multiply(u_V, self._linear, out=self._work)
            out += self._work
        if (locking := self._circuit.locking) is not None and locking.acts:
            out -= locking.current_A(u_V.T).T * self._scale[:, None].astype(u_V.dtype)
        if self._turning_A is not None:
            out += (self._turning_A.T * self._scale[:, None]).astype(u_V.dtype)

    def shunt(self, u_V: Array, out: Array, *, follows: bool) -> None:
        """Take the current of the diodes off the rates of all nodes, (n_nodes, rows).

        Of ideal ones what they are offered, or what a transient `follows`.
        """
        shunts = self._circuit.shunts
        if shunts is None:
            return
        if follows:
            shunts = shunts.followed(self._circuit.decay_S)
        scale = self._scale[:, None].astype(u_V.dtype)
        offered_A = out
        if not np.isfinite(shunts.steepest_S):
            # A node that is held rigidly moves by no current.
            offered = out - self._decay * u_V
            offered_A = np.divide(offered, scale, out=np.zeros_like(out), where=scale > 0)
        out -= shunts.current_A(u_V.T, offered_A.T).T * scale

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
            # The flag can stand where every value is finite: see `Linearised`.
            with np.errstate(invalid="ignore"):
                np.matmul(self._to_odd, a[layers.even], out=into[layers.odd])
                np.matmul(self._to_even, a[layers.odd], out=into[layers.even])
            if (constant := self._constants[k]) is not None:
                into += constant
            if self._weights is not None:
                into *= self._weights[k]
            if k:
                out += into
        if not self._circuit.oscillating:
            out[self._springs.at] += self._drive
        return out

    def linearised(self, u_V: Array) -> Linearised | None:
        """Small-signal circuit at `u_V`; None where its symmetric form is not known."""
        if not self._circuit.reciprocal or self._circuit.cubic_per_V2:
            return None
        injected_A = self._injected_A
        return Linearised(self._circuit, self._springs, self._tau_s, u_V, injected_A)

    def blocks(self) -> Relaxation | None:
        """How blocks of nodes are brought to rest exactly; None where more than one rest may be."""
        circuit = self._circuit
        convex = circuit.passive and circuit.loading == 1
        if not convex or circuit.back_couplings is not None or circuit.cubic_per_V2:
            return None
        return Relaxation(circuit, self._springs, self._injected_A)

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (n_nodes, rows)."""
        self.amplify(u_V)
        self.couple(out)
        self.shunt(u_V, out, follows=False)
        self._lock(u_V, out)
        np.multiply(u_V, self._decay, out=self._work)
        out -= self._work
        return out


def _joined(sums_A: Array, injected_A: Array | None) -> Array:
    """Sums of every output and what is injected into the first, or into each."""
    if injected_A is not None:
        every = injected_A.reshape(-1, *injected_A.shape[-2:])
        sums_A[: len(every)] += every
    return sums_A
