"""`neurosim quickstart` is short, leaves what it names, and suggests commands that are commands."""

import shlex

import pytest

import neurosim.profile
from commands import run
from neurosim.chip import Chip
from neurosim.cli import main
from neurosim.cli import quickstart as command
from neurosim.host import SamplingSettings, sample_settle_time_s
from neurosim.profile import load_profile


@pytest.fixture
def small(monkeypatch):
    """The same chip with fewer nodes and no thermal noise, judged on fewer samples."""
    load, judge = neurosim.profile.load_profile, command.evaluate_run
    small = load("cmos_rc_6bit").with_values(
        {"layers": (64, 6, 5), "thermal.temperature_K": "ideal"}
    )
    monkeypatch.setattr(neurosim.profile, "load_profile", {"cmos_rc_6bit": small}.__getitem__)
    monkeypatch.setattr(command, "evaluate_run", lambda run, n, *more: judge(run, 40, *more))


def test_its_recipe_settles_no_longer_than_three_minutes_allow():
    """In settling time of one row, units of tau; 1,000 updates of flow matching are 7.7e6."""
    option = next(found for found in command.quickstart.params if found.name == "updates")
    how = command.recipe(option.default, 0)
    profile = load_profile("cmos_rc_6bit")
    sheet = Chip(profile).data_sheet
    flow, stage = how.flow.on(sheet), how.contrast
    phases = 3 * flow.settle_tau * how.updates * how.batch
    free = SamplingSettings(mode="free-running", t_end=stage.t_end)
    contrast = 2 * flow.settle_tau + sample_settle_time_s(sheet, how.flow, free) / sheet.tau_s
    contrasted = contrast * (how.updates - how.contrast_begins) * (stage.rows or how.batch)
    assert how.updates - how.contrast_begins >= 100
    assert phases + contrasted < 7.7e6


@pytest.mark.slow
def test_it_makes_the_files_that_it_names_and_suggests_commands_that_parse(small, tmp_path):
    out = tmp_path / "a folder"
    result = run("quickstart", "--out", out, "--updates", 1)
    assert result.exit_code == 0, result.output
    made, suggested = result.stdout.split("Next:")
    assert "cmos_rc_6bit has learned" in made
    named = [line.split()[0] for line in made.split(f"Made in {out}:")[1].strip().splitlines()]
    assert named == ["report.html", "samples.png", "weights.csv", "metrics.csv"]
    assert all((out / name).stat().st_size > 50 for name in named)
    page = (out / "report.html").read_text()
    assert "feature Frechet" in page
    assert "left out" not in page
    lines = [line for line in suggested.splitlines() if line.strip()]
    assert len(lines) == 4
    for line in lines:
        _, name, *words = shlex.split(line.split("   ")[0] if "other chips" in line else line)
        # Options are parsed, and nothing runs.
        main.commands[name].make_context(name, words)
