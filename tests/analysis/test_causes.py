"""Every imperfection is in one cause, and a chip without a cause is that chip in all else."""

import re

import pytest

from neurosim.analysis import SOURCES, only
from neurosim.analysis.causes import CAUSES, alone, causes_of, switched_off
from neurosim.blocks.classes import classes_of
from neurosim.converters import Channels, lsb
from neurosim.host import Experiment
from neurosim.profile import Profile, load_profile

CHIP = load_profile("cmos_rc_6bit")
# Between them they have most of what a profile can have.
MANY = ("cmos_rc_6bit", "pcm_hermes_14nm", "board_digipot")


def named(name):
    return next(cause for cause in CAUSES if cause.name == name)


def test_every_source_is_in_exactly_one_cause():
    inside = [name for cause in CAUSES for name in cause.sources]
    assert sorted(inside) == sorted(source.name for source in SOURCES)
    assert len({cause.name for cause in CAUSES}) == len(CAUSES)


def test_what_is_looked_at_on_oscillators_is_theirs():
    names = {cause.name for cause in causes_of(load_profile("oim_ring_65nm"))}
    assert {"phase diffusion", "detuning"} <= names
    assert "thermal noise" not in names
    assert "phase diffusion" not in {cause.name for cause in causes_of(CHIP)}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_advice_names_fields_that_there_are(cause):
    """Of the profile's blocks, or of the experiment's."""
    for block, field in re.findall(r"\b(\w+)\.(\w+)\b", cause.advice):
        owner = Profile if block in Profile.model_fields else Experiment
        classes = classes_of(owner.model_fields[block])
        assert any(field in cls.model_fields for cls in classes), f"{block}.{field}"


@pytest.mark.parametrize("name", MANY)
def test_a_cause_that_is_off_is_gone_and_all_others_stay(name):
    profile = load_profile(name)
    there = causes_of(profile)
    for cause in there:
        left = {other.name for other in causes_of(switched_off(profile, cause))}
        if cause.ranges:
            assert left == {other.name for other in there}
            continue
        assert cause.name not in left
        # What needs it goes with it.
        gone = {other.name for other in there} - left
        assert gone - {cause.name} <= {"ADC channels", "DAC channels", "ammeter channels"}


@pytest.mark.parametrize("name", MANY)
def test_alone_it_is_the_only_cause_but_for_what_it_needs(name):
    profile = load_profile(name)
    for cause in causes_of(profile):
        left = {other.name for other in causes_of(alone(profile, cause))}
        assert cause.name in left
        names = [s for s in cause.sources if s != "hold kT/C"]
        needed = {path for s in SOURCES if s.name in names for path in s.needs}
        others = [c for c in causes_of(alone(profile, cause)) if c.name != cause.name]
        fields = {s.name: set(s.fields) for s in SOURCES}
        assert all(any(fields[s] & needed for s in other.sources) for other in others)


def test_a_range_is_widened_at_the_same_step_and_the_same_noise_in_volts():
    channels = Channels(offset=0.01)
    profile = CHIP.with_values({"adc.channels": channels})
    wide = switched_off(profile, named("ADC range"))
    for field in ("visible_range_V", "hidden_range_V"):
        before, after = getattr(profile.adc, field), getattr(wide.adc, field)
        # 2^b - 2 of 2^b codes: at 8 bits 0.7 % more than 8 times.
        assert after == pytest.approx(2046 / 254 * before)
        assert lsb(after, wide.adc.bits) == pytest.approx(lsb(before, profile.adc.bits))
        assert after * wide.adc.noise == pytest.approx(before * profile.adc.noise)
        offset = wide.adc.channels.offset
        assert after * offset == pytest.approx(before * channels.offset)
    assert profile.with_value("adc", wide.adc) == wide


def test_no_phase_is_driven_or_read_beyond_half_a_turn():
    rings = load_profile("oim_ring_65nm")
    names = {cause.name for cause in causes_of(rings)}
    assert not {"DAC range", "ADC range"} & names
    narrow = rings.with_value("dac.range_V", 1.0)
    (cause,) = (cause for cause in causes_of(narrow) if cause.name == "DAC range")
    # A radian of these is a volt.
    assert switched_off(narrow, cause).dac.range_V == pytest.approx(3.14159265)


def test_thermal_noise_is_one_cause_with_its_amplifiers_and_holds():
    quiet = switched_off(CHIP, named("thermal noise"))
    assert quiet.thermal.temperature_K is None
    assert quiet == only(
        CHIP,
        *(s.name for s in SOURCES if "thermal.temperature_K" not in (*s.fields, *s.needs)),
    )
