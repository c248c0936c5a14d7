"""From a weight table to a chip: everything is checked before anything is programmed."""

from __future__ import annotations

from neurosim.chip import Chip
from neurosim.profile import Profile
from neurosim.tables.checking import check_table
from neurosim.tables.layout import positions
from neurosim.tables.table import Array, WeightTable

__all__ = ["program_table", "targets_S"]


def targets_S(table: WeightTable, profile: Profile) -> dict[str, dict[str, Array]]:
    """Conductances to program in each block: those of `plus`, and of `minus` where there is one."""
    levels, sides = profile.coupling.levels_S(profile.node.leak_S), profile.coupling.sides
    out = {}
    for name, block in table.blocks.items():
        if "target_plus_S" in block:
            out[name] = {side: block[f"target_{side}_S"] for side in sides}
        else:
            assert levels is not None
            out[name] = {side: levels[block[f"code_{side}"]] for side in sides}
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
    targets, at = targets_S(table, chip.profile), positions(chip.die)
    for side, blocks in at.items():
        for name, index in blocks.items():
            target_S[index] = targets[name]["minus" if "minus" in side else "plus"]
    same_die = table.sheet.get("die_seed") == chip.seed
    if not same_die or "achieved_plus_S" not in table.blocks["W0"]:
        chip.write(target_S)
        return
    for side, blocks in at.items():
        column = side if side.startswith("back") else f"achieved_{side}"
        for name, index in blocks.items():
            achieved_S[index] = table.blocks[name][column]
    chip.restore(chip.state() | {"target_S": target_S, "achieved_S": achieved_S})
