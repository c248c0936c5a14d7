"""The command `neurosim report`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.common import (
    FOLDER,
    JSON,
    LAWS,
    STRICT,
    print_json,
    say,
    warn,
)
from neurosim.errors import DataError

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

__all__ = ["report"]


@click.command()
@click.argument("folder", type=FOLDER, metavar="RUN_OR_SWEEP")
@click.option("--noise", is_flag=True, help="Of a run: measure its noise ledger too, in minutes.")
@LAWS
@STRICT
@JSON
def report(
    folder: Path, noise: bool, laws: tuple[type[Block], ...], strict: bool, as_json: bool
) -> None:
    """Write the report page of a run or a sweep again, with its newest results."""
    from neurosim.folders import exists
    from neurosim.report import write_report, write_sweep_report
    from neurosim.runs import Trained, watch
    from neurosim.sweeps import SweepFolder

    if exists(folder / "sweep.yaml"):
        if noise:
            raise DataError(f"--noise is for a run, but {folder} is a sweep; give one of its runs.")
        path, found = write_sweep_report(SweepFolder.open(folder, laws)), []
    else:
        trained = Trained.of(folder, laws)
        found = watch(trained)
        path = write_report(trained, noise=noise, warnings=found)
    if as_json:
        print_json({"file": str(path), "warnings": found})
    else:
        say(f"{path}")
    warn(found, strict)
