"""The data sheet of a profile."""

from __future__ import annotations

from neurosim.chip.interface import DataSheet
from neurosim.converters import Correlator, DoubleSampling
from neurosim.profile import Profile
from neurosim.topology import Layers

__all__ = ["data_sheet"]


def data_sheet(profile: Profile, layers: Layers, pulse_weight: float | None) -> DataSheet:
    """What the maker of a chip of this profile prints."""
    node = profile.node
    return DataSheet(
        name=profile.name,
        layers=layers,
        unit_V=node.unit_V,
        unit_S=node.leak_S,
        tau_s=node.tau_s,
        release_tau_s=node.release_capacitance_F / node.leak_S,
        full_scale=profile.coupling.full_scale,
        max_spring_S=profile.spring.max_S,
        has_hold=node.hold == "capacitor",
        has_current_sense=profile.current_sense is not None,
        has_difference=isinstance(profile.readout, DoubleSampling),
        has_correlator=isinstance(profile.readout, Correlator),
        pulse_weight=pulse_weight,
        advised_beta=profile.host.beta,
        advised_settle_tau=profile.host.settle_tau,
        refresh_s=profile.host.refresh_s,
    )
