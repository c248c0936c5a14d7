r"""Whether a chip's amplifiers carry their load: the current of an output, the summing node's gain.

An output at v with n pairs of devices delivers :math:`|v| \sum (G^+ + G^-)`, both rails together.
An amplifier that holds its summing node at a virtual ground with n pairs on it amplifies its own
input noise by :math:`1 + \sum (G^+ + G^-) / g`, g being the leak in its feedback.
"""

from __future__ import annotations

from neurosim.blocks.units import format_quantity
from neurosim.profile import Profile

__all__ = ["TYPICAL_WEIGHT", "load_notes", "load_warnings", "noise_gain", "output_load_A"]

# Mean magnitude of the shipped trained weights, 0.042, over the 0.6 of the shipped profiles.
TYPICAL_WEIGHT = 0.07


def _most_pairs(profile: Profile) -> int:
    """On an output; between resistors those of a layer hang on the outputs of the one below."""
    layers = profile.network
    odd, even = layers.layer_of[layers.odd, None], layers.layer_of[layers.even]
    of_odd = of_even = layers.present
    if profile.node.passive:
        of_odd, of_even = of_odd & (odd < even), of_even & (even < odd)
    return int(max(of_odd.sum(axis=1).max(), of_even.sum(axis=0).max()))


def _load_S(profile: Profile, weight: float) -> float:
    """Conductance on the busiest output where all its weights are this share of the full scale."""
    coupling, pairs = profile.coupling, _most_pairs(profile)
    unit_S = profile.node.leak_S
    carried_S = 0.0 if coupling.encoding == "complementary" else weight * coupling.range_S(unit_S)
    return pairs * (coupling.nominal_load_S(unit_S) + carried_S)


def _swing_V(profile: Profile) -> float:
    """What an output stands at where its node is at `node.unit_V`, where amplifiers saturate.

    Between resistors the outputs are the sources of the inputs and amplifiers between layers.
    """
    between = profile.node.lifting(profile.network)
    of_inputs = profile.host.input_gain if profile.node.passive else 1.0
    return profile.node.unit_V * max(of_inputs, 1.0 if between is None else between.gain)


def output_load_A(profile: Profile, weight: float = TYPICAL_WEIGHT) -> float:
    """Current of the busiest output at `node.unit_V`, times the gain of what is there [A].

    Parameters
    ----------
    profile : Profile
    weight : float
        Magnitude of all its weights, as a share of the full scale.
    """
    return _swing_V(profile) * _load_S(profile, weight)


def noise_gain(profile: Profile, weight: float = TYPICAL_WEIGHT) -> float:
    """Gain of the busiest summing node for its amplifier's input noise, 1 + load / g."""
    return 1 + _load_S(profile, weight) / profile.node.leak_S


def load_notes(profile: Profile) -> list[str]:
    """What a profile's amplifiers are taken to do for nothing, and what full weights would ask."""
    if profile.node.oscillating:
        return []  # No output delivers a direct current.
    driver, notes = None if profile.supply is None else profile.supply.driver, list[str]()
    if profile.supply is not None and driver is None:
        needs = _needs(profile)
        notes.append(f"supply.driver is ideal, so that driving the array costs its heat: {needs}")
    most_A = None if driver is None else driver.most_A
    if most_A is not None and output_load_A(profile) <= most_A < output_load_A(profile, 1.0):
        notes.append(
            f"{_driver_of(profile, most_A)} carries no full weights: {_needs(profile)}; the model "
            "drives it all the same"
        )
    thermal = profile.thermal
    if thermal.temperature_K is not None and thermal.amplifier_excess and not thermal.noise_gain:
        notes.append(
            f"summing nodes amplify their amplifiers' noise by up to {noise_gain(profile):.3g}, "
            "1 + load / leak_S, which is taken as 1; thermal.noise_gain: true counts it"
        )
    return notes


def load_warnings(profile: Profile) -> list[str]:
    """Amplifiers that do not carry what a trained chip loads them with, and what to do."""
    driver = None if profile.supply is None else profile.supply.driver
    if driver is None or profile.node.oscillating:
        return []
    found, load_A = [], output_load_A(profile)
    if driver.most_A is not None and driver.most_A < load_A:
        found.append(
            f"supply.driver.most_A: {_driver_of(profile, driver.most_A)} does not carry its array: "
            f"{_needs(profile)}; raise it, or lower node.leak_S: the model drives it all the same"
        )
    swing_V = max(_swing_V(profile), profile.node.visible_rail_V or 0.0)
    if driver.rail_V < swing_V:
        found.append(
            f"supply.driver.rail_V: outputs of {swing_V:g} V must lie within the rails of "
            f"{driver.rail_V:g} V, but do not; raise it"
        )
    return found


def _driver_of(profile: Profile, most_A: float) -> str:
    who = "a driver of inputs" if profile.node.passive else "an amplifier"
    return f"{who} of {format_quantity(most_A, 'A', 3)}"


def _needs(profile: Profile) -> str:
    load_A, full_A = output_load_A(profile), output_load_A(profile, 1.0)
    return (
        f"the busiest output delivers {format_quantity(load_A, 'A', 3)} where weights are "
        f"{TYPICAL_WEIGHT:.0%} of the full scale, as a trained chip's are in the mean, and "
        f"{format_quantity(full_A, 'A', 3)} where all are the full scale"
    )
