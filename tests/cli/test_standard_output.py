"""What - for a file writes to standard output, and what it cannot."""

from pathlib import Path

import pytest

from commands import one_line, run


def test_standard_output_takes_the_table_alone(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("export", plain, "--to", "-", "--format", "csv")
    assert result.exit_code == 0
    assert result.stdout.startswith("kind,layer,row,column")
    assert "couplings and biases" in result.stderr
    run("export", plain, "--to", "w.csv")
    assert result.stdout_bytes == Path("w.csv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"w.csv", "w.sheet.json"}


def test_standard_output_takes_samples_plans_and_netlists(plain):
    samples = run("sample", plain, "-n", 7, "--out", "-")
    assert len(samples.stdout.splitlines()) == 8
    plan = run("plan", plain, "--to", "-")
    assert plan.stdout.startswith("block,row,column,device")
    netlist = run("export", plain, "--to", "-", "--format", "cir")
    assert netlist.stdout.rstrip().endswith(".end")
    assert netlist.stderr.endswith(" lines\n")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("export RUN --to -", "- for standard output has no suffix; say the format with --format"),
        ("export RUN --to - --format csv --json", "--json prints an object of its own"),
        ("plan RUN --to - --json", "--json prints an object of its own"),
        ("sample RUN -n 7 --out - --json", "--json prints an object of its own"),
        ("profiles noise ideal_hopfield --figure -", "must end in .png, .svg, but is -"),
        ("export RUN --to /dev/stdout --format csv", "is a stream; give - for standard output"),
    ],
)
def test_what_standard_output_cannot_take_is_said(plain, command, line):
    words = [plain if word == "RUN" else word for word in command.split()]
    assert line in one_line(run(*words))
