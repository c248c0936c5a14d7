"""Which causes come first: by what they cost, and by figures beyond those of chips that learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

import numpy as np

from neurosim.analysis.figures import hidden_F, release_ratio
from neurosim.analysis.losses import Effect
from neurosim.runs.findings import SPRING, STOPPED, Finding
from neurosim.runs.seen import NOISES, Seen, lag, step_of_a_weight
from neurosim.runs.unusual import SETTINGS
from neurosim.runs.watched import MOST_MOVED

__all__ = ["FINE", "is_unusual", "placed"]

Figure = Callable[[Seen], float]
# A range that is so many times what arrives wastes three bits.
_FAR_TOO_WIDE = 8.0

# What is so many times what is harmless comes first, by more than what rules a loss: devices far
# from what was asked, at any cost (shipped chips reach 2.3), and hidden nodes that take nearly
# twice as long as pixels that are released, if that costs anything.
_GLARING, _AHEAD = 3.0, 3.0
_DEVICES = frozenset({"drift", "faulty devices", "programming noise"})
_RELEASED = "C_x/C_h"

# A gradient of an SNR below this (a cosine of 0.9 by it alone) is drowned; in runs of four chips
# thermal noise as shipped left 22 dB and more, that of devices 10. It is asked where the gradient
# is no better than a cosine of 0.9.
_DROWNED_dB, _GOOD = 6.0, 0.9

# Settings of the recipe that cost so much come before what merely costs more. What short trainings
# say scatters, and counts from a larger cost on.
_RECIPE = dict.fromkeys(SETTINGS.values(), 0.15) | {SPRING: 0.1, STOPPED: 0.1}

# What costs less than this, or than a tenth of the costliest, is fine; what costs a fifth of that
# is told beside it, of three at most. Where all is fine, so many are told that cost a digit.
FINE, _TENTH, _BESIDE, _FIRST, _DIGIT = 0.01, 0.1, 0.2, 3, 5e-4


def placed(
    seen: Seen,
    effects: Sequence[Effect],
    finding_of: Callable[[Effect], Finding],
    others: Sequence[Finding],
) -> tuple[list[Finding], int]:
    """Findings in the order in which they are told, and how many of them come first.

    Devices far from what was asked, and pixels that are released too fast, are first; then what
    rules a loss; then causes of unusual figures, noises that drown the gradient and settings of the
    recipe that cost much; then all by what they cost. Where nothing costs enough to come first, the
    three costliest are told.

    Parameters
    ----------
    seen : Seen
    effects : sequence of Effect
    finding_of : callable
    others : sequence of Finding
        Of causes that were not switched off.
    """
    least = max(FINE, _TENTH * max(effect.weight for effect in effects))
    glaring = {effect.name for effect in effects if _is_glaring(seen, effect)}
    hidden = glaring | _drowning(seen, effects)
    there = [effect for effect in effects if effect.weight >= FINE or effect.name in hidden]
    odd = {effect.name for effect in there if is_unusual(seen, effect)} | hidden - glaring
    odd |= {f.cause for f in others if f.weight >= _RECIPE.get(f.cause, np.inf)}
    told = [effect for effect in there if effect.weight >= least or effect.name in odd]
    ahead = dict.fromkeys(odd, 1.0) | dict.fromkeys(glaring, 1 + _AHEAD)
    ranked = [(effect.rank + ahead.get(effect.name, 0), finding_of(effect)) for effect in told]
    more = (f for f in others if f.weight >= least or f.cause in odd)
    ranked += [(f.weight + (f.cause in odd), f) for f in more]
    found = [finding for _, finding in sorted(ranked, key=lambda pair: -pair[0])]
    if max((finding.weight for finding in found), default=0.0) < FINE and not hidden:
        small = [effect for effect in effects if effect.weight >= _DIGIT]
        small.sort(key=lambda effect: -effect.weight)
        return [finding_of(effect) for effect in small[:_FIRST]], 0
    beside = _BESIDE * max((finding.weight for finding in found), default=0.0)
    heavy = [f.weight >= beside or f.cause in odd for f in found[1:_FIRST]]
    return found, len(found[:1]) + len(list(takewhile(bool, heavy)))


def is_unusual(seen: Seen, effect: Effect) -> bool:
    """Whether the cause's own figure is beyond the most that is harmless, or a range far too wide.

    A training makes up for much of what its chip does, so that switching it off at the trained
    weights shows less than it cost on the way.
    """
    if effect.wide:
        return max(extent.times for extent in effect.wide) >= _FAR_TOO_WIDE
    if effect.name not in _MOST:
        return False
    figure, most = _MOST[effect.name]
    return figure(seen) > most


def _is_glaring(seen: Seen, effect: Effect) -> bool:
    """Whether a figure is so far off that it must cost, whatever hides it.

    A training makes up for devices; and samples of a chip that errs otherwise are far off anyway.
    """
    if effect.name == _RELEASED and effect.weight < FINE:
        return False
    if effect.name not in {*_DEVICES, _RELEASED}:
        return False
    figure, most = _MOST[effect.name]
    return figure(seen) > _GLARING * most


def _drowning(seen: Seen, effects: Sequence[Effect]) -> set[str]:
    """Noises each of which by itself drowns a gradient that no other nudge would save.

    Among others as bad, switching one off saves nothing.
    """
    is_nudge = any(effect.name == "beta" and effect.weight >= FINE for effect in effects)
    if is_nudge or seen.effects.whole.cosine >= _GOOD:
        return set()
    noises = (effect.name for effect in effects if effect.name in NOISES)
    return {name for name in noises if seen.snr_dB(name) < _DROWNED_dB}


def _modes_per_ratio(seen: Seen) -> float:
    """Slowest modes of hidden nodes over those of a pixel that is released; 0 of none that end."""
    profile = seen.profile
    released_F = release_ratio(profile) * hidden_F(profile)
    mode_tau = seen.mode_tau if np.isfinite(seen.mode_tau) else 0.0
    return mode_tau * profile.node.capacitance_F / released_F


def _dac_steps(seen: Seen) -> float:
    """Steps of the DAC over those by which a nudge moves its target."""
    return (seen.watched.dac_step or 0.0) * seen.unit_V / max(seen.away_V, np.finfo(float).tiny)


def _adc_steps(seen: Seen) -> float:
    """Steps of the ADC over those by which nudges move hidden nodes apart."""
    if not seen.apart_V or seen.adc_step_V is None:
        return 0.0
    return seen.adc_step_V / seen.apart_V


def _clipped(*kinds: str) -> Figure:
    def share(seen: Seen) -> float:
        found = [
            seen.watched.count(f"{kind}_clipped")
            / max(seen.watched.count(f"{kind}_conversions"), 1)
            for kind in kinds
        ]
        return max(found)

    return share


def _mismatch(field: str) -> Figure:
    return lambda seen: float(getattr(seen.profile.mismatch, field))


def _astray(name: str) -> Figure:
    return lambda seen: seen.astray(name)


# By cause: a figure, and the most of it that is harmless.
_MOST: dict[str, tuple[Figure, float]] = {
    "amplifier bandwidth": (lag, 0.2),
    "settling time": (lambda seen: seen.watched.moved, MOST_MOVED),
    _RELEASED: (_modes_per_ratio, 0.6),
    "DAC bits": (_dac_steps, 2.0),
    "ADC bits": (_adc_steps, 2.0),
    "DAC range": (_clipped("dac"), 0.01),
    "ADC range": (_clipped("adc", "difference"), 0.01),
    "ammeter range": (_clipped("ammeter"), 0.01),
    "correlator range": (_clipped("correlator"), 0.01),
    "injector range": (_clipped("injector"), 0.01),
    "faulty devices": (lambda seen: seen.faulted.share, 0.005),
    "drift": (_astray("drift"), 0.05),
    "programming noise": (_astray("programming noise"), 0.2),
    "weight levels": (lambda seen: step_of_a_weight(seen) / max(seen.spread, 1e-12), 1.0),
    "amplifier offset": (lambda seen: seen.profile.mismatch.offset_V / seen.unit_V, 0.1),
    "leak mismatch": (_mismatch("leak"), 0.1),
    "capacitance mismatch": (_mismatch("capacitance"), 0.1),
    "coupling mismatch": (_mismatch("coupling"), 0.1),
    "spring mismatch": (_mismatch("spring"), 0.1),
    "gain mismatch": (_mismatch("gain"), 0.1),
}
