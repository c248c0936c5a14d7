"""A sweep in memory: the rows of a sweep of a file, without one."""

import csv

import numpy as np
import pytest

import neurosim as ns
from neurosim.chip import Chip
from neurosim.errors import DataError, ProfileError
from neurosim.sweeps import Sweep, SweepFolder, run_sweep, sweep

MEASURE = ("frechet_feature", "coverage")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    changes = {"layers": (64, 6, 5), "current_sense": "none"}
    profile = ns.load_profile("cmos_rc_6bit").with_values(changes)
    experiment = ns.Experiment(updates=2, batch=16, flow={"settle_tau": 1.0})
    out = tmp_path_factory.mktemp("swept") / "run"
    return ns.train(profile, experiment, keep=out)


@pytest.mark.slow
@pytest.mark.parametrize(
    "axes",
    [
        {"sampling.t_end": [0.1, 0.2], "sampling.mode": ["free-running"]},
        {"profile.adc.bits": [4, 8], "sampling.t_end": [0.1]},
    ],
)
def test_a_sweep_in_memory_has_the_rows_of_one_in_a_folder(run, tmp_path, axes):
    table = sweep(run, axes, n=20, seed=3, replicas=2, measure=MEASURE)
    plan = Sweep(
        name="t",
        base={"run": str(run.run.path)},
        sampling={"n": 20, "seed": 3},
        axes=[{"path": path, "values": values} for path, values in axes.items()],
        replicas=2,
        measure=MEASURE,
    )
    folder = SweepFolder.create(tmp_path / "sweep", plan)
    assert list(table) == run_sweep(folder)
    assert table.groups() == folder.groups()
    table.write_csv(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == folder.table()
    assert list(sweep(run.run.path, axes, n=20, seed=3, replicas=2, measure=MEASURE)) == list(table)


def test_a_point_programs_one_chip_and_none_where_the_chip_is_the_trained_one(run, monkeypatch):
    programmed, program = [], Chip.program

    def counted(self, weights):
        programmed.append(self)
        program(self, weights)

    monkeypatch.setattr(Chip, "program", counted)
    sweep(run, {"sampling.t_end": np.array([0.1, 0.2])}, n=20, measure=MEASURE)
    assert not programmed
    sweep(run, {"profile.adc.bits": [4, 8], "sampling.t_end": [0.1]}, n=20, measure=MEASURE)
    assert len(programmed) == 2


def test_a_table_is_read_by_row_and_by_column_and_printed(run, tmp_path):
    seen = []
    table = sweep(
        run,
        {"sampling.t_end": [0.1, 0.2]},
        n=20,
        measure=MEASURE,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]
    assert repr(table) == "Table(2 points over sampling.t_end)"
    assert table["sampling.t_end"] == [0.1, 0.2] == [row["sampling.t_end"] for row in table]
    assert table[1]["coverage"] == table["coverage"][1]
    heads, first, *_ = str(table).splitlines()
    assert heads.split()[:3] == ["sampling.t_end", "frechet_feature", "coverage"]
    assert first.split()[0] == "0.1"
    with pytest.raises(DataError, match=r"one of point, key, sampling\.t_end, .*, but is cover"):
        table["cover"]
    table.write_csv(str(tmp_path / "t.csv"))
    with (tmp_path / "t.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["frechet_feature"]) for row in rows] == table["frechet_feature"]


def test_a_point_that_fails_is_a_row_with_its_error(run):
    table = sweep(run, {"sampling.mode": ["spring", "gradient"], "sampling.t_end": [0.1]}, n=20)
    assert [bool(row["error"]) for row in table] == [False, True]
    assert "needs a chip with a current sense" in table["error"][1]
    assert repr(table) == "Table(2 points over sampling.mode, sampling.t_end, 1 failed)"


@pytest.mark.parametrize(
    ("axes", "kind", "said"),
    [
        ({"sampling.t_en": [1]}, ProfileError, "did you mean 'sampling.t_end'?"),
        ({"experiment.batch": [1]}, ProfileError, "is trained already"),
        ({"sampling.t_end": "12"}, DataError, "The values of sampling.t_end must be"),
        ({"sampling.t_end": 12}, DataError, "The values of sampling.t_end must be"),
        ({3: [1]}, DataError, "A path of sweep.axes must be a text, but is 3"),
        ([1], DataError, "sweep.axes must be a mapping, but is"),
        ({"sampling.t_end": []}, DataError, "must be at least one, but are none"),
    ],
)
def test_axes_that_are_none_are_refused(run, axes, kind, said):
    with pytest.raises(kind, match=said.replace("?", r"\?")):
        sweep(run, axes)


@pytest.mark.slow
def test_a_classifier_is_judged_by_its_answers_where_nothing_is_asked_for():
    profile = ns.load_profile("ideal_hopfield").with_values(
        {"layers": (64, 6, 10), "sources": (0, -1)}
    )
    how = ns.Experiment.suited("classify").with_values({"updates": 1, "batch": 16})
    table = sweep(ns.train(profile, how), {"sampling.settle_tau": [1, 2]})
    assert table.measure[:2] == ("test_accuracy", "accuracy")
    assert all(row[name] != "" for row in table for name in table.measure)
