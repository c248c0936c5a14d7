"""What an option of a command may be: times, sizes of layers, a device, a file of one's own."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

    ParamType = click.ParamType[Any]
else:  # Generic to type checkers only: click 8.1 is not.
    ParamType = click.ParamType

__all__ = ["Own", "ParamType", "Positive", "Sizes", "Time", "known_device"]

_TIME_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d(?:ays?)?|h(?:ours?)?|m(?:in)?|s(?:ec)?)(?![a-z])\s*")
_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


class Positive(click.FloatRange):
    """A number above zero that is one: click lets NaN and infinity through."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is not finite."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Time(ParamType):
    """A time as schedulers' users write it: 3h50m, 90 min, 45 s."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """In seconds."""
        if isinstance(value, float):
            return value
        parts = _TIME_PART.findall(str(value))
        found = sum(float(number) * _UNITS_S[unit[0]] for number, unit in parts)
        if not found or _TIME_PART.sub("", str(value)).strip():
            self.fail(f"{value!r} is not a time above 0 such as 3h50m, 90 min or 45 s.", param, ctx)
        return found


class Own(ParamType):
    """A Python file with blocks of one's own, as these blocks."""

    name = "FILE.py"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[type[Block], ...]:
        """Run the file."""
        if isinstance(value, tuple):
            return value
        from neurosim.blocks.own import blocks_in

        return blocks_in(Path(str(value)))


class Sizes(ParamType):
    """Sizes of layers, two or more whole numbers with commas between them."""

    name = "SIZES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Refuse what is no list of sizes."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if len(parts) < 2 or not all(part.isdecimal() and int(part) for part in parts):
            self.fail(f"{value!r} is not a list of sizes such as 64,128,128.", param, ctx)
        return tuple(map(int, parts))


def known_device(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A device's name, refused before anything else is read or said."""
    del ctx, param
    from neurosim.machines import is_named, misnamed

    if not is_named(value):
        raise click.BadParameter(misnamed(value))
    return value
