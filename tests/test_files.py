"""Trees of arrays in one file."""

import io

import numpy as np
import pytest

from neurosim.errors import CheckpointError
from neurosim.files import load_npy, load_npz, load_tree, save_tree


def test_a_tree_survives_saving_with_all_its_bits(tmp_path):
    values = np.random.default_rng(0).standard_normal((3, 4))
    tree = {"a": {"values": values, "n": 3, "deep": {"x": values[0]}}, "rate": 0.1, "none": None}
    save_tree(tmp_path / "t.npz", tree)
    back = load_tree(tmp_path / "t.npz")
    np.testing.assert_array_equal(back["a"]["values"], values)
    np.testing.assert_array_equal(back["a"]["deep"]["x"], values[0])
    assert (back["a"]["n"], back["rate"], back["none"]) == (3, 0.1, None)


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -1])
def test_a_checkpoint_cut_short_anywhere_is_named_as_damaged(tmp_path, keep):
    path = tmp_path / "t.npz"
    save_tree(path, {"a": np.arange(100.0)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="must be a neurosim checkpoint"):
        load_tree(path)


def test_a_checkpoint_with_a_flipped_byte_is_named_as_damaged(tmp_path):
    path = tmp_path / "t.npz"
    save_tree(path, {"a": np.arange(100.0)})
    data = bytearray(path.read_bytes())
    data[300] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError):
        load_tree(path)


@pytest.mark.parametrize("header", [b"&a", b"(" * 500, b"{'descr': }", b"\xff", b"1e999"])
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_a_damaged_header_of_an_array_is_one_kind_of_error(header, kind):
    """NumPy reads it as Python: what is wrong with it may be any error of a parser."""
    stream = io.BytesIO()
    (np.save if kind == "npy" else np.savez)(stream, np.arange(3.0))
    data = stream.getvalue()
    at = data.index(b"{'descr'")
    damaged = data[:at] + header + data[at + len(header) :]
    with pytest.raises(ValueError, match=r"."):
        (load_npy if kind == "npy" else load_npz)(damaged)
