"""Tables as data frames, and what is said where pandas is not installed."""

import sys

import numpy as np
import pandas
import pytest

import neurosim as ns
from neurosim.sweeps.table import Table

ROW = {"point": 0, "sampling.t_end": 1.0, "coverage": 0.5, "error": ""}


@pytest.fixture(scope="module")
def trained():
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    return ns.train(profile, ns.Experiment(updates=3, batch=8))


def test_metrics_are_a_frame_by_update(trained, tmp_path):
    frame = trained.metrics().to_pandas()
    assert frame.index.name == "update"
    assert frame.index.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(frame["flow_loss"], trained.metrics()["flow_loss"])
    kept = ns.train(trained.profile, trained.experiment, keep=tmp_path / "run")
    again = kept.run.metrics().to_pandas()
    pandas.testing.assert_frame_equal(
        frame.drop(columns="wall_s"), again.drop(columns="wall_s"), check_exact=True
    )


def test_a_table_is_a_frame_of_numbers_where_points_failed_too():
    rows = [ROW, ROW | {"point": 1, "coverage": "", "error": "no rest"}]
    frame = Table(rows, ("sampling.t_end",), ("coverage",)).to_pandas()
    assert frame.index.tolist() == [0, 1]
    assert frame["coverage"].dtype == float
    assert frame["coverage"].isna().tolist() == [False, True]
    assert frame["error"].tolist() == ["", "no rest"]


def test_without_pandas_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ns.DataError, match="needs the package pandas, but it is not installed"):
        Table([ROW], (), ("coverage",)).to_pandas()
