"""The benchmark tables: their columns, and the work that they count."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from neurosim.analysis.problem import LAWS, make_problem, shipped_weights
from neurosim.bench import bench_noise, bench_settle, bench_train
from neurosim.cli import main
from neurosim.solvers import OperatingPoint, Transient, settle
from neurosim.solvers.operating_point import LONGEST_TAU

COLUMNS = {
    "law", "engine", "rows", "evaluations", "max_error", "wall_s", "wall_s_spread",
    "ratio_to_four_gemms",
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    """Settling of 64 rows, without peers."""
    return bench_settle(64, 1, peers=False)


@pytest.mark.slow
def test_every_row_has_the_promised_columns(table):
    assert {row["law"] for row in table} == set(LAWS)
    assert {row["engine"] for row in table} == {
        "right-hand side", "ETD4", "ETD4, float32", "operating_point"
    }  # fmt: skip
    assert all(row.keys() >= COLUMNS for row in table)


@pytest.mark.slow
def test_a_free_phase_from_the_start_costs_a_quarter_of_scipys_best_at_the_same_error(table):
    """SciPy's explicit methods need some 950 evaluations: bound by stability, not by accuracy."""
    for row in table:
        if row["engine"] == "ETD4" and row["weights"] == "start":
            assert row["max_error"] <= 1e-3
            assert row["evaluations"] <= 950 / 4


def test_an_update_costs_bounded_work_and_its_gradient_is_the_exact_one():
    for row in bench_train(40, 1, peers=False):
        limit = {"transient": 400, "operating_point": 200}[row["engine"].split(",")[0]]
        assert row["evaluations"] <= limit
        assert row["max_error"] < 1e-3


@pytest.mark.slow
def test_the_command_prints_the_table_as_json():
    result = CliRunner().invoke(main, ["bench", "settle", "--rows", "64", "--repeats", "1",
                                       "--no-peers", "--json"])  # fmt: skip
    assert all(row.keys() >= COLUMNS for row in json.loads(result.stdout))


@pytest.fixture(scope="module")
def noise_table():
    """Schemes for noise on the chip of the bench."""
    return bench_noise()


NOISE_COLUMNS = {
    "scheme", "steps", "evaluations", "draws", "rms_error", "thermal_rms", "difference_error",
    "gradient_error", "variance_ratio", "default",
}  # fmt: skip


@pytest.mark.slow
def test_steps_with_noise_are_as_accurate_as_the_circuit(noise_table):
    assert all(row.keys() == NOISE_COLUMNS for row in noise_table)
    [shipped] = [row for row in noise_table if row["default"]]
    assert shipped["evaluations"] <= 50
    assert shipped["rms_error"] <= shipped["thermal_rms"] / 4
    assert shipped["gradient_error"] <= 5e-3
    assert shipped["variance_ratio"] == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_what_a_step_gets_wrong_mostly_cancels_between_nudged_phases(noise_table):
    for row in noise_table[:2]:
        assert row["difference_error"] < 0.5 * np.sqrt(2) * row["rms_error"]


def agreement(law, stage, rows):
    """Rows: at the transient's end to 1e-6, refused, and silently elsewhere."""
    problem = make_problem(law, stage, rows)
    point = settle(problem.system, problem.start_V, 1.0, OperatingPoint())
    fine = Transient(rtol=1e-6, atol=1e-10)
    long = settle(problem.system, problem.start_V, LONGEST_TAU * problem.system.tau_s, fine)
    error = np.abs(point.u_V - long.u_V).max(axis=1) / problem.system.unit_V
    # What still moves in the reference bounds how well it can be met.
    same = error < 1e-6 + 1e3 * long.residual
    return int(same.sum()), int(point.refused.sum()), int((~same & ~point.refused).sum())


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    "stage", ["start", pytest.param("bifurcation", marks=pytest.mark.slow), "trained"]
)
def test_no_row_of_a_real_network_is_silently_elsewhere(law, stage):
    same, refused, elsewhere = agreement(law, stage, 40)
    assert elsewhere == 0
    assert same + refused == 40
    assert refused <= 2


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("stage", ["bifurcation", "trained"])
@pytest.mark.parametrize(
    "rows",
    [pytest.param(150, marks=pytest.mark.slow), pytest.param(1797, marks=pytest.mark.campaign)],
)
def test_no_row_of_the_digits_is_silently_elsewhere(law, stage, rows):
    same, refused, elsewhere = agreement(law, stage, rows)
    print(f"{law}, {stage}: {same} rows agree, {refused} refused, {elsewhere} elsewhere")
    assert elsewhere == 0


def test_shipped_weights_lie_within_what_training_reaches():
    for law in LAWS:
        assert np.abs(shipped_weights(law, "trained").coupling).max() < 1.0
