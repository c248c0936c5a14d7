"""Pulses: laws, noise and spreads that made the ramps are found again, within standard errors."""

import numpy as np
import pytest
from scipy.stats import chi2

from lab import HIGH_S, LOW_S, assert_calibrated, ramps, scores, table
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.devices.pulses import ExponentialStep, LinearStep, SoftBounds
from neurosim.errors import DataError


def fitted(path, rows):
    [part] = fit_devices(read_measurements(table(path, rows))).parts
    return part


SOFT = SoftBounds(
    states=40, cycle_noise=0.2, step_spread=0.1, bound_spread=0.03, asymmetry=0.1,
    asymmetry_spread=0.05,
)  # fmt: skip
LINEAR = LinearStep(
    states=100, gamma_up=0.12, gamma_down=0.5, cycle_noise=0.2, step_spread=0.1, bound_spread=0.03,
    asymmetry_spread=0.05,
)  # fmt: skip
ADDED = LinearStep(states=80, gamma_up=0.8, gamma_down=0.6, cycle_noise_additive=0.3,
                   step_spread=0.15, bound_spread=0.03)  # fmt: skip
OF_SOFT = ("states", "asymmetry", "cycle_noise", "step_spread", "bound_spread", "asymmetry_spread")
OF_LINEAR = ("states", "asymmetry", "gamma_up", "gamma_down", "step_spread", "bound_spread")


def calibration(tmp_path, law, names, n_seeds, **how):
    """Scores of the block's numbers, of the bounds and of the noise of a reading."""
    exact = {name: getattr(law, name) for name in names}
    exact |= {"low_S": LOW_S, "high_S": HIGH_S, "read": how["read"] * (HIGH_S - LOW_S)}
    fits = []
    for seed in range(n_seeds):
        part = fitted(tmp_path / "m.csv", ramps(law, seed, **how))
        assert part.block["law"] == law.law
        seen = {"low_S": part.facts["low_S"], "high_S": part.facts["high_S"],
                "read": part.facts["reading_noise_S"]}  # fmt: skip
        fits.append((
            part.block | {name: value for name, (value, _) in seen.items()},
            part.errors | {name: error for name, (_, error) in seen.items()},
        ))  # fmt: skip
    return scores(fits, exact)


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("law", "names"), [(SOFT, OF_SOFT), (LINEAR, OF_LINEAR), (ADDED, OF_LINEAR)],
    ids=["soft", "linear", "additive"],
)  # fmt: skip
def test_standard_errors_are_those_of_the_scatter_over_seeds(tmp_path, law, names):
    z = calibration(tmp_path, law, names, 15, n=12, most=100, read=0.003)
    assert_calibrated(z, devices=12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "names"),
    [(SOFT, OF_SOFT), (LINEAR, OF_LINEAR)],
)
def test_laws_noise_spreads_and_bounds_are_found_within_their_errors(tmp_path, law, names):
    z = calibration(tmp_path, law, names, 4, n=8, most=80, read=0.003, cycles=1)
    every = np.concatenate(list(z.values()))
    # Some 40 scores, spreads of eight devices among them.
    assert np.abs(every).max() < 4.5
    assert chi2.ppf(1e-4, every.size) < np.sum(every**2) < chi2.ppf(1 - 1e-4, every.size)


@pytest.mark.slow
def test_noise_of_reading_is_no_noise_of_a_step_and_the_other_way_round(tmp_path):
    """Successive steps of exact devices that are read with noise go against each other."""
    quiet = fitted(tmp_path / "m.csv", ramps(SoftBounds(states=40), most=60, read=0.002))
    assert quiet.block["cycle_noise"] < 0.1
    assert quiet.facts["reading_noise_S"][0] == pytest.approx(0.002 * (HIGH_S - LOW_S), rel=0.1)
    noisy = fitted(tmp_path / "m.csv", ramps(SoftBounds(states=40, cycle_noise=0.3), most=60))
    assert noisy.block["cycle_noise"] == pytest.approx(0.3, abs=0.03)
    assert noisy.facts["reading_noise_S"][0] < 0.001 * (HIGH_S - LOW_S)


@pytest.mark.slow
def test_noise_over_the_nominal_step_is_told_from_noise_in_proportion(tmp_path):
    part = fitted(tmp_path / "m.csv", ramps(ADDED, most=100, cycles=2))
    name = "cycle_noise_additive"
    assert abs(part.block[name] - 0.3) < 4 * part.errors[name]
    assert part.block["cycle_noise"] < 4 * part.errors["cycle_noise"]


@pytest.mark.slow
def test_where_steps_hardly_change_one_noise_is_fitted_and_the_other_said_not_to_be(tmp_path):
    law = LinearStep(states=400, cycle_noise=0.3)
    part = fitted(tmp_path / "m.csv", ramps(law, n=4, most=60, read=0.001))
    noises = ("cycle_noise", "cycle_noise_additive")
    [left_out] = [name for name in noises if name in part.assumed]
    [kept] = set(noises) - {left_out}
    assert part.block[left_out] == "ideal"
    assert "cannot be told from" in part.assumed[left_out]
    assert abs(part.block[kept] - 0.3) < 4 * part.errors[kept]


@pytest.mark.every(2)
@pytest.mark.parametrize("told", ["order", "cycle"])
def test_ramps_of_one_device_are_told_apart(tmp_path, told):
    """By the order of rows, or by a column where the rows are sorted by pulses."""
    rows = list(ramps(SOFT, n=5, most=60, cycles=3, read=0.002))
    if told == "cycle":
        per = len(rows) // 3
        rows = [r | {"cycle": k // per} for k, r in enumerate(rows)]
        rows.sort(key=lambda r: r["pulses"])
    part = fitted(tmp_path / "m.csv", rows)
    assert part.facts["ramps"] == 30
    assert abs(part.block["cycle_noise"] - 0.2) < 5 * part.errors["cycle_noise"]


@pytest.mark.slow
def test_repeated_readings_of_a_state_are_noise_of_reading(tmp_path):
    law = SoftBounds(states=20, cycle_noise=0.2)
    rng, rows = np.random.default_rng(0), []
    for row in ramps(law, n=4, most=40):
        for _ in range(3):
            seen_S = row["conductance_S"] + 3e-8 * rng.standard_normal()
            rows.append(row | {"cycle": 1, "conductance_S": seen_S})
    part = fitted(tmp_path / "m.csv", rows)
    noise_S, error_S = part.facts["reading_noise_S"]
    assert abs(noise_S - 3e-8) < 4 * error_S
    assert abs(part.block["cycle_noise"] - 0.2) < 4 * part.errors["cycle_noise"]


@pytest.mark.slow
def test_readings_after_every_fifth_pulse_give_the_same_numbers(tmp_path):
    rows = [r for r in ramps(SOFT, n=10, most=100, read=0.002) if r["pulses"] % 5 == 0]
    part = fitted(tmp_path / "m.csv", rows)
    for name in OF_SOFT:
        assert abs(part.block[name] - getattr(SOFT, name)) < 4 * part.errors[name], name


@pytest.mark.slow
def test_errors_do_not_depend_on_the_unit(tmp_path):
    rows = list(ramps(SOFT, n=4, most=50, read=0.002))
    large = [r | {"conductance_S": r["conductance_S"] * 1e6} for r in rows]
    one, other = (fitted(tmp_path / "m.csv", r) for r in (rows, large))
    for name, error in one.errors.items():
        assert other.block[name] == pytest.approx(one.block[name], rel=1e-6, abs=1e-9)
        assert other.errors[name] == pytest.approx(error, rel=1e-6)
    assert other.facts["high_S"] == pytest.approx([1e6 * x for x in one.facts["high_S"]], rel=1e-6)


def test_ramps_that_end_while_devices_still_move_are_warned_of(tmp_path):
    """By soft bounds of 40 states the last of 80 pulses hardly moves a device, of 15 it does."""
    ended = fitted(tmp_path / "m.csv", ramps(SOFT, most=80))
    assert not any("ramps end while" in w for w in ended.warnings)
    going = fitted(tmp_path / "m.csv", ramps(SOFT, most=15))
    assert any("ramps end while a pulse still moves devices by" in w for w in going.warnings)


@pytest.mark.slow
def test_steps_that_are_no_linear_function_of_the_conductance_are_warned_of(tmp_path):
    law = ExponentialStep(states=100, a=1, amplitude_up=0.3, amplitude_down=0.3, gamma_up=3,
                          gamma_down=3, cycle_noise=0.1)  # fmt: skip
    part = fitted(tmp_path / "m.csv", ramps(law, most=80))
    assert any("no linear function of the conductance" in w for w in part.warnings)
    assert part.facts["chi_squared"] > 100


def test_a_spread_of_too_few_devices_is_said_not_to_be_fitted(tmp_path):
    part = fitted(tmp_path / "m.csv", ramps(SOFT, n=2, most=60))
    for name in ("step_spread", "bound_spread", "asymmetry_spread"):
        assert part.block[name] == "ideal"
        assert part.assumed[name].startswith("not fitted: a spread needs 3 devices")
        assert any(note.startswith(name) for note in part.notes)


def rows_of(up, down):
    for way, values in (("up", up), ("down", down)):
        for k, g_S in enumerate(values):
            yield {
                "kind": "update",
                "device": "a",
                "direction": way,
                "pulses": k,
                "conductance_S": g_S,
            }


RISE, FALL = np.linspace(1e-6, 2e-6, 20), np.linspace(2e-6, 1e-6, 20)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (rows_of(RISE * 0 + 1e-6, FALL * 0 + 1e-6), "up ramps must raise the conductance"),
        (rows_of(FALL, RISE), "up ramps must raise the conductance"),
        (rows_of(RISE, []), "needs up and down pulses"),
        (rows_of(RISE[:3], FALL[:3]), "needs at least 5 pulses each way"),
        ([*rows_of(RISE, FALL), *rows_of([], FALL)], "must stand in the order|must go on within"),
        ([r | {"pulses": 10**7 if r["pulses"] == 19 else r["pulses"]} for r in rows_of(RISE, FALL)],
         "pulses must count on within a ramp, but go from 18 to 1e[+]07 in line 41"),
        ([*rows_of(RISE, FALL), *(r | {"device": "b"} for r in rows_of(RISE, []))],
         "device b must have ramps up and down"),
    ],
    ids=["flat", "the other way", "one way", "short", "mixed", "stray", "one way of one"],
)  # fmt: skip
def test_a_table_that_cannot_be_fitted_is_refused(tmp_path, rows, text):
    rows = list(rows)
    if "go on within" in text:
        rows = sorted(rows, key=lambda r: r["pulses"])
    with pytest.raises(DataError, match=text):
        fitted(tmp_path / "m.csv", rows)
