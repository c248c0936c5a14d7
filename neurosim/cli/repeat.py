"""The command `neurosim repeat`. Heavy packages are imported inside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import JSON, RUN, print_json, say
from neurosim.safe_text import counted

__all__ = ["repeat"]


@click.command()
@RUN
@JSON
def repeat(run: Path, as_json: bool) -> None:
    """Train a run again from what its folder records, and compare.

    Metrics and checkpoint must have the same bits; the exit status is then 0, else 1. Nothing is
    written. On another processor or with another NumPy the last bits may differ: the line says by
    how much, and which packages are others than those of the run.
    """
    from neurosim.runs import repeat as repeat_run

    with Bar("repeating") as bar:
        found = repeat_run(run, progress=bar.on_update)
    if as_json:
        print_json({"run": str(run), "same": found.same} | asdict(found))
    elif found.same:
        say(
            f"{run}: {counted(found.updates, 'update')} repeated, metrics and "
            "checkpoint are the same bits"
        )
    else:
        others = (f"{name} {then}, now {now}" for name, (then, now) in found.other_versions.items())
        said = "; ".join([found.differs, *others])
        say(f"{run}: {counted(found.updates, 'update')} repeated, but they differ: {said}")
    if not found.same:
        raise SystemExit(1)
