"""What is wrong with a block: every mistake at once, in plain words, with its line and column."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of
from neurosim.blocks.files import parse_block
from neurosim.errors import ProfileError
from some_blocks import GOOD, Chip, edited, line_of, lines_of


def test_a_wrong_value_is_named_with_line_column_and_path():
    assert line_of(edited("bits: 8", "bits: 1")) == (
        "my.yaml:5:9: adc.bits: must be at least 2, but is 1"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("320 mV", "320 mS", "6:12: adc.range_V: must be given in V, but is '320 mS'"),
        ("320 mV", "-1 V", "6:12: adc.range_V: must be above 0, but is '-1 V'"),
        ("320 mV", ".inf", "6:12: adc.range_V: must be a finite number, but is inf"),
        ("320 mV", "1e999", "6:12: adc.range_V: must be a finite number, but is inf"),
        ("320 mV", "true", "6:12: adc.range_V: must not be true or false, but is true"),
        ("320 mV", "[1]", "6:12: adc.range_V: must be a number, but is [1]"),
        ("320 mV", "", "6:11: adc.range_V: must be a number, but is empty"),
        ("bits: 8", "bits: 8.5", "5:9: adc.bits: must be a whole number or ideal, but is 8.5"),
        ("bits: 8", "bits: x", "5:9: adc.bits: must be a whole number or ideal, but is 'x'"),
        ("noise: ideal", "noise: 2", "7:10: adc.noise: must be below 1, but is 2"),
        ("sar", "sra", "8:9: adc.kind: must be one of 'sar', 'flash', but is 'sra'"),
        ("name: one", "name: 5", "2:7: name: must be text, but is 5"),
        ("[4, 2]", "[4, 0]", "3:12: sizes.1: must be at least 1, but is 0"),
        ("[4, 2]", "[4]", "3:8: sizes: must have at least 2 items, but has 1"),
        ("[4, 2]", "4", "3:8: sizes: must be a list, but is 4"),
        ("null", "5", "12:10: ammeter: must be a block of fields or null, but is 5"),
        ("name: one", "name: true", "2:7: name: must be text, but is true"),
        ("null\n", "{bits: 1}\n", "12:17: ammeter.bits: must be at least 2, but is 1"),
        (
            "a paper",
            "5",
            "10:11: adc.source.bits: must be text, or a mapping from this block's fie",
        ),
        ("bits: a", "bitz: a", "10:11: adc.source.bitz: must name a field of this block: bits,"),
        ("bits: a", "bitz: a", "9:3: adc.source: must say where bits comes from: a paper, a DOI"),
        ('"assumed: a reason"', "'assumed:'", "11:14: adc.source.range_V: must give the reason of"),
    ],
)
def test_messages_say_what_must_hold_and_what_is(old, new, message):
    assert any(line.startswith(f"my.yaml:{message}") for line in lines_of(edited(old, new)))


def test_a_long_value_is_cut_short():
    line = line_of(edited("[4, 2]", "'" + "x" * 500 + "'"))
    assert line.endswith("xxx...")
    assert len(line) < 150


def test_an_unknown_field_gets_the_nearest_name_and_is_not_reported_missing_as_well():
    assert line_of(edited("  noise:", "  nois:")) == (
        "my.yaml:7:3: adc.nois: unknown field 'nois'; did you mean 'noise'?"
    )
    assert line_of(edited("adc:\n", "acd:\n")) == (
        "my.yaml:4:1: acd: unknown field 'acd'; did you mean 'adc'?"
    )


def test_an_unknown_field_that_is_near_to_none_gets_all_names():
    assert line_of(GOOD + "zzz: 1\n") == (
        "my.yaml:13:1: zzz: unknown field 'zzz'; the fields are name, sizes, adc, ammeter, factor"
    )


class Span(Block):
    start: float


class Sum(Block):
    law: Literal["sum"]
    start: float
    stop: float


class Choice(Block):
    law: Literal["choice"]
    spans: tuple[Span, ...]


class Plan(Block):
    part: Span | None = None
    steps: Annotated[
        tuple[Annotated[Sum | Choice, one_of(Sum, Choice)], ...],
        Field(min_length=1),
    ] = (Sum(law="sum", start=0, stop=1),)


class Study(Block):
    plan: Plan | None = None


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{law: choice, start: 1, stop: 2, spans: []}", "start: unknown field 'start'"),
        ("{law: choice, spans: [{zzz: 1, start: 1}]}", "the fields are start"),
        ("{law: sum, start: 1, stop: 2, zzz: 1}", "the fields are law, start, stop"),
    ],
)
def test_an_unknown_field_of_one_of_several_blocks_gets_the_fields_of_that_one(step, said):
    assert said in lines_of(f"steps: [{step}]", Plan)[0]


def test_a_switch_in_place_of_a_block_is_told_what_a_block_is():
    assert line_of("plan: true", Study) == (
        "my.yaml:1:7: plan: must be a block of fields ({} for the defaults) or null, but is true"
    )
    assert line_of("part: false", Plan) == (
        "my.yaml:1:7: part: must be a block of fields or null, but is false"
    )


def test_a_missing_effect_must_be_stated_as_ideal_and_points_to_its_block():
    assert line_of(edited("  noise: ideal\n", "")) == (
        "my.yaml:4:1: adc.noise: missing; every effect must be stated, write 'ideal' where there "
        "is none"
    )


def test_a_missing_field_that_cannot_be_ideal_is_not_told_to_be():
    assert line_of(edited("  kind: sar\n", "")) == (
        "my.yaml:4:1: adc.kind: missing; it must be stated"
    )


def test_a_missing_block_gets_its_fields_and_whether_there_can_be_none():
    assert line_of(edited("ammeter: null\n", "")) == (
        "my.yaml:2:1: ammeter: missing; it must be stated with its fields source, bits, range_V, "
        "noise, kind, or as 'none' where there is none"
    )


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file():
    text = edited("bits: 8", "bits: 1").replace("sar", "sra").replace("[4, 2]", "[0, 2]")
    places = [line.split(": ")[0] for line in lines_of(text + "zzz: 1\n")]
    assert places == ["my.yaml:3:9", "my.yaml:5:9", "my.yaml:8:9", "my.yaml:13:1"]


def test_no_message_has_a_library_s_words_in_it():
    text = "\n".join(
        line
        for new in ["1", "x", "[1]", "{a: 1}", "", "true", "1e999"]
        for old in ["one", "[4, 2]", "8", "320 mV", "ideal", "sar", "a paper", "null"]
        if (old, new) not in {("one", "x"), ("null", ""), ("a paper", "x"), ("320 mV", "1")}
        and (old, new) != ("ideal", "x")
        for line in _lines_or_none(edited(old, new))
    )
    for word in ("pydantic", "Input", "http", "valid", "type=", "dict", "NoneType", "Value error"):
        assert word not in text


def _lines_or_none(text):
    try:
        parse_block(text, Chip, "my.yaml")
    except ProfileError as error:
        return str(error).splitlines()
    return []
