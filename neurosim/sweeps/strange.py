"""What axes of a sweep make odd of a profile that is none itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from neurosim.analysis.plausible import warnings_in
from neurosim.profile import Profile
from neurosim.sweeps.points import Point

__all__ = ["made_odd"]

# Points that are looked at, spread over all.
_LOOKED_AT = 24


def made_odd(points: Sequence[Point]) -> list[str]:
    """What `profiles check` warns of at some points of a sweep, and not of the chip it starts from.

    A number that an axis sets need not be what its source derives; one that should follow what an
    axis sets, and does not, is told. Each field is told of once.
    """
    if not points:
        return []
    last, found = len(points) - 1, dict[str, str]()
    for k in dict.fromkeys(round(last * j / (_LOOKED_AT - 1)) for j in range(_LOOKED_AT)):
        point = points[k]
        base = point.named[0]
        for chip in (point.training.profile if point.training else None, point.deploy):
            if chip is not None and chip.name == base.name and chip != base:
                before = set(warnings_in(base))
                new = [line for line in warnings_in(chip) if line not in before]
                for line in (line for line in new if not _is_set(line, base, chip)):
                    found.setdefault(re.split(r"[: ]", line)[0], line)
    return [_told(line) for line in found.values()]


def _told(line: str) -> str:
    head, derived, _ = line.partition(", by `equals`")
    if not derived:
        return f"at some points {line}"
    return f"at some points {head}, by its source; if it should follow, pair it with that axis"


def _is_set(line: str, base: Profile, chip: Profile) -> bool:
    """Whether a line is of a number beside its `equals` that an axis has changed itself."""
    path, _, said = line.partition(": ")
    return "by `equals` of its source" in said and _at(base, path) != _at(chip, path)


def _at(profile: Profile, path: str) -> Any:
    value: Any = profile
    for name in path.split("."):
        value = getattr(value, name, None)
    return value
