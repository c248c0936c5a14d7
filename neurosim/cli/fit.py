"""`neurosim profiles fit`: blocks of a profile from measured devices."""

from __future__ import annotations

from pathlib import Path

import click

from neurosim.cli.common import FOLDER, JSON, check_output, print_json, say
from neurosim.safe_text import one_line

__all__ = ["fit"]


@click.command("fit")
@click.argument("measurements", type=FOLDER, metavar="MEASUREMENTS.csv")
@click.option("--source", help="Where the data come from.  [default: measured, the file's name]")
@click.option("--to", type=FOLDER, help="YAML file for the blocks; standard output without it.")
@click.option("--figure", type=FOLDER, help="PNG file: data and fit.")
@JSON
def fit(
    measurements: Path, source: str | None, to: Path | None, figure: Path | None, as_json: bool
) -> None:
    """Make device blocks of a profile (write, drift, pulse) from measured data.

    MEASUREMENTS.csv has one row a reading: kind (write, drift or update), conductance_S, and what
    its kind needs: target_S of write; target_S, time_s and device of drift; device, direction (up
    or down) and pulses of update.
    """
    from neurosim.devices.fit import fit_devices
    from neurosim.devices.measurements import read_measurements
    from neurosim.outputs import STANDARD_OUTPUT, check_suffix, check_writable, write_files
    from neurosim.report import figure_png, fit_blocks, fit_figure

    to = None if to == STANDARD_OUTPUT and not as_json else to
    if to is not None:
        check_output(to, as_json, [".yaml", ".yml"])
    if figure is not None:
        check_suffix(figure, [".png"])
        check_writable(figure)
    found = fit_devices(read_measurements(measurements))
    text = fit_blocks(found, source or f"measured: {one_line(measurements.name)}")
    files = {} if to is None else {to: text.encode()}
    if figure is not None:
        files[figure] = figure_png(fit_figure(found))
    write_files(files)
    if as_json:
        print_json(
            {part.name: {"block": part.block, "errors": part.errors} for part in found.parts}
        )
    elif to is None:
        say(text, nl=False)
    else:
        say(f"{to}: {', '.join(part.name for part in found.parts)}; put them in a profile")
