"""Hardware profiles: the shipped ones, what must agree within one, and in and out of YAML."""

import json
import math
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.config import Sourced, is_number
from neurosim.errors import ProfileError
from neurosim.profile import Profile, json_schema, load_profile, shipped_profiles
from neurosim.yaml_files import dump_block, load_block, parse_block, with_value, with_values

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
SCHEMA = shipped_profiles()["cmos_rc_6bit"].with_name("schema.json")
shipped = pytest.mark.parametrize("name", sorted(shipped_profiles()))


def mistakes(text):
    with pytest.raises(ProfileError) as caught:
        parse_block(text, Profile, "my.yaml")
    return str(caught.value).splitlines()


def edited(*changes, name="cmos_rc_6bit"):
    text = shipped_profiles()[name].read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


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
            texts = [block.source] if isinstance(block.source, str) else block.source.values()
            for text in texts:
                assert text == "ideal" or len(text.removeprefix("assumed:").split()) >= 2


@pytest.mark.parametrize("law", ["gradient", "hopfield"])
def test_an_ideal_profile_has_no_imperfection(law):
    profile = load_profile(f"ideal_{law}")
    assert profile.node.law == law
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
        *("node.loading", "node.output_Ohm", "node.bandwidth_Hz", "write.verify"),
        *("coupling.idle_S", "coupling.cubic_per_V2"),
        *(f"{name}.channels" for name in ("dac", "adc", "current_sense")),
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
            ("engine: stochastic", "engine: transient"),
            "settling.engine: must be stochastic where thermal.temperature_K is a number, but is "
            "transient at 300 K; write thermal.temperature_K as 'ideal' to leave noise out",
        ),
        (
            ("temperature_K: 300", "temperature_K: ideal"),
            "settling.engine: must not be stochastic where thermal.temperature_K is ideal; state "
            "a temperature, or write transient",
        ),
        (
            ("    levels: ", "    idle_S: "),
            "coupling.source: must say where levels comes from: a paper, a DOI, a data sheet, or "
            "'assumed: <reason>'",
        ),
        (
            ("    levels: ", "    level: "),
            "coupling.source.level: must name a field of this block: encoding, full_scale, "
            "idle_S, levels, directions, cubic_per_V2",
        ),
        (
            ('temperature_K: "assumed: room temperature"', ""),
            "thermal.source: must say where temperature_K comes from: a paper, a DOI, a data "
            "sheet, or 'assumed: <reason>'",
        ),
        (
            ("amplifier_excess: 1.5", "amplifier_excess: ideal"),
            "thermal.flicker_corner_Hz: must be ideal where amplifier_excess is, for it is "
            "measured against that; state amplifier_excess too",
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


def test_mistakes_of_several_blocks_are_told_together():
    text = edited(
        ("  range_A: 3 uA", "  range_A: ideal"), ("engine: stochastic", "engine: transient")
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
    complementary = with_value(CMOS, "coupling.encoding", "complementary")
    with pytest.raises(ProfileError) as caught:
        with_value(complementary, "node.loading", 0.01)
    assert str(caught.value) == (
        "node.loading: must keep the load of the busiest node, 0.01 x 192 couplings and a bias of "
        "1.158 mS in all at weight 0, below leak_S = 10 uS, but the load is 11.58 uS; lower it, "
        "coupling.idle_S or coupling.full_scale"
    )
    limit = 10e-6 / 1.158e-3
    assert with_value(complementary, "node.loading", 0.99 * limit)
    with pytest.raises(ProfileError):
        with_value(complementary, "node.loading", 1.01 * limit)
    assert with_value(CMOS, "node.loading", 1.0), "a one-sided pair of weight 0 loads nothing"


def test_a_chip_without_an_ammeter_says_none():
    block = re.search(r"\ncurrent_sense:.*\n(  .*\n)+", edited()).group(0)
    for word in ("none", "null", "~"):
        text = edited((block, f"\ncurrent_sense: {word}\n"))
        assert parse_block(text, Profile, "my.yaml").current_sense is None


@pytest.mark.parametrize("field", ["name", "summary"])
@pytest.mark.parametrize("text", ["", "  ", "two\nlines"])
def test_name_and_summary_are_one_line(field, text):
    with pytest.raises(ProfileError, match=f"{field}: must be one line of text"):
        with_value(CMOS, field, text)


# Sweeps


def test_every_effect_of_an_ideal_chip_can_be_turned_on():
    one_by_one = {
        "node.loading": 0.01, "node.visible_rail_V": "500 mV", "spring.max_S": "1 mS",
        "coupling.idle_S": "1 nS", "coupling.levels": 32, "write": WRITE, "faults": FAULTS,
        "mismatch.leak": 0.03, "mismatch.offset_V": "1 mV", "dac.range_V": 0.3, "dac.noise_V": 1e-3,
        "adc.visible_range_V": 0.3, "adc.hidden_range_V": 0.1, "current_sense.range_A": 1e-6,
    }  # fmt: skip
    for path, value in one_by_one.items():
        changed = with_value(IDEAL, path, value)
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
        {"thermal.temperature_K": 300, "settling.engine": "stochastic"},
        {"thermal.amplifier_excess": 1.5, "thermal.flicker_corner_Hz": "100 kHz"},
    ]
    for changes in together:
        assert load_again(with_values(IDEAL, changes)) != IDEAL


def test_thermal_noise_and_its_engine_are_turned_off_together():
    quiet = with_values(CMOS, {"thermal.temperature_K": "ideal", "settling.engine": "transient"})
    assert quiet.thermal.temperature_K is None


# In and out


def load_again(profile):
    return parse_block(dump_block(profile), Profile, "again.yaml")


positive = st.floats(1e-18, 1e6)
sigma = st.just("ideal") | st.floats(0, 1, exclude_max=True)
source = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda text: text.strip() and not re.fullmatch(r"(?i)assumed\s*:?\s*|ideal", text.strip())
)


def or_ideal(values):
    return st.just("ideal") | values


def channels(exact):
    """How channels differ; an exact converter has no steps to count."""
    return st.fixed_dictionaries(
        {
            "count": st.just("per_node") | st.integers(1, 1000),
            "offset": sigma,
            "gain": or_ideal(st.floats(0, 0.2)),
            "inl_lsb": st.just("ideal") if exact else or_ideal(positive),
            "source": source,
        }
    )


def cds():
    """Differences, amplified."""
    fields = {"kind": st.just("cds"), "gain": st.floats(1, 1e6), "capacitance_F": positive}
    fields |= {"gain_spread": sigma, "noise_V": or_ideal(positive), "source": source}
    return st.fixed_dictionaries(fields)


@st.composite
def correlators(draw):
    """Products summed on the chip, with a range where it counts steps."""
    bits = draw(or_ideal(st.integers(2, 24)))
    return {
        "kind": "correlator",
        "gain_spread": draw(sigma),
        "offset_V": draw(or_ideal(positive)),
        "noise": draw(or_ideal(positive)),
        "bits": bits,
        "range": draw(or_ideal(positive)) if bits == "ideal" else draw(positive),
        "auto_range": False if bits == "ideal" else draw(st.booleans()),
        "source": draw(source),
    }


@st.composite
def converters(draw, ranges, noise):
    """A converter: finite ranges where it needs them."""
    fields = {name: draw(positive) for name in ranges} | {"bits": draw(st.integers(2, 24))}
    if draw(st.booleans()):
        fields = {name: draw(or_ideal(positive)) for name in ranges} | {"bits": "ideal"}
    ideal = "ideal" in {fields[name] for name in ranges}
    extra = {} if noise is None else {noise: "ideal" if ideal else draw(sigma)}
    exact = fields["bits"] == "ideal"
    extra["channels"] = "ideal" if ideal else draw(or_ideal(channels(exact)))
    if noise is not None:
        extra["auto_range"] = False if exact else draw(st.booleans())
    return fields | extra | {"source": draw(source)}


finite = st.floats(-1e3, 1e3)
curve = st.just("ideal") | finite | st.fixed_dictionaries({"log": st.tuples(finite, finite)})


@st.composite
def supplies(draw):
    """Any supply."""
    prices = ("amplifier_W", "controller_W", "adc_J", "dac_J", "read_s", "drive_s")
    fields = {name: or_ideal(positive) for name in prices}
    fields |= {"writes_at_once": st.integers(1, 1000), "source": source}
    return draw(st.fixed_dictionaries(fields))


@st.composite
def writes(draw):
    """Any way of writing."""
    verify = st.fixed_dictionaries(
        {"window_S": positive, "most_pulses": st.integers(1, 100), "unreachable": sigma}
    )
    fields = {
        "reference_S": positive, "noise": curve, "verify": st.just("none") | verify,
        "pulses": st.floats(1, 100), "pulse_s": or_ideal(positive), "pulse_J": or_ideal(positive),
        "source": source,
    }  # fmt: skip
    return draw(st.fixed_dictionaries(fields))


@st.composite
def faults(draw):
    """Any shares of faulty devices."""
    share = or_ideal(st.floats(1e-9, 0.2))
    kinds = {name: share for name in ("stuck_low", "stuck_high", "dead", "open")}
    return draw(st.fixed_dictionaries(kinds | {"source": source}))


@st.composite
def drifts(draw):
    """A drift of any law."""
    reference = {"reference_S": positive, "exponent": curve, "exponent_spread": curve}
    change = {"shift_S": finite, "spread_S": positive, "spread_growth_S": or_ideal(positive)}
    leak = {"tau_s": positive, "tau_spread": sigma, "rest_S": or_ideal(positive)}
    table = {
        "reference_S": positive, "interpolation": st.sampled_from(["linear", "log"]),
        "times_s": st.just([1.0, 2.0]), "shift": st.tuples(curve, curve),
        "spread": st.tuples(curve, curve),
    }  # fmt: skip
    laws = {
        "power": {"start_s": positive} | reference, "log": {"start_s": positive} | change,
        "leak": leak, "table": table,
    }  # fmt: skip
    law = draw(st.sampled_from(sorted(laws)))
    return draw(st.fixed_dictionaries({"law": st.just(law), **laws[law], "source": source}))


@st.composite
def pulses(draw, one_sided):
    """Pulses of any law, for devices of this encoding."""
    share, signed, excess = st.floats(-1, 1), or_ideal(finite), or_ideal(positive)
    slopes = {"gamma_up": share, "gamma_down": share}
    names = ("a", "b", "amplitude_up", "amplitude_down", "gamma_up", "gamma_down")
    laws = {
        "linear_step": slopes, "soft_bounds": {},
        "exponential_step": dict.fromkeys(names, signed),
    }  # fmt: skip
    law = draw(st.sampled_from(sorted(laws)))
    rising = one_sided and draw(st.booleans())
    fields = {
        "law": st.just(law), "pair": st.just("rising" if rising else "both"),
        "refresh_at": or_ideal(st.floats(0.01, 0.99)) if rising else st.just("ideal"),
        "states": st.floats(1, 1e6), "asymmetry": st.floats(-0.99, 0.99), "cycle_noise": excess,
        "cycle_noise_additive": excess, "step_spread": excess, "bound_spread": sigma,
        "asymmetry_spread": excess, **laws[law], "source": source,
    }  # fmt: skip
    return draw(st.fixed_dictionaries(fields))


@st.composite
def device_noises(draw):
    """Any device noise."""
    telegraph = st.fixed_dictionaries(
        {
            "share": st.floats(1e-9, 1), "step": st.floats(1e-9, 1), "fastest_s": st.just(1e-6),
            "slowest_s": st.floats(1e-5, 1), "source": source,
        }
    )  # fmt: skip
    fields = {
        "relative_to": st.sampled_from(["conductance", "reference"]), "reference_S": positive,
        "flicker": curve, "slowest_s": positive, "short_term": curve,
        "telegraph": or_ideal(telegraph), "source": source,
    }  # fmt: skip
    return draw(st.fixed_dictionaries(fields))


@st.composite
def profiles(draw):
    """Any valid profile."""
    hot = draw(st.booleans())
    encoding = draw(st.sampled_from(["one_sided", "complementary"]))
    hold = draw(st.sampled_from(["none", "capacitor"]))
    tree = {
        "name": draw(st.from_regex(r"[\w.-]+", fullmatch=True)),
        "summary": draw(st.from_regex(r"[^\n]*\w[^\n]*", fullmatch=True)),
        "description": draw(st.text(st.characters(codec="utf-8"))),
        "layers": draw(st.lists(st.integers(1, 40), min_size=2, max_size=4)),
        "node": {
            "law": draw(st.sampled_from(["hopfield", "gradient"])),
            "amplifier": draw(st.sampled_from(["tanh", "silu", "linear"])),
            "unit_V": draw(positive),
            "leak_S": draw(positive),
            "capacitance_F": draw(positive),
            "release_capacitance_F": draw(positive),
            "loading": "ideal",
            "visible_rail_V": draw(or_ideal(positive)),
            "output_Ohm": draw(or_ideal(positive)),
            "bandwidth_Hz": draw(or_ideal(positive)),
            "hold": hold,
            "source": draw(source),
        },
        "spring": {"max_S": draw(or_ideal(positive)), "source": draw(source)},
        "coupling": {
            "encoding": encoding,
            "full_scale": draw(positive),
            "idle_S": draw(or_ideal(positive)),
            "levels": draw(or_ideal(st.integers(2, 10**6))),
            "directions": draw(st.sampled_from(["shared", "separate"])),
            "cubic_per_V2": draw(or_ideal(finite)),
            "source": draw(source),
        },
        "write": draw(or_ideal(writes())),
        "faults": draw(or_ideal(faults())),
        "pulse": draw(or_ideal(pulses(encoding == "one_sided"))),
        "drift": draw(or_ideal(drifts())),
        "device_noise": draw(or_ideal(device_noises())),
        "mismatch": {
            **{k: draw(sigma) for k in ("leak", "capacitance", "coupling", "spring", "gain")},
            "offset_V": draw(or_ideal(positive)),
            "source": draw(source),
        },
        "dac": draw(converters(["range_V"], None)) | {"noise_V": draw(or_ideal(positive))},
        "adc": draw(converters(["visible_range_V", "hidden_range_V"], "noise")),
        "readout": draw(
            st.just("plain") | correlators() | (cds() if hold == "capacitor" else st.nothing())
        ),
        "current_sense": draw(st.none() | converters(["range_A"], None)),
        "thermal": {
            "temperature_K": draw(positive) if hot else "ideal",
            "amplifier_excess": draw(positive),
            "flicker_corner_Hz": draw(or_ideal(positive)),
            "source": draw(source),
        },
        "supply": draw(or_ideal(supplies())),
        "settling": {
            "engine": "stochastic" if hot else "transient",
            "rtol": draw(st.floats(1e-9, 0.5)),
        },
        "host": {"settle_tau": draw(positive), "beta": draw(st.floats(1e-9, 0.5))},
    }
    return Profile.model_validate(tree)


@settings(deadline=None)
@given(profiles())
def test_any_profile_comes_back_from_yaml(profile):
    assert load_again(profile) == profile


@shipped
def test_a_shipped_profile_comes_back_from_a_file(name, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(dump_block(load_profile(name)), "utf-8")
    assert load_block(path, Profile) == load_profile(name)


# For editors


KINDS = {
    "null": type(None), "boolean": bool, "string": str, "integer": int, "number": (int, float),
    "array": list, "object": dict,
}  # fmt: skip


def fits(value, schema, root):
    """Whether a value satisfies what our JSON Schema uses of the standard."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].split("/")[-1]]
    if "anyOf" in schema:
        return any(fits(value, branch, root) for branch in schema["anyOf"])
    if "oneOf" in schema:
        return sum(fits(value, branch, root) for branch in schema["oneOf"]) == 1
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if not isinstance(value, KINDS[schema["type"]]):
        return False
    checks = {"string": fits_text, "array": fits_list, "object": fits_fields, "null": fits_any}
    return checks.get(schema["type"], fits_bounds)(value, schema, root)


def fits_any(value, schema, root):
    return True


def fits_text(value, schema, root):
    return re.search(schema.get("pattern", ""), value) is not None


def fits_list(value, schema, root):
    items = [fits(item, schema["items"], root) for item in value]
    return all(items) and len(items) >= schema.get("minItems", 0)


def fits_fields(value, schema, root):
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    rest = [item for key, item in value.items() if key not in known]
    return (
        set(schema.get("required", [])) <= set(value)
        and all(fits(value[key], known[key], root) for key in known if key in value)
        and all(more if isinstance(more, bool) else fits(item, more, root) for item in rest)
    )


def fits_bounds(value, schema, root):
    lowest, highest = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = (
        schema.get("exclusiveMinimum", -math.inf),
        schema.get("exclusiveMaximum", math.inf),
    )
    return lowest <= value <= highest and above < value < below


def test_the_shipped_schema_is_current():
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema(), (
        "write it again: python -c 'import json, neurosim.profile as p; "
        "print(json.dumps(p.json_schema(), indent=1))' > hardware_profiles/schema.json"
    )


@shipped
def test_the_schema_accepts_a_shipped_profile_as_written_and_as_dumped(name):
    schema = json_schema()
    assert fits(yaml.safe_load(shipped_profiles()[name].read_text("utf-8")), schema, schema)
    assert fits(yaml.safe_load(dump_block(load_profile(name))), schema, schema)


@pytest.mark.parametrize(
    "change",
    [
        ("leak_S: 10 uS", "leak_S: 10 uF"),
        ("leak_S: 10 uS", "leek_S: 10 uS"),
        ("  bits: 8", "  bits: 1"),
        ("  bits: 8", "  # bits: 8"),
        ("law: hopfield", "law: hopfeld"),
        ("layers: [64, 128, 128]", "layers: [64]"),
        ("offset_V: 1.5 mV", "offset_V: -1"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change):
    schema, text = json_schema(), edited(change)
    assert mistakes(text)
    assert not fits(yaml.safe_load(text), schema, schema)


def test_every_field_of_the_schema_is_explained():
    schema = json_schema()
    for name, block in {"Profile": schema, **schema["$defs"]}.items():
        assert block["description"]
        for field, entry in block["properties"].items():
            assert entry.get("description"), f"{name}.{field}"


def test_profiles_lie_beside_the_package_or_inside_it():
    folder = shipped_profiles()["ideal_hopfield"].parent
    package = Path(load_profile.__code__.co_filename).parent
    assert folder.name == "hardware_profiles"
    assert folder.parent in {package, package.parent}
