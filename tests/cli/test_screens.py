"""What commands show to a person at a terminal fits its 80 columns; in a log a line is a line."""

import shutil

import click
import pytest

from commands import run
from neurosim.cli import main
from neurosim.cli.common import wrapped

SMALL = ["--layers", "64,6,10", "--batch", 4, "--seeds", 2]
QUICK = [
    ["--help"],
    ["profiles"],
    ["profiles", "check", "cmos_rc_6bit", "rram_1t1r_resistive"],
    ["profiles", "check", "nothing"],
    ["profiles", "diff", "cmos_rc_6bit", "ideal_resistive"],
    ["profiles", "energy", "cmos_rc_6bit"],
    ["profiles", "energy", "ideal_oscillator"],
    ["train", "--profile", "cmos_rc_6bit", "--labels"],
    ["train", "--profile", "ideal_resistive", "--task", "flow", "--strict"],
    ["sweep", "smoke.yaml", "--dry-run"],
    ["export", "run", "--to", "weights.csv"],
    ["export", "run", "--to", "deck.cir"],
    ["import", "run/weights.csv", "--out", "again"],
    ["plan", "run", "--to", "plan.csv"],
    ["sample", "run", "-n", 4],
    ["predict", "run", "digits", "--to", "answers.csv"],
]
SLOW = [
    ["evaluate", "run", "-n", 60],
    ["explain", "run", "--rows", 8],
    ["repeat", "run"],
    ["profiles", "noise", "cmos_rc_6bit", "--layers", "64,6,5", "--batch", 4, "--seeds", 2],
    ["profiles", "noise", "oim_lc_board", *SMALL],
]
SMOKE = """name: smoke
base:
  profile: cmos_rc_6bit
  experiment: {updates: 3, batch: 16}
axes:
  - {path: deploy.adc.visible_range_V, values: [0.32, 0.64]}
  - {path: deploy.current_sense.range_A, values: [3e-6, 6e-6]}
measure: [frechet_feature]
"""


def screen(words):
    """Lines of both outputs of a command."""
    result = run(*words)
    assert "Traceback" not in result.output
    return [*result.stdout.splitlines(), *result.stderr.splitlines()]


@pytest.fixture
def at_a_terminal(plain, tmp_path, monkeypatch):
    """In a folder with a run and a sweep, with a person reading."""
    shutil.copytree(plain, tmp_path / "run")
    (tmp_path / "smoke.yaml").write_text(SMOKE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neurosim.cli.common.is_read", lambda **_: True)
    run("export", "run", "--to", "run/weights.csv")


@pytest.mark.parametrize("words", QUICK, ids=lambda words: " ".join(map(str, words)))
@pytest.mark.usefixtures("at_a_terminal")
def test_a_screen_has_80_columns(words):
    lines = screen(words)
    assert lines
    assert max(map(len, lines)) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("words", SLOW, ids=lambda words: " ".join(map(str, words)))
@pytest.mark.usefixtures("at_a_terminal")
def test_a_screen_of_what_is_measured_has_80_columns(words):
    lines = screen(words)
    assert len(lines) > 1 or words == ["repeat", "run"]
    assert max(map(len, lines)) <= 80


def every_command(command, path=()):
    """The words of a command and of all below it."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, (*path, name))


@pytest.mark.parametrize("path", list(every_command(main)), ids=" ".join)
def test_a_help_has_80_columns(path):
    command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert max(map(len, run(*path, "--help").stdout.splitlines())) <= 80


def test_a_mistake_is_a_line_of_a_log():
    (line,) = run("profiles", "check", "nothing").stderr.splitlines()
    assert len(line) > 80


def test_commands_to_be_copied_and_quantities_are_not_broken():
    text = f"{'word ' * 12}; go on with: neurosim train --resume --out 'my run'"
    first, last = wrapped(text, 80, 2)
    assert first.endswith("go on")
    assert last == "  with: neurosim train --resume --out 'my run'"
    assert wrapped("a time of some 500 ns", 19) == ["a time of some", "500 ns"]
    assert wrapped("a\x1b", 80) == ["a\\u001b"]
