"""Hypothesis strategies: any profile, as the YAML file of a user may say it."""

import re

from hypothesis import strategies as st

from neurosim.blocks.names import is_name
from neurosim.blocks.words import Reading
from neurosim.profile import Profile

positive = st.floats(1e-18, 1e6)
sigma = st.just("ideal") | st.floats(0, 1, exclude_max=True)
source = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda text: text.strip() and not re.fullmatch(r"(?i)assumed\s*:?\s*|ideal", text.strip())
)


name = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True).filter(is_name)


summary = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1
).filter(str.strip)


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


@st.composite
def injectors(draw):
    """Current sources of some of two layers or more."""
    fields = draw(converters(["range_A"], None)) | {"noise_A": draw(or_ideal(positive))}
    del fields["channels"]
    return fields | {"layers": draw(st.lists(st.integers(-2, 1), min_size=1, max_size=3))}


finite = st.floats(-1e3, 1e3)
curve = st.just("ideal") | finite | st.fixed_dictionaries({"log": st.tuples(finite, finite)})


@st.composite
def supplies(draw):
    """Any supply."""
    prices = ("amplifier_W", "controller_W", "adc_J", "dac_J", "read_s", "drive_s")
    fields = {name: or_ideal(positive) for name in prices}
    fields |= {name: or_ideal(positive) for name in ("adc_step_J", "dac_step_J", "read_step_s")}
    driver = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["class_a", "class_ab"]),
            "rail_V": positive,
            "most_A": or_ideal(positive),
            "source": source,
        }
    )
    fields |= {"writes_at_once": st.integers(1, 1000), "driver": or_ideal(driver), "source": source}
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
    reference = {
        "reference_S": positive, "exponent": or_ideal(positive), "exponent_spread": curve
    }  # fmt: skip
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
        "name": draw(name),
        "summary": draw(summary),
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
        "sources": draw(st.sampled_from([[0], [0, -1], [1, 0]])),
        "injectors": draw(st.none() | injectors()),
        "thermal": {
            "temperature_K": draw(positive) if hot else "ideal",
            "amplifier_excess": draw(positive),
            "flicker_corner_Hz": draw(or_ideal(positive)),
            "source": draw(source),
        },
        "supply": draw(or_ideal(supplies())),
        "settling": {
            "engine": draw(st.sampled_from(["transient"] + ["operating_point"] * (not hot))),
            "rtol": draw(st.floats(1e-9, 0.5)),
        },
        "host": {"settle_tau": draw(st.floats(1e-9, 1e5)), "beta": draw(st.floats(1e-9, 0.5))},
    }
    return Profile.model_validate(tree, context=Reading())
