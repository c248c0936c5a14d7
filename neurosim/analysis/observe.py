"""Presentations of data to a chip, and the exact gradient to compare its measurements with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.adjoint import adjoint_gradient
from neurosim.analysis.imperfections import ideal
from neurosim.analysis.oracle import ideal_network, is_known
from neurosim.chip import Chip
from neurosim.data import FlowBatch, PairSource, load_digits
from neurosim.errors import DataError
from neurosim.host import FlowSettings, present
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.safe_text import counted
from neurosim.solvers import (
    Chunk,
    Engine,
    Noise,
    OperatingPoint,
    RateOf,
    System,
    Transient,
)
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread
from neurosim.tuned import Tuned

__all__ = ["Conditions", "Observed", "Told", "Waves", "held_weights", "told_weights", "waves_of"]

Array = NDArray[np.float64]

# What a profile says of the waves of its oscillators, by path.
Waves = Mapping[str, Any]
_WAVES = ("angle_rad", "interaction")
_REST = OperatingPoint()


class Observed(NamedTuple):
    """What a host measures of one batch, in its own units.

    `outputs` has the free, the positive and the negative phase, (3, rows, n_nodes), or of a chip
    that correlates the free phase alone; `held` are the weights that the devices hold, which no
    host sees, and `waves` what makes its oscillators no sine waves. `distance` is that of both
    nudges, by which the contrast was divided.
    """

    gradient: Array
    outputs: Array
    velocity: Array
    rows_lost: int
    held: Weights
    waves: Waves = MappingProxyType({})
    distance: float = float("nan")


@dataclass(frozen=True)
class Told:
    """An engine that is told of other noise than there is in the dynamics.

    Parameters
    ----------
    engine : Engine
    noise : Noise or None
        None: none. Silence: the steps that noise asks for, so that what differs from a chip with
        noise is noise, and no error of the steps.
    """

    engine: Engine
    noise: Noise | None

    @property
    def noise_step_tau(self) -> float | None:
        """That of the engine."""
        return self.engine.noise_step_tau

    @property
    def along_the_way(self) -> Engine:
        """Itself."""
        return self

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """As the engine runs a system of that noise."""
        del noise
        return self.engine.run(rate_of, u_V, span, system, self.noise)


@dataclass(frozen=True)
class Conditions:
    """What is presented to every variant of a chip.

    Each repeat is another chip (its die and all its noise) and another batch, the same for every
    variant, so that differences between variants are differences of physics.

    Parameters
    ----------
    profile : Profile
    weights : Weights
        Clipped to the full scale of the profile, as a host does.
    flow : FlowSettings
        Where beta and the settling time are None, the profile's advice.
    batch, repeats : int
        Rows of a batch, and chips.
    age_s : float
        Time that the chip waits after its weights were written.
    images : ndarray, shape (n, n_visible), optional
        Data in [-1, 1]; the digits of 8 x 8 pixels without it.
    die : int, optional
        The chip of every repeat, which may then be one; without it each has one of its own.
    shown : tuple of FlowBatch, optional
        What is presented in each repeat, in place of `batch` rows of `images`.
    tuned : Tuned, optional
        What the oscillators of every chip are tuned to.
    """

    profile: Profile
    weights: Weights
    flow: FlowSettings = field(default_factory=FlowSettings)
    batch: int = 128
    repeats: int = 3
    age_s: float = 0.0
    images: Array | None = None
    die: int | None = None
    shown: tuple[FlowBatch, ...] | None = None
    tuned: Tuned | None = None

    def __post_init__(self) -> None:
        profile, limit = self.profile, self.profile.coupling.full_scale
        layers, lowest = profile.network, profile.coupling.least(profile.node.leak_S)
        if self.weights.coupling.shape != layers.present.shape or len(self.weights.bias) != (
            layers.n_nodes
        ):
            raise DataError(
                f"The weights must fit layers {profile.layers} of {profile.name}, but are of "
                "another network; give those of a run with this profile."
            )
        if self.repeats < 2 and self.die is None:
            raise DataError(
                f"A variance needs at least 2 repeats, but there are {self.repeats}; ask for more."
            )
        w = Weights(
            *(np.clip(a, lowest, limit) for a in (self.weights.coupling, self.weights.bias))
        )
        advice = {"beta": profile.host.beta, "settle_tau": profile.host.settle_tau}
        given = self.flow.model_dump(exclude_none=True)
        object.__setattr__(self, "weights", w)
        object.__setattr__(self, "flow", FlowSettings(**{**advice, **given}))

    @cached_property
    def batches(self) -> list[FlowBatch]:
        """Data of each repeat at random t."""
        if self.shown is not None:
            return list(self.shown)
        images = load_digits()[0] if self.images is None else self.images
        if images.shape[1] != self.profile.layers[0]:
            raise DataError(
                f"The visible layer must have {counted(images.shape[1], 'node')}, one "
                "for each pixel, but "
                f"{self.profile.name} has {self.profile.layers[0]}; change `layers`."
            )
        source = PairSource(images, self.batch, Streams(0), prefetch=False)
        return [source.batch_at(k) for k in range(self.repeats)]

    @property
    def hidden(self) -> slice:
        """Nodes that are neither driven nor asked."""
        return slice(self.profile.layers[0], None)

    @cached_property
    def velocity(self) -> float:
        """Root mean square of what is to be learned where there are springs."""
        return float(np.sqrt(np.mean([np.mean(b.u_t**2) for b in self.batches])))

    def observe(
        self,
        profile: Profile,
        k: int,
        *,
        engine: Engine | None = None,
        beta: float | None = None,
        settle_tau: float | None = None,
    ) -> Observed:
        """Present the batch of repeat k to a new chip of `profile`, a variant of the one above."""
        chip = self.programmed(profile, k, engine)
        given = {"beta": beta, "settle_tau": settle_tau}
        flow = self.flow.model_copy(update={k: v for k, v in given.items() if v is not None})
        return self._observed(chip, k, flow)

    def programmed(self, profile: Profile, k: int = 0, engine: Engine | None = None) -> Chip:
        """A new chip of a variant, that of repeat k, as old as it is when it is shown a batch."""
        chip = Chip(profile, k if self.die is None else self.die, engine)
        self._program(chip, self.weights)
        if self.age_s:
            chip.wait(self.age_s)
        return chip

    def _observed(self, chip: Chip, k: int, flow: FlowSettings) -> Observed:
        """What a host measures of the batch of repeat k on a chip that holds the weights."""
        shown = self.batches[k]
        got = present(chip, shown.x_t, shown.u_t, flow)
        gradient, held = got.gradient.vector, held_weights(chip)
        return Observed(
            gradient,
            np.stack(got.outputs),
            got.velocity,
            got.rows_lost,
            held,
            waves_of(chip.profile),
            got.distance,
        )

    def observe_all(
        self,
        profile: Profile,
        *,
        engine: Engine | None = None,
        beta: float | None = None,
        settle_tau: float | None = None,
    ) -> list[Observed]:
        """`observe` in every repeat."""
        how: dict[str, Any] = {"engine": engine, "beta": beta, "settle_tau": settle_tau}
        return [self.observe(profile, k, **how) for k in range(self.repeats)]

    def draws(self, profile: Profile, n: int) -> list[Observed]:
        """The first batch presented n times to one chip, each time with draws of its own."""
        chip = self.programmed(profile)
        return [self._observed(chip, 0, self.flow) for _ in range(n)]

    @cached_property
    def exact(self) -> list[Array]:
        """Exact gradient of each batch at the weights that the host asks for."""
        return [self.exact_at(self.weights, k) for k in range(self.repeats)]

    def exact_for(self, seen: Sequence[Observed]) -> list[Array]:
        """Those of chips as they were seen: where oscillators are no sine waves, of their waves."""
        found = []
        for k, one in enumerate(seen):
            if not one.waves:
                found.append(self.exact[k])
                continue
            key = (k, repr(one.waves))
            if key not in self._of_waves:
                self._of_waves[key] = self.exact_at(self.weights, k, one.waves)
            found.append(self._of_waves[key])
        return found

    @cached_property
    def _of_waves(self) -> dict[tuple[int, str], Array]:
        return {}

    def exact_at(self, weights: Weights, k: int, waves: Waves = MappingProxyType({})) -> Array:
        """Exact adjoint gradient of the batch of repeat k, of the network without hardware."""
        layers, node, flow = self.profile.network, self.profile.node, self.flow
        shown = self.batches[k]
        chip = self._near_rest(weights, shown, waves)
        # A linear system for each row, too small for more threads than one.
        with one_blas_thread():
            if not is_known(layers, node.law, node.hidden_amplifier):
                near_V, scale = chip.u_V, (flow.stiffness, flow.alpha)
                return adjoint_gradient(chip.circuit, near_V, shown, *scale).vector
            network = ideal_network(layers, weights, node.law, node.hidden_amplifier)
            near = chip.u_V / node.unit_V
            plain = [near[:, layers.nodes(layer)] for layer in range(len(layers.sizes))]
            states = network.equilibrium(
                shown.x_t, flow.stiffness, start=np.concatenate(plain, axis=1)
            )
            exact = network.cost_gradient(
                shown.x_t, shown.u_t, flow.stiffness, flow.alpha, states=states
            )
        return exact.vector

    def _near_rest(
        self, weights: Weights, shown: FlowBatch, waves: Waves = MappingProxyType({})
    ) -> Chip:
        """The ideal chip in its free states, from which the exact equilibrium is not far."""
        chip, node = self._ideal_chip(weights, waves), self.profile.node
        chip.precharge(shown.x_t * node.unit_V)
        chip.drive(shown.x_t * node.unit_V, self.flow.stiffness * node.leak_S)
        self._to_rest(chip)
        return chip

    def _ideal_chip(self, weights: Weights, waves: Waves = MappingProxyType({})) -> Chip:
        """The chip without imperfections, but of these waves, which comes to rest at once."""
        largest = float(max(np.abs(weights.coupling).max(), np.abs(weights.bias).max(), 1e-3))
        changes = {"spring.max_S": "ideal", "coupling.full_scale": largest, **waves}
        chip = Chip(ideal(self.profile).with_values(changes), engine=_REST)
        self._program(chip, weights)
        return chip

    def _to_rest(self, chip: Chip) -> None:
        """Settle the ideal chip; through a locking that rises as slowly as that does."""
        if ramp_s := getattr(self.profile.node.law, "ramp_s", 0.0):
            chip.engine = Transient()
            chip.settle(ramp_s)
            chip.engine = _REST
        chip.settle(self.profile.node.tau_s)

    def _program(self, chip: Chip, weights: Weights) -> None:
        chip.program(weights)
        if self.tuned is not None and self.tuned.acts:
            chip.tune(self.tuned)


def waves_of(profile: Profile) -> Waves:
    """What of a profile makes its oscillators no sine waves, by path; nothing where they are."""
    law = profile.node.law
    found = {f"node.law.{name}": getattr(law, name, None) for name in _WAVES}
    return {path: value for path, value in found.items() if value}


def held_weights(chip: Chip) -> Weights:
    """Weights that the devices of a chip hold, mismatch included; the mean of both directions."""
    circuit, unit_S = chip.circuit, chip.profile.node.leak_S
    ways = [circuit.couplings, circuit.back_couplings or circuit.couplings]
    coupling = np.mean([way.plus_S - way.minus_S for way in ways], axis=0) / unit_S
    return Weights(coupling, (circuit.biases.plus_S - circuit.biases.minus_S) / unit_S)


def told_weights(chip: Chip) -> Weights:
    """Weights that the devices of a chip were last told to hold, before any error of theirs."""
    return chip.bank.told()
