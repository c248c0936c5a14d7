"""Hardware profiles: the shipped ones, what must agree within one, and in and out of YAML."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from strategies import profiles

from neurosim.blocks.block import Sourced, is_number
from neurosim.blocks.files import dump_block, load_block, parse_block
from neurosim.blocks.origins import text_of
from neurosim.errors import ProfileError
from neurosim.profile import Profile, load_profile, shipped_profiles
from shipped import edited, mistakes, shipped

CMOS = load_profile("cmos_rc_6bit")
IDEAL = load_profile("ideal_hopfield")
WRITE = {
    "reference_S": "6 uS", "noise": 0.01, "verify": "none", "pulses": 1, "pulse_s": "ideal",
    "pulse_J": "ideal", "source": "assumed: a test",
}  # fmt: skip
FAULTS = {
    "stuck_low": 0.01, "stuck_high": "ideal", "dead": "ideal", "open": "ideal",
    "source": "assumed: a test",
}  # fmt: skip
CHANNELS = {
    "count": "per_node", "offset": 0.005, "gain": 0.01, "inl_lsb": 0.5, "source": "assumed: a test"
}  # fmt: skip


# The shipped ones


@shipped
def test_a_shipped_profile_has_the_name_of_its_file_and_tells_editors_its_schema(name):
    path = shipped_profiles()[name]
    profile = load_profile(name)
    assert profile.name == name
    assert len(profile.summary) < 100
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=schema.json\n")
    assert load_profile(path) == load_profile(str(path)) == profile


@shipped
def test_every_assumption_of_a_shipped_profile_has_a_reason_of_some_words(name):
    for block in dict(load_profile(name)).values():
        if isinstance(block, Sourced):
            said = [block.source] if isinstance(block.source, str) else block.source.values()
            for text in map(text_of, said):
                assert text == "ideal" or len(text.removeprefix("assumed:").split()) >= 2


@pytest.mark.parametrize("law", ["gradient", "hopfield"])
def test_an_ideal_profile_has_no_imperfection(law):
    profile = load_profile(f"ideal_{law}")
    assert profile.node.law.law == law
    assert profile.settling.engine == "transient"
    effects = [
        *dict(profile.mismatch).items(),
        *dict(profile.dac).items(),
        *dict(profile.adc).items(),
        *dict(profile.thermal).items(),
        ("levels", profile.coupling.levels),
        ("idle_S", profile.coupling.idle_S),
        ("write", profile.write),
        ("faults", profile.faults),
        ("loading", profile.node.loading),
    ]
    assert not any(value for field, value in effects if field != "source")


def test_the_realistic_profile_states_every_effect_but_those_it_explains_away():
    ideal = {
        f"{name}.{field}"
        for name, block in CMOS
        if isinstance(block, Sourced)
        for field, value in block
        if value is None or (is_number(value) and value == 0)
    }
    assert ideal == {
        *("node.loading", "node.output_Ohm", "node.bandwidth_Hz", "node.buffer"),
        "write.verify",
        *("coupling.idle_S", "coupling.cubic_per_V2", "coupling.parasitic_F"),
        "coupling.wires",
        *(f"{name}.channels" for name in ("dac", "adc", "current_sense")),
        *("supply.adc_J", "supply.dac_J", "supply.read_s"),
    }


def test_derived_numbers_of_the_realistic_profile_follow_from_their_sources():
    assert CMOS.node.tau_s == pytest.approx(100e-9)
    assert CMOS.node.release_capacitance_F / CMOS.node.capacitance_F == pytest.approx(30)
    # Pelgrom: a pair of 10 um^2 of SKY130's nfet_01v8, 3.356 mV um.
    assert pytest.approx(3.356e-3 * math.sqrt(2 / 10), rel=1e-2) == CMOS.mismatch.offset_V
    # kT/C of 100 fF at 300 K.
    assert math.sqrt(1.380649e-23 * 300 / 100e-15) == pytest.approx(CMOS.dac.noise_V, rel=0.02)
    assert 2 * CMOS.coupling.levels == 2**6
    # gamma n of three devices, of which the leak's own 4kTG counts 1.
    assert 1 + CMOS.thermal.amplifier_excess == pytest.approx(0.84 * 3, rel=0.02)


# Finding them


def test_profiles_are_listed_by_name():
    assert list(shipped_profiles()) == sorted(shipped_profiles())
    assert {"cmos_rc_6bit", "ideal_gradient", "ideal_hopfield"} <= set(shipped_profiles())


def test_an_unknown_name_gets_the_nearest_one_and_all():
    with pytest.raises(ProfileError) as caught:
        load_profile("ideal_hopfild")
    assert str(caught.value) == (
        f"The profile must be one of {', '.join(shipped_profiles())} or a path ending in .yaml, "
        "but is 'ideal_hopfild'; did you mean ideal_hopfield?"
    )
    with pytest.raises(ProfileError, match=r"but is 'zzz'\.$"):
        load_profile("zzz")


def test_a_path_is_one_by_its_ending(tmp_path):
    for name in ("mine.yaml", "mine.yml", "MINE.YAML"):
        path = tmp_path / name
        path.write_text(edited(("name: cmos_rc_6bit", "name: mine")))
        assert load_profile(str(path)).name == "mine"
    with pytest.raises(ProfileError, match=r"nowhere\.yaml: must be a file that can be read"):
        load_profile("nowhere.yaml")


# What must agree


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("  visible_rail_V: 500 mV", "  visible_rail_v: 500 mV"),
            "node.visible_rail_v: unknown field 'visible_rail_v'; did you mean 'visible_rail_V'?",
        ),
        (
            ("leak_S: 10 uS", "leak_S: 10 uF"),
            "node.leak_S: must be given in S, but is '10 uF'",
        ),
        (
            ("beta: 8.0e-3", "beta: 8.0"),
            "host.beta: must be below 1, but is 8.0",
        ),
        (
            ("layers: [64, 128, 128]", "layers: [64]"),
            "layers: must have at least 2 items, but has 1",
        ),
        (
            ("  hidden_range_V: 105 mV", "  hidden_range_V: ideal"),
            "adc.bits: needs a finite range, but hidden_range_V is ideal; state it, or write bits "
            "as 'ideal' too",
        ),
        (
            ("  hidden_range_V: 105 mV", "  hidden_range_V: ideal"),
            "adc.noise: needs a finite range, but hidden_range_V is ideal; state it, or write "
            "noise as 'ideal' too",
        ),
        (
            ("  range_V: 320 mV", "  range_V: ideal"),
            "dac.bits: needs a finite range, but range_V is ideal; state it, or write bits as "
            "'ideal' too",
        ),
        (
            ("  range_A: 3 uA", "  range_A: ideal"),
            "current_sense.bits: needs a finite range, but range_A is ideal; state it, or write "
            "bits as 'ideal' too",
        ),
        (
            ("engine: transient", "engine: operating_point"),
            "settling.engine: must be transient by ETD4 where thermal.temperature_K is a number, "
            "but is operating_point at 300 K; write thermal.temperature_K as 'ideal' to leave "
            "noise out",
        ),
        (
            ("method: ETD4", "method: RK45"),
            "settling.engine: must be transient by ETD4 where thermal.temperature_K is a number, "
            "but is transient by RK45 at 300 K; write thermal.temperature_K as 'ideal' to leave "
            "noise out",
        ),
        (
            ("engine: transient", "engine: transit"),
            "settling.engine: must be one of transient, operating_point, but is 'transit'",
        ),
        (
            ("\n    levels:", "\n    idle_S:"),
            "coupling.source: must say where levels comes from: a paper, a DOI, a data sheet, or "
            "'assumed: <reason>'",
        ),
        (
            ("\n    levels:", "\n    level:"),
            "coupling.source.level: must name a field of this block: encoding, full_scale, "
            "idle_S, levels, directions, cubic_per_V2, parasitic_F, wires",
        ),
        (
            ('temperature_K: "assumed: room temperature"', ""),
            "thermal.source: must say where temperature_K comes from: a paper, a DOI, a data "
            "sheet, or 'assumed: <reason>'",
        ),
        (
            ("amplifier_excess: 1.5", "amplifier_excess: ideal"),
            "thermal.flicker_corner_Hz: must be ideal where amplifier_excess is, for it is "
            "measured against that, but is 100 kHz; state amplifier_excess too",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(change, message):
    text = edited(change)
    line = next(line for line in mistakes(text) if line.endswith(f": {message}"))
    row, column = map(int, re.match(r"my\.yaml:(\d+):(\d+): ", line).groups())
    # The place is that of the field, or of its value.
    field = message.split(":")[0].split(".")[-1]
    assert field in text.splitlines()[row - 1]
    assert column > 1


@pytest.mark.parametrize(
    ("left", "instead", "line"),
    [
        (
            r'      source: "assumed: an op.*\n',
            "",
            "19:5: node.law.diode.source: missing; it must say where each number comes from: "
            "a paper, a DOI, a data sheet, or 'assumed: <reason>'",
        ),
        (
            r'      source: "assumed: an op.*\n',
            "      source: ideal\n",
            "22:15: node.law.diode.source: must say where points comes from: a paper, a DOI, "
            "a data sheet, or 'assumed: <reason>'",
        ),
        (
            r"      points: .*\n",
            "",
            "19:5: node.law.diode.points: missing; it must be stated",
        ),
    ],
)
def test_a_mistake_in_a_block_that_is_called_as_its_field_has_its_own_place(left, instead, line):
    """The diode `points` has a field `points`."""
    text = shipped_profiles()["rram_1t1r_resistive"].read_text("utf-8")
    with pytest.raises(ProfileError) as found:
        parse_block(re.sub(left, instead, text, count=1), Profile, "p.yaml")
    assert str(found.value) == f"p.yaml:{line}"


def test_mistakes_of_several_blocks_are_told_together():
    text = edited(
        ("  range_A: 3 uA", "  range_A: ideal"), ("engine: transient", "engine: operating_point")
    )
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "current_sense.bits",
        "settling.engine",
    ]


def test_a_missing_block_is_told_with_its_fields():
    text = edited().replace("\ndac:\n", "\nx_dac:\n")
    [unknown] = mistakes(text)
    assert "unknown field 'x_dac'; did you mean 'dac'?" in unknown
    block = re.search(r"\ndac:\n(  .*\n)+", edited()).group(0)
    [missing] = mistakes(edited((block, "\n")))
    assert missing.endswith(
        "dac: missing; it must be stated with its fields source, bits, range_V, noise_V, channels"
    )


def test_the_load_of_the_busiest_node_must_leave_something_for_its_leak():
    # 192 couplings and a bias of complementary pairs: 193 x 0.6 x 10 uS = 1.158 mS.
    complementary = CMOS.with_value("coupling.encoding", "complementary")
    with pytest.raises(ProfileError) as caught:
        complementary.with_value("node.loading", 0.01)
    assert str(caught.value) == (
        "node.loading: must keep the load of the busiest node, 0.01 x 192 couplings and a bias of "
        "1.158 mS in all at weight 0, below leak_S = 10 uS, but the load is 11.58 uS; lower it, "
        "coupling.idle_S or coupling.full_scale"
    )
    limit = 10e-6 / 1.158e-3
    assert complementary.with_value("node.loading", 0.99 * limit)
    with pytest.raises(ProfileError):
        complementary.with_value("node.loading", 1.01 * limit)
    assert CMOS.with_value("node.loading", 1.0), "a one-sided pair of weight 0 loads nothing"


def test_a_chip_without_an_ammeter_says_none():
    block = re.search(r"\ncurrent_sense:.*\n(  .*\n)+", edited()).group(0)
    for word in ("none", "null", "~"):
        text = edited((block, f"\ncurrent_sense: {word}\n"))
        assert parse_block(text, Profile, "my.yaml").current_sense is None


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "a\u2028b", "\x1b[31mred", "\u202eltr"])
def test_a_summary_is_one_line_that_a_terminal_does_not_obey(text):
    with pytest.raises(ProfileError, match="summary: must be one line of text") as caught:
        CMOS.with_value("summary", text)
    assert str(caught.value).isprintable()


def test_a_name_that_is_a_path_is_refused_at_its_place():
    [line] = mistakes(edited(("name: cmos_rc_6bit", "name: ../../x")))
    assert line.startswith("my.yaml:12:7: name: must be a name of 1 to 64 letters (A-Z), digits")
    assert line.endswith("does not end in a dot, but is '../../x'")


# Sweeps


def test_every_effect_of_an_ideal_chip_can_be_turned_on():
    one_by_one = {
        "node.loading": 0.01, "node.visible_rail_V": "500 mV", "spring.max_S": "1 mS",
        "coupling.idle_S": "1 nS", "coupling.levels": 32, "write": WRITE, "faults": FAULTS,
        "mismatch.leak": 0.03, "mismatch.offset_V": "1 mV", "dac.range_V": 0.3, "dac.noise_V": 1e-3,
        "adc.visible_range_V": 0.3, "adc.hidden_range_V": 0.1, "current_sense.range_A": 1e-6,
    }  # fmt: skip
    for path, value in one_by_one.items():
        changed = IDEAL.with_value(path, value)
        assert changed != IDEAL
        assert load_again(changed) == changed
    together = [
        {"adc.bits": 8, "adc.noise": 0.1, "adc.visible_range_V": 0.3, "adc.hidden_range_V": 0.1},
        {"dac.bits": 8, "dac.range_V": 0.3},
        {"dac.bits": 8, "dac.range_V": 0.3, "dac.channels": CHANNELS},
        *(
            {"adc.bits": 8, "adc.visible_range_V": 0.3, "adc.hidden_range_V": 0.1} | more
            for more in ({"adc.channels": CHANNELS}, {"adc.auto_range": True})
        ),
        {
            "current_sense.range_A": 1e-6,
            "current_sense.bits": 8,
            "current_sense.channels": CHANNELS,
        },
        {"thermal.temperature_K": 300},
        {"thermal.amplifier_excess": 1.5, "thermal.flicker_corner_Hz": "100 kHz"},
    ]
    for changes in together:
        assert load_again(IDEAL.with_values(changes)) != IDEAL


def test_thermal_noise_is_turned_off_by_its_temperature_alone():
    quiet = CMOS.with_value("thermal.temperature_K", "ideal")
    assert quiet.thermal.temperature_K is None
    assert quiet.settling == CMOS.settling


# In and out


def load_again(profile):
    return parse_block(dump_block(profile), Profile, "again.yaml")


@given(profiles())
def test_any_profile_comes_back_from_yaml(profile):
    assert load_again(profile) == profile


@shipped
def test_a_shipped_profile_comes_back_from_a_file(name, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(dump_block(load_profile(name)), "utf-8")
    assert load_block(path, Profile) == load_profile(name)


def test_profiles_lie_beside_the_package_or_inside_it():
    folder = shipped_profiles()["ideal_hopfield"].parent
    package = Path(load_profile.__code__.co_filename).parent
    assert folder.name == "hardware_profiles"
    assert folder.parent in {package, package.parent}
