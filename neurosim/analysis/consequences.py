"""What follows from a profile's numbers: the sizes that a designer looks at first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.constants import Boltzmann

from neurosim.analysis.suited import doubled_inputs, recipe_for
from neurosim.blocks.units import format_quantity
from neurosim.circuit import Oscillating
from neurosim.converters.quantise import lsb
from neurosim.profile import Profile
from neurosim.safe_text import two_digits

__all__ = ["consequences"]

# Root mean square velocity of digits that are paired with noise by batches, in units: 1.17 to 1.21.
_VELOCITY = 1.2
# That of answers, 1 or -1.
_ANSWER = 1.0


def consequences(profile: Profile) -> list[tuple[str, str]]:
    """Name and value of each, in words; what the profile's effects do not have is left out.

    Time constant C / g; C_x / C_h; step of a weight; steps of the converters in volts and in the
    host's units; how far a nudge moves its target, in steps of the DAC, in the task that the chip
    is for; thermal noise kT/C of a hidden node without its amplifier's, or how far the phase of an
    oscillator diffuses; time to write a device.
    """
    return list(_all(profile))


def _all(profile: Profile) -> Iterator[tuple[str, str]]:
    node, unit_V = profile.node, profile.node.unit_V
    yield "time constant C/g", format_quantity(node.tau_s, "s", 3)
    coupling, layers = profile.coupling, profile.network
    more_F = layers.couplings_per_node * coupling.parasitic_F
    of_hidden_F = node.capacitance_F + float(more_F[layers.hidden].mean())
    of_released_F = node.release_capacitance_F + float(more_F[layers.visible].mean())
    yield "C_x / C_h", f"{of_released_F / of_hidden_F:.3g}"
    if coupling.parasitic_F:
        slow = 1 + more_F / node.capacitance_F
        yield (
            "couplings' own capacitance",
            f"nodes are {slow.min():.3g} to {slow.max():.3g} times as slow as C/g",
        )
    if not recipe_for(profile).task.has_paths:
        inputs = "each input on two nodes, the second of opposite sign"
        yield "made for", "answers" + (f", {inputs}" if doubled_inputs(profile) else "")
    if (step := coupling.step(node.leak_S)) is not None:
        yield "a step of a weight", f"{step:.3g}; weights reach {coupling.full_scale:g}"
    adc, dac = profile.adc, profile.dac
    of_radian_V = {"visible": node.visible_radian_V or unit_V, "hidden": unit_V}
    for name, range_V in (("visible", adc.visible_range_V), ("hidden", adc.hidden_range_V)):
        if adc.bits is not None and range_V is not None:
            step_V = lsb(range_V, adc.bits)
            yield f"a step of the ADC, {name}", _step(step_V, profile, of_radian_V[name])
    if dac.bits is not None and dac.range_V is not None:
        step_V = lsb(dac.range_V, dac.bits)
        yield "a step of the DAC", _step(step_V, profile, of_radian_V["visible"])
        yield "a nudge moves its target by", _nudge(profile, step_V / unit_V)
    if profile.thermal.temperature_K is not None and isinstance(node.law, Oscillating):
        turned = float(np.sqrt(2 * node.law.diffusion_rad2_per_s * node.tau_s))
        yield "a phase diffuses by", f"{turned:.2g} rad in a time constant"
    elif profile.thermal.temperature_K is not None:
        noise_V = float(np.sqrt(Boltzmann * profile.thermal.temperature_K / of_hidden_F))
        yield "thermal noise kT/C", f"{_step(noise_V, profile, unit_V)}, amplifiers left out"
    if profile.write is not None and profile.write.pulse_s:
        n_pulses = profile.write.pulses or 1
        pulse_s = n_pulses * profile.write.pulse_s
        yield "one write of a device", format_quantity(pulse_s, "s", 3)
        at_once = 1 if profile.supply is None else profile.supply.writes_at_once
        devices = float(layers.couplings_per_node.sum() - layers.n_nodes) / 2 + layers.n_nodes
        devices *= (1 if coupling.single else 2) * (2 if coupling.separate else 1)
        yield (
            f"writing the array of {'-'.join(map(str, profile.layers))}",
            format_quantity(pulse_s * np.ceil(devices / at_once), "s", 3),
        )


def _step(step_V: float, profile: Profile, radian_V: float) -> str:
    """In volts and units, or in radians of phases, of which one stands at `radian_V`."""
    unit_V = profile.node.unit_V
    if profile.node.oscillating:
        return f"{step_V / radian_V:.2g} rad"
    return f"{format_quantity(step_V, 'V', 3)}, {step_V / unit_V:.2g} of a unit"


def _nudge(profile: Profile, dac_step: float) -> str:
    r"""By its share of spring and nudge, :math:`k = \beta (\alpha \lambda)^2`, of the velocity."""
    recipe = recipe_for(profile)
    flow, velocity = recipe.flow, _VELOCITY if recipe.task.has_paths else _ANSWER
    beta = profile.host.beta if flow.beta is None else flow.beta
    nudge = beta * (flow.alpha * flow.stiffness) ** 2
    away = nudge / (flow.stiffness + nudge) * velocity / (flow.alpha * flow.stiffness)
    what = "" if recipe.task.has_paths else " of an answer"
    steps = f"{two_digits(away / dac_step)} steps of the DAC"
    if away < dac_step / 2:
        steps += " (below 0.5 it is lost)"
    said = f"{away:.2g} of a unit"
    if radian_V := profile.node.visible_radian_V:
        said = f"{away * profile.node.unit_V / radian_V:.2g} rad"
    return f"{said}, {steps}, at a beta{what} of {beta:g}"
