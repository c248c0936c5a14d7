"""Commands that take weights out of a run and back into a chip. Heavy packages load inside."""

from __future__ import annotations

from pathlib import Path

import click

from neurosim.cli.common import COUNT, FOLDER, JSON, RUN, SEED, print_json
from neurosim.errors import DataError

__all__ = ["export", "import_", "validate"]

_TABLES = "csv, json, npz, mat, hdf5, safetensors, mem, hex, c, param, nir, cir"
FORMAT = click.option("--format", "form", metavar="F", help=f"Instead of the suffix: {_TABLES}.")


@click.command()
@RUN
@click.option("--to", "file", type=FOLDER, required=True, help="File to write.")
@FORMAT
@click.option("--row", type=SEED, default=0, show_default=True, help="Netlist: which input.")
@click.option(
    "--analysis", type=click.Choice(["tran", "op"]), default="tran", show_default=True,
    help="Netlist: a free phase, or the operating point.",
)  # fmt: skip
@click.option("--noise", is_flag=True, help="Netlist: noise sources (TRNOISE).")
@click.option("--hierarchical", is_flag=True, help="Netlist: layers and crossbars as subcircuits.")
@JSON
def export(
    run: Path, file: Path, form: str | None, row: int, analysis: str, noise: bool,
    hierarchical: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the weight table of a trained chip, or its whole circuit for SPICE.

    The suffix of --to says the format. Everything, to be read back with `neurosim import`: .csv
    .json .npz .mat .h5 .safetensors. Level codes: .mem (Verilog $readmemh), .hex (Intel). To
    include: .h (C), .param (SPICE). A graph of linear nodes: .nir. The network with its springs at
    one input of the first training batch, to run in ngspice: .cir.
    """
    from neurosim.export import export as export_table
    from neurosim.export.formats import format_of
    from neurosim.export.nir_graph import LOST
    from neurosim.files import check_writable, write_text
    from neurosim.runs import Run, run_netlist

    if form == "cir" or (form is None and file.suffix.lower() == ".cir"):
        check_writable(file, [file.suffix.lower()])
        opened = Run.open(run)
        text = run_netlist(opened, row, analysis=analysis, noise=noise, blocks=hierarchical)
        write_text(file, text)
        n_lines = text.count("\n")
        if as_json:
            print_json({"file": str(file), "lines": n_lines})
            return
        click.echo(f"{file}: {n_lines} lines; run it with: ngspice -b {file} -r {file.stem}.raw")
        return
    n_rows = export_table(Run.open(run).chip(), file, form)
    if format_of(file, form) == "nir":
        click.echo(f"a NIR graph leaves out {LOST}", err=True)
    if as_json:
        print_json({"file": str(file), "rows": n_rows})
        return
    click.echo(f"{file}: {n_rows} couplings and biases")


@click.command()
@RUN
@click.option("--spice", is_flag=True, help="Against ngspice; the one choice there is.")
@click.option("--rows", type=COUNT, default=1, show_default=True, help="Inputs to compare.")
@JSON
def validate(run: Path, spice: bool, rows: int, as_json: bool) -> None:
    """Compare the circuit of a trained chip with another program, node by node.

    ngspice solves the exported netlist, operating point and transient of a free phase, for inputs
    of the first training batch. Noise is left out. An input of 64-128-128 takes about a minute.
    """
    from neurosim.runs import Run, validate_spice

    if not spice:
        raise DataError("neurosim validate needs --spice, to say against what.")
    result = validate_spice(Run.open(run), rows, lambda text: click.echo(text, err=True))
    if as_json:
        print_json(result)
        return
    click.echo(
        f"{result['profile']}, {rows} rows: worst node differs by "
        f"{result['operating_point_max_diff_V']:.3g} V at the operating point, by "
        f"{result['transient_max_diff_V']:.3g} V at any of {result['transient_points']} times of "
        f"the transient, where 1 is {result['unit_V']:g} V"
    )


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
