"""Changes of a profile or a recipe by path, and names for what several fields do together.

============== ===============================================================================
release_ratio  C_x / C_h: capacitance of a released visible node over that of a node
weight_bits    levels of a weight as bits, sign included: 2^(bits - 1) levels of a device of a
               one-sided pair, 2^bits of a complementary one
noise_scale    factor on the standard deviations of thermal, DAC and ADC noise
mismatch_scale factor on every mismatch
============== ===============================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from neurosim.blocks.block import Block
from neurosim.errors import ProfileError
from neurosim.profile import Profile
from neurosim.safe_text import one_line

__all__ = ["changed", "part", "shown"]

B = TypeVar("B", bound=Block)
Changes = dict[str, Any]


def changed(block: B, changes: Changes, root: str) -> B:
    """Copy of a block with new values by path.

    Raises
    ------
    ProfileError
        A line for each mistake, led by `root`, the name of the block in paths.
    """
    known = _GROUPS if isinstance(block, Profile) else {}
    single = {path: value for path, value in changes.items() if path not in known}
    block = block.with_values(single, root=root, also=known)
    for path, value in changes.items():
        if path not in known:
            continue
        assert isinstance(block, Profile)
        try:
            single = known[path](block, _number(value))
        except ValueError as error:
            raise ProfileError(f"{root}.{path}: {error}") from None
        block = block.with_values(single, root=root)
    return block


def part(changes: Mapping[str, Any], root: str) -> Changes:
    """Changes below one root, without it."""
    return {path[len(root) + 1 :]: v for path, v in changes.items() if path.startswith(f"{root}.")}


def shown(columns: Changes, trees: Mapping[str, Any]) -> Changes:
    """Columns with quantities in SI units, whatever was written."""
    out: Changes = {}
    for column, value in columns.items():
        root, *fields = column.split(".")
        found: Any = trees.get(root)
        for field in fields:
            found = found.get(field) if isinstance(found, dict) else None
        plain = fields and isinstance(found, int | float | str)
        out[column] = found if plain else value
        if isinstance(out[column], dict | list | tuple):
            out[column] = json.dumps(out[column])
        if isinstance(out[column], str):
            out[column] = one_line(out[column])
    return out


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"must be a number of at least 0, but is {value!r}")
    return value


def _release_ratio(profile: Profile, ratio: float) -> Changes:
    return {"node.release_capacitance_F": ratio * profile.node.capacitance_F}


def _weight_bits(profile: Profile, bits: float) -> Changes:
    # Of a one-sided pair the sign says which device; the levels of a complementary one hold it.
    magnitude = bits - 1 if profile.coupling.encoding == "one_sided" else bits
    levels = 2**magnitude
    if levels != int(levels) or levels < 2:
        raise ValueError(f"must be a whole number of at least 2, but is {bits:g}")
    return {"coupling.levels": int(levels)}


def _noise_scale(profile: Profile, scale: float) -> Changes:
    changes: Changes = {
        "dac.noise_V": scale * profile.dac.noise_V,
        "adc.noise": scale * profile.adc.noise,
    }
    temperature_K = profile.thermal.temperature_K
    if temperature_K is not None:
        changes["thermal.temperature_K"] = scale**2 * temperature_K if scale else "ideal"
    return changes


def _mismatch_scale(profile: Profile, scale: float) -> Changes:
    mismatch = profile.mismatch
    names = [name for name in type(mismatch).model_fields if name != "source"]
    return {f"mismatch.{name}": scale * getattr(mismatch, name) for name in names}


_GROUPS: dict[str, Callable[[Profile, float], Changes]] = {
    "release_ratio": _release_ratio,
    "weight_bits": _weight_bits,
    "noise_scale": _noise_scale,
    "mismatch_scale": _mismatch_scale,
}
