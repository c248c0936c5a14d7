"""Drift: the laws that made the data are told apart and found again, within standard errors."""

import numpy as np
import pytest
from scipy.stats import chi2

from lab import assert_calibrated, drifts, scores, table
from neurosim.devices.drift import LogRelaxation, PowerLaw
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.errors import DataError


def fitted(path, rows):
    [part] = fit_devices(read_measurements(table(path, rows))).parts
    return part


POWER = {"exponent": 0.06, "exponent_spread": 0.012}
LOG = {"shift_S": -0.3e-6, "spread_growth_S": 0.1e-6}
UP = {"shift_S": 0.2e-6, "spread_growth_S": 0.05e-6}


def power(**fields):
    return PowerLaw(start_s=1, reference_S=25e-6, **fields)


def log(**fields):
    return LogRelaxation(start_s=1, **fields)


@pytest.mark.every(4)
@pytest.mark.parametrize(
    ("law", "exact", "read"),
    [
        (power(**POWER), POWER, 0.0),
        (power(**POWER), POWER, 0.05),
        (log(**LOG), LOG, 0.0),
        (log(**LOG), LOG, 0.005),
        (log(**UP), UP, 0.01),
    ],
    ids=["power", "power and noise", "log", "log and noise", "rising"],
)
def test_the_law_is_told_and_its_numbers_are_found_within_their_errors(tmp_path, law, exact, read):
    """With noise of reading too, which adds to the scatter of slopes."""
    fits = []
    for seed in range(30):
        rows = drifts(np.random.default_rng(seed), law, n=25, read=read)
        part = fitted(tmp_path / "m.csv", rows)
        assert part.block["law"] == law.law
        fits.append((part.block, part.errors))
    assert_calibrated(scores(fits, exact), devices=25)


def test_noise_of_reading_alone_is_no_spread_of_devices(tmp_path):
    part = fitted(
        tmp_path / "m.csv", drifts(np.random.default_rng(1), power(exponent=0.06), read=0.05)
    )
    assert part.block["exponent_spread"] < 3 * part.errors["exponent_spread"]
    assert part.facts["reading_noise"] == pytest.approx(0.05, rel=0.2)


def test_an_exponent_that_depends_on_the_target_is_a_polynomial_of_it(tmp_path):
    law = power(exponent={"polynomial": [0.03, 0.05]}, exponent_spread=0.004)
    targets = (5e-6, 10e-6, 15e-6, 25e-6)
    rows = drifts(np.random.default_rng(2), law, n=20, targets=targets, read=0.01)
    part = fitted(tmp_path / "m.csv", rows)
    for found, error, exact in zip(
        part.block["exponent"]["polynomial"], part.errors["exponent"]["polynomial"], (0.03, 0.05),
        strict=True,
    ):  # fmt: skip
        assert abs(found - exact) < 5 * error


def test_devices_that_rise_get_the_law_that_can_rise(tmp_path):
    """Powers of time both ways: a power law leaves nothing, but its exponent is cut off at 0."""
    rng = np.random.default_rng(3)
    rows = [
        {"kind": "drift", "device": d, "target_S": 1e-5, "time_s": t,
         "conductance_S": 1e-5 * t**-nu}
        for d, nu in enumerate(rng.normal(0.01, 0.03, 40)) for t in (1, 10, 100, 1e3, 1e4)
    ]  # fmt: skip
    part = fitted(tmp_path / "m.csv", rows)
    assert part.block["law"] == "log"
    assert any("would not rise" in note for note in part.notes)
    times = np.array([r["time_s"] for r in rows])
    late = np.mean([r["conductance_S"] for r, t in zip(rows, times, strict=True) if t == 1e4])
    # The mean at the last time is that of the devices, to the scatter of 40 of them.
    assert 1e-5 + part.block["shift_S"] * np.log(1e4) == pytest.approx(late, rel=0.03)


def test_errors_do_not_depend_on_the_unit(tmp_path):
    rows = list(drifts(np.random.default_rng(3), log(**LOG), n=20, read=0.01))
    large = [r | {n: r[n] * 1e6 for n in ("target_S", "conductance_S")} for r in rows]
    one, other = (fitted(tmp_path / "m.csv", r) for r in (rows, large))
    for name in LOG:
        assert other.block[name] == pytest.approx(1e6 * one.block[name], rel=1e-6)
        assert other.errors[name] == pytest.approx(1e6 * one.errors[name], rel=1e-6)


@pytest.mark.slow
def test_chi_squared_is_that_of_its_degrees_of_freedom_and_a_bend_is_warned_of(tmp_path):
    found = []
    for seed in range(20):
        part = fitted(
            tmp_path / "m.csv", drifts(np.random.default_rng(seed), power(**POWER), read=0.02)
        )
        found.append(part.facts["chi_squared"])
    low, high = chi2.ppf([1e-4, 1 - 1e-4], 6 * 20)
    assert low < sum(found) < high
    bent = [
        r | {"conductance_S": r["conductance_S"] * (1 + 0.02 * np.log10(r["time_s"]) ** 2)}
        for r in drifts(np.random.default_rng(0), power(**POWER), read=0.01)
    ]
    assert any("no straight line" in w for w in fitted(tmp_path / "m.csv", bent).warnings)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"time_s": 0}, "times and conductances above 0"),
        ({"time_s": 1.0}, "at least 3 times of each device"),
        ({"device": "one"}, "must stand in the order of measurement|add a column cycle"),
        ({"target_S": 0}, "targets above 0 S"),
    ],
)
def test_a_table_that_cannot_be_fitted_is_refused(tmp_path, change, text):
    rows = [r | change for r in drifts(np.random.default_rng(0), power(**POWER), n=6)]
    if "time_s" in change:
        rows = [r | {"cycle": 1} for r in rows]
    with pytest.raises(DataError, match=text):
        fitted(tmp_path / "m.csv", rows)


def test_a_reading_of_next_to_nothing_is_fitted_without_overflow(tmp_path):
    rows = list(drifts(np.random.default_rng(0), power(**POWER), n=5))
    rows[7]["conductance_S"] = 7e-320
    part = fitted(tmp_path / "m.csv", rows)
    assert part.facts["left_log_over_power"] is None
    assert all(np.isfinite(error) for error in part.errors.values())
