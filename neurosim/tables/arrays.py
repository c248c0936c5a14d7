"""Arrays by name beside the data sheet as JSON text: NPZ, MATLAB, HDF5 and safetensors.

=============== ============================= =================
format          array                         data sheet
=============== ============================= =================
NPZ, MATLAB     ``W0_target_plus_S``          ``sheet``
HDF5            ``/W0/target_plus_S``         ``/sheet``
safetensors     ``W0.target_plus_S``          metadata ``sheet``
=============== ============================= =================
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from neurosim.errors import DataError, NeurosimError
from neurosim.files import load_npz
from neurosim.tables.table import COLUMNS, Array, WeightTable

__all__ = [
    "optional",
    "read_hdf5",
    "read_mat",
    "read_npz",
    "read_safetensors",
    "write_hdf5",
    "write_mat",
    "write_npz",
    "write_safetensors",
]


# Version 1.0, little-endian.
_MAT_HEADER, _MAT_COMPRESSED = b"\x00\x01IM", 15


def optional(name: str, what: str) -> Any:
    """A package of the extra `export`.

    Raises
    ------
    NeurosimError
        It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise NeurosimError(
            f"{what} needs the package {package}, but it is not installed; install it "
            'with: pip install "neurosim-eqprop[export]"'
        ) from None


def _named(table: WeightTable, joint: str) -> Iterator[tuple[str, Array]]:
    for block, columns in table.blocks.items():
        for name, values in columns.items():
            yield f"{block}{joint}{name}", values


def _order(key: str, joint: str) -> tuple[str, int, str]:
    block = key.partition(joint)[0]
    return block[:1], len(block), block


def _table(sheet: str, arrays: dict[str, Array], joint: str) -> WeightTable:
    """Table of a sheet's text and of arrays by joined names."""
    known, blocks = {column.name for column in COLUMNS}, dict[str, dict[str, Array]]()
    # Some formats sort their names: W0, W1, ..., W10, b0.
    for key, values in sorted(arrays.items(), key=lambda item: _order(item[0], joint)):
        block, _, name = key.partition(joint)
        if name in known:
            blocks.setdefault(block, {})[name] = np.asarray(values)
    return WeightTable(json.loads(sheet), blocks)


def write_npz(table: WeightTable) -> bytes:
    """NumPy: ``numpy.load(file)["W0_weight"]``."""
    stream = io.BytesIO()
    sheet = {"sheet": np.array(json.dumps(table.sheet))}
    arrays = sheet | dict(_named(table, "_"))
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # as in `files.save_tree`
    return stream.getvalue()


def read_npz(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_npz` wrote."""
    arrays = load_npz(data)
    return _table(str(arrays.pop("sheet")), arrays, "_")


def write_mat(table: WeightTable) -> bytes:
    """MATLAB 5: ``load weights.mat; W0_weight``; ``jsondecode(sheet)`` is the data sheet."""
    from scipy.io import savemat

    stream = io.BytesIO()
    arrays = {name: values for name, values in _named(table, "_")}
    savemat(
        stream, {"sheet": json.dumps(table.sheet)} | arrays, oned_as="column", do_compression=True
    )
    return stream.getvalue()


def _check_mat(data: bytes) -> None:
    """Refuse a MATLAB file that is not whole: on some of those SciPy's reader ends the process.

    After a header of 128 bytes each variable is an element of type 15: its size, and a zlib stream
    with a checksum (MATLAB, MAT-File Format, 2023, chapter 1).
    """
    if data[124:128] != _MAT_HEADER:
        raise ValueError("it is no MATLAB file of version 5")
    at = 128
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind != _MAT_COMPRESSED:
            raise ValueError("it has a variable without a checksum; save it with -v7")
        zlib.decompress(data[at + 8 : at + 8 + size])
        at += 8 + size


def read_mat(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_mat` wrote; MATLAB has no vectors, only columns."""
    from scipy.io import loadmat

    _check_mat(data)
    arrays = loadmat(io.BytesIO(data), chars_as_strings=True)
    text = str(arrays.pop("sheet").item())
    return _table(
        text,
        {k: v[:, 0] if k[0] == "b" and v.ndim == 2 and v.shape[1] == 1 else v
         for k, v in arrays.items() if not k.startswith("__")},
        "_",
    )  # fmt: skip


def write_hdf5(table: WeightTable) -> bytes:
    """HDF5: a group for each block; every data set has its unit and meaning as attributes."""
    h5py = optional("h5py", "HDF5")
    stream, texts = io.BytesIO(), {column.name: column for column in COLUMNS}
    with h5py.File(stream, "w") as file:
        file["sheet"] = json.dumps(table.sheet)
        for name, values in _named(table, "/"):
            data = file.create_dataset(name, data=values, compression="gzip")
            column = texts[name.partition("/")[2]]
            data.attrs["unit"], data.attrs["meaning"] = column.unit, column.meaning
    return stream.getvalue()


def read_hdf5(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_hdf5` wrote."""
    h5py = optional("h5py", "HDF5")
    with h5py.File(io.BytesIO(data), "r") as file:
        text = file["sheet"][()].decode()
        arrays = {
            f"{block}/{name}": group[name][()]
            for block, group in file.items()
            if isinstance(group, h5py.Group)
            for name in group
        }
    return _table(text, arrays, "/")


def write_safetensors(table: WeightTable) -> bytes:
    """safetensors: float64 and int64 tensors, which PyTorch and JAX read."""
    library = optional("safetensors.numpy", "safetensors")
    arrays = {name: np.ascontiguousarray(values) for name, values in _named(table, ".")}
    return bytes(library.save(arrays, metadata={"sheet": json.dumps(table.sheet)}))


def read_safetensors(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_safetensors` wrote."""
    library = optional("safetensors.numpy", "safetensors")
    arrays = library.load(data)
    # Format: 8 bytes of the header's length, then the header, in JSON.
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    try:
        text = header["__metadata__"]["sheet"]
    except KeyError:
        raise DataError(
            "The safetensors file must have the data sheet as metadata, but has none; export it "
            "again."
        ) from None
    return _table(text, arrays, ".")
