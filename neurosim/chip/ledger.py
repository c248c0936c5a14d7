"""What ONE chip would spend: its clock and its counters, and what the simulation spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from neurosim.blocks.trees import plain

__all__ = ["Ledger"]

# What version 0.1.0 called a field, in its checkpoints and tables.
_FORMER = {"settle_time_s": "chip_time_s"}


@dataclass
class Ledger:
    """Running totals of a chip; every field only grows.

    Attributes
    ----------
    settle_time_s : float
        Time in which one chip settles, rows after one another: rows x settling time, and what the
        host has let it wait. Drift goes by this clock. The whole time is the property `time_s`.
    drive_time_s, read_time_s, write_time_s : float
        Time for setting sources, reading and writing, where the profile's supply gives it.
    couplings_J, springs_J, leaks_J, precharge_J, amplifiers_J, controller_J, drivers_J : float
        Energy of the parts that work while time passes: see `neurosim.chip.meter`.
    dac_J, adc_J, writes_J : float
        Energy of conversions and write pulses.
    settles, programs : int
        Calls of `settle` (a batch counts once) and of `program`.
    rows_settled : int
        Settles of one chip: rows x calls.
    device_writes : int
        Devices whose target changed and that were written anew.
    write_pulses : int
        Pulses that these writes took, those of verify loops included.
    writes_failed : int
        Writes that a verify loop gave up: the last try stays.
    pulses : int
        Pulses that devices took, up or down.
    pairs_refreshed : int
        Pairs of rising devices that had no room left and were written anew.
    dac_conversions, injector_conversions : int
        Voltages and currents set.
    adc_conversions, difference_conversions, ammeter_conversions, correlator_conversions : int
        Voltages, amplified differences of voltages, currents and sums of products read.
    dac_clipped, injector_clipped, adc_clipped, difference_clipped, ammeter_clipped : int
        Values beyond the range of such a converter; they saturate as on the chip.
    correlator_clipped : int
        The same of sums.
    weights_clipped : int
        Weights beyond the full scale.
    rows_diverged : int
        Rows that left all bounds; they read NaN.
    rows_refused : int
        Rows of which the operating point could not be promised: a long transient took its place.
    evaluations, steps : int
        Of the right-hand side and of the solver, for a mean row: simulation effort.
    """

    settle_time_s: float = 0.0
    drive_time_s: float = 0.0
    read_time_s: float = 0.0
    write_time_s: float = 0.0
    couplings_J: float = 0.0
    springs_J: float = 0.0
    leaks_J: float = 0.0
    precharge_J: float = 0.0
    amplifiers_J: float = 0.0
    controller_J: float = 0.0
    drivers_J: float = 0.0
    dac_J: float = 0.0
    adc_J: float = 0.0
    writes_J: float = 0.0
    settles: int = 0
    rows_settled: int = 0
    programs: int = 0
    device_writes: int = 0
    write_pulses: int = 0
    writes_failed: int = 0
    pulses: int = 0
    pairs_refreshed: int = 0
    dac_conversions: int = 0
    injector_conversions: int = 0
    adc_conversions: int = 0
    difference_conversions: int = 0
    ammeter_conversions: int = 0
    correlator_conversions: int = 0
    dac_clipped: int = 0
    injector_clipped: int = 0
    adc_clipped: int = 0
    difference_clipped: int = 0
    ammeter_clipped: int = 0
    correlator_clipped: int = 0
    weights_clipped: int = 0
    rows_diverged: int = 0
    rows_refused: int = 0
    evaluations: int = 0
    steps: int = 0

    @property
    def energy_J(self) -> float:
        """All items together."""
        return sum(self.energy_items().values())

    def converted(self, by: str, n: int, n_clipped: int) -> None:
        """So many conversions by a kind of converter, such as ``adc``, some of them clipped."""
        for name, more in ((f"{by}_conversions", n), (f"{by}_clipped", n_clipped)):
            setattr(self, name, getattr(self, name) + more)

    @property
    def time_s(self) -> float:
        """Everything: settling and waiting, setting, reading and writing."""
        return self.settle_time_s + self.drive_time_s + self.read_time_s + self.write_time_s

    def energy_items(self) -> dict[str, float]:
        """Energy by item, without the suffix of its name."""
        return {
            f.name.removesuffix("_J"): getattr(self, f.name)
            for f in fields(self)
            if f.name.endswith("_J")
        }

    def copy(self) -> Ledger:
        """Totals as they stand."""
        return Ledger(**asdict(self))

    def totals(self) -> dict[str, float]:
        """Every field, and time_s and energy_J in all, as Python's own numbers."""
        found: dict[str, float] = plain(asdict(self))
        return found | {"time_s": float(self.time_s), "energy_J": float(self.energy_J)}

    def since(self, earlier: Ledger) -> dict[str, float]:
        """What was added to `totals` since `earlier`, by name."""
        before = earlier.totals()
        return {name: value - before[name] for name, value in self.totals().items()}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Ledger:
        """Totals as a checkpoint holds them, of version 0.1.0 too."""
        return cls(**cls.renamed(kept))

    @staticmethod
    def renamed(kept: Mapping[str, Any]) -> dict[str, Any]:
        """`kept` under today's names."""
        today = {former: name for name, former in _FORMER.items()}
        return {today.get(name, name): value for name, value in kept.items()}

    @staticmethod
    def with_former_names(row: Mapping[str, Any]) -> dict[str, Any]:
        """`row` and, for a table that version 0.1.0 began, the same under its names."""
        return {**row, **{former: row[name] for name, former in _FORMER.items()}}
