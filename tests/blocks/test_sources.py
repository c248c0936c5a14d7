"""Where numbers come from, and whether they come out."""

import pytest

from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.origins import Derived
from neurosim.blocks.sources import numbers_of, stated_in_code
from neurosim.converters import Adc, Channels
from neurosim.devices import Mismatch, Spring, Write
from neurosim.errors import ProfileError
from neurosim.profile import Profile, load_profile
from shipped import shipped


@shipped
def test_a_shipped_profile_has_a_source_for_every_number(name):
    assert stated_in_code(load_profile(name)) == []


def test_numbers_of_blocks_made_in_python_are_found_by_their_paths():
    adc = Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1, channels=Channels(gain=0.01))
    sources = {"leak": "a paper", "gain": "stated in code"}
    mismatch = Mismatch(leak=0.03, gain=0.01, source=sources)
    profile = load_profile("ideal_hopfield").with_values({"adc": adc, "mismatch": mismatch})
    found = ["mismatch.gain", "adc.bits", "adc.visible_range_V", "adc.hidden_range_V"]
    assert stated_in_code(profile) == [*found, "adc.channels.gain"]
    again = parse_block(dump_block(profile), Profile, "my.yaml")
    assert again == profile
    assert stated_in_code(again) == stated_in_code(profile)


def test_a_number_that_is_changed_in_python_says_so_in_its_file():
    profile = load_profile("cmos_rc_6bit").with_value("adc.bits", 6)
    again = parse_block(dump_block(profile), Profile, "my.yaml")
    assert again.adc.source["bits"] == "assumed: set in place of 8"
    assert stated_in_code(again) == []


def derived(text, equals):
    return {"text": text, "equals": equals}


def judged(number, source):
    [found] = numbers_of(Spring(max_S=number, source={"max_S": source}))
    return found.kind, found.mistake


@pytest.mark.parametrize(
    ("number", "source", "kind"),
    [
        (10e-9, derived("1 nA at 0.1 V", "1 nA / 0.1 V"), "derived"),
        (10e-9, derived("assumed: 1 nA at 0.1 V", "1 nA / 0.1 V"), "assumed"),
        (10e-9, "10 nS (a paper)", "quoted"),
        (10e-9, "0.01 uS (a paper)", "quoted"),
        (10e-9, "10 nA (a paper)", "cited"),
        (10e-9, "a paper", "cited"),
        (10e-9, "assumed: a round number", "assumed"),
        (10e-9, "stated in code", "stated in code"),
    ],
)
def test_a_number_is_derived_quoted_assumed_or_only_cited(number, source, kind):
    assert judged(number, source) == (kind, "")


@pytest.mark.parametrize(
    ("number", "equals", "mistake"),
    [
        (11e-9, "1 nA / 0.1 V", "must be 1 nA / 0.1 V = 1e-08, but is 1.1e-08"),
        (10e-9, "1 nA * 0.1 V", "must have the unit of max_S, but '1 nA * 0.1 V' has an"),
        (10e-9, "1 nA + 0.1 V", "'1 nA + 0.1 V' adds amounts of different units"),
    ],
)
def test_a_number_that_is_not_what_its_source_says_is_found(number, equals, mistake):
    try:
        _, found = judged(number, derived("1 nA at 0.1 V", equals))
    except ProfileError as refused:
        found = str(refused)
    assert mistake in found


def test_a_number_is_its_expression_rounded_to_the_digits_that_it_has():
    twelve = derived("82 uS over 0.6", "82 uS / 0.6")
    for number, good in [(137e-6, True), (136.7e-6, True), (136e-6, False), (140e-6, True)]:
        assert (judged(number, twelve)[1] == "") is good
    # One digit does not excuse a tenth.
    assert judged(1e-6, derived("82 uS over 60", "82 uS / 60"))[1]


def test_an_expression_may_take_fields_of_its_own_block_or_of_another():
    profile = load_profile("ideal_hopfield")
    text = derived("100 times leak_S", "100 * leak_S")
    spring = Spring(max_S=1e-3, source={"max_S": text})
    assert not numbers_of(profile.with_value("spring", spring))[-1].mistake
    halved = profile.with_values({"spring": spring, "node.leak_S": 5e-6})
    [found] = [n for n in numbers_of(halved) if n.path == "spring.max_S"]
    assert found.mistake == "must be 100 * leak_S = 0.0005, but is 0.001"
    alone = numbers_of(spring)[0].mistake
    assert alone == "'100 * leak_S' names leak_S, which is not the name of one number"


def test_a_curve_is_compared_at_many_places_and_piece_by_piece():
    text = "0.01 + 0.02 g below g = 0.5, 0.03 from there on, times 1"
    equals = ["0.01 + 0.02 * g", "0.03 * 1"]
    curve = [{"polynomial": [0.01, 0.02], "below": 0.5}, 0.03]

    def mistake(curve):
        source = {"reference_S": "1 S", "pulses": "1", "noise": derived(text, equals)}
        block = Write(reference_S=1.0, noise=curve, source=source)
        return numbers_of(block)[1].mistake

    pieces = [curve[0], {"polynomial": [curve[1]]}]
    assert mistake(pieces) == ""
    assert "everywhere" in mistake([{"polynomial": [0.01, 0.021], "below": 0.5}, pieces[1]])
    assert "end where" in mistake([{"polynomial": [0.01, 0.02], "below": 0.6}, pieces[1]])
    assert "must have 2 parts" in mistake(0.01)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        (derived("a paper", "1 nA / 0.1 V"), "1 nA, 0.1 V do not stand there"),
        (derived("1 nA at 1 V", "1 nA / 0.1 V"), "0.1 V does not stand there"),
        (derived("1 uA at 0.1 V", "1 nA / 0.1 V"), "1 nA does not stand there"),
        (derived("1 nA at 0.1 V", "leak_S * 0.1 V"), "leak_S does not stand there"),
        (derived("10 nS", "10 nS"), "but '10 nS' has 1"),
        (derived("1 nA at 0.1 V", "1 nA / 0.1 V)"), "is not one"),
        (derived("1 nA at 0.1 V", 5), "equals must be a text or a list of texts, but is 5"),
        ({"text": "1 nA"}, "must be a text, or have text and equals, but has text"),
        ({"equals": "1 nA / 0.1 V", "text": " "}, "must be text"),
    ],
)
def test_an_expression_takes_its_quantities_from_its_text(source, wrong):
    with pytest.raises(ProfileError) as refused:
        judged(10e-9, source)
    assert str(refused.value).startswith("Spring.source.max_S: ")
    assert wrong in str(refused.value)


@pytest.mark.every(4)
@shipped
def test_expressions_survive_a_file(name):
    profile = load_profile(name)
    again = parse_block(dump_block(profile), Profile, "my.yaml")
    assert again == profile
    assert numbers_of(again) == numbers_of(profile)


def test_a_number_that_is_changed_loses_its_expression():
    profile = load_profile("cmos_rc_6bit")
    assert isinstance(profile.spring.source["max_S"], Derived)
    changed = profile.with_value("spring.max_S", 2e-3)
    [found] = [n for n in numbers_of(changed) if n.path == "spring.max_S"]
    assert (found.source, found.kind) == ("assumed: set in place of 0.001", "assumed")
