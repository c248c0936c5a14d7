"""The command `neurosim export`. Heavy packages are imported inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from neurosim.cli.common import (
    FOLDER,
    JSON,
    LAWS,
    RUN,
    SEED,
    ParamType,
    check_output,
    opened,
    print_json,
    say,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted, quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Run

__all__ = ["export"]

_WRITABLE = "csv, json, npz, mat, hdf5, safetensors, mem, hex, c, param, nir, cir"


Lines = tuple[int, int]


class _Lines(ParamType):
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
    help="Netlist: noise sources (TRNOISE); ngspice then needs minutes.",
)
@click.option("--hierarchical", is_flag=True, help="Netlist: layers and crossbars as subcircuits.")
@LAWS
@JSON
def export(
    run: Path, file: Path, form: str | None, tile: Lines | None, spare: Lines | None,
    faulty: Path | None, row: int, analysis: str, noise: bool, hierarchical: bool,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Write the weight table of a trained chip, or its whole circuit for SPICE.

    The suffix of --to says the format, or --format does, which - needs. Everything, to be read back
    with `neurosim import`: .csv .json .npz .mat .h5 .safetensors. Level codes: .mem (Verilog
    $readmemh), .hex (Intel). To include: .h (C), .param (SPICE). A graph of linear nodes: .nir. The
    network with its springs at one input of the first training batch, to run in ngspice: .cir.

    With --tile every table has the address of the cell that holds each pair, and .mem and .hex are
    in the order of addresses; rows and columns of a tile are permuted to avoid its faulty cells.
    """
    from neurosim.outputs import STANDARD_OUTPUT
    from neurosim.runs.exporting import recipe_of
    from neurosim.tables import read_faults, table, tiled, write_table
    from neurosim.tables.formats import FORMATS, NETLIST, format_of
    from neurosim.tables.nir_graph import LOST

    form = format_of(file, form, [*FORMATS, NETLIST])
    is_netlist = form == NETLIST
    _refuse_unused(is_netlist)
    check_output(file, as_json)
    if is_netlist:
        choices = {"analysis": analysis, "noise": noise, "blocks": hierarchical}
        kept = opened(run, laws).run
        assert kept is not None
        _write_netlist(kept, file, row, as_json, choices)
        return
    trained = opened(run, laws)
    chip = trained.chip
    made, facts = table(chip, recipe_of(chip, trained.experiment)), dict[str, Any]()
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
    say(f"{file}: {n_rows:,} couplings and biases", beside=file)
    if file == STANDARD_OUTPUT and FORMATS[form].companion:
        say("its data sheet is left out; import it with --profile", err=True)
    if tile is not None:
        say(
            f"{counted(facts['tiles'], 'tile')} of {tile[0]} x {tile[1]}, "
            f"{100 * facts['filled']:.0f} % filled"
            f"; {facts['faulty_cells_used']} faulty cells in use, wrong by "
            f"{facts['weight_lost']:.3g} in all",
            beside=file,
        )


def _write_netlist(run: Run, file: Path, row: int, as_json: bool, choices: dict[str, Any]) -> None:
    from neurosim.outputs import STANDARD_OUTPUT, write_text
    from neurosim.runs import run_netlist

    text = run_netlist(run, row, **choices)
    write_text(file, text)
    n_lines = text.count("\n")
    if as_json:
        print_json({"file": str(file), "lines": n_lines})
        return
    if file == STANDARD_OUTPUT:
        say(f"{counted(n_lines, 'line')}", err=True)
        return
    command = f"ngspice -b {quoted(file)} -r {quoted(Path(f'{file.stem}.raw'))}"
    say(f"{file}: {counted(n_lines, 'line')}; run it with: {command}")
