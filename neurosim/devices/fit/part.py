"""What a fit of one kind of measurement hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["Array", "Curve", "DeviceFit", "Estimate", "Part", "need", "root"]

Array = NDArray[np.float64]


class Estimate(NamedTuple):
    """A fitted number and its standard error."""

    value: float
    error: float


class Curve(NamedTuple):
    """For a picture: measured and fitted values over x."""

    x: Array
    measured: Array
    fitted: Array
    label: str


@dataclass(frozen=True)
class Part:
    """One block of a profile, as fitted.

    Attributes
    ----------
    name : str
        Block of the profile.
    block : dict
        Its fields but the source, as YAML says them; numbers in SI units.
    errors : dict
        Standard error of each fitted number, in the same places.
    assumed : dict
        Why a field that the table does not tell has the value that it has.
    n : int
        Readings that it stands on.
    curves : list of Curve
    x_label, y_label : str
    of_profile : tuple of str
        Assumed fields of which the table says nothing: a profile that has them keeps its own.
    facts : dict
        What else was found, for programs.
    notes, warnings : list of str
        The same for people; a warning is what should be looked at before the block is used.
    """

    name: str
    block: dict[str, Any]
    errors: dict[str, Any]
    assumed: dict[str, str]
    n: int
    curves: list[Curve]
    x_label: str
    y_label: str
    of_profile: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DeviceFit:
    """What was fitted, and the range of conductances that was seen.

    Attributes
    ----------
    parts : list of Part
    low_S, high_S : float
    remarks : tuple of str
        On how the table was read.
    """

    parts: list[Part]
    low_S: float
    high_S: float
    remarks: tuple[str, ...] = ()


def need(enough: bool, kind: str, what: str) -> None:
    """Refuse a table that cannot be fitted.

    Raises
    ------
    DataError
        There is not enough of what is needed.
    """
    if not enough:
        raise DataError(f"A fit of {kind} needs {what}; measure more, or leave {kind} out.")


def root(variance: float, error: float) -> Estimate:
    """Standard deviation from a variance and its standard error; also where it comes out as 0.

    Examples
    --------
    >>> root(4.0, 0.4)
    Estimate(value=2.0, error=0.0976...)
    """
    value = float(np.sqrt(max(variance, 0.0)))
    return Estimate(value, float(np.sqrt(value**2 + error)) - value)
