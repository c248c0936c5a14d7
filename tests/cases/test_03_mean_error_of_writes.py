"""A write that misses on average is reported and warned of, wherever the report is read."""

import json
from pathlib import Path

import numpy as np
import pytest

from commands import run
from lab import table

CASE = Path(__file__).with_name("03_mean_error_of_writes")


def test_the_mean_error_of_each_target_is_in_every_report():
    result = run("profiles", "fit", CASE / "biased.csv")
    assert result.exit_code == 0
    assert "writes miss 3 of 3 targets on average" in result.stderr
    assert "WARNING: writes miss 3 of 3" in " ".join(result.stdout.split())
    assert "mean error of each target" in result.stdout
    found = json.loads(run("profiles", "fit", CASE / "biased.csv", "--json").stdout)["write"]
    shares = [m["mean_error_S"] / m["target_S"] for m in found["mean_errors"]]
    assert shares == pytest.approx([-0.3, -0.2, -0.05], abs=0.01)
    assert found["warnings"]


def rows(off, n, rng):
    for target_S in (2e-6, 5e-6, 1e-5):
        for _ in range(n):
            got_S = target_S + off(target_S) + 5e-8 * rng.standard_normal()
            yield {"kind": "write", "target_S": target_S, "conductance_S": got_S}


def warned(path, off, n, seed):
    data = table(path, rows(off, n, np.random.default_rng(seed)))
    return "miss" in run("profiles", "fit", data).stderr


def test_one_target_of_three_is_enough(tmp_path):
    assert warned(tmp_path / "m.csv", lambda t: 1e-7 * (t == 1e-5), 20, 0)


def test_five_writes_of_each_are_enough_and_too_large_a_value_counts_too(tmp_path):
    assert warned(tmp_path / "m.csv", lambda t: 0.1 * t, 5, 1)


def test_writes_that_hit_are_not_warned_of(tmp_path):
    """Three targets of few writes, forty times: the limit is passed in one of a thousand."""
    none = [warned(tmp_path / "m.csv", lambda t: 0.0, 5, seed) for seed in range(40)]
    assert sum(none) <= 1
