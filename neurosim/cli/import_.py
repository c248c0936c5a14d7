"""The command `neurosim import`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.common import (
    FOLDER,
    JSON,
    ORDER,
    SEED,
    SIZES,
    TASK,
    command_line,
    print_json,
    say,
)
from neurosim.cli.lines import held_by
from neurosim.cli.profile_for import profile_for
from neurosim.errors import DataError
from neurosim.safe_text import quoted

if TYPE_CHECKING:
    from neurosim.chip import Chip
    from neurosim.host import Experiment

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
@click.option("--task", type=TASK, help="What the chip does, as for `train`.  [a table's own]")
@click.option("--layers", type=SIZES, help="Of plain arrays: sizes instead of the profile's.")
@ORDER
@click.option("--seed", type=SEED, help="Die to program.  [the table's]")
@click.option("--out", type=FOLDER, help="New run folder with the programmed chip.")
@JSON
def import_(file: Path, form: str | None, out: Path | None, as_json: bool, **given: Any) -> None:
    """Check a weight table and program a chip from it.

    FILE is one of those that `neurosim export` writes and that can be read back: .csv .json .npz
    .mat .h5 .safetensors .mem .hex. Or it is an .npz or .safetensors file of plain arrays W0, b0,
    W1, b1, ... from elsewhere; then say for which --profile.

    Without --out the table is only checked. With it, `sample`, `evaluate` and `export` work on the
    new folder as on a trained run. The die that the table was exported from gets every device back
    as its last write left it, and reads the same; devices that drift start as just written. Any
    other die is written anew.
    """
    from neurosim.runs import Run
    from neurosim.tables.plain import plain_arrays

    if out is None and given["experiment"] is not None:
        raise DataError("--experiment is for the run folder that is made; give --out too.")
    plain = form is None and plain_arrays(file) is not None
    chip, settings, facts, text = (_from_arrays if plain else _from_table)(file, form, given)
    seeded = settings.with_value("seed", chip.seed)
    if out is not None:
        states = chip.state(), {"n_done": 0}
        Run.create(out, chip.profile, seeded, states, command=command_line())
    if as_json:
        print_json(facts | {"run": None if out is None else str(out)})
        return
    say(text)
    if out is not None:
        then = f"sample {quoted(out)} -n 100" if settings.task.has_paths else (
            f"evaluate {quoted(out)}"
        )  # fmt: skip
        say(f"programmed into die {chip.seed}; try: neurosim {then}")


def _settings(given: dict[str, Any], recipe: dict[str, Any]) -> Experiment:
    """The experiment of a file, or what suits the task: that of the options, or of the recipe."""
    from neurosim.blocks.files import load_block
    from neurosim.host import Experiment

    task, path = given["task"], given["experiment"]
    if path is None and task is None and recipe.get("task") in TASK.choices:
        flow = {f"flow.{name}": value for name, value in recipe.items() if name != "task"}
        return Experiment.suited(recipe["task"]).with_values(flow)
    if path is None:
        return Experiment() if task is None else Experiment.suited(task)
    found = load_block(path, Experiment)
    return found if task is None else found.with_value("task", task)


_Made = tuple["Chip", "Experiment", dict[str, object], str]


def _from_table(file: Path, form: str | None, given: dict[str, Any]) -> _Made:
    """A chip programmed from a weight table, and what there is to say."""
    from neurosim.chip import Chip
    from neurosim.profile import load_profile
    from neurosim.tables import check_table, profile_of, program_table, read_table

    for name in ("layers", "order"):
        if given[name] is not None:
            raise DataError(
                f"--{name} is for plain arrays W0, b0, ..., but {file} is a weight table, which "
                "has its own; leave it out."
            )
    profile = None if given["profile"] is None else load_profile(given["profile"])
    table = read_table(file, form, profile)
    made_for = profile or profile_of(table)
    check_table(table, made_for)
    known = int(table.sheet["die_seed"])
    chip = Chip(made_for, max(0, known) if given["seed"] is None else given["seed"])
    program_table(chip, table)
    facts: dict[str, object] = {
        "file": str(file),
        "rows": table.size,
        "profile": made_for.name,
        "die": chip.seed,
        "table_of_die": known if known >= 0 else None,
    }
    of = f"die {known}" if known >= 0 else "of no known die"
    text = f"{file}: {table.size:,} couplings and biases for {made_for.name}, {of}"
    return chip, _settings(given, table.sheet.get("recipe", {})), facts, text


def _from_arrays(file: Path, form: str | None, given: dict[str, Any]) -> _Made:
    """A chip programmed from plain arrays, and what there is to say."""
    from neurosim.chip import Chip
    from neurosim.tables.plain import plain_weights

    del form
    if given["profile"] is None:
        raise DataError(
            f"{file} has plain arrays W0, b0, ..., which say nothing of a chip; give --profile, "
            "and --layers and --task where they are not its own."
        )
    settings = _settings(given, {})
    profile = profile_for(str(given["profile"]), {"engine": None, **given}, (), settings.task)
    weights = plain_weights(file, profile.network, given["order"])
    chip = Chip(profile, given["seed"] or 0)
    chip.program(weights)
    rows = int(profile.network.present.sum()) + len(weights.bias)
    clipped = chip.ledger.weights_clipped
    facts: dict[str, object] = {
        "file": str(file),
        "rows": rows,
        "profile": profile.name,
        "die": chip.seed,
        "table_of_die": None,
        "clipped": clipped,
    }
    beyond = f"{clipped:,} clipped to {held_by(profile)}"
    return (
        chip,
        settings,
        facts,
        f"{file}: {rows:,} couplings and biases for {profile.name}; {beyond}",
    )
