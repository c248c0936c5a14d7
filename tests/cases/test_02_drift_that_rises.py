"""Devices that relax upward: a law that would cut them off is neither fitted nor accepted."""

from pathlib import Path

import numpy as np
import pytest

from commands import run
from lab import table
from neurosim.devices.drift import LogRelaxation, PowerLaw
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.profile import load_profile

CASE = Path(__file__).with_name("02_drift_that_rises")


def fitted(path):
    [part] = fit_devices(read_measurements(path)).parts
    return part


def means(path, time_s):
    drift = read_measurements(path).drift
    return drift["conductance"][drift["time"] == time_s].mean()


@pytest.mark.parametrize("name", ["rising.csv", "both_ways.csv"])
def test_the_mean_at_the_last_time_is_the_measured_one(tmp_path, name):
    """As the model ages devices, by the block that the command writes."""
    profile = tmp_path / "p.yaml"
    profile.write_bytes(Path(load_path("pcm_hermes_14nm")).read_bytes())
    assert run("profiles", "fit", CASE / name, "--into", profile).exit_code == 0
    assert run("profiles", "check", profile).exit_code == 0
    law = load_profile(profile).drift
    assert isinstance(law, LogRelaxation)
    z = np.random.default_rng(0).standard_normal(4000)
    goal_S = np.full(4000, 1e-5)
    aged_S = law.aged(goal_S, goal_S, np.full(4000, 1e4), z).mean()
    assert aged_S == pytest.approx(means(CASE / name, 1e4), rel=0.02)


def load_path(name):
    from neurosim.profile import shipped_profiles

    return shipped_profiles()[name]


@pytest.mark.parametrize("exponent", ["-0.03", "{polynomial: [0.02, -0.09]}", "{log: [0, 0.1]}"])
def test_an_exponent_that_the_model_cuts_off_is_refused(tmp_path, exponent):
    text = Path(load_path("pcm_hermes_14nm")).read_text("utf-8")
    start, end = text.index("  exponent:\n"), text.index("  exponent_spread:")
    path = tmp_path / "p.yaml"
    path.write_text(text[:start] + f"  exponent: {exponent}\n" + text[end:])
    result = run("profiles", "check", path)
    assert result.exit_code == 2
    said = " ".join((result.stdout + result.stderr).split())
    assert "exponent: must be at least 0" in said
    assert "write `law: log`, by which devices also rise" in said


def test_devices_that_do_not_drift_at_all_are_said_to(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {"kind": "drift", "device": d, "target_S": 1e-5, "time_s": t,
         "conductance_S": 1e-5 * (1 + 0.01 * rng.standard_normal())}
        for d in range(20) for t in (1, 10, 100, 1000)
    ]  # fmt: skip
    part = fitted(table(tmp_path / "m.csv", rows))
    assert part.block["law"] == "log"
    assert abs(part.block["shift_S"]) < 4 * part.errors["shift_S"]


def test_a_power_law_that_only_falls_stays_one(tmp_path):
    rng = np.random.default_rng(1)
    law, times = PowerLaw(start_s=1, reference_S=1e-5, exponent=0.05), np.array([1, 30, 1e3, 1e5])
    goal_S = np.full(4, 1e-5)
    rows = [
        {"kind": "drift", "device": d, "target_S": 1e-5, "time_s": t,
         "conductance_S": g * (1 + 1e-3 * rng.standard_normal())}
        for d in range(12)
        for t, g in zip(times, law.aged(goal_S, goal_S, times, np.zeros(4)), strict=True)
    ]  # fmt: skip
    part = fitted(table(tmp_path / "m.csv", rows))
    assert part.block["law"] == "power"
    assert abs(part.block["exponent"] - 0.05) < 4 * part.errors["exponent"]
