"""Quantities with units in a text, and expressions of them."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.blocks.expressions import Amount, Expression, amounts_in, unit_of_name


def nothing(name):
    raise AssertionError(f"{name} is no name of this expression")


def value(text, of=nothing):
    return Expression(text).value(of)


@pytest.mark.parametrize(
    ("text", "number", "like"),
    [
        ("2 * 100 uA * 5 V", 1e-3, "1 W"),
        ("800 uA * 5 V * 5 us", 2e-8, "1 J"),
        ("1 / (100 kOhm + 1.21 kOhm)", 1 / 101.21e3, "1 S"),
        ("22 uF * (2 V)^2 / 2", 44e-6, "1 J"),
        ("22 uF * 1 V / 4.4 nA", 5e3, "1 s"),
        ("96 mW * 130 ns / 256", 48.75e-12, "1 J"),
        ("500 um^2 * 2 fF/um^2", 1e-12, "1 F"),
        ("sqrt(2 / 10 um^2) * 3.356 mV um", 1.50085e-3, "1 V"),
        ("(28 nV/rtHz)^2 * 1 mS / (4 * k * 300 K)", 47.3207, "1"),
        ("sqrt(k * 300 K / 100 fF)", 2.03518e-4, "1 V"),
        ("hypot(1.5 mV / 75 mV, 2 %)", math.hypot(0.02, 0.02), "1"),
        ("0.45 mA/V^2 * (2 V - 0.7 V - 0.2 V)", 0.495e-3, "1 S"),
        ("2 days - 1 day", 86400.0, "1 s"),
        ("1 - 99.9 %", 1e-3, "1"),
        ("-.5 + 2^3", 7.5, "1"),
        ("ln(exp(1)) + log10(100) + clamp(7, 0, 1) + max(-1, 0)", 4.0, "1"),
    ],
)  # fmt: skip
def test_an_expression_comes_to_what_it_says_in_si_with_its_unit(text, number, like):
    found = value(text)
    assert found.value == pytest.approx(number, rel=1e-5)
    assert found.powers == amounts_in(like)[0].powers


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_volts_times_amperes_over_seconds_are_what_joules_over_square_seconds_are(a, b):
    volts, joules = value(f"{a!r} V * {b!r} A / 1 s"), value(f"{a * b!r} J / (1 s)^2")
    assert volts.same(joules)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1 V + 1 A", "adds amounts of different units"),
        ("ln(3 V)", "takes a function of"),
        ("2^(1 V)", "takes a function of, or a power by"),
        ("1 V +", "is not one"),
        ("1 V \0", "is not one"),
        ("(" * 5000 + "1" + ")" * 5000, "is not one"),
        ("9^9^9", "is not finite"),
        ("sqrt(1 - 9)", "takes a root of a negative amount"),
        ("1 V / (1 - 1)", "is not finite"),
        ("open('x')", "calls open of 1; the functions are sqrt of 1"),
        ("sqrt(1, 2)", "calls sqrt of 2"),
        ("[1, 2]", "has something else in it"),
        ("(lambda: 1)()", "has something else in it"),
        ("1 if 2 else 3", "has something else in it"),
        ("'1'", "has something else in it"),
        ("a.b.c", "has something else in it"),
        ("_0 * 2", "has something else in it"),
    ],
)
def test_what_is_no_such_expression_is_refused(text, wrong):
    with pytest.raises(ValueError, match=re.escape(wrong)):
        value(text, lambda name: Amount(1.0))


def test_names_are_fields_and_a_curve_is_computed_at_many_places():
    x = np.array([0.1, 0.5])
    of = {"g": Amount(x), "node.leak_S": Amount(2.0)}
    expression = Expression("(0.25 + 2 * g) * node.leak_S")
    assert expression.names == ("g", "node.leak_S")
    np.testing.assert_allclose(expression.value(of.__getitem__).value, 2 * (0.25 + 2 * x))
    power = Expression("3 * 2^g").value(of.__getitem__).value
    np.testing.assert_allclose(power, 3 * 2**x)


def test_numbers_of_a_text_are_read_with_the_units_that_follow_them():
    text = "1 uS to 40 uS (Wan et al., Nature 608, 504 (2022)), MCP4251-104, 5 % of a 10-bit step"
    found = [(a.value, a.powers) for a in amounts_in(text)]
    siemens = amounts_in("1 S")[0].powers
    assert found[:2] == [(pytest.approx(1e-6), siemens), (pytest.approx(4e-5), siemens)]
    plain = [number for number, powers in found if not any(powers)]
    assert plain == [608, 504, 2022, 104, pytest.approx(0.05), 10]


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("node.leak_S", "1 S"), ("tau_s", "1 s"), ("area_um2", "1 um^2"), ("full_scale", "1"),
        ("pulse_J", "1 J"), ("thermal.flicker_corner_Hz", "1 Hz"), ("output_Ohm", "1 Ohm"),
    ],
)  # fmt: skip
def test_the_suffix_of_a_name_is_its_unit(name, like):
    assert unit_of_name(name).same(amounts_in(like)[0])


def test_a_cubic_coefficient_is_one_over_square_volts():
    assert unit_of_name("coupling.cubic_per_V2").powers == value("1 / (1 V)^2").powers
