"""How long is long enough, of every way of drawing, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.blocks.units import format_quantity
from neurosim.safe_text import counted
from neurosim.sweeps.knees import Knee

__all__ = ["SHOWN", "design_value", "knee_table"]

# Ways of drawing that somebody can choose; the others are compared with.
SHOWN = {"alone": "alone", "stepped": "stepped by its host", "read": "asked once"}
_SETS = {"alone": "deploy.release_ratio", "stepped": "sampling.settle_tau"}


def knee_table(
    found: Mapping[str, Knee],
    rows: Sequence[Mapping[str, Any]],
    figure: str,
    floors: Mapping[str, Mapping[str, float]],
    of: str = "seed",
) -> tuple[list[str], list[list[str]]]:
    """Head and cells: settling in C/g, its interval, time, energy, what is set for it, the best.

    Parameters
    ----------
    found : mapping from str to Knee
    rows : sequence of mapping
        Of the sweep.
    figure : str
        That is compared.
    floors : mapping
        Figures of what needs no chip, by its name.
    of : str
        What there are several of: seeds, or draws of one chip.
    """
    shown = {way: found[way] for way in SHOWN if way in found}
    seeds = {knee.seeds for knee in shown.values()}
    whose = f" of {counted(next(iter(seeds)), of)}" if len(seeds) == 1 else ""
    head = ["drawn", "C/g", f"95 %{whose}", "time", "energy", "set to"]
    cells = [[way, *_cells(way, knee, rows)] for way, knee in shown.items()]
    own = [(name, row[figure]) for name, row in floors.items() if figure in row]
    cells += [[name, *[""] * 5, f"{value:.3g}"] for name, value in own]
    return [*head, "best"], cells


def _cells(way: str, knee: Knee, rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    known, bound = np.isfinite(knee.low), "<= " if knee.at_once else ""
    return (
        f"{'>= ' if knee.at_least else bound}{knee.tau:.3g}",
        f"{knee.low:.3g} to {knee.high:.3g}" if known else "",
        format_quantity(knee.time_s, "s", 3),
        format_quantity(knee.energy_J, "J", 3),
        design_value(way, knee, rows),
        f"{knee.best:.3g}",
    )


def design_value(way: str, knee: Knee, rows: Sequence[Mapping[str, Any]]) -> str:
    """What a designer sets for that length, between the lengths that were tried; may be empty."""
    column = _SETS.get(way, "")
    own = sorted(
        (float(row["sample_tau"]), float(row[column]))
        for row in rows
        if column in row and row[column] != "" and str(row["drawn"]).startswith(f"{way},")
        and row["sample_tau"] != ""
    )  # fmt: skip
    if not own:
        return ""
    value = float(np.exp(np.interp(np.log(knee.tau), *np.log(np.array(own)).T)))
    return f"C_x/C_h {value:.2g}" if way == "alone" else f"step {value:.2g} C/g"
