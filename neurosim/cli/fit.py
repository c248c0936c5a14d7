"""`neurosim profiles fit`: blocks of a profile from measured devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.common import FOLDER, JSON, LAWS, check_output, is_read, print_json, say
from neurosim.safe_text import one_line, quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.devices.fit import DeviceFit, Part

__all__ = ["fit"]


@click.command("fit")
@click.argument("measurements", type=FOLDER, metavar="MEASUREMENTS.csv")
@click.option(
    "--columns", metavar="NAME=HEADER,...",
    help='Headers of the columns that have other names: "pulses=n,conductance=G (uS)".',
)  # fmt: skip
@click.option(
    "--kind", type=click.Choice(["write", "drift", "update"]),
    help="What the rows are, where no column says so.  [default: what the columns tell]",
)  # fmt: skip
@click.option("--source", help="Where the data come from.  [default: measured, the file's name]")
@click.option("--to", type=FOLDER, help="YAML file for the blocks; standard output without it.")
@click.option(
    "--into", type=FOLDER, metavar="PROFILE.yaml",
    help="Put the blocks into this profile, in place of its own; all else in it stays.",
)  # fmt: skip
@click.option("--figure", type=FOLDER, help="PNG file: data and fit.")
@LAWS
@JSON
def fit(
    measurements: Path, columns: str | None, kind: str | None, source: str | None,
    to: Path | None, into: Path | None, figure: Path | None,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Make device blocks of a profile (write, drift, pulse) from measured data.

    MEASUREMENTS.csv has one row a reading and the columns conductance, and of writes target; of
    drift target, time, device; of updates pulses, direction (up or down, SET or RESET) and device.
    Headers carry units, as in `conductance (uS)`. A column cycle tells ramps of one device apart.
    """
    from neurosim.devices.fit import column_names, fit_devices, read_measurements
    from neurosim.errors import DataError
    from neurosim.outputs import STANDARD_OUTPUT, check_suffix, check_writable, write_files
    from neurosim.report import figure_png, fit_blocks, fit_figure

    to = None if to == STANDARD_OUTPUT and not as_json else to
    for path in filter(None, (to, into)):
        check_output(path, as_json, [".yaml", ".yml"])
    if into == STANDARD_OUTPUT:
        raise DataError("--into must be a profile's file, but is -; give --to - for the blocks.")
    if figure is not None:
        check_suffix(figure, [".png"])
        check_writable(figure)
    named = column_names(columns) if columns is not None else {}
    found = fit_devices(read_measurements(measurements, named, kind))
    source = source or f"measured: {one_line(measurements.name)}"
    blocks = fit_blocks(found, source)
    files, kept = ({} if to is None else {to: blocks.encode()}), list[str]()
    if into is not None:
        text, kept = _merged(found, source, into, laws)
        files[into] = text.encode()
    if figure is not None:
        files[figure] = figure_png(fit_figure(found))
    write_files(files)
    printed = not as_json and to is None and into is None
    # Blocks have them in their comments, which one screen shows too.
    if not (printed and is_read() and is_read(err=True)):
        for text in [f"warning: {w}" for part in found.parts for w in part.warnings]:
            say(text, err=True)
        for text in [f"note: {remark}" for remark in found.remarks]:
            say(text, err=True)
    if as_json:
        print_json({part.name: _record(part) for part in found.parts})
    elif to is None and into is None:
        say(blocks, nl=False)
    else:
        _tell(found, [path for path in (to, into) if path], into, kept)


def _tell(found: DeviceFit, paths: list[Path], into: Path | None, kept: list[str]) -> None:
    """Where the blocks are, and what is to be done next."""
    names = ", ".join(part.name for part in found.parts)
    then = "put them in a profile, or give --into"
    if into is not None:
        then = f"check it with: neurosim profiles check {quoted(into)}"
    if kept:
        say(
            f"note: {into} keeps {', '.join(kept)} as it has them, now said to be assumed, for the "
            "table has none of them; measure those too, or write them as ideal",
            err=True,
        )
    say(f"{' and '.join(map(str, paths))}: {names}; {then}")


def _merged(
    found: DeviceFit, source: str, into: Path, laws: tuple[type[Block], ...]
) -> tuple[str, list[str]]:
    """Text of a profile with the blocks that were fitted, checked; and what it keeps of others."""
    from neurosim.blocks.files import parse_block
    from neurosim.files import as_text
    from neurosim.profile import Profile, load_profile
    from neurosim.report.fits import fit_into, kept_of

    profile = load_profile(into, laws=laws)
    text = fit_into(found, source, profile, as_text(into.read_bytes()), str(into))
    parse_block(text, Profile, str(into), laws=laws, folder=into.parent)
    return text, kept_of(found, profile)


def _record(part: Part) -> dict[str, Any]:
    """What a program gets of a block."""
    return {
        "block": part.block, "errors": part.errors, "assumed": part.assumed, "readings": part.n,
        "warnings": part.warnings, **part.facts,
    }  # fmt: skip
