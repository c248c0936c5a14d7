"""What files say on a terminal, and names on the command line: shown, and never obeyed."""

import ast
import json
import os
import shlex
from pathlib import Path

import pytest

import neurosim.cli
from commands import one_line, run
from hostile import hostile
from neurosim.blocks.files import dump_block, parse_block
from neurosim.profile import Profile
from neurosim.safe_text import has_hidden
from shipped import edited

COMMANDS = sorted(Path(neurosim.cli.__file__).parent.glob("*.py"))


def obeyed(result):
    """What a terminal would obey of the output."""
    return has_hidden((result.stdout + result.stderr).replace("\n", ""))


def test_every_command_prints_by_the_one_function_that_escapes():
    calls = [
        (path.name, ast.unparse(call.func))
        for path in COMMANDS
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
    ]
    prints = [place for place in calls if place[1] in {"print", "click.echo", "click.secho"}]
    assert prints == [("common.py", "click.echo")]


@pytest.mark.parametrize(
    "line", ['"a\\x9b2Jb": 1', '"a\\u202eb": 1', '"a\\nneurosim: all is well": 1']
)
def test_an_error_that_quotes_a_file_is_one_line_without_escapes(tmp_path, line):
    (tmp_path / "x.yaml").write_text(edited(("name:", f"{line}\nname:")))
    result = run("profiles", "check", tmp_path / "x.yaml")
    assert "x.yaml:12:" in one_line(result)
    assert not obeyed(result)
    assert len(result.stderr.splitlines()) == 1


def test_an_error_that_quotes_a_table_is_escaped(plain, tmp_path):
    assert run("export", plain, "--to", tmp_path / "w.json").exit_code == 0
    tree = json.loads((tmp_path / "w.json").read_text())
    del tree["sheet"]["table_sha256"]
    tree["sheet"] |= {"profile": "\x1b[31mred", "profile_checksum": "x"}
    (tmp_path / "w.json").write_text(json.dumps(tree))
    result = run("import", tmp_path / "w.json")
    assert "\\u001b[31mred" in one_line(result)
    assert not obeyed(result)


def test_a_profile_is_shown_without_escapes_and_comes_back_from_what_is_shown(tmp_path):
    profile = hostile()
    (tmp_path / "x.yaml").write_text(dump_block(profile), "utf-8")
    shown = run("profiles", "show", tmp_path / "x.yaml")
    assert not obeyed(shown)
    assert parse_block(shown.stdout, Profile, "shown") == profile
    as_json = run("profiles", "show", tmp_path / "x.yaml", "--json")
    assert not obeyed(as_json)
    assert json.loads(as_json.stdout)["description"] == profile.description
    assert not obeyed(run("profiles", "energy", tmp_path / "x.yaml"))


def test_a_file_whose_name_is_no_unicode_is_named(tmp_path):
    path = tmp_path / os.fsdecode(b"x\xff\x1b.yaml")
    path.write_text(edited())
    result = run("profiles", "check", path)
    assert result.exit_code == 0, result.output
    assert "x\\udcff\\u001b.yaml: valid" in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", ["..yaml", "...yaml", ".yaml", "a b.yaml", "con.yaml", "-x.yaml"])
def test_a_profiles_file_without_a_plain_name_lends_none_to_the_run(tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / name).write_text(edited())
    line = one_line(run("train", "--profile", f"../{name}", "--updates", "1"))
    assert f"but the profile's file is called {name!r}; give --out" in line
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted([name, "here"])


@pytest.mark.parametrize("name", ["..", ".", ".x", "-x", "a/b", "nul", "x."])
def test_a_sweep_that_is_called_by_a_path_leaves_nothing(tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("s.yaml").write_text(f"summary: x\nname: '{name}'\nbase: {{profile: ideal_hopfield}}\n")
    assert "s.yaml:2:7: name: must" in one_line(run("sweep", "s.yaml"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["here", "s.yaml"]


def test_commands_to_repeat_are_quoted_for_a_shell(plain, tmp_path):
    out, cir = tmp_path / "a b; rm x", tmp_path / "a b;.cir"
    assert run("export", plain, "--to", tmp_path / "w.json").exit_code == 0
    made = run("import", tmp_path / "w.json", "--out", out).stdout
    assert shlex.split(made.rpartition("try: ")[2]) == ["neurosim", "sample", str(out), "-n", "100"]
    said = run("export", plain, "--to", cir, "--analysis", "op").stdout
    words = shlex.split(said.rpartition("run it with: ")[2])
    assert words == ["ngspice", "-b", str(cir), "-r", "a b;.raw"]


def test_the_source_of_a_fit_is_text_whatever_the_file_is_called(tmp_path):
    rows = [f"write,{1e-6 * (5 + 0.1 * (-1) ** k * (k % 3))},5e-6" for k in range(40)]
    path = tmp_path / "a\nb: \x1b[2J#.csv"
    path.write_text("\n".join(["kind,conductance_S,target_S", *rows]) + "\n")
    for source in ([], ["--source", "1e-6"], ["--source", "a\n# b"]):
        result = run("profiles", "fit", path, *source)
        assert result.exit_code == 0, result.output
        assert not obeyed(result)
        text = edited()
        before, _, after = text.partition("\nwrite:\n")
        rest = after[after.index("\n\n") :]
        profile = parse_block(f"{before}\n{result.stdout}{rest}", Profile, "x")
        expected = source[1] if source else "measured: a\\u000ab: \\u001b[2J#.csv"
        assert profile.write.source["noise"] == expected
