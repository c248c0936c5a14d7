"""Words of files for what is absent: read as values, written back, and asked for in files alone."""

import re
from copy import deepcopy

import pytest
import yaml
from hypothesis import given
from pydantic import ValidationError
from strategies import profiles

from neurosim.blocks.block import Block
from neurosim.blocks.classes import classes_of
from neurosim.blocks.document import Document
from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.mistakes import mistakes_of
from neurosim.blocks.origins import Derived
from neurosim.blocks.words import Reading, as_written, word_of
from neurosim.converters import Adc, Channels, CurrentSense, Dac
from neurosim.devices import Faults, Mismatch, Verify, Write
from neurosim.devices.drift import TableDrift
from neurosim.devices.levels import LevelTable
from neurosim.devices.supply import Supply
from neurosim.devices.thermal import Thermal
from neurosim.errors import ProfileError
from neurosim.profile import Profile, shipped_profiles


def blocks_within(cls):
    """A class of blocks and all that it may hold."""
    found = {cls}
    for field in cls.model_fields.values():
        for inner in classes_of(field):
            found |= blocks_within(inner)
    return found


BLOCKS = sorted(blocks_within(Profile) - {Derived}, key=lambda cls: cls.__name__)
WORDS = [
    pytest.param(field, id=f"{cls.__name__}.{name}")
    for cls in BLOCKS
    for name, field in cls.model_fields.items()
    if word_of(field)
]


@pytest.mark.parametrize("field", WORDS)
def test_what_a_file_says_in_a_word_is_absent_by_default_in_python(field):
    assert not field.is_required()
    assert field.default == word_of(field).value


@pytest.mark.parametrize("cls", BLOCKS)
def test_a_file_states_every_field_that_has_a_word_in_it(cls):
    words = {name for name, field in cls.model_fields.items() if word_of(field)}
    known = {*cls.may_be_left_out, *cls.unwritten}
    assert words - known <= set(cls.must_state())


@pytest.mark.parametrize(
    "block", [Adc(), Dac(), CurrentSense(), Channels(), Mismatch(), Faults(), Supply(), Thermal()]
)
def test_a_block_of_nothing_is_made_of_nothing_and_comes_back_from_its_file(block):
    text = dump_block(block)
    assert parse_block(text, type(block), "my.yaml") == block
    assert "source: stated in code" in text


def test_a_word_is_read_in_whatever_case_and_only_where_it_is_one():
    text = dump_block(Adc(bits=6, visible_range_V=1, hidden_range_V=1)).replace(" ideal", " IDEAL")
    assert parse_block(text, Adc, "my.yaml").channels is None
    with pytest.raises(ProfileError, match="must be a plain number, but is 'none'"):
        parse_block(text.replace("noise: IDEAL", "noise: none"), Adc, "my.yaml")


@pytest.mark.parametrize("word", ["none", "null", "None"])
def test_a_part_that_a_chip_may_lack_is_none_or_null(word):
    text = dump_block(Write(reference_S=1e-6, noise=0.01))
    assert "verify: null" in text
    assert parse_block(text.replace("null", word), Write, "my.yaml").verify is None


def test_words_in_lists_are_read_and_written():
    drift = TableDrift(reference_S=1e-6, times_s=(1, 2), shift=(0, 0.1), spread=((), 0.2))
    assert as_written(drift)["shift"] == ["ideal", 0.1]
    assert as_written(drift)["spread"] == ["ideal", 0.2]
    assert parse_block(dump_block(drift), TableDrift, "my.yaml") == drift
    levels = LevelTable(values_S=(0, 1e-6))
    assert as_written(levels)["values_S"] == ["ideal", 1e-6]
    assert parse_block(dump_block(levels), LevelTable, "my.yaml") == levels


def fields_of(tree, cls, path=()):
    """Paths of the fields that a file of a block states and must state."""
    for name in cls.must_state():
        yield (*path, name)
        value, inner = tree[name], classes_of(cls.model_fields[name])
        if isinstance(value, dict) and len(inner) == 1 and name != "source":
            yield from fields_of(value, inner[0], (*path, name))


@pytest.mark.parametrize("name", ["cmos_rc_6bit", "bss2_65nm"])
def test_a_file_of_a_profile_must_state_every_field(name):
    text = shipped_profiles()[name].read_text("utf-8")
    whole = yaml.safe_load(text)
    paths = list(fields_of(whole, Profile))
    assert len(paths) > 60
    for path in paths:
        tree = deepcopy(whole)
        block = tree
        for key in path[:-1]:
            block = block[key]
        del block[path[-1]]
        with pytest.raises(ValidationError) as caught:
            Profile.model_validate(tree, context=Reading())
        [mistake] = mistakes_of(caught.value, Profile, Document(None, tree))
        assert str(mistake).startswith(f"{'.'.join(path)}: missing; ")


@given(profiles())
def test_no_word_of_files_is_left_inside(profile):
    def check(block):
        for name, field in type(block).model_fields.items():
            value, word = getattr(block, name), word_of(field)
            assert word is None or value != word.text
            if isinstance(value, Block):
                check(value)

    check(profile)


def test_a_verify_loop_states_what_no_write_can_reach():
    with pytest.raises(ProfileError, match="unreachable: missing; every effect must be stated"):
        parse_block("{window_S: 1 uS, most_pulses: 3}", Verify, "my.yaml")
    assert Verify(window_S=1e-6, most_pulses=3).unreachable == 0


def test_fields_that_a_file_leaves_out_are_told_at_once_with_its_other_mistakes():
    text = shipped_profiles()["cmos_rc_6bit"].read_text("utf-8")
    for old, new in ((r"\n  noise_V: .*", ""), (r"\nfaults: .*", ""), (r"leak: 0.03", "leak: 3")):
        text, n = re.subn(old, new, text, count=1)
        assert n == 1
    with pytest.raises(ProfileError) as caught:
        parse_block(text, Profile, "my.yaml")
    said = [line.split(": ", 1)[1] for line in str(caught.value).splitlines()]
    effect = "missing; every effect must be stated, write 'ideal' where there is none"
    assert sorted(said) == [
        f"dac.noise_V: {effect}",
        f"faults: {effect}",
        "mismatch.leak: must be below 1, but is 3",
    ]
