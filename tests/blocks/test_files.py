"""Files of blocks: read, written, and changed field by field."""

from pathlib import Path

import numpy as np
import pytest

from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, load_block, parse_block
from neurosim.errors import ProfileError
from neurosim.host import Experiment
from neurosim.profile import load_profile
from some_blocks import GOOD, Chip

CHIP = parse_block(GOOD, Chip, "my.yaml")


# Files


def test_a_good_file_is_its_block():
    assert CHIP.adc.bits == 8
    assert CHIP.adc.range_V == 0.32
    assert CHIP.ammeter is None


def test_a_byte_order_mark_is_no_content(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(GOOD, "utf-8-sig")
    assert load_block(path, Chip) == CHIP


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "must be a file that can be read, but is not (No such file or directory)."),
        ("folder", "must be a file that can be read, but is not (Is a directory)."),
        ("x: é".encode("latin-1"), "must be text in UTF-8, but its byte 3 is not."),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "my.yaml"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        load_block(path, Chip)
    assert str(caught.value) == f"{path}: {message}"


def test_a_name_that_no_system_has_is_refused_as_a_file_that_is_not_there():
    with pytest.raises(ProfileError, match=r"must be a file that can be read, .* null byte"):
        load_block(Path("a\0.yaml"), Chip)


def test_a_dumped_block_puts_sources_last():
    dumped = dump_block(CHIP)
    assert parse_block(dumped, Chip, "my.yaml") == CHIP
    assert dumped.index("kind: sar") < dumped.index("source:")


# Changes


def test_a_change_gives_another_block_and_leaves_the_first_alone():
    changed = CHIP.with_value("adc.bits", 6)
    assert (changed.adc.bits, CHIP.adc.bits) == (6, 8)
    assert changed.name == CHIP.name


def test_a_change_is_read_like_a_file():
    assert CHIP.with_value("adc.range_V", "1.5 V").adc.range_V == 1.5
    assert CHIP.with_value("adc.bits", "ideal").adc.bits is None
    assert CHIP.with_value("adc.noise", np.float64(0.1)).adc.noise == 0.1
    assert CHIP.with_value("sizes", (3, 3)).sizes == (3, 3)
    assert CHIP.with_value("sizes", np.array([3, 3])).sizes == (3, 3)
    assert CHIP.with_value("ammeter", CHIP.adc).ammeter == CHIP.adc


def test_a_changed_number_no_longer_has_the_source_of_the_old_one():
    changed = CHIP.with_value("adc.bits", 6).adc.source
    assert changed == {"bits": "assumed: set in place of 8", "range_V": "assumed: a reason"}
    assert CHIP.with_value("adc.noise", 0.1).adc.source["noise"] == (
        "assumed: set in place of ideal"
    )
    assert CHIP.with_value("adc.kind", "flash").adc.source == CHIP.adc.source
    assert CHIP.with_value("adc.bits", 8) == CHIP


def test_a_source_of_a_whole_block_stays_that_of_what_did_not_change():
    whole = CHIP.with_value("adc.source", "a paper")
    assert whole.with_value("adc.bits", 6).adc.source == {
        "bits": "assumed: set in place of 8",
        "range_V": "a paper",
    }


def test_several_changes_are_checked_together():
    class Ordered(Block):
        low: float
        high: float

        def model_post_init(self, _):
            if self.low >= self.high:
                raise ValueError("low must be below high")

    changed = Ordered(low=1, high=2).with_values({"low": 5, "high": 6})
    assert (changed.low, changed.high) == (5, 6)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("adc.bit", "adc.bit: there is no such field; did you mean 'adc.bits'?"),
        ("bits", "bits: there is no such field; did you mean 'adc.bits'?"),
        ("ammeter.bits", "ammeter.bits: ammeter is off there; give ammeter with all its fie"),
        ("ammeter.bitz", "ammeter.bitz: there is no such field; did you mean 'ammeter'?"),
        ("zzzzz", "zzzzz: there is no such field; the fields are name, sizes, adc, ammeter, fact"),
    ],
)
def test_a_path_that_leads_nowhere_gets_the_nearest(path, message):
    with pytest.raises(ProfileError) as caught:
        CHIP.with_value(path, 6)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("block", "path", "message"),
    [
        (Experiment(), "contrast.weight", "contrast is off there; `contrast: {}` turns it on"),
        (load_profile("ideal_hopfield"), "drift.exponent", "drift is ideal there; give drift with"),
    ],
)
def test_a_path_into_a_block_that_is_off_is_told_how_to_turn_it_on(block, path, message):
    with pytest.raises(ProfileError) as caught:
        block.with_value(path, 1.0)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_change_that_cannot_be_is_refused_like_a_file_without_a_place():
    with pytest.raises(ProfileError) as caught:
        CHIP.with_value("adc.range_V", "10 uF")
    assert str(caught.value) == "adc.range_V: must be given in V, but is '10 uF'"
