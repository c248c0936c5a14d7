"""The table of sources is complete, and each can be switched alone."""

import numpy as np
import pytest
from pydantic import BaseModel

from neurosim.analysis import SOURCES, ideal, only, without
from neurosim.analysis import present as sources_of
from neurosim.analysis.imperfections import SETTINGS, STRUCTURE
from neurosim.blocks.classes import classes_of
from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import FlowSettings, present
from neurosim.network import Layers, Weights
from neurosim.profile import Profile, load_profile
from shipped import each_kind

NAMES = [source.name for source in SOURCES]


def leaves(cls: type[BaseModel], prefix: str = "") -> set[str]:
    """Paths of all fields that hold no block, sources of numbers left out."""
    found = set()
    for name, field in cls.model_fields.items():
        path, inner = prefix + name, classes_of(field)
        if name == "source":
            continue
        # A curve holds pieces: it is one value.
        blocks = [c for c in inner if c.__name__ != "Piece"]
        found |= set().union(*(leaves(c, path + ".") for c in blocks)) if blocks else {path}
    return found


def covers(entry: str, path: str) -> bool:
    return path == entry or path.startswith(entry + ".")


def unnamed(cls: type[BaseModel]) -> set[str]:
    named = [path for source in SOURCES for path in source.fields] + list(STRUCTURE)
    return {path for path in leaves(cls) if sum(covers(entry, path) for entry in named) != 1}


def test_every_field_of_a_profile_is_in_one_source_or_is_structure():
    assert unnamed(Profile) == set()


def test_a_field_that_nobody_named_is_found():
    class Longer(Profile):
        hysteresis: float

    assert unnamed(Longer) == {"hysteresis"}


def test_every_named_field_is_one_of_a_profile():
    named = [p for s in SOURCES for p in (*s.fields, *s.needs)] + list(STRUCTURE) + list(SETTINGS)
    paths = leaves(Profile)
    assert [entry for entry in named if not any(covers(entry, path) for path in paths)] == []
    assert len(set(NAMES)) == len(NAMES)


@each_kind
def test_what_is_ideal_has_no_source_and_what_is_on_is_the_profile(name):
    profile = load_profile(name)
    assert sources_of(ideal(profile)) == ()
    assert only(profile, *NAMES) == profile
    for source in sources_of(profile):
        left = {s.name for s in sources_of(only(profile, source.name))}
        assert source.name in left
        if source.fields:
            kept = {s.name for s in sources_of(without(profile, source.name))}
            assert source.name not in kept


def small(profile):
    return profile.with_values({"layers": (6, 5, 4)})


def reads(profile, seed=3):
    layers, rng = Layers((6, 5, 4)), np.random.default_rng(0)
    w = rng.uniform(-0.5, 0.5, (layers.n_odd, layers.n_even)) * layers.present
    chip = Chip(profile, seed)
    chip.program(Weights(w, 0.2 * rng.standard_normal(layers.n_nodes)))
    x_t, u_t = rng.standard_normal((2, 4, 6))
    shown = present(chip, x_t, u_t, FlowSettings(beta=8e-3, settle_tau=5.0))
    return np.stack(shown.outputs)


def test_with_every_source_off_a_chip_reads_the_bits_of_the_ideal_one():
    got = reads(small(ideal(load_profile("cmos_rc_6bit"))))
    assert (got == reads(small(load_profile("ideal_hopfield")))).all()


def test_switching_one_source_off_leaves_the_draws_of_the_others():
    """Through a linear sum at the read: what the ADC's noise adds is the same with and without."""
    profile = small(load_profile("cmos_rc_6bit"))
    profile = profile.with_values({"adc.bits": "ideal", "adc.visible_range_V": "10 V"})
    profile = profile.with_values({"adc.hidden_range_V": "10 V"})
    quiet = without(profile, "thermal noise", "ADC noise")
    noise = reads(without(profile, "thermal noise")) - reads(quiet)
    alone = reads(only(profile, "ADC noise")) - reads(ideal(profile))
    np.testing.assert_allclose(alone, noise, atol=1e-9)
    assert np.std(noise) > 0.01


@pytest.mark.parametrize("name", ["oim_ring_65nm", "oim_lc_board"])
def test_phases_diffuse_and_have_no_thermal_noise(name):
    profile = load_profile(name)
    there = {source.name for source in sources_of(profile)}
    assert "phase diffusion" in there
    assert "thermal noise" not in there
    assert without(profile, "phase diffusion").thermal.temperature_K is None
    assert only(profile, "phase diffusion").thermal.temperature_K == 300


def test_a_source_that_does_not_exist_is_refused_by_name():
    with pytest.raises(DataError, match="must be one of leak mismatch"):
        only(load_profile("ideal_hopfield"), "gremlins")
    with pytest.raises(DataError, match="switch off thermal noise"):
        without(load_profile("cmos_rc_6bit"), "hold kT/C")
