"""Quantities with units: what is read, what is refused, and how refusals are worded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.blocks.units import format_quantity, parse_quantity

PREFIXES = {
    "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6,
    "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18,
}  # fmt: skip
UNITS = ["S", "F", "V", "A", "s", "K", "Hz"]


@given(
    number=st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6),
    prefix=st.sampled_from(list(PREFIXES)),
    unit=st.sampled_from(UNITS),
    space=st.sampled_from(["", " ", "  "]),
)
def test_a_number_with_prefix_and_unit_is_its_value_in_si(number, prefix, unit, space):
    value = parse_quantity(f"{number!r}{space}{prefix}{unit}", unit)
    assert value == pytest.approx(number * PREFIXES[prefix], rel=1e-14)


def test_decimals_are_those_of_the_text_to_the_last_bit():
    assert parse_quantity("10 uS", "S") == 1e-5
    assert parse_quantity("1e3 pF", "F") == 1e-9
    assert parse_quantity("0.3 mV", "V") == 0.3e-3


@given(value=st.floats(1e-17, 1e14), unit=st.sampled_from(UNITS))
def test_what_is_formatted_reads_back_to_the_printed_digits(value, unit):
    text = format_quantity(value, unit)
    # Four significant digits: off by half a unit of the last one at most.
    assert parse_quantity(text, unit) == pytest.approx(value, rel=0.5001e-3)


@given(st.floats(allow_nan=False))
def test_a_number_is_taken_to_be_in_si_already(value):
    assert parse_quantity(value, "S") == value


def test_kelvin_is_a_unit_and_no_prefix():
    assert parse_quantity("300 K", "K") == 300
    assert parse_quantity("0.3 kK", "K") == 300


@pytest.mark.parametrize("text", ["10 kohm", "10 kOhm", "10 k\u03a9", "10 k\u2126"])
def test_ohms_have_four_spellings(text):
    assert parse_quantity(text, "ohm") == 10_000


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("10 uF", "S", "must be given in S, but is '10 uF'"),
        ("10", "S", "must be given in S, but is '10'"),
        ("10 s", "S", "must be given in S"),
        ("10 u", "S", "must be given in S"),
        ("10 S/m", "S", "must be given in S"),
        ("10 KK", "K", "must be given in K"),
        ("5 m", "", "must be a plain number, but is '5 m'"),
        ("ideal", "S", "must be a number with unit S, but is 'ideal'"),
        ("", "S", "must be a number with unit S, but is ''"),
        ("nan S", "S", "must be a number with unit S"),
        ("inf S", "S", "must be a number with unit S"),
        ("1e999 S", "S", "must be finite"),
        ("3 %", "S", "must be given in S, but is '3 %'"),
        ("3 m%", "", "must be a plain number, but is '3 m%'"),
        ("5 S", "", "must be a plain number, but is '5 S'"),
    ],
)
def test_text_that_is_no_such_quantity_is_refused_in_plain_words(text, unit, message):
    with pytest.raises(ValueError, match=message):
        parse_quantity(text, unit)


@pytest.mark.parametrize(("text", "share"), [("2 %", 0.02), ("0.5%", 0.005), ("1e2 %", 1.0)])
def test_a_share_may_be_given_in_percent(text, share):
    assert parse_quantity(text, "") == share


@pytest.mark.parametrize("text", ["2,5 pF", "2,5pF", "1,000 pF", "1_0 pF", "C = 5 pF", "5 pF # x"])
def test_a_decimal_comma_or_an_assignment_is_refused_and_not_guessed_at(text):
    with pytest.raises(ValueError, match="must be a number with unit F"):
        parse_quantity(text, "F")


@pytest.mark.parametrize("value", [True, None, [1], {}])
def test_what_is_neither_number_nor_text_is_refused(value):
    with pytest.raises(ValueError, match="must be a number or text such as '50 uS'"):
        parse_quantity(value, "S")


def test_people_read_prefixes():
    assert [format_quantity(*q) for q in [(2.5e-12, "F"), (1e-5, "S"), (0, "V"), (300, "K")]] == [
        "2.5 pF",
        "10 uS",
        "0 V",
        "300 K",
    ]
