"""What a node is made of."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import (
    Farad,
    HertzLimit,
    Loading,
    Ohm,
    Siemens,
    Volt,
    VoltLimit,
)
from neurosim.blocks.words import IDEAL
from neurosim.circuit.amplifiers import Amplifier, Linear, Scalable, Silu, Tanh
from neurosim.circuit.between import Between
from neurosim.circuit.by_layer import NodeLaw
from neurosim.circuit.laws import Lifting, Oscillating, Passive, Trims
from neurosim.circuit.locking import Locking
from neurosim.circuit.measured import Measured
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.shunts import Shunts
from neurosim.network import Layers
from neurosim.tuned import Tuned

__all__ = ["Node"]

# A word alone, where the amplifier has nothing else to say.
_ANY = one_of(Tanh, Silu, Linear, Measured, key="amplifier", of=Scalable, short=True)
_NodeAmplifier = Annotated[Scalable, _ANY]
_NodeBuffer = Annotated[Scalable | None, _ANY, IDEAL]


class Node(Sourced):
    """Nominal values of a node.

    Parameters
    ----------
    law : Law
        How couplings act on the node: hopfield, gradient, by_layer, resistive, oscillator or your
        own, see `neurosim.circuit.laws`.
    amplifier : Scalable
        Amplifier of hidden nodes: tanh, silu, linear, measured or your own, see
        `neurosim.circuit.amplifiers`; visible nodes are unity buffers.
    unit_V : float
        Voltage that stands for 1 in the host's numbers; a tanh saturates there. Of oscillators that
        of a radian.
    leak_S : float
        Total conductance to ground of a node at weight 0; also the conductance of weight 1, and of
        oscillators that alone.
    capacitance_F : float
        Capacitance of each node; tau = capacitance_F / leak_S.
    release_capacitance_F : float
        Capacitance of a visible node that is released to run free.
    loading : float
        Share of the coupling conductance that loads the summing node, 1 / (1 + A) for a virtual
        ground of gain A. Resistors from node to node load both all the same: see `load_share`.
    visible_rail_V : float or None
        Output limit of the visible buffers, where nothing else is said of them.
    buffer : Scalable or None
        Amplifier of visible nodes, such as one measured; None is a unity buffer between its rails.
        Neither has the gain mismatch of hidden amplifiers.
    output_Ohm : float
        Output resistance R of each amplifier: with the devices that hang on it, of total
        conductance G on its two rails, it leaves 1 / (1 + R G / 2) of the output.
    bandwidth_Hz : float or None
        Bandwidth f of each amplifier as it is used: its output follows within 1 / (2 pi f).
    hold : {"none", "capacitor"}
        Whether each node can store its voltage on a second capacitor of the same size and be
        charged to it again. Without it the host repeats the free phase before each nudge.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.load_profile("cmos_rc_6bit").node.tau_s
    1e-07
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "buffer")

    law: NodeLaw
    amplifier: _NodeAmplifier
    unit_V: Volt
    leak_S: Siemens
    capacitance_F: Farad
    release_capacitance_F: Farad
    loading: Loading = 0.0
    visible_rail_V: VoltLimit = None
    buffer: _NodeBuffer = None
    output_Ohm: Ohm = 0.0
    bandwidth_Hz: HertzLimit = None
    hold: Literal["none", "capacitor"] = "none"

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.buffer is not None and self.visible_rail_V is not None:
            text = "must be ideal where buffer is stated, but is"
            text = f"{text} {self.visible_rail_V:g} V; give the buffer itself its limits"
            raise BlockError([(("visible_rail_V",), text)])
        return self

    def locking(
        self,
        n_visible: int,
        capacitance_F: NDArray[np.float64],
        z: NDArray[np.float64],
        tuned: Tuned,
    ) -> Locking | None:
        """What acts on oscillators besides their couplings, see `Oscillating.locking`."""
        if not isinstance(self.law, Oscillating):
            return None
        radian_V = self.law.radian_V(self.unit_V, (n_visible, len(z) - n_visible))
        if isinstance(self.law, Trims):
            z = self.law.trimmed(z, n_visible)
        own = self.law.locking(radian_V, self.leak_S, capacitance_F, z)
        if not tuned.acts:
            return own
        turned_A = radian_V * capacitance_F * tuned.detuning / self.tau_s
        return own.and_tuned(tuned.sync * self.leak_S, turned_A)

    @property
    def visible_radian_V(self) -> float | None:
        """Voltage of a radian of a visible oscillator; None where nodes are voltages."""
        if not isinstance(self.law, Oscillating):
            return None
        return float(np.ravel(self.law.radian_V(self.unit_V, (1, 1)))[0])

    @property
    def amplifier_tau_s(self) -> float:
        """Time constant of an amplifier's output; 0 for an ideal one."""
        return 0.0 if self.bandwidth_Hz is None else 1 / (2 * np.pi * self.bandwidth_Hz)

    @property
    def passive(self) -> bool:
        """Whether couplings are resistors from node to node."""
        return isinstance(self.law, Passive)

    @property
    def oscillating(self) -> bool:
        """Whether nodes are phases."""
        return isinstance(self.law, Oscillating)

    @property
    def leaks(self) -> bool:
        """Whether something pulls every node to 0; oscillators without a field have nothing."""
        return self.law.leaks if isinstance(self.law, Oscillating) else True

    @property
    def has_thermal_noise(self) -> bool:
        """Whether a temperature makes its conductances noisy; a phase has a linewidth instead."""
        return not self.oscillating

    @property
    def diffusion_rad2_per_s(self) -> float:
        """That of an oscillator by itself; 0 where nodes are voltages."""
        return self.law.diffusion_rad2_per_s if isinstance(self.law, Oscillating) else 0.0

    def detuned_A(self, detuning_Hz: float) -> float:
        """Current that turns an oscillator by so many periods a second: 2 pi f times unit_V C."""
        return float(2 * np.pi * detuning_Hz * self.unit_V * self.capacitance_F)

    @property
    def load_share(self) -> float:
        """Share of the couplings' conductance on a node: 1 under a passive law, else `loading`."""
        return 1.0 if self.passive else self.loading

    def lifting(self, layers: Layers) -> Between | None:
        """Ideal amplifiers between the layers of a network of resistors; None where it has none."""
        if not isinstance(self.law, Lifting):
            return None
        ideal = Amplifiers(((self.hidden_amplifier, layers.n_nodes),))
        return self.law.between(layers, ideal)

    def shunts(self, layers: Layers, driven: NDArray[np.intp]) -> Shunts | None:
        """Elements to ground of nodes without sources, which a passive law may have."""
        return self.law.shunts(layers, driven) if isinstance(self.law, Passive) else None

    @property
    def has_hold(self) -> bool:
        """Whether each node can store its voltage."""
        return self.hold == "capacitor"

    @property
    def tau_s(self) -> float:
        """Time constant C / g of a node with no couplings."""
        return self.capacitance_F / self.leak_S

    @property
    def visible_amplifier(self) -> Amplifier:
        """The ideal amplifier of a visible node, in this node's volts."""
        return (self.buffer or Linear(rail_V=self.visible_rail_V)).at(self.unit_V)

    @property
    def hidden_amplifier(self) -> Amplifier:
        """The ideal amplifier of a hidden node, in this node's volts."""
        return self.amplifier.at(self.unit_V)
