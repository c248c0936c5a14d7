"""A sweep gives one table: whatever computes it, and however it was begun."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from neurosim.blocks.files import dump_block
from neurosim.errors import RunError
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.runs import evaluate
from neurosim.runs.run import Run
from neurosim.sweeps import Sweep, SweepFolder, Workers, best, expand, run_sweep
from neurosim.sweeps.ranking import badness
from neurosim.sweeps.work import Task, do, train_once
from neurosim.tables import table as weight_table
from tiny_sweeps import begin, table
from trainings import train

# The first of its values is what the base has.
ANOTHER = {"path": "sampling.t_end", "values": [0.05, 0.1]}


def open_table(folder):
    return table(folder.path).decode().splitlines()


def test_the_table_has_a_row_a_point_with_figures_and_costs(serial):
    rows = list(csv.DictReader(open_table(serial)))
    assert [row["point"] for row in rows] == list("0123")
    assert [float(row["deploy.adc.bits"]) for row in rows] == [4, 8, 4, 8]
    assert all(row["error"] == "" and float(row["frechet_feature"]) > 0 for row in rows)
    assert all(float(row["sample_energy_J"]) > 0 for row in rows)
    # Free-running: one settle, and t_end * alpha * C_x / C_h time constants: 1 + 0.05 * 2 * 30.
    assert all(float(row["sample_tau"]) == pytest.approx(4.0) for row in rows)
    # tau is 100 ns; all DACs take 100 ns each time, precharging and clamping; the ADC's ramp counts
    # 2^bits ns, 64 visible nodes at 20 fJ a step while 75 amplifiers and control take 16.2 mW.
    coarse, fine = (16e-9, 256e-9)
    for row, ramp_s in zip(rows, (coarse, fine, coarse, fine), strict=True):
        seconds = 4.0 * 100e-9 + 2 * 100e-9 + ramp_s
        assert float(row["sample_time_s"]) == pytest.approx(seconds)
    more_J = 64 * 20e-15 * (256 - 16) + (fine - coarse) * (75 * 82.5e-6 + 10e-3)
    for k in (0, 2):
        spent_J = float(rows[k + 1]["sample_energy_J"]) - float(rows[k]["sample_energy_J"])
        # Heat of leaks is beside it, in the hundredths.
        assert spent_J == pytest.approx(more_J, rel=0.03)
    assert len(list((serial.path / "trained").glob("*/run.json"))) == 2


def test_a_row_keeps_its_key_when_the_sweep_gets_another_axis(tiny, serial):
    file, sweep = tiny
    more = Sweep(**(sweep.model_dump() | {"axes": (*sweep.axes, ANOTHER)}))
    first = {
        row["key"]: float(row["deploy.adc.bits"]) for row in csv.DictReader(open_table(serial))
    }
    second = {point.key: point.settings for point in expand(more, file.parent)}
    assert len(first) == 4
    assert {key: second[key]["deploy.adc.bits"] for key in first} == first
    assert len(second) == 8


def test_a_folder_of_version_0_1_0_has_points_without_what_their_cases_hold(serial, tmp_path):
    old = shutil.copytree(serial.path, tmp_path / "old")
    facts = json.loads((old / "sweep.json").read_text())
    facts["points"] = [point[:3] for point in facts["points"]]
    (old / "sweep.json").write_text(json.dumps(facts))
    assert SweepFolder.open(old).rows() == serial.rows()


def test_trainings_begin_with_plain_arrays_of_a_file(tmp_path):
    rng, file = np.random.default_rng(0), tmp_path / "net.npz"
    sizes = (64, 6, 5)
    arrays = {f"W{k}": rng.normal(0, 0.1, (sizes[k + 1], sizes[k])) for k in range(2)}
    np.savez(file, **arrays)
    (tmp_path / "chip.yaml").write_text(
        dump_block(load_profile("ideal_hopfield").with_value("layers", sizes))
    )
    plan = Sweep(
        name="begun",
        base={
            "profile": "chip.yaml",
            "start": "net.npz",
            "experiment": {"updates": 1, "batch": 4, "learning_rate": 1e-9},
        },
        axes=[{"path": "sampling.t_end", "values": [0.05]}],
        sampling={"n": 7},
    )
    (point,) = expand(plan, tmp_path)
    (tmp_path / "out" / "trained").mkdir(parents=True)
    trained = train_once(Task(point, tmp_path / "out"))
    held = weight_table(trained.chip).blocks["W0"]["weight"]
    assert held == pytest.approx(arrays["W0"], abs=1e-6)
    np.savez(file, **(arrays | {"W0": 2 * arrays["W0"]}))
    assert expand(plan, tmp_path)[0].training.key != point.training.key


@pytest.mark.slow
def test_two_processes_make_the_same_table(tiny, serial, tmp_path):
    begin(tiny, tmp_path / "out", Workers(workers=2))
    assert table(tmp_path / "out") == table(serial.path)


@pytest.mark.slow
def test_a_dask_cluster_makes_the_same_table(tiny, serial, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        begin(tiny, tmp_path / "out", Workers(dask=cluster.scheduler_address))
        assert table(tmp_path / "out") == table(serial.path)


@pytest.mark.slow
def test_a_cluster_whose_workers_have_threads_is_refused(tiny, tmp_path):
    from distributed import LocalCluster

    options = {"threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with (
        LocalCluster(n_workers=1, host="tcp://127.0.0.1", **options) as cluster,
        pytest.raises(RunError, match="one thread each"),
    ):
        begin(tiny, tmp_path / "out", Workers(dask=cluster.scheduler_address))


@pytest.mark.slow
def test_shards_together_make_the_same_table(tiny, serial, tmp_path):
    out = tmp_path / "out"
    first = begin(tiny, out, shard=(1, 2), shared=True)
    assert len(first.rows()) == 2
    begin(tiny, out, shard=(2, 2), shared=True)
    assert table(out) == table(serial.path)


def test_points_that_are_done_are_not_done_again(tiny, serial):
    files = sorted((serial.path / "points").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    begin(tiny, serial.path, resume=True)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_worker_leaves_alone_what_another_has_done(serial):
    point = serial.points[0]
    file = serial.path / "points" / f"{point.key}.json"
    before = file.stat().st_mtime_ns
    assert do(Task(point, serial.path)) == point.key
    assert file.stat().st_mtime_ns == before


def test_a_folder_of_a_sweep_is_gone_on_with_only_when_asked(tiny, serial):
    with pytest.raises(RunError, match="go on with --resume"):
        begin(tiny, serial.path)


def test_a_sweep_that_was_opened_is_looked_at_only(tiny, serial, tmp_path):
    assert SweepFolder.open(serial.path).rows() == serial.rows()
    file, sweep = tiny
    SweepFolder.create(tmp_path / "out", sweep, file.parent)
    with pytest.raises(RunError, match="opened to be looked at"):
        run_sweep(SweepFolder.open(tmp_path / "out"))


def test_a_folder_of_something_else_is_not_touched(tiny, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="holds other things"):
        begin(tiny, tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_another_job_is_making_belongs_to_the_sweep(tiny, tmp_path):
    """As when a job of an array begins at once with another, or was killed in its first write."""
    file, sweep = tiny
    out = tmp_path / "out"
    (out / "points").mkdir(parents=True)
    (out / ".lock").touch()
    (out / ".sweep.yaml.77.tmp").write_text("name: ti")
    assert len(SweepFolder.create(out, sweep, file.parent, shared=True).points) == 4


@pytest.mark.slow
def test_a_sweep_that_grows_keeps_what_is_done(tiny, serial, tmp_path):
    file, sweep = tiny
    fewer = sweep.model_copy(update={"axes": sweep.axes[1:]})
    folder = begin((file, fewer), tmp_path / "out")
    n = len(list((folder.path / "points").iterdir()))
    more = sweep.model_copy(update={"axes": (*sweep.axes[1:],), "replicas": 2})
    grown = begin((file, more), tmp_path / "out", resume=True)
    assert (n, len(list((folder.path / "points").iterdir()))) == (2, 4)
    assert len(grown.rows()) == 4


def test_a_point_that_fails_is_a_row_with_its_error(tiny, tmp_path):
    file, sweep = tiny
    cases = {"free": {}, "current": {"sampling.mode": "gradient"}}
    axes = [{"path": "profile.current_sense", "values": ["none"]}, {"name": "way", "cases": cases}]
    failing = Sweep(**(sweep.model_dump() | {"axes": axes}))
    folder = begin((file, failing), tmp_path / "out")
    good, bad = folder.rows()
    assert good["error"] == ""
    assert bad["error"].startswith("Sampling in mode gradient needs a chip with a current sense")
    assert bad["coverage"] == ""
    assert folder.left() == [folder.points[1]]


def test_a_point_is_what_the_same_steps_by_hand_give(tiny, tmp_path):
    """Train, program the weights into the other chip, judge: figure by figure the same bits."""
    profile = load_profile(tiny[0].parent / "chip.yaml")
    experiment = Experiment(
        updates=6, batch=8, learning_rate=1e-3, flow={"settle_tau": 1}, sampling={"t_end": 0.05}
    )
    run = train(profile, experiment, tmp_path / "run")
    sweep = Sweep(
        name="t",
        base={"run": str(run.path)},
        sampling={"n": 12},
        measure=["w2", "flow_loss"],
    )
    [row] = begin((tiny[0], sweep), tmp_path / "out").rows()
    by_hand, _ = evaluate(run, 12, floors=False)
    assert (row["w2"], row["flow_loss"]) == (by_hand["w2"], by_hand["flow_loss"])


def test_programming_the_same_ideal_chip_changes_nothing(tiny, tmp_path):
    profile = load_profile("ideal_hopfield").with_value("layers", (64, 6, 5))
    experiment = Experiment(updates=4, batch=8, flow={"settle_tau": 2})
    run = train(profile, experiment, tmp_path / "run")
    base = {"base": {"run": str(run.path)}, "sampling": {"n": 12, "t_end": 0.2}}
    same = [{"path": "deploy.adc.auto_range", "values": [False]}]
    folders = [
        begin((tiny[0], Sweep(name="t", axes=axes, **base)), tmp_path / name)
        for name, axes in (("a", []), ("b", same))
    ]
    figures = [{k: folder.rows()[0][k] for k in folder.sweep.measure} for folder in folders]
    assert figures[0].keys() >= {"frechet_feature", "flow_loss"}
    assert figures[0] == figures[1]


@pytest.mark.slow
def test_age_lets_a_chip_that_forgets_forget(tmp_path, tiny):
    """Weights on capacitors leak away: after many time constants nothing is left of them."""
    changes = {"layers": (64, 6, 5), "thermal.temperature_K": "ideal"}
    profile = load_profile("cap_cell_14nm").with_values(changes)
    run = train(profile, Experiment(updates=2, batch=8), tmp_path / "run")
    ages = {"path": "sampling.age_s", "values": [0, 1e-3, 1e9]}
    sweep = Sweep(
        name="t", base={"run": str(run.path)}, sampling={"n": 12}, axes=[ages], measure=["w2"]
    )
    fresh, old, oldest = begin((tiny[0], sweep), tmp_path / "out").rows()
    assert fresh["w2"] != old["w2"] != oldest["w2"]
    # Waiting is no part of what a sample takes.
    assert oldest["sample_time_s"] == pytest.approx(fresh["sample_time_s"], rel=1e-9)


def checkpoint(out, point):
    return (Path(out) / "trained" / point.training.key / "checkpoint.npz").read_bytes()


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(tiny, serial, tmp_path):
    file, sweep = tiny
    folder = SweepFolder.create(tmp_path / "out", sweep, file.parent)
    point = folder.points[0]

    def stop(update, total):
        if update.update == 3:
            raise KeyboardInterrupt

    trained = folder.path / "trained" / point.training.key
    with pytest.raises(KeyboardInterrupt):
        train(point.training.profile, point.training.experiment, trained, progress=stop)
    assert 0 < Run.open(trained).n_done < 6
    do(Task(point, folder.path))
    assert checkpoint(folder.path, point) == checkpoint(serial.path, point)
    assert folder.rows()[0] == serial.rows()[0]


@pytest.mark.parametrize("left", [[], ["profile.yaml"], ["profile.yaml", "experiment.yaml"]])
def test_a_training_killed_while_its_folder_was_made_begins_again(serial, tmp_path, left):
    point, begun = serial.points[0], tmp_path / "trained" / serial.points[0].training.key
    begun.mkdir(parents=True)
    for name in left:
        text = (serial.path / "trained" / point.training.key / name).read_text()
        (begun / name).write_text(text)
    train_once(Task(point, tmp_path))
    assert checkpoint(tmp_path, point) == checkpoint(serial.path, point)


def test_the_best_of_replicas_is_the_best_mean_not_the_luckiest_seed(tmp_path):
    """One way has the best single seed, the other the better mean."""
    sweep = Sweep(
        name="t",
        base={"profile": "ideal_hopfield"},
        axes=[{"path": "sampling.t_end", "values": [1.0, 1.2]}],
        replicas=2,
        measure=["w2"],
    )
    folder = SweepFolder.create(tmp_path / "out", sweep)
    for point, value in zip(folder.points, (1.0, 9.0, 4.0, 4.2), strict=True):
        costs = dict.fromkeys(("sample_tau", "sample_time_s", "sample_energy_J"), 1.0)
        result = {"key": point.key, "figures": {"w2": value} | costs, "error": ""}
        (folder.path / "points" / f"{point.key}.json").write_text(json.dumps(result))
    assert badness("test_accuracy", 0.9) < badness("test_accuracy", 0.1)
    assert badness("explained", 0.9) < badness("explained", 0.1)
    assert badness("test_loss", 0.1) < badness("test_loss", 0.9)
    top = best(folder.groups(), "w2")
    assert top.settings == (1.2,)
    assert (top.mean["w2"], top.rows) == (pytest.approx(4.1), 2)
