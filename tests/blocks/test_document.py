"""YAML 1.2 in and out: numbers and texts as people write them, and what is no YAML at all."""

import contextlib

import numpy as np
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from neurosim.blocks import document
from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, parse_block
from some_blocks import edited, line_of, lines_of


class Number(Block):
    x: float


class Text(Block):
    x: str


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


# Out and in again


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_back_to_the_last_bit(x):
    back = parse_block(dump_block(Number(x=x)), Number, "my.yaml").x
    assert np.array_equal(np.float64(back).view(np.int64), np.float64(x).view(np.int64))


@example({"a": ["", "no", "1e3", " a", "a: b", "# a", "a" * 200, "x " * 90, "\u00b5F", 1e-6, None]})
@given(st.dictionaries(st.text(), st.lists(st.text() | st.floats() | st.none() | st.booleans())))
def test_libyaml_writes_the_same_text_as_pyyaml_or_leaves_it_to_it(tree):
    with contextlib.suppress(document._NotPlainError):
        assert document._by(document._FastDumper, tree) == document._by(document._Dumper, tree)


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
