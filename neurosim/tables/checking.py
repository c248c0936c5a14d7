"""What a weight table must be before anything is programmed from it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.files import parse_block
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.tables.die_checks import UNKNOWN_DIE, check_cells, check_die
from neurosim.tables.layout import shapes
from neurosim.tables.table import (
    COLUMNS,
    KIND,
    VERSION,
    Array,
    WeightTable,
    checksum,
    columns_of,
    data_sheet,
)
from neurosim.tables.tiles import Tiling

__all__ = ["UNKNOWN_DIE", "check_table", "profile_of"]

# Text and tools may round a conductance; far below any level, far above a double's last bit.
_TOLERANCE = 1e-9
# No device comes out of a write so many standard deviations off, nor so many times its range.
_MOST_SIGMA, _MOST_RANGES = 40, 10
# Keys of the data sheet that explain, or that the checksum covers; `tiling` is checked by itself.
_WORDS = {
    *("kind", "version", "order", "columns", "profile_yaml", "profile_checksum"),
    *("sources", "injectors"),
}
# Keys that the sheets of version 0.1.0 did not have.
_NEWER = {"circuit"}
_OF_NODES = {column.name for column in COLUMNS if column.node}


def profile_of(table: WeightTable) -> Profile:
    """The profile that a table carries.

    Raises
    ------
    DataError
        The table is of another kind or version, carries no profile, or one that has been changed.
    """
    sheet = table.sheet
    found = sheet.get("kind"), sheet.get("version")
    if found != (KIND, VERSION):
        raise DataError(
            f"The data sheet must be of a {KIND}, version {VERSION}, but is of {found[0]!r}, "
            f"version {found[1]}; export the table again."
        )
    text = sheet.get("profile_yaml")
    if not isinstance(text, str):
        raise DataError(
            "The data sheet must hold the profile as profile_yaml, but does not; give --profile."
        )
    profile = parse_block(text, Profile, "profile_yaml of the table")
    _check_sheet(sheet, profile)
    return profile


def _check_sheet(sheet: dict[str, Any], profile: Profile) -> None:
    """The sheet is that of a die of this profile, in every number."""
    seed = sheet.get("die_seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < UNKNOWN_DIE:
        raise DataError(
            f"The data sheet must say which die the table is of, but its die_seed is {seed!r}; "
            "export the table again."
        )
    wanted, got = sheet.get("profile_checksum"), checksum(profile)
    if wanted != got:
        raise DataError(
            f"A weight table must be for the chip's own profile, {profile.name} with checksum "
            f"{got[:12]}, but is for {sheet.get('profile')} with checksum {str(wanted)[:12]}; "
            "nothing was programmed. Use the profile that the table was exported with."
        )
    for key, value in data_sheet(profile, seed).items():
        missing = key in _NEWER and key not in sheet
        if key not in _WORDS and not missing and sheet.get(key) != value:
            raise DataError(
                f"The data sheet must be that of {profile.name}, but its {key} is not; nothing was "
                "programmed. Export the table again."
            )
    recipe = sheet.get("recipe", {})
    if not isinstance(recipe, dict) or not all(map(_is_setting, recipe.values())):
        raise DataError(
            "The recipe of the data sheet must be numbers above 0 and words, but is "
            f"{json.dumps(recipe)[:80]}; nothing was programmed. Export the table again."
        )


def _is_setting(value: Any) -> bool:
    """Whether a value can be one of a recipe."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) or (number and 0 < value < math.inf)


def check_table(table: WeightTable, profile: Profile) -> None:
    """Refuse a table that a chip of this profile cannot hold.

    Raises
    ------
    DataError
        It was made for another profile; a block or column is missing, or one that such a chip does
        not have is there; a shape is wrong; a number is out of range; codes, targets, weights,
        addresses, faults and what writes left contradict each other.
    """
    _check_sheet(table.sheet, profile)
    wanted = shapes(profile.network)
    absent = [name for name in wanted if name not in table.blocks]
    extra = [name for name in table.blocks if name not in wanted]
    if absent or extra:
        raise DataError(
            f"A weight table of {profile.name} must have the blocks {', '.join(wanted)}, but "
            f"{'lacks ' + ', '.join(absent) if absent else 'also has ' + ', '.join(extra)}; "
            "nothing was programmed."
        )
    names = set(table.blocks["W0"])
    known = columns_of(profile) - _OF_NODES | ({"address"} if "tiling" in table.sheet else set())
    foreign = sorted(names - known)
    if foreign:
        raise DataError(
            f"A weight table of {profile.name} must have no column {foreign[0]}, for its devices "
            "have no such number; nothing was programmed."
        )
    for name, shape in wanted.items():
        _check_block(name, shape, table.blocks[name], names, profile)
    check_die(table, profile)
    for name in wanted:
        _check_written(name, table.blocks[name], profile)
    _check_addresses(table, profile)


# What a chip can be programmed by.
_TO_PROGRAM = ("code_{}", "target_{}_S")


def _check_block(
    name: str, shape: tuple[int, ...], block: dict[str, Array], names: set[str], profile: Profile
) -> None:
    """One block of a table."""
    either = [[form.format(s) for s in profile.coupling.sides] for form in _TO_PROGRAM]
    if not any(set(needed) <= set(block) for needed in either):
        codes, targets = (" and ".join(names) for names in either)
        raise DataError(
            f"{name} must have the columns {codes}, or {targets}, but has "
            f"{', '.join(block) or 'none'}; nothing was programmed."
        )
    of_nodes = _OF_NODES if name[0] == "b" else set()
    if set(block) - of_nodes != names:
        lost = sorted(names ^ (set(block) - of_nodes))
        raise DataError(
            f"All blocks must have the same columns, but {name} and W0 differ in "
            f"{', '.join(lost)}; nothing was programmed."
        )
    for column, values in block.items():
        if values.shape != shape:
            raise DataError(
                f"{name} {column} must have shape {shape}, but has {values.shape}; nothing was "
                "programmed."
            )
        signed = column in ("weight", "offset_V")
        lowest, text = (-np.inf, "finite") if signed else (0, "finite and not below 0")
        check_cells(np.isfinite(values) & (values >= lowest), name, column, values, text)
    _check_levels(name, block, profile)


def _top_S(profile: Profile) -> float:
    """Largest conductance that a device is asked to hold."""
    coupling, unit_S = profile.coupling, profile.node.leak_S
    levels = coupling.levels_S(unit_S)
    top_S = coupling.idle_S + coupling.range_S(unit_S)
    return top_S if levels is None else max(top_S, float(levels[-1]))


def _check_levels(name: str, block: dict[str, Array], profile: Profile) -> None:
    """Codes in range and of the targets' conductances; targets in range and of the weights."""
    coupling, unit_S = profile.coupling, profile.node.leak_S
    levels, slack = coupling.levels_S(unit_S), _TOLERANCE * coupling.range_S(unit_S)
    for side in ("plus", "minus"):
        code, target = block.get(f"code_{side}"), block.get(f"target_{side}_S")
        if code is not None:
            assert levels is not None
            good = (code < len(levels)) & (code == np.rint(code))
            text = f"a whole number from 0 to {len(levels) - 1}"
            check_cells(good, name, f"code_{side}", code, text)
            if target is not None:
                code = code.astype(np.intp)
                agree = np.abs(levels[code] - target) <= slack
                if profile.pulse is not None:
                    # What a device was pulsed to is its target, near a level or not.
                    agree |= coupling.level(target, unit_S) == code
                check_cells(agree, name, f"target_{side}_S", target, f"that of code_{side}")
        elif target is not None and profile.pulse is None:
            top_S = _top_S(profile) + slack
            check_cells(target <= top_S, name, f"target_{side}_S", target, f"at most {top_S:g} S")
    if "weight" in block and "target_plus_S" in block:
        delta = block["target_plus_S"] - block.get("target_minus_S", 0.0)
        agree = np.abs(block["weight"] * unit_S - delta) <= slack
        text = "(target_plus_S - target_minus_S) / unit_S"
        check_cells(agree, name, "weight", block["weight"], text)


def _check_written(name: str, block: dict[str, Array], profile: Profile) -> None:
    """What writes left, and what it became, is what such devices can hold."""
    most_S = _MOST_RANGES * _top_S(profile)
    for column, values in block.items():
        if column.startswith(("achieved_", "present_", "back_", "target_")):
            text = f"at most {most_S:g} S, {_MOST_RANGES} times the range"
            check_cells(values <= most_S, name, column, values, text)
    for side in ("plus", "minus"):
        target = block.get(f"target_{side}_S")
        for column, flag in (
            (f"achieved_{side}_S", f"fault_{side}"),
            (f"back_{side}_S", f"fault_back_{side}"),
        ):
            if target is not None and column in block:
                works = block[flag] == 0 if flag in block else np.ones(target.shape, dtype=bool)
                good = ~works | (np.abs(block[column] - target) <= _most_error_S(target, profile))
                check_cells(good, name, column, block[column], f"within a write of target_{side}_S")


def _most_error_S(target_S: Array, profile: Profile) -> NDArray[np.float64]:
    """Largest deviation that a write of each target can leave."""
    law, slack = profile.write, _TOLERANCE * _top_S(profile)
    if law is None:
        return np.full(target_S.shape, slack)
    window_S = 0.0 if law.verify is None else law.verify.window_S
    error_S: NDArray[np.float64] = slack + window_S + _MOST_SIGMA * law.sigma_S(target_S)
    return error_S


def _check_addresses(table: WeightTable, profile: Profile) -> None:
    """Cells are those of the sheet's tiles."""
    if "tiling" not in table.sheet:
        return
    addresses = Tiling.from_json(table.sheet["tiling"]).addresses(profile.network)
    for name, block in table.blocks.items():
        if "address" in block:
            good = block["address"] == addresses[name]
            check_cells(good, name, "address", block["address"], "that of the sheet's tiling")
