"""A user's own images through the commands."""

import json

import numpy as np
import pytest

import neurosim as ns
from commands import one_line, run, train_only
from neurosim.errors import ProfileError
from neurosim.report import write_report
from neurosim.sweeps import Sweep, SweepFolder
from pages import Parsed

RULER = "features and classes are judged of the digits only"


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
    assert RULER in judged.output
    assert run("report", tmp_path / "run").exit_code == 0
    assert (
        "the fixed classifier knows digits alone" in (tmp_path / "run" / "report.html").read_text()
    )
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


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """A run that has learned 8x8 stripes, of two classes, and no digit."""
    out = tmp_path_factory.mktemp("stripes")
    images = np.where(np.arange(64) // 8 % 2, 1.0, -1.0) * np.linspace(-1, 1, 40)[:, None]
    np.savez(out / "mine.npz", images=images, labels=np.arange(40) % 2)
    options = ["--profile", "ideal_hopfield", "--dataset", out / "mine.npz"]
    options += ["--layers", "64,8,8", "--updates", "2", "--batch", "16", "--settle-tau", "5"]
    assert train_only(*options, "--out", out / "run").exit_code == 0
    return out / "run"


def test_images_that_are_no_digits_are_not_judged_by_the_classifier_of_digits(stripes):
    judged = run("evaluate", stripes, "-n", "20")
    assert judged.output.splitlines()[0].split()[:2] == ["W2", "1-NN"]
    assert "Frechet" not in judged.output
    assert judged.output.splitlines()[-1].startswith(RULER)
    found = json.loads((stripes / "evaluation.json").read_text())
    for row in (found, *found["baselines"].values()):
        assert not {"frechet_feature", "class_shares", "class_entropy", "smallest_class"} & {*row}
    assert found["fresh_frechet"] is None
    text = " ".join(run("evaluate", "--help").output.split())
    assert "other images are judged by distances and neighbours of pixels alone" in text


def test_the_page_of_images_that_are_no_digits_leads_with_pixels(stripes):
    assert run("evaluate", stripes, "-n", "20").exit_code == 0
    # As older versions judged them.
    file = stripes / "evaluation.json"
    found = json.loads(file.read_text()) | {"frechet_feature": 96.88, "class_shares": [0.1] * 10}
    for row in found["baselines"].values():
        row["frechet_feature"] = 90.0
    file.write_text(json.dumps(found))
    page = Parsed(write_report(stripes).read_text("utf-8")).text
    assert "W2; real images" in page
    assert "coverage; real images" in page
    assert not any(said in page for said in ("feature Frechet", "ten classes", "of 10", "96.9"))


def test_a_sweep_of_images_that_are_no_digits_is_ranked_by_pixels(stripes, tmp_path):
    table = ns.sweep(stripes, {"sampling.t_end": [0.1]}, n=9)
    assert table.measure == ("w2", "coverage", "flow_loss")
    assert table["error"] == [""]
    plan = {"name": "t", "base": {"run": str(stripes)}}
    folder = SweepFolder.create(tmp_path / "sweep", Sweep(**plan))
    assert folder.sweep.measure[0] == "w2"
    assert "frechet_feature" not in folder.sweep.measure
    with pytest.raises(ProfileError, match="of images that are no digits, but frechet_feature is"):
        SweepFolder.create(tmp_path / "x", Sweep(**plan, measure=["w2", "frechet_feature"]))


def test_what_a_sweep_measures_by_itself_fits_its_task_and_is_kept(tmp_path):
    digits = Sweep(name="t", base={"profile": "ideal_hopfield"})
    assert digits.measure == ()
    made = SweepFolder.create(tmp_path / "digits", digits)
    assert made.sweep.measure[:2] == ("frechet_feature", "nn_two_sample")
    assert SweepFolder.open(tmp_path / "digits").sweep == made.sweep
    layers = {"path": "profile.layers", "values": [[64, 6, 10]]}
    base = {"profile": "ideal_hopfield", "experiment": {"task": "classify", "updates": 1}}
    sources = {"path": "profile.sources", "values": [[0, -1]]}
    answers = Sweep(name="t", base=base, axes=[layers, sources])
    made = SweepFolder.create(tmp_path / "answers", answers)
    assert made.sweep.measure[:2] == ("test_accuracy", "accuracy")


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
