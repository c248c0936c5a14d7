"""Commands that show, judge and time. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.common import (
    COUNT,
    FOLDER,
    JSON,
    MODES,
    POSITIVE,
    RUN,
    SEED,
    evaluate_run,
    metric_lines,
    print_json,
    say,
)
from neurosim.errors import DataError

if TYPE_CHECKING:
    from neurosim.profile import Profile

__all__ = ["bench", "evaluate", "profiles", "report"]


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def profiles(ctx: click.Context, as_json: bool) -> None:
    """List the hardware profiles; show or check one."""
    if ctx.invoked_subcommand is not None:
        return
    from neurosim.profile import load_profile, shipped_profiles

    rows = [load_profile(name) for name in shipped_profiles()]
    if as_json:
        print_json([{"name": p.name, "law": p.node.law, "summary": p.summary} for p in rows])
        return
    width = max(len(p.name) for p in rows)
    for p in rows:
        say(f"{p.name:{width}}  {p.node.law:8}  {p.summary}")
    say("\nOne of them in full: neurosim profiles show NAME > mine.yaml")


@profiles.command("show")
@click.argument("name", metavar="NAME_OR_PATH")
@JSON
def show(name: str, as_json: bool) -> None:
    """Print a profile as YAML, to read or to start your own from."""
    from neurosim.profile import load_profile, shipped_profiles
    from neurosim.yaml_files import dump_block

    profile = load_profile(name)
    if as_json:
        print_json(profile.model_dump(mode="json"))
    elif name in shipped_profiles():
        say(shipped_profiles()[name].read_text("utf-8"), nl=False)
    else:
        say(dump_block(profile), nl=False)


@profiles.command("check")
@click.argument("path", metavar="NAME_OR_PATH")
@JSON
def check(path: str, as_json: bool) -> None:
    """Check a profile: every mistake on a line with its place."""
    from neurosim.profile import load_profile

    profile = load_profile(path)
    if as_json:
        print_json({"name": profile.name, "valid": True})
        return
    say(f"{path}: valid ({profile.name}: {profile.summary})")


@profiles.command("energy")
@click.argument("name", metavar="NAME_OR_PATH")
@click.option("--batch", type=COUNT, default=512, show_default=True, help="Rows of an update.")
@click.option("--updates", type=COUNT, default=2000, show_default=True, help="Of a training run.")
@JSON
def energy(name: str, batch: int, updates: int, as_json: bool) -> None:
    """Time and energy of a settle, an update, a training run and a sample, by item."""
    from neurosim.bench import FORMULAS, energy_table
    from neurosim.profile import load_profile
    from neurosim.units import format_quantity

    profile = load_profile(name)
    table = energy_table(profile, batch=batch, updates=updates)
    if as_json:
        print_json(table)
        return
    wide = max(len(action) for action in table) + 2
    say(" " * 12 + "".join(f"{action:>{wide}}" for action in table))

    def line(label: str, cells: list[str]) -> None:
        say(f"{label:12}" + "".join(f"{cell:>{wide}}" for cell in cells))

    line("time", [format_quantity(row["time_s"], "s", 3) for row in table.values()])
    for part, label in (
        ("settle_time_s", "settling"),
        ("drive_time_s", "driving"),
        ("read_time_s", "reading"),
        ("write_time_s", "writing"),
    ):
        line(f"  {label}", [format_quantity(r["parts_s"][part], "s", 3) for r in table.values()])
    line("energy", [format_quantity(row["energy_J"], "J", 3) for row in table.values()])
    for item in FORMULAS:
        line(f"  {item}", [format_quantity(r["items_J"][item], "J", 3) for r in table.values()])
    say(f"\nAn update presents {batch} rows; a training run has {updates} updates.\n")
    for item, (formula, place) in FORMULAS.items():
        say(f"{item:12}{formula}{_source_of(profile, place)}")
    say(
        "\nNot modelled: losses of the supply, what drivers take above the heat of couplings and "
        "springs,\nleakage currents, switches of the hold capacitors, the host."
    )


def _source_of(profile: Profile, place: str) -> str:
    """Where the number at `place` of a profile comes from, to be printed after a formula."""
    block_name, _, field = place.partition(".")
    block = getattr(profile, block_name, None) if place else None
    if block is None:
        return "" if not place else f"; {place} is ideal: not counted"
    source = block.source if isinstance(block.source, str) else block.source.get(field, "ideal")
    return f"; {place}: {source}"


@click.command()
@RUN
@click.option(
    "-n", type=click.IntRange(min=7), default=2000, show_default=True, help="Number of samples."
)
@click.option("--mode", type=MODES, help="How they are drawn, instead of the experiment's way.")
@click.option("--t-end", type=POSITIVE, help="Generation time.  [default: 1.2]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the starting noise.")
@JSON
def evaluate(
    run: Path, n: int, mode: str | None, t_end: float | None, seed: int, as_json: bool
) -> None:
    """Judge a trained chip's samples against the images that it has learned.

    Beside it stand three rows that need no chip: real images against real ones (the floor), real
    ones with noise, and one Gaussian fitted to them (the dumb baseline). Feature Frechet distance
    and classes are by the shipped classifier of 8x8 digits, to which larger squares are averaged
    down; they mean little for a data set of other images.
    """
    from neurosim.runs import Run

    result = evaluate_run(Run.open(run), n, mode, t_end, seed)
    if as_json:
        print_json(result)
        return
    say("\n".join(metric_lines(result)))


@click.command()
@click.argument("folder", type=FOLDER, metavar="RUN_OR_SWEEP")
@click.option("--noise", is_flag=True, help="Of a run: measure its noise ledger too, in minutes.")
@JSON
def report(folder: Path, noise: bool, as_json: bool) -> None:
    """Write the report page of a run or a sweep again, with its newest results."""
    from neurosim.folders import exists
    from neurosim.report import write_report, write_sweep_report
    from neurosim.runs import Run
    from neurosim.sweeps import SweepFolder

    if exists(folder / "sweep.yaml"):
        if noise:
            raise DataError(f"--noise is for a run, but {folder} is a sweep; give one of its runs.")
        path = write_sweep_report(SweepFolder.open(folder))
    else:
        path = write_report(Run.open(folder), noise=noise)
    if as_json:
        print_json({"file": str(path)})
        return
    say(f"{path}")


@click.command()
@click.argument("what", type=click.Choice(["settle", "train"]), default="settle")
@click.option("--rows", type=COUNT, default=1797, show_default=True, help="Batch that settles.")
@click.option("--repeats", type=COUNT, default=5, show_default=True, help="Interleaved repeats.")
@click.option("--threads", type=COUNT, default=2, show_default=True, help="Of our engines.")
@click.option("--no-peers", is_flag=True, help="Leave other programs out; they take minutes.")
@JSON
def bench(what: str, rows: int, repeats: int, threads: int, no_peers: bool, as_json: bool) -> None:
    """Time engines and, where installed, other programs on this machine.

    `settle` is one free phase of 30 tau at an error of 1e-3; `train` is one full update at the
    paper's settings. Peers: SciPy's solve_ivp; diffrax, ngspice and PyTorch if installed.
    """
    from neurosim.bench import bench_settle, bench_train
    from neurosim.data import load_digits

    if rows > len(load_digits()[0]):
        raise DataError(f"bench --rows must be at most 1797, the digits there are, but is {rows}.")
    run = bench_settle if what == "settle" else bench_train
    table = run(
        rows,
        repeats,
        n_threads=threads,
        peers=not no_peers,
        report=lambda text: say(text, err=True),
    )
    if as_json:
        print_json(table)
        return
    say(f"{'law':>9} {'weights':>8}  {'engine':32} {'evals':>6} {'error':>8} {'seconds':>9}")
    for row in table:
        error = "" if row["max_error"] is None else f"{row['max_error']:.1e}"
        ratio = row["ratio_to_four_gemms"]
        say(
            f"{row['law']:>9} {row.get('weights', 'trained'):>8}  {row['engine']:32} "
            f"{row['evaluations'] or '':>6} {error:>8} {row['wall_s']:>9.4g}"
            + (f"  {ratio:.2f} x products" if ratio else "")
        )
