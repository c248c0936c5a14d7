r"""Energy and time of what a chip does, entered into its ledger item by item.

=============== ==========================================================================
item            formula
=============== ==========================================================================
couplings       dissipation P of couplings and biases over a settle, see below
springs         the same of the springs
leaks           the same of the nodes' leaks
precharge       :math:`C V^2`: half as a node is charged, half when it is next discharged
amplifiers      `amplifier_W` x nodes x (settling + reading + driving time)
controller      `controller_W` x the same time and that of writing
dac, adc        `dac_J`, `adc_J` x conversions
writes          `pulse_J` x pulses, of writes and of learning in memory
=============== ==========================================================================

A settle of time T from power P_0 to P_1 is taken to heat as
:math:`P_1 T - \min(3 \tau, T / 2)\,(P_1 - P_0)`: within 10 % of the integral along the path
for the law `hopfield` (within 25 % for `gradient`), at 5 to 30 time constants.

Not modelled: the supply's own losses, the drivers' current into couplings and springs above what
these dissipate, the switches of the hold capacitors, leakage currents, the
discharge of hidden nodes before a precharge, the host.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.ledger import Ledger
from neurosim.circuit import DrivenCircuit
from neurosim.circuit.power import dissipation_W
from neurosim.profile import Profile

__all__ = ["Meter"]

Array = NDArray[np.float64]


class Meter:
    """Prices of a profile.

    Parameters
    ----------
    profile : Profile
    n_nodes : int
    """

    def __init__(self, profile: Profile, n_nodes: int) -> None:
        self._supply, self._write, self._n_nodes = profile.supply, profile.write, n_nodes
        self._tau_s = profile.node.tau_s

    def _works(self, ledger: Ledger, time_s: float, *, nodes: bool = True) -> None:
        if self._supply is None:
            return
        ledger.controller_J += self._supply.controller_W * time_s
        if nodes:
            ledger.amplifiers_J += self._supply.amplifier_W * self._n_nodes * time_s

    def settle(
        self,
        ledger: Ledger,
        system: DrivenCircuit,
        before_V: Array,
        u_V: Array,
        time_s: float,
    ) -> None:
        """A settle of `time_s` from `before_V` to `u_V`, one row after another."""
        good = np.flatnonzero(np.isfinite(u_V).all(axis=1))
        springs, early_s = system.springs.rows(good), min(3 * self._tau_s, time_s / 2)
        first = dissipation_W(system.circuit, springs, before_V[good])
        last = dissipation_W(system.circuit, springs, u_V[good])

        def heat_J(start_W: Array, end_W: Array) -> float:
            return float(np.sum(end_W * time_s - early_s * (end_W - start_W)))

        ledger.couplings_J += heat_J(first.couplings, last.couplings)
        ledger.springs_J += heat_J(first.springs, last.springs)
        ledger.leaks_J += heat_J(first.leaks, last.leaks)
        self._works(ledger, time_s * len(u_V))

    def precharge(self, ledger: Ledger, capacitance_F: Array, u_V: Array) -> None:
        """Nodes charged to `u_V`, (rows, n_nodes)."""
        ledger.precharge_J += float(capacitance_F @ (u_V**2).sum(axis=0))

    def drive(self, ledger: Ledger, target_V: Array) -> None:
        """Sources set for every row, (rows, n_visible)."""
        ledger.dac_conversions += target_V.size
        if self._supply is not None:
            ledger.dac_J += self._supply.dac_J * target_V.size
            time_s = self._supply.drive_s * len(target_V)
            ledger.drive_time_s += time_s
            self._works(ledger, time_s)

    def read(self, ledger: Ledger, value: Array) -> None:
        """Values read of every row, (rows, n)."""
        ledger.adc_conversions += value.size
        if self._supply is not None:
            ledger.adc_J += self._supply.adc_J * value.size
            time_s = self._supply.read_s * len(value)
            ledger.read_time_s += time_s
            self._works(ledger, time_s)

    def pulses(self, ledger: Ledger, pulses: int) -> None:
        """Pulses of writes or of learning."""
        if self._write is None:
            return
        ledger.writes_J += self._write.pulse_J * pulses
        at_once = 1 if self._supply is None else self._supply.writes_at_once
        time_s = self._write.pulse_s * np.ceil(pulses / at_once)
        ledger.write_time_s += time_s
        self._works(ledger, time_s, nodes=False)
