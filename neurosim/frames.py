"""Tables as data frames of pandas, where that is installed; nothing here needs it otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["Columns", "data_frame"]


class Columns(dict[str, NDArray[np.float64]]):
    """Columns of a table of numbers by name, each (rows,)."""

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``, of which the first column is the index.

        Raises
        ------
        DataError
            pandas is not installed.
        """
        return data_frame(self).set_index(next(iter(self)))


def data_frame(columns: Mapping[str, Sequence[Any] | NDArray[np.float64]]) -> Any:
    """A ``pandas.DataFrame``; in columns of numbers an empty text is no number, NaN.

    Raises
    ------
    DataError
        pandas is not installed.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise DataError(
            "A data frame needs the package pandas, but it is not installed; install it with: "
            "pip install pandas"
        ) from None
    return pandas.DataFrame({name: _numbers(column) for name, column in columns.items()})


def _numbers(column: Sequence[Any] | NDArray[np.float64]) -> Any:
    """The column with NaN for what is empty, if all else is numbers; as it is otherwise."""
    if isinstance(column, np.ndarray):
        return column
    known = [value for value in column if value != ""]
    if len(known) == len(column) or not all(isinstance(v, int | float) for v in known) or not known:
        return list(column)
    return [np.nan if value == "" else value for value in column]
