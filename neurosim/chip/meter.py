r"""Energy and time of what a chip does, entered into its ledger item by item.

=============== ==========================================================================
item            formula
=============== ==========================================================================
couplings       dissipation P of couplings and biases, see below
springs         the same of the springs
leaks           the same of the nodes' leaks
precharge       :math:`C V^2`: half as a node is charged, half when it is next discharged
amplifiers      `amplifier_W` x nodes x (settling + reading + driving time), in class A
                less the heat of the couplings; an amplifier between layers counts as a node
drivers         in class AB `rail_V` x the charge through couplings, biases and springs,
                less their heat; between resistors sources feed leaks and diodes too, whose
                heat is then taken off as well
controller      `controller_W` x the same time and that of writing
dac, adc        (energy + step x 2^bits) x conversions; a DAC's are those of sources and of
                injectors, and a precharge and the drive that follows it are one each
writes          `pulse_J` x pulses, of writes and of learning in memory
=============== ==========================================================================

A settle of time T from power P_0 to P_1 is taken to heat as
:math:`P_1 T - \min(t_e, T / 2)\,(P_1 - P_0)`, t_e being 3 tau, and C / (g + K) for springs, whose
nodes are that fast. Against the integral along the path, at 5 to 30 time constants, all of it is
within 10 % for the law `hopfield` (within 25 % for `gradient`), springs alone within 20 % (35 %).
A chip that is released moves all along: beside 24 settles in place of the one, at trained weights
and C_x/C_h = 30, couplings take 13 to 18 % too much and leaks 21 to 29 %, all together 16 % on
`ideal_hopfield`, 3 % on `rram_cmo_hfox`, and less than 0.1 % on `cmos_rc_6bit`; in networks of nine
nodes between 0.79 and 1.18 of the integral along the path, and 0.69 and 1.32.
While sources are set before a settle the power is P_0, while nodes are read after it P_1.

Not modelled: the supply's own losses, the headroom of injectors (their current turns into heat in
the conductances, which is counted), the switches of the hold capacitors, leakage currents, the
discharge of hidden nodes before a precharge, nodes while devices are written, the host.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.bank import WriteCount
from neurosim.chip.ledger import Ledger
from neurosim.chip.remembered import Standing
from neurosim.circuit import DrivenCircuit
from neurosim.circuit.power import Dissipation, dissipation_W
from neurosim.devices.drivers import Taken
from neurosim.profile import Profile
from neurosim.solvers import Settled

__all__ = ["Meter", "Reading", "Setting"]

Array = NDArray[np.float64]
# Converters by what the ledger calls them.
Setting = Literal["dac", "injector"]
Reading = Literal["adc", "difference", "ammeter", "correlator"]


def _sums(power: Dissipation) -> Array:
    """Of all rows, in the order of `Meter._heat`."""
    return np.array([part.sum() for part in power])


class Converters(Protocol):
    """What the meter asks of converters that read."""

    @property
    def bits(self) -> int | None:
        """Resolution; None is exact."""
        ...

    @property
    def conversions(self) -> int:
        """Conversions that one reading takes."""
        ...

    def turns(self, n_values: int) -> int:
        """How often a reading of so many values converts one after another."""
        ...


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
        self._supply, self._write_law, self._n_amplifiers = profile.supply, profile.write, n_nodes
        if (between := profile.node.lifting(profile.network)) is not None:
            self._n_amplifiers += int(np.count_nonzero(between.at))
        self._tau_s, self._passive = profile.node.tau_s, profile.node.passive
        self.ledger = Ledger()
        # Of a mean row, at the end of the last settle; and the time of setting since then.
        self._standing, self._setting_s = np.zeros(4), 0.0

    def _control(self, time_s: float) -> None:
        if self._supply is not None:
            self.ledger.controller_J += self._supply.controller_W * time_s

    def _heat(self, energy: Array, time_s: float) -> None:
        """Energy of couplings, springs and leaks and the charge through the first two.

        Amplifiers and control work meanwhile.
        """
        ledger, supply = self.ledger, self._supply
        couplings_J, springs_J, leaks_J, delivered_C = map(float, energy)
        ledger.couplings_J += couplings_J
        ledger.springs_J += springs_J
        ledger.leaks_J += leaks_J
        if supply is None:
            return
        static_J = supply.amplifier_W * self._n_amplifiers * time_s
        taken = Taken(static_J, 0.0)
        if supply.driver is not None:
            fed_J = couplings_J + leaks_J * self._passive
            taken = supply.driver.taken(static_J, fed_J, fed_J + springs_J, delivered_C)
        ledger.amplifiers_J += taken.amplifiers_J
        ledger.drivers_J += taken.drivers_J
        self._control(time_s)

    def wait(self, time_s: float) -> None:
        """Time in which nothing is presented."""
        self.ledger.settle_time_s += time_s
        self._standing[:] = 0.0

    def computed(self, result: Settled, alive: NDArray[np.bool_]) -> None:
        """What an engine spent on rows, and which of those `alive` at its start diverged."""
        self.ledger.rows_diverged += int(np.count_nonzero(result.diverged & alive))
        self.ledger.evaluations += result.n_evaluations
        self.ledger.steps += result.n_steps

    def refused(self, rows: NDArray[np.bool_]) -> None:
        """Rows of which an operating point was not promised."""
        self.ledger.rows_refused += int(np.count_nonzero(rows))

    def settle(
        self, system: DrivenCircuit, before: Standing, after: Standing, time_s: float
    ) -> None:
        """A settle of `time_s` from one state to another, one row after another."""
        ledger, rows = self.ledger, len(after.u_V)
        springs, good = system.springs, np.isfinite(after.u_V).all(axis=1)
        early_s = np.minimum(self._early_s(system), time_s / 2)
        if not good.all():
            kept = np.flatnonzero(good)
            springs, before, after = springs.rows(kept), before.rows(kept), after.rows(kept)
        first, last = (
            _sums(dissipation_W(system.circuit, springs, *end)) for end in (before, after)
        )
        self._heat(first * (self._setting_s / rows), self._setting_s)
        self._heat(last * time_s - early_s * (last - first), time_s * rows)
        self._standing, self._setting_s = last / rows, 0.0
        ledger.settles += 1
        ledger.rows_settled += rows
        ledger.settle_time_s += time_s * rows

    def _early_s(self, system: DrivenCircuit) -> Array:
        """Time for which the power of each part is about that at a settle's start."""
        early_s = np.full(4, 3 * self._tau_s)
        stiff = system.springs.soft_S.mean() / system.circuit.leak_S.mean()
        early_s[1] = self._tau_s / (1 + stiff)
        return early_s

    def precharge(self, capacitance_F: Array, u_V: Array) -> None:
        """Nodes of these capacitances, (n,), charged to `u_V`, (rows, n)."""
        self.ledger.precharge_J += float(capacitance_F @ (u_V**2).sum(axis=0))

    def drive(
        self,
        target: Array,
        n_clipped: int,
        bits: int | None,
        n_turns: int = 1,
        kind: Setting = "dac",
    ) -> None:
        """Sources of so many bits set for every row, (rows, n), in turns; some values clipped."""
        ledger = self.ledger
        ledger.converted(kind, target.size, n_clipped)
        if self._supply is not None:
            ledger.dac_J += self._supply.setting_J(bits) * target.size
            time_s = self._supply.drive_s * n_turns * len(target)
            ledger.drive_time_s += time_s
            self._setting_s += time_s

    def read(
        self, rows: int, values: int, by: Converters, n_clipped: int, kind: Reading = "adc"
    ) -> None:
        """So many values of every row, of which some clipped."""
        ledger, conversions = self.ledger, by.conversions * rows * values
        ledger.converted(kind, conversions, n_clipped)
        if self._supply is not None:
            ledger.adc_J += self._supply.reading_J(by.bits) * conversions
            n_turns = by.conversions * by.turns(values) * rows
            time_s = self._supply.turn_s(by.bits) * n_turns
            ledger.read_time_s += time_s
            self._heat(self._standing * time_s, time_s)

    def program(self, count: WriteCount, weights_clipped: int = 0) -> None:
        """One writing of the devices to their targets."""
        self._write(count)
        self.ledger.programs += 1
        self.ledger.weights_clipped += weights_clipped

    def tune(self, count: WriteCount, clipped: int) -> None:
        """One programming of what nodes are tuned to."""
        self._write(count)
        self.ledger.weights_clipped += clipped

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
        self._control(time_s)
