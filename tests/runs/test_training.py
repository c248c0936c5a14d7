"""Run folders: what they hold, how they resume, what they refuse."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import CheckpointError, DataError, RunError
from neurosim.host import Contrast, Experiment, FlowSettings, Learning
from neurosim.profile import load_profile
from neurosim.runs import Run
from neurosim.sweeps import Sweep, expand
from neurosim.sweeps.fitting import left_behind
from tools import posix
from trainings import resume, train

TINY = {"updates": 6, "batch": 16, "flow": FlowSettings(settle_tau=1.0)}
COLUMNS = ["update", "flow_loss", "gradient_norm", "evaluations", "rows_diverged"]


def profile(name="cmos_rc_6bit"):
    return load_profile(name).with_value("layers", (64, 12, 10))


def without_wall(path):
    with path.open(newline="") as stream:
        return [{k: v for k, v in row.items() if k != "wall_s"} for row in csv.DictReader(stream)]


def weights(run):
    return run.load()["trainer"]["optimizer"]["weights"]


def test_a_run_folder_holds_what_it_promises(tmp_path):
    run = train(profile(), Experiment(**TINY), tmp_path / "run", command="neurosim train ...")
    assert {p.name for p in run.path.iterdir() if p.name != ".lock"} == {
        "profile.yaml", "experiment.yaml", "run.json", "metrics.csv", "checkpoint.npz"
    }  # fmt: skip
    metrics = run.metrics()
    assert set(COLUMNS) <= metrics.keys()
    np.testing.assert_array_equal(metrics["update"], np.arange(1, 7))
    settle_s = 3 * 16 * profile().node.tau_s
    np.testing.assert_allclose(metrics["settle_time_s"], settle_s)
    assert (metrics["time_s"] > metrics["settle_time_s"]).all()
    again = Run.open(run.path)
    assert (again.profile, again.experiment) == (run.profile, run.experiment)
    facts = json.loads((run.path / "run.json").read_text())
    assert facts["command"] == "neurosim train ..."
    assert facts["ledger"]["settles"] == 18


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path):
    runs = [
        train(profile(), Experiment(**TINY, seed=seed), tmp_path / str(k), n_threads=1 + k)
        for k, seed in enumerate((3, 3, 4))
    ]
    np.testing.assert_array_equal(weights(runs[0]), weights(runs[1]))
    assert without_wall(runs[0].metrics_path) == without_wall(runs[1].metrics_path)
    assert np.abs(weights(runs[0]) - weights(runs[2])).max() > 0


@pytest.mark.every(2)
@pytest.mark.parametrize("stop_after", [1, 4])
def test_a_run_stopped_by_ctrl_c_resumes_to_the_same_bits(tmp_path, stop_after):
    whole = train(profile(), Experiment(**TINY), tmp_path / "whole")

    def stop(update, total):
        if update.update == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile(), Experiment(**TINY), tmp_path / "cut", progress=stop)
    assert len(Run.open(tmp_path / "cut").metrics()["update"]) == stop_after
    resumed = resume(tmp_path / "cut")
    np.testing.assert_array_equal(weights(whole), weights(resumed))
    np.testing.assert_array_equal(
        whole.load()["chip"]["achieved_S"], resumed.load()["chip"]["achieved_S"]
    )
    assert without_wall(whole.metrics_path) == without_wall(resumed.metrics_path)


@pytest.mark.slow
def test_a_run_on_ageing_noisy_devices_resumes_to_the_same_bits(tmp_path):
    source = "assumed: a test"
    leak = {"law": "leak", "tau_s": 1e-3, "tau_spread": 0.3, "rest_S": 0, "source": source}
    noise = {
        "relative_to": "conductance", "reference_S": "6 uS", "flicker": 0.01, "slowest_s": "1 ms",
        "short_term": 0.01, "telegraph": "ideal", "source": source,
    }  # fmt: skip
    ageing = profile().with_values({"drift": leak, "device_noise": noise})
    whole = train(ageing, Experiment(**TINY), tmp_path / "whole")

    def stop(update, total):
        if update.update == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(ageing, Experiment(**TINY), tmp_path / "cut", progress=stop)
    resumed = resume(tmp_path / "cut")
    np.testing.assert_array_equal(weights(whole), weights(resumed))
    ages = [run.load()["chip"]["ageing"] for run in (whole, resumed)]
    np.testing.assert_array_equal(*[age["written_at_s"] for age in ages])
    assert without_wall(whole.metrics_path) == without_wall(resumed.metrics_path)


@pytest.mark.slow
def test_an_averaged_run_resumes_to_the_same_bits_and_ends_on_the_average(tmp_path):
    contrast = Contrast(begin=0.3, t_end=0.1)
    experiment = Experiment(**TINY, average=0.9, pairing="epoch", contrast=contrast)
    whole = train(profile("ideal_hopfield"), experiment, tmp_path / "whole")

    def stop(update, total):
        if update.update == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile("ideal_hopfield"), experiment, tmp_path / "cut", progress=stop)
    resumed = resume(tmp_path / "cut")
    assert without_wall(whole.metrics_path) == without_wall(resumed.metrics_path)
    kept, again = (run.load()["trainer"]["optimizer"] for run in (whole, resumed))
    np.testing.assert_array_equal(kept["average"], again["average"])
    assert np.abs(kept["average"] - kept["weights"]).max() > 0
    np.testing.assert_array_equal(whole.weights().vector, kept["average"])
    chip = whole.chip()
    writes = chip.ledger.device_writes
    chip.program(whole.weights())
    assert chip.ledger.device_writes == writes  # every device has the average for its target


@pytest.mark.slow
def test_a_run_begins_with_the_weights_of_another_on_another_chip(tmp_path):
    first = train(profile("ideal_hopfield"), Experiment(**TINY, average=0.5), tmp_path / "first")
    begun = []

    def stop(update, total):
        begun.append(Run.open(tmp_path / "second").load()["trainer"]["optimizer"]["weights"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile(), Experiment(**TINY), tmp_path / "second", start=first, progress=stop)
    np.testing.assert_array_equal(begun[0], first.weights().vector)
    assert Run.open(tmp_path / "second").start == first.path
    whole = train(profile(), Experiment(**TINY), tmp_path / "whole", start=first)
    np.testing.assert_array_equal(weights(whole), weights(resume(tmp_path / "second")))


def test_a_training_that_begins_with_one_that_was_stopped_says_so(tmp_path):
    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    first, how = tmp_path / "first", Experiment(**TINY)
    with pytest.raises(KeyboardInterrupt):
        train(profile(), how, first, progress=stop)
    said = f"begins with the weights of .*first after 2 of {how.updates} updates, where that was st"
    with pytest.warns(UserWarning, match=said):
        train(profile(), how, tmp_path / "second", start=first)
    axes = [{"path": "sampling.t_end", "values": [0.5, 1.0]}]
    base = {"profile": "cmos_rc_6bit", "experiment": how, "start": str(first)}
    made = expand(Sweep(name="t", base=base, axes=axes))
    assert any("after 2 of" in line for line in left_behind(made, ()))


def test_a_run_of_other_layers_is_no_start(tmp_path):
    first = train(profile(), Experiment(**TINY), tmp_path / "first")
    other = profile().with_value("layers", (64, 14, 10))
    with pytest.raises(DataError, match="start from a run of the same layers"):
        train(other, Experiment(**TINY), tmp_path / "second", start=first)
    assert not (tmp_path / "second").exists()


LEARNING = {
    "every": Learning(every=4),
    "sign": Learning(mode="in_memory", pulses="sign", threshold=1.0),
    "stochastic": Learning(mode="in_memory", pulses="stochastic"),
    "accumulate": Learning(mode="in_memory", pulses="accumulate"),
}


@pytest.mark.every(5)
@pytest.mark.parametrize("mode", LEARNING)
def test_each_learning_mode_resumes_to_the_same_bits(tmp_path, mode):
    pulse = {
        "law": "soft_bounds", "pair": "rising", "refresh_at": 0.5, "states": 50,
        "asymmetry": 0.02, "cycle_noise": 0.3, "cycle_noise_additive": 0.1, "step_spread": 0.2,
        "bound_spread": 0.02, "asymmetry_spread": 0.02, "source": "assumed: a test",
    }  # fmt: skip
    chip = profile().with_value("pulse", pulse)
    experiment = Experiment(**TINY | {"updates": 9}, learning=LEARNING[mode])
    whole = train(chip, experiment, tmp_path / "whole")

    def stop(update, total):
        if update.update == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(chip, experiment, tmp_path / "cut", progress=stop)
    resumed = resume(tmp_path / "cut")
    np.testing.assert_array_equal(
        whole.load()["chip"]["achieved_S"], resumed.load()["chip"]["achieved_S"]
    )
    assert without_wall(whole.metrics_path) == without_wall(resumed.metrics_path)
    assert (whole.metrics()["pulses"].sum() > 0) == (mode != "every")


@posix
@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    """SIGKILL at a moment of no choice; checkpoints come after every update here."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = {[str(path) for path in Path(__file__).parents[:2]]!r}\n"
        "from neurosim.runs import keeping, train\n"
        "from neurosim.host import Experiment\n"
        "from test_training import TINY, profile\n"
        "keeping.CHECKPOINT_EVERY_S = 0.0\n"
        "experiment = Experiment(**TINY | {'updates': 40})\n"
        f"train(profile(), experiment, {str(tmp_path / 'cut')!r})\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    metrics = tmp_path / "cut" / "metrics.csv"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") > 4):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    experiment = Experiment(**TINY | {"updates": 40})
    whole = train(profile(), experiment, tmp_path / "whole")
    resumed = resume(tmp_path / "cut")
    np.testing.assert_array_equal(weights(whole), weights(resumed))
    assert without_wall(whole.metrics_path) == without_wall(resumed.metrics_path)


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="must be a new folder, but exists"):
        train(profile(), Experiment(**TINY), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_batch_larger_than_the_data_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError):
        train(profile(), Experiment(**TINY | {"batch": 5000}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_named_and_left_as_it_is(tmp_path):
    run = train(profile(), Experiment(**TINY), tmp_path / "run")
    data = run.checkpoint.read_bytes()[:1000]
    run.checkpoint.write_bytes(data)
    with pytest.raises(CheckpointError, match="must be a neurosim checkpoint"):
        resume(run.path)
    assert run.checkpoint.read_bytes() == data


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    run = train(profile(), Experiment(**TINY), tmp_path / "run")
    text = (run.path / "experiment.yaml").read_text()
    (run.path / "experiment.yaml").write_text(text.replace("seed: 0", "seed: 5"))
    with pytest.raises(CheckpointError, match="was written for others"):
        Run.open(run.path).chip()


def test_a_metrics_table_that_lacks_rows_is_named(tmp_path):
    run = train(profile(), Experiment(**TINY), tmp_path / "run")
    run.metrics_path.unlink()
    with pytest.raises(RunError, match="must hold updates 1 to 6 of the checkpoint"):
        resume(run.path)


@pytest.mark.parametrize("content", ["[]", "{bad"])
def test_a_damaged_run_json_is_named(tmp_path, content):
    run = train(profile(), Experiment(**TINY), tmp_path / "run")
    (run.path / "run.json").write_text(content)
    with pytest.raises(RunError, match="must be a JSON object"):
        run.facts  # noqa: B018  # a property that reads the file


def test_a_nudge_that_the_chip_cannot_make_is_refused_before_anything_is_written(tmp_path):
    for flow, chip in (
        (FlowSettings(beta=0.02), profile()),
        (FlowSettings(), profile().with_value("spring.max_S", 1e-4)),
        (FlowSettings(), profile().with_value("layers", (30, 10))),
    ):
        with pytest.raises(DataError):
            train(chip, Experiment(**TINY | {"flow": flow}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="must be a run folder"):
        Run.open(tmp_path)


def test_a_step_costs_three_settles_and_bounded_work(tmp_path):
    ideal = load_profile("ideal_hopfield").with_value("layers", (64, 12, 10))
    experiment = Experiment(updates=3, batch=16, flow=FlowSettings(settle_tau=30.0))
    run = train(ideal, experiment, tmp_path / "run")
    assert run.facts["ledger"]["settles"] == 9
    # SciPy's explicit methods need some 950 evaluations for one settle of 30 tau.
    assert run.metrics()["evaluations"].max() < 3 * 237


def test_a_way_of_sampling_that_the_chip_has_no_parts_for_is_refused_before_training():
    recipe = Experiment(updates=10_000, batch=8, sampling={"mode": "gradient"})
    bare = load_profile("cmos_rc_6bit").with_value("current_sense", None)
    with pytest.raises(DataError, match="needs a chip with a current sense, but cmos_rc_6bit has"):
        train(bare, recipe)


def test_a_table_of_answers_has_no_losses_by_time(tmp_path):
    recipe = Experiment.suited("classify").with_values({"updates": 1, "batch": 8})
    changes = {"layers": (64, 6, 10), "sources": [0, -1]}
    profile = load_profile("ideal_hopfield").with_values(changes)
    found = train(profile, recipe, tmp_path / "run").metrics()
    assert not [name for name in found if name.startswith("flow_loss_")]
    assert np.isfinite([found["flow_loss"], found["accuracy"]]).all()
