"""A run is repeated from its folder, to the last bit; what was changed in it is found."""

import json
import shutil

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from commands import one_line, run
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.errors import RunError
from neurosim.files import load_tree, save_tree
from neurosim.host import Experiment, FlowSettings, Trainer
from neurosim.profile import load_profile
from neurosim.runs import Run, repeat, sample
from neurosim.threads import one_blas_thread

FLOW = FlowSettings(settle_tau=1.0)


@pytest.mark.parametrize("name", ["plain", "begun"])
def test_a_run_repeats_to_the_last_bit_whether_it_ended_or_not(name, request):
    folder = request.getfixturevalue(name)
    found = repeat(folder)
    assert (found.same, found.updates, found.other_versions) == (True, 2, {})
    said = run("repeat", folder)
    assert (said.exit_code, said.stdout) == (
        0,
        f"{folder}: 2 updates repeated, metrics and checkpoint are the same bits\n",
    )


@pytest.mark.slow
def test_a_run_that_began_with_the_weights_of_another_repeats_while_that_is_there(plain, tmp_path):
    first = shutil.copytree(plain, tmp_path / "first")
    options = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--updates", 1]
    options += ["--batch", 8, "--settle-tau", 1, "--from", first, "--out", tmp_path / "second"]
    assert run("train", *options).exit_code == 0
    assert repeat(tmp_path / "second").same
    shutil.rmtree(first)
    with pytest.raises(RunError, match="must be a run folder"):
        repeat(tmp_path / "second")


def changed_checkpoint(folder):
    tree = load_tree(folder / "checkpoint.npz")
    written = tree["chip"]["achieved_S"].copy()
    written[7] = np.nextafter(written[7], 1)
    tree["chip"]["achieved_S"] = written
    save_tree(folder / "checkpoint.npz", tree)
    return "checkpoint/chip/achieved_S: 1 number, by at most"


def changed_metrics(folder):
    lines = (folder / "metrics.csv").read_text().splitlines()
    cells = lines[2].split(",")
    cells[1] = repr(float(np.nextafter(float(cells[1]), 9)))
    (folder / "metrics.csv").write_text("\n".join([*lines[:2], ",".join(cells)]) + "\n")
    return f"flow_loss of update 2: {float(cells[1])!r}"


def lost_metrics(folder):
    lines = (folder / "metrics.csv").read_text().splitlines(keepends=True)
    (folder / "metrics.csv").write_text("".join(lines[:2]))
    return "metrics.csv: ends before update 2"


@pytest.mark.parametrize("change", [changed_checkpoint, changed_metrics, lost_metrics])
def test_one_bit_that_differs_is_said_with_exit_status_1(plain, tmp_path, change):
    folder = shutil.copytree(plain, tmp_path / "run")
    where = change(folder)
    said = run("repeat", folder)
    assert said.exit_code == 1
    assert where in said.stdout
    assert len(said.stdout.splitlines()) == 1
    found = json.loads(run("repeat", folder, "--json").stdout)
    assert (found["same"], found["updates"]) == (False, 2)


def test_a_run_that_differs_says_which_packages_are_others(plain, tmp_path):
    folder = shutil.copytree(plain, tmp_path / "run")
    changed_metrics(folder)
    facts = json.loads((folder / "run.json").read_text())
    facts["versions"]["numpy"] = "1.0"
    (folder / "run.json").write_text(json.dumps(facts))
    assert f"; numpy 1.0, now {np.__version__}\n" in run("repeat", folder).stdout


def test_a_chip_from_a_table_has_nothing_to_repeat(plain, tmp_path):
    assert run("export", plain, "--to", tmp_path / "w.npz").exit_code == 0
    assert run("import", tmp_path / "w.npz", "--out", tmp_path / "copy").exit_code == 0
    text = "must hold at least one update to repeat, but holds none"
    assert text in one_line(run("repeat", tmp_path / "copy"))


def trained(n_threads):
    """Weights and samples of a training inside which BLAS would use so many threads."""
    images, _ = load_digits()
    with threadpool_limits(n_threads, user_api="blas"):
        chip = Chip(load_profile("ideal_hopfield"))
        trainer = Trainer(chip, Experiment(updates=2, batch=256, flow=FLOW), images)
        assert len(list(trainer)) == 2
        return trainer.weights.vector


def test_products_have_one_thread_whatever_was_set_outside():
    with threadpool_limits(4, user_api="blas"), one_blas_thread():
        threads = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    assert threads == {1}


def test_the_number_of_blas_threads_changes_no_bit_of_the_weights():
    """Four threads divide the sums of a product: unpinned, this differs by 3e-15."""
    assert np.array_equal(trained(1), trained(4))


def test_the_number_of_blas_threads_changes_no_bit_of_samples(plain):
    def drawn(n_threads):
        with threadpool_limits(n_threads, user_api="blas"):
            return sample(Run.open(plain), 64, t_end=0.05)[0]

    assert np.array_equal(drawn(1), drawn(4))
