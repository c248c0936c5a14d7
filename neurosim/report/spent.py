"""What one chip took, as its ledger has it, in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.blocks.units import format_quantity

__all__ = ["shares", "totals"]

_LEDGER = {
    "time_s": "time on one chip",
    "settle_time_s": "of it settling and waiting",
    "energy_J": "energy of one chip",
    "settles": "settles, a batch counted once",
    "rows_settled": "settles of one chip",
    "programs": "times the weights were programmed",
    "device_writes": "devices written",
    "dac_conversions": "voltages set by DACs",
    "injector_conversions": "currents set by injectors",
    "adc_conversions": "voltages read by ADCs",
    "difference_conversions": "amplified differences read by ADCs",
    "ammeter_conversions": "currents read by ammeters",
    "correlator_conversions": "sums read by correlators",
    "dac_clipped": "voltages that clipped at the DACs' range",
    "injector_clipped": "currents that clipped at the injectors' range",
    "adc_clipped": "voltages that clipped at the ADCs' range",
    "difference_clipped": "amplified differences that clipped at the ADCs' range",
    "ammeter_clipped": "currents that clipped at the ammeters' range",
    "correlator_clipped": "sums that clipped at the correlators' range",
    "weights_clipped": "weights that clipped at full scale",
    "rows_diverged": "rows that diverged",
    "rows_refused": "rows without a promised operating point",
    "evaluations": "simulation: evaluations of a mean row's circuit",
    "steps": "simulation: solver steps",
}
_TIMES = {
    "settle_time_s": "settling and waiting",
    "drive_time_s": "setting voltages",
    "read_time_s": "reading",
    "write_time_s": "writing weights",
}


def totals(ledger: Mapping[str, float]) -> list[tuple[str, str]]:
    """Every total of a ledger: what it is of, and how much."""
    return [
        (
            label,
            format_quantity(ledger[k], k[-1]) if k[-2:] in ("_s", "_J") else f"{ledger[k]:,}",
        )
        for k, label in _LEDGER.items()
        if k in ledger
    ]


def shares(ledger: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Time and energy of one chip by part, the largest first: part, amount, share."""
    items = [(f"time: {label}", ledger.get(k, 0.0), "s") for k, label in _TIMES.items()]
    wholes = {"time_s", "energy_J", *_TIMES}
    items += [
        (f"energy: {k.removesuffix('_J')}", value, "J")
        for k, value in ledger.items()
        if k.endswith("_J") and k not in wholes
    ]
    out = []
    for unit in ("s", "J"):
        total = sum(value for _, value, u in items if u == unit)
        found = sorted((i for i in items if i[2] == unit and i[1] > 0), key=lambda i: -i[1])
        out += [(i[0], format_quantity(i[1], unit, 3), f"{i[1] / total:.1%}") for i in found]
    return out
