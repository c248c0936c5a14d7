"""The command `neurosim validate`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.common import (
    COUNT,
    JSON,
    LAWS,
    RUN,
    opened,
    print_json,
    say,
    warn,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

__all__ = ["validate"]


@click.command()
@RUN
@click.option("--spice", is_flag=True, help="Against ngspice; the one choice there is.")
@click.option("--rows", type=COUNT, default=1, show_default=True, help="Inputs to compare.")
@LAWS
@JSON
def validate(
    run: Path, spice: bool, rows: int, laws: tuple[type[Block], ...], as_json: bool
) -> None:
    """Compare the circuit of a trained chip with another program, node by node.

    ngspice solves the exported netlist, operating point and transient of a free phase, for inputs
    of the first training batch. Noise is left out. An input of 64-128-128 takes about a minute,
    of oscillators that draw many; it says when a row begins and when it is done.
    """
    from neurosim.blocks.units import format_quantity
    from neurosim.runs import validate_spice

    if not spice:
        raise DataError("neurosim validate needs --spice, to say against what.")
    kept = opened(run, laws).run
    assert kept is not None
    result = validate_spice(kept, rows, lambda text: say(text, err=True))
    if as_json:
        print_json(result)
        warn(result["warnings"])
        return
    at_rest, moving = (
        format_quantity(result[f"{what}_max_diff_V"], "V", 3)
        for what in ("operating_point", "transient")
    )
    say(
        f"{result['profile']}, {counted(rows, 'row')}: worst node differs by "
        f"{at_rest} at the operating point, by {moving} at any of {result['transient_points']} "
        f"times of the transient, where 1 is {format_quantity(result['unit_V'], 'V')}"
    )
    warn(result["warnings"])
