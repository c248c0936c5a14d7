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
dac, adc        `dac_J`, `adc_J` x conversions; a DAC's are those of sources and of injectors
writes          `pulse_J` x pulses, of writes and of learning in memory
=============== ==========================================================================

A settle of time T from power P_0 to P_1 is taken to heat as
:math:`P_1 T - \min(3 \tau, T / 2)\,(P_1 - P_0)`: within 10 % of the integral along the path
for the law `hopfield` (within 25 % for `gradient`), at 5 to 30 time constants.

Not modelled: the supply's own losses, the drivers' current into couplings and springs above what
these dissipate, the headroom of injectors (their current turns into heat in the conductances, which
is counted), the switches of the hold capacitors, leakage currents, the discharge of hidden nodes
before a precharge, the host.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.bank import WriteCount
from neurosim.chip.ledger import Ledger
from neurosim.circuit import DrivenCircuit
from neurosim.circuit.power import dissipation_W
from neurosim.profile import Profile
from neurosim.solvers import Settled

__all__ = ["Meter"]

Array = NDArray[np.float64]


class Meter:
    """The ledger of a chip, and the prices of its profile.

    Parameters
    ----------
    profile : Profile
    n_nodes : int

    Attributes
    ----------
    ledger : Ledger
        Running totals, which no one else changes.
    """

    def __init__(self, profile: Profile, n_nodes: int) -> None:
        self._supply, self._write_law, self._n_nodes = profile.supply, profile.write, n_nodes
        self._tau_s = profile.node.tau_s
        self.ledger = Ledger()

    def _works(self, time_s: float, *, nodes: bool = True) -> None:
        if self._supply is None:
            return
        self.ledger.controller_J += self._supply.controller_W * time_s
        if nodes:
            self.ledger.amplifiers_J += self._supply.amplifier_W * self._n_nodes * time_s

    def wait(self, time_s: float) -> None:
        """Time in which nothing is presented."""
        self.ledger.settle_time_s += time_s

    def computed(self, result: Settled, alive: NDArray[np.bool_]) -> None:
        """What an engine spent on rows, and which of those `alive` at its start diverged."""
        self.ledger.rows_diverged += int(np.count_nonzero(result.diverged & alive))
        self.ledger.evaluations += result.n_evaluations
        self.ledger.steps += result.n_steps

    def refused(self, rows: NDArray[np.bool_]) -> None:
        """Rows of which an operating point was not promised."""
        self.ledger.rows_refused += int(np.count_nonzero(rows))

    def settle(self, system: DrivenCircuit, before_V: Array, u_V: Array, time_s: float) -> None:
        """A settle of `time_s` from `before_V` to `u_V`, one row after another."""
        ledger = self.ledger
        good = np.flatnonzero(np.isfinite(u_V).all(axis=1))
        springs, early_s = system.springs.rows(good), min(3 * self._tau_s, time_s / 2)
        first = dissipation_W(system.circuit, springs, before_V[good])
        last = dissipation_W(system.circuit, springs, u_V[good])

        def heat_J(start_W: Array, end_W: Array) -> float:
            return float(np.sum(end_W * time_s - early_s * (end_W - start_W)))

        ledger.couplings_J += heat_J(first.couplings, last.couplings)
        ledger.springs_J += heat_J(first.springs, last.springs)
        ledger.leaks_J += heat_J(first.leaks, last.leaks)
        self._works(time_s * len(u_V))
        ledger.settles += 1
        ledger.rows_settled += len(u_V)
        ledger.settle_time_s += time_s * len(u_V)

    def precharge(self, capacitance_F: Array, u_V: Array) -> None:
        """Nodes charged to `u_V`, (rows, n_nodes)."""
        self.ledger.precharge_J += float(capacitance_F @ (u_V**2).sum(axis=0))

    def drive(self, target_V: Array, n_clipped: int) -> None:
        """Sources set for every row, (rows, n), of which some values clipped."""
        ledger = self.ledger
        ledger.dac_conversions += target_V.size
        ledger.dac_clipped += n_clipped
        if self._supply is not None:
            ledger.dac_J += self._supply.dac_J * target_V.size
            time_s = self._supply.drive_s * len(target_V)
            ledger.drive_time_s += time_s
            self._works(time_s)

    def read(self, rows: int, values: int, conversions: int, n_clipped: int) -> None:
        """So many values of every row, each by so many conversions, of which some clipped."""
        ledger = self.ledger
        ledger.adc_clipped += n_clipped
        for _ in range(conversions):
            ledger.adc_conversions += rows * values
            if self._supply is not None:
                ledger.adc_J += self._supply.adc_J * (rows * values)
                time_s = self._supply.read_s * rows
                ledger.read_time_s += time_s
                self._works(time_s)

    def program(self, count: WriteCount, weights_clipped: int = 0) -> None:
        """One writing of the devices to their targets."""
        self._write(count)
        self.ledger.programs += 1
        self.ledger.weights_clipped += weights_clipped

    def pulse(self, n_pulses: int, worn: WriteCount) -> None:
        """Pulses of learning, and the worn pairs that were written anew after them."""
        self.ledger.pulses += n_pulses
        self._pulses(n_pulses)
        self.ledger.pairs_refreshed += worn.devices // 2
        self._write(worn)

    def _write(self, count: WriteCount) -> None:
        self.ledger.device_writes += count.devices
        self.ledger.write_pulses += count.pulses
        self._pulses(count.pulses)
        self.ledger.writes_failed += count.failed

    def _pulses(self, pulses: int) -> None:
        """Energy and time of pulses."""
        if self._write_law is None:
            return
        ledger = self.ledger
        ledger.writes_J += self._write_law.pulse_J * pulses
        at_once = 1 if self._supply is None else self._supply.writes_at_once
        time_s = self._write_law.pulse_s * np.ceil(pulses / at_once)
        ledger.write_time_s += time_s
        self._works(time_s, nodes=False)
