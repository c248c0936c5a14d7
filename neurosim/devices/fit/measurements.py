"""Measurements of devices from a lab's table: which column holds what, in which unit.

One row a reading. A table is of one kind, which its columns tell, or has a column `kind`.

=========== ================ ==================================================================
column      of               what it holds
=========== ================ ==================================================================
conductance every kind       what was read [S]; `resistance` [Ohm] may stand in its place
target      write, drift     what the write aimed at [S]
time        drift            since the write, above 0 [s]
pulses      update           how many there have been in this direction
direction   update           up from the low end or down from the high one; SET or RESET; LTP or LTD
device      drift, update    any name; without it all rows are of one device
cycle       drift, update    any name of one ramp or one write; without it rows stand in the order
                             in which they were measured, and a new ramp begins where its counts do
=========== ================ ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.lab_table import LabTable, Row, in_base, read_table
from neurosim.blocks.mistakes import nearest
from neurosim.errors import DataError
from neurosim.safe_text import counted

__all__ = ["KINDS", "QUANTITIES", "Measurements", "column_names", "read_measurements"]

Array = NDArray[np.float64]

KINDS = ("write", "drift", "update")
# Unit of each column; None: a word.
QUANTITIES: dict[str, str | None] = {
    "kind": None, "conductance": "S", "resistance": "Ohm", "target": "S", "time": "s",
    "pulses": "", "direction": None, "device": None, "cycle": None,
}  # fmt: skip
_NEEDS = {"write": ["target"], "drift": ["target", "time"], "update": ["pulses", "direction"]}
_MAY_HAVE = {"write": [], "drift": ["device", "cycle"], "update": ["device", "cycle"]}
_DIRECTIONS = {
    "up": {"up", "set", "ltp", "potentiation", "+", "1", "+1"},
    "down": {"down", "reset", "ltd", "depression", "-", "-1"},
}
# Above it no device of a chip conducts: the unit is another.
_LARGE_S = 0.1


@dataclass(frozen=True)
class Measurements:
    """Columns of the table, by kind; `line` is where a row stands in the file."""

    write: dict[str, Any] = field(default_factory=dict)
    drift: dict[str, Any] = field(default_factory=dict)
    update: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def column_names(text: str) -> dict[str, str]:
    """Columns by what they hold, from text such as ``pulses=n,conductance=G (uS)``.

    Raises
    ------
    DataError
        It is no such text.

    Examples
    --------
    >>> column_names("pulses=n,conductance=G (uS)")
    {'pulses': 'n', 'conductance': 'G (uS)'}
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, header = (piece.strip() for piece in part.partition("="))
        if not equals or not header or name in found:
            raise DataError(f"--columns must be such as pulses=n,conductance=G, but is {text!r}.")
        if name not in QUANTITIES:
            near = nearest(name, QUANTITIES)
            hint = f"; did you mean {near}?" if near else "."
            raise DataError(
                f"--columns must name one of {', '.join(QUANTITIES)}, but names {name!r}{hint}"
            )
        found[name] = header
    return found


def read_measurements(
    path: Path, columns: Mapping[str, str] | None = None, kind: str | None = None
) -> Measurements:
    """Read and check a table of measurements.

    Parameters
    ----------
    path : Path
    columns : mapping from str to str, optional
        Headers of the columns that have other names: ``{"pulses": "n", "conductance": "G (uS)"}``.
    kind : {"write", "drift", "update"}, optional
        What the rows are, where no column says so; else the columns tell.

    Raises
    ------
    DataError
        The file cannot be read, a column or its unit is missing, or a cell is no such thing: the
        first one.
    """
    table = read_table(path)
    places = _places(table, columns or {})
    fixed = None if "kind" in places else kind or _kind_of(table, places)
    if kind is not None and "kind" in places:
        raise DataError(f"{path} has a column of kinds; leave --kind out.")
    _check_units(table, places, fixed)
    found: dict[str, dict[str, list[Any]]] = {kind: {} for kind in KINDS}
    for row in table.rows:
        of = fixed or _kind(table, row, places["kind"][0])
        for name, value in _values(table, row, of, places).items():
            found[of].setdefault(name, []).append(value)
    by_kind = {k: {n: np.array(v) for n, v in cells.items()} for k, cells in found.items()}
    told = _remarks(by_kind, fixed if not kind else None) + _unused(table, places, fixed)
    return Measurements(**by_kind, remarks=tuple(told))


Places = dict[str, tuple[int, str | None]]


def _places(table: LabTable, columns: Mapping[str, str]) -> Places:
    """Where each column stands, and in which unit."""
    found = {name: table.find(name, columns.get(name)) for name in QUANTITIES}
    places = {name: place for name, place in found.items() if place is not None}
    values = [name for name in ("conductance", "resistance") if name in places]
    if not values:
        raise table.missing("a column conductance (S) or resistance (Ohm)")
    if len(values) == 2 and not set(values) & set(columns):
        raise DataError(
            f"{table.path} must have conductance or resistance, but has both; say which with "
            f"--columns, as in --columns conductance='{table.headers[places['conductance'][0]]}'."
        )
    if len(values) == 2:
        del places[next(name for name in values if name not in columns)]
    return places


def _check_units(table: LabTable, places: Places, kind: str | None) -> None:
    """Columns that rows of this kind need (None: of any) say their units."""
    needed = [name for of, names in _NEEDS.items() for name in names if kind in {of, None}]
    for name in {"conductance", "resistance", *needed} & set(places):
        (place, unit), base = places[name], QUANTITIES[name]
        if base and unit is None:
            raise DataError(
                f"{table.path}: the column {table.headers[place]!r} must have a unit, but has "
                f'none; write it as in "{table.headers[place]} (u{base})", there or in --columns.'
            )
        if base:
            _check_unit(table, table.headers[place], str(unit), base)


def _check_unit(table: LabTable, header: str, unit: str, base: str) -> None:
    try:
        in_base(f"1 {unit}", base)
    except ValueError:
        raise DataError(
            f"{table.path}: the column {header!r} must be in {base}, with a prefix or without, but "
            f"is in {unit}."
        ) from None


def _kind_of(table: LabTable, places: Places) -> str:
    """What the columns tell."""
    for kind, mark in (("update", "pulses"), ("drift", "time"), ("write", "target")):
        if mark in places:
            return kind
    raise table.missing("a column target (of writes), time (of drift) or pulses (of updates)")


def _kind(table: LabTable, row: Row, place: int) -> str:
    kind = row.cells[place].strip().lower()
    if kind not in KINDS:
        raise table.wrong(row, f"kind must be one of {', '.join(KINDS)}, but is {kind!r}")
    return kind


def _values(table: LabTable, row: Row, kind: str, places: Places) -> dict[str, Any]:
    """What a row holds, of a row of this kind."""
    value = "conductance" if "conductance" in places else "resistance"
    out: dict[str, Any] = {"line": row.line}
    for name in [value, *_NEEDS[kind], *_MAY_HAVE[kind]]:
        if name not in places:
            if name in _NEEDS[kind]:
                unit = f" ({QUANTITIES[name]})" if QUANTITIES[name] else ""
                raise table.missing(f"a column {name}{unit} for its rows of {kind}")
            continue
        out[name] = _cell(table, row, name, *places[name])
    if value == "resistance":
        if out["resistance"] == 0:
            raise table.wrong(row, "resistance must be above 0 Ohm, but is 0")
        out["conductance"] = 1 / out.pop("resistance")
    return out | {name: out.get(name, "") for name in _MAY_HAVE[kind]}


def _cell(table: LabTable, row: Row, name: str, place: int, unit: str | None) -> Any:
    text, base = row.cells[place].strip(), QUANTITIES[name]
    if not text and name in {"device", "cycle"}:
        return ""
    if not text:
        raise table.wrong(row, f"{name} must be given, but is missing")
    if name == "direction":
        found = [way for way, words in _DIRECTIONS.items() if text.lower() in words]
        if not found:
            raise table.wrong(
                row, f"direction must be up or down (SET or RESET, LTP or LTD), but is {text!r}"
            )
        return found[0]
    if base is None:
        return text
    value = table.number(row, place, name, unit, base)
    # Noise of a reading near 0 S may well be below.
    if value < 0 and name != "conductance":
        raise table.wrong(row, f"{name} must be at least 0, but is {text}")
    if name == "pulses" and value != round(value):
        raise table.wrong(row, f"pulses must be a whole number, but is {text}")
    return value


def _unused(table: LabTable, places: Places, kind: str | None) -> list[str]:
    """Columns that rows of this kind (None: of any) are read without."""
    of = set(places) if kind is None else {
        "conductance", "resistance", *_NEEDS[kind], *_MAY_HAVE[kind]
    }  # fmt: skip
    used = {place for name, (place, _) in places.items() if name in of}
    names = [repr(header) for k, header in enumerate(table.headers) if header and k not in used]
    if not names:
        return []
    return [f"not used: {counted(len(names), 'column')}, {', '.join(names)}"]


def _remarks(tables: dict[str, dict[str, Array]], told: str | None) -> list[str]:
    found = [f"read as rows of {told}, as the columns tell"] if told else []
    for kind, table in tables.items():
        if table and np.median(table["conductance"]) < 0:
            raise DataError(
                f"{kind}: conductances must be above 0 S on the whole, but are below; mind the "
                "polarity of the current."
            )
        lines = table["line"][table["conductance"] > _LARGE_S] if table else np.zeros(0)
        if lines.size:
            found.append(
                f"{kind}: {lines.size} of {counted(len(table['line']), 'reading')} are "
                f"above {_LARGE_S} S, as "
                f"that in line {lines[0]}, and no device's; if they are in uS, write so in the "
                "header, as in conductance (uS)"
            )
    return found
