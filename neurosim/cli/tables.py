"""Commands that take weights out of a run and back into a chip. Heavy packages load inside."""

from __future__ import annotations

from pathlib import Path

import click

from neurosim.cli.common import FOLDER, JSON, RUN, SEED, print_json

__all__ = ["export", "import_"]

_TABLES = "csv, json, npz, mat, hdf5, safetensors, mem, hex, c, param, nir"
FORMAT = click.option("--format", "form", metavar="F", help=f"Instead of the suffix: {_TABLES}.")


@click.command()
@RUN
@click.option("--to", "file", type=FOLDER, required=True, help="File to write.")
@FORMAT
@JSON
def export(run: Path, file: Path, form: str | None, as_json: bool) -> None:
    """Write the weight table of a trained chip.

    The suffix of --to says the format. Everything, to be read back with `neurosim import`: .csv
    .json .npz .mat .h5 .safetensors. Level codes: .mem (Verilog $readmemh), .hex (Intel). To
    include: .h (C), .param (SPICE). A graph of linear nodes: .nir.
    """
    from neurosim.export import export as export_table
    from neurosim.export.formats import format_of
    from neurosim.export.nir_graph import LOST
    from neurosim.runs import Run

    n_rows = export_table(Run.open(run).chip(), file, form)
    if format_of(file, form) == "nir":
        click.echo(f"a NIR graph leaves out {LOST}", err=True)
    if as_json:
        print_json({"file": str(file), "rows": n_rows})
        return
    click.echo(f"{file}: {n_rows} couplings and biases")


@click.command("import")
@click.argument("file", type=FOLDER)
@FORMAT
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

    Without --out the table is only checked. With it, `sample`, `evaluate` and `export` work on the
    new folder as on a trained run. The die that the table was exported from gets every device back
    as it was, and reads the same; any other is written anew.
    """
    from neurosim.chip import Chip
    from neurosim.export import check_table, profile_of, program_table, read_table
    from neurosim.host import Experiment
    from neurosim.profile import load_profile
    from neurosim.runs import Run
    from neurosim.yaml_files import load_block, with_value

    given = None if profile is None else load_profile(profile)
    table = read_table(file, form, given)
    made_for = given or profile_of(table)
    check_table(table, made_for)
    die = max(0, int(table.sheet["die_seed"])) if seed is None else seed
    if out is not None:
        chip = Chip(made_for, die)
        program_table(chip, table)
        settings = Experiment() if experiment is None else load_block(experiment, Experiment)
        made = Run.create(out, made_for, with_value(settings, "seed", die))
        made.save(chip.state(), {"n_done": 0})
    facts = {"file": str(file), "rows": table.size, "profile": made_for.name, "die": die}
    if as_json:
        print_json(facts | {"run": None if out is None else str(out)})
        return
    click.echo(f"{file}: {table.size} couplings and biases for {made_for.name}, die {die}")
    if out is not None:
        click.echo(f"programmed; try: neurosim sample {out} -n 100")
