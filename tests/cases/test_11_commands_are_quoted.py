"""A command that is printed can be pasted into a shell, whatever the paths are called.

Each is taken apart as a shell does, and run.
"""

import ast
import re
import shlex
import shutil
from pathlib import Path

import pytest

import neurosim
from commands import one_line, run
from neurosim.runs import Run
from neurosim.sweeps.stored import read_facts

PACKAGE = Path(neurosim.__file__).parent
NAMES = ["my run", "it's $HOME; x", "-run"]
# Begins a command of ours or of ngspice, and lasts to a full stop, a backquote or the line's end.
COMMAND = re.compile(r"(?:neurosim|ngspice) [a-z-][^`\n]*")


@pytest.fixture(params=NAMES)
def here(request, plain, tmp_path, monkeypatch):
    """A run of that name in the folder where commands are given."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(plain, tmp_path / request.param)).relative_to(tmp_path)


@pytest.fixture
def no_report(monkeypatch):
    """A training whose page nobody looks at."""
    monkeypatch.setattr("neurosim.cli.train.finish_run", lambda run: [])


def printed(text):
    """Words of the last command of a text."""
    return shlex.split(COMMAND.findall(text)[-1].rstrip(".;"))


def words_of(path):
    return f"./{path}" if str(path).startswith("-") else str(path)


def test_what_a_training_says_comes_next(here, no_report):
    options = ["--profile", "ideal_hopfield", "--layers", "64,6,5", "--updates", 1, "--batch", 8]
    out = here.with_name(f"{here.name}, new")
    done = run("train", *options, "--settle-tau", 1, "--out", words_of(out))
    assert printed(done.stdout) == ["neurosim", "evaluate", words_of(out)]


@pytest.mark.every(3)
def test_what_an_import_says_comes_next(here):
    assert run("export", words_of(here), "--to", "w.npz").exit_code == 0
    done = run("import", "w.npz", "--out", words_of(here) + " 2")
    words = printed(done.stdout)
    assert words == ["neurosim", "sample", words_of(here) + " 2", "-n", "100"]
    assert run(*words[1:], "--t-end", 0.05).exit_code == 0


def test_how_a_netlist_is_run(here):
    file = words_of(here) + ".cir"
    words = printed(run("export", words_of(here), "--to", file).stdout)
    assert words == ["ngspice", "-b", file, "-r", words_of(Path(f"{here.name}.raw"))]
    assert Path(words[2]).exists()


def test_how_a_damaged_evaluation_is_made_again(here):
    (here / "evaluation.json").write_text("{")
    words = printed(one_line(run("report", words_of(here))))
    assert words == ["neurosim", "evaluate", words_of(here)]


def test_how_a_damaged_sweep_goes_on(here):
    (here / "sweep.json").write_text("{")
    with pytest.raises(OSError, match="sweep FILE") as found:
        read_facts(here)
    command = re.search(r"`(neurosim sweep .*?)` again", str(found.value), re.DOTALL)
    assert command is not None
    assert shlex.split(command[1]) == [
        "neurosim",
        "sweep",
        "FILE",
        "--out",
        words_of(here),
        "--resume",
    ]


def test_the_command_that_a_run_records_repeats_it(here, no_report):
    out = here.with_name(f"{here.name}, new")
    words = ["--profile", "ideal_hopfield", "--layers", "64,6,5", "--updates", 1, "--batch", 8]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["neurosim", "train", *map(str, words), "--out", str(out)])
        assert run("train", *words, "--settle-tau", 1, "--out", words_of(out)).exit_code == 0
    command = Run.open(out).facts["command"]
    assert shlex.split(command) == ["neurosim", "train", *map(str, words), "--out", str(out)]


def unquoted(tree):
    """Lines of f-strings that put something into a command as it is."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                before += part.value
                continue
            assert isinstance(part, ast.FormattedValue)
            begun = re.search(r"(?:neurosim [a-z-]+ |ngspice -)[^`\n]*$", before)
            call = part.value.func if isinstance(part.value, ast.Call) else None
            is_number = part.format_spec is not None and ast.unparse(part.format_spec) == "f'd'"
            if begun and not is_number and not (isinstance(call, ast.Name) and call.id == "quoted"):
                yield part.lineno
            before += "\0"


def test_nothing_is_put_into_a_command_as_it_is():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in unquoted(ast.parse(path.read_text("utf-8")))
    ]
    assert not found


def test_the_search_for_such_commands_finds_one():
    assert list(unquoted(ast.parse('f"try: neurosim sample {out} -n 3"'))) == [1]
    assert not list(unquoted(ast.parse('f"try: neurosim sample {quoted(out)} -n {n:d}"')))
    assert list(unquoted(ast.parse('f"try: neurosim sample {quoted(out)} -n {n}"'))) == [1]
