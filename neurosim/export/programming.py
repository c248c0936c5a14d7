"""From a weight table to a chip: everything is checked before anything is programmed."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.export.table import (
    KIND,
    VERSION,
    Array,
    WeightTable,
    checksum,
    positions,
    shapes,
)
from neurosim.profile import Profile
from neurosim.topology import Layers
from neurosim.yaml_files import parse_block

__all__ = ["check_table", "profile_of", "program_table", "targets_S"]

# Text and tools may round a conductance; far below any level, far above a double's last bit.
_TOLERANCE = 1e-9


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
    _check_profile(sheet, profile)
    return profile


def _check_profile(sheet: dict[str, Any], profile: Profile) -> None:
    if not isinstance(sheet.get("die_seed"), int):
        raise DataError(
            "The data sheet must say which die the table is of, but its die_seed is "
            f"{sheet.get('die_seed')!r}; export the table again."
        )
    wanted, got = sheet.get("profile_checksum"), checksum(profile)
    if wanted != got:
        raise DataError(
            f"A weight table must be for the chip's own profile, {profile.name} with checksum "
            f"{got[:12]}, but is for {sheet.get('profile')} with checksum {str(wanted)[:12]}; "
            "nothing was programmed. Use the profile that the table was exported with."
        )


def check_table(table: WeightTable, profile: Profile) -> None:
    """Refuse a table that a chip of this profile cannot hold.

    Raises
    ------
    DataError
        It was made for another profile; a block or column is missing; a shape is wrong; a code or
        a conductance is out of range; codes, targets and weights contradict each other.
    """
    _check_profile(table.sheet, profile)
    wanted = shapes(Layers(profile.layers))
    absent = [name for name in wanted if name not in table.blocks]
    extra = [name for name in table.blocks if name not in wanted]
    if absent or extra:
        raise DataError(
            f"A weight table of {profile.name} must have the blocks {', '.join(wanted)}, but "
            f"{'lacks ' + ', '.join(absent) if absent else 'also has ' + ', '.join(extra)}; "
            "nothing was programmed."
        )
    names = set(table.blocks["W0"])
    for name, shape in wanted.items():
        _check_block(name, shape, table.blocks[name], names, profile)


def _check_block(
    name: str, shape: tuple[int, ...], block: dict[str, Array], names: set[str], profile: Profile
) -> None:
    """One block of a table."""
    for needed in (("code_plus", "code_minus"), ("target_plus_S", "target_minus_S")):
        if set(needed) <= set(block):
            break
    else:
        raise DataError(
            f"{name} must have the columns code_plus and code_minus, or target_plus_S and "
            f"target_minus_S, but has {', '.join(block) or 'none'}; nothing was programmed."
        )
    if set(block) != names:
        lost = sorted(names ^ set(block))
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
        lowest = -np.inf if column == "weight" else 0
        _all(np.isfinite(values) & (values >= lowest), name, column, values, "finite and positive")
    _check_levels(name, block, profile)


def _check_levels(name: str, block: dict[str, Array], profile: Profile) -> None:
    """Codes in range and of the targets' conductances; targets in range and of the weights."""
    coupling, unit_S = profile.coupling, profile.node.leak_S
    levels, range_S = coupling.levels_S(unit_S), coupling.full_scale * unit_S
    slack = _TOLERANCE * range_S
    for side in ("plus", "minus"):
        code, target = block.get(f"code_{side}"), block.get(f"target_{side}_S")
        if code is not None:
            if levels is None:
                raise DataError(
                    f"{name} must have no codes, for devices of {profile.name} have no levels, "
                    "but has some; nothing was programmed."
                )
            good = (code < len(levels)) & (code == np.rint(code))
            text = f"a whole number from 0 to {len(levels) - 1}"
            _all(good, name, f"code_{side}", code, text)
            if target is not None:
                code = code.astype(np.intp)
                agree = np.abs(levels[code] - target) <= slack
                if profile.pulse is not None:
                    # What a device was pulsed to is its target, near a level or not.
                    agree |= coupling.level(target, unit_S) == code
                _all(agree, name, f"target_{side}_S", target, f"that of code_{side}")
        elif target is not None and profile.pulse is None:
            top = coupling.idle_S + range_S + slack
            _all(target <= top, name, f"target_{side}_S", target, f"at most {top:g} S")
    if "weight" in block and "target_plus_S" in block:
        delta = block["target_plus_S"] - block["target_minus_S"]
        agree = np.abs(block["weight"] * unit_S - delta) <= slack
        _all(agree, name, "weight", block["weight"], "(target_plus_S - target_minus_S) / unit_S")


def _all(good: Array, name: str, column: str, values: Array, text: str) -> None:
    """Refuse the first cell that is not good."""
    if not np.all(good):
        first = tuple(int(k) for k in np.argwhere(~good)[0])
        place = ", ".join(map(str, first))
        raise DataError(
            f"{name}[{place}] {column} must be {text}, but is {values[first]:.9g} "
            f"({np.count_nonzero(~good)} such cells); nothing was programmed."
        )


def targets_S(table: WeightTable, profile: Profile) -> dict[str, tuple[Array, Array]]:
    """G+ and G- to program in each block."""
    levels = profile.coupling.levels_S(profile.node.leak_S)
    out = {}
    for name, block in table.blocks.items():
        if "target_plus_S" in block:
            out[name] = block["target_plus_S"], block["target_minus_S"]
        else:
            assert levels is not None
            out[name] = levels[block["code_plus"]], levels[block["code_minus"]]
    return out


def program_table(chip: Chip, table: WeightTable) -> None:
    """Give a chip the table's conductances.

    The die that the table was read from gets back every device as it was, and then reads the same
    to the last bit. Any other die, or a table of codes alone, is written, with a write's noise. A
    table does not hold the age of devices that drift: on a new chip they start as just written.

    Raises
    ------
    DataError
        The table does not fit (see `check_table`); the chip is left as it was.
    """
    check_table(table, chip.profile)
    target_S, achieved_S = (vector.copy() for vector in chip.programmed_S())
    targets, at = targets_S(table, chip.profile), positions(chip)
    for side, blocks in at.items():
        for name, index in blocks.items():
            target_S[index] = targets[name]["minus" in side]
    same_die = table.sheet.get("die_seed") == chip.seed
    if not same_die or "achieved_plus_S" not in table.blocks["W0"]:
        chip.write(target_S)
        return
    for side, blocks in at.items():
        column = side if side.startswith("back") else f"achieved_{side}"
        for name, index in blocks.items():
            achieved_S[index] = table.blocks[name][column]
    chip.restore(chip.state() | {"target_S": target_S, "achieved_S": achieved_S})
