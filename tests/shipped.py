"""The shipped profiles: as a parameter, with edits, and what a mistake in one reads as."""

from __future__ import annotations

import pytest

from neurosim.blocks.files import parse_block
from neurosim.errors import ProfileError
from neurosim.profile import Profile, shipped_profiles

SCHEMA = shipped_profiles()["cmos_rc_6bit"].with_name("schema.json")
shipped = pytest.mark.parametrize("name", sorted(shipped_profiles()))
# Between them: every law, every kind of device and of writing.
DIFFERENT = ("board_resistive", "cmos_rc_6bit", "oim_ring_65nm", "pcm_hermes_14nm")
# Of what costs a second a profile the default run tries these, and the slow run all.
each_kind = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in DIFFERENT else pytest.mark.slow)
        for name in sorted(shipped_profiles())
    ],
)


def mistakes(text: str) -> list[str]:
    """Lines of the error that this profile raises."""
    with pytest.raises(ProfileError) as caught:
        parse_block(text, Profile, "my.yaml")
    return str(caught.value).splitlines()


def edited(*changes: tuple[str, str], name: str = "cmos_rc_6bit") -> str:
    """Text of a shipped profile with an old text replaced by a new one, each once."""
    text = shipped_profiles()[name].read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text
