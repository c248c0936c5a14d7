"""The simulated chip: a die behind converters, with a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.chip.assembly import Assembly
from neurosim.chip.bank import DeviceBank
from neurosim.chip.clock import Clock
from neurosim.chip.die import Die, data_sheet
from neurosim.chip.drive import CurrentSources, Sources
from neurosim.chip.interface import DataSheet, Others
from neurosim.chip.ledger import Ledger
from neurosim.chip.meter import Meter
from neurosim.chip.nodes import Nodes
from neurosim.chip.reader import Reader
from neurosim.chip.refusals import (
    Ask,
    check_kept,
    check_made_of,
    check_settle,
    check_wait,
    need,
    profile_of,
)
from neurosim.circuit import Circuit, DrivenCircuit, check_answers
from neurosim.machines import arrays_on
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.solvers import Engine
from neurosim.streams import Streams
from neurosim.tuned import Tuned

__all__ = ["Chip"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Chip:
    """A chip made to a profile; satisfies `neurosim.chip.interface.ChipInterface`.

    Parameters
    ----------
    profile : Profile or str
        A name or path is that of a profile, see `neurosim.profile.load_profile`.
    seed : int
        Which die, and every noise on it.
    engine : Engine, optional
        What computes a settle, instead of the profile's `settling`; an object of one's own too.
    n_threads : int, optional
        Threads that settle a batch; by default one for each processor.
    device : str, optional
        Where a batch is settled, no more: ``cpu`` or ``cuda``, see `neurosim.machines.arrays_on`.

    Raises
    ------
    DataError
        The profile, the seed or the engine is something else.

    Examples
    --------
    >>> Chip("cmos_rc_6bit", seed=3)
    Chip('cmos_rc_6bit', seed 3, 64-128-128)
    """

    def __init__(
        self,
        profile: Profile | str | Path,
        seed: int = 0,
        engine: Engine | None = None,
        n_threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        check_made_of(seed, engine, n_threads, device)
        self.profile, self.seed, self.device = (profile := profile_of(profile)), int(seed), device
        self.engine: Engine = profile.settling if engine is None else engine
        self.die, streams = Die(profile, seed), Streams(seed)
        self._clock, self._meter = Clock(), Meter(profile, self.die.layers.n_nodes)
        self.bank = DeviceBank(profile, self.die.devices, streams, self._clock)
        self._sources = Sources(profile, self.die, streams, self._meter)
        self._injectors = CurrentSources(profile, self.die, streams, self._meter)
        self._nodes = Nodes(profile, self.die, streams, self._meter, n_threads, arrays_on(device))
        self._reader = Reader(profile, self.die, streams, self._meter)
        self._assembly = Assembly(profile, self.die, self.bank, streams)
        check_answers(self.circuit.law, self.circuit.amplifiers, self.circuit.n_nodes)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.profile.layers))
        return f"Chip({self.profile.name!r}, seed {self.seed}, {sizes})"

    @property
    def _parts(self) -> tuple[DeviceBank, Sources, CurrentSources, Nodes, Reader]:
        """Parts with a state of their own between two presentations."""
        return self.bank, self._sources, self._injectors, self._nodes, self._reader

    @property
    def circuit(self) -> Circuit:
        """Of the devices as they were last seen."""
        return self._assembly.circuit

    @property
    def ledger(self) -> Ledger:
        """Running totals."""
        return self._meter.ledger

    @cached_property
    def data_sheet(self) -> DataSheet:
        """Nominal values."""
        return data_sheet(self.profile, self.die.layers, self.bank.pulse_weight)

    @checked(weights=Ask.WEIGHTS)
    def program(self, weights: Weights) -> None:
        """Write every device whose target has changed; the others keep what they hold."""
        self.write(*self.bank.target(weights))

    def write(self, target_S: Array, n_clipped: int = 0) -> None:
        """As `program`, from conductances in the order of `die.devices`, some of them clipped."""
        self._clock.set(self.ledger.settle_time_s)
        self._meter.program(self.bank.program(target_S), n_clipped)
        self._assembly.renew()

    @checked(counts=Ask.WEIGHTS)
    def pulse(self, counts: Weights) -> None:
        """Give each pair its pulses, and write anew the pairs that have no room left."""
        need(self.profile, self.profile.pulse is not None, "pulse", "devices that take pulses")
        self._clock.set(self.ledger.settle_time_s)
        self._meter.pulse(*self.bank.pulse(counts))
        self._assembly.renew()

    def told_weights(self) -> Weights | None:
        """What devices were last told to hold; None where they have taken pulses."""
        return None if self.ledger.pulses else self.bank.told()

    @checked(tuned=Ask.TUNED)
    def tune(self, tuned: Tuned) -> None:
        """Program locking and natural frequency of every oscillator."""
        need(self.profile, self.profile.tuning is not None, "tune", "tuned oscillators")
        self._meter.tune(*self.bank.tune(tuned))
        self._assembly.renew()

    def refresh(self) -> None:
        """Write every device to its target again."""
        self._clock.set(self.ledger.settle_time_s)
        self._meter.program(self.bank.refresh())
        self._assembly.renew()

    @checked(time_s=Ask.TIME)
    def wait(self, time_s: float) -> None:
        """Let time pass with nothing presented; the nodes' state is lost."""
        check_wait(time_s)
        self._meter.wait(time_s)
        self._nodes.lose()
        self._let_go()

    @checked(target_V=Ask.ROWS)
    def precharge(self, target_V: Array, others: Others = "zero") -> None:
        """Nodes with sources to these voltages, all others to 0 V, or where `others` says."""
        check_kept(others, len(self.u_V), len(target_V))
        nodes, actual_V = self._sources.charge(target_V)
        self._let_go()
        self._nodes.precharge(self.circuit, nodes, actual_V, others)
        if not self.circuit.oscillating:  # A phase is set by no charge.
            self._meter.precharge(self.circuit.capacitance_F[nodes], actual_V)
        self._clock.precharge(self.ledger.settle_time_s, len(actual_V))
        self._assembly.precharge()

    def _let_go(self) -> None:
        """Nothing is driven, and there is nothing to compare a reading with."""
        self._sources.release()
        self._injectors.off()
        self._reader.forget()

    @property
    def u_V(self) -> Array:
        """True node voltages, (rows, n_nodes): for instruments; a host reads through the ADC.

        They are there to be looked at: the array cannot be written to, nor can that of `output_V`.
        """
        return self._nodes.u_V

    @property
    def output_V(self) -> Array:
        """True outputs, (rows, n_nodes): for instruments."""
        return self._nodes.output_V(self.circuit)

    @property
    def residual(self) -> Array:
        """Largest rate of a node at the last settle's end, (rows,), in unit voltages per tau."""
        return self._nodes.residual

    @checked(target_V=Ask.ROWS, conductance_S=Ask.SPRING)
    def drive(
        self, target_V: Array, conductance_S: float | Array, held: Mask | None = None
    ) -> Array:
        """Springs of these conductances to these voltages; the nodes of `held` rigidly at them."""
        nominal_V = self._sources.drive(target_V, conductance_S, held)
        self._nodes.place(self._sources.springs)
        return nominal_V

    @checked(target_V=Ask.ROWS)
    def clamp(self, target_V: Array, held: Mask | None = None) -> Array:
        """Nodes rigidly at these voltages; with `held` only those, the others free."""
        nominal_V = self._sources.clamp(target_V, held)
        self._nodes.place(self._sources.of_rows(len(self.u_V)))
        return nominal_V

    def release(self) -> None:
        """All sources let go: visible nodes run free on their large capacitors."""
        self._sources.release()

    @checked(current_A=Ask.ROWS)
    def inject(self, current_A: Array) -> Array:
        """These currents [A] into the nodes with injectors; those of oscillators are tuned."""
        need(self.profile, self.profile.injectors is not None, "inject", "injectors")
        return self._injectors.inject(current_A, len(self.u_V))

    def system(self) -> DrivenCircuit:
        """The circuit as it is driven now, for the engines and for instruments."""
        springs, injected_A = self._sources.of_rows(len(self.u_V)), self._injectors.current_A
        return self._assembly.driven(springs, injected_A, released=self._sources.released)

    @checked(time_s=Ask.TIME)
    def settle(self, time_s: float) -> None:
        """Let every row run for `time_s`, with the devices as old as its clock has them."""
        check_settle(time_s, len(self.u_V))
        if self.bank.is_stale():
            self._assembly.renew()
        system, before = self.system(), self._nodes.standing(self.circuit)
        engine, tau_s = self.engine, self.data_sheet.tau_s
        if self._sources.released:
            # It is read on its way: where it would come to rest is not the question.
            engine, tau_s = engine.along_the_way, self.data_sheet.release_tau_s
        noise = self._assembly.noise_currents(system, time_s, tau_s, len(self.u_V))
        self._nodes.settle(system, time_s, engine, noise)
        self._clock.settle(time_s)
        self._meter.settle(system, before, self._nodes.standing(self.circuit), time_s)

    def store(self) -> None:
        """Sample every node onto its hold capacitor, with the noise kT/C of that switch."""
        need(self.profile, self.data_sheet.has_hold, "store", "hold capacitors")
        self._nodes.store()
        self._reader.sample(self.output_V)

    def recall(self) -> None:
        """Charge every node to its stored voltage."""
        self._nodes.recall(self.circuit)

    @checked(layers=Ask.LAYERS)
    def read(self, layers: Sequence[int] | None = None) -> Array:
        """Output voltages [V] of all nodes, or of some layers' alone, through the ADC."""
        return self._reader.read(self.output_V, layers)

    def read_difference(self) -> Array:
        """Outputs less those at the last `store` [V]."""
        need(self.profile, self._reader.has_sample, "read_difference", "a sample")
        return self._reader.read_difference(self.output_V)

    def read_visible(self) -> Array:
        """Output voltages [V] of the visible nodes through the ADC."""
        return self._reader.read(self.output_V, (0,))

    @checked()
    def correlate(self, sign: int) -> None:
        """Products of outputs onto the accumulators (+1) or off them (-1), in turn."""
        need(self.profile, self.data_sheet.has_correlator, "correlate", "correlators")
        self._reader.correlate(self.output_V, sign)

    def read_correlator(self) -> tuple[Weights, int]:
        """Sums of products [V^2] and the rows in them; the accumulators start anew."""
        need(self.profile, self.data_sheet.has_correlator, "read_correlator", "correlators")
        return self._reader.read_correlator()

    @checked()
    def sense(self, nodes: NDArray[np.bool_] | None = None) -> Array:
        """Currents [A] from the sources into the nodes that were set last, by the ammeter.

        Of a mask `nodes`, (n,), only those are measured, and the others are 0.
        """
        springs = self._sources.springs if self.data_sheet.has_current_sense else None
        need(self.profile, springs is not None, "sense", "a driven ammeter")
        assert springs is not None
        return self._reader.sense(self._nodes.source_current_A(self.circuit, springs), nodes)

    @property
    def devices_S(self) -> Array:
        """Conductance of every device as it was last seen, drift included, without mismatch."""
        return self._assembly.devices_S

    def programmed_S(self) -> tuple[Array, Array]:
        """Target and achieved conductance of every device, in the order of `die.devices`."""
        return self.bank.target_S, self.bank.written_S

    def state(self) -> dict[str, Any]:
        """Everything that later behaviour depends on, besides profile and seed."""
        parts = [part.state() for part in self._parts]
        draws = {name: n for part in parts for name, n in part["draws"].items()}
        own = {"draws": draws, "ledger": asdict(self.ledger), "row_s": self._clock.row_s}
        return {name: value for part in parts for name, value in part.items()} | own

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state` of a chip with the same profile and seed."""
        for part in self._parts:
            part.restore(state)
        self._meter.ledger = Ledger.restored(state["ledger"])
        self._clock.restore(self.bank.seen_at_s, float(state["row_s"]))
        self._assembly.restore(state)
