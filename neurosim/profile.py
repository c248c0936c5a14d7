"""A hardware profile: one technology, every effect stated, every number with its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.blocks.files import load_block
from neurosim.blocks.mistakes import BlockError, nearest
from neurosim.blocks.names import Name, OneLine
from neurosim.blocks.quantities import Second
from neurosim.blocks.units import format_quantity
from neurosim.blocks.words import IDEAL, Word
from neurosim.circuit import Node
from neurosim.converters import Adc, CurrentSense, Dac, Differences, Injectors, Readout
from neurosim.devices import (
    CouplingDevice,
    DeviceNoise,
    Drift,
    Faults,
    Mismatch,
    Pulse,
    Spring,
    Thermal,
    Write,
)
from neurosim.devices.supply import Supply
from neurosim.errors import DataError, ProfileError
from neurosim.network import Layers
from neurosim.patterns import Full, Wiring
from neurosim.solvers import Settling, Transient

__all__ = ["HostAdvice", "Profile", "load_profile", "shipped_profiles"]


class HostAdvice(Block):
    """Settings of the algorithm that suit this chip.

    Parameters
    ----------
    settle_tau : float
        Settling time of a phase in units of C / g.
    beta : float
        Nudge strength.
    refresh_s : float or None
        Time for which devices hold their weights well enough: after it all are written again. None:
        a device is written when its target changes, and not else.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.HostAdvice(settle_tau=10, beta=5e-3)
    HostAdvice(settle_tau=10.0, beta=0.005)
    """

    settle_tau: Annotated[float, Field(gt=0)]
    beta: Annotated[float, Field(gt=0, lt=1)]
    refresh_s: Second | None = None


class Profile(Block):
    """One technology. See the blocks for their fields and units.

    Parameters
    ----------
    name : str
        Short name, that of the file: letters, digits and _ - . after a letter or digit.
    summary : str
        One line for a list of profiles.
    description : str
        What a reader should know about where the numbers come from.
    layers : tuple of int
        Sizes of the layers, visible first.
    sources : tuple of int
        Layers of which every node has a spring to a DAC of its own: the visible one, 0, and any
        others; -1 is the last one.
    pattern : Pattern
        Which nodes are coupled; by default each node with every node of the next layer.
    node : Node
        Nominal values of a node.
    spring : Spring
        Programmable conductance from each node with a source to its DAC.
    coupling : CouplingDevice
        A pair of conductances for one signed weight.
    write : Write or None
        The error of writing a conductance, and what it takes.
    faults : Faults or None
        Devices that no write changes.
    pulse : Pulse or None
        What one pulse up or down does to a device; ideal: devices are written, never pulsed.
    drift : Drift or None
        How conductances change with the time since they were written.
    device_noise : DeviceNoise or None
        How conductances fluctuate, besides their thermal noise.
    mismatch : Mismatch
        How far devices of one die stray from their design.
    dac : Dac
        Voltage source of a spring.
    injectors : Injectors or None
        Current sources into the nodes of some layers; null: the chip has none.
    adc : Adc
        Reads the output voltage of every node.
    readout : Differences, Sums or None
        How nudged phases are read: `plain`, each by itself, or as differences from the free state,
        or as products of both ends of a coupling that the chip sums.
    current_sense : CurrentSense or None
        Ammeter in series with the sources of the visible nodes; none: the chip has no ammeter.
    thermal : Thermal
        Noise of conductances and amplifiers.
    supply : Supply or None
        Energy and time of amplifiers, converters and control.
    settling : Transient or OperatingPoint
        How a settle is computed: no property of the chip.
    host : HostAdvice
        Settings of the algorithm that suit this chip.

    Examples
    --------
    >>> import neurosim as ns
    >>> profile = ns.load_profile("cmos_rc_6bit")
    >>> profile.with_values({"adc.bits": 6, "thermal.temperature_K": "ideal"}).adc.bits
    6
    """

    stated: ClassVar[bool] = True
    may_be_left_out: ClassVar[tuple[str, ...]] = ("description", "sources", "injectors")
    unwritten: ClassVar[tuple[str, ...]] = ("pattern",)

    name: Name
    summary: OneLine
    description: str = ""
    layers: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2)]
    sources: tuple[int, ...] = (0,)
    pattern: Wiring = Full()
    node: Node
    spring: Spring = Spring()
    coupling: CouplingDevice
    write: Annotated[Write | None, IDEAL] = None
    faults: Annotated[Faults | None, IDEAL] = None
    pulse: Pulse = None
    drift: Drift = None
    device_noise: Annotated[DeviceNoise | None, IDEAL] = None
    mismatch: Mismatch = Mismatch()
    dac: Dac = Dac()
    injectors: Injectors | None = None
    adc: Adc = Adc()
    readout: Readout = None
    current_sense: Annotated[CurrentSense | None, Word("none", or_null=True)] = None
    thermal: Thermal = Thermal()
    supply: Annotated[Supply | None, IDEAL] = None
    settling: Settling = Transient()
    host: HostAdvice

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Its name, and what differs where one of this name is shipped."""
        yield None, self.name
        path = shipped_profiles().get(self.name)
        if path is not None:
            shipped = load_block(path, Profile)
            fields = [name for name in Profile.model_fields if name != "name"]
            changed = [name for name in fields if getattr(self, name) != getattr(shipped, name)]
            if changed:
                yield "changed", changed

    @cached_property
    def network(self) -> Layers:
        """Where nodes and couplings are stored."""
        return Layers(self.layers, None if self.pattern == Full() else self.pattern)

    @model_validator(mode="after")
    def _blocks_agree(self) -> Profile:
        try:
            _ = self.network.links
        except DataError as error:
            raise BlockError([(("pattern",), str(error))]) from None
        found = [*_range_mistakes(self), *_load_mistakes(self), *_noise_mistakes(self)]
        found += [*_readout_mistakes(self), *_place_mistakes(self)]
        found += _pulse_mistakes(self)
        if found:
            raise BlockError(found)
        return self


Found = list[tuple[tuple[str, ...], str]]


def _range_mistakes(profile: Profile) -> Found:
    """A resolution or a relative noise has no meaning over an infinite range."""
    needs = [
        ("dac", "bits", ["range_V"]),
        ("adc", "bits", ["visible_range_V", "hidden_range_V"]),
        ("adc", "noise", ["visible_range_V", "hidden_range_V"]),
        ("current_sense", "bits", ["range_A"]),
        ("injectors", "bits", ["range_A"]),
    ]
    found: Found = []
    for name, field, ranges in needs:
        block = getattr(profile, name)
        ideal = [r for r in ranges if block is not None and getattr(block, r) is None]
        if ideal and getattr(block, field):
            text = f"needs a finite range, but {' and '.join(ideal)} {_are(ideal)} ideal"
            found.append(((name, field), f"{text}; state it, or write {field} as 'ideal' too"))
        channels = getattr(block, "channels", None)
        if channels is None or field != "bits":
            continue
        if channels.offset and ideal:
            text = f"needs a finite range, but {' and '.join(ideal)} {_are(ideal)} ideal; state it"
            found.append(((name, "channels", "offset"), text))
        if channels.inl_lsb and block.bits is None:
            text = "counts steps, but bits is ideal; state bits, or write inl_lsb as 'ideal' too"
            found.append(((name, "channels", "inl_lsb"), text))
    if profile.adc.auto_range and profile.adc.bits is None:
        text = "is of no use where bits is ideal; state bits, or write auto_range as false"
        found.append((("adc", "auto_range"), text))
    return found


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _readout_mistakes(profile: Profile) -> Found:
    """Differences are taken from a state that both nudged phases start from."""
    if not isinstance(profile.readout, Differences) or profile.node.has_hold:
        return []
    text = "needs node.hold: capacitor, for a difference is taken from a state that is held"
    return [(("readout",), text)]


def _place_mistakes(profile: Profile) -> Found:
    """Sources and injectors are on layers that there are, and the visible nodes have sources."""
    depth, found = len(profile.layers), Found()
    places: list[tuple[tuple[str, ...], tuple[int, ...]]] = [(("sources",), profile.sources)]
    if profile.injectors is not None:
        places.append((("injectors", "layers"), profile.injectors.layers))
    for path, chosen in places:
        if not all(-depth <= k < depth for k in chosen):
            text = f"must name layers from 0 to {depth - 1}, or from the last one, -1, but is"
            found.append((path, f"{text} {list(chosen)}"))
    if not {0, -depth} & set(profile.sources):
        text = f"must name layer 0, whose nodes the host charges, but is {list(profile.sources)}"
        found.append((("sources",), f"{text}; add 0"))
    return found


def _load_mistakes(profile: Profile) -> Found:
    """The couplings' load must leave something of a node's nominal conductance for its leak."""
    node, present = profile.node, profile.network.present
    most = int(max(present.sum(axis=0).max(), present.sum(axis=1).max()))
    total_S = (most + 1) * profile.coupling.nominal_load_S(node.leak_S)
    if node.loading * total_S < node.leak_S:
        return []
    text = (
        f"must keep the load of the busiest node, {node.loading:g} x {most} couplings and a bias "
        f"of {format_quantity(total_S, 'S')} in all at weight 0, below leak_S = "
        f"{format_quantity(node.leak_S, 'S')}, but the load is "
        f"{format_quantity(node.loading * total_S, 'S')}; lower it, coupling.idle_S or "
        "coupling.full_scale"
    )
    return [(("node", "loading"), text)]


def _noise_mistakes(profile: Profile) -> Found:
    """Noise needs an engine that integrates it.

    Examples
    --------
    >>> import neurosim as ns
    >>> len(ns.shipped_profiles())
    15
    """
    engine, temperature_K = profile.settling, profile.thermal.temperature_K
    if temperature_K is None or engine.noise_step_tau is not None:
        return []
    text = (
        f"must be transient by ETD4 where thermal.temperature_K is a number, but is {engine} at "
        f"{temperature_K:g} K; write thermal.temperature_K as 'ideal' to leave noise out"
    )
    return [(("settling", "engine"), text)]


def _pulse_mistakes(profile: Profile) -> Found:
    """Devices that only rise must idle where the weight is zero."""
    pulse, encoding = profile.pulse, profile.coupling.encoding
    if pulse is None or not pulse.only_rises or encoding == "one_sided":
        return []
    text = f"must be both where coupling.encoding is {encoding}; rising pairs need one_sided"
    return [(("pulse", "pair"), text)]


def _folder() -> Path:
    """`hardware_profiles` inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "hardware_profiles"
    return inside if inside.is_dir() else here.parent / "hardware_profiles"


def shipped_profiles() -> dict[str, Path]:
    """Paths of the profiles that come with neurosim, by name, sorted.

    Examples
    --------
    >>> list(shipped_profiles())[0]
    'board_digipot'
    """
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


@checked()
def load_profile(name_or_path: str | Path, *, laws: Sequence[type[Block]] = ()) -> Profile:
    """Profile of a shipped name, or of a path that ends in .yaml or .yml.

    Parameters
    ----------
    name_or_path : str or Path
    laws : sequence of type
        Blocks of your own that the file may name: a node law, an amplifier, a drift law, ...

    Raises
    ------
    ProfileError
        There is no such profile, or it is not valid: one line for each mistake.

    Examples
    --------
    >>> load_profile("ideal_hopfield").node.law
    Hopfield()
    """
    name, shipped = str(name_or_path), shipped_profiles()
    if name in shipped:
        return load_block(shipped[name], Profile)
    if Path(name).suffix.lower() in {".yaml", ".yml"}:
        return load_block(Path(name), Profile, laws=laws)
    near = nearest(name, shipped)
    hint = f"; did you mean {near}?" if near else "."
    raise ProfileError(
        f"The profile must be one of {', '.join(shipped)} or a path ending in .yaml, but is "
        f"{name!r}{hint}"
    )
