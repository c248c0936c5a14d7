"""Which format a file has, and the way of every table in and out of files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurosim.chip import Chip
from neurosim.errors import DataError, NeurosimError
from neurosim.files import as_text
from neurosim.outputs import STANDARD_OUTPUT, check_suffix, check_writable, write_files
from neurosim.profile import Profile
from neurosim.tables import arrays, includes, text, words
from neurosim.tables.die_checks import UNKNOWN_DIE
from neurosim.tables.nir_graph import write_nir
from neurosim.tables.table import COLUMNS, WeightTable, data_sheet, digest, table

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
    `columns` are those that the format keeps, where it does not keep all.
    """

    suffixes: tuple[str, ...]
    write: Writer
    read: Reader | None = None
    companion: bool = False
    columns: tuple[str, ...] | None = None


_CODES = ("code_plus", "code_minus", "address")
# In the data sheet of a file: the digest of its table's numbers, all or the codes alone.
_DIGEST = "table_sha256"
FORMATS: dict[str, Format] = {
    "csv": Format((".csv",), text.write_csv, text.read_csv, companion=True),
    "json": Format((".json",), text.write_json, text.read_json),
    "npz": Format((".npz",), arrays.write_npz, arrays.read_npz),
    "mat": Format((".mat",), arrays.write_mat, arrays.read_mat),
    "hdf5": Format((".h5", ".hdf5"), arrays.write_hdf5, arrays.read_hdf5),
    "safetensors": Format((".safetensors",), arrays.write_safetensors, arrays.read_safetensors),
    "mem": Format((".mem",), words.write_mem, words.read_mem, columns=_CODES),
    "hex": Format((".hex",), words.write_hex, words.read_hex, companion=True, columns=_CODES),
    "c": Format((".h",), includes.write_header),
    "param": Format((".param", ".inc"), includes.write_parameters),
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
    if path == STANDARD_OUTPUT:
        raise DataError("- for standard output has no suffix; say the format with --format.")
    suffixes = {key: entry.suffixes for key, entry in FORMATS.items()} | {NETLIST: (".cir",)}
    by_suffix = {suffix: key for key in among for suffix in suffixes[key]}
    check_suffix(path, by_suffix)
    return by_suffix[path.suffix.lower()]


def sheet_path(path: Path) -> Path:
    """The data sheet beside a table whose format has no room for it: one for each format."""
    csv = path.suffix.lower() in FORMATS["csv"].suffixes
    return path.with_suffix(".sheet.json") if csv else path.with_name(f"{path.name}.sheet.json")


def export(
    chip: Chip,
    path: Path | str,
    name: str | None = None,
    recipe: Mapping[str, float | str] | None = None,
) -> int:
    """Write the weight table of a chip to `path`; the number of its rows.

    Parameters
    ----------
    chip : Chip
    path : Path or str
        Its suffix says the format, see `FORMATS`; "-" is standard output, which takes no data
        sheet beside it.
    name : str, optional
        Format instead of that of the suffix.
    recipe : mapping, optional
        See `neurosim.tables.table`.

    Raises
    ------
    DataError
        The format is not known, cannot express the table, or the folder does not exist.
    NeurosimError
        The format needs a package that is not installed.
    """
    return write_table(table(chip, recipe), path, name)


def write_table(made: WeightTable, path: Path | str, name: str | None = None) -> int:
    """Write a table to `path`; see `export`."""
    path = Path(path)
    entry = FORMATS[format_of(path, name)]
    check_writable(path)
    for block, columns in made.blocks.items():
        for column, values in columns.items():
            if not np.isfinite(values).all():
                raise DataError(
                    f"A weight table must hold finite numbers, but {block} {column} does not; "
                    "nothing was written."
                )
    part = "all" if entry.columns is None else "codes"
    sheet = made.sheet | {_DIGEST: {part: digest(made, entry.columns)}}
    files = {path: entry.write(WeightTable(sheet, made.blocks))}
    if entry.companion and path != STANDARD_OUTPUT:
        check_writable(sheet_path(path))
        files[sheet_path(path)] = (json.dumps(sheet, indent=1) + "\n").encode()
    write_files(files)
    return made.size


def read_table(
    path: Path | str, name: str | None = None, profile: Profile | None = None
) -> WeightTable:
    """The table in a file; nothing of it is trusted before `check_table` has seen it.

    Parameters
    ----------
    path : Path or str
    name : str, optional
        Format instead of that of the suffix.
    profile : Profile, optional
        For a CSV or HEX file whose data sheet is lost, and for a table that was changed since it
        was exported: it then is one of this profile and of no known die.

    Raises
    ------
    DataError
        The file is missing or damaged, its format cannot be read back, or its data sheet is that of
        another table.
    """
    path = Path(path)
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
        typed = WeightTable(found.sheet, {k: _typed(v) for k, v in found.blocks.items()})
        return _owned(typed, entry, profile)
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


def _owned(table: WeightTable, entry: Format, profile: Profile | None) -> WeightTable:
    """The table, whose data sheet must be its own.

    Tables of version 0.1.0 say nothing of that, and are believed.
    """
    wanted = table.sheet.get(_DIGEST)
    bare = {key: value for key, value in table.sheet.items() if key != _DIGEST}
    part = "all" if entry.columns is None else "codes"
    if wanted is None or wanted == {part: digest(WeightTable(bare, table.blocks), entry.columns)}:
        return WeightTable(bare, table.blocks)
    if profile is None:
        raise DataError(
            "the table must be the one that its data sheet was written for, but is another or has "
            "been changed; export it again, or give --profile to take its numbers as those of no "
            "known die."
        )
    blocks = {
        name: {k: v for k, v in columns.items() if k != "address"}
        for name, columns in table.blocks.items()
    }
    return WeightTable(data_sheet(profile, UNKNOWN_DIE), blocks)


def _companion(path: Path, profile: Profile | None) -> dict[str, Any]:
    """The data sheet beside a table."""
    beside = sheet_path(path)
    if not os.path.lexists(beside):
        # Version 0.1.0 had one name for all formats.
        beside = path.with_suffix(".sheet.json")
    try:
        sheet = json.loads(as_text(beside.read_bytes()))
        if isinstance(sheet, dict) and isinstance(sheet.get("layers"), dict):
            return sheet
    except FileNotFoundError:
        if profile is not None:
            return data_sheet(profile, UNKNOWN_DIE)
        raise DataError(
            f"{path.name} must have its data sheet {beside.name} beside it, but there is none; "
            "export the table again, or say which --profile it is for."
        ) from None
    except (OSError, ValueError, RecursionError):
        pass
    raise DataError(f"{beside} must be the data sheet of a table, but cannot be read.")


def _typed(columns: dict[str, Any]) -> dict[str, Any]:
    """Codes as whole numbers where they are such; `check_table` refuses the others."""
    whole = {column.name for column in COLUMNS if column.whole}
    out = {}
    for name, values in columns.items():
        if values.dtype.kind not in "iuf":
            raise DataError(f"{name} must be numbers, but is of type {values.dtype}.")
        if name in whole and np.isfinite(values).all() and np.array_equal(values, np.rint(values)):
            out[name] = values.astype(np.int64)
        else:
            out[name] = values.astype(np.float64)
    return out
