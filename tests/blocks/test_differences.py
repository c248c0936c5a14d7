"""Two profiles side by side: what differs, in the words of their files."""

import json

from commands import one_line, run
from neurosim.blocks.differences import differences
from neurosim.profile import load_profile


def test_what_was_changed_is_what_differs():
    first = load_profile("cmos_rc_6bit")
    changes = {"adc.bits": 10, "node.leak_S": "20 uS", "thermal.temperature_K": "ideal"}
    found = differences(first, first.with_values(changes))
    assert {each.path for each in found} == changes.keys()
    texts = {each.path: each.texts() for each in found}
    assert texts["adc.bits"] == ("8", "10")
    assert texts["node.leak_S"] == ("10 uS", "20 uS")
    assert texts["thermal.temperature_K"] == ("300 K", "ideal")
    assert not differences(first, first.with_values({}))


def test_a_block_that_one_of_them_lacks_is_named_whole():
    chip, ideal = load_profile("cmos_rc_6bit"), load_profile("ideal_hopfield")
    said = {each.path: each.texts() for each in differences(chip, ideal)}
    assert all(text for pair in said.values() for text in pair)
    assert not any("source" in path.split(".") for path in said)


def test_the_command_prints_a_row_a_field_and_json():
    result = run("profiles", "diff", "cmos_rc_6bit", "cap_cell_14nm")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["cmos_rc_6bit", "cap_cell_14nm"]
    found = json.loads(run("profiles", "diff", "cmos_rc_6bit", "cap_cell_14nm", "--json").stdout)
    rows = [line for line in lines[1:] if not line.startswith(" ")]
    assert [row.split()[0] for row in rows] == [each["path"] for each in found]
    assert max(map(len, lines)) <= 80
    assert "but is 'nobody'" in one_line(run("profiles", "diff", "cmos_rc_6bit", "nobody"))
