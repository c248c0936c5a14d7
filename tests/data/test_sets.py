"""Data sets by name and file; anchors: the formats' own definitions, averages, the classifier."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from neurosim.data import load_digits
from neurosim.data.sets import DIGITS, dataset_name, load_dataset
from neurosim.errors import DataError
from neurosim.metrics import Classifier, area_average


def idx(array: np.ndarray) -> bytes:
    """The idx format as its author describes it: big-endian, one axis after another."""
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype("u1").tobytes()


@pytest.fixture
def grey():
    """Five images of 3x4 with every extreme, and their labels."""
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4))
    images[0, 0, :2] = 0, 255
    return images, np.array([3, 1, 4, 1, 5])


def test_the_digits_are_those_of_scikit_learn_bit_for_bit():
    images, labels = load_digits()
    dataset = load_dataset("digits")
    np.testing.assert_array_equal(dataset.images, images)
    np.testing.assert_array_equal(dataset.labels, labels)
    assert dataset.steps == 16


@pytest.mark.parametrize("name", ["digits16", "digits28"])
def test_an_enlarged_digit_is_the_same_digit(name):
    large, small = load_dataset(name), load_dataset("digits")
    assert large.images.shape == (1797, DIGITS[name] ** 2)
    assert np.abs(large.images).max() <= 1
    back, classifier = area_average(large.images), Classifier.load()
    kept = classifier.predict(back) == classifier.predict(small.images)
    assert kept.mean() > 0.98


def test_an_enlarged_picture_turns_with_the_picture():
    images = load_dataset("digits").images[:20].reshape(-1, 8, 8)
    large = load_dataset("digits16").images[:20].reshape(-1, 16, 16)
    from neurosim.data.sets import _enlarged

    turned = _enlarged(np.rot90(images, axes=(1, 2)).reshape(20, -1), 16)
    np.testing.assert_allclose(turned.reshape(-1, 16, 16), np.rot90(large, axes=(1, 2)), atol=1e-12)


@pytest.mark.parametrize("side", [8, 13, 16, 28])
def test_an_area_average_is_the_block_mean_of_the_picture_drawn_eight_times_as_large(side):
    x = np.random.default_rng(side).normal(size=(3, side**2))
    fine = np.kron(x.reshape(-1, side, side), np.ones((8, 8)))
    blocks = fine.reshape(3, 8, side, 8, side).mean(axis=(2, 4))
    np.testing.assert_allclose(area_average(x), blocks.reshape(3, 64), atol=1e-12)


@pytest.mark.parametrize("name", ["x-images.idx3-ubyte", "x-images-idx3-ubyte.gz"])
def test_mnist_files_are_read_with_the_labels_beside_them(tmp_path, grey, name):
    images, labels = grey
    pack = gzip.compress if name.endswith("gz") else bytes
    path = tmp_path / name
    path.write_bytes(pack(idx(images)))
    assert load_dataset(str(path)).labels is None
    beside = name.replace("images", "labels").replace("idx3", "idx1")
    (tmp_path / beside).write_bytes(pack(idx(labels)))
    dataset = load_dataset(str(path))
    np.testing.assert_allclose(dataset.images, images.reshape(5, 12) / 127.5 - 1, atol=1e-15)
    assert (dataset.images.min(), dataset.images.max()) == (-1, 1)
    np.testing.assert_array_equal(dataset.labels, labels)


def test_an_npz_holds_grey_levels_or_pixels_as_they_are(tmp_path, grey):
    images, labels = grey
    path = tmp_path / "mine.npz"
    np.savez(path, images=images.astype("u1"), labels=labels)
    levels = load_dataset(str(path))
    np.savez(path, images=levels.images)
    pixels = load_dataset(str(path))
    np.testing.assert_array_equal(levels.images, pixels.images)
    assert (levels.steps, pixels.steps) == (255, None)
    np.testing.assert_array_equal(levels.labels, labels)
    assert pixels.labels is None
    assert levels.digest != pixels.digest


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"pictures": np.zeros((2, 4))}, "an array `images`"),
        ({"images": np.array([[7, 300]])}, "grey levels 0 to 255, but they go from 7 to 300"),
        ({"images": np.array([[0, 0.5]])}, "numbers from -1 .* take --scale minmax"),
        ({"images": np.zeros((2, 4))}, "images to learn, but all their pixels are 0"),
        ({"images": np.full((2, 4), 255, "u1")}, "images to learn, but all their pixels are 255"),
        ({"images": np.array([[-1, np.nan]])}, "finite numbers"),
        ({"images": np.eye(2, dtype="u1") * 255, "labels": np.zeros(3, int)}, "one label"),
        ({"images": np.eye(2, dtype="u1") * 255, "labels": np.arange(2) - 1}, "go down to -1;"),
        ({"images": np.zeros(4, "u1")}, "shape"),
    ],
)
def test_a_file_that_is_not_as_described_is_refused_with_what_to_do(tmp_path, arrays, text):
    path = tmp_path / "wrong.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=text):
        load_dataset(str(path))


@pytest.mark.parametrize("kind", ["u1", "i8"])
@pytest.mark.parametrize("high", [1, 16])
def test_whole_numbers_that_are_no_grey_levels_to_255_are_refused_with_how_to_scale(
    tmp_path, kind, high
):
    images = np.random.default_rng(0).integers(0, high, (5, 12), endpoint=True).astype(kind)
    path = tmp_path / "mine.npz"
    np.savez(path, images=images)
    with pytest.raises(DataError, match=rf"go to {high} only; .* 2 \* images / {high} - 1"):
        load_dataset(str(path))
    np.savez(path, images=2 * images / high - 1)
    assert {-1, 1} <= set(load_dataset(str(path)).images.ravel())
    (tmp_path / "mine.idx3-ubyte").write_bytes(idx(images.reshape(5, 3, 4)))
    with pytest.raises(DataError, match="store floats from -1 to 1"):
        load_dataset(str(tmp_path / "mine.idx3-ubyte"))


def test_a_broken_or_missing_file_is_one_line(tmp_path):
    for data in (b"", b"hello world", idx(np.zeros((2, 3, 3)))[:-4], b"\x1f\x8bno"):
        path = tmp_path / "broken-idx3-ubyte"
        path.write_bytes(data)
        with pytest.raises(DataError, match="cannot be read") as caught:
            load_dataset(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="circles, or a file or folder that is there, but is 'dig"):
        load_dataset("digit")


def test_a_part_of_a_set_is_the_same_part_each_time():
    dataset = load_dataset("digits")
    assert dataset.at_most(5000) is dataset
    part, again = dataset.at_most(100), dataset.at_most(100)
    np.testing.assert_array_equal(part.images, again.images)
    assert len(part.images) == len(part.labels) == 100


def test_a_run_keeps_the_whole_path_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert dataset_name("mine.npz") == str(tmp_path / "mine.npz")
    assert dataset_name("digits28") == "digits28"


def test_an_npz_may_say_which_images_are_for_judging(tmp_path):
    rng, file = np.random.default_rng(0), tmp_path / "mine.npz"
    images, labels = rng.integers(0, 256, (9, 4)).astype("u1"), np.arange(9) % 3
    parts = {"images": images[:6], "labels": labels[:6]}
    np.savez(file, **parts)
    plain = load_dataset(file)
    assert plain.test is None
    np.savez(file, **parts, test_images=images[6:], test_labels=labels[6:])
    split = load_dataset(file)
    np.testing.assert_array_equal(split.test.labels, labels[6:])
    np.testing.assert_allclose(split.test.images, images[6:] / 127.5 - 1)
    np.testing.assert_array_equal(split.images, plain.images)
    assert split.digest != plain.digest
    np.savez(file, **parts, test_images=images[6:, :3], test_labels=labels[6:])
    with pytest.raises(DataError, match="must hold test images like the others"):
        load_dataset(file)


def test_a_table_is_rows_of_numbers_under_their_names(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("a,b\n1,2\n\n-3.5,4e-1\n")
    np.testing.assert_array_equal(load_dataset(file).images, [[1, 2], [-3.5, 0.4]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no line of names"),
        ("a,b\n", "has no line of names with rows below it"),
        ("1,2\n3,4\n", "has no line of names"),
        ("a,b\n1,2\n3\n", "has 1 value in row 3"),
        ("a,b\n1,x\n", "has 'x' in row 2"),
        ("a,b\n1,nan\n", "has 'nan' in row 2"),
        ("a, a,b\n1,2,3\n", "different names .* but has 'a' twice"),
        ("a,,b\n1,2,3\n", "but has a column without a name"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(tmp_path, text, said):
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(file)
    assert "\n" not in str(caught.value)
