"""Files of images to complete: of every kind the same images, and what is refused of each."""

import numpy as np
import pytest

from neurosim.data import load_digits
from neurosim.errors import DataError
from neurosim.runs import halves, read_incomplete

KNOWN = halves(load_digits()[0][:3])


def csv(rows):
    return "\n".join(",".join("" if np.isnan(v) else f"{v:.17g}" for v in row) for row in rows)


def test_files_of_every_kind_hold_the_same_incomplete_images(tmp_path):
    np.savez(tmp_path / "a.npz", images=KNOWN.reshape(3, 8, 8))
    np.save(tmp_path / "a.npy", KNOWN)
    (tmp_path / "a.csv").write_text(csv(KNOWN))
    for kind in ("npz", "npy", "csv"):
        np.testing.assert_array_equal(read_incomplete(tmp_path / f"a.{kind}", 64), KNOWN)


@pytest.mark.parametrize("pixels", [np.full((2, 4), 255, "u1"), np.ones((2, 4))])
def test_an_array_known_says_which_pixels_of_grey_levels_or_floats_are(tmp_path, pixels):
    known = np.eye(2, 4, dtype=bool)
    np.savez(tmp_path / "b.npz", images=pixels, known=known)
    found = read_incomplete(tmp_path / "b.npz", 4)
    np.testing.assert_array_equal(np.isnan(found), ~known)
    assert (found[known] == 1).all()


def test_what_is_known_of_grey_levels_may_be_dark(tmp_path):
    """As at the border of nearly every image."""
    images = np.array([[0, 0, 90, 255], [0, 0, 0, 0]], "u1")
    np.savez(tmp_path / "b.npz", images=images, known=np.arange(8).reshape(2, 4) % 4 < 2)
    found = read_incomplete(tmp_path / "b.npz", 4)
    np.testing.assert_array_equal(found[:, :2], -1)


def test_zeros_and_ones_are_no_grey_levels(tmp_path):
    np.savez(tmp_path / "b.npz", images=np.eye(2, 4, dtype=int), known=np.eye(2, 4, dtype=bool))
    with pytest.raises(DataError, match="they go to 1 only"):
        read_incomplete(tmp_path / "b.npz", 4)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x0,x1,x2\n0.5,,-1e-1\n", [[0.5, np.nan, -0.1]]),
        ("\ufeff 1 , NaN,nan\r\n\r\n.5,-0,\n", [[1, np.nan, np.nan], [0.5, 0, np.nan]]),
    ],
)
def test_a_csv_may_have_the_header_of_samples_blanks_and_empty_lines(tmp_path, text, rows):
    (tmp_path / "a.csv").write_text(text, "utf-8")
    np.testing.assert_array_equal(read_incomplete(tmp_path / "a.csv", 3), rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c\n1,,0\n", "line 1, column 1 is 'a'; correct or empty it"),
        ("x0,x1\n1,,0\n", "line 2 has 3 and line 1 has 2"),
        ("x1,x2,x3\n1,,0\n", "line 1, column 1 is 'x1'"),
        ("x0,x1,x2\n1,,0\nx0,x1,x2\n", "line 3, column 1 is 'x0'"),
        ("1,,0\n1,x,0\n", "line 2, column 2 is 'x'"),
        ("1,,inf\n", "line 1, column 3 is 'inf'"),
        ("1,,1_0\n", "line 1, column 3 is '1_0'"),
        ("1;;0\n", "line 1, column 1 is '1;;0'"),
        ("1,,0\n1,0\n", "line 2 has 2 and line 1 has 3; leave cells of unknown pixels empty"),
        ("1,0\n,0\n", "images of 3 pixels, as the run has learned, but its images have 2"),
        ("1,0,0\n", "has none; mark them by empty cells or `nan`"),
        ("1,,0\n,,nan\n", "has none in image 2 of 2"),
        ("1,,5\n", "floats from -1 to 1, but they go from 1 to 5; scale them."),
        ("", "its images are float64 of shape"),
    ],
)
def test_a_csv_of_something_else_is_refused_with_its_place(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_incomplete(tmp_path / "a.csv", 3)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


GREY = np.array([[0, 50, 255]])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": GREY}, "mark them by NaN in floats, or by an array `known` that is false ther"),
        ({"images": GREY, "known": GREY > -1}, "must have unknown pixels, but has none"),
        ({"images": GREY, "known": GREY > 255}, "a known pixel in each image, but has none in im"),
        ({"images": GREY, "known": GREY[:, :2] > 0}, "of shape (1, 3) and (1, 2)"),
        ({"images": GREY // 255, "known": GREY > 0}, "they go to 1 only; scale them"),
        ({"images": 2 * GREY, "known": GREY > 0}, "grey levels 0 to 255, but they go from 100 to"),
        ({"images": GREY / 1, "known": GREY > 0}, "or store grey levels 0 to 255 as uint8, with "),
        ({"images": np.full((2, 5), np.nan)}, "images of 3 pixels, as the run has learned, but"),
        ({"images": GREY > 0, "known": GREY > 0}, "its images are bool of shape (1, 3)"),
        ({"images": 3.0}, "its images are float64 of shape ()"),
    ],
)
def test_arrays_of_something_else_are_refused_with_what_to_do(tmp_path, arrays, said):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError) as caught:
        read_incomplete(tmp_path / "a.npz", 3)
    assert said in str(caught.value)
