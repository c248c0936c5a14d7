"""The command `neurosim explain`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import JSON, LAWS, RUN, opened, print_json, say
from neurosim.safe_text import quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

__all__ = ["explain"]


@click.command()
@RUN
@click.option(
    "--rows", type=click.IntRange(min=2), default=128, show_default=True,
    help="Rows of the batch, and samples.",
)  # fmt: skip
@LAWS
@JSON
def explain(run: Path, rows: int, laws: tuple[type[Block], ...], as_json: bool) -> None:
    """Say why a trained chip is as good as it is, and what would make it better.

    Each imperfection of its profile is switched off in turn, ranges are
    widened, other nudges and settling times tried, at the run's own weights,
    on its own die, without training anew; of the recipe other rates and larger
    batches are tried for a few updates, and stiffer springs held against its
    own. What counts is the cosine of the
    gradient that the chip measures to the exact one, and how far its samples
    are from those of the same network without hardware: velocities where the
    host steps them, answers of a chip that answers.

    What matters comes first, with what to change and what that buys. The page
    of the run shows it too: `neurosim report RUN`.
    """
    from neurosim.blocks.records import dump_record
    from neurosim.outputs import check_writable, write_text
    from neurosim.runs import explain as explained
    from neurosim.runs.explanation import Unexplained
    from neurosim.signals import Stopped

    trained = opened(run, laws, warned=False)
    assert trained.run is not None
    file = trained.run.path / "explanation.json"
    check_writable(file)
    try:
        with Bar("variants") as bar:
            found = explained(trained, rows=rows, progress=bar)
    except KeyboardInterrupt as cause:
        if isinstance(cause, Unexplained) and cause.found is not None and not as_json:
            say(str(cause.found))
        way = "not every cause was tried, and nothing was written; fewer --rows take less time"
        raise Stopped.by(cause, f"{way}.") from None
    result = found.as_dict() | {"updates": trained.run.n_done}
    write_text(file, dump_record(result))
    if as_json:
        print_json(result)
        return
    say(f"{found}\n\non the page of the run: neurosim report {quoted(run)}")
