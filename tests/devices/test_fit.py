"""Fits of measured devices: laws that made the data are found again, within standard errors."""

import csv

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from neurosim.cli import main
from neurosim.devices import Write
from neurosim.devices.drift import LogRelaxation, PowerLaw
from neurosim.devices.fit import fit_devices
from neurosim.devices.measurements import read_measurements
from neurosim.devices.pulses import LinearStep, SoftBounds
from neurosim.errors import DataError
from neurosim.profile import load_profile
from neurosim.streams import Streams

SOURCE = "assumed: a test"
COLUMNS = ["kind", "device", "target_S", "conductance_S", "time_s", "direction", "pulses"]


def table(path, rows):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def writes(rng, noise, n=400):
    law = Write(
        reference_S=25e-6, noise=noise, source=SOURCE,
    )  # fmt: skip
    for target_S in np.linspace(2e-6, 25e-6, 8):
        for got_S in law.write(np.full(n, target_S), rng).conductance_S:
            yield {"kind": "write", "target_S": target_S, "conductance_S": got_S}


def drifts(rng, law, n=60, target_S=20e-6):
    deviate, goal_S = rng.standard_normal(n), np.full(n, target_S)
    for time_s in np.geomspace(1, 1e5, 8):
        aged_S = law.aged(goal_S, goal_S, np.full(n, time_s), deviate)
        for device, g_S in enumerate(aged_S):
            yield {"kind": "drift", "device": f"d{device}", "target_S": target_S,
                   "time_s": time_s, "conductance_S": g_S}  # fmt: skip


def updates(law, n=30, most=120):
    streams = Streams(3)
    devices = law.fabricate(n, 1e-6, 11e-6, streams)
    rngs = streams.generator("test", 0), streams.generator("test", 1)
    for direction, sign, start_S in (("up", 1, 1e-6), ("down", -1, 11e-6)):
        g_S = np.full(n, start_S)
        for k in range(most + 1):
            for device in range(n):
                yield {"kind": "update", "device": f"{direction}{device}", "direction": direction,
                       "pulses": k, "conductance_S": g_S[device]}  # fmt: skip
            g_S = law.pulsed(g_S, np.full(n, sign), devices, rngs)


def fitted(path, name):
    return next(p for p in fit_devices(read_measurements(path)).parts if p.name == name)


@pytest.mark.parametrize("noise", [{"polynomial": [0.02]}, {"polynomial": [0.01, 0.04]},
                                   {"polynomial": [0.01054, 0.0786, -0.0469]}])  # fmt: skip
def test_the_error_of_writes_is_found_again(tmp_path, noise):
    path = table(tmp_path / "m.csv", writes(np.random.default_rng(0), noise))
    part, x = fitted(path, "write"), np.linspace(0.1, 1, 20)
    found = np.polynomial.polynomial.polyval(x, part.block["noise"]["polynomial"])
    exact = np.polynomial.polynomial.polyval(x, noise["polynomial"])
    # 400 writes of a target give its deviation to 3.5 %; eight targets share the fit.
    np.testing.assert_allclose(found, exact, rtol=5 * 0.035)
    assert len(part.block["noise"]["polynomial"]) <= len(noise["polynomial"]) + 1


def test_an_exponent_and_its_spread_are_found_within_their_errors(tmp_path):
    law = PowerLaw(law="power", start_s=1, reference_S=25e-6, exponent=0.06,
                   exponent_spread=0.012, source=SOURCE)  # fmt: skip
    part = fitted(table(tmp_path / "m.csv", drifts(np.random.default_rng(1), law)), "drift")
    assert part.block["law"] == "power"
    for name, exact in (("exponent", 0.06), ("exponent_spread", 0.012)):
        assert abs(part.block[name] - exact) < 5 * part.errors[name]


def test_a_relaxation_in_the_logarithm_of_time_is_told_from_a_power_law(tmp_path):
    law = LogRelaxation(law="log", start_s=1, shift_S=-0.3e-6,
                        spread_growth_S=0.1e-6, source=SOURCE)  # fmt: skip
    part = fitted(table(tmp_path / "m.csv", drifts(np.random.default_rng(2), law)), "drift")
    assert part.block["law"] == "log"
    for name, exact in (("shift_S", -0.3e-6), ("spread_growth_S", 0.1e-6)):
        assert abs(part.block[name] - exact) < 5 * part.errors[name]


PULSE = {"cycle_noise": 0.2, "source": SOURCE}


def test_soft_bounds_and_their_states_are_found(tmp_path):
    law = SoftBounds(law="soft_bounds", states=40, **PULSE)
    part = fitted(table(tmp_path / "m.csv", updates(law)), "pulse")
    assert part.block["law"] == "soft_bounds"
    # Readings of one device share its past, so that the fit's own error is too small.
    assert part.block["states"] == pytest.approx(40, rel=0.03)
    # The noise of each single step, over the mean step there, which noise has displaced.
    assert part.block["cycle_noise"] == pytest.approx(0.2, rel=0.25)


def test_the_slopes_of_a_linear_step_are_found(tmp_path):
    law = LinearStep(law="linear_step", states=150, gamma_up=0.12, gamma_down=0.5, **PULSE)
    part = fitted(table(tmp_path / "m.csv", updates(law)), "pulse")
    assert part.block["law"] == "linear_step"
    assert part.block["states"] == pytest.approx(150, rel=0.05)
    assert part.block["gamma_up"] == pytest.approx(0.12, abs=0.05)
    assert part.block["gamma_down"] == pytest.approx(0.5, abs=0.05)


def everything(path):
    rng = np.random.default_rng(5)
    law = PowerLaw(law="power", start_s=1, reference_S=25e-6, exponent=0.06,
                   exponent_spread=0.012, source=SOURCE)  # fmt: skip
    soft = SoftBounds(law="soft_bounds", states=40, **PULSE)
    rows = [*writes(rng, {"polynomial": [0.01, 0.04]}), *drifts(rng, law), *updates(soft)]
    return table(path, rows)


def test_the_command_makes_blocks_that_a_profile_takes_and_a_picture(tmp_path):
    path, blocks, picture = everything(tmp_path / "m.csv"), tmp_path / "b.yaml", tmp_path / "f.png"
    result = CliRunner().invoke(
        main, ["profiles", "fit", str(path), "--to", str(blocks), "--figure", str(picture)]
    )
    assert result.exit_code == 0, result.output
    found = yaml.safe_load(blocks.read_text())
    assert set(found) == {"write", "drift", "pulse"}
    profile = load_profile("cmos_rc_6bit").with_values(found)
    assert profile.drift.exponent_spread
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"kind": "writes"}, "m.csv:2: kind must be one of write, drift, update, but is 'writes'"),
        ({"conductance_S": "x"}, "m.csv:2: conductance_S must be a finite number"),
        ({"conductance_S": "nan"}, "m.csv:2: conductance_S must be a finite number"),
        ({"target_S": ""}, "m.csv:2: target_S must be given"),
        ({"kind": "update", "device": "a", "direction": "left", "pulses": 1}, "must be up or down"),
    ],
)
def test_a_bad_cell_is_named_with_its_place(tmp_path, row, text):
    good = {"kind": "write", "target_S": 1e-6, "conductance_S": 1e-6}
    path = table(tmp_path / "m.csv", [good | row])
    with pytest.raises(DataError, match=text):
        read_measurements(path)


def test_too_few_readings_are_refused(tmp_path):
    rows = [{"kind": "write", "target_S": 1e-6, "conductance_S": 1e-6}] * 4
    with pytest.raises(DataError, match="needs at least 5 writes of each target"):
        fit_devices(read_measurements(table(tmp_path / "m.csv", rows)))


def test_a_missing_file_is_one_line_and_exit_status_2(tmp_path):
    result = CliRunner().invoke(main, ["profiles", "fit", str(tmp_path / "none.csv")])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
