"""The command `neurosim predict`. Heavy packages are imported inside."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurosim.cli.common import FOLDER, JSON, LAWS, RUN, check_output, opened, print_json, say, warn
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from neurosim.blocks.block import Block

__all__ = ["predict"]


@click.command()
@RUN
@click.argument("inputs", metavar="NAME_OR_FILE")
@click.option("--to", "file", type=FOLDER, required=True, help="A .csv of answers; - prints it.")
@LAWS
@JSON
def predict(
    run: Path, inputs: str, file: Path, laws: tuple[type[Block], ...], as_json: bool
) -> None:
    """Write what a chip that has learned to answer says to the images or rows of a data set.

    A line for each row: its number from 0, of a classifier the class, and every answer, under the
    name of the column or of the class that was learned where it had one. Labels of the data set
    are not looked at.
    """
    from neurosim.outputs import write_text
    from neurosim.runs.predicting import (
        answers_to,
        ground_turned,
        names_of_answers,
        rows_beyond,
        rows_of,
    )

    check_output(file, as_json, {".csv"})
    trained = opened(run, laws)
    rows = rows_of(trained, inputs)
    answers = answers_to(trained, rows)
    if beyond := rows_beyond(trained, rows):
        said = f"Inputs should lie within what was learned, but in {beyond:,} of "
        said += f"{counted(len(rows), 'row')} some lie beyond: the answers are guesses, and a DAC "
        warn([f"{said}may clip them."])
    if turned := ground_turned(trained, rows):
        warn([f"{turned}."])
    n = answers.shape[1]
    classes: Sequence[object] = ()
    if "accuracy" in trained.metrics():
        classes = trained.dataset.classes if len(trained.dataset.classes) == n else range(n)
    write_text(file, _table(answers, names_of_answers(trained, n), classes))
    if as_json:
        print_json({"file": str(file), "rows": len(answers)})
    else:
        say(f"{file}: {counted(len(answers), 'row')}", beside=file)


def _table(answers: NDArray[np.float64], names: list[str], classes: Sequence[object]) -> str:
    """The answers in CSV, where there are classes each row's behind its number."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["row", *(["class"] if classes else []), *names])
    for number, row in enumerate(answers):
        chosen = [classes[row.argmax()]] if classes else []
        table.writerow([number, *chosen, *(f"{value:.9g}" for value in row)])
    return text.getvalue()
