"""Figures that follow from a profile: `consequences` has them in words, `limits` judges them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann
from scipy.special import ndtr

from neurosim.analysis.suited import recipe_for
from neurosim.circuit import Oscillating
from neurosim.converters.quantise import lsb
from neurosim.profile import Profile

__all__ = [
    "MOST_LOST",
    "VELOCITY",
    "ammeter_step",
    "array_s",
    "beta_of",
    "conductances_S",
    "dac_steps",
    "hidden_F",
    "lost_share",
    "missed_weight",
    "moved_by_nudge",
    "noise_V",
    "nudge",
    "presenting_s",
    "range_S",
    "release_ratio",
    "released_F",
    "velocity_A",
]

Array = NDArray[np.float64]

# Root mean square velocity of digits that are paired with noise by batches, in units: 1.17 to 1.21.
VELOCITY = 1.2
# That of answers, 1 or -1.
_ANSWER = 1.0
# Share of the full scale beyond which a cell that loses it holds no weight.
MOST_LOST = 0.3
# The free one and two that are nudged.
_PHASES = 3


def range_S(profile: Profile) -> tuple[float, float]:
    """Lowest and highest conductance of a device."""
    idle_S = profile.coupling.idle_S
    return idle_S, idle_S + profile.coupling.range_S(profile.node.leak_S)


def conductances_S(profile: Profile) -> Array:
    """Some over the range of a device, (200,); off is none."""
    low_S, high_S = range_S(profile)
    return np.linspace(low_S or high_S / 200, high_S, 200)


def missed_weight(profile: Profile) -> float:
    """Standard deviation of a write of a device as a weight, where it is largest; 0 if exact.

    With `write.verify` of what ends within its window.
    """
    write = profile.write
    if write is None:
        return 0.0
    sigma_S = float(write.sigma_S(conductances_S(profile)).max())
    if write.verify is not None and sigma_S > 0:
        sigma_S *= _within(write.verify.window_S / sigma_S)
    return sigma_S / profile.node.leak_S


def _within(width: float) -> float:
    r"""Standard deviation of a unit normal that is cut off beyond +-width.

    .. math:: \sigma^2 = 1 - \frac{2 w \varphi(w)}{2 \Phi(w) - 1}, \qquad
        \sigma \to w / \sqrt 3 \text{ as } w \to 0.
    """
    if width < 0.01:
        return float(width / np.sqrt(3))
    density = np.exp(-(width**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.sqrt(1 - 2 * width * density / (2 * ndtr(width) - 1)))


def hidden_F(profile: Profile) -> float:
    """Capacitance of a mean hidden node, its couplings' own included."""
    layers = profile.network
    more_F = layers.couplings_per_node * profile.coupling.parasitic_F
    return profile.node.capacitance_F + float(more_F[layers.hidden].mean())


def release_ratio(profile: Profile) -> float:
    """C_x / C_h: capacitance of a mean visible node that is released over that of a hidden one."""
    layers = profile.network
    more_F = layers.couplings_per_node * profile.coupling.parasitic_F
    released_F = profile.node.release_capacitance_F + float(more_F[layers.visible].mean())
    return released_F / hidden_F(profile)


def released_F(profile: Profile, ratio: float) -> float:
    """`node.release_capacitance_F` of a C_x / C_h."""
    parasitic_F = release_ratio(profile) * hidden_F(profile) - profile.node.release_capacitance_F
    return ratio * hidden_F(profile) - parasitic_F


def beta_of(profile: Profile) -> float:
    """Nudge strength of the task that the chip is for: its own, or the chip's advice."""
    flow = recipe_for(profile).flow
    return profile.host.beta if flow.beta is None else flow.beta


def nudge(profile: Profile, beta: float | None = None) -> float:
    """How far a nudge moves its target, in units; at `beta_of` the profile without a beta."""
    recipe = recipe_for(profile)
    flow, velocity = recipe.flow, VELOCITY if recipe.task.has_paths else _ANSWER
    own = beta_of(profile) if beta is None else beta
    return velocity * moved_by_nudge(own, flow.alpha, flow.stiffness)


def moved_by_nudge(beta: float, alpha: float, stiffness: float) -> float:
    r"""How far a nudge moves its target, in units, over the velocity that is asked for.

    .. math:: \frac{k}{\lambda + k} \frac{1}{\alpha\lambda}, \qquad k = \beta (\alpha\lambda)^2
    """
    nudge = beta * (alpha * stiffness) ** 2
    return nudge / (stiffness + nudge) / (alpha * stiffness)


def dac_steps(profile: Profile, beta: float | None = None) -> float | None:
    """The same in steps of the DAC; None where it has none."""
    dac = profile.dac
    if dac.bits is None or dac.range_V is None:
        return None
    return nudge(profile, beta) * profile.node.unit_V / lsb(dac.range_V, dac.bits)


def noise_V(profile: Profile) -> float | None:
    r"""Thermal noise of a hidden node without its amplifier's, :math:`\sqrt{kT/C}`; None without.

    Phases have none: they diffuse.
    """
    temperature_K = profile.thermal.temperature_K
    if temperature_K is None or isinstance(profile.node.law, Oscillating):
        return None
    return float(np.sqrt(Boltzmann * temperature_K / hidden_F(profile)))


def array_s(profile: Profile) -> float | None:
    """Time to write every device once; None where a pulse takes none."""
    write, coupling, layers = profile.write, profile.coupling, profile.network
    if write is None or not write.pulse_s:
        return None
    at_once = 1 if profile.supply is None else profile.supply.writes_at_once
    devices = float(layers.couplings_per_node.sum() - layers.n_nodes) / 2 + layers.n_nodes
    devices *= (1 if coupling.single else 2) * (2 if coupling.separate else 1)
    return (write.pulses or 1) * write.pulse_s * float(np.ceil(devices / at_once))


def lost_share(profile: Profile, age_s: float) -> float:
    """Largest change of a mean device at that age over the full scale; none without drift."""
    drift, held_S = profile.drift, conductances_S(profile)
    if drift is None:
        return 0.0
    left_S = drift.aged(held_S, held_S, np.full_like(held_S, age_s), np.zeros_like(held_S))
    return float(np.abs(left_S - held_S).max() / held_S.max())


def presenting_s(profile: Profile) -> float:
    """Time for which the rows of an update settle, three phases each."""
    recipe, advised = recipe_for(profile), profile.host.settle_tau
    settle_tau = advised if recipe.flow.settle_tau is None else recipe.flow.settle_tau
    return recipe.batch * _PHASES * settle_tau * profile.node.tau_s


def ammeter_step(profile: Profile) -> float | None:
    """A step of the ammeter as a velocity; None where it has none."""
    sense = profile.current_sense
    if sense is None or sense.bits is None or sense.range_A is None:
        return None
    return lsb(sense.range_A, sense.bits) / velocity_A(profile)


def velocity_A(profile: Profile) -> float:
    """Current through the spring of a visible node whose velocity is 1."""
    return profile.node.leak_S * profile.node.unit_V / recipe_for(profile).flow.alpha
