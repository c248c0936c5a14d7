"""A hardware profile: one technology, every effect stated, every number with its source."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from neurosim.config import Block, Kelvin, Sourced
from neurosim.converters import Adc, CurrentSense, Dac
from neurosim.devices import CouplingDevice, Mismatch, Node, Spring
from neurosim.errors import ProfileError
from neurosim.solvers.settings import Settling
from neurosim.topology import Layers
from neurosim.yaml_files import load_block

__all__ = ["HostAdvice", "Profile", "Thermal", "json_schema", "load_profile", "shipped_profiles"]


class Thermal(Sourced):
    """Thermal noise 4kTG of every conductance, in the dynamics.

    Parameters
    ----------
    temperature_K : float or None
        None has no noise.
    """

    temperature_K: Kelvin


class HostAdvice(Block):
    """Settings of the algorithm that suit this chip.

    Parameters
    ----------
    settle_tau : float
        Settling time of a phase in units of C / g.
    beta : float
        Nudge strength.
    """

    settle_tau: Annotated[float, Field(gt=0)]
    beta: Annotated[float, Field(gt=0, lt=1)]


class Profile(Block):
    """One technology. See the blocks for their fields and units.

    Parameters
    ----------
    name, summary : str
        Short name, and one line for a list of profiles.
    description : str
        What a reader should know about where the numbers come from.
    layers : tuple of int
        Sizes of the layers, visible first.
    current_sense : CurrentSense or None
        None: the chip has no ammeter.
    """

    name: str
    summary: str
    description: str = ""
    layers: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2)]
    node: Node
    spring: Spring
    coupling: CouplingDevice
    mismatch: Mismatch
    dac: Dac
    adc: Adc
    current_sense: CurrentSense | None
    thermal: Thermal
    settling: Settling
    host: HostAdvice

    @model_validator(mode="after")
    def _agree(self) -> Profile:
        for name, block in self:
            if isinstance(block, Sourced):
                _check_sources(name, block)
        _check_ranges(self)
        _check_load(self)
        noisy, stochastic = self.thermal.temperature_K, self.settling.engine == "stochastic"
        if (noisy is not None) != stochastic:
            raise ValueError(
                "settling.engine must be stochastic where thermal.temperature_K is a number, and "
                f"only there, but is {self.settling.engine} with temperature_K "
                f"{'ideal' if noisy is None else f'{noisy:g} K'}"
            )
        return self


def _check_sources(name: str, block: Sourced) -> None:
    if isinstance(block.source, str):
        return
    fields = set(type(block).model_fields) - {"source"}
    numbers = {
        field
        for field in fields
        if isinstance(getattr(block, field), int | float) and getattr(block, field) != 0
    }
    for field in block.source.keys() - fields:
        raise ValueError(f"{name}.source.{field} must name a field of {name}, but there is none")
    for field in sorted(numbers - block.source.keys()):
        raise ValueError(
            f"{name}.source must say where {field} comes from; a paper, a DOI, a data sheet, or "
            "'assumed: <reason>'"
        )


def _check_ranges(profile: Profile) -> None:
    dac, adc, sense = profile.dac, profile.adc, profile.current_sense
    needs = [
        ("dac", dac.bits, (dac.range_V,)),
        ("adc", adc.bits or adc.noise, (adc.visible_range_V, adc.hidden_range_V)),
    ]
    if sense is not None:
        needs.append(("current_sense", sense.bits, (sense.range_A,)))
    for name, resolution, ranges in needs:
        if resolution and None in ranges:
            raise ValueError(f"{name} must have a finite range where its bits or noise are finite")


def _check_load(profile: Profile) -> None:
    """The couplings' load must leave something of a node's nominal conductance for its leak."""
    node, present = profile.node, Layers(profile.layers).present
    most = 1 + int(max(present.sum(axis=0).max(), present.sum(axis=1).max()))
    load_S = node.loading * most * profile.coupling.nominal_load_S(node.leak_S)
    if load_S >= node.leak_S:
        raise ValueError(
            f"node.leak_S must exceed the load of the {most} couplings of the busiest node, but is "
            f"{node.leak_S:g} S against {load_S:g} S; lower node.loading, coupling.idle_S or "
            "coupling.full_scale"
        )


def _folder() -> Path:
    """`hardware_profiles` inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "hardware_profiles"
    return inside if inside.is_dir() else here.parent / "hardware_profiles"


def shipped_profiles() -> dict[str, Path]:
    """Paths of the profiles that come with neurosim, by name."""
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


def load_profile(name_or_path: str | Path) -> Profile:
    """Profile of a shipped name, or of a path that ends in .yaml or .yml.

    Raises
    ------
    ProfileError
        There is no such profile, or it is not valid: one line for each mistake.

    Examples
    --------
    >>> load_profile("ideal_hopfield").node.law
    'hopfield'
    """
    name, shipped = str(name_or_path), shipped_profiles()
    if name in shipped:
        return load_block(shipped[name], Profile)
    if Path(name).suffix in {".yaml", ".yml"}:
        return load_block(Path(name), Profile)
    near = difflib.get_close_matches(name, shipped, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise ProfileError(
        f"The profile must be one of {', '.join(shipped)} or a path ending in .yaml, but is "
        f"{name}{hint}"
    )


def json_schema() -> dict[str, Any]:
    """JSON Schema of a profile, for editors."""
    return Profile.model_json_schema()
