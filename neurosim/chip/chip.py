"""The simulated chip: a die behind converters, with a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.bank import DeviceBank, WriteCount
from neurosim.chip.die import Die, data_sheet
from neurosim.chip.drive import Sources
from neurosim.chip.fluctuations import DeviceFluctuations
from neurosim.chip.interface import DataSheet
from neurosim.chip.ledger import Ledger
from neurosim.chip.meter import Meter
from neurosim.chip.nodes import Nodes
from neurosim.chip.reader import Reader
from neurosim.circuit import Circuit, DrivenCircuit
from neurosim.errors import DataError
from neurosim.network import Weights
from neurosim.profile import Profile, load_profile
from neurosim.solvers import Engine
from neurosim.streams import Streams

__all__ = ["Chip"]

Array = NDArray[np.float64]


@dataclass
class _Draws:
    """How often each noisy action has happened: the address of its next random draw."""

    program: int = 0
    drive: int = 0
    settle: int = 0
    read: int = 0
    store: int = 0


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

    Attributes
    ----------
    ledger : Ledger
        Running totals.
    circuit : Circuit
        Of the devices as they were last used.

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
    ) -> None:
        if isinstance(profile, str | Path):
            profile = load_profile(profile)
        if not isinstance(profile, Profile):
            raise DataError(
                f"Chip.profile must be a profile or the name of one, but is {profile!r}; load one "
                "with load_profile."
            )
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise DataError(f"Chip.seed must be a whole number of at least 0, but is {seed!r}.")
        if engine is not None and not isinstance(engine, Engine):
            raise DataError(
                f"Chip.engine must be an engine, such as Transient() of neurosim.solvers, but is "
                f"{engine!r}; leave it out for the profile's own."
            )
        self.profile, self.seed = profile, int(seed)
        self.engine: Engine = profile.settling if engine is None else engine
        self.die = Die(profile, seed)
        self.ledger, self._meter = Ledger(), Meter(profile, self.die.layers.n_nodes)
        self._streams = Streams(seed)
        self._draws = _Draws()
        self._reader = Reader(profile, self.die, self._streams, self._meter)
        self._sources = Sources(profile, self.die, self._streams, self._meter)
        self._nodes = Nodes(profile, self.die, self._streams, n_threads)
        self.bank = DeviceBank(profile, self.die.devices, self._streams)
        self._fluctuations: DeviceFluctuations | None = None
        if profile.device_noise is not None and not profile.device_noise.silent:
            self._fluctuations = DeviceFluctuations(profile.device_noise, self.die, self._streams)
        # Clock of the middle row of a batch, by which devices age: the time since its precharge,
        # and how long a row of the batch before took, for rows come one after another.
        self._now_s = self._presented_s = self._row_s = 0.0
        self._use_devices()

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.profile.layers))
        return f"Chip({self.profile.name!r}, seed {self.seed}, {sizes})"

    def _use_devices(self) -> None:
        """Make the circuit of the devices as they are at this time."""
        self._devices_S = self.bank.conductance_S(self._now_s)
        self.circuit = self.die.circuit(self._devices_S)
        self._released: Circuit | None = None

    @cached_property
    def data_sheet(self) -> DataSheet:
        """Nominal values."""
        return data_sheet(self.profile, self.die.layers, self.bank.pulse_weight)

    def program(self, weights: Weights) -> None:
        """Write every device whose target has changed; the others keep what they hold."""
        target_S, n_clipped = self.bank.target(weights)
        self.write(target_S)
        self.ledger.weights_clipped += n_clipped

    def write(self, target_S: Array) -> None:
        """As `program`, from conductances in the order of `die.devices`."""
        self._now_s = self.ledger.settle_time_s
        self._written(self.bank.program(target_S, self._now_s, self._draws.program))
        self.ledger.programs += 1

    def pulse(self, counts: Weights) -> None:
        """Give each pair its pulses, and write anew the pairs that have no room left."""
        self._need(self.profile.pulse is not None, "pulse", "devices that take pulses")
        self._now_s, index = self.ledger.settle_time_s, self._draws.program
        n_pulses = self.bank.pulse(counts, self._now_s, index)
        self.ledger.pulses += n_pulses
        self._meter.pulses(self.ledger, n_pulses)
        count = self.bank.refresh_worn(self._now_s, index)
        self.ledger.pairs_refreshed += count.devices // 2
        self._written(count)

    def refresh(self) -> None:
        """Write every device to its target again."""
        self._now_s = self.ledger.settle_time_s
        self._written(self.bank.refresh(self._now_s, self._draws.program))
        self.ledger.programs += 1

    def _written(self, count: WriteCount) -> None:
        self._use_devices()
        self._draws.program += 1
        self.ledger.device_writes += count.devices
        self.ledger.write_pulses += count.pulses
        self._meter.pulses(self.ledger, count.pulses)
        self.ledger.writes_failed += count.failed

    def wait(self, time_s: float) -> None:
        """Let time pass with nothing presented; the nodes' state is lost."""
        if not 0 <= time_s < np.inf:
            raise DataError(f"Chip.wait needs a finite time of at least 0 s, but got {time_s:g} s.")
        self.ledger.settle_time_s += time_s
        self._nodes.lose()
        self._sources.springs = None
        self._reader.forget()

    def precharge(self, visible_V: Array) -> None:
        """Visible nodes to these voltages, hidden nodes to 0 V."""
        _, actual_V = self._sources.convert(self.ledger, visible_V, self._draws.drive)
        self._draws.drive += 1
        self._nodes.precharge(self.circuit, actual_V)
        self._meter.precharge(self.ledger, self.circuit.capacitance_F, self.u_V)
        self._sources.springs = None
        self._reader.forget()
        self._row_s, self._presented_s = self._presented_s or self._row_s, 0.0
        self._now_s = self.ledger.settle_time_s + (len(actual_V) - 1) / 2 * self._row_s
        if self._fluctuations is not None:
            self._fluctuations.precharge()

    @property
    def u_V(self) -> Array:
        """True node voltages, (rows, n_nodes): for instruments; a host reads through the ADC."""
        return self._nodes.u_V

    @property
    def output_V(self) -> Array:
        """True outputs, (rows, n_nodes): for instruments."""
        return self._nodes.output_V(self.circuit)

    @property
    def residual(self) -> Array:
        """Largest rate of a node at the last settle's end, (rows,), in unit voltages per tau."""
        return self._nodes.residual

    def drive(
        self, target_V: Array, conductance_S: float, held: NDArray[np.bool_] | None = None
    ) -> Array:
        """Springs of this conductance to these voltages; the nodes of `held` rigidly at them."""
        held = self._sources.mask(held, default=False)
        index = self._draws.drive
        nominal_V = self._sources.drive(self.ledger, target_V, conductance_S, held, index)
        self._place()
        return nominal_V

    def clamp(self, target_V: Array, held: NDArray[np.bool_] | None = None) -> Array:
        """Visible nodes rigidly at these voltages; with `held` only those, the others free."""
        held = self._sources.mask(held, default=True)
        if not held.any():
            self.release()
            return target_V
        nominal_V = self._sources.clamp(self.ledger, target_V, held, self._draws.drive)
        self._place()
        return nominal_V

    def release(self) -> None:
        """Visible nodes free, on their large capacitors."""
        self._sources.springs = None

    def _place(self) -> None:
        """One more drive is done: nodes that are held rigidly go to where their sources are."""
        self._draws.drive += 1
        self._nodes.place(self._sources.springs)

    def system(self) -> DrivenCircuit:
        """The circuit as it is driven now, for the engines and for instruments."""
        circuit = self.circuit
        if self._sources.released:
            if self._released is None:
                self._released = self.die.released(circuit)
            circuit = self._released
        thermal = self.profile.thermal
        return DrivenCircuit(
            circuit,
            self._sources.of_rows(len(self.u_V)),
            self.profile.node.tau_s,
            thermal.temperature_K,
            thermal.amplifier_excess,
            thermal.flicker_corner_Hz,
        )

    def settle(self, time_s: float) -> None:
        """Let every row run for `time_s`.

        Rows come one after another, each with all its phases: the devices are as old as they are
        when the middle row reaches this phase, if a row takes as long as those of the batch before.
        """
        if not time_s > 0 or not len(self.u_V):
            raise DataError(
                f"Chip.settle needs a time above 0 s and at least one row, but has {time_s:g} s "
                f"and {len(self.u_V)} rows; precharge first."
            )
        if self.bank.is_stale(self._now_s):
            self._use_devices()
        system, before_V = self.system(), self.u_V
        # A released chip is read on its way: where it would come to rest is not the question.
        engine = self.engine.along_the_way if self._sources.released else self.engine
        current_A = self._noise_currents(system.circuit, time_s)
        self._nodes.settle(self.ledger, system, time_s, engine, current_A, self._draws.settle)
        self._now_s += time_s
        self._presented_s += time_s
        self._draws.settle += 1
        ledger = self.ledger
        self._meter.settle(ledger, system, before_V, self.u_V, time_s)
        ledger.settles += 1
        ledger.rows_settled += len(self.u_V)
        ledger.settle_time_s += time_s * len(self.u_V)

    def _noise_currents(self, circuit: Circuit, time_s: float) -> Callable[[Array], Array] | None:
        """Device noise of this settle; a released node follows no faster than its capacitor."""
        if self._fluctuations is None:
            return None
        sheet = self.data_sheet
        tau_s = sheet.release_tau_s if self._sources.released else sheet.tau_s
        index, rows = self._draws.settle, len(self.u_V)
        return self._fluctuations.currents(circuit, self._devices_S, time_s, tau_s, index, rows)

    def store(self) -> None:
        """Sample every node onto its hold capacitor, with the noise kT/C of that switch."""
        self._need(self.data_sheet.has_hold, "store", "hold capacitors")
        self._nodes.store(self._draws.store)
        self._reader.sample(self.output_V, self._draws.store)
        self._draws.store += 1

    def recall(self) -> None:
        """Charge every node to its stored voltage."""
        self._nodes.recall(self.circuit)

    def read(self) -> Array:
        """Output voltages [V] of all nodes through the ADC."""
        return self._reader.read(self.ledger, self.output_V, self._next_read())

    def read_difference(self) -> Array:
        """Outputs less those at the last `store` [V]."""
        self._need(self._reader.has_sample, "read_difference", "a sample")
        return self._reader.read_difference(self.ledger, self.output_V, self._next_read())

    def read_visible(self) -> Array:
        """Output voltages [V] of the visible nodes through the ADC."""
        visible_V = self.output_V[:, self.die.layers.visible]
        return self._reader.read(self.ledger, visible_V, self._next_read())

    def _next_read(self) -> int:
        self._draws.read += 1
        return self._draws.read - 1

    def correlate(self, sign: int) -> None:
        """Products of outputs onto the accumulators (+1) or off them (-1), in turn."""
        self._need(self.data_sheet.has_correlator, "correlate", "correlators")
        self._reader.correlate(self.output_V, sign)

    def read_correlator(self) -> tuple[Weights, int]:
        """Sums of products [V^2] and the rows in them; the accumulators start anew."""
        self._need(self.data_sheet.has_correlator, "read_correlator", "correlators")
        return self._reader.read_correlator(self.ledger)

    def sense(self) -> Array:
        """Currents [A] from the sources into the visible nodes, through the ammeter's ADC."""
        has_sense, springs = self.data_sheet.has_current_sense, self._sources.springs
        self._need(has_sense and springs is not None, "sense", "a driven ammeter")
        assert springs is not None
        current_A = self.circuit.source_current_A(self.u_V, springs)
        if self._nodes.injected_A is not None and springs.clamped:
            injected_A = self._nodes.injected_A[:, self.die.layers.visible]
            current_A = current_A - np.where(springs.held, injected_A, 0.0)
        return self._reader.sense(self.ledger, current_A)

    def _need(self, present: bool, call: str, what: str) -> None:
        if not present:
            raise DataError(
                f"Chip.{call} needs {what}, but {self.profile.name} has none now; choose another "
                "mode or profile."
            )

    @property
    def devices_S(self) -> Array:
        """Conductance of every device as it was last used, drift included, without mismatch."""
        return self._devices_S

    def programmed_S(self) -> tuple[Array, Array]:
        """Target and achieved conductance of every device, in the order of `die.devices`."""
        return self.bank.target_S, self.bank.written_S

    def state(self) -> dict[str, Any]:
        """Everything that later behaviour depends on, besides profile and seed."""
        return {
            **self.bank.state(),
            **self._reader.state(),
            "draws": asdict(self._draws),
            "ledger": asdict(self.ledger),
            "row_s": self._presented_s or self._row_s,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state` of a chip with the same profile and seed."""
        self.bank.restore(state)
        self._reader.restore(state)
        self._draws, self.ledger = _Draws(**state["draws"]), Ledger.restored(state["ledger"])
        self._now_s, self._row_s = self.bank.seen_at_s, float(state["row_s"])
        self._presented_s = 0.0
        self._use_devices()
