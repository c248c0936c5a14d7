"""What a node is made of, and how far its parts stray from their design at fabrication."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import (
    AreaSigma,
    AreaSigmaVolt,
    Farad,
    HertzLimit,
    Loading,
    Ohm,
    Siemens,
    SiemensLimit,
    Volt,
    VoltLimit,
)

__all__ = ["Mismatch", "Node", "Spring", "spread"]

Array = NDArray[np.float64]


class Node(Sourced):
    """Nominal values of a node.

    Parameters
    ----------
    law : {"hopfield", "gradient"}
        How couplings act on the node: see `neurosim.circuit.laws`.
    amplifier : {"tanh", "silu", "linear"}
        Characteristic of hidden nodes; visible ones are unity buffers.
    unit_V : float
        Voltage that stands for 1 in the host's numbers; a tanh saturates there.
    leak_S : float
        Total conductance to ground of a node at weight 0; also the conductance of weight 1.
    capacitance_F : float
        Of each node; tau = capacitance_F / leak_S.
    release_capacitance_F : float
        Of a visible node that is released to run free.
    loading : float
        Share of the coupling conductance that loads the summing node, 1 / (1 + A) for a virtual
        ground of gain A.
    visible_rail_V : float or None
        Output limit of the visible buffers.
    output_Ohm : float
        Output resistance R of each amplifier: with the devices that hang on it, of total
        conductance G on its two rails, it leaves 1 / (1 + R G / 2) of the output.
    bandwidth_Hz : float or None
        Of each amplifier as it is used, f: its output follows with the time constant 1 / (2 pi f).
    hold : {"none", "capacitor"}
        Whether each node can store its voltage on a second capacitor of the same size and be
        charged to it again. Without it the host repeats the free phase before each nudge.
    """

    law: Literal["hopfield", "gradient"]
    amplifier: Literal["tanh", "silu", "linear"]
    unit_V: Volt
    leak_S: Siemens
    capacitance_F: Farad
    release_capacitance_F: Farad
    loading: Loading = 0.0
    visible_rail_V: VoltLimit = None
    output_Ohm: Ohm = 0.0
    bandwidth_Hz: HertzLimit = None
    hold: Literal["none", "capacitor"] = "none"

    @property
    def amplifier_tau_s(self) -> float:
        """Time constant of an amplifier's output; 0 for an ideal one."""
        return 0.0 if self.bandwidth_Hz is None else 1 / (2 * np.pi * self.bandwidth_Hz)

    @property
    def has_hold(self) -> bool:
        """Whether each node can store its voltage."""
        return self.hold == "capacitor"

    @property
    def tau_s(self) -> float:
        """Time constant C / g of a node with no couplings."""
        return self.capacitance_F / self.leak_S


class Spring(Sourced):
    """Programmable conductance from each node with a source to its DAC.

    Parameters
    ----------
    max_S : float or None
        Largest stiffness that can be set.
    """

    max_S: SiemensLimit = None


class Mismatch(Sourced):
    """Relative standard deviations among devices of one die, drawn once at fabrication.

    Parameters
    ----------
    leak, capacitance, coupling, spring, gain : float
        Of the nodes' leak and capacitance, each coupling device, each spring, each hidden amplifier
        (a visible node has a unity buffer, whose gain feedback sets).
    offset_V : float
        Standard deviation of the amplifiers' input offset.

    Notes
    -----
    Each may be given by Pelgrom's law (IEEE J. Solid-State Circuits 24, 1433 (1989)) as
    ``{pelgrom: A, area_um2: W L}``: A / sqrt(W L), A in the number's unit times um. For the offset
    of a pair A is sqrt(2) times that of one device's threshold.
    """

    leak: AreaSigma = 0.0
    capacitance: AreaSigma = 0.0
    coupling: AreaSigma = 0.0
    spring: AreaSigma = 0.0
    gain: AreaSigma = 0.0
    offset_V: AreaSigmaVolt = 0.0


def spread(sigma: float, shape: int | tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Positive factors with relative standard deviation `sigma` and mean 1.

    Log-normal, :math:`\exp(s z - s^2/2)` with :math:`s^2 = \ln(1 + \sigma^2)`, so that no device is
    ever negative.
    """
    s2 = np.log1p(sigma**2)
    factors: NDArray[np.float64] = np.exp(np.sqrt(s2) * rng.standard_normal(shape) - s2 / 2)
    return factors
