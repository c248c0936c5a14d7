"""What several commands share: option types, progress, and finishing or judging a run."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from neurosim.cli.kinds import Own, ParamType, Positive, Sizes, Time, known_device
from neurosim.errors import DataError
from neurosim.safe_text import printable, quoted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Trained

__all__ = [
    "COUNT",
    "DEVICE",
    "ENGINE",
    "FOLDER",
    "JSON",
    "LAWS",
    "MODES",
    "ORDER",
    "POSITIVE",
    "RUN",
    "SCALE",
    "SEED",
    "SIZES",
    "STRICT",
    "TASK",
    "TIME",
    "TIME_LIMIT",
    "ParamType",
    "check_output",
    "command_line",
    "finish_run",
    "opened",
    "print_json",
    "say",
    "warn",
    "warnings_told",
    "wrapped",
]

# As `neurosim.outputs` has it, which loads at first use.
_STANDARD_OUTPUT = Path("-")
_WIDTH = 80
# Not broken are commands to be copied and quantities: their spaces are no such meanwhile.
_WHOLE = re.compile(
    r"`[^`]*`|\b(?:with|try|by): (?:neurosim|ngspice|pip) .*"
    r"|\d [munpfkM]?(?:[sJVAFSWK]|Hz|Ohm|rad)\b"
)
_JOINT = "\0"
MODES = click.Choice(["spring", "gradient", "free-running"])
TASK = click.Choice(["flow", "classify", "regress"])
ORDER = click.option(
    "--order",
    type=click.Choice(["out-in", "in-out"]),
    help="Of the axes of such matrices, where their shapes leave it open.",
)
SCALE = click.option(
    "--scale",
    type=click.Choice(["auto", "minmax", "none"]),
    help="How numbers of a file become -1 to 1: grey levels 0 to 255 (auto), from the smallest "
    "to the largest (minmax), as they are (none).  [default: auto]",
)
ENGINE = click.Choice(["transient", "operating_point"])
COUNT = click.IntRange(min=1)
DEVICE = click.option(
    "--device",
    metavar="DEVICE",
    callback=known_device,
    default="cpu",
    show_default=True,
    help="Where batches settle: cpu, or cuda for a GPU (extra gpu).",
)
SEED = click.IntRange(min=0)
POSITIVE = Positive()
SIZES = Sizes()
FOLDER = click.Path(path_type=Path)
RUN = click.argument("run", type=FOLDER, metavar="RUN")
LAWS = click.option(
    "--laws", type=Own(), default=(),
    help="Python file with laws, engines or tasks of your own; it is run.",
)  # fmt: skip
TIME = Time()
TIME_LIMIT = click.option(
    "--time-limit", "limit_s", type=TIME,
    help="Stop in time, as Ctrl-C does, with exit status 124: 3h50m, 90 min.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program.")


def say(
    text: str = "",
    *,
    indent: int = 2,
    beside: Path | None = None,
    err: bool = False,
    nl: bool = True,
) -> None:
    """Print text, whoever wrote it: what a terminal would obey is shown as an escape.

    A line that is too long for a terminal is wrapped there; in a log, or for a program, it stays a
    line, and so do those of a text that ends with a line break of its own (`nl` is false). Where
    the file `beside` which it stands is standard output, it goes to standard error.
    """
    err = err or beside == _STANDARD_OUTPUT
    shown = printable(text)
    if nl and is_read(err=err):
        shown = "\n".join(
            part for line in shown.split("\n") for part in wrapped(line, indent=indent)
        )
    click.echo(shown, err=err, nl=nl)


def wrapped(text: str, width: int = _WIDTH, indent: int = 0) -> list[str]:
    """Lines of a paragraph, later ones indented; names, quantities and commands stay whole."""
    text = printable(text)
    if len(text) <= width:
        return [text]
    text = _WHOLE.sub(lambda found: found[0].replace(" ", _JOINT), text)
    how: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.wrap(text, width, subsequent_indent=" " * indent, **how)
    return [line.replace(_JOINT, " ") for line in lines]


def is_read(*, err: bool = False) -> bool:
    """Whether a person reads standard output, or standard error, at a terminal."""
    return (sys.stderr if err else sys.stdout).isatty()


def print_json(value: Any) -> None:
    """Print one JSON value."""
    from neurosim.blocks.records import dump_record

    say(dump_record(value), nl=False)


def check_output(file: Path, as_json: bool, suffixes: Collection[str] | None = None) -> None:
    """Refuse a file to be written before any work is done for it; `-` is standard output.

    Raises
    ------
    DataError
        See `neurosim.outputs.check_writable`; or --json would print there too; or it is a file that
        a run cannot do without.
    """
    from neurosim.outputs import check_writable
    from neurosim.runs import OWN_FILES

    if as_json and file == _STANDARD_OUTPUT:
        raise DataError("--json prints an object of its own; give a file in place of -.")
    check_writable(file, suffixes)
    target = file.resolve()
    if target.name in OWN_FILES and (target.parent / "experiment.yaml").exists():
        raise DataError(f"{file} must be a file to be written, but is a run's own; give another.")


def command_line() -> str:
    """The command as it was typed, to repeat it."""
    return shlex.join(["neurosim", *sys.argv[1:]])


STRICT = click.option(
    "--strict", is_flag=True, help="Warnings of the run's numbers are errors: exit status 1."
)


def warn(found: Sequence[str], strict: bool = False) -> None:
    """Say what is wrong with a run's numbers; if strict, leave with exit status 1."""
    for text in found:
        say(f"neurosim: {text}" if strict else f"neurosim: warning: {text}", err=True)
    if strict and found:
        raise SystemExit(1)


@contextmanager
def warnings_told(strict: bool = False) -> Iterator[None]:
    """Say what the package warns of meanwhile as `warn` does; other warnings stay as they are."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def told(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category is UserWarning:
                warn([str(message)], strict)
            else:
                others(message, category, filename, lineno, file, line)

        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = told
        yield


def opened(
    run: Path, laws: Sequence[type[Block]] = (), device: str = "cpu", *, warned: bool = True
) -> Trained:
    """The trained chip in a folder; if `warned`, it is said where its training was stopped."""
    from neurosim.runs import Trained
    from neurosim.runs.watchdogs import unfinished

    trained = Trained.of(run, laws, device=device)
    said = unfinished(trained)
    warn([said] if said and warned else [])
    return trained


def finish_run(trained: Trained) -> list[str]:
    """Samples, weight table and report of a run; what is wrong with its numbers."""
    from neurosim.report import write_report
    from neurosim.runs import export_weights, watch
    from neurosim.signals import Stopped

    assert trained.run is not None
    drawing = "drawing samples and " if trained.experiment.task.has_paths else ""
    say(f"{drawing}writing the report ...", err=True)
    folder = trained.run.path
    try:
        export_weights(trained, folder / "weights.csv")
        found = watch(trained)
        write_report(trained, warnings=found)
    except KeyboardInterrupt as cause:
        way = f"its page is made by: neurosim report {quoted(folder)}"
        raise Stopped.by(cause, f"the run is trained, {way}") from None
    return found
