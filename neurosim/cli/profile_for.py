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
    """The profile, with what the options say instead and sources where the task asks for them.

    Raises
    ------
    DataError
        An engine without noise is asked for where phases diffuse.
    """
    from neurosim.errors import DataError, ProfileError
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
    if profile.node.diffusion_rad2_per_s:
        try:
            return profile.with_values(changes)
        except ProfileError as cause:
            raise DataError(
                f"--engine must be one that integrates noise where phases diffuse, but is {engine} "
                f"and the oscillators of {profile.name} have a linewidth; leave --engine out, or "
                "write node.law.linewidth_Hz and thermal.temperature_K as 'ideal' in the profile."
            ) from cause
    quiet = profile.with_values(changes | {"thermal.temperature_K": "ideal"})
    if profile.thermal.temperature_K is None or quiet.settling.noise_step_tau is not None:
        return profile.with_values(changes)
    say(f"engine {engine}: the profile's thermal noise is left out", err=True)
    return quiet
