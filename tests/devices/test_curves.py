"""Curves over conductance: every form against its formula, pieces, and in and out of YAML."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, parse_block
from neurosim.devices.curves import Curve, Piece, evaluate
from neurosim.errors import ProfileError

X = np.array([1e-3, 0.1, 0.5, 1.0])


class Holder(Block):
    curve: Curve


def curve(text):
    return parse_block(f"curve: {text}", Holder, "my.yaml").curve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.25", np.full(4, 0.25)),
        ("ideal", np.zeros(4)),
        ("{polynomial: [1, -2, 3]}", 1 - 2 * X + 3 * X**2),
        ("{log: [0.0244, -0.0155]}", 0.0244 - 0.0155 * np.log(X)),
        ("{power: [0.0088, -0.65]}", 0.0088 / X**0.65),
        ("{power: [0.0088, -0.65], most: 0.2}", np.minimum(0.0088 / X**0.65, 0.2)),
        ("{saturating: [2.0, 0.3]}", 2 * (1 - np.exp(-X / 0.3))),
        ("{points: [[0, 1], [0.5, 2], [0.75, 4]]}", [1 + 2e-3, 1.2, 2, 4]),
        (
            "[{below: 0.2, log: [0, 1], least: -3, most: 1}, {polynomial: [0, 1]}]",
            [-3, np.log(0.1), 0.5, 1],
        ),
    ],
)
def test_a_form_is_its_formula(text, expected):
    np.testing.assert_allclose(evaluate(curve(text), X), expected, rtol=1e-12)


def test_a_device_that_is_off_has_a_finite_value():
    for text in ("{log: [0, 1]}", "{power: [1, -1]}"):
        assert np.isfinite(evaluate(curve(text), np.zeros(1))).all()


@given(
    st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=4),
    st.none() | st.floats(-1, 0),
    st.none() | st.floats(0.1, 1),
)
def test_a_curve_survives_the_way_through_yaml(coefficients, least, most):
    first = Piece(polynomial=tuple(coefficients), least=least, most=most, below=0.5)
    holder = Holder(curve=(first, Piece(log=(0.1, 0.2))))
    assert parse_block(dump_block(holder), Holder, "again.yaml") == holder
    single = Holder(curve=(Piece(polynomial=tuple(coefficients), least=least, most=most),))
    again = parse_block(dump_block(single), Holder, "again.yaml")
    np.testing.assert_array_equal(evaluate(again.curve, X), evaluate(single.curve, X))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{least: 0.1}", "must have one of polynomial, log, power, saturating and points, but has"),
        ("{log: [0, 1], power: [0, 1]}", "but has log and power"),
        ("{log: [0]}", "must have at least 2 items, but has 1"),
        ("{saturating: [1, 0]}", "must have a second number above 0"),
        ("{points: [[1, 0], [0, 0]]}", "must have ascending first numbers"),
        ("[{log: [0, 1]}, {log: [0, 1]}]", "must have ascending `below` in every piece but"),
        ("[{log: [0, 1], below: 2}, {log: [0, 1], below: 3}]", "the last, which has none"),
        (
            "'2%'",
            "must be a number, a block of one formula or a list of such, but is '2%'; a share",
        ),
        ("true", "must be a number, a block of one formula or a list of such, but is True"),
    ],
)
def test_a_curve_that_makes_no_sense_is_refused(text, message):
    with pytest.raises(ProfileError, match=message):
        curve(text)
