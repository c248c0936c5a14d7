"""Tables that do not fit their chip, and data sheets that were changed, are refused."""

import json

import numpy as np
import pytest

from neurosim.errors import DataError, NeurosimError
from neurosim.tables import WeightTable, export, program_table, read_table, table
from quiet_chips import chip_of


def refuse(chip, found, match):
    """The table is refused and leaves the chip as it was."""
    before = [vector.copy() for vector in chip.programmed_S()]
    with pytest.raises(DataError, match=match):
        program_table(chip, found)
    for old, new in zip(before, chip.programmed_S(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert chip.ledger.programs == 1


def changed(found, block, column, values):
    blocks = {name: dict(columns) for name, columns in found.blocks.items()}
    blocks[block][column] = values
    return WeightTable(found.sheet, blocks)


def cell(values, value):
    out = values.copy()
    out.flat[1] = value
    return out


def test_a_table_that_does_not_fit_programs_nothing():
    chip = chip_of()
    good = table(chip)
    block = good.blocks["W0"]

    refuse(chip, table(chip_of(sizes=(3, 5))), "own profile.* checksum .*nothing was programmed")
    refuse(chip, table(chip_of(coupling__full_scale=0.5)), "is for cmos_rc_6bit with checksum")
    lacking = {k: v for k, v in good.blocks.items() if k != "b1"}
    refuse(chip, WeightTable(good.sheet, lacking), "blocks W0, .*lacks b1")
    refuse(chip, WeightTable(good.sheet, good.blocks | {"W9": block}), "also has W9")
    refuse(chip, changed(good, "W0", "weight", block["weight"].T), r"shape \(5, 3\).*\(3, 5\)")
    for column, value, text in [
        ("code_plus", 32, r"W0\[0, 1\] code_plus must be a whole number from 0 to 31, but is 32"),
        ("code_minus", -1, "must be finite and not below 0, but is -1"),
        ("target_plus_S", 7e-6, "must be that of code_plus, but is 7e-06"),
        ("target_plus_S", np.nan, "must be finite and not below 0, but is nan"),
        ("achieved_minus_S", -1e-9, "must be finite and not below 0, but is -1e-09"),
        ("weight", 0.59, r"must be \(target_plus_S - target_minus_S\) / unit_S, but is 0\.59"),
    ]:
        refuse(chip, changed(good, "W0", column, cell(block[column], value)), text)
    half = block["code_plus"] + 0.5
    refuse(chip, changed(good, "W0", "code_plus", half), "must be a whole number")
    less = {k: {c: v for c, v in b.items() if k + c != "b0weight"} for k, b in good.blocks.items()}
    refuse(chip, WeightTable(good.sheet, less), "same columns, but b0 and W0 differ in weight")
    bare = {name: {"weight": columns["weight"]} for name, columns in good.blocks.items()}
    refuse(chip, WeightTable(good.sheet, bare), "must have the columns code_plus and code_minus")


def test_a_continuum_has_a_range_and_no_codes():
    chip = chip_of(coupling__levels="ideal")
    good = table(chip)
    block = good.blocks["b1"]
    refuse(chip, changed(good, "b1", "target_plus_S", block["target_plus_S"] + 1e-5), "at most 6e-")
    zero = {name: np.zeros(columns["weight"].shape) for name, columns in good.blocks.items()}
    codes = {name: {"code_plus": z, "code_minus": z} for name, z in zero.items()}
    refuse(chip, WeightTable(good.sheet, codes), "must have no column code_minus")


def test_a_table_whose_profile_says_stochastic_is_read_with_the_checksum_that_it_has(tmp_path):
    """In 0.1.0 noise was an engine; what a chip is did not depend on engines, nor does it now."""
    from neurosim.tables import check_table, profile_of

    chip, path = chip_of(thermal__temperature_K=300), tmp_path / "w.json"
    export(chip, path)
    text = path.read_text()
    assert text.count("engine: transient") == 1
    path.write_text(text.replace("engine: transient", "engine: stochastic"))
    check_table(found := read_table(path), profile_of(found))
    assert profile_of(found) == chip.profile


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda tree: tree.update(sheet=[1]), "data sheet must be a mapping"),
        (lambda tree: tree["sheet"].pop("die_seed"), "is another or has been changed"),
        (lambda tree: tree["sheet"].pop("profile_yaml"), "must hold the profile"),
        (lambda tree: tree["sheet"].update(profile_yaml="a: ["), "not valid YAML"),
        (lambda tree: tree["sheet"].update(profile_checksum=None), "has been changed"),
        (lambda tree: tree["blocks"]["W0"].update(weight=["x"]), "arrays of numbers"),
        (lambda tree: tree["blocks"].update(W0={}), "another or has been changed"),
        (lambda tree: tree["blocks"].update(W0=3), "must hold a sheet and blocks"),
    ],
)
def test_a_data_sheet_or_a_block_that_was_edited_badly_is_refused(tmp_path, edit, match):
    from neurosim.tables import check_table, profile_of

    path = tmp_path / "w.json"
    export(chip_of(), path)
    tree = json.loads(path.read_text())
    edit(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(NeurosimError, match=match):
        check_table(found := read_table(path), profile_of(found))


def test_a_table_of_another_version_is_refused(tmp_path):
    from neurosim.tables import profile_of

    chip = chip_of()
    export(chip, tmp_path / "w.json")
    tree = json.loads((tmp_path / "w.json").read_text())
    tree["sheet"]["version"] = 99
    (tmp_path / "w.json").write_text(json.dumps(tree))
    with pytest.raises(DataError, match=r"version 1, but is of .* version 99"):
        profile_of(read_table(tmp_path / "w.json"))
