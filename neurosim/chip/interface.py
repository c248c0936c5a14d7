"""What a host sees of a chip: a data sheet, voltages to set, time to wait, voltages to read.

A controller of a real chip that offers these calls can take the simulator's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.network import Layers, Weights

__all__ = ["ChipInterface", "DataSheet"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DataSheet:
    """Nominal values that the maker prints; what one die really has is for calibration to find.

    Attributes
    ----------
    name : str
        Name of the chip.
    layers : Layers
        Nodes and couplings.
    unit_V : float
        Voltage of 1 in the host's numbers.
    unit_S : float
        Conductance of weight 1 and of stiffness 1: the leak g of a node.
    tau_s : float
        C / g of a node.
    release_tau_s : float
        C / g of a visible node that runs free.
    full_scale : float
        Largest weight that can be programmed.
    max_spring_S : float or None
        Largest spring.
    has_hold : bool
        Whether `store` and `recall` work.
    has_current_sense : bool
        Whether `sense` works.
    has_difference : bool
        Whether `read_difference` works.
    has_correlator : bool
        Whether `correlate` and `read_correlator` work.
    pulse_weight : float or None
        Change of a weight by one pulse to a pair in mid-range; None: `pulse` does not work.
    advised_beta, advised_settle_tau : float
        Nudge and settling time that suit this chip.
    refresh_s : float or None
        Time after which every device should be written again.
    """

    name: str
    layers: Layers
    unit_V: float
    unit_S: float
    tau_s: float
    release_tau_s: float
    full_scale: float
    max_spring_S: float | None
    has_hold: bool
    has_current_sense: bool
    has_difference: bool
    has_correlator: bool
    pulse_weight: float | None
    advised_beta: float
    advised_settle_tau: float
    refresh_s: float | None = None


class ChipInterface(Protocol):
    """Calls of a host. The batch axis comes first: rows are the same chip at different times."""

    @property
    def data_sheet(self) -> DataSheet:
        """Nominal values."""

    def program(self, weights: Weights) -> None:
        """Set every coupling and bias to the nearest conductances; beyond full scale they clip."""

    def refresh(self) -> None:
        """Write every device to its target again."""

    def wait(self, time_s: float) -> None:
        """Let the chip stand with nothing presented; the devices age, the nodes' state is lost."""

    def pulse(self, counts: Weights) -> None:
        """Give each coupling's and bias's pair this many pulses: positive up, negative down."""

    def precharge(self, visible_V: Array) -> None:
        """Charge the visible nodes to these voltages, (rows, n_visible), discharge all others.

        This fixes the number of rows until the next `precharge`.
        """

    def drive(
        self, target_V: Array, conductance_S: float, held: NDArray[np.bool_] | None = None
    ) -> Array:
        """Hold the visible nodes by springs [S] to these voltages, (rows, n_visible).

        The nodes of a mask `held`, (n_visible,), are held rigidly. Returns the voltages [V] of the
        codes used.
        """

    def clamp(self, target_V: Array, held: NDArray[np.bool_] | None = None) -> Array:
        """Hold the visible nodes rigidly at these voltages, (rows, n_visible).

        With a mask `held`, (n_visible,), only its nodes; the others run free on their large
        capacitors, as after `release`, and their targets mean nothing. Returns the voltages [V] of
        the codes used.
        """

    def release(self) -> None:
        """Let the visible nodes run free on their large capacitors."""

    def settle(self, time_s: float) -> None:
        """Let the nodes run for this time."""

    def store(self) -> None:
        """Sample every node onto its hold capacitor."""

    def recall(self) -> None:
        """Charge every node to the voltage that its hold capacitor has stored."""

    def read(self) -> Array:
        """Outputs [V] of all nodes through the ADC, (rows, n_nodes); NaN in a failed row."""

    def read_difference(self) -> Array:
        """Outputs [V] of all nodes less those at the last `store`, amplified for the ADC."""

    def read_visible(self) -> Array:
        """Outputs [V] of the visible nodes through the ADC, (rows, n_visible)."""

    def correlate(self, sign: int) -> None:
        """Add (+1), then subtract (-1) the products of every coupling's and bias's two voltages.

        A bias has the reference, `unit_V`, for its second one. Rows that fail do not count.
        """

    def read_correlator(self) -> tuple[Weights, int]:
        """Sums of these products over rows [V^2], and how many rows; the sums start anew."""

    def sense(self) -> Array:
        """Currents [A] that flow from the sources into the visible nodes, (rows, n_visible)."""
