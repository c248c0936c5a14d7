"""A run folder: made whole or not at all, held by one watched while it trains."""

import os
import shutil
import time

import numpy as np
import pytest

from commands import one_line, run, train_only
from killing import killed_at
from neurosim.errors import ConvergenceError, RunError
from neurosim.folders import is_free
from neurosim.host import Experiment, FlowSettings
from neurosim.profile import load_profile
from neurosim.runs import Run, evaluate, sample
from trainings import resume, train

TINY = Experiment(updates=3, batch=8, flow=FlowSettings(settle_tau=1.0))
OPTIONS = ["--profile", "ideal_hopfield", "--layers", "64,6,5", "--updates", 3, "--batch", 8]
OPTIONS += ["--settle-tau", 1]
WHOLE = {"profile.yaml", "experiment.yaml", "run.json", "checkpoint.npz"}


def profile():
    return load_profile("ideal_hopfield").with_value("layers", (64, 6, 5))


def names(folder):
    return {path.name for path in folder.iterdir()}


def without_wall(out):
    return [line.rpartition(",")[0] for line in (out / "metrics.csv").read_text().splitlines()]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A trained run to begin from."""
    return train(profile(), TINY, tmp_path_factory.mktemp("first") / "run")


@pytest.fixture(scope="module")
def whole(first, tmp_path_factory):
    """A run that began from it and was never disturbed."""
    return train(profile(), TINY, tmp_path_factory.mktemp("whole") / "run", start=first)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """A checkpoint after every update."""
    monkeypatch.setattr("neurosim.runs.keeping.CHECKPOINT_EVERY_S", 0.0)


@pytest.mark.campaign
def test_a_training_killed_at_any_step_goes_on_to_the_same_bits(first, whole, tmp_path):
    for step in range(200):
        place = tmp_path / str(step)
        place.mkdir()
        out = place / "x"
        with killed_at(step) as died:
            train(profile(), TINY, out, start=first)
        if not died:
            break
        begun = not is_free(out)
        assert not begun or names(out) >= WHOLE
        again = resume(out) if begun else train(profile(), TINY, out, start=first)
        assert without_wall(out) == without_wall(whole.path)
        assert again.start == first.path
        assert "dataset_sha256" in again.facts
        assert not [name for name in names(out) | names(place) if name.endswith(".tmp")]
    assert step > 20


@pytest.mark.slow
def test_the_same_command_with_resume_begins_in_a_missing_or_an_empty_folder(
    first, whole, tmp_path
):
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty"):
        out = tmp_path / name
        result = train_only(*OPTIONS, "--from", first.path, "--out", out, "--resume")
        assert result.exit_code == 0, result.output
        assert without_wall(out) == without_wall(whole.path)
        assert Run.open(out).start == first.path


def test_an_empty_folder_without_a_profile_is_nothing_to_go_on_with(tmp_path):
    for out in (tmp_path, tmp_path / "none"):
        line = one_line(run("train", "--resume", "--out", out))
        assert "must be a run folder to go on with, but there is none; give --profile" in line


@pytest.mark.parametrize(
    "kept", [["profile.yaml"], ["profile.yaml", "experiment.yaml"], WHOLE - {"checkpoint.npz"}]
)
def test_a_folder_of_an_older_version_without_a_checkpoint_says_how_to_go_on(first, tmp_path, kept):
    out = tmp_path / "x"
    out.mkdir()
    for name in kept:
        shutil.copy(first.path / name, out)
    line = one_line(run("train", *OPTIONS, "--resume", "--out", out))
    assert "was stopped before its first; delete the folder, and give the command" in line


@pytest.mark.parametrize("lost", ["experiment.yaml", "checkpoint.npz"])
def test_nobody_is_told_to_delete_a_folder_in_which_something_was_learned(first, tmp_path, lost):
    out = shutil.copytree(first.path, tmp_path / "x")
    (out / lost).unlink()
    line = one_line(run("train", *OPTIONS, "--resume", "--out", out))
    assert lost in line
    assert "delete the folder" not in line


@pytest.mark.campaign
def test_a_table_makes_a_whole_folder_or_none(first, tmp_path):
    table = tmp_path / "w.csv"
    assert run("export", first.path, "--to", table).exit_code == 0
    for step in range(100):
        out = tmp_path / str(step)
        with killed_at(step) as died:
            assert run("import", table, "--out", out).exit_code == 0
        assert is_free(out) or names(out) == WHOLE
        if not died:
            break
    assert step > 5
    x, _ = sample(out, 7)
    assert np.isfinite(x).all()
    assert Run.open(out).facts["command"].startswith("neurosim")


@pytest.mark.slow
def test_a_second_training_is_refused_and_readers_are_not(tmp_path):
    out, said = tmp_path / "x", []

    def meanwhile(update, total):
        if update.update != 2:
            return
        said.append(one_line(run("train", "--resume", "--out", out)))
        assert run("sample", out, "-n", 7).exit_code == 0
        assert run("export", out, "--to", tmp_path / "w.csv").exit_code == 0
        assert run("report", out).exit_code == 0
        assert np.isfinite(evaluate(out, 7)[1]).all()

    train(profile(), TINY, out, progress=meanwhile)
    assert "must be free to be trained in, but another training is using it" in said[0]
    assert len(Run.open(out).metrics()["update"]) == 3
    resume(out)


def test_a_training_whose_name_another_took_meanwhile_leaves_it_alone(tmp_path, monkeypatch):
    """Between making the folder and holding it another process may go on with it."""
    create = Run.create

    def overtaken(*args, **facts):
        made = create(*args, **facts)
        resume(made.path)
        return made

    monkeypatch.setattr(Run, "create", overtaken)
    with pytest.raises(RunError, match="another training was faster"):
        train(profile(), TINY, tmp_path / "x")
    assert len(Run.open(tmp_path / "x").metrics()["update"]) == 3


def disturbed(out, disturb):
    """Updates that a training sees which is disturbed at the first, and how it ends."""
    seen = []

    def progress(update, total):
        seen.append(update.update)
        if update.update == 1:
            disturb()

    with pytest.raises(RunError) as failure:
        train(profile(), TINY, out, progress=progress)
    assert "must stay where it is, open to be written" in str(failure.value)
    return seen


def test_a_folder_that_vanishes_ends_the_training_within_an_update(tmp_path):
    out = tmp_path / "x"
    assert disturbed(out, lambda: shutil.rmtree(out)) == [1]
    assert not out.exists()


def test_a_folder_that_was_replaced_is_not_written_into(tmp_path):
    out, away = tmp_path / "x", tmp_path / "away"

    def replace():
        out.rename(away)
        shutil.copytree(away, out)

    assert disturbed(out, replace) == [1]
    for folder in (out, away):
        assert Run.open(folder).n_done == 1
        assert len(resume(folder).metrics()["update"]) == 3


def test_a_folder_that_is_closed_to_writing_ends_the_training(tmp_path, monkeypatch):
    out, access = tmp_path / "x", os.access

    def close():
        monkeypatch.setattr(os, "access", lambda path, mode: path != out and access(path, mode))

    assert disturbed(out, close) == [1]


@pytest.mark.parametrize("second", [RunError("second"), OSError(5, "second")])
@pytest.mark.parametrize("error", [ConvergenceError("first"), OSError(28, "No space left")])
def test_the_first_error_of_a_training_is_the_one_that_is_said(
    tmp_path, monkeypatch, error, second
):
    def full(update, total):
        def fail(*states):
            raise second

        monkeypatch.setattr(Run, "save", fail)
        raise error

    with pytest.raises((ConvergenceError, RunError), match=r"first|No space left"):
        train(profile(), TINY, tmp_path / "x", progress=full)
    assert Run.open(tmp_path / "x").n_done == 1


def test_what_a_killed_training_left_goes_when_it_goes_on(tmp_path):
    run_ = train(profile(), TINY, tmp_path / "x")
    for name in ("checkpoint.npz", "metrics.csv", "run.json", "report.html"):
        (run_.path / f".{name}.77.tmp").write_bytes(b"half")
    old = time.time() - 3600
    os.utime(run_.path / ".report.html.77.tmp", (old, old))
    resume(run_.path)
    assert names(run_.path) - {".lock"} == WHOLE | {"metrics.csv"}


def test_a_name_that_is_taken_is_said_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine").touch()
    monkeypatch.setattr("neurosim.runs.training.Trainer", None)
    with pytest.raises(RunError, match="must be a new folder, but exists"):
        train(profile(), TINY, tmp_path / "x")


@pytest.mark.parametrize("name", ["profile.yaml", "experiment.yaml"])
def test_settings_that_are_edited_while_it_trains_end_the_run(tmp_path, name):
    out = tmp_path / "x"

    def edit(update, total):
        path = out / name
        path.write_text(path.read_text() + "# another\n")

    with pytest.raises(RunError, match="must stay as they are while it is trained, but have"):
        train(profile(), TINY, out, progress=edit)
    path = out / name
    path.write_text(path.read_text().replace("# another\n", ""))
    assert resume(out).n_done == TINY.updates


def test_a_start_may_be_spelled_in_another_way_when_a_run_goes_on(first, tmp_path, monkeypatch):
    out = tmp_path / "x"
    assert train_only(*OPTIONS, "--from", first.path, "--out", out).exit_code == 0
    monkeypatch.chdir(first.path.parent)
    for start in (first.path.name, f"../{first.path.parent.name}/{first.path.name}"):
        resumed = train_only(*OPTIONS, "--from", start, "--out", out, "--resume")
        assert resumed.exit_code == 0, resumed.output
    other = shutil.copytree(first.path, tmp_path / "other")
    line = one_line(run("train", *OPTIONS, "--from", other, "--out", out, "--resume"))
    assert "start differs; leave it out" in line


def test_a_run_that_does_not_say_what_it_learns_does_not_say_that_it_has_changed(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (20, 64))
    np.savez(tmp_path / "mine.npz", images=images)
    out, data = tmp_path / "x", ["--dataset", tmp_path / "mine.npz"]
    assert train_only(*OPTIONS, *data, "--out", out).exit_code == 0
    (out / "run.json").write_text("{")
    assert "restore it from a copy, or train again" in one_line(run("evaluate", out, "-n", 7))
    (out / "run.json").unlink()
    line = one_line(run("evaluate", out, "-n", 7))
    assert "run.json must say which images the run began with, but does not" in line


def test_a_folder_of_several_runs_names_one_of_them(tmp_path):
    made = train(profile(), TINY, tmp_path / "study" / "trained" / "a")
    with pytest.raises(RunError, match=r"is a sweep or a study with runs in it; give one of"):
        Run.open(tmp_path / "study")
    assert Run.open(made.path).n_done == 3
