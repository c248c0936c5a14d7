"""What follows from a profile's numbers: the sizes that a designer looks at first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.analysis import figures
from neurosim.analysis.loads import TYPICAL_WEIGHT, output_load_A
from neurosim.analysis.suited import doubled_inputs, recipe_for
from neurosim.blocks.block import Block
from neurosim.blocks.units import format_quantity
from neurosim.circuit import Oscillating
from neurosim.converters.quantise import lsb
from neurosim.profile import Profile
from neurosim.safe_text import two_digits

__all__ = ["consequences", "smoothed_points"]


def consequences(profile: Profile) -> list[tuple[str, str]]:
    """Name and value of each, in words; what the profile's effects do not have is left out.

    Time constant C / g; C_x / C_h; step of a weight; steps and ranges of the converters in volts
    and in the host's units, of the ammeter in amperes and as a velocity; how far a nudge moves its
    target, in steps of the DAC, in the task that the chip is for; what the busiest output
    delivers; thermal noise kT/C of a hidden node without its amplifier's, or how far the phase of
    an oscillator diffuses; how far a write misses, and what that adds up to on a node of which all
    neighbours stand at one unit; time to write a device, and all.
    """
    parts = _of_nodes, _of_converters, _of_load, _of_noise, _of_writing
    return [figure for part in parts for figure in part(profile)]


def smoothed_points(block: Block, path: str = "") -> Iterator[str]:
    """What blocks say of measured points that they have smoothed, however deep."""
    said = getattr(block, "smoothed", None)
    if said is not None:
        yield f"{path}{said}"
    for name in type(block).model_fields:
        inner = getattr(block, name)
        if isinstance(inner, Block):
            yield from smoothed_points(inner, f"{path}{name}.")


def _of_nodes(profile: Profile) -> Iterator[tuple[str, str]]:
    node, coupling = profile.node, profile.coupling
    yield "time constant C/g", format_quantity(node.tau_s, "s", 3)
    yield "C_x / C_h", f"{figures.release_ratio(profile):.3g}"
    if coupling.parasitic_F:
        more_F = profile.network.couplings_per_node * coupling.parasitic_F
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


def _of_converters(profile: Profile) -> Iterator[tuple[str, str]]:
    adc, dac, sense, unit_V = profile.adc, profile.dac, profile.current_sense, profile.node.unit_V
    visible_V = profile.node.visible_radian_V or unit_V
    for name, range_V, bits, radian_V in (
        ("ADC, visible", adc.visible_range_V, adc.bits, visible_V),
        ("ADC, hidden", adc.hidden_range_V, adc.bits, unit_V),
        ("DAC", dac.range_V, dac.bits, visible_V),
    ):
        if bits is not None and range_V is not None:
            yield f"a step of the {name}", _converter(range_V, bits, profile, radian_V)
    if figures.dac_steps(profile) is not None:
        yield "a nudge moves its target by", _nudge(profile)
    if sense is not None and sense.bits is not None and sense.range_A is not None:
        step_A = lsb(sense.range_A, sense.bits)
        velocity = f"a velocity of {figures.ammeter_step(profile):.2g}"
        steps = _steps(sense.bits, format_quantity(sense.range_A, "A", 3))
        yield "a step of the ammeter", f"{format_quantity(step_A, 'A', 3)}, {velocity}; {steps}"


def _of_load(profile: Profile) -> Iterator[tuple[str, str]]:
    driver = None if profile.supply is None else profile.supply.driver
    if driver is not None and not profile.node.oscillating:
        load, full = (
            format_quantity(output_load_A(profile, weight), "A", 3)
            for weight in (TYPICAL_WEIGHT, 1.0)
        )
        most = "" if driver.most_A is None else f" of {format_quantity(driver.most_A, 'A', 3)}"
        yield "the busiest output delivers", f"{load}{most}; where all weights are full {full}"


def _of_noise(profile: Profile) -> Iterator[tuple[str, str]]:
    node, noise_V = profile.node, figures.noise_V(profile)
    if profile.thermal.temperature_K is not None and isinstance(node.law, Oscillating):
        turned = float(np.sqrt(2 * node.law.diffusion_rad2_per_s * node.tau_s))
        yield "a phase diffuses by", f"{turned:.2g} rad in a time constant"
    elif noise_V is not None:
        said = _step(noise_V, profile, node.unit_V)
        yield "thermal noise kT/C", f"{said}, amplifiers left out"


def _of_writing(profile: Profile) -> Iterator[tuple[str, str]]:
    write, array_s = profile.write, figures.array_s(profile)
    if (missed := figures.missed_weight(profile)) > 0:
        yield "a write misses by", _missed(profile, missed)
    if write is not None and array_s is not None:
        pulse_s = (write.pulses or 1) * write.pulse_s
        yield "one write of a device", format_quantity(pulse_s, "s", 3)
        sizes = "-".join(map(str, profile.layers))
        yield f"writing the array of {sizes}", format_quantity(array_s, "s", 3)


def _missed(profile: Profile, missed: float) -> str:
    """As a weight and in steps; where currents add up, also on the node of most couplings."""
    step, n = profile.coupling.step(profile.node.leak_S), profile.network.couplings_per_node.max()
    said = f"{missed:.2g} of a weight of 1, a standard deviation where it is largest"
    said += "" if step is None else f"; {missed / step:.2g} of its steps"
    if profile.coupling.encoding == "single" or isinstance(profile.node.law, Oscillating):
        return said
    return (
        f"{said}; if all {n:.0f} of a node miss so, it moves by {missed * np.sqrt(n):.2g} of a unit"
    )


def _step(step_V: float, profile: Profile, radian_V: float) -> str:
    """In volts and units, or in radians of phases, of which one stands at `radian_V`."""
    unit_V = profile.node.unit_V
    if profile.node.oscillating:
        return f"{step_V / radian_V:.2g} rad"
    return f"{format_quantity(step_V, 'V', 3)}, {step_V / unit_V:.2g} of a unit"


def _converter(range_V: float, bits: int, profile: Profile, radian_V: float) -> str:
    """A step of a converter, and how many it has over which range."""
    end = format_quantity(range_V, "V", 3)
    if profile.node.oscillating:
        end = f"{range_V / radian_V:.2g} rad"
    return f"{_step(lsb(range_V, bits), profile, radian_V)}; {_steps(bits, end)}"


def _steps(bits: int, end: str) -> str:
    return f"{2**bits - 2:,} steps over +-{end}"


def _nudge(profile: Profile) -> str:
    """In units, and in steps of the DAC."""
    recipe, away, steps = recipe_for(profile), figures.nudge(profile), figures.dac_steps(profile)
    what = "" if recipe.task.has_paths else " of an answer"
    said = f"{away:.2g} of a unit"
    if radian_V := profile.node.visible_radian_V:
        said = f"{away * profile.node.unit_V / radian_V:.2g} rad"
    if steps is not None:
        n = two_digits(steps)
        said += f", {n} {'step' if n == '1' else 'steps'} of the DAC"
    return f"{said}, at a beta{what} of {figures.beta_of(profile):g}"
