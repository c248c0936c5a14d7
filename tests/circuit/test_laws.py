"""Every shipped law with every amplifier, its errors and loads; and what is no law."""

from dataclasses import replace

import numpy as np
import pytest

from bench_points import POINTS_V
from conftest import LEAK_S, UNIT_V
from law_properties import ROWS, check_law
from neurosim.chip import Chip
from neurosim.circuit import (
    Amplifiers,
    ByLayer,
    Circuit,
    Gradient,
    Hopfield,
    Imperfect,
    Linear,
    Measured,
    Silu,
    Springs,
    Tanh,
    imperfect,
)
from neurosim.errors import DataError, ProfileError
from neurosim.profile import load_profile

LAWS = [
    Hopfield(),
    Gradient(),
    ByLayer(visible=Hopfield(), hidden=Gradient()),
    ByLayer(visible=Gradient(), hidden=Hopfield()),
]
AMPLIFIERS = [Tanh(UNIT_V), Silu(UNIT_V), Linear(UNIT_V), Measured(UNIT_V, points_V=POINTS_V)]


@pytest.mark.every(3)
@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("amplifier", AMPLIFIERS, ids=repr)
@pytest.mark.parametrize(("mismatch", "loading"), [(0, 0), (0.1, 0.3)])
def test_every_shipped_law_has_every_property(
    make_circuit, make_springs, law, amplifier, mismatch, loading
):
    circuit = make_circuit(law, amplifier, mismatch=mismatch, loading=loading)
    check_law(circuit, make_springs(circuit, ROWS))


@pytest.mark.every(6)
@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("buffer", AMPLIFIERS, ids=repr)
def test_any_amplifier_may_buffer_visible_nodes(make_circuit, make_springs, law, buffer):
    circuit = replace(make_circuit(law, mismatch=0.1, loading=0.3), visible=buffer)
    check_law(circuit, make_springs(circuit, ROWS))


@pytest.mark.every(5)
@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("nodes", [[1, 4, 9, 11], [5, 6, 7], [8, 2, 0]])
def test_springs_of_any_nodes_leave_every_property(make_circuit, law, nodes):
    rng, circuit = np.random.default_rng(2), make_circuit(law, mismatch=0.1, loading=0.3)
    target_V = UNIT_V * rng.standard_normal((ROWS, len(nodes)))
    stiffness_S = LEAK_S * rng.uniform(1, 15, len(nodes))
    check_law(circuit, Springs(stiffness_S, target_V, np.array(nodes)))


def test_one_law_in_both_layers_is_that_law(make_circuit, make_springs):
    plain = make_circuit(Gradient(), mismatch=0.1)
    twice = make_circuit(ByLayer(visible=Gradient(), hidden=Gradient()), mismatch=0.1)
    u_V = UNIT_V * np.random.default_rng(0).standard_normal((3, plain.n_nodes))
    springs = make_springs(plain, 3)
    np.testing.assert_array_equal(plain.current_A(u_V, springs), twice.current_A(u_V, springs))
    powers = plain.co_content_W(u_V, springs), twice.co_content_W(u_V, springs)
    np.testing.assert_allclose(*powers, rtol=1e-12)


@pytest.mark.parametrize("wrong", ["hopfeild", "gradient", Hopfield, None])
def test_what_is_no_law_is_refused_where_the_circuit_is_made(make_circuit, wrong):
    circuit = make_circuit()
    fields = {k: getattr(circuit, k) for k in circuit.__dataclass_fields__}
    with pytest.raises(DataError, match=r"Circuit.law must be a law such as Hopfield\(\)") as said:
        Circuit(**fields | {"law": wrong})
    assert "\n" not in str(said.value)
    if wrong != "gradient":  # A word of files is read in a block, as in every block.
        with pytest.raises(ProfileError, match=r"ByLayer\.hidden: must be "):
            ByLayer(visible=Hopfield(), hidden=wrong)


@pytest.mark.parametrize("wrong", ["tanh", Tanh, 0.1])
@pytest.mark.parametrize("place", ["visible", "hidden"])
def test_what_is_no_amplifier_is_refused_where_the_circuit_is_made(make_circuit, place, wrong):
    circuit = make_circuit()
    fields = {k: getattr(circuit, k) for k in circuit.__dataclass_fields__}
    with pytest.raises(DataError, match=f"Circuit.{place} must be an amplifier such as Tanh"):
        Circuit(**fields | {place: wrong})


@pytest.mark.parametrize(("path", "word"), [("node.law", "hopfeild"), ("node.amplifier", "tahn")])
def test_a_misspelt_word_in_a_profile_is_refused(path, word):
    with pytest.raises(ProfileError, match=rf"{path}: must be .*, but is '{word}'"):
        load_profile("ideal_hopfield").with_value(path, word)


def test_every_word_that_a_profile_may_say_makes_its_law_and_its_amplifier():
    profile = load_profile("ideal_hopfield")
    by_layer = {"law": "by_layer", "visible": "hopfield", "hidden": "gradient"}
    both = ByLayer(visible=Hopfield(), hidden=Gradient())
    for word, law in (("hopfield", Hopfield()), ("gradient", Gradient()), (by_layer, both)):
        assert Chip(profile.with_value("node.law", word)).circuit.law == law
    for word, made in (("tanh", Tanh), ("silu", Silu), ("linear", Linear)):
        changed = profile.with_value("node.amplifier", word)
        assert Chip(changed).circuit.hidden == made(UNIT_V)


def test_amplifiers_of_two_units_make_no_circuit():
    with pytest.raises(DataError, match=r"one unit_V, but have 0.1 V and 0.2 V"):
        Amplifiers(((Linear(0.1), 2), (Tanh(0.2), 3)))


def test_an_amplifier_with_errors_is_the_stated_formula():
    rng = np.random.default_rng(0)
    gain, attenuation = 1 + 0.2 * rng.standard_normal((2, 5))
    offset_V, u_V = 0.03 * rng.standard_normal(5), 0.1 * rng.standard_normal((3, 5))
    strayed = Imperfect(Tanh(0.1), gain, offset_V, attenuation)
    expected = attenuation * 0.1 * np.tanh(gain * (u_V + offset_V) / 0.1)
    np.testing.assert_allclose(strayed.output_V(u_V), expected, rtol=1e-13)
    h = 1e-6
    slope = (strayed.output_V(u_V + h) - strayed.output_V(u_V - h)) / (2 * h)
    np.testing.assert_allclose(strayed.slope(u_V), slope, rtol=1e-7)
    curvature = (strayed.slope(u_V + h) - strayed.slope(u_V - h)) / (2 * h)
    np.testing.assert_allclose(strayed.curvature_per_V(u_V), curvature, rtol=1e-6, atol=1e-6)
    area = (strayed.integral_V2(u_V + h) - strayed.integral_V2(u_V - h)) / (2 * h)
    np.testing.assert_allclose(area, strayed.output_V(u_V), rtol=1e-7)
    np.testing.assert_allclose(strayed.integral_V2(np.zeros((1, 5))), 0, atol=1e-18)


def test_errors_that_are_none_leave_the_ideal_amplifier_itself():
    tanh, ones, zeros = Tanh(0.1), np.ones(4), np.zeros(4)
    assert imperfect(tanh, ones, zeros, ones) is tanh
    assert Chip(load_profile("ideal_hopfield")).circuit.hidden == Tanh(UNIT_V)
    assert Tanh(UNIT_V) != Tanh(2 * UNIT_V)
    for k in range(3):
        moved = [ones, zeros, ones]
        moved[k] = moved[k] + [0, 0, 0.1, 0]
        assert isinstance(imperfect(tanh, *moved), Imperfect)


def test_errors_of_errors_are_refused_not_lost():
    ones, zeros = np.ones(4), np.zeros(4)
    once = Imperfect(Tanh(0.1), 1.1 * ones, zeros, ones)
    with pytest.raises(DataError, match="must be an ideal amplifier, but is Imperfect"):
        Imperfect(once, ones, zeros, ones)
    with pytest.raises(DataError, match="one value a node"):
        Imperfect(Tanh(0.1), ones, np.zeros(3), ones)


class OtherMetric(Hopfield):
    """The current of one law with the metric of another, as a misspelt word once gave."""

    def metric(self, amplifiers, u_V):
        return Gradient().metric(amplifiers, u_V)


class OtherPull(Gradient):
    def pull_V2(self, amplifiers, u_V, source_V):
        return Hopfield().pull_V2(amplifiers, u_V, source_V)


class OtherBend(Gradient):
    def weight_slopes_per_V(self, amplifiers, u_V):
        return Hopfield().weight_slopes_per_V(amplifiers, u_V)


class OtherInPlace(Gradient):
    def apply(self, amplifiers, u_V, work, outputs, weights):
        super().apply(amplifiers, u_V, work, outputs, weights)
        weights *= 0.99


@pytest.mark.parametrize("law", [OtherMetric(), OtherPull(), OtherBend(), OtherInPlace()], ids=repr)
def test_a_law_that_does_not_agree_with_itself_is_found_out(make_circuit, make_springs, law):
    circuit = make_circuit(law)
    with pytest.raises(AssertionError):
        check_law(circuit, make_springs(circuit, ROWS))
