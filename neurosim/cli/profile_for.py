"""The profile of a command: a named one, with what its options say instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.cli.common import say

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host.lessons import TaskLaw
    from neurosim.profile import Profile

__all__ = ["profile_for"]


def profile_for(
    name: str, given: dict[str, Any], laws: tuple[type[Block], ...], task: TaskLaw
) -> Profile:
    """The profile, with what the options say instead and sources where the task asks for them."""
    from neurosim.profile import load_profile

    engine, layers = given["engine"], given["layers"]
    profile = load_profile(name, laws=laws)
    sources = getattr(task, "sources", profile.sources)
    if given["task"] is not None and not set(sources) <= set(profile.sources):
        profile = profile.with_values({"sources": sources})
    if layers is not None:
        profile = profile.with_values({"layers": layers})
    if engine is None:
        return profile
    changes = {"settling.engine": engine}
    quiet = profile.with_values(changes | {"thermal.temperature_K": "ideal"})
    if profile.thermal.temperature_K is None or quiet.settling.noise_step_tau is not None:
        return profile.with_values(changes)
    say(f"engine {engine}: the profile's thermal noise is left out", err=True)
    return quiet
