"""The command `neurosim quickstart`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.bar import Bar, stoppable
from neurosim.cli.common import (
    COUNT,
    FOLDER,
    JSON,
    SEED,
    command_line,
    finish_run,
    print_json,
    say,
    warn,
)
from neurosim.cli.evaluate import evaluate_run
from neurosim.cli.lines import metric_lines
from neurosim.safe_text import quoted

if TYPE_CHECKING:
    from neurosim.host import Experiment

__all__ = ["quickstart", "recipe"]


def recipe(updates: int, seed: int) -> Experiment:
    """What draws well after few updates, by experiments/03_beyond.

    Noise is paired with all digits at once, weights are averaged, and the last updates contrast
    digits with the chip's own samples.
    """
    from neurosim.host import Contrast, Experiment, SamplingSettings

    return Experiment(
        updates=updates,
        batch=256,
        pairing="epoch",
        learning_rate=2e-3,
        schedule="cosine",
        average=0.95,
        seed=seed,
        contrast=Contrast(weight=16, begin=0.7, learning_rate=1.5e-3),
        sampling=SamplingSettings(t_end=1.4),
    )


@click.command()
@click.option("--out", type=FOLDER, default=Path("runs/quickstart"), show_default=True)
@click.option("--updates", type=COUNT, default=420, show_default=True, help="Weight updates.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@JSON
def quickstart(out: Path, updates: int, seed: int, as_json: bool) -> None:
    """Train a realistic chip on real digits, draw samples, write a report: minutes.

    The chip is `cmos_rc_6bit`: 6-bit weights, 8-bit converters, thermal noise, a few per cent
    mismatch. Everything that is made lies in the folder --out.
    """
    from neurosim.profile import load_profile
    from neurosim.runs import train as run_training

    with stoppable(out, Bar("training")) as bar:
        trained = run_training(
            load_profile("cmos_rc_6bit"),
            recipe(updates, seed),
            out,
            command=command_line(),
            progress=bar.on_update,
        )
    result = evaluate_run(trained, 2000, None, None, 0)
    warn(finish_run(trained))
    if as_json:
        print_json({"run": str(out)} | result)
        return
    say(f"\nA simulated {trained.profile.name} has learned to draw digits.\n")
    say("\n".join(metric_lines(result)))
    say(f"""
Made in {out}:
  report.html     the page to open first: loss, samples, quality, one settle, the chip's numbers
  samples.png     100 samples that the chip drew by itself
  weights.csv     the weight table: conductances and level codes of every coupling
  metrics.csv     one row an update

Next:
  neurosim profiles                                     other chips
  neurosim train --profile ideal_hopfield --out runs/ideal --updates 500
  neurosim sample {quoted(out)} --mode spring -n 100 --out spring.png
  neurosim export {quoted(out)} --to weights.csv""")
