r"""The network as a circuit: nodes, couplings, biases and springs under a node law.

.. code-block:: text

                 G+_ij            u_i                         v_i
      +v_j ----/\/\/\----+---------o--------| amplifier |>-----o
      -v_j ----/\/\/\----+         |
                 G-_ij       +-----+------+---------+
                             |     |      |         |
                            C_i   g_i    K_i      bias
                             |     |      |
                            gnd   gnd    V_i (spring's DAC)

With dG = G+ - G-, D_i = g_i + loading_i the conductance that pulls node i to ground and I_b the
bias current, a node charges by the sum of its couplings, weighed as its law says (`laws`):

.. math::
    C_i \dot u_i = \textstyle\sum_k w^k(u_i) \bigl(\sum_j dG_{ij}\,y^k_j + I^k_{b,i}\bigr)
                   - D_i u_i + K_i (V_i - u_i)

for outputs :math:`y^k`, of which most laws have one, v. A bias is a coupling to a rail that puts
out the reference voltage as its first output and nothing as the others. Every law descends a
co-content P [W] (Millar 1951), provided that the couplings are reciprocal. Oscillators have no D,
and their springs join the sums: see `laws.Oscillating`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.constants import Boltzmann

from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.wired import Wired
from neurosim.errors import DataError

__all__ = ["Circuit"]


@dataclass(frozen=True)
class Circuit(Wired):
    """One network and how it moves; states have shape (..., n_nodes), volts. See `Wired`."""

    def outputs_V(self, u_V: Array) -> tuple[Array, ...]:
        """What each node puts out, one array for each output of the law."""
        return self.law.outputs_V(self.amplifiers, u_V)

    def output_V(self, u_V: Array) -> Array:
        """Output voltage v of each node.

        Raises
        ------
        DataError
            Nodes of this law put out more than one.
        """
        first, *others = self.outputs_V(u_V)
        if others:
            raise DataError(
                f"Circuit.output_V needs a law of one output, but {type(self.law).__name__} has "
                f"{self.law.n_outputs}; ask for outputs_V."
            )
        return first

    def reading_V(self, u_V: Array) -> Array:
        """What a converter at each node sees: its output, or its phase from -pi to pi."""
        if self.passive:
            return u_V.copy()
        if not self.oscillating:
            return self.output_V(u_V)
        half_turn_V = np.pi * self.radian_V
        return np.asarray(half_turn_V - (half_turn_V - u_V) % (2 * half_turn_V))

    def bent(self, v: Array) -> Array:
        """What a device makes of the voltage across it."""
        return v if not self.cubic_per_V2 else v * (1 + self.cubic_per_V2 * v**2)

    def _through_couplings(self, v: Array) -> Array:
        """Sum over neighbours of dG v, whatever the unit of v."""
        out, (to_odd_S, to_even_S) = np.empty_like(v), self.directed_S
        out[..., self.layers.odd] = v[..., self.layers.even] @ to_odd_S.T
        out[..., self.layers.even] = v[..., self.layers.odd] @ to_even_S
        return out

    def source_sums_A(self, springs: Springs | None) -> Array | None:
        """What springs add to the sums of oscillators, (n_outputs, rows, n_nodes), else None."""
        if springs is None or self.oscillation is None:
            return None
        source_V = np.zeros((len(springs.target_V), self.n_nodes))
        source_V[:, springs.at] = springs.target_V
        spring_S = np.zeros(self.n_nodes)
        spring_S[springs.at] = springs.soft_S
        return spring_S * np.array(self.oscillation.sources_V(self.amplifiers, source_V))

    def _sums_A(self, u_V: Array, springs: Springs | None) -> tuple[Array, ...]:
        """What couplings and bias of each node, and sources of oscillators, add up to."""
        sums = tuple(
            self._through_couplings(self.bent(y)) + fixed_A
            for y, fixed_A in zip(self.outputs_V(u_V), self.fixed_A, strict=True)
        )
        if (sources := self.source_sums_A(springs)) is not None:
            sums = tuple(s + source for s, source in zip(sums, sources, strict=True))
        return sums

    def current_A(self, u_V: Array, springs: Springs | None = None) -> Array:
        """Net current that charges each node's capacitor: C du/dt, shape of `u_V`.

        Nodes that are clamped take no current (their source delivers what it must).
        """
        weights = self.law.weights(self.amplifiers, u_V)
        sums = self._sums_A(u_V, springs)
        drive = _total(w * s for w, s in zip(weights, sums, strict=True))
        current = drive - self.decay_S * u_V
        if springs is not None and not self.oscillating:
            at = springs.at
            current[..., at] += springs.soft_S * (springs.target_V - u_V[..., at])
        if self.shunts is not None:
            current -= self.shunts.current_A(u_V, current)
        if self.locking is not None:
            current = current - self.locking.current_A(u_V)
        if springs is not None:
            current[..., springs.held_nodes] = 0.0
        return current

    def source_current_A(
        self, u_V: Array, springs: Springs, injected_A: Array | None = None
    ) -> Array:
        """Current that each source of the springs delivers, (..., n), beside `injected_A`."""
        at = springs.at
        current = springs.soft_S * (springs.target_V - u_V[..., at])
        if (sources := self.source_sums_A(springs)) is not None:
            weights = self.law.weights(self.amplifiers, u_V)
            current = _total(w * s for w, s in zip(weights, sources, strict=True))[..., at]
        if springs.clamped:
            needed = -self.current_A(u_V)[..., at]
            if injected_A is not None:
                weight = 1.0 if self.oscillating else self.law.weights(self.amplifiers, u_V)[0]
                needed -= (weight * injected_A)[..., at]
            current = np.where(springs.held, needed, current)
        return current

    def jacobian_vector_A(self, u_V: Array, d_V: Array, springs: Springs | None = None) -> Array:
        """Change of `current_A` for a small change `d_V` of the node voltages."""
        law, amplifiers = self.law, self.amplifiers
        weights, slopes = law.weights(amplifiers, u_V), self.output_slopes(u_V)
        bends, sums = law.weight_slopes_per_V(amplifiers, u_V), self._sums_A(u_V, springs)
        parts = zip(weights, slopes, bends, self.outputs_V(u_V), sums, strict=True)
        change = _total(
            w * self._through_couplings((1 + 3 * self.cubic_per_V2 * y**2) * slope * d_V)
            + bend * s * d_V
            for w, slope, bend, y, s in parts
        )
        change -= self.decay_S * d_V
        if self.locking is not None:
            change -= self.locking.slope_S(u_V) * d_V
        if self.shunts is not None:
            change -= self.shunts.slope_S(u_V) * d_V
        if springs is not None:
            if not self.oscillating:
                change[..., springs.at] -= springs.soft_S * d_V[..., springs.at]
            change[..., springs.held_nodes] = 0.0
        return change

    def output_slopes(self, u_V: Array) -> tuple[Array, ...]:
        """dy/du of each output: m w, unless the interaction is not odd."""
        if self.oscillation is not None:
            return self.oscillation.output_slopes(self.amplifiers, u_V)
        m = self.metric(u_V)
        return tuple(m * w for w in self.law.weights(self.amplifiers, u_V))

    def metric(self, u_V: Array) -> Array:
        """Metric m of I = -dP/du / m."""
        return self.law.metric(self.amplifiers, u_V)

    def co_content_W(self, u_V: Array, springs: Springs | None = None) -> Array:
        r"""Co-content of each row, shape (...,), up to a constant that the state does not change.

        .. math::
            P = \sum_i D_i\,R(u_i, 0) + \sum_{i} K_i\,R(u_i, V_i)
                - \tfrac12 \sum_k \sum_{ij} dG_{ij}\,y^k_i y^k_j - \sum_k \sum_i I^k_{b,i}\,y^k_i

        with R(u, V) of the law.

        Raises
        ------
        DataError
            The couplings are not reciprocal.
        """
        if self.back_couplings is not None:
            raise DataError(
                "Circuit.co_content_W needs reciprocal couplings, but this circuit has separate "
                "devices for each direction; such a circuit descends no potential."
            )
        if self.oscillation is None and not self.reciprocal:
            raise DataError(
                "Circuit.co_content_W needs amplifiers of one gain in every layer, but those "
                "between the layers of this circuit stray; such a circuit descends no potential."
            )
        if not self.reciprocal:
            raise DataError(
                f"Circuit.co_content_W needs an interaction that is odd, but has {self.law!r}; "
                "with another angle than 0 it descends no potential."
            )
        if self.cubic_per_V2:
            raise DataError(
                "Circuit.co_content_W needs devices that are linear, but cubic_per_V2 is "
                f"{self.cubic_per_V2:g}; its potential has no closed form."
            )
        outputs, law = self.outputs_V(u_V), self.law
        odd, even, to_odd = self.layers.odd, self.layers.even, self.couplings.delta_S.T
        internal = _total(
            share * np.sum((y[..., even] @ to_odd) * y[..., odd], axis=-1)
            for share, y in zip(self.shares, outputs, strict=True)
        )
        parts = zip(self.shares, outputs, self.fixed_A, strict=True)
        power = -internal - _total(share * (y @ fixed_A) for share, y, fixed_A in parts)
        power += law.pull_V2(self.amplifiers, u_V, np.zeros_like(u_V)) @ self.decay_S
        if springs is not None:
            at = springs.at
            source_V = np.zeros(np.broadcast_shapes(u_V.shape, (*springs.target_V.shape[:-1], 1)))
            source_V[..., at] = springs.target_V
            power = power + law.pull_V2(self.amplifiers, u_V, source_V)[..., at] @ springs.soft_S
        if self.passive:
            # The rail's own part: with it the co-content of linear resistors is half their heat.
            biases_S = (self.biases.sum_S / self.lift**2).sum()
            power = power + self.loading * self.reference_V**2 / 2 * biases_S
        if self.shunts is not None:
            power = power + (self.shunts.co_content_W(u_V) / self.lift**2).sum(axis=-1)
        if self.locking is not None:
            power = power + self.locking.co_content_W(u_V).sum(axis=-1)
        return power

    def local_contrast_V2(self, u_V: Array) -> tuple[Array, Array]:
        r"""Derivative of the co-content by each conductance, mean over the batch.

        .. math::
            \partial P / \partial G^\pm_{ij} = \mp \textstyle\sum_k y^k_i y^k_j
                + \text{loading}\,(R(u_i, 0) + R(u_j, 0))

        Each term belongs to the two end points of its coupling: a local quantity.

        Parameters
        ----------
        u_V : ndarray, shape (rows, n_nodes)

        Returns
        -------
        plus, minus : ndarray, shape (n_odd, n_even)
            Derivatives by G+ and by G- [V^2]; zero where there is no coupling.
        """
        odd, even = self.layers.odd, self.layers.even
        outputs = zip(self.shares, self.outputs_V(u_V), strict=True)
        product = _total(share * (y[:, odd].T @ y[:, even]) for share, y in outputs) / len(u_V)
        load = np.zeros(self.n_nodes)
        if self.loading:
            pull_V2 = self.law.pull_V2(self.amplifiers, u_V, np.zeros_like(u_V))
            load = self.loading * pull_V2.mean(axis=0)
        shared = load[odd][:, None] + load[even]
        if self.between is not None:
            y_V, (to_odd_V, to_even_V) = self.outputs_V(u_V)[0].mean(axis=0), self.between.series_V
            product += to_odd_V * y_V[odd, None] + to_even_V * y_V[even]
        present = self.layers.present
        return np.where(present, shared - product, 0.0), np.where(present, shared + product, 0.0)

    def thermal_noise_A2_per_Hz(self, temperature_K: float, springs: Springs | None) -> Array:
        """White current noise 4 k T G of all conductances at each node, one-sided density.

        That of an oscillator is what its phase diffuses by: 4 D (radian C)^2.
        """
        if self.oscillation is not None:
            per_V = self.radian_V * self.capacitance_F
            return np.asarray(4 * self.oscillation.diffusion_rad2_per_s * per_V**2)
        total = self.leak_S + self.noisy_S
        if springs is not None:
            total[springs.at] = total[springs.at] + springs.soft_S
        return float(4 * Boltzmann * temperature_K) * total


def _total(parts: Iterable[Array]) -> Array:
    """Sum of arrays, the first as it is."""
    return reduce(operator.add, parts)
