r"""Tables as instruments and spreadsheets write them, read into columns of text.

Columns may be separated by commas, semicolons or tabs; a number may have a decimal comma where
columns are not separated by commas. Lines that begin with ``#`` or ``%`` are comments, and the
last of them is the header where no other line is one. A header may carry a unit: ``G (uS)``,
``time [ms]``, ``conductance_S``, ``time_min``.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from neurosim.blocks.units import parse_duration, parse_quantity
from neurosim.errors import DataError
from neurosim.files import as_text, read_bytes
from neurosim.safe_text import counted

__all__ = ["Column", "LabTable", "Row", "in_base", "read_table"]

_COMMENT = ("#", "%", "//")
_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
_HEADER = re.compile(r"(?P<stem>[^()\[\]]*?)\s*[(\[]\s*(?P<unit>[^()\[\]]*?)\s*[)\]]")
_BEGINS_AS_NUMBER = re.compile(r"\s*[\"']?\s*[-+]?[.,]?\d")
# Keysight and Keithley return these for what is beyond the range, and for no number.
_OVERFLOW = 9.9e37


class Column(NamedTuple):
    """A header: its name without the unit, in lower case, and the unit, if it has one."""

    stem: str
    unit: str | None

    @classmethod
    def of(cls, text: str) -> Column:
        """Read a header, or what stands in place of one."""
        found = _HEADER.fullmatch(text.strip())
        if found:
            return cls(found["stem"].strip().lower(), found["unit"])
        stem, _, unit = text.strip().rpartition("_")
        if stem and _is_unit(unit):
            return cls(stem.lower(), unit)
        return cls(text.strip().lower(), None)


class Row(NamedTuple):
    """Cells of one line, by the place of their column."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class LabTable:
    """A table of text.

    Attributes
    ----------
    path : Path
        For messages.
    headers : list of str
        As they stand in the file.
    separator : str
    rows : list of Row
        Those that are not empty.
    """

    path: Path
    headers: list[str]
    separator: str
    rows: list[Row]

    def find(self, name: str, said: str | None = None) -> tuple[int, str | None] | None:
        """Place and unit of the column `name`, or of the one that `said` names in its stead.

        Raises
        ------
        DataError
            There is no such column, though it was named, or there are two.
        """
        wanted = Column.of(said if said is not None else name)
        columns = [Column.of(header) for header in self.headers]
        exact = [k for k, header in enumerate(self.headers) if header == (said or "").strip()]
        found = exact or [k for k, column in enumerate(columns) if column.stem == wanted.stem]
        if not found:
            if said is None:
                return None
            raise DataError(
                f"{self.path} must have the column {said!r} for {name}, but has {self._shown()}."
            )
        if len(found) > 1:
            raise DataError(
                f"{self.path} must have one column for {name}, but has "
                f"{' and '.join(repr(self.headers[k]) for k in found)}; say which with --columns."
            )
        return found[0], columns[found[0]].unit or wanted.unit

    def _shown(self) -> str:
        return f"{', '.join(map(repr, self.headers))}, separated by {_SEPARATORS[self.separator]}"

    def missing(self, wanted: str) -> DataError:
        """What to say where a column is not there."""
        return DataError(
            f"{self.path} must have {wanted}, but its header is {self._shown()}; name the columns "
            'with --columns, as in --columns "conductance=G (uS),pulses=n".'
        )

    def number(self, row: Row, place: int, column: str, unit: str | None, base: str) -> float:
        """A cell as a number in the unit `base`; its own unit, or the header's, may have a prefix.

        Raises
        ------
        DataError
            It is missing, no finite number, or what an instrument says in place of one.
        """
        text = row.cells[place].strip()
        plain = text.replace(",", ".") if self._decimal_comma(text) else text
        try:
            value = _signed(plain, unit, base)
        except ValueError:
            value = float("nan")
        if abs(value) >= _OVERFLOW or _overflow(plain):
            raise self.wrong(
                row, f"{column} must be a reading, but {text} is an instrument's overflow; leave "
                "the row out, or measure in a wider range"
            )  # fmt: skip
        if not abs(value) < float("inf"):
            raise self.wrong(row, f"{column} must be a finite number, but is {text!r}")
        return value

    def wrong(self, row: Row, text: str) -> DataError:
        """A mistake in a row."""
        return DataError(f"{self.path}:{row.line}: {text}.")

    def _decimal_comma(self, text: str) -> bool:
        return self.separator != "," and text.count(",") == 1 and "." not in text


def in_base(text: str, base: str) -> float:
    """A number with its unit, in the unit `base`.

    Raises
    ------
    ValueError
        It is no such number.
    """
    return parse_duration(text) if base == "s" else parse_quantity(text, base)


def _is_unit(text: str) -> bool:
    """Whether a text is a unit of a conductance, resistance, voltage, current or time."""
    for base in ("S", "Ohm", "V", "A", "s"):
        with suppress(ValueError):
            in_base(f"1 {text}", base)
            return True
    return False


def _signed(text: str, unit: str | None, base: str) -> float:
    """As `_in_units`, of durations below 0 too, which are no durations."""
    size = text.removeprefix("-")
    if size == text or size.lstrip().startswith(("-", "+")):
        return _in_units(text, unit, base)
    return -_in_units(size, unit, base)


def _in_units(text: str, unit: str | None, base: str) -> float:
    """A number with its own unit, or in the header's."""
    try:
        number = parse_quantity(text, "")
    except ValueError:
        return in_base(text, base)
    return number if unit is None or not base else in_base(f"{number!r} {unit}", base)


def _overflow(text: str) -> bool:
    """Whether a text is a number as large as an instrument's overflow, whatever the unit."""
    try:
        return abs(parse_quantity(text, "")) >= _OVERFLOW
    except ValueError:
        return False


def read_table(path: Path, *, headed: bool = True) -> LabTable:
    """Read a table of text; one that need not be `headed` may begin with numbers.

    Raises
    ------
    DataError
        The file cannot be read, is no text, or has no rows, or no header where it must.
    """
    lines = list(enumerate(_text(path).splitlines(), 1))
    used = [(n, line) for n, line in lines if line.strip(" \t;,")]
    body = [(n, line) for n, line in used if not line.lstrip().startswith(_COMMENT)]
    if not body:
        raise DataError(f"{path} must have a header and a row for each reading, but has none.")
    first = body[0][1]
    above = [line for n, line in used if n < body[0][0]]
    separator = _separator(first)
    # As numpy.savetxt writes it: the header is a comment, and numbers stand below it.
    if above and _is_number(first.split(separator)[0]):
        header = above[-1].lstrip().lstrip("#%/")
    elif not headed and _BEGINS_AS_NUMBER.match(first):
        header = None
    else:
        header, body = first, body[1:]
    at = body[0][0] if body else 1
    cells = _cells(first if header is None else header, separator, path, at)
    headers = ["" if header is None else cell.strip() for cell in cells]
    while header is not None and headers and not headers[-1]:
        headers.pop()
    if not body:
        raise DataError(f"{path} must have a row for each reading, but has none.")
    return LabTable(
        path, headers, separator, [_row(path, n, t, separator, headers) for n, t in body]
    )


def _text(path: Path) -> str:
    data = read_bytes(path, "a table of text")
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} must be a table of text, but is none; save it as CSV.")
    try:
        return as_text(data)
    except UnicodeDecodeError:
        # Instruments and spreadsheets of one country; of it all only the micro sign matters.
        return data.decode("cp1252", errors="replace")


def _separator(header: str) -> str:
    """The first of tab, semicolon and comma that the header has."""
    return next((s for s in _SEPARATORS if s in header), ",")


def _is_number(text: str) -> bool:
    try:
        parse_quantity(text.replace(",", "."), "")
    except ValueError:
        return False
    return True


def _cells(line: str, separator: str, path: Path, number: int) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}:{number}: must be a row of cells, but is not ({error}).") from None


def _row(path: Path, number: int, line: str, separator: str, headers: list[str]) -> Row:
    cells = _cells(line, separator, path, number)
    while len(cells) > len(headers) and not cells[-1].strip():
        cells.pop()
    if len(cells) > len(headers):
        raise DataError(
            f"{path}:{number}: must have {counted(len(headers), 'cell')} as its header "
            "has, but has "
            f"{len(cells)}; where numbers have decimal commas, separate columns by semicolons."
        )
    return Row(number, cells + [""] * (len(headers) - len(cells)))
