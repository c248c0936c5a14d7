"""The command `neurosim evaluate`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import (
    JSON,
    LAWS,
    MODES,
    POSITIVE,
    RUN,
    SEED,
    opened,
    print_json,
    say,
)
from neurosim.cli.lines import metric_lines, own_error_lines

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Trained

__all__ = ["evaluate", "evaluate_run"]


def evaluate_run(
    source: Trained | Path, n: int, mode: str | None, t_end: float | None, seed: int
) -> dict[str, Any]:
    """Evaluate a run and keep the result in its folder."""
    from neurosim.blocks.records import dump_record
    from neurosim.outputs import check_writable, write_text
    from neurosim.runs import Trained

    trained = Trained.of(source)
    assert trained.run is not None
    file = trained.run.path / "evaluation.json"
    check_writable(file)
    with Bar("sampling") as bar:
        result, _ = trained.evaluate(n, mode=mode, t_end=t_end, seed=seed, progress=bar)
    result |= {"updates": trained.run.n_done}
    write_text(file, dump_record(result))
    return result


@click.command()
@RUN
@click.option(
    "-n", type=click.IntRange(min=7), default=2000, show_default=True, help="Number of samples."
)
@click.option("--mode", type=MODES, help="How they are drawn, instead of the experiment's way.")
@click.option("--t-end", type=POSITIVE, help="Generation time.  [default: 1.2]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the starting noise.")
@LAWS
@JSON
def evaluate(
    run: Path,
    n: int,
    mode: str | None,
    t_end: float | None,
    seed: int,
    laws: tuple[type[Block], ...],
    as_json: bool,
) -> None:
    """Judge a trained chip's samples against the images that it has learned, or its answers.

    Beside it stand three rows that need no chip: real images against real ones (the floor), real
    ones with noise, and one Gaussian fitted to them (the dumb baseline). Feature Frechet distance
    and classes are by the shipped classifier of 8x8 digits, to which larger digits are averaged
    down; other images are judged by distances and neighbours of pixels alone.

    A classifier is judged by all examples that it has learned from and all that it has not:
    accuracy with its 95 % interval, confusion matrix, loss, joules and seconds a decision, all of
    these by settling time, beside rivals that need no chip.
    """
    trained = opened(run, laws)
    result = evaluate_run(trained, n, mode, t_end, seed)
    if as_json:
        print_json(result)
        return
    say("\n".join([*metric_lines(result), *own_error_lines(trained, result)]))
