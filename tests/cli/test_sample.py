"""Asking a trained chip for a class, and for the rest of an image."""

import json

import numpy as np
import pytest

from commands import one_line, run, train_only
from neurosim.data import load_digits

TINY = ["--updates", "2", "--batch", "16", "--settle-tau", "2"]


@pytest.fixture(scope="module")
def with_classes(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "classes"
    options = ["--profile", "ideal_hopfield", "--labels", "--layers", "74,12,10"]
    result = train_only(*options, *TINY, "--out", out)
    assert result.exit_code == 0, result.output
    resumed = train_only(*options, *TINY, "--out", out, "--resume")
    assert resumed.exit_code == 0, resumed.output
    return out


@pytest.mark.slow
def test_a_class_is_drawn_on_request_and_judged(with_classes, tmp_path):
    drawn = run("sample", with_classes, "--class", 7, "-n", 3, "--out", tmp_path / "x.npz")
    assert drawn.exit_code == 0, drawn.output
    assert np.load(tmp_path / "x.npz")["samples"].shape == (3, 64)
    judged = run("evaluate", with_classes, "-n", 20)
    assert "samples of the class that was asked for" in judged.output
    assert run("report", with_classes).exit_code == 0


def test_label_nodes_need_room_in_the_visible_layer(tmp_path):
    result = run("train", "--profile", "ideal_hopfield", "--labels", "--out", tmp_path / "x")
    assert "74 nodes" in one_line(result)
    assert "--layers 74,128,128" in one_line(result)


def test_a_run_without_classes_says_how_to_get_them(plain):
    assert "train one with --labels" in one_line(run("sample", plain, "--class", 7))


def test_halves_of_the_digits_are_completed_shown_and_judged(plain):
    result = run("sample", plain, "--inpaint", "digits", "-n", 20)
    assert result.exit_code == 0, result.output
    assert (plain / "inpainted.png").read_bytes().startswith(b"\x89PNG")
    for name in ("this chip", "nearest image", "mean image"):
        assert name in result.output
    found = json.loads(run("sample", plain, "--inpaint", "digits", "-n", 20, "--json").stdout)
    assert found["nearest image"]["rms_error"] < found["this chip"]["rms_error"]


def test_a_users_incomplete_images_come_back_whole(plain, tmp_path):
    known = load_digits()[0][:3].copy()
    known[:, :20] = np.nan
    np.savez(tmp_path / "mine.npz", images=known)
    options = ["--inpaint", tmp_path / "mine.npz", "--start", "noise", "--out", tmp_path / "x.csv"]
    result = run("sample", plain, *options)
    assert result.exit_code == 0, result.output
    x = np.loadtxt(tmp_path / "x.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(x[:, 20:], known[:, 20:])
    assert np.isfinite(x).all()
    assert "mine.npz are completed; leave it out" in one_line(
        run("sample", plain, "-n", 3, *options)
    )


def test_what_cannot_be_completed_is_one_line(plain, tmp_path):
    assert "or a file, but nothing.npz is none" in one_line(
        run("sample", plain, "--inpaint", "nothing.npz")
    )
    np.savez(tmp_path / "other.npz", images=np.full((2, 30), np.nan))
    wrong = run("sample", plain, "--inpaint", tmp_path / "other.npz")
    assert "images of 64 pixels, as the run has learned, but its images have 30" in one_line(wrong)


def test_samples_as_they_were_written_are_completed_where_cells_were_emptied(plain, tmp_path):
    drawn, whole = tmp_path / "x.csv", tmp_path / "y.csv"
    assert run("sample", plain, "-n", 2, "--t-end", 0.1, "--out", drawn).exit_code == 0
    header, *_ = drawn.read_text().splitlines()
    known = np.loadtxt(drawn, delimiter=",", skiprows=1).clip(-1, 1)
    lines = [",".join([*map(repr, row[:40].tolist()), *24 * [""]]) for row in known]
    drawn.write_text("\n".join([header, *lines]))
    assert run("sample", plain, "--inpaint", drawn, "--out", whole).exit_code == 0
    found = np.loadtxt(whole, delimiter=",", skiprows=1)
    np.testing.assert_array_equal(found[:, :40], known[:, :40])


def test_completions_as_another_class_are_not_judged_by_that_of_the_truth(with_classes):
    options = ["sample", with_classes, "--inpaint", "digits", "-n", 5, "--class", 3, "--json"]
    found = json.loads(run(*options).stdout)
    assert found["this chip"].keys() == {"rms_error"}


def test_the_help_of_sample_says_what_is_drawn_read_and_written_by_default():
    text = " ".join(run("sample", "--help").output.split())
    for part in ("each in turn", "uint8", "`known`", "RUN/inpainted.png of --inpaint"):
        assert part in text


def test_samples_that_diverged_are_counted_aloud(plain, tmp_path, monkeypatch):

    from neurosim.runs import sample as draw

    def lossy(run, n, **given):
        x, settings = draw(run, n, **given)
        x[1, 3] = np.nan
        return x, settings

    monkeypatch.setattr("neurosim.runs.sample", lossy)
    result = run("sample", plain, "-n", 7, "--out", tmp_path / "x.csv")
    assert result.exit_code == 0
    assert "1 of 7 rows diverged and are NaN; lower settling.rtol" in result.stderr
