"""The command `neurosim import`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path

import click

from neurosim.cli.common import (
    FOLDER,
    JSON,
    SEED,
    command_line,
    print_json,
    say,
)
from neurosim.errors import DataError
from neurosim.safe_text import quoted

__all__ = ["import_"]

_READABLE = "csv, json, npz, mat, hdf5, safetensors, mem, hex"


@click.command("import")
@click.argument("file", type=FOLDER)
@click.option("--format", "form", metavar="F", help=f"Instead of the suffix: {_READABLE}.")
@click.option(
    "--profile", metavar="NAME_OR_PATH", help="Profile that the table must be for. [its own]"
)
@click.option(
    "--experiment", type=FOLDER, metavar="FILE", help="YAML file with the algorithm's settings."
)
@click.option("--seed", type=SEED, help="Die to program.  [the table's]")
@click.option("--out", type=FOLDER, help="New run folder with the programmed chip.")
@JSON
def import_(
    file: Path, form: str | None, profile: str | None, experiment: Path | None, seed: int | None,
    out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Check a weight table and program a chip from it.

    FILE is one of those that `neurosim export` writes and that can be read back: .csv .json .npz
    .mat .h5 .safetensors .mem .hex.

    Without --out the table is only checked. With it, `sample`, `evaluate` and `export` work on the
    new folder as on a trained run. The die that the table was exported from gets every device back
    as its last write left it, and reads the same; devices that drift start as just written. Any
    other die is written anew.
    """
    from neurosim.blocks.files import load_block
    from neurosim.chip import Chip
    from neurosim.host import Experiment
    from neurosim.profile import load_profile
    from neurosim.runs import Run
    from neurosim.tables import check_table, profile_of, program_table, read_table

    if experiment is not None and out is None:
        raise DataError("--experiment is for the run folder that is made; give --out too.")
    given = None if profile is None else load_profile(profile)
    table = read_table(file, form, given)
    made_for = given or profile_of(table)
    check_table(table, made_for)
    known = int(table.sheet["die_seed"])
    die = max(0, known) if seed is None else seed
    if out is not None:
        chip = Chip(made_for, die)
        program_table(chip, table)
        settings = Experiment() if experiment is None else load_block(experiment, Experiment)
        states = chip.state(), {"n_done": 0}
        Run.create(out, made_for, settings.with_value("seed", die), states, command=command_line())
    facts: dict[str, object] = {
        "file": str(file),
        "rows": table.size,
        "profile": made_for.name,
        "die": die,
    }
    facts["table_of_die"] = known if known >= 0 else None
    if as_json:
        print_json(facts | {"run": None if out is None else str(out)})
        return
    of = f"die {known}" if known >= 0 else "of no known die"
    say(f"{file}: {table.size} couplings and biases for {made_for.name}, {of}")
    if out is not None:
        say(f"programmed into die {die}; try: neurosim sample {quoted(out)} -n 100")
