r"""Open-loop pulses: identical ones, up or down, and the step that each of them makes.

With x a device's place in its own range, 0 at its lower bound and 1 at its upper, and s = 2x - 1, a
pulse moves its conductance by its nominal step times

================ =============================================== ===============================
law              up, down                                        typical of
================ =============================================== ===============================
linear_step      1 - gamma_up s,  1 + gamma_down s               electrochemical, capacitors
soft_bounds      1 - x,  x                                       oxide RRAM (Fusi and Abbott 2007)
exponential_step max(0, 1 - A_up exp(gamma_up z)),               filamentary RRAM, phase-change
                 max(0, 1 - A_down exp(-gamma_down z))
================ =============================================== ===============================

with z = a s + b: the update models of Gokmen and Vlasov (2016) and of IBM's aihwkit (Rasch et al.,
arXiv:2104.02184). The step, the bounds and the asymmetry of each device are drawn at fabrication,
the noise of a step at each pulse. A pulse never carries a device beyond its bounds, and one that
has been written beyond them stays there until a pulse the other way.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from neurosim.arguments import answer
from neurosim.blocks.block import Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Excess, Sigma, SignedShare
from neurosim.blocks.words import IDEAL
from neurosim.devices.node import spread
from neurosim.streams import Streams

__all__ = ["ExponentialStep", "LinearStep", "Pulse", "PulseLaw", "PulsedDevices", "SoftBounds"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PulsedDevices:
    """What fabrication gave each device, each of shape (n,) [S].

    Attributes
    ----------
    low_S, high_S : ndarray
        Bounds.
    up_S, down_S : ndarray
        Steps before the factor of the law.
    """

    low_S: Array
    high_S: Array
    up_S: Array
    down_S: Array


class PulseLaw(Sourced):
    """What the laws have in common; see the module.

    Parameters
    ----------
    law : {"linear_step", "soft_bounds", "exponential_step"}
        How a step depends on where in its range the device is.
    pair : {"both", "rising"}
        Which device of a pair a pulse goes to. `both`: raising a weight raises G+ and lowers G-.
        `rising`: there are no down pulses; raising a weight raises G+, lowering it raises G-.
    refresh_at : float or None
        Of rising pairs: where one device is beyond this share of the range and neither idles, both
        are written anew with their difference, which the chip is taken to read exactly. None never
        refreshes.
    states : float
        Range of conductance over the nominal step. The law's factor is 1 in the middle of the range
        of linear_step and at the far bound of soft_bounds.
    asymmetry : float
        (up - down) / (up + down) of the two nominal steps.
    cycle_noise : float
        Standard deviation of a step over that very step, drawn at each pulse.
    cycle_noise_additive : float
        Standard deviation of a step over the nominal step, drawn at each pulse.
    step_spread : float
        Relative standard deviation of the nominal step among devices, log-normal.
    bound_spread : float
        Standard deviation of each bound among devices over the range.
    asymmetry_spread : float
        Standard deviation of the asymmetry among devices.
    """

    pair: Literal["both", "rising"] = "both"
    refresh_at: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, IDEAL] = None
    states: Annotated[float, Field(ge=1)]
    asymmetry: Annotated[SignedShare, Field(gt=-1, lt=1)] = 0.0
    cycle_noise: Excess = 0.0
    cycle_noise_additive: Excess = 0.0
    step_spread: Excess = 0.0
    bound_spread: Sigma = 0.0
    asymmetry_spread: Excess = 0.0

    @model_validator(mode="after")
    def _only_rising_pairs_are_refreshed(self) -> Self:
        if self.refresh_at is not None and not self.only_rises:
            text = "must be ideal where pair is both, for those devices come down unaided, but"
            raise BlockError([(("refresh_at",), f"{text} is {self.refresh_at:g}; write it so")])
        return self

    @property
    def only_rises(self) -> bool:
        """Whether a pulse goes to the one device of a pair that it raises."""
        return self.pair == "rising"

    @abstractmethod
    def factors(self, x: Array) -> tuple[Array, Array]:
        """Step over the nominal step, up and down, at each place x in the range."""

    def fabricate(
        self, n_devices: int, low_S: float, high_S: float, streams: Streams
    ) -> PulsedDevices:
        """Draw the bounds and steps of each device of a die from streams of their own."""
        range_S = high_S - low_S

        def deviates(name: str) -> Array:
            return streams.generator(f"fabrication.pulse.{name}").standard_normal(n_devices)

        low, high = (
            bound + self.bound_spread * range_S * deviates(name)
            for name, bound in (("low", low_S), ("high", high_S))
        )
        low = np.maximum(low, 0.0)
        step = spread(self.step_spread, n_devices, streams.generator("fabrication.pulse.step"))
        step *= range_S / self.states
        skew = np.clip(self.asymmetry + self.asymmetry_spread * deviates("asymmetry"), -1, 1)
        return PulsedDevices(low, np.maximum(high, low), step * (1 + skew), step * (1 - skew))

    def mid_step(self) -> float:
        """Change of G+ - G- by one pulse to a pair in mid-range, over the range."""
        up, down = (float(f[0]) for f in answer(self, "factors", np.array([0.5])))
        change = (1 + self.asymmetry) * up
        if not self.only_rises:
            change += (1 - self.asymmetry) * down
        return change / self.states

    def pulsed(
        self,
        conductance_S: Array,
        counts: Counts,
        devices: PulsedDevices,
        rngs: tuple[np.random.Generator, np.random.Generator],
    ) -> Array:
        """Conductances after that many pulses, one after another.

        Parameters
        ----------
        conductance_S : ndarray, shape (n,)
        counts : ndarray of int, shape (n,)
            Pulses to each device: positive up, negative down.
        devices : PulsedDevices
        rngs : tuple of two Generators
            Of the multiplicative and of the additive noise of a step.
        """
        out, left = conductance_S.copy(), np.abs(counts)
        at = np.flatnonzero(left)
        while at.size:
            out[at] = self._stepped(out[at], counts[at] > 0, at, devices, rngs)
            left[at] -= 1
            at = at[left[at] > 0]
        return out

    def _stepped(
        self,
        g_S: Array,
        up: NDArray[np.bool_],
        at: NDArray[np.intp],
        devices: PulsedDevices,
        rngs: tuple[np.random.Generator, np.random.Generator],
    ) -> Array:
        """Conductances of the devices `at` after one pulse each, (k,)."""
        low, high = devices.low_S[at], devices.high_S[at]
        range_S = high - low
        x = np.divide(g_S - low, range_S, out=np.zeros_like(g_S), where=range_S > 0)
        rise, fall = answer(self, "factors", np.clip(x, 0.0, 1.0))
        nominal = np.where(up, devices.up_S[at], -devices.down_S[at])
        step = nominal * np.where(up, rise, fall)
        if self.cycle_noise:
            step *= 1 + self.cycle_noise * rngs[0].standard_normal(at.size)
        if self.cycle_noise_additive:
            step += self.cycle_noise_additive * nominal * rngs[1].standard_normal(at.size)
        after: Array = np.clip(g_S + step, np.minimum(g_S, low), np.maximum(g_S, high))
        return after


class LinearStep(PulseLaw):
    """A step that changes linearly over the range; see the module.

    Parameters
    ----------
    gamma_up, gamma_down : float
        Slope: 0 is a constant step, 1 a step that vanishes at the bound it goes to.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.LinearStep(states=1000, cycle_noise=0.3)
    LinearStep(states=1000.0, cycle_noise=0.3)
    """

    law: Literal["linear_step"] = "linear_step"
    gamma_up: Annotated[SignedShare, Field(ge=-1, le=1)] = 0.0
    gamma_down: Annotated[SignedShare, Field(ge=-1, le=1)] = 0.0

    def factors(self, x: Array) -> tuple[Array, Array]:
        """Step over the nominal step, up and down."""
        s = 2 * x - 1
        return 1 - self.gamma_up * s, 1 + self.gamma_down * s


class SoftBounds(PulseLaw):
    r"""A step proportional to the distance from the bound it goes to.

    From G_0, n up pulses lead to :math:`G_\max - (G_\max - G_0)(1 - 1/N)^n`, N being `states`.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.SoftBounds(states=100)
    SoftBounds(states=100.0)
    """

    law: Literal["soft_bounds"] = "soft_bounds"

    def factors(self, x: Array) -> tuple[Array, Array]:
        """Step over the nominal step, up and down."""
        return 1 - x, x


class ExponentialStep(PulseLaw):
    """A step that decays exponentially over the range; see the module.

    Parameters
    ----------
    a, b : float
        Slope and offset of z = a s + b.
    amplitude_up, amplitude_down : float
        Amplitudes A_up and A_down; negative ones make steps larger than the nominal one.
    gamma_up, gamma_down : float
        Decay of the step over z.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.ExponentialStep(states=100, a=1.0, b=2.0)
    ExponentialStep(states=100.0, a=1.0, b=2.0)
    """

    law: Literal["exponential_step"] = "exponential_step"
    a: SignedShare = 0.0
    b: SignedShare = 0.0
    amplitude_up: SignedShare = 0.0
    amplitude_down: SignedShare = 0.0
    gamma_up: SignedShare = 0.0
    gamma_down: SignedShare = 0.0

    def factors(self, x: Array) -> tuple[Array, Array]:
        """Step over the nominal step, up and down."""
        z = self.a * (2 * x - 1) + self.b
        up = 1 - self.amplitude_up * np.exp(self.gamma_up * z)
        down = 1 - self.amplitude_down * np.exp(-self.gamma_down * z)
        return np.maximum(up, 0.0), np.maximum(down, 0.0)


Pulse = Annotated[
    PulseLaw | None, one_of(LinearStep, SoftBounds, ExponentialStep, of=PulseLaw), IDEAL
]
