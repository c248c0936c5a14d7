"""Images of one's own: folders of PNG files, arrays, points in the plane."""

import numpy as np
import pytest
from matplotlib.image import imread, imsave

from commands import one_line, run, train_only
from neurosim.data import load_dataset
from neurosim.errors import DataError

GREY = np.random.default_rng(0).integers(0, 256, (6, 5, 4)).astype(np.uint8)


def saved(path, grey):
    """As a colour picture with all three alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, np.repeat(grey[..., None], 3, axis=2))


def test_a_folder_of_pictures_has_their_grey_levels_in_the_order_of_names(tmp_path):
    for k, grey in enumerate(GREY):
        saved(tmp_path / f"{k}.png", grey)
    found = load_dataset(tmp_path)
    np.testing.assert_array_equal(found.images, GREY.reshape(6, -1) / 127.5 - 1)
    assert found.labels is None
    assert found.steps == 255


def test_subfolders_are_classes(tmp_path):
    for k, grey in enumerate(GREY):
        saved(tmp_path / "ab"[k % 2] / f"{k}.png", grey)
    found = load_dataset(tmp_path)
    np.testing.assert_array_equal(found.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(found.images[3:], GREY[1::2].reshape(3, -1) / 127.5 - 1)


def test_hidden_and_empty_folders_are_no_classes_and_dark_pictures_are_pictures(tmp_path):
    for name in ("a", "b", ".git", ".ipynb_checkpoints"):
        saved(tmp_path / name / "0.png", GREY[0] // 32)
    saved(tmp_path / "a" / "._0.png", GREY[1])
    (tmp_path / "aa").mkdir()
    found = load_dataset(tmp_path)
    np.testing.assert_array_equal(found.labels, [0, 1])
    np.testing.assert_array_equal(found.images[0], (GREY[0] // 32).ravel() / 127.5 - 1)


def test_an_array_alone_is_a_data_set(tmp_path):
    np.save(tmp_path / "x.npy", GREY)
    found = load_dataset(tmp_path / "x.npy").images
    np.testing.assert_array_equal(found, GREY.reshape(6, -1) / 127.5 - 1)


def test_what_is_wrong_with_a_folder_is_one_line(tmp_path):
    def refused(match):
        with pytest.raises(DataError, match=match) as caught:
            load_dataset(tmp_path)
        assert "\n" not in str(caught.value)

    refused("but has none; put them there")
    saved(tmp_path / "a.png", GREY[0])
    saved(tmp_path / "b.png", GREY[0, :, :3])
    refused("must hold images of one size, but has 3x5 and 4x5")
    saved(tmp_path / "sub" / "c.png", GREY[0])
    refused("but has them on both levels")
    (tmp_path / "sub" / "c.png").unlink()
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    refused("b.png must be a PNG file, but cannot be read")


@pytest.mark.parametrize("name", ["moons", "circles"])
def test_points_in_the_plane_are_always_the_same_and_within_the_range(name):
    found = load_dataset(name)
    assert found.images.shape == (2000, 2)
    assert np.abs(found.images).max() == 1.0
    assert np.bincount(found.labels).tolist() == [1000, 1000]
    assert found.digest == load_dataset(name).digest


def test_samples_of_images_need_no_data(tmp_path):
    file, out = tmp_path / "mine.npy", tmp_path / "run"
    np.save(file, np.random.default_rng(0).uniform(-1, 1, (20, 9)))
    given = ["--profile", "ideal_hopfield", "--dataset", file, "--layers", "9,6,5"]
    small = ["--batch", 8, "--updates", 1, "--settle-tau", 1]
    assert train_only(*given, *small, "--out", out).exit_code == 0
    file.unlink()
    assert run("sample", out, "-n", 2, "--out", tmp_path / "x.png").exit_code == 0


@pytest.mark.slow
def test_a_chip_learns_points_and_draws_them_as_points(tmp_path):
    out, picture = tmp_path / "run", tmp_path / "p.png"
    layers = ["--layers", "2,12,12", "--batch", 16, "--settle-tau", 5]
    given = ["--profile", "ideal_hopfield", "--dataset", "moons", *layers, "--updates", 3]
    assert train_only(*given, "--out", out).exit_code == 0
    assert run("sample", out, "-n", 20, "--out", picture).exit_code == 0
    # Tiles of two pixels would be twenty times as wide as high; flow lines have a panel below.
    height, width = imread(picture).shape[:2]
    assert 1.4 < height / width < 1.7
    assert run("report", out).exit_code == 0
    assert "Flow lines are the ways of some" in (out / "report.html").read_text("utf-8")
    assert "must be" in one_line(run("train", "--profile", "ideal_hopfield", "--dataset", "moon"))
