"""Numbers of the shipped profiles follow from the quantities that their sources name."""

import math
from functools import reduce

import numpy as np
import pytest

from neurosim.blocks.origins import Derived
from neurosim.blocks.sources import numbers_of
from neurosim.devices.curves import evaluate
from neurosim.profile import Profile, load_profile, shipped_profiles
from shipped import each_kind, shipped

KT_J = 1.380649e-23 * 300


def at(profile: Profile, path: str):
    """Value of a field by its path."""
    return reduce(getattr, path.split("."), profile)


@shipped
def test_every_number_follows_from_its_source_or_stands_in_it_or_is_assumed(name):
    numbers = numbers_of(load_profile(name))
    assert [(n.path, n.mistake) for n in numbers if n.mistake] == []
    assert [n.path for n in numbers if n.kind not in {"derived", "quoted", "assumed"}] == []


def planted(profile: Profile, path: str, factor: float) -> Profile:
    """A profile with one number multiplied and its source kept, as a slip in the file leaves it."""
    *inside, field = path.split(".")
    blocks = [reduce(getattr, inside[:k], profile) for k in range(len(inside) + 1)]
    value = blocks[-1].model_copy(update={field: factor * getattr(blocks[-1], field)})
    for block, key in zip(reversed(blocks[:-1]), reversed(inside), strict=True):
        value = block.model_copy(update={key: value})
    return value


@pytest.mark.every(3)
@each_kind
def test_a_slip_in_any_number_that_has_an_expression_or_is_quoted_is_found(name):
    profile = load_profile(name)
    numbers = [n for n in numbers_of(profile) if isinstance(at(profile, n.path), int | float)]
    # Of what is assumed or cited alone no slip can be seen.
    held = [n for n in numbers if isinstance(n.source, Derived) or n.kind == "quoted"]
    for number in held:
        slip = planted(profile, number.path, 1.13)
        [found] = [n for n in numbers_of(slip) if n.path == number.path]
        if isinstance(number.source, Derived):
            assert found.mistake, number.path
        else:
            assert found.kind == "cited", number.path


def test_the_shipped_profiles_have_many_expressions():
    found = [n for name in shipped_profiles() for n in numbers_of(load_profile(name))]
    assert sum(isinstance(n.source, Derived) for n in found) >= 200


# By hand, from what the sources say: profile, path, value, and how far digits may round it.
WORDS = [
    ("board_digipot", "coupling.idle_S", 1 / (100e3 + 1.21e3), 0.005),
    ("board_digipot", "node.leak_S", 600e-6 / 0.6, 0.001),
    ("board_digipot", "node.visible_rail_V", (4.0 - 1.0) / 2, 0.001),
    ("board_digipot", "adc.noise", 8e-6 / 6.144, 0.005),
    ("board_digipot", "adc.visible_range_V", 187.5e-6 * (2**16 - 2) / 2, 0.001),
    ("board_digipot", "mismatch.offset_V", 4.5e-3 / 3, 0.001),
    ("board_digipot", "thermal.amplifier_excess", 28e-9**2 / (4 * KT_J / 1e-3), 0.01),
    ("board_digipot", "supply.amplifier_W", 2 * 100e-6 * 5, 0.001),
    ("board_digipot", "supply.read_s", 1 / 128, 0.03),
    ("board_mosfet_clln", "supply.amplifier_W", 2e-3 * 5, 0.001),
    ("board_mosfet_clln", "node.unit_V", 0.45 / 2 / 3.2, 0.01),
    ("board_mosfet_clln", "node.leak_S", 0.5e-3 / 0.6, 0.001),
    ("board_mosfet_clln", "node.capacitance_F", 30e-12 + 50e-12, 0.03),
    ("board_mosfet_clln", "coupling.full_scale", 0.45e-3 * (2 - 0.7 - 0.2) / 833e-6, 0.02),
    ("board_mosfet_clln", "coupling.idle_S", 10e-6 * 0.45e-3, 0.001),
    ("board_mosfet_clln", "drift.tau_s", 22e-6 / 4.4e-9, 0.01),
    ("board_mosfet_clln", "mismatch.coupling", math.hypot(5e-3 / 1.1, 0.02), 0.03),
    ("board_mosfet_clln", "adc.hidden_range_V", 0.224 / 3.05, 0.002),
    ("board_mosfet_clln", "adc.noise", 2 * 2 / (2**12 - 2), 0.03),
    ("board_mosfet_clln", "adc.visible_range_V", 3.2 * 0.07, 0.001),
    ("bss2_65nm", "node.tau_s", 0.66e-6, 0.01),
    ("bss2_65nm", "dac.range_V", 3.2 * 0.11, 0.001),
    ("bss2_65nm", "node.unit_V", (210 - 30) / 256 / 2 / 3.2, 0.01),
    ("bss2_65nm", "node.visible_rail_V", (1.1 - 0.15) / 2, 0.001),
    ("bss2_65nm", "coupling.full_scale", 1e-6 / 0.5 / 3.33e-6, 0.002),
    ("bss2_65nm", "mismatch.offset_V", 1 / 254, 0.02),
    ("bss2_65nm", "adc.noise", 2 * 2 / 254, 0.004),
    ("bss2_65nm", "supply.amplifier_W", 192e-6 / 276e-6 / 512, 0.002),
    ("cap_cell_14nm", "node.tau_s", 100e-9, 0.001),
    ("cap_cell_14nm", "node.leak_S", 10e-6 / 0.6, 0.003),
    ("cap_cell_14nm", "write.noise", math.hypot(math.sqrt(KT_J / 10e-15), 0.3 / 400), 0.02),
    ("cap_cell_14nm", "host.refresh_s", 5e-3 / 5, 0.001),
    ("cmos_otac_sky130", "node.visible_rail_V", (1.4 - 0.4) / 2, 0.001),
    ("cmos_otac_sky130", "node.loading", 1 / 64, 0.002),
    ("cmos_otac_sky130", "node.loading", 10 ** (-36 / 20), 0.023),  # 0.2 dB
    ("cmos_otac_sky130", "node.leak_S", 12.6e-6 / 0.6, 0.001),
    ("cmos_otac_sky130", "write.reference_S", 63 * 0.2e-6, 0.001),
    ("cmos_otac_sky130", "mismatch.coupling", 1.5 / 75, 0.001),
    ("cmos_rc_6bit", "node.visible_rail_V", (1.4 - 0.4) / 2, 0.001),
    ("cmos_rc_6bit", "write.reference_S", 0.6 * 10e-6, 0.001),
    ("cmos_rc_6bit", "write.pulse_J", 3 * 1e-15 * 1.8**2, 0.03),
    ("ecram_redox", "node.unit_V", 0.3 / 3.2, 0.003),
    ("ecram_redox", "node.leak_S", 90e-9 / 0.6, 0.001),
    ("ecram_redox", "coupling.idle_S", 100e-9 / 10, 0.001),
    ("ecram_redox", "coupling.levels", 2**9, 0),
    ("ecram_redox", "write.noise", 1 / 511 / 2, 0.03),
    ("ecram_redox", "supply.amplifier_W", 2 * 1e-6 * 1.2, 0.001),
    ("ecram_redox", "node.tau_s", 0.7e-6, 0.05),
    ("high_r_reram_16nm", "node.unit_V", 0.785 / 3.2, 0.002),
    ("high_r_reram_16nm", "node.leak_S", 9e-9 / 0.6, 0.001),
    ("high_r_reram_16nm", "coupling.idle_S", 1 / 100e6 / 10, 0.001),
    ("high_r_reram_16nm", "write.pulse_J", 2.2e-9 / 1024**2, 0.002),
    ("high_r_reram_16nm", "node.tau_s", 7e-6, 0.05),
    ("pcm_hermes_14nm", "node.unit_V", 0.2 / 3.2, 0.001),
    ("pcm_hermes_14nm", "node.leak_S", 20.7e-6 / 0.6, 0.001),
    ("pcm_hermes_14nm", "pulse.cycle_noise_additive", 0.6 * 0.042 / 0.01, 0.001),
    ("rram_cmo_hfox", "node.leak_S", 82e-6 / 0.6, 0.003),
    ("rram_cmo_hfox", "coupling.levels", 82 / (2 * (1.129e-2 * (8 + 82 / 2) + 1.12e-2)), 0.01),
    ("rram_neurram_130nm", "node.leak_S", 39e-6 / 0.6, 0.001),
    ("rram_neurram_130nm", "write.pulse_J", 20e-6 * 1.35**2 * 1e-6, 0.02),
    ("rram_neurram_130nm", "pulse.states", 2 / (0.00135 * (1 - 0.259359 / 2)), 0.001),
    ("rram_neurram_130nm", "pulse.asymmetry", 0.259359 / (2 - 0.259359), 0.001),
    ("sonos_40nm", "node.unit_V", 0.1 / 3.2, 0.01),
    ("sonos_40nm", "node.leak_S", 16e-6 / 0.6, 0.002),
    ("sonos_40nm", "coupling.idle_S", 16e-6 / 1e7, 0.001),
    ("sonos_40nm", "coupling.levels", 2**7, 0),
    ("sonos_40nm", "write.reference_S", 1e-9 / 0.1, 0.001),
]


@pytest.mark.parametrize(("name", "path", "value", "rel"), WORDS)
def test_a_number_follows_from_the_quantities_in_its_source(name, path, value, rel):
    found = at(load_profile(name), path)
    if isinstance(found, tuple):
        found = float(evaluate(found, np.array(0.5)))
    assert found == pytest.approx(value, rel=rel)


# Fits: written out here in the units of their sources.


def cubic_uS(a, b, c, d):
    return lambda g: a + b * g + c * g**2 + d * g**3


def hermes_flicker(g):
    below = np.clip(-0.0117 * np.log(g) - 0.0069, 0.015, 0.04)
    above = 0.0123 + 0.0211 * g - 0.0280 * g**2 + 0.0069 * g**3
    return np.where(g < 0.16, below, above)


def hermes_exponent(g):
    below = np.clip(-0.0387 * np.log(g) - 0.0182, 0.072, 0.13)
    return np.where(g < 0.0945, below, 0.0736 - 0.0126 * g - 0.0436 * g**2)


FITS = [
    ("pcm_hermes_14nm", "device_noise.flicker", hermes_flicker, 1.0),
    ("pcm_hermes_14nm", "drift.exponent", hermes_exponent, 1.0),
    ("pcm_hermes_14nm", "write.noise", cubic_uS(0.16603, 4.71806, -8.48101, 4.68961), 20.7),
    ("rram_cmo_hfox", "write.noise", lambda g: 1.129e-2 * 90 * g + 1.12e-2, 90.0),
    ("rram_cmo_hfox", "device_noise.flicker", lambda g: 0.02773 * np.log10(np.maximum(g, 1)), 1.0),
    ("rram_cmo_hfox", "device_noise.short_term", lambda g: 0.01 * 90 + 0 * g, 1.0),
    ("rram_neurram_130nm", "write.noise",
     lambda g: 0.348 + 16.030 * g - 43.853 * g**2 + 45.393 * g**3 - 16.815 * g**4, 40.0),
    ("rram_neurram_130nm", "device_noise.short_term", lambda g: 0.01 * 40 + 0 * g, 40.0),
    ("sonos_40nm", "device_noise.short_term", lambda g: 12.58 * (1 - np.exp(-g / 215.37)), 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "fit", "unit"), FITS)
def test_a_curve_is_the_fit_that_its_source_gives(name, path, fit, unit):
    x = np.array([0.005, 0.02, 0.05, 0.1, 0.15, 0.1599, 0.16, 0.3, 0.6, 1.0])
    if unit == 1.0 and not name.startswith("pcm"):
        x = 90 * x  # these count in uS or nA
    curve = at(load_profile(name), path)
    np.testing.assert_allclose(evaluate(curve, x), fit(x) / unit, rtol=2e-4, atol=1e-9)
