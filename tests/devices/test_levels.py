"""Levels that are not equally spaced in conductance: nearest, monotone, in range."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurosim.devices import CouplingDevice
from neurosim.errors import ProfileError
from neurosim.profile import load_profile

UNIT_S = 1e-5
weights = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1, 1))


def device(levels, encoding="one_sided", idle_S=1e-7):
    return CouplingDevice(
        encoding=encoding, full_scale=0.6, idle_S=idle_S, levels=levels, source="assumed: a test"
    )


def resistance(count):
    return {"law": "resistance", "count": count}


@given(st.integers(2, 300), weights)
def test_levels_of_a_digital_potentiometer_are_equally_spaced_in_resistance(count, w):
    target = device(resistance(count)).target(w, UNIT_S)
    step_Ohm = (1 / 1e-7 - 1 / (1e-7 + 6e-6)) / (count - 1)
    steps = (1 / 1e-7 - 1 / target.plus_S) / step_Ohm
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6 * count)


@given(st.lists(st.floats(1e-7, 6e-6), min_size=2, max_size=30, unique=True), weights)
def test_no_level_of_a_table_is_nearer_than_the_one_chosen(values, w):
    table = {"law": "table", "values_S": sorted(values)}
    target = device(table).target(w, UNIT_S)
    wanted = 1e-7 + np.maximum(np.clip(w, -0.6, 0.6), 0) * UNIT_S
    distance = np.abs(np.array(values)[:, None] - wanted).min(axis=0)
    # Half-way is within 1e-12 of a spacing, which is at most 6e-6 S.
    np.testing.assert_allclose(np.abs(target.plus_S - wanted), distance, atol=1e-17)
    assert np.isin(target.plus_S, values).all()


@given(st.sampled_from(["one_sided", "complementary"]), st.integers(2, 200), weights)
def test_a_larger_weight_never_gets_a_smaller_conductance(encoding, count, w):
    target = device(resistance(count), encoding).target(np.sort(w), UNIT_S)
    assert (np.diff(target.plus_S) >= 0).all()
    assert (np.diff(target.minus_S) <= 0).all()


@given(st.integers(2, 200), weights)
def test_a_code_names_the_level_that_was_chosen(count, w):
    pair = device(resistance(count))
    target = pair.target(w, UNIT_S)
    code = pair.level(target.plus_S, UNIT_S)
    step_Ohm = (1 / 1e-7 - 1 / (1e-7 + 6e-6)) / (count - 1)
    np.testing.assert_allclose(1 / target.plus_S, 1e7 - code * step_Ohm, rtol=1e-9)


@given(st.integers(2, 200), weights)
def test_a_complementary_sum_is_off_by_at_most_half_a_spacing_at_each_device(count, w):
    pair = device(resistance(count), "complementary")
    target, spacing_S = pair.target(w, UNIT_S), np.diff(pair.levels_S(UNIT_S))
    allowed_S = np.zeros(w.shape)
    for conductance_S in target[:2]:
        code = pair.level(conductance_S, UNIT_S)
        around = np.minimum(code, count - 2), np.maximum(code - 1, 0)
        allowed_S += np.maximum(*(spacing_S[k] for k in around)) / 2
    off_S = np.abs(target.plus_S + target.minus_S - pair.nominal_load_S(UNIT_S))
    assert (off_S <= allowed_S * (1 + 1e-9)).all()


def test_of_a_symmetric_table_a_complementary_sum_is_constant_also_half_way():
    table = {"law": "table", "values_S": [0, 0.75e-6, 2e-6, 4e-6, 5.25e-6, 6e-6]}
    pair = device(table, "complementary", 0.0)
    # Weights that put G+ half-way between two levels; 3e-6 puts both devices there.
    halves = np.array([0.375e-6, 1.375e-6, 3e-6, 4.625e-6, 5.625e-6])
    w = np.concatenate([2 * halves / UNIT_S - 0.6, np.linspace(-0.6, 0.6, 1001)])
    target = pair.target(w, UNIT_S)
    np.testing.assert_allclose(target.plus_S + target.minus_S, 6e-6, rtol=1e-12)


def test_the_law_of_conductance_is_the_plain_number_of_levels():
    even = device({"law": "conductance", "count": 16})
    assert even == device(16)
    assert even.levels == 16


def test_a_table_of_equally_spaced_levels_is_the_plain_number_of_them():
    rng = np.random.default_rng(0)
    w = rng.uniform(-0.7, 0.7, 1000)
    table = {"law": "table", "values_S": list(1e-7 + 6e-6 * np.linspace(0, 1, 17))}
    even, listed = (device(levels).target(w, UNIT_S) for levels in (17, table))
    np.testing.assert_allclose(even.plus_S, listed.plus_S, rtol=1e-12)
    np.testing.assert_allclose(even.minus_S, listed.minus_S, rtol=1e-12)


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        ({"law": "table", "values_S": [2e-6, 1e-6]}, "values_S: must be ascending"),
        ({"law": "logarithm", "count": 4}, "law: must be one of conductance, resistance, table"),
        ({"law": "conductance", "count": 1}, "count: must be at least 2"),
        (1, "levels.*must be at least 2"),
        (resistance(8), "idle_S: must be above 0 S where levels"),
    ],
)
def test_levels_that_make_no_sense_are_refused_with_their_place(levels, text):
    with pytest.raises(ProfileError, match=text):
        load_profile("ideal_hopfield").with_values({"coupling.levels": levels})
