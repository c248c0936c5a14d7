"""Which format a file has, and the way of every table in and out of files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurosim.chip import Chip
from neurosim.errors import DataError, NeurosimError
from neurosim.export import array_formats, memory, sources, text_formats
from neurosim.export.nir_graph import write_nir
from neurosim.export.table import COLUMNS, WeightTable, data_sheet, table
from neurosim.files import check_suffix, check_writable, write_bytes, write_text
from neurosim.profile import Profile

__all__ = [
    "FORMATS",
    "NETLIST",
    "READABLE",
    "Format",
    "export",
    "format_of",
    "read_table",
    "sheet_path",
    "write_table",
]

Writer = Callable[[WeightTable], bytes]
Reader = Callable[[bytes, dict[str, Any] | None], WeightTable]


class Format(NamedTuple):
    """How a table is written, and how it is read where the format keeps all that is needed.

    `companion` formats have no room for the data sheet: it is a file of its own beside the table.
    """

    suffixes: tuple[str, ...]
    write: Writer
    read: Reader | None = None
    companion: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format((".csv",), text_formats.write_csv, text_formats.read_csv, companion=True),
    "json": Format((".json",), text_formats.write_json, text_formats.read_json),
    "npz": Format((".npz",), array_formats.write_npz, array_formats.read_npz),
    "mat": Format((".mat",), array_formats.write_mat, array_formats.read_mat),
    "hdf5": Format((".h5", ".hdf5"), array_formats.write_hdf5, array_formats.read_hdf5),
    "safetensors": Format(
        (".safetensors",), array_formats.write_safetensors, array_formats.read_safetensors
    ),
    "mem": Format((".mem",), memory.write_mem, memory.read_mem),
    "hex": Format((".hex",), memory.write_hex, memory.read_hex, companion=True),
    "c": Format((".h",), sources.write_header),
    "param": Format((".param", ".inc"), sources.write_parameters),
    "nir": Format((".nir",), write_nir),
}


READABLE = tuple(name for name, entry in FORMATS.items() if entry.read)
NETLIST = "cir"  # no table: `neurosim.runs.run_netlist` writes it


def format_of(path: Path, name: str | None = None, among: Collection[str] = tuple(FORMATS)) -> str:
    """Name of a file's format: the one given, or that of its suffix.

    Raises
    ------
    DataError
        There is no such format among those.
    """
    if name is not None:
        if name not in among:
            raise DataError(f"The format must be one of {', '.join(among)}, but is {name!r}.")
        return name
    suffixes = {key: entry.suffixes for key, entry in FORMATS.items()} | {NETLIST: (".cir",)}
    by_suffix = {suffix: key for key in among for suffix in suffixes[key]}
    check_suffix(path, by_suffix)
    return by_suffix[path.suffix.lower()]


def sheet_path(path: Path) -> Path:
    """The data sheet beside a table whose format has no room for it."""
    return path.with_suffix(".sheet.json")


def export(chip: Chip, path: Path, name: str | None = None) -> int:
    """Write the weight table of a chip to `path`; the number of its rows.

    Parameters
    ----------
    chip : Chip
    path : Path
        Its suffix says the format, see `FORMATS`.
    name : str, optional
        Format instead of that of the suffix.

    Raises
    ------
    DataError
        The format is not known, cannot express the table, or the folder does not exist.
    NeurosimError
        The format needs a package that is not installed.
    """
    return write_table(table(chip), path, name)


def write_table(made: WeightTable, path: Path, name: str | None = None) -> int:
    """Write a table to `path`; see `export`."""
    entry = FORMATS[format_of(path, name)]
    check_writable(path)
    data = entry.write(made)
    if entry.companion:
        write_text(sheet_path(path), json.dumps(made.sheet, indent=1) + "\n")
    write_bytes(path, data)
    return made.size


def read_table(path: Path, name: str | None = None, profile: Profile | None = None) -> WeightTable:
    """The table in a file; nothing of it is trusted before `check_table` has seen it.

    Parameters
    ----------
    path : Path
    name : str, optional
        Format instead of that of the suffix.
    profile : Profile, optional
        For a CSV or HEX file whose data sheet is lost.

    Raises
    ------
    DataError
        The file is missing or damaged, or its format cannot be read back.
    """
    key = format_of(path, name, READABLE)
    entry = FORMATS[key]
    assert entry.read is not None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} must be readable, but is not ({error.strerror}).") from None
    sheet = _companion(path, profile) if entry.companion else None
    try:
        found = entry.read(data, sheet)
        if not isinstance(found.sheet, dict):
            raise DataError("The data sheet must be a mapping, but is not; export it again.")
        return WeightTable(found.sheet, {k: _typed(v) for k, v in found.blocks.items()})
    except NeurosimError as error:
        if isinstance(error, DataError):
            raise DataError(f"{path}: {error}") from None
        raise
    # Damage shows as any error of the format's library, wherever it happens to lie.
    except Exception as error:
        raise DataError(
            f"{path} must be a weight table in format {key}, but cannot be read "
            f"({type(error).__name__}: {error}); export it again."
        ) from None


def _companion(path: Path, profile: Profile | None) -> dict[str, Any]:
    """The data sheet beside a table."""
    beside = sheet_path(path)
    try:
        sheet = json.loads(beside.read_text("utf-8"))
        if isinstance(sheet, dict) and isinstance(sheet.get("layers"), dict):
            return sheet
    except FileNotFoundError:
        if profile is not None:
            return data_sheet(profile, seed=-1)
        raise DataError(
            f"{path.name} must have its data sheet {beside.name} beside it, but there is none; "
            "export the table again, or say which --profile it is for."
        ) from None
    except (OSError, ValueError):
        pass
    raise DataError(f"{beside} must be the data sheet of a table, but cannot be read.")


def _typed(columns: dict[str, Any]) -> dict[str, Any]:
    """Codes as whole numbers where they are such; `check_table` refuses the others."""
    whole = {column.name for column in COLUMNS if column.whole}
    out = {}
    for name, values in columns.items():
        if name in whole and np.isfinite(values).all() and np.array_equal(values, np.rint(values)):
            out[name] = values.astype(np.int64)
        else:
            out[name] = values.astype(np.float64)
    return out
