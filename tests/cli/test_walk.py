"""The way of a new user through every command, on each machine that is no chip of amplifiers."""

import json

import pytest

from commands import run

MACHINES = [
    "board_resistive",
    "ideal_oscillator",
    "ideal_resistive",
    "oim_lc_board",
    "oim_ring_65nm",
    "rram_1t1r_resistive",
]


@pytest.mark.campaign
@pytest.mark.parametrize("name", MACHINES)
def test_every_command_takes_a_machine_without_amplifiers(name, tmp_path):
    inputs = 128 if name.endswith("resistive") else 64
    task = ["--task", "classify", "--layers", f"{inputs},12,10"]
    folder, table, net = tmp_path / "run", tmp_path / "w.csv", tmp_path / "net.cir"
    answers = {}
    for command in (
        ["profiles", "check", name],
        ["profiles", "noise", name, *task, "--batch", "4", "--seeds", "2", "--json"],
        ["profiles", "energy", name, *task, "--json"],
        ["train", "--profile", name, *task, "--updates", "2", "--batch", "8", "--out", folder],
        ["evaluate", folder, "--json"],
        ["explain", folder, "--rows", "8", "--json"],
        ["export", folder, "--to", table],
        ["export", folder, "--to", net],
        ["import", table],
        ["report", folder],
    ):
        result = run(*command)
        assert result.exit_code == 0, (command, result.output)
        assert "Traceback" not in result.output
        if "--json" in command:
            answers[command[-2] if command[0] == "profiles" else command[0]] = json.loads(
                result.stdout
            )
    assert 0 <= answers["evaluate"]["test_accuracy"] <= 1
    assert answers["explain"]["first"] or answers["explain"]["others"]
    assert table.read_text().count("\n") > inputs * 12
    assert net.read_text().rstrip().endswith(".end")
    assert "test accuracy" in (folder / "report.html").read_text()
