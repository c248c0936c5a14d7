"""Writes: the spread that made the data is found again, and what it is worth is said."""

import numpy as np
import pytest
from scipy.stats import chi2

from lab import assert_calibrated, scores, table, writes
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.devices.fit.writes import _most_likely, _polynomial
from neurosim.errors import DataError


def fitted(path, rows):
    [part] = fit_devices(read_measurements(table(path, rows))).parts
    return part


LAWS = [[0.02], [0.01, 0.04], [0.01054, 0.0786, -0.0469]]


@pytest.mark.every(3)
@pytest.mark.parametrize("law", LAWS)
def test_the_spread_of_writes_is_found_again(tmp_path, law):
    part = fitted(tmp_path / "m.csv", writes(np.random.default_rng(0), {"polynomial": law}))
    x = np.linspace(1 / 12, 1, 20)
    found = np.polynomial.polynomial.polyval(x, part.block["noise"]["polynomial"])
    # 400 writes of a target give its deviation to 3.5 %; eight targets share the fit.
    np.testing.assert_allclose(found, np.polynomial.polynomial.polyval(x, law), rtol=5 * 0.035)
    assert len(part.block["noise"]["polynomial"]) <= len(law) + 1
    assert part.facts["chance"] > 0.01
    assert part.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 50])
def test_its_standard_errors_are_those_of_the_scatter_over_seeds(n):
    """With five writes of a target too, where each measured scatter is far from the true one."""
    x = np.linspace(1 / 12, 1, 8)
    powers, law = np.vander(x, 2, increasing=True), np.array([0.01, 0.04])
    fits, rng = [], np.random.default_rng(n)
    for _ in range(200):
        s = powers @ law * np.sqrt(rng.chisquare(n - 1, 8) / (n - 1))
        c, information = _most_likely(powers, s, np.full(8, n - 1))
        fits.append(
            (
                {"sum": c @ [1, 0.5]},
                {"sum": np.sqrt([1, 0.5] @ np.linalg.solve(information, [1, 0.5]))},
            )
        )
    assert_calibrated(scores(fits, {"sum": law @ [1, 0.5]}))


def test_five_writes_of_a_target_give_no_smaller_spread_than_many():
    """The mean over seeds of the fitted sigma; weights by each measured scatter gave 0.8 of it."""
    rng, powers = np.random.default_rng(1), np.ones((20, 1))
    s = 0.02 * np.sqrt(rng.chisquare(4, (200, 20)) / 4)
    found = [_most_likely(powers, row, np.full(20, 4))[0][0] for row in s]
    # 200 fits of 80 degrees of freedom: 0.6 % of the mean.
    assert np.mean(found) == pytest.approx(0.02, rel=0.03)


def test_chi_squared_is_that_of_its_degrees_of_freedom(tmp_path):
    found = []
    for seed in range(30):
        rows = writes(np.random.default_rng(seed), 0.02, n=6)
        facts = fitted(tmp_path / "m.csv", rows).facts
        # A higher degree is taken in one of a hundred.
        if facts["freedom"] == 7:
            found.append(facts["chi_squared"])
    low, high = chi2.ppf([1e-4, 1 - 1e-4], 7 * len(found))
    # Of few writes the deviance is chi squared to some 5 %.
    assert 0.9 * low < sum(found) < 1.1 * high


def test_errors_do_not_depend_on_the_unit(tmp_path):
    rows = list(writes(np.random.default_rng(3), {"polynomial": [0.01, 0.04]}, n=20))
    large = [r | {n: r[n] * 1e6 for n in ("target_S", "conductance_S")} for r in rows]
    one, other = (fitted(tmp_path / "m.csv", r) for r in (rows, large))
    for name in ("block", "errors"):
        np.testing.assert_allclose(*(
            getattr(p, name)["noise"]["polynomial"] for p in (one, other)
        ), rtol=1e-6)  # fmt: skip


def test_a_mean_error_is_reported_and_warned_of(tmp_path):
    rng = np.random.default_rng(0)
    rows = [r | {"conductance_S": r["conductance_S"] - 2e-6} for r in writes(rng, 0.01, n=30)]
    part = fitted(tmp_path / "m.csv", rows)
    [warning] = part.warnings
    assert "miss 8 of 8 targets on average" in warning
    for row in part.facts["mean_errors"]:
        assert abs(row["mean_error_S"] + 2e-6) < 5 * row["error_S"]
    fair = fitted(tmp_path / "m.csv", writes(rng, 0.01, n=30))
    assert fair.warnings == []


def test_a_reading_that_rules_the_spread_is_named_by_its_line(tmp_path):
    rows = [*writes(np.random.default_rng(0), 0.01, n=30)]
    assert fitted(tmp_path / "m.csv", rows).warnings == []
    rows[40] = rows[40] | {"conductance_S": 4e-3}
    warnings = fitted(tmp_path / "m.csv", rows).warnings
    # The header is line 1.
    [wild] = [w for w in warnings if "worst in line 42, 0.004 S for" in w]
    assert wild.startswith("1 reading misses its target by more than 30 times")


def test_a_spread_that_no_polynomial_has_is_warned_of(tmp_path):
    """A peak at one of twelve targets, four times as high as the rest."""
    rng = np.random.default_rng(0)
    rows = [
        {"kind": "write", "target_S": t,
         "conductance_S": t + rng.normal(0, 4e-8 if k == 6 else 1e-8)}
        for k, t in enumerate(np.linspace(1e-6, 1e-5, 12)) for _ in range(40)
    ]  # fmt: skip
    part = fitted(tmp_path / "m.csv", rows)
    assert part.facts["chance"] < 1e-6
    assert part.facts["worst_misfit"]["target_S"] == pytest.approx(np.linspace(1e-6, 1e-5, 12)[6])
    assert any("no polynomial up to degree 3 is plausible" in w for w in part.warnings)


def test_what_the_table_does_not_tell_is_said_to_be_assumed(tmp_path):
    part = fitted(tmp_path / "m.csv", writes(np.random.default_rng(0), 0.02, n=20))
    ideal = {name for name, value in part.block.items() if value in ("ideal", "none", 1)}
    assert ideal == set(part.assumed)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([(1e-6, 1e-6)] * 4, "at least 5 writes of each target"),
        ([(1e-6, 1e-6)] * 8, "the 8 readings of target 1e-06 S must differ"),
        ([(0, 1e-9), (0, 2e-9)] * 4, "needs targets above 0 S"),
        ([(0, 0)] * 8, "needs targets above 0 S"),
    ],
)
def test_a_table_that_cannot_be_fitted_is_refused(tmp_path, rows, text):
    rows = [{"kind": "write", "target_S": t, "conductance_S": g} for t, g in rows]
    with pytest.raises(DataError, match=text):
        fitted(tmp_path / "m.csv", rows)


def test_an_information_that_has_no_inverse_in_digits_is_no_fit():
    """A target with a reading whose exponent was lost."""
    s = np.array([0.004491466236216459, 0.009046964954098829, 0.013469914907187533,
                  0.014146127370254728, 249737.2501506899])  # fmt: skip
    with pytest.raises(np.linalg.LinAlgError):
        _polynomial(np.linspace(0.2, 1, 5), s, np.array([19, 19, 19, 19, 15]))
