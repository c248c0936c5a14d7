"""What a host sees of a chip: a data sheet, voltages to set, time to wait, voltages to read.

A controller of a real chip that offers these calls can take the simulator's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.contrasts import (
    Contrast,
    CosineOfDifference,
    DifferentialCosine,
    Directed,
    HalfSquaredDifference,
    Product,
)
from neurosim.errors import DataError
from neurosim.network import Layers, Weights
from neurosim.tuned import Tuned

__all__ = [
    "ChipInterface",
    "Contrast",
    "CosineOfDifference",
    "DataSheet",
    "DifferentialCosine",
    "Directed",
    "HalfSquaredDifference",
    "Others",
    "Product",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
# What nodes without a source do at a precharge.
Others = Literal["zero", "random", "kept"]


@dataclass(frozen=True)
class DataSheet:
    """Nominal values that the maker prints; what one die really has is for calibration to find.

    Attributes
    ----------
    name : str
        Name of the chip.
    layers : Layers
        Nodes and couplings.
    source_layers : tuple of int
        Layers of which every node has a voltage source; the visible one, 0, is the first.
    injector_layers : tuple of int
        Layers of which every node has a current source; none: `inject` does not work.
    max_injected_A : float or None
        Largest current that it delivers.
    has_tuning : bool
        Whether `tune` works.
    most_sync, most_detuning : float or None
        Largest locking, in weights, and detuning, as a share of K, that it programs.
    contrast : Contrast
        What readings of both ends tell of a coupling.
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
    least_weight : float or None
        Smallest one; None: minus the largest.
    advised_inputs : "plain" or "doubled"
        How a host of a task should present inputs, see `Supervised`.
    advised_gain : float
        By which it should multiply them.
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
    has_separate_directions : bool
        Whether every coupling has a device of its own for either direction.
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
    source_layers: tuple[int, ...] = (0,)
    injector_layers: tuple[int, ...] = ()
    max_injected_A: float | None = None
    has_tuning: bool = False
    most_sync: float | None = None
    most_detuning: float | None = None
    contrast: Contrast = field(default_factory=Product)
    least_weight: float | None = None
    advised_inputs: Literal["plain", "doubled"] = "plain"
    advised_gain: float = 1.0
    has_separate_directions: bool = False

    @property
    def lowest(self) -> float:
        """Smallest weight that can be programmed."""
        return -self.full_scale if self.least_weight is None else self.least_weight

    @property
    def n_sources(self) -> int:
        """Number of nodes with a voltage source."""
        return sum(self.layers.sizes[k] for k in self.source_layers)

    @property
    def n_injectors(self) -> int:
        """Number of nodes with a current source."""
        return sum(self.layers.sizes[k] for k in self.injector_layers)

    def columns(self, layer: int) -> slice:
        """Which columns of targets and masks are those of a layer with sources; -1 is the last.

        Raises
        ------
        DataError
            The layer has no sources.
        """
        return _columns(self, layer, self.source_layers, "voltage sources, as `sources` says")

    def injected_columns(self, layer: int) -> slice:
        """Which columns of injected currents are those of a layer with injectors; -1 is the last.

        Raises
        ------
        DataError
            The layer has no injectors.
        """
        return _columns(self, layer, self.injector_layers, "injectors, as `injectors.layers` says")


def _columns(sheet: DataSheet, layer: int, of: tuple[int, ...], what: str) -> slice:
    sizes, number = sheet.layers.sizes, sheet.layers.numbers([layer])[0]
    if number not in of:
        where = f"the layers {', '.join(map(str, of))}" if of else "no layer"
        raise DataError(
            f"Layer {number} must have {what}, but {sheet.name} has them on {where}; take a "
            "profile that has them there."
        )
    start = sum(sizes[k] for k in of[: of.index(number)])
    return slice(start, start + sizes[number])


class ChipInterface(Protocol):
    """Calls of a host. The batch axis comes first: rows are the same chip at different times.

    Targets and masks have one column for each node with a source, layer after layer as the data
    sheet lists them: `DataSheet.columns`. Those of the visible nodes alone will do, (rows,
    n_visible); then the sources of all other layers let go.
    """

    @property
    def data_sheet(self) -> DataSheet:
        """Nominal values."""

    def program(self, weights: Weights) -> None:
        """Set every coupling and bias to the nearest conductances; beyond full scale they clip."""

    def told_weights(self) -> Weights | None:
        """What the devices were last told to hold, to their levels: what `refresh` writes.

        None where they have taken pulses, after which nobody has told them.
        """

    def tune(self, tuned: Tuned) -> None:
        """Program locking and natural frequency of every oscillator, to the nearest codes."""

    def refresh(self) -> None:
        """Write every device to its target again."""

    def wait(self, time_s: float) -> None:
        """Let the chip stand with nothing presented; the devices age, the nodes' state is lost."""

    def pulse(self, counts: Weights) -> None:
        """Give each coupling's and bias's pair this many pulses: positive up, negative down."""

    def precharge(self, target_V: Array, others: Others = "zero") -> None:
        """Charge nodes with sources to these voltages, (rows, n), discharge all others.

        Or let these be where they happen to be after power-up (``random``), or where they are
        (``kept``), of as many rows as before; noise that is slower than a presentation begins anew.
        A chip that discharges them always may leave `others` out. This fixes the number of rows
        until the next `precharge`, and ends every injection.
        """

    def drive(
        self, target_V: Array, conductance_S: float | Array, held: Mask | None = None
    ) -> Array:
        """Hold nodes by springs [S], one for all or one for each, to these voltages, (rows, n).

        The nodes of a mask `held`, (n,), are held rigidly, those with a spring of 0 S not at all.
        Returns the voltages [V] of the codes used.
        """

    def clamp(self, target_V: Array, held: Mask | None = None) -> Array:
        """Hold nodes rigidly at these voltages, (rows, n).

        With a mask `held`, (n,), only its nodes; the others run free, visible ones on their large
        capacitors as after `release`, and their targets mean nothing. Returns the voltages [V] of
        the codes used.
        """

    def release(self) -> None:
        """Let all sources go: visible nodes run free on their large capacitors."""

    def inject(self, current_A: Array) -> Array:
        """Drive these currents [A] into the nodes with injectors, (rows, n_injectors).

        Each joins the sum of its node's couplings, as its bias does, until the next `inject` or
        `precharge`; that of an oscillator turns its phase beside them, by K for unit_S times
        unit_V. Returns the currents [A] of the codes used.
        """

    def settle(self, time_s: float) -> None:
        """Let the nodes run for this time."""

    def store(self) -> None:
        """Sample every node onto its hold capacitor."""

    def recall(self) -> None:
        """Charge every node to the voltage that its hold capacitor has stored."""

    def read(self, layers: Sequence[int] | None = None) -> Array:
        """Outputs [V] through the ADC, (rows, n_nodes); NaN in a failed row.

        Of all nodes in the order of `Layers`; or of some layers alone, one after another.
        """

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

    def sense(self, nodes: Mask | None = None) -> Array:
        """Currents [A] that flow from the sources into their nodes, (rows, n).

        Of the nodes whose targets were set last, (rows, n_visible) or all with sources. Of a mask
        `nodes`, (n,), only those are measured, and the others are 0.
        """
