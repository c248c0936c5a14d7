"""A user's own images through the commands."""

import numpy as np
import pytest

from commands import one_line, run, train_only

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


def few_of_two_kinds(tmp_path, labels, **also):
    images = np.random.default_rng(0).uniform(-1, 1, (40, 6))
    np.savez(tmp_path / "mine.npz", images=images, labels=labels, **also)
    options = ["--profile", "ideal_hopfield", "--task", "classify", "--updates", 1, "--batch", 8]
    return images, [*options, "--dataset", tmp_path / "mine.npz", "--out", tmp_path / "run"]


def test_a_test_set_that_is_learned_from_is_said_to_be_before_anything_is_learned(tmp_path):
    labels = np.arange(40) % 2
    images, options = few_of_two_kinds(tmp_path, labels)
    also = {"test_images": images[:7], "test_labels": labels[:7]}
    _, options = few_of_two_kinds(tmp_path, labels, **also)
    stopped = run("train", *options, "--layers", "6,5,2", "--strict")
    assert stopped.exit_code == 1
    assert "The test set must have no inputs that are learned from, but 7 of" in stopped.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (5 + np.arange(40) % 10, "0 to 14, for the largest is 14, each of them of some image, but"),
        (np.zeros(40, dtype=int), "0 to 1, for there must be two classes, each of them of some"),
    ],
)
def test_labels_that_do_not_fit_are_not_laid_at_the_door_of_what_nobody_stated(
    tmp_path, labels, said
):
    _, options = few_of_two_kinds(tmp_path, labels)
    line = one_line(run("train", *options, "--layers", f"6,5,{max(2, labels.max() + 1)}"))
    assert said in line
    assert "task.classes" not in line


def test_inputs_on_another_scale_are_refused_without_an_option_that_predict_lacks(tmp_path):
    images, options = few_of_two_kinds(tmp_path, np.arange(40) % 2)
    assert train_only(*options, "--layers", "6,5,2").exit_code == 0
    for wrong in (255 * (images + 1) / 2, (1000 * (images + 1)).astype(int)):
        np.savez(tmp_path / "new.npz", images=wrong)
        line = one_line(run("predict", tmp_path / "run", tmp_path / "new.npz", "--to", "-"))
        assert "--scale" not in line
        assert "takes inputs as it learned them, by scale auto" in line
