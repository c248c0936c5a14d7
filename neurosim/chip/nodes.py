"""The nodes of a die: their voltages, row by row, and the engines that move them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.arrays import NUMPY, Arrays
from neurosim.chip.die import Die
from neurosim.chip.fluctuations import flicker_source
from neurosim.chip.hold import Hold
from neurosim.chip.interface import Others
from neurosim.chip.meter import Meter
from neurosim.chip.remembered import Remembered, Standing
from neurosim.circuit import Circuit, DrivenCircuit, Springs
from neurosim.profile import Profile
from neurosim.solvers import Engine, FlickerSource, settle
from neurosim.streams import Streams

__all__ = ["Nodes"]

Array = NDArray[np.float64]
Generators = dict[int, np.random.Generator]


class Nodes:
    """Node voltages of a batch, from one precharge to the next.

    Parameters
    ----------
    profile : Profile
    die : Die
    streams : Streams
        Draws of a settle come from `thermal` and `flicker`, of a store from `hold`.
    meter : Meter
        Counts what the engines spend, and the rows that diverge or are refused.
    n_threads : int, optional
        Threads that settle a batch; by default one for each processor.
    arrays : Arrays, optional
        Where a batch is settled.

    Attributes
    ----------
    injected_A : ndarray, shape (rows, n_nodes), or None
        Current of the last settle that no conductance carries: of injectors and device noise.
    residual : ndarray, shape (rows,)
        Largest rate of a node at the end of the last settle, in unit voltages per tau.
    """

    def __init__(
        self,
        profile: Profile,
        die: Die,
        streams: Streams,
        meter: Meter,
        n_threads: int | None = None,
        arrays: Arrays = NUMPY,
    ) -> None:
        self._profile, self._streams, self._meter = profile, streams, meter
        self._n_threads, self._arrays = n_threads, arrays
        self._n_settles, self._hold = 0, Hold(profile, streams)
        self._layers, self._since_s = die.layers, 0.0
        self.u_V = np.zeros((0, self._layers.n_nodes))
        self.residual = np.zeros(0)
        self.injected_A: Array | None = None
        self._lagging_V: Array | None = None
        self._flicker: FlickerSource | None = None
        self._remembered = Remembered()

    def output_V(self, circuit: Circuit) -> Array:
        """True outputs, or phases within half a turn, (rows, n_nodes)."""
        if self._lagging_V is None or circuit.passive:
            return self._remembered.reading_V(circuit, self.u_V)
        return self._lagging_V

    @property
    def u_V(self) -> Array:
        """True node voltages, (rows, n_nodes); other ones are another array."""
        return self._u_V

    @u_V.setter
    def u_V(self, u_V: Array) -> None:
        u_V.flags.writeable = False
        self._u_V = u_V

    def standing(self, circuit: Circuit) -> Standing:
        """The nodes' state."""
        return self._remembered.standing(circuit, self.u_V)

    def source_current_A(self, circuit: Circuit, springs: Springs) -> Array:
        """Current from each source into its node, (rows, n), as at the last settle's end."""
        return circuit.source_current_A(self.u_V, springs, self.injected_A)

    def lose(self) -> None:
        """No row is left."""
        self._remembered.forget()
        self.u_V, self._lagging_V = np.zeros((0, self._layers.n_nodes)), None
        self._flicker = None
        self._hold.forget()

    def precharge(
        self,
        circuit: Circuit,
        nodes: NDArray[np.intp],
        charged_V: Array,
        others: Others = "zero",
    ) -> None:
        """These nodes to these voltages, (rows, n), all others to 0 V, or where `others` says.

        At random are phases within half a turn, and voltages within a unit.
        """
        shape = len(charged_V), self._layers.n_nodes
        u_V, lagging_V = np.zeros(shape), None
        if others == "kept":  # A row that has diverged begins at 0 V.
            u_V = np.nan_to_num(self.u_V, nan=0.0, posinf=0.0, neginf=0.0)
            lagging_V = self._lagging_V
        if others == "random":
            most_V = np.pi * circuit.radian_V if circuit.oscillating else circuit.amplifiers.unit_V
            rng = self._streams.generator("start", self._n_settles)
            u_V = rng.uniform(-1, 1, shape) * most_V
        u_V[:, nodes] = charged_V
        self.u_V = u_V
        self._follow(circuit)
        if lagging_V is not None and self._lagging_V is not None:
            stay = np.isfinite(lagging_V)
            stay[:, nodes] = False
            self._lagging_V = np.where(stay, lagging_V, self._lagging_V)
        self._flicker, self.injected_A, self._since_s = None, None, 0.0
        self._hold.forget()

    def _follow(self, circuit: Circuit) -> None:
        """Lagging outputs to what they tend to."""
        if circuit.amplifier_tau_s:
            self._lagging_V = self._remembered.reading_V(circuit, self.u_V)

    def place(self, springs: Springs | None) -> None:
        """Nodes that are held rigidly go to where their sources are."""
        if springs is not None and springs.clamped:
            held_V = self.u_V.copy()
            held_V[:, springs.held_nodes] = springs.target_V[:, springs.held]
            self.u_V = held_V

    def store(self) -> None:
        """Sample every node onto its hold capacitor, with the noise kT/C of that switch."""
        self._hold.store(self.u_V)

    def recall(self, circuit: Circuit) -> None:
        """Charge every node to its stored voltage.

        Raises
        ------
        DataError
            Nothing was stored since the last precharge.
        """
        self.u_V = self._hold.recall()
        self._follow(circuit)

    def settle(
        self,
        system: DrivenCircuit,
        time_s: float,
        engine: Engine,
        current_A: Callable[[Array], Array] | None,
    ) -> None:
        """Let every row run for `time_s`.

        Parameters
        ----------
        system : DrivenCircuit
        time_s : float
        engine : Engine
        current_A : callable or None
            Device noise [A] into each node, for node voltages of shape (rows, n_nodes).
        """
        thermal: Generators = {}
        self.injected_A = given_A = system.injected_A
        if current_A is None:
            refused = np.zeros(len(self.u_V), dtype=bool)
            for k, (stage, part_s) in enumerate(system.stages(self._since_s, time_s)):
                refused |= self._run(stage, part_s, engine, thermal, goes_on=k > 0)
        else:
            # The voltages across the devices set their noise: as at the start, then as half-way.
            refused = np.zeros(len(self.u_V), dtype=bool)
            for half in range(2):
                whole = np.isfinite(self.u_V).all()
                noise_A = current_A(self.u_V if whole else np.nan_to_num(self.u_V))
                self.injected_A = noise_A if given_A is None else given_A + noise_A
                noisy = replace(system, injected_A=self.injected_A)
                refused |= self._run(noisy, time_s / 2, engine, thermal, goes_on=half > 0)
        self._meter.refused(refused)
        self._n_settles += 1
        self._since_s += time_s

    def _run(
        self,
        system: DrivenCircuit,
        time_s: float,
        engine: Engine,
        thermal: Generators,
        goes_on: bool = False,
    ) -> NDArray[np.bool_]:
        """Run the engine, the `thermal` noise of each chunk going on where it was; rows refused."""

        def noise_of(chunk: int) -> np.random.Generator:
            if chunk not in thermal:
                thermal[chunk] = self._streams.generator("thermal", self._n_settles, chunk)
            return thermal[chunk]

        # A row that has diverged stays NaN until the next precharge; it must not reach a solver.
        state_V, n = self.u_V, self._layers.n_nodes
        if self._lagging_V is not None:
            state_V = np.concatenate([state_V, self._lagging_V], axis=1)
        alive = np.asarray(np.isfinite(state_V).all(axis=1))
        result = settle(
            system,
            state_V if alive.all() else np.where(alive[:, None], state_V, 0.0),
            time_s,
            engine,
            noise_of=noise_of,
            n_threads=self._n_threads,
            flicker=self._flicker_source(engine),
            arrays=self._arrays,
            goes_on=goes_on,
        )
        ended_V = result.u_V
        ended_V[~alive] = np.nan
        self.u_V = ended_V[:, :n]
        if self._lagging_V is not None:
            self._lagging_V = ended_V[:, n:]
        self.residual = result.residual
        self._meter.computed(result, alive)
        return result.refused

    def state(self) -> dict[str, Any]:
        """What later settles depend on, between two presentations."""
        return {"draws": {"settle": self._n_settles, "store": self._hold.n_stores}}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._n_settles, self._hold.n_stores = (
            int(state["draws"][name]) for name in ("settle", "store")
        )

    def _flicker_source(self, engine: Engine) -> FlickerSource | None:
        """The amplifiers' 1/f noise, which goes on until the next precharge."""
        if self._flicker is None:
            self._flicker = flicker_source(self._profile, engine, self._streams, self._n_settles)
        return self._flicker
