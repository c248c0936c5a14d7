"""Figures of a chip beyond which a network does not learn well, each with what to do about it.

Each is a chip that can be built and trained, and may be one on purpose, as at the ends of a sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from scipy.special import erf

from neurosim.analysis import figures
from neurosim.analysis.loads import load_warnings
from neurosim.analysis.suited import recipe_for
from neurosim.blocks.units import format_quantity
from neurosim.profile import Profile
from neurosim.safe_text import two_digits

__all__ = ["beyond_limits"]

# Velocity to which an ammeter reaches: wanted ones of digits have the rms 1.2 and come to 4.4.
_REACH = 6.0
# C_x / C_h at which hidden nodes lag behind a pixel that is released, and at which they nearly
# follow: modes of trained networks take 6 to 20 time constants (experiments/05_settling).
_LAG_BEHIND, _FOLLOW = 10.0, 30.0
# Steps of the DAC, by the rms velocity: targets move from codes, and one that moves by less than
# half a step stays at its code for both signs of the nudge, which then changes its spring alone.
# The gradient of 512 digits on `ideal_hopfield`, trained and with a DAC, has a cosine of 0.98 at 1,
# 0.96 at 0.51, 0.65 at 0.26, 0.36 at 0.13 and 0.23 at 0.06 (0.98 with an exact one).
_ROUNDED = 0.5
# Thermal noise over what a nudge moves its target by, in the mean of the rows of an update, for
# phases draw their noise anew: the gradient of 512 digits on `ideal_thermal`, trained and with less
# capacitance, has a cosine of 0.95 to the exact one at 0.01, 0.87 at 0.02, 0.68 at 0.04, 0.35 at
# 0.1 and 0.01 at 1.
_DROWNED = 0.04
# A step of the ammeter as a velocity: rounding is uniform, so that a read strays by a step over the
# root of 12, at 0.5 an eighth of the rms velocity of digits.
_COARSE_READ = 0.5
# Step of a weight: trained in the loop, a chip of 0.2 draws at a feature Frechet distance of 6.3,
# where a Gaussian is at 4.5, and one of 0.09 at 3.1 (experiments/06_imperfections).
_COARSE_WEIGHT = 0.15
# A write that misses by what weights of trained networks are.
_MISSED_WRITE = 0.05
# A training writes hundreds of times: at an hour each it takes weeks.
_LONG_S = 3600.0


def beyond_limits(profile: Profile) -> list[str]:
    """A line for each figure that is beyond its limit: what it is, why it matters, what to do."""
    return [line for check in _LIMITS for line in check(profile)]


def _narrow_ammeter(profile: Profile) -> Iterator[str]:
    """An ammeter that clips the velocities of most pixels."""
    sense = profile.current_sense
    if sense is None or sense.range_A is None or not recipe_for(profile).task.has_paths:
        return
    velocity = sense.range_A / figures.velocity_A(profile)
    if velocity < figures.VELOCITY:
        enough_A = _REACH * figures.velocity_A(profile)
        yield (
            f"current_sense.range_A is a velocity of {velocity:.2g}, so that a third of those of "
            f"digits or more clip; raise it to {format_quantity(enough_A, 'A', 3)}, or lower "
            "node.leak_S"
        )


def _coarse_ammeter(profile: Profile) -> Iterator[str]:
    """An ammeter whose steps are as wide as velocities are long."""
    step = figures.ammeter_step(profile)
    if step is not None and recipe_for(profile).task.has_paths and step > _COARSE_READ:
        strays = step / np.sqrt(12) / figures.VELOCITY
        yield (
            f"current_sense.bits: a step of the ammeter is a velocity of {two_digits(step)}, where "
            f"those of digits are {figures.VELOCITY:g} rms, so that each is read {strays:.0%} off; "
            "give it more bits, or a narrower current_sense.range_A"
        )


def _coarse_weights(profile: Profile) -> Iterator[str]:
    """Steps of a weight that are several times what weights are."""
    coupling, node = profile.coupling, profile.node
    step = coupling.step(node.leak_S)
    if step is None or node.oscillating or not recipe_for(profile).task.has_paths:
        return
    if step > _COARSE_WEIGHT:
        yield (
            f"coupling.levels: a step of a weight is {two_digits(step)}, where weights of trained "
            "networks are 0.05 rms; with steps of 0.2 a chip drew no better than a Gaussian after "
            "150 updates: take more levels, or a smaller coupling.full_scale"
        )


def _missed_writes(profile: Profile) -> Iterator[str]:
    """Writes that miss by as much as weights are."""
    missed = figures.missed_weight(profile)
    draws = recipe_for(profile).task.has_paths and not profile.node.oscillating
    if draws and missed > _MISSED_WRITE:
        yield (
            f"write.noise: a write misses by {two_digits(missed)} of a weight of 1, where weights "
            "of trained networks are 0.05 rms; write more exactly (write.verify repeats what "
            "misses), or take a smaller coupling.full_scale"
        )


def _lagging(profile: Profile) -> Iterator[str]:
    """Hidden nodes too slow for a chip that draws by itself."""
    ratio = figures.release_ratio(profile)
    if recipe_for(profile).task.has_paths and ratio < _LAG_BEHIND:
        enough_F = figures.released_F(profile, _FOLLOW)
        yield (
            f"node.release_capacitance_F: C_x / C_h is {ratio:.3g}, so that hidden nodes lag "
            "behind the pixels of a chip that draws by itself; from 30 on they follow: raise it "
            f"to {format_quantity(enough_F, 'F', 3)}, or have the host step it"
        )


def _rounded_away(profile: Profile) -> Iterator[str]:
    """A nudge that the DAC rounds away."""
    steps, flow = figures.dac_steps(profile), recipe_for(profile).flow
    # There the spring of the negative phase vanishes, which training refuses.
    most_beta = flow.stiffness / (flow.alpha * flow.stiffness) ** 2
    if steps is None or steps >= _ROUNDED or figures.beta_of(profile) >= most_beta:
        return
    most = figures.dac_steps(profile, most_beta)
    also = f", or raise {_beta_place(profile)}" if most is not None and most > _ROUNDED else ""
    # Of velocities that are normal, about as those of digits; a negative nudge moves them farther.
    farther = abs(figures.dac_steps(profile, -figures.beta_of(profile)) or 0.0)
    stay = erf(0.5 / farther / np.sqrt(2))
    yield (
        f"dac: a nudge moves its target by {two_digits(steps)} steps, so that about {stay:.0%} of "
        "the targets stay at one code for both of its signs; give it finer steps (more dac.bits, "
        f"a narrower dac.range_V){also}"
    )


def _drowned(profile: Profile) -> Iterator[str]:
    """Thermal noise beyond what a nudge does, in the mean of an update."""
    noise_V, rows = figures.noise_V(profile), recipe_for(profile).batch
    if noise_V is None:
        return
    times = noise_V / (figures.nudge(profile) * profile.node.unit_V)
    if times / np.sqrt(rows) > _DROWNED:
        yield (
            f"node.capacitance_F: thermal noise kT/C is {two_digits(times)} times what a nudge "
            "moves its target by, so that more noise than signal is in the mean of the "
            f"{rows} rows of an update; raise it, node.unit_V or {_beta_place(profile)}"
        )


def _beta_place(profile: Profile) -> str:
    """Where the beta of the task that the chip is for is said."""
    return "host.beta" if recipe_for(profile).flow.beta is None else "a recipe's flow.beta"


def _forgetful(profile: Profile) -> Iterator[str]:
    """Cells that lose what they hold within an update, or are never refreshed.

    A refresh that comes too late between updates is told by `plausible`.
    """
    refresh_s, update_s = profile.host.refresh_s, figures.presenting_s(profile)
    recipe, most = recipe_for(profile), figures.MOST_LOST
    training_s = recipe.updates * update_s
    lost, at_last = (figures.lost_share(profile, age_s) for age_s in (update_s, training_s))
    if lost > most and (refresh_s is None or figures.lost_share(profile, refresh_s) <= most):
        yield (
            f"drift: a cell loses {lost:.0%} within the {recipe.batch} rows of an update, "
            f"{format_quantity(update_s, 's', 3)}, and no refresh comes before its end; take cells "
            "that hold longer, or smaller batches"
        )
    elif refresh_s is None and at_last > most:
        yield (
            f"host.refresh_s: a cell loses {at_last:.0%} within a training of {recipe.updates} "
            f"updates, {format_quantity(training_s, 's', 3)}, where its weight stays; state a time "
            "within which it loses little"
        )


def _slow_to_write(profile: Profile) -> Iterator[str]:
    """An array that takes longer to write than a training can wait."""
    array_s, supply = figures.array_s(profile), profile.supply
    if array_s is not None and array_s > _LONG_S:
        how = "state supply.writes_at_once" if supply is None else "raise it"
        yield (
            f"supply.writes_at_once: writing the array takes {format_quantity(array_s, 's', 3)}, "
            f"and a training writes hundreds of times; {how}, or shorten write.pulse_s or "
            "write.pulses"
        )


_LIMITS: tuple[Callable[[Profile], Iterable[str]], ...] = (
    _narrow_ammeter, _coarse_ammeter, _coarse_weights, _missed_writes, _lagging, _rounded_away,
    _drowned, _forgetful, _slow_to_write, load_warnings,
)  # fmt: skip
