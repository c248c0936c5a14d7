"""The commands `neurosim profiles ...`. Heavy packages are imported inside."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from neurosim.cli.checked import checked, say_checked, say_wrapped
from neurosim.cli.common import (
    COUNT,
    JSON,
    LAWS,
    SIZES,
    STRICT,
    print_json,
    say,
    wrapped,
)
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurosim.blocks.block import Block
    from neurosim.profile import Profile

__all__ = ["profiles"]


_WIDTH, _LEAST = 80, 20
# A quantity in the table of energies.
_CELL = 8


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def profiles(ctx: click.Context, as_json: bool) -> None:
    """List the hardware profiles; show or check one."""
    if ctx.invoked_subcommand is not None:
        return
    from neurosim.blocks.words import as_written
    from neurosim.profile import load_profile, shipped_profiles

    rows = []
    for name in shipped_profiles():
        profile = load_profile(name)
        law = as_written(profile)["node"]["law"]
        # A law with parameters is written as a block, with its word inside.
        word = law if isinstance(law, str) else law["law"]
        rows.append({"name": name, "law": word, "summary": profile.summary})
    if as_json:
        print_json(rows)
        return
    width, law_width = (max(len(row[key]) for row in rows) for key in ("name", "law"))
    for row in rows:
        place = f"{row['name']:{width}}  {row['law']:{law_width}}  "
        say_wrapped(place + row["summary"], indent=len(place))
    say("\nOne of them in full: neurosim profiles show NAME > mine.yaml")


@profiles.command("show")
@click.argument("name", metavar="NAME_OR_PATH")
@LAWS
@JSON
def show(name: str, laws: tuple[type[Block], ...], as_json: bool) -> None:
    """Print a profile as YAML, to read or to start your own from."""
    from neurosim.blocks.files import dump_block
    from neurosim.blocks.words import as_written
    from neurosim.profile import load_profile, shipped_profiles

    profile = load_profile(name, laws=laws)
    if as_json:
        print_json(as_written(profile))
    elif name in shipped_profiles():
        say(shipped_profiles()[name].read_text("utf-8"), nl=False)
    else:
        say(dump_block(profile), nl=False)


@profiles.command("check")
@click.argument("paths", nargs=-1, metavar="[NAME_OR_PATH]...")
@click.option("--all", "every", is_flag=True, help="All profiles that come with neurosim.")
@LAWS
@STRICT
@JSON
def check(
    paths: tuple[str, ...],
    every: bool,
    laws: tuple[type[Block], ...],
    strict: bool,
    as_json: bool,
) -> None:
    """Check profiles: every mistake on a line with its place, and what is odd in valid ones.

    A mistake is what training would refuse too: what cannot be read, contradicts itself, or stops
    at the first update; exit status 2. Warned of is what can be trained and may not be meant:
    numbers that their source derives otherwise, numbers far from any chip's, device blocks beside
    the couplings' range, what the model would cut off. It is said where the numbers come from.

    Shown is what follows from them: time constant, C_x / C_h, steps and ranges of the converters
    and the ammeter, how far a nudge moves its target, thermal noise kT/C, what amplifiers deliver,
    and the time to write a device and the array. Of each that is out of the way a warning says
    why it matters and what to do.
    """
    from neurosim.errors import DataError, ProfileError
    from neurosim.profile import shipped_profiles

    names = [*paths, *(shipped_profiles() if every else ())]
    if not names:
        raise DataError("Name a profile or give its path, or give --all.")
    found, wrong = [], []
    for name in names:
        try:
            found.append(checked(name, laws))
        except ProfileError as error:
            wrong.append(str(error))
    if as_json and not wrong:
        print_json(found[0] if len(names) == 1 else found)
    for record in [] if as_json else found:
        say_checked(record)
    if wrong:
        raise ProfileError("\n".join(wrong))
    if strict and any(record["warnings"] for record in found):
        raise SystemExit(1)


@profiles.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@LAWS
@JSON
def diff(first: str, second: str, laws: tuple[type[Block], ...], as_json: bool) -> None:
    """Fields in which two profiles, by name or path, differ; `-` is no such field."""
    from neurosim.blocks.differences import differences
    from neurosim.profile import load_profile

    found = differences(load_profile(first, laws=laws), load_profile(second, laws=laws))
    if as_json:
        print_json([each._asdict() for each in found])
        return
    if not found:
        say(f"{first} and {second} differ in no field but their names and texts")
        return
    rows = [("", first, second), *((each.path, *each.texts()) for each in found)]
    wide = max(len(row[0]) for row in rows)
    # The first takes what the other leaves, or half; a name longer than its column stays whole.
    room = max(_WIDTH - wide - 4, 2 * _LEAST)
    needs, others = (max(len(row[k]) for row in rows) for k in (1, 2))
    middle = min(needs, max(room - others, room // 2))
    for path, one, other in rows:
        cells = [path], wrapped(one, middle), wrapped(other, room - middle)
        for parts in zip_longest(*cells, fillvalue=""):
            say("{:{}}  {:{}}  {}".format(parts[0], wide, parts[1], middle, parts[2]).rstrip())


@profiles.command("energy")
@click.argument("name", metavar="NAME_OR_PATH")
@click.option(
    "--task", type=click.Choice(["flow", "classify"]),
    help="What is learned: flow, or classify with answers.  [default: what the chip is for]",
)  # fmt: skip
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, such as 64,128,10.")
@click.option("--batch", type=COUNT, help="Rows of an update.  [default: as train has them]")
@click.option("--updates", type=COUNT, help="Of a training run.  [default: as train has them]")
@LAWS
@JSON
def energy(
    name: str, task: str | None, layers: tuple[int, ...] | None, batch: int | None,
    updates: int | None, laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Time and energy of a settle, an update, a training run and a sample or decision, by item."""
    from neurosim.analysis.energy import SAMPLE_T_END, energy_table, formulas_of, on_digits
    from neurosim.analysis.suited import recipe_for
    from neurosim.blocks.units import format_quantity
    from neurosim.errors import DataError
    from neurosim.host import Experiment, SamplingSettings
    from neurosim.profile import load_profile

    profile = load_profile(name, laws=laws)
    if layers is not None:
        profile = profile.with_value("layers", layers)
    asked = recipe_for(profile) if task is None else Experiment.suited(task)
    asked = asked.with_values({"batch": batch or asked.batch, "updates": updates or asked.updates})
    sized = on_digits(profile, asked)
    if layers is not None and sized.layers != profile.layers:
        first, *_, last = sized.layers
        raise DataError(
            f"--layers must begin with {first} and end with {last}, for what is classified are the "
            f"digits, but are {','.join(map(str, profile.layers))}; give "
            f"{','.join(map(str, sized.layers))}."
        )
    table, formulas = energy_table(profile, experiment=asked), formulas_of(profile)
    if as_json:
        print_json(table)
        return
    wide = [max(len(action), _CELL) + 2 for action in table]

    def line(label: str, cells: list[str]) -> None:
        say(f"{label:12}" + "".join(f"{c:>{w}}" for c, w in zip(cells, wide, strict=True)))

    line("", list(table))

    line("time", [format_quantity(row["time_s"], "s", 3) for row in table.values()])
    for part, label in (
        ("settle_time_s", "settling"),
        ("drive_time_s", "driving"),
        ("read_time_s", "reading"),
        ("write_time_s", "writing"),
    ):
        line(f"  {label}", [format_quantity(r["parts_s"][part], "s", 3) for r in table.values()])
    line("energy", [format_quantity(row["energy_J"], "J", 3) for row in table.values()])
    for item in formulas:
        line(f"  {item}", [format_quantity(r["items_J"][item], "J", 3) for r in table.values()])
    say()
    say_wrapped(
        f"Of layers of {'-'.join(map(str, sized.layers))} nodes. An update presents "
        f"{counted(asked.batch, 'row')}; a training run has {counted(asked.updates, 'update')}.",
        indent=0,
    )
    if asked.task.has_paths:
        dt = SamplingSettings().dt
        say_wrapped(
            f"A sample flows to t = {SAMPLE_T_END:g}; spring: stepped by its host, in "
            f"{SAMPLE_T_END / dt:.0f} steps of {dt:g} (sampling.dt).",
            indent=0,
        )
    else:
        say(f"A decision is a row that settles for {asked.flow.settle_tau:g} tau and is read.")
    say()
    for item, (formula, places) in formulas.items():
        say_wrapped(f"{item:12}{formula}{_sources_of(profile, places)}", indent=12)
    say()
    say_wrapped(
        "Not modelled: losses of the supply, leakage currents, switches of the hold capacitors, "
        "the host.",
        indent=0,
    )


def _sources_of(profile: Profile, places: Sequence[str]) -> str:
    """Where the numbers at these places of a profile come from, to be printed after a formula."""
    from neurosim.blocks.sources import numbers_of

    said = {number.path: str(number.source) for number in numbers_of(profile)}
    found = [f"; {place}: {said[place]}" for place in places if place in said]
    if places and not found:
        return f"; {' and '.join(places)} {'is' if len(places) == 1 else 'are'} ideal: not counted"
    return "".join(found)
