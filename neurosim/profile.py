"""A hardware profile: one technology, every effect stated, every number with its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurosim.agreement import disagreements
from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.blocks.files import load_block
from neurosim.blocks.mistakes import BlockError, nearest
from neurosim.blocks.names import Name, OneLine
from neurosim.blocks.quantities import Beta, Second, SettleTau
from neurosim.blocks.words import IDEAL, Word
from neurosim.circuit import Node
from neurosim.converters import Adc, CurrentSense, Dac, Injectors, Readout, Tuning
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
from neurosim.memory import beyond_memory
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
    inputs : {"plain", "doubled"}
        How inputs of a task are best presented: as they are, or each a second time with the
        opposite sign, where no weight can be negative.
    input_gain : float
        By which inputs are multiplied.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.HostAdvice(settle_tau=10, beta=5e-3)
    HostAdvice(settle_tau=10.0, beta=0.005)
    """

    settle_tau: SettleTau
    beta: Beta
    refresh_s: Second | None = None
    inputs: Literal["plain", "doubled"] = "plain"
    input_gain: Annotated[float, Field(gt=0)] = 1.0


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
        Current sources into the nodes of some layers, or what tunes the natural frequencies of
        oscillators; null: the chip has none.
    tuning : Tuning or None
        What programs locking and natural frequency of each oscillator; null: the chip has none.
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
    may_be_left_out: ClassVar[tuple[str, ...]] = ("description", "sources", "injectors", "tuning")
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
    tuning: Tuning | None = None
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

    @field_validator("layers")
    @classmethod
    def _fit_into_memory(cls, layers: tuple[int, ...]) -> tuple[int, ...]:
        if (why := beyond_memory(layers)) is not None:
            raise ValueError(why)
        return layers

    @cached_property
    def network(self) -> Layers:
        """Where nodes and couplings are stored."""
        return Layers(self.layers, None if self.pattern == Full() else self.pattern)

    @property
    def currents(self) -> Injectors | None:
        """The injectors in amperes, whatever their limits are stated in."""
        if self.injectors is None:
            return None
        return self.injectors.in_amperes(self.node.detuned_A(1.0))

    @model_validator(mode="after")
    def _blocks_agree(self) -> Profile:
        try:
            _ = self.network.links
        except DataError as error:
            raise BlockError([(("pattern",), str(error))]) from None
        if found := disagreements(self):
            raise BlockError(found)
        return self


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
