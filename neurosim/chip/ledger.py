"""What ONE chip would spend: its clock and its counters, and what the simulation spent on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """Running totals of a chip; every field only grows.

    Attributes
    ----------
    chip_time_s : float
        Time that one chip needs, rows after one another: rows x settling time, and what the host
        has let it wait.
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
    dac_conversions, adc_conversions : int
        Voltages set and read.
    dac_clipped, adc_clipped, weights_clipped : int
        Values beyond the range; they saturate as on the chip.
    rows_diverged : int
        Rows that left all bounds; they read NaN.
    rows_refused : int
        Rows of which the operating point could not be promised: a long transient took its place.
    evaluations, steps : int
        Of the right-hand side and of the solver, for a mean row: simulation effort.
    """

    chip_time_s: float = 0.0
    settles: int = 0
    rows_settled: int = 0
    programs: int = 0
    device_writes: int = 0
    write_pulses: int = 0
    writes_failed: int = 0
    pulses: int = 0
    pairs_refreshed: int = 0
    dac_conversions: int = 0
    adc_conversions: int = 0
    dac_clipped: int = 0
    adc_clipped: int = 0
    weights_clipped: int = 0
    rows_diverged: int = 0
    rows_refused: int = 0
    evaluations: int = 0
    steps: int = 0

    def copy(self) -> Ledger:
        """Totals as they stand."""
        return Ledger(**asdict(self))

    def since(self, earlier: Ledger) -> dict[str, float]:
        """What was added since `earlier`, by name."""
        return {f.name: getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)}
