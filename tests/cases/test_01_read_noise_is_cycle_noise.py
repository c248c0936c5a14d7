"""Noise of the reading is no noise of the step, nor of anything else of a device."""

from pathlib import Path

import numpy as np
import pytest

from lab import HIGH_S, LOW_S, ramps, table
from neurosim.devices.drift import LogRelaxation
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.devices.pulses import LinearStep, SoftBounds

CASE = Path(__file__).with_name("01_read_noise_is_cycle_noise")


def fitted(path):
    [part] = fit_devices(read_measurements(path)).parts
    return part


def test_exact_steps_that_are_read_with_noise():
    part = fitted(CASE / "read_noise_only.csv")
    assert part.block["cycle_noise"] < 0.1
    # 0.2 % of 10 uS.
    assert part.facts["reading_noise_S"][0] == pytest.approx(2e-8, rel=0.15)


@pytest.mark.slow
def test_noisy_steps_that_are_read_exactly():
    part = fitted(CASE / "cycle_noise_only.csv")
    assert part.block["cycle_noise"] == pytest.approx(0.3, abs=0.03)


@pytest.mark.slow
def test_much_noise_of_reading_on_small_linear_steps(tmp_path):
    """Ten times the step: by single steps a cycle noise of some 14."""
    law = LinearStep(states=1000, gamma_up=0.1, gamma_down=0.3)
    part = fitted(table(tmp_path / "m.csv", ramps(law, n=6, most=150, read=0.01)))
    assert part.block["cycle_noise"] < 1
    assert part.facts["reading_noise_S"][0] == pytest.approx(0.01 * (HIGH_S - LOW_S), rel=0.1)


def test_both_at_once_are_told_apart(tmp_path):
    law = SoftBounds(states=30, cycle_noise=0.4)
    part = fitted(table(tmp_path / "m.csv", ramps(law, n=8, most=80, read=0.005)))
    assert abs(part.block["cycle_noise"] - 0.4) < 4 * part.errors["cycle_noise"]
    value_S, error_S = part.facts["reading_noise_S"]
    assert abs(value_S - 0.005 * (HIGH_S - LOW_S)) < 4 * error_S


def test_noise_of_reading_is_no_spread_of_drift(tmp_path):
    rng = np.random.default_rng(0)
    law = LogRelaxation(start_s=1, shift_S=-1e-7)
    times, goal_S = np.geomspace(1, 1e4, 6), np.full(6, 1e-5)
    rows = [
        {"kind": "drift", "device": d, "target_S": 1e-5, "time_s": t, "conductance_S": g}
        for d in range(30)
        for t, g in zip(times, law.aged(goal_S, goal_S, times, np.zeros(6))
                        + rng.normal(0, 2e-7, 6), strict=True)
    ]  # fmt: skip
    part = fitted(table(tmp_path / "m.csv", rows))
    name = "spread_growth_S" if part.block["law"] == "log" else "exponent_spread"
    # The slopes of such lines scatter by 2e-7 S / 7.8 = 2.6e-8 S, or 0.0026 of 1e-5 S.
    assert part.block[name] < (1e-8 if part.block["law"] == "log" else 1e-3)
