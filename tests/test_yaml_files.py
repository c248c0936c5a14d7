"""YAML in and out: numbers as people write them, and every mistake on a line with its place."""

from typing import Annotated, Literal

import numpy as np
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from neurosim.config import Block, Sourced
from neurosim.errors import ProfileError
from neurosim.quantities import Bits, Sigma, Volt
from neurosim.yaml_files import dump_block, load_block, parse_block, with_value, with_values


class Converter(Sourced):
    bits: Bits
    range_V: Volt
    noise: Sigma
    kind: Literal["sar", "flash"]


class Chip(Block):
    name: str
    sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2)]
    adc: Converter
    ammeter: Converter | None
    factor: float = 1.0


GOOD = """\
# A chip.
name: one
sizes: [4, 2]
adc:
  bits: 8
  range_V: 320 mV
  noise: ideal
  kind: sar
  source:
    bits: a paper
    range_V: "assumed: a reason"
ammeter: null
"""
CHIP = parse_block(GOOD, Chip, "my.yaml")


class Number(Block):
    x: float


class Text(Block):
    x: str


def lines_of(text, cls=Chip):
    with pytest.raises(ProfileError) as caught:
        parse_block(text, cls, "my.yaml")
    return str(caught.value).splitlines()


def line_of(text, cls=Chip):
    [line] = lines_of(text, cls)
    return line


def edited(old, new):
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


# What is read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1E6", 1e6),
        ("1.0e8", 1e8),
        ("-2.5e+3", -2500),
        (".5", 0.5),
        ("5.", 5),
        ("+7", 7),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
    ],
)
def test_numbers_follow_yaml_1_2(text, value):
    assert parse_block(f"x: {text}", Number, "my.yaml").x == value


@pytest.mark.parametrize(
    "text", ["no", "on", "yes", "2026-11-23", "12:30", "1_000", "<<", "=", "1e"]
)
def test_what_yaml_1_1_reads_as_a_switch_a_date_or_a_number_is_text(text):
    assert parse_block(f"x: {text}", Text, "my.yaml").x == text


def test_quoted_numbers_are_text():
    assert parse_block("x: '1e-6'", Text, "my.yaml").x == "1e-6"


def test_a_good_file_is_its_block():
    assert CHIP.adc.bits == 8
    assert CHIP.adc.range_V == 0.32
    assert CHIP.ammeter is None


def test_a_byte_order_mark_is_no_content(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(GOOD, "utf-8-sig")
    assert load_block(path, Chip) == CHIP


# Mistakes of values


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
        ("null", "5", "12:10: ammeter: must be a block of fields, but is 5"),
        ("null\n", "{bits: 1}\n", "12:17: ammeter.bits: must be at least 2, but is 1"),
        ("a paper", "5", "9:3: adc.source: must be text, or a mapping from this block's fields"),
        ("bits: a", "bitz: a", "10:11: adc.source.bitz: must name a field of this block: bits,"),
        ("bits: a", "bitz: a", "9:3: adc.source: must say where bits comes from: a paper, a DOI"),
        ('"assumed: a reason"', "'assumed:'", "9:3: adc.source: must give the reason of an assum"),
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


# Mistakes of YAML


def test_a_repeated_key_is_refused_with_both_lines():
    assert line_of(edited("  kind: sar\n", "  kind: sar\n  bits: 6\n")) == (
        "my.yaml:9:3: adc.bits: must stand only once, but stands in line 5 too"
    )


def test_an_unquoted_colon_gets_the_advice_to_quote():
    assert line_of(edited('"assumed: a reason"', "assumed: a reason")) == (
        "my.yaml:11:21: not valid YAML: mapping values are not allowed here; put quotes around a "
        "text that holds ': '."
    )


def test_a_tab_gets_the_advice_to_use_spaces():
    assert "indent with spaces, not tabs" in line_of(edited("adc:\n  bits", "adc:\n\tbits"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "my.yaml: must be a mapping from fields to values, but is empty."),
        ("# nothing\n", "my.yaml: must be a mapping from fields to values, but is empty."),
        ("- 1\n- 2", "my.yaml: must be a mapping from fields to values, but is [1, 2]."),
        ("hello", "my.yaml: must be a mapping from fields to values, but is 'hello'."),
        ("x: [1, 2", "my.yaml:1:9: not valid YAML: while parsing a flow sequence, expected ','"),
        ("x: 1\n---\nx: 2", "my.yaml:2:1: not valid YAML: expected a single document in the"),
        ("x: 1\ny: \0", "my.yaml:2: not valid YAML: there is a control character, 0x00."),
        ("[" * 5000, "my.yaml: not valid YAML: nested too deeply."),
        ("x: *y", "my.yaml:1:4: not valid YAML: found undefined alias 'y'."),
        ("x: &a [*a]", "my.yaml:1:4: x.0: must be written out again, not as an alias (*)"),
        ("x: !!int y", "my.yaml:1:4: x: must be a whole number, but is 'y'"),
        ("x: !!python/name:os.system y", "my.yaml:1:4: x: must be plain YAML without a tag (!)"),
        ("{x: 1, 2: 3}", "my.yaml:1:8: a field's name must be text, but is 2"),
        ("{x: 1, [a]: 3}", "my.yaml:1:8: a field's name must be text, but is a collection"),
        ("x: 1" + "0" * 5000, "my.yaml:1:4: x: must be a whole number, but is '1000"),
    ],
)
def test_a_file_that_is_no_mapping_of_plain_values_is_refused_on_one_line(text, message):
    assert lines_of(text, Number)[0].startswith(message)


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
        load_block(path, Number)
    assert str(caught.value) == f"{path}: {message}"


# Out and in again


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_back_to_the_last_bit(x):
    back = parse_block(dump_block(Number(x=x)), Number, "my.yaml").x
    assert np.array_equal(np.float64(back).view(np.int64), np.float64(x).view(np.int64))


@given(st.text(st.characters(codec="utf-8")))
@example("a\x85b\u2028c\rd\ne\tf")
@example("\ufeffa")
def test_every_text_comes_back(text):
    assert parse_block(dump_block(Text(x=text)), Text, "my.yaml").x == text


@pytest.mark.parametrize(
    "text", ["1e-6", "no", "null", "~", "0o7", "010", "2026-11-23", "a: b", ""]
)
def test_text_that_looks_like_something_else_is_quoted_for_every_reader(text):
    dumped = dump_block(Text(x=text))
    assert parse_block(dumped, Text, "my.yaml").x == text
    assert yaml.safe_load(dumped) == {"x": text}


def test_a_dumped_block_puts_sources_last():
    dumped = dump_block(CHIP)
    assert parse_block(dumped, Chip, "my.yaml") == CHIP
    assert dumped.index("kind: sar") < dumped.index("source:")


# Changes


def test_a_change_gives_another_block_and_leaves_the_first_alone():
    changed = with_value(CHIP, "adc.bits", 6)
    assert (changed.adc.bits, CHIP.adc.bits) == (6, 8)
    assert changed.name == CHIP.name


def test_a_change_is_read_like_a_file():
    assert with_value(CHIP, "adc.range_V", "1.5 V").adc.range_V == 1.5
    assert with_value(CHIP, "adc.bits", "ideal").adc.bits is None
    assert with_value(CHIP, "adc.noise", np.float64(0.1)).adc.noise == 0.1
    assert with_value(CHIP, "sizes", (3, 3)).sizes == (3, 3)
    assert with_value(CHIP, "sizes", np.array([3, 3])).sizes == (3, 3)
    assert with_value(CHIP, "ammeter", CHIP.adc).ammeter == CHIP.adc


def test_a_changed_number_no_longer_has_the_source_of_the_old_one():
    changed = with_value(CHIP, "adc.bits", 6).adc.source
    assert changed == {"bits": "assumed: set in place of 8", "range_V": "assumed: a reason"}
    assert with_value(CHIP, "adc.noise", 0.1).adc.source["noise"] == (
        "assumed: set in place of ideal"
    )
    assert with_value(CHIP, "adc.kind", "flash").adc.source == CHIP.adc.source
    assert with_value(CHIP, "adc.bits", 8) == CHIP


def test_a_source_of_a_whole_block_stays_that_of_what_did_not_change():
    whole = with_value(CHIP, "adc.source", "a paper")
    assert with_value(whole, "adc.bits", 6).adc.source == {
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

    changed = with_values(Ordered(low=1, high=2), {"low": 5, "high": 6})
    assert (changed.low, changed.high) == (5, 6)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("adc.bit", "adc.bit: there is no such field; did you mean 'adc.bits'?"),
        ("bits", "bits: there is no such field; did you mean 'adc.bits'?"),
        ("ammeter.bits", "ammeter.bits: there is no such field; did you mean 'ammeter'?"),
        ("zzzzz", "zzzzz: there is no such field; the fields are name, sizes, adc, ammeter, fact"),
    ],
)
def test_a_path_that_leads_nowhere_gets_the_nearest(path, message):
    with pytest.raises(ProfileError) as caught:
        with_value(CHIP, path, 6)
    assert str(caught.value).startswith(message)


def test_a_change_that_cannot_be_is_refused_like_a_file_without_a_place():
    with pytest.raises(ProfileError) as caught:
        with_value(CHIP, "adc.range_V", "10 uF")
    assert str(caught.value) == "adc.range_V: must be given in V, but is '10 uF'"
