"""How an error of any kind reaches a person: one line, its exit status, and no traceback."""

import click
import pytest

from commands import run
from neurosim.cli import main
from neurosim.errors import DataError
from neurosim.signals import Stopped


@pytest.fixture
def failing(monkeypatch):
    """Make `neurosim fail` raise an error, and run it."""

    def fail(error):
        def command():
            raise error

        monkeypatch.setitem(main.commands, "fail", click.Command("fail", callback=command))
        return run("fail")

    return fail


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (DataError("x must be 1, but is 2."), 2, "neurosim: x must be 1, but is 2.\n"),
        (KeyboardInterrupt(), 130, "neurosim: stopped.\n"),
        (Stopped("stopped; go on.", 143), 143, "neurosim: stopped; go on.\n"),
        (
            MemoryError("9 TiB"), 2,
            "neurosim: there is not enough memory; ask for less at once, or for a smaller network "
            "(9 TiB).\n",
        ),
        (BrokenPipeError(), 1, ""),
    ],
    ids=["mistake", "stopped", "stopped with advice", "memory", "pipe"],
)  # fmt: skip
def test_an_error_is_one_line_and_an_exit_status(failing, error, status, line):
    result = failing(error)
    assert (result.exit_code, result.stderr, result.stdout) == (status, line, "")


def test_a_defect_of_ours_is_not_hidden(failing):
    result = failing(ZeroDivisionError("ours"))
    assert isinstance(result.exception, ZeroDivisionError)


def test_the_overview_names_only_commands_that_there_are():
    lines = [line.split() for line in main.help.splitlines() if line.startswith("  neurosim ")]
    assert len(lines) >= 7
    for _, name, *rest in lines:
        command = main.commands[name]
        if isinstance(command, click.Group) and rest[0] in command.commands:
            command = command.commands[rest[0]]
        known = {name for option in command.params for name in option.opts}
        assert {word for word in rest if word.startswith("--")} <= known


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert run("--version").stdout == f"neurosim, version {version('neurosim-eqprop')}\n"
