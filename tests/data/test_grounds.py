"""Images that are dark on light, too dark, or of both kinds are told."""

import numpy as np
import pytest
from matplotlib.image import imsave

from commands import run, train_only
from neurosim.data import Dataset, load_dataset, load_digits
from neurosim.data.grounds import grounds, odd_pictures, said_of_ground, turned

DIGITS, CLASSES = (part[:60] for part in load_digits())


def pictures(folder, images):
    """A folder of PNG files of images of 8x8 from -1 to 1."""
    folder.mkdir()
    for k, image in enumerate(images):
        levels = np.rint((image.reshape(8, 8) + 1) * 127.5).astype("u1")
        imsave(folder / f"{k:03}.png", np.repeat(levels[..., None], 3, axis=2))
    return folder


@pytest.mark.parametrize("name", ["digits", "digits16", "digits28"])
def test_digits_are_light_on_dark_at_every_size_and_turned_over_the_other_way(name):
    images = load_dataset(name).images
    assert set(grounds(images)) == {-1}
    assert set(grounds(-images)) == {1}
    assert said_of_ground(images) == "light on dark"
    assert said_of_ground(-images) == "dark on light"


def test_noise_and_points_have_no_ground():
    rng = np.random.default_rng(0)
    for images in (rng.uniform(-1, 1, (200, 64)), np.sign(rng.standard_normal((200, 64)))):
        assert said_of_ground(images) == ""
        assert odd_pictures(Dataset("made up", images)) == []
    assert not grounds(rng.uniform(-1, 1, (200, 64))).any()
    assert turned(rng.uniform(-1, 1, (50, 64)), DIGITS) is None


def test_what_is_turned_over_beside_what_was_learned_is_counted():
    assert turned(DIGITS, DIGITS[:9]) is None
    said = turned(DIGITS, np.concatenate([DIGITS[:9], -DIGITS[:4]]))
    assert said.startswith("Inputs should have the ground of what was learned, light on dark, but")
    assert "4 of 13 are dark on light: turn these over" in said


def test_a_folder_of_both_kinds_or_of_dark_pictures_is_warned_of(tmp_path):
    both = pictures(tmp_path / "both", np.concatenate([DIGITS[:20], -DIGITS[:5]]))
    (said,) = odd_pictures(load_dataset(both))
    assert "but 5 of 25 in" in said
    assert "are dark on light, such as the one at 21 in the order of names" in said
    dark = pictures(tmp_path / "dark", (DIGITS + 1) * 16 / 255 - 1)
    (said,) = odd_pictures(load_dataset(dark))
    assert "go from 0 to 16, which are -1 to -0.87; spread them by scale minmax" in said
    assert odd_pictures(load_dataset(dark, "minmax")) == []
    assert odd_pictures(load_dataset(pictures(tmp_path / "well", DIGITS))) == []
    assert odd_pictures(load_dataset(pictures(tmp_path / "paper", -DIGITS))) == []
    assert odd_pictures(load_dataset("digits")) == []


def test_a_training_says_what_it_read_and_warns_once(tmp_path):
    both = pictures(tmp_path / "both", np.concatenate([DIGITS[:40], -DIGITS[:5]]))
    small = ["--layers", "64,4,4", "--updates", 1, "--batch", 8, "--settle-tau", 1]
    given = ["--profile", "ideal_hopfield", *small, "--out", tmp_path / "run", "--dataset"]
    result = train_only(*given, both)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("Pictures should have one ground, but 5 of 45") == 1
    light = train_only(
        *given[:-2], tmp_path / "other", "--dataset", pictures(tmp_path / "l", -DIGITS)
    )
    assert "0 to 255 scaled to -1 to 1; what they show is dark on light\n" in light.stderr
    assert "should have" not in light.stderr


def test_predictions_of_images_turned_over_are_warned_of(tmp_path):
    small = ["--layers", "64,4,10", "--updates", 1, "--batch", 8, "--settle-tau", 1]
    given = ["--profile", "ideal_hopfield", "--task", "classify", *small, "--out", tmp_path / "run"]
    assert train_only(*given).exit_code == 0
    for sign, warned in ((1, False), (-1, True)):
        folder = pictures(tmp_path / f"p{sign}", sign * DIGITS[:6])
        result = run("predict", tmp_path / "run", folder, "--to", tmp_path / "a.csv")
        assert ("but 6 of 6 are dark on light: turn these over" in result.stderr) == warned
