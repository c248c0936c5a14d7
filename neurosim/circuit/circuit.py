r"""The network as a circuit: nodes, couplings, biases and springs under two node laws.

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
bias current, the two laws are

.. math::
    \text{hopfield:} \quad C_i \dot u_i &= -D_i u_i + \textstyle\sum_j dG_{ij} v_j + I_{b,i}
                                          + K_i (V_i - u_i) \\
    \text{gradient:} \quad C_i \dot u_i &= -D_i u_i + \phi'(u_i) \bigl(\textstyle\sum_j dG_{ij} v_j
                                          + I_{b,i}\bigr) + K_i (V_i - u_i)

Both descend a co-content P [W] (Millar 1951): the current into node i is
:math:`I_i = -m_i^{-1} \partial P / \partial u_i` with the metric m_i = phi'(u_i) for `hopfield`
and 1 for `gradient`, provided that the couplings are reciprocal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.constants import Boltzmann

from neurosim.circuit.amplifiers import Amplifier
from neurosim.circuit.elements import Array, Pairs, Springs
from neurosim.errors import DataError
from neurosim.network import Layers

__all__ = ["Circuit", "Law"]

Law = Literal["hopfield", "gradient"]


@dataclass(frozen=True)
class Circuit:
    """One network with every element's value; states have shape (..., n_nodes), volts.

    Parameters
    ----------
    layers : Layers
        Where nodes and couplings are stored.
    law : {"hopfield", "gradient"}
        How the couplings act on a node (see the module's equations).
    visible, hidden : Amplifier
        Transfer characteristic of the visible and of all other nodes.
    capacitance_F, leak_S : ndarray, shape (n_nodes,)
        C_i and g_i.
    couplings : Pairs of shape (n_odd, n_even)
        Current into the odd node i for output voltage of the even node j.
    biases : Pairs of shape (n_nodes,)
        Couplings to the reference rail.
    reference_V : float
        Voltage of that rail.
    loading : float
        Share of the couplings' conductance that loads the summing node: 1 for a passive node,
        1 / (1 + A) for a virtual ground of gain A, 0 for an ideal one.
    back_couplings : Pairs of shape (n_odd, n_even), optional
        The devices that drive the even nodes from the odd ones; None where one device serves both
        directions. Two different devices are not reciprocal: such a circuit has no co-content.
    gain : ndarray, shape (n_nodes,), optional
        Amplifier gain error as a factor, v = phi(gain (u + offset)).
    offset_V : ndarray, shape (n_nodes,), optional
        Input offset of each amplifier.
    amplifier_tau_s : float
        Time constant with which an output follows phi(u); 0 follows at once. The methods of this
        class know the outputs at rest alone.
    attenuation : ndarray, shape (n_nodes,), optional
        Output over that of an unloaded amplifier, v = f phi(u): what an output resistance and the
        devices that hang on it leave.
    cubic_per_V2 : float
        k of a device's current :math:`G v (1 + k v^2)` for the output v across it.
    """

    layers: Layers
    law: Law
    visible: Amplifier
    hidden: Amplifier
    capacitance_F: Array
    leak_S: Array
    couplings: Pairs
    biases: Pairs
    reference_V: float
    loading: float = 0.0
    back_couplings: Pairs | None = None
    gain: Array | None = None
    offset_V: Array | None = None
    amplifier_tau_s: float = 0.0
    attenuation: Array | None = None
    cubic_per_V2: float = 0.0

    def __post_init__(self) -> None:
        n, box = self.layers.n_nodes, (self.layers.n_odd, self.layers.n_even)
        checks = [
            ("capacitance_F", self.capacitance_F.shape, (n,)),
            ("leak_S", self.leak_S.shape, (n,)),
            ("couplings", self.couplings.plus_S.shape, box),
            ("biases", self.biases.plus_S.shape, (n,)),
        ]
        for name, shape, wanted in checks:
            if shape != wanted:
                raise DataError(f"Circuit.{name} must have shape {wanted}, but has {shape}.")

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.layers.n_nodes

    @property
    def back(self) -> Pairs:
        """The devices that drive the even nodes."""
        return self.back_couplings or self.couplings

    @cached_property
    def load_S(self) -> Array:
        """Sum of the conductances attached to each node, (n_nodes,): couplings and bias."""
        total = self.biases.sum_S.copy()
        total[self.layers.odd] += self.couplings.sum_S.sum(axis=1)
        total[self.layers.even] += self.back.sum_S.sum(axis=0)
        return total

    @cached_property
    def decay_S(self) -> Array:
        """Conductance to ground D = g + loading * load of each node, springs not included."""
        return self.leak_S + self.loading * self.load_S

    @cached_property
    def bias_A(self) -> Array:
        """Bias current into each node."""
        bent = 1 + self.cubic_per_V2 * self.reference_V**2
        return self.biases.delta_S * self.reference_V * bent

    def amplifier_input_V(self, u_V: Array) -> Array:
        """Input gain (u + offset): what the ideal characteristic sees."""
        z = u_V if self.offset_V is None else u_V + self.offset_V
        return z if self.gain is None else z * self.gain

    def _by_layer(self, what: str, u_V: Array) -> Array:
        z = self.amplifier_input_V(u_V)
        k = self.layers.n_visible
        parts = (
            getattr(self.visible, what)(z[..., :k]),
            getattr(self.hidden, what)(z[..., k:]),
        )
        return np.concatenate(parts, axis=-1)

    def output_V(self, u_V: Array) -> Array:
        """Output voltage v of each node."""
        return self._attenuated(self._by_layer("output_V", u_V))

    def _attenuated(self, values: Array) -> Array:
        return values if self.attenuation is None else values * self.attenuation

    def slope(self, u_V: Array) -> Array:
        """dv/du of each node."""
        slope = self._attenuated(self._by_layer("slope", u_V))
        return slope if self.gain is None else slope * self.gain

    def curvature_per_V(self, u_V: Array) -> Array:
        """Second derivative of each node's output [1/V]."""
        curvature = self._attenuated(self._by_layer("curvature_per_V", u_V))
        return curvature if self.gain is None else curvature * self.gain**2

    def _integral_V2(self, u_V: Array) -> Array:
        """Integral of v from 0 to u."""
        area = self._by_layer("integral_V2", u_V)
        area = area - self._by_layer("integral_V2", np.zeros(self.n_nodes))
        return self._attenuated(area if self.gain is None else area / self.gain)

    def _bent(self, v: Array) -> Array:
        """What a device makes of the voltage across it."""
        return v if not self.cubic_per_V2 else v * (1 + self.cubic_per_V2 * v**2)

    def _through_couplings(self, v: Array) -> Array:
        """Sum over neighbours of dG v, whatever the unit of v."""
        out = np.empty_like(v)
        out[..., self.layers.odd] = v[..., self.layers.even] @ self.couplings.delta_S.T
        out[..., self.layers.even] = v[..., self.layers.odd] @ self.back.delta_S
        return out

    def current_A(self, u_V: Array, springs: Springs | None = None) -> Array:
        """Net current that charges each node's capacitor: C du/dt, shape of `u_V`.

        Nodes that are clamped take no current (their source delivers what it must).
        """
        drive = self._through_couplings(self._bent(self.output_V(u_V))) + self.bias_A
        if self.law == "gradient":
            drive *= self.slope(u_V)
        current = drive - self.decay_S * u_V
        if springs is not None:
            k = self.layers.n_visible
            current[..., :k] += springs.soft_S * (springs.target_V - u_V[..., :k])
            current[..., :k][..., springs.held] = 0.0
        return current

    def source_current_A(self, u_V: Array, springs: Springs) -> Array:
        """Current that the sources of the springs deliver, (..., n_visible)."""
        k = self.layers.n_visible
        current = springs.soft_S * (springs.target_V - u_V[..., :k])
        if springs.clamped:
            current = np.where(springs.held, -self.current_A(u_V)[..., :k], current)
        return current

    def jacobian_vector_A(self, u_V: Array, d_V: Array, springs: Springs | None = None) -> Array:
        """Change of `current_A` for a small change `d_V` of the node voltages."""
        slope, v = self.slope(u_V), self.output_V(u_V)
        change = self._through_couplings((1 + 3 * self.cubic_per_V2 * v**2) * slope * d_V)
        if self.law == "gradient":
            drive = self._through_couplings(self._bent(v)) + self.bias_A
            change = slope * change + self.curvature_per_V(u_V) * drive * d_V
        change -= self.decay_S * d_V
        if springs is not None:
            k = self.layers.n_visible
            change[..., :k] -= springs.soft_S * d_V[..., :k]
            change[..., :k][..., springs.held] = 0.0
        return change

    def metric(self, u_V: Array) -> Array:
        """Metric m of I = -dP/du / m: the slope for `hopfield`, 1 for `gradient`."""
        return self.slope(u_V) if self.law == "hopfield" else np.ones_like(u_V)

    def co_content_W(self, u_V: Array, springs: Springs | None = None) -> Array:
        r"""Co-content of each row, shape (...,), up to a constant that the state does not change.

        .. math::
            P = \sum_i D_i\,R(u_i, 0) + \sum_{i} K_i\,R(u_i, V_i)
                - \tfrac12 \sum_{ij} dG_{ij} v_i v_j - \sum_i I_{b,i} v_i

        with R(u, V) = (u - V) v - Phi(u) for `hopfield` and (u - V)^2 / 2 for `gradient`.

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
        if self.cubic_per_V2:
            raise DataError(
                "Circuit.co_content_W needs devices that are linear, but cubic_per_V2 is "
                f"{self.cubic_per_V2:g}; its potential has no closed form."
            )
        if springs is not None and springs.held.all():
            springs = None
        v = self.output_V(u_V)
        odd, even = self.layers.odd, self.layers.even
        internal = np.sum((v[..., even] @ self.couplings.delta_S.T) * v[..., odd], axis=-1)
        power: Array = -internal - v @ self.bias_A
        k = self.layers.n_visible
        if self.law == "gradient":
            power += 0.5 * (u_V**2) @ self.decay_S
            if springs is not None:
                stretch = u_V[..., :k] - springs.target_V
                power += 0.5 * stretch**2 @ springs.soft_S
            return power
        area = self._integral_V2(u_V)
        power += (u_V * v - area) @ self.decay_S
        if springs is not None:
            stretch = (u_V[..., :k] - springs.target_V) * v[..., :k] - area[..., :k]
            power += stretch @ springs.soft_S
        return power

    def local_contrast_V2(self, u_V: Array) -> tuple[Array, Array]:
        r"""Derivative of the co-content by each conductance, mean over the batch.

        .. math::
            \partial P / \partial G^\pm_{ij} = \mp v_i v_j
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
        v = self.output_V(u_V)
        odd, even = self.layers.odd, self.layers.even
        product = v[:, odd].T @ v[:, even] / len(v)
        load = np.zeros(self.n_nodes)
        if self.loading:
            r = u_V * v - self._integral_V2(u_V) if self.law == "hopfield" else u_V**2 / 2
            load = self.loading * r.mean(axis=0)
        shared = load[odd][:, None] + load[even]
        present = self.layers.present
        return np.where(present, shared - product, 0.0), np.where(present, shared + product, 0.0)

    def thermal_noise_A2_per_Hz(self, temperature_K: float, springs: Springs | None) -> Array:
        """White current noise 4 k T G of all conductances at each node, one-sided density."""
        total = self.leak_S + self.load_S
        if springs is not None:
            total[self.layers.visible] = total[self.layers.visible] + springs.soft_S
        return float(4 * Boltzmann * temperature_K) * total
