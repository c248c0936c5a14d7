"""A user's own images through the commands."""

import numpy as np
import pytest

from commands import run, train_only

RULER = "feature Frechet and classes are by the shipped classifier of 8x8 digits"


@pytest.mark.slow
def test_a_users_own_images_train_on_a_chip_of_their_size(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6)).astype("u1")
    np.savez(tmp_path / "mine.npz", images=images)
    options = ["--profile", "ideal_hopfield", "--dataset", str(tmp_path / "mine.npz")]
    options += ["--updates", "2", "--batch", "16", "--settle-tau", "5"]
    wrong = run("train", *options, "--out", tmp_path / "wrong")
    assert wrong.exit_code == 2
    assert "must have 30 nodes" in wrong.output
    assert "--layers 30,128,128" in wrong.output
    fitting = [*options, "--layers", "30,8,8", "--out", tmp_path / "run"]
    assert train_only(*fitting).exit_code == 0
    assert run("train", *fitting, "--resume").exit_code == 0
    judged = run("evaluate", tmp_path / "run", "-n", "20")
    assert judged.exit_code == 0, judged.output
    assert "squares of 8x8 and more only" in judged.output
    assert run("report", tmp_path / "run").exit_code == 0
    assert "squares of 8x8 and more" in (tmp_path / "run" / "report.html").read_text()
    np.savez(tmp_path / "mine.npz", images=images[:, ::-1])
    changed = run("evaluate", tmp_path / "run", "-n", "20")
    assert changed.exit_code == 2
    assert "has changed; restore it" in changed.output


@pytest.mark.slow
def test_digits_of_another_size_are_judged_by_the_classifier_of_the_digits(tmp_path):
    options = ["--profile", "cmos_rc_6bit", "--dataset", "digits16", "--layers", "256,16,12"]
    options += ["--updates", "2", "--batch", "16", "--settle-tau", "5", "--out", tmp_path / "run"]
    assert train_only(*options).exit_code == 0
    judged = run("evaluate", tmp_path / "run", "-n", "20")
    assert judged.exit_code == 0, judged.output
    assert "feature Frechet" in judged.output
    assert "of 10" in judged.output
    assert RULER not in judged.output


def test_own_images_that_the_classifier_of_the_digits_judges_are_said_to_be(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (40, 9, 9))
    np.savez(tmp_path / "mine.npz", images=images)
    options = ["--profile", "ideal_hopfield", "--dataset", tmp_path / "mine.npz"]
    options += ["--layers", "81,8,8", "--updates", "2", "--batch", "16", "--settle-tau", "5"]
    assert train_only(*options, "--out", tmp_path / "run").exit_code == 0
    judged = run("evaluate", tmp_path / "run", "-n", "20")
    assert judged.output.splitlines()[-1].startswith(RULER)
    text = " ".join(run("evaluate", "--help").output.split())
    assert "by the shipped classifier of 8x8 digits" in text


def test_layers_that_are_no_sizes_are_refused():
    for wrong in ("64", "64,0", "a,b", "64;128"):
        result = run("train", "--profile", "ideal_hopfield", "--layers", wrong)
        assert result.exit_code == 2
        assert "64,128,128" in result.output
