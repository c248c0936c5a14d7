"""The command `neurosim sweep`: what it prints, and how it leaves."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurosim.blocks.files import dump_block
from neurosim.cli import main
from neurosim.sweeps import Sweep


@pytest.mark.slow
def test_the_shipped_smoke_sweep_runs_from_the_command_line(tmp_path):
    file = Path(__file__).parents[2] / "experiments" / "smoke.yaml"
    arguments = ["sweep", str(file), "--out", str(tmp_path / "out"), "--workers", "1", "--json"]
    got = CliRunner().invoke(main, arguments)
    assert got.exit_code == 0, got.output
    facts = json.loads(got.stdout)
    assert facts["points"] == facts["done"] >= 4
    assert facts["failed"] == 0


def test_a_failed_point_shows_in_the_exit_status_and_the_rest_is_done(tiny, tmp_path):
    file, sweep = tiny
    cases = {"current": {"sampling.mode": "gradient"}, "free": {}}
    axes = [{"path": "profile.current_sense", "values": ["none"]}, {"name": "way", "cases": cases}]
    failing = Sweep(**(sweep.model_dump() | {"axes": axes}))
    mine = file.with_name("failing.yaml")
    mine.write_text(dump_block(failing))
    arguments = ["sweep", str(mine), "--out", str(tmp_path / "out"), "--workers", "1"]
    got = CliRunner().invoke(main, arguments)
    assert got.exit_code == 1
    assert "2 of 2 points, 1 failed" in got.stdout
    assert "neurosim: point 0 failed: Sampling in mode gradient needs" in got.stderr


@pytest.mark.slow
def test_a_shard_says_its_own_share(tiny, tmp_path):
    file, _ = tiny
    arguments = ["sweep", str(file), "--out", str(tmp_path / "out"), "--workers", "1", "--shard"]
    first = CliRunner().invoke(main, [*arguments, "1/2"])
    assert first.exit_code == 0, first.output
    assert "shard 1/2: 2 of its 2 points have figures\n" in first.stdout
    assert "results.csv: 2 of 4 points, 0 failed" in first.stdout
    second = json.loads(CliRunner().invoke(main, [*arguments, "2/2", "--json"]).stdout)
    assert second["shard"] == {"points": 2, "done": 2}
    assert second["done"] == 4


@pytest.mark.slow
def test_an_axis_on_which_nothing_depends_is_named(tiny, tmp_path):
    """A chip that runs free takes no steps; one that its host steps does."""
    file, sweep = tiny
    warning = "sampling.dt moves no figure of quality: nothing that was drawn depends on it"
    for mode, told in (("free-running", True), ("spring", False)):
        axes = [
            {"path": "sampling.dt", "values": [0.025, 0.05]},
            {"path": "sampling.mode", "values": [mode]},
        ]
        mine = file.with_name("idle.yaml")
        mine.write_text(dump_block(Sweep(**(sweep.model_dump() | {"axes": axes}))))
        out = tmp_path / mode
        got = CliRunner().invoke(main, ["sweep", str(mine), "--out", str(out), "--workers", "1"])
        assert got.exit_code == 0, got.output
        assert (warning in got.stderr) is told
        assert ("moves no figure" in (out / "report.html").read_text()) is told


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("name: t\nbase: {profile: nope}", [], "profile must be one of"),
        ("name: t\nbase: {run: nowhere}", [], "must be a run folder"),
        ("name: t\nbase: {}", [], "must have a profile or a run"),
        ("name: t\nbase: {profile: ideal_hopfield}\naxis: []", [], "did you mean 'axes'"),
        ("name: t\nbase: {profile: ideal_hopfield}", ["--shard", "3/2"], "must be i/n"),
        # Dask's own packages take seconds to load.
        pytest.param(
            "name: t\nbase: {profile: ideal_hopfield}",
            ["--dask", "tcp://127.0.0.1:1"],
            "not answer",
            marks=pytest.mark.slow,
        ),
        ("name: t\nbase: {profile: ideal_hopfield}", ["--dask", "here"], "such as tcp://127.0.0.1"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(tmp_path, text, options, message):
    (tmp_path / "s.yaml").write_text(text)
    arguments = ["sweep", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "out"), *options]
    got = CliRunner().invoke(main, arguments)
    assert got.exit_code == 2, got.output
    assert message in got.stderr.strip().splitlines()[-1]
    assert got.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_dry_run_lists_the_points_measures_a_little_and_leaves_nothing(
    tiny, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    got = CliRunner().invoke(main, ["sweep", str(tiny[0]), "--dry-run", "--shard", "1/2"])
    first, *points, measured, computing, chips = got.stdout.splitlines()
    assert first == "tiny: 2 points, 2 trainings"
    assert [line.split()[0] for line in points] == ["0", "2"]
    assert measured.startswith("measured: a few updates of 2 trainings and a few samples of 2")
    assert " of processor time" in computing
    assert "training" in chips
    assert "sampling" in chips
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_there_is_refused_before_a_folder_is_made(tiny, tmp_path):
    file, sweep = tiny
    mine = file.with_name("tiny.yaml")
    mine.write_text(dump_block(sweep))
    for more in ([], ["--dry-run"]):
        given = ["sweep", str(mine), "--out", str(tmp_path / "out"), "--device", "tpu", *more]
        got = CliRunner().invoke(main, given)
        assert got.exit_code == 2
        assert "must be cpu, cuda" in got.stderr
    assert not (tmp_path / "out").exists()
