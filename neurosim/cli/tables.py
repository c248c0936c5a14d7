"""Commands that take weights out of a run and back into a chip. Heavy packages load inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from neurosim.cli.common import (
    COUNT,
    FOLDER,
    JSON,
    RUN,
    SEED,
    check_output,
    command_line,
    print_json,
    quoted,
    say,
)
from neurosim.errors import DataError

if TYPE_CHECKING:
    from neurosim.export import WeightTable
    from neurosim.runs import Run

__all__ = ["export", "import_", "plan", "validate"]

_READABLE = "csv, json, npz, mat, hdf5, safetensors, mem, hex"
_WRITABLE = f"{_READABLE}, c, param, nir, cir"

Lines = tuple[int, int]


class _Lines(click.ParamType):
    """Rows x columns."""

    name = "RxC"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Lines:
        """Two numbers of lines."""
        match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", str(value))
        if match is None:
            self.fail(f"{value} must be rows x columns, as in 64x64.", param, ctx)
        return int(match[1]), int(match[2])


LINES = _Lines()


def _refuse_unused(is_netlist: bool) -> None:
    """No option of a netlist for a table, none of a table for a netlist: it would do nothing."""
    context = click.get_current_context()
    of_table = ("tile", "spare", "faulty")
    unused = of_table if is_netlist else ("row", "analysis", "noise", "hierarchical")
    for name in unused:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            kinds = ("weight table", "netlist") if is_netlist else ("netlist", "weight table")
            raise DataError(f"--{name} is for a {kinds[0]}, but --to asks for a {kinds[1]}.")


@click.command()
@RUN
@click.option("--to", "file", type=FOLDER, required=True, help="File; - is standard output.")
@click.option("--format", "form", metavar="F", help=f"Instead of the suffix: {_WRITABLE}.")
@click.option("--tile", type=LINES, help="Map onto crossbar tiles of so many rows x columns.")
@click.option("--spare", type=LINES, help="Lines of each tile that only replace faulty ones.")
@click.option("--faulty", type=FOLDER, help="CSV file of faulty cells: tile, row, column, weight.")
@click.option("--row", type=SEED, default=0, show_default=True, help="Netlist: which input.")
@click.option(
    "--analysis", type=click.Choice(["tran", "op"]), default="tran", show_default=True,
    help="Netlist: a free phase, or the operating point.",
)  # fmt: skip
@click.option(
    "--noise",
    is_flag=True,
    help="Netlist: noise sources (TRNOISE); ngspice then needs ten minutes.",
)
@click.option("--hierarchical", is_flag=True, help="Netlist: layers and crossbars as subcircuits.")
@JSON
def export(
    run: Path, file: Path, form: str | None, tile: Lines | None, spare: Lines | None,
    faulty: Path | None, row: int, analysis: str, noise: bool, hierarchical: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the weight table of a trained chip, or its whole circuit for SPICE.

    The suffix of --to says the format, or --format does, which - needs. Everything, to be read back
    with `neurosim import`: .csv .json .npz .mat .h5 .safetensors. Level codes: .mem (Verilog
    $readmemh), .hex (Intel). To include: .h (C), .param (SPICE). A graph of linear nodes: .nir. The
    network with its springs at one input of the first training batch, to run in ngspice: .cir.

    With --tile every table has the address of the cell that holds each pair, and .mem and .hex are
    in the order of addresses; rows and columns of a tile are permuted to avoid its faulty cells.
    """
    from neurosim.export import read_faults, table, tiled, write_table
    from neurosim.export.formats import FORMATS, NETLIST, format_of
    from neurosim.export.nir_graph import LOST
    from neurosim.runs import Run

    form = format_of(file, form, [*FORMATS, NETLIST])
    is_netlist = form == NETLIST
    _refuse_unused(is_netlist)
    check_output(file, as_json)
    if is_netlist:
        choices = {"analysis": analysis, "noise": noise, "blocks": hierarchical}
        _write_netlist(Run.open(run), file, row, as_json, choices)
        return
    made, facts = table(Run.open(run).chip()), dict[str, Any]()
    if tile is not None:
        faults = None if faulty is None else read_faults(faulty, tile)
        made, facts = tiled(made, tile, spare or (0, 0), faults)
    elif spare is not None or faulty is not None:
        raise DataError("--spare and --faulty need --tile, the size of a tile.")
    n_rows = write_table(made, file, form)
    if form == "nir":
        say(f"a NIR graph leaves out {LOST}", err=True)
    if as_json:
        print_json({"file": str(file), "rows": n_rows} | facts)
        return
    say(f"{file}: {n_rows} couplings and biases", beside=file)
    if tile is not None:
        say(
            f"{facts['tiles']} tiles of {tile[0]} x {tile[1]}, {100 * facts['filled']:.0f} % filled"
            f"; {facts['faulty_cells_used']} faulty cells in use, wrong by "
            f"{facts['weight_lost']:.3g} in all",
            beside=file,
        )


def _write_netlist(run: Run, file: Path, row: int, as_json: bool, choices: dict[str, Any]) -> None:
    from neurosim.outputs import write_text
    from neurosim.runs import run_netlist

    text = run_netlist(run, row, **choices)
    write_text(file, text)
    n_lines = text.count("\n")
    if as_json:
        print_json({"file": str(file), "lines": n_lines})
        return
    command = f"ngspice -b {quoted(file)} -r {quoted(Path(f'{file.stem}.raw'))}"
    say(f"{file}: {n_lines} lines; run it with: {command}", beside=file)


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
    result = validate_spice(Run.open(run), rows, lambda text: say(text, err=True))
    if as_json:
        print_json(result)
        return
    say(
        f"{result['profile']}, {rows} rows: worst node differs by "
        f"{result['operating_point_max_diff_V']:.3g} V at the operating point, by "
        f"{result['transient_max_diff_V']:.3g} V at any of {result['transient_points']} times of "
        f"the transient, where 1 is {result['unit_V']:g} V"
    )


def _table_of(path: Path) -> WeightTable:
    """The table of a run folder, or in a file."""
    from neurosim.export import read_table, table
    from neurosim.folders import exists
    from neurosim.runs import Run

    if not exists(path):
        raise DataError(f"{path} must be a run folder or the file of a weight table, but is none.")
    return table(Run.open(path).chip()) if path.is_dir() else read_table(path)


@click.command()
@click.argument("after", type=FOLDER, metavar="RUN_OR_FILE")
@click.option("--from", "before", type=FOLDER, help="What the chip holds.  [weight 0 everywhere]")
@click.option("--to", "file", type=FOLDER, required=True, help="CSV file; - is standard output.")
@click.option("--lanes", type=COUNT, default=1, show_default=True, help="Devices at a time.")
@JSON
def plan(after: Path, before: Path | None, file: Path, lanes: int, as_json: bool) -> None:
    """Plan how a chip is programmed from one weight table to the next.

    One line for each device whose target changes: its place, the window that the controller
    accepts, and the pulses and the energy to be expected from the profile's write law.
    """
    from neurosim.export import plan as plan_writes
    from neurosim.export import profile_of
    from neurosim.outputs import write_text

    check_output(file, as_json, [".csv"])
    goal = _table_of(after)
    made = plan_writes(None if before is None else _table_of(before), goal, profile_of(goal), lanes)
    write_text(file, made.csv_text())
    if as_json:
        print_json({"file": str(file)} | made.facts)
        return
    facts = made.facts
    say(
        f"{file}: {facts['devices']} devices, {facts['pulses']:.6g} pulses, "
        f"{facts['time_s']:.3g} s, {facts['energy_J']:.3g} J; {facts['failures']:.3g} will miss "
        f"their window, {facts['faulty']} are faulty and left out",
        beside=file,
    )


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
    as it was, and reads the same; any other is written anew.
    """
    from neurosim.chip import Chip
    from neurosim.export import check_table, profile_of, program_table, read_table
    from neurosim.host import Experiment
    from neurosim.profile import load_profile
    from neurosim.runs import Run
    from neurosim.yaml_files import load_block, with_value

    if experiment is not None and out is None:
        raise DataError("--experiment is for the run folder that is made; give --out too.")
    given = None if profile is None else load_profile(profile)
    table = read_table(file, form, given)
    made_for = given or profile_of(table)
    check_table(table, made_for)
    die = max(0, int(table.sheet["die_seed"])) if seed is None else seed
    if out is not None:
        chip = Chip(made_for, die)
        program_table(chip, table)
        settings = Experiment() if experiment is None else load_block(experiment, Experiment)
        states = chip.state(), {"n_done": 0}
        Run.create(out, made_for, with_value(settings, "seed", die), states, command=command_line())
    facts = {"file": str(file), "rows": table.size, "profile": made_for.name, "die": die}
    if as_json:
        print_json(facts | {"run": None if out is None else str(out)})
        return
    say(f"{file}: {table.size} couplings and biases for {made_for.name}, die {die}")
    if out is not None:
        say(f"programmed; try: neurosim sample {quoted(out)} -n 100")
