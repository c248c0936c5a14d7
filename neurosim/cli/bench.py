"""The command `neurosim bench`. Heavy packages are imported inside."""

from __future__ import annotations

from typing import Any

import click

from neurosim.cli.common import (
    COUNT,
    DEVICE,
    JSON,
    print_json,
    say,
)
from neurosim.errors import DataError

__all__ = ["bench"]


@click.command()
@click.argument("what", type=click.Choice(["settle", "train", "noise"]), default="settle")
@click.option("--rows", type=COUNT, default=1797, show_default=True, help="Batch that settles.")
@click.option("--repeats", type=COUNT, default=5, show_default=True, help="Interleaved repeats.")
@click.option("--threads", type=COUNT, default=2, show_default=True, help="Of our engines.")
@click.option("--no-peers", is_flag=True, help="Leave other programs out; they take minutes.")
@DEVICE
@JSON
def bench(
    what: str, rows: int, repeats: int, threads: int, no_peers: bool, device: str, as_json: bool
) -> None:
    """Time engines and, where installed, other programs on this machine.

    `settle` is one free phase of 30 tau at an error of 1e-3; `train` is one full update at the
    paper's settings. Peers: SciPy's solve_ivp; diffrax, ngspice and PyTorch if installed.
    `noise` says how accurate steps with noise are, on a chip of its own.
    """
    from neurosim.bench import bench_noise, bench_settle, bench_train
    from neurosim.data import load_digits

    def report(text: str) -> None:
        say(text, err=True)

    if what == "noise":
        _print_noise(bench_noise(report=report), as_json)
        return
    if rows > len(load_digits()[0]):
        raise DataError(f"bench --rows must be at most 1797, the digits there are, but is {rows}.")
    run = bench_settle if what == "settle" else bench_train
    table = run(
        rows,
        repeats,
        n_threads=threads,
        peers=not no_peers,
        device=device,
        report=report,
    )
    if as_json:
        print_json(table)
        return
    say(
        f"{'law':>8} {'weights':>7} {'engine':31} {'evals':>5} {'error':>7} {'seconds':>8} products"
    )
    for row in table:
        error = "" if row["max_error"] is None else f"{row['max_error']:.1e}"
        ratio = row["ratio_to_four_gemms"]
        line = (
            f"{row['law']:>8} {row.get('weights', 'trained'):>7} {row['engine']:31} "
            f"{row['evaluations'] or '':>5} {error:>7} {row['wall_s']:>8.3g} "
            + (f"{ratio:>6.2f} x" if ratio else "")
        )
        say(line.rstrip())


def _print_noise(table: list[dict[str, Any]], as_json: bool) -> None:
    """Rms errors in thousandths of a unit voltage."""
    if as_json:
        print_json(table)
        return
    say(
        f"{'scheme':>29} {'steps':>5} {'evals':>5} {'error':>6} {'noise':>6} {'apart':>6} "
        f"{'gradient':>8} {'variance':>8}"
    )
    for row in table:
        errors = [1e3 * row[key] for key in ("rms_error", "thermal_rms", "difference_error")]
        say(
            f"{row['scheme']:>29} {row['steps']:>5} {row['evaluations']:>5} "
            f"{errors[0]:>6.3f} {errors[1]:>6.3f} {errors[2]:>6.3f} "
            f"{row['gradient_error']:>8.1e} {row['variance_ratio']:>8.4f}"
        )
    for row in table:
        if row["default"]:
            say(f"the default is {row['scheme']}")
