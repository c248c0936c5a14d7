"""The command `neurosim plan`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.common import (
    COUNT,
    FOLDER,
    JSON,
    check_output,
    opened,
    print_json,
    say,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.tables import WeightTable

__all__ = ["plan"]


def _table_of(path: Path) -> WeightTable:
    """The table of a run folder, or in a file."""
    from neurosim.folders import exists
    from neurosim.tables import read_table, table

    if not exists(path):
        raise DataError(f"{path} must be a run folder or the file of a weight table, but is none.")
    return table(opened(path).chip) if path.is_dir() else read_table(path)


@click.command()
@click.argument("after", type=FOLDER, metavar="RUN_OR_FILE")
@click.option("--from", "before", type=FOLDER, help="What the chip holds.  [weight 0 everywhere]")
@click.option("--to", "file", type=FOLDER, required=True, help="CSV file; - is standard output.")
@click.option("--lanes", type=COUNT, help="Devices at a time.  [the profile's writes_at_once]")
@JSON
def plan(after: Path, before: Path | None, file: Path, lanes: int | None, as_json: bool) -> None:
    """Plan how a chip is programmed from one weight table to the next.

    One line for each device whose target changes: its place, the window that the controller
    accepts, and the pulses and the energy to be expected from the profile's write law.
    """
    from neurosim.blocks.units import format_quantity
    from neurosim.outputs import write_text
    from neurosim.tables import plan as plan_writes
    from neurosim.tables import profile_of

    check_output(file, as_json, [".csv"])
    goal = _table_of(after)
    made = plan_writes(None if before is None else _table_of(before), goal, profile_of(goal), lanes)
    write_text(file, made.csv_text())
    if as_json:
        print_json({"file": str(file)} | made.facts)
        return
    facts = made.facts
    spent = [format_quantity(facts["time_s"], "s", 3), format_quantity(facts["energy_J"], "J", 3)]
    say(
        f"{file}: {counted(int(facts['devices']), 'device')}, {facts['lanes']} at a time, "
        f"{facts['pulses']:,.6g} pulses, "
        f"{', '.join(spent)}; {facts['failures']:.3g} will miss their window, {facts['faulty']} "
        "are faulty and left out",
        beside=file,
    )
