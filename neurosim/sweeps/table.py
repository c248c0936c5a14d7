"""The table of a sweep: one row a point, its settings, figures, costs and error."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from neurosim.arguments import check_fields
from neurosim.errors import DataError
from neurosim.frames import data_frame
from neurosim.outputs import check_writable, write_text
from neurosim.safe_text import counted, in_columns
from neurosim.sweeps.plan import COSTS
from neurosim.sweeps.points import Listed
from neurosim.sweeps.ranking import Group, groups, is_seed

__all__ = ["Row", "Table", "as_csv", "row_of"]

Row = dict[str, Any]


def row_of(point: Listed, outcome: Mapping[str, Any], measure: Sequence[str]) -> Row:
    """A row of the table; what was not measured is an empty text."""
    figures = {name: outcome["figures"].get(name, "") for name in (*measure, *COSTS)}
    said = {"point": point.index, "key": point.key, **point.settings, **point.inside}
    return {**said, **figures, "error": outcome["error"]}


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as text; numbers keep all their bits."""
    names = dict.fromkeys(name for row in rows for name in row)
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@dataclass(frozen=True, repr=False, eq=False)
class Table:
    """What a sweep in memory found: a sequence of rows, each a dict, and columns by name.

    Parameters
    ----------
    rows : sequence of dict
        In the order of the points, the last axis fastest. A point that failed has the text of its
        error under ``error``, and empty texts for figures.
    settings : tuple of str
        The columns that say what a point is.
    measure : tuple of str
        The columns of figures, the first of which ranks points; what a sample and the training cost
        stands beside them.
    floors : mapping, optional
        Figures of what needs no chip by its name, printed below the rows.

    Examples
    --------
    >>> row = {"point": 0, "sampling.t_end": 1.0, "coverage": 0.5, "error": ""}
    >>> rows = [row, row | {"point": 1, "coverage": 0.7}]
    >>> table = Table(rows, ("sampling.t_end",), ("coverage",))
    >>> table
    Table(2 points over sampling.t_end)
    >>> table["coverage"], table[1]["coverage"]
    ([0.5, 0.7], 0.7)
    """

    rows: Sequence[Row]
    settings: tuple[str, ...]
    measure: tuple[str, ...]
    floors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self, rows="see sweep, which makes one")

    def __repr__(self) -> str:
        failed = sum(bool(row["error"]) for row in self.rows)
        over = f" over {', '.join(self.settings)}" if self.settings else ""
        points = counted(len(self.rows), "point")
        return f"Table({points}{over}{f', {failed} failed' if failed else ''})"

    def __str__(self) -> str:
        return in_columns(self._cells())

    def _repr_html_(self) -> str:
        """For a notebook."""
        head, *rows = ([escape(cell).replace("\n", " ") for cell in line] for line in self._cells())
        titles = "".join(f"<th>{cell}</th>" for cell in head)
        body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"

    def _cells(self) -> list[list[str]]:
        """What is shown: the names of columns that say something, and their cells.

        What needs no chip has its name in the first column.
        """
        names = (*self.settings, *self.measure, "sample_time_s", "sample_energy_J", "error")
        shown = [name for name in names if any(row.get(name, "") != "" for row in self.rows)]
        cells = [[_cell(row.get(name, "")) for name in shown] for row in self.rows]
        for name, row in self.floors.items():
            if beside := [_cell(row.get(figure, "")) for figure in shown[1:]]:
                cells += [[name, *beside]] * any(beside)
        return [shown, *cells]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, key: int | str) -> Any:
        """A row by its number, or a column by its name."""
        if isinstance(key, str):
            if key not in self.columns:
                raise DataError(
                    f"A column of the table must be one of {', '.join(self.columns)}, but is {key}."
                )
            return [row[key] for row in self.rows]
        return self.rows[key]

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def groups(self) -> list[Group]:
        """Means over seeds, of the points that have figures."""
        return groups(self.rows, self.kept, (*self.measure, *COSTS))

    @property
    def kept(self) -> list[str]:
        """Columns of settings, those of seeds left out."""
        return [name for name in self.settings if not is_seed(name)]

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``, a row a point; what was not measured is NaN.

        Raises
        ------
        DataError
            pandas is not installed.
        """
        return data_frame({name: self[name] for name in self.columns}).set_index("point")

    def write_csv(self, path: Path | str) -> None:
        """The table as a file, with all bits of its numbers.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        check_writable(Path(path), {".csv"})
        write_text(Path(path), as_csv(self.rows))


def _cell(value: object) -> str:
    """A value as a person reads it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
