r"""What a coupling of oscillators does that are no sine waves: a waveform times a phase response.

A node puts out a waveform, and a current that it receives turns its phase by its response to it
(perturbation projection vector), at the phase that it has. With the Fourier series

.. math::
    \text{waveform}(\theta) = \sum_k A_k \cos(k\theta + \alpha_k), \qquad
    \text{response}(\theta) = \sum_k P_k \cos(k\theta + \rho_k),

what is left of both, averaged over a cycle, of a node that is psi ahead of its neighbour is

.. math::
    \Gamma(\psi) = \langle \text{response}(\theta + \psi)\,\text{waveform}(\theta) \rangle
    = \tfrac12 \sum_k A_k P_k \cos(k\psi + \rho_k - \alpha_k)

(Kuramoto 1984; harmonic by harmonic in Hasan et al., arXiv 2605.17243). Over the size of the first
harmonic, for K is that of a coupling of weight 1, it is :math:`\sum_k - o_k \sin k\psi +
e_k \cos k\psi`. The odd parts o have the energy :math:`-\sum_k (o_k / k) \cos k\psi`; the even ones
have none: an energy asks for a quadrature of waveform and response in every harmonic, :math:`\rho_k
- \alpha_k = \pm \pi / 2`. A sine wave with Sakaguchi's angle a has :math:`o = \cos a`,
:math:`e = - \sin a`.

Each harmonic is two outputs and two weights of their sums,

.. math::
    y = A_k (\cos k\theta, \sin k\theta), \qquad
    w = P_k (\epsilon \cos k\theta - \omega \sin k\theta,
             \epsilon \sin k\theta + \omega \cos k\theta),

with :math:`(\epsilon, \omega) = (\cos, \sin)(\rho_k - \alpha_k)`: four products of the couplings a
step for each. Where it is odd, :math:`w = s\,dy/d\theta` with the share :math:`s = \omega P_k / (k
A_k)` of the output in the co-content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.points import in_place_of
from neurosim.circuit.cycles import MOST, read_cycle
from neurosim.contrasts import Contrast, CosineOfDifference, Harmonic

__all__ = ["Harmonics", "Interaction", "Wave", "sine_wave"]

Array = NDArray[np.float64]

# Of a quadrature, in radians: 1.5708 is one.
_QUADRATURE = 1e-5
_Series = Annotated[tuple[tuple[float, float], ...], Field(max_length=MOST)]


class Wave(NamedTuple):
    """One harmonic of both, over the size of the first.

    Attributes
    ----------
    number : int
        k.
    out : float
        A_k: its size in what a node puts out.
    odd, even : float
        P_k omega and P_k epsilon.
    """

    number: int
    out: float
    odd: float
    even: float

    def outputs(self, phase: Array) -> tuple[Array, Array]:
        """Two, y over the unit voltage."""
        turned = self.number * phase
        return self.out * np.cos(turned), self.out * np.sin(turned)

    def output_slopes(self, phase: Array) -> tuple[Array, Array]:
        """dy/dtheta."""
        cosine, sine = self.outputs(phase)
        return -self.number * sine, self.number * cosine

    def weights(self, phase: Array) -> tuple[Array, Array]:
        """Two, w."""
        cosine, sine = np.cos(self.number * phase), np.sin(self.number * phase)
        return self.even * cosine - self.odd * sine, self.even * sine + self.odd * cosine

    def weight_slopes(self, phase: Array) -> tuple[Array, Array]:
        """dw/dtheta."""
        first, second = self.weights(phase)
        return -self.number * second, self.number * first

    @property
    def share(self) -> float:
        """How much of w is dy/dtheta, of the odd part."""
        return self.odd / (self.number * self.out)

    @property
    def steepness(self) -> float:
        """Largest slope of Gamma_k by psi."""
        return self.number * self.out * float(np.hypot(self.odd, self.even))

    @property
    def harmonic(self) -> Harmonic:
        """What a host knows of it."""
        return Harmonic(self.number, self.out * self.odd, self.out * self.even)


class Interaction(Sourced):
    """Fourier series of what a node puts out and of how it responds, from the first harmonic on.

    Parameters
    ----------
    waveform : sequence of (float, float)
        A_k, in any unit, and alpha_k [rad].
    response : sequence of (float, float)
        P_k, in any unit, and rho_k [rad], of as many harmonics. Within 1e-5 rad of it a quadrature
        is one.
    table : path, optional
        In place of both series: a file of three columns, phase, waveform and phase response, over
        one cycle, see `neurosim.circuit.cycles`.

    Examples
    --------
    >>> sine = Interaction(waveform=((1.0, 0.0),), response=((1.0, 1.5708),))
    >>> sine.waves
    (Wave(number=1, out=1.0, odd=1.0, even=0.0),)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = ("waveform", "response")
    unwritten: ClassVar[tuple[str, ...]] = ("table",)
    told_by: ClassVar[tuple[str, ...]] = ("waveform", "table")

    waveform: _Series = ()
    response: _Series = ()
    table: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_table(cls, tree: Any, info: ValidationInfo) -> Any:
        return in_place_of(tree, ("waveform", "response"), read_cycle, info)

    @model_validator(mode="after")
    def _of_as_many_harmonics(self) -> Self:
        text = "missing; it must be stated, or a `table` of both series"
        found = [((name,), text) for name in ("waveform", "response") if not getattr(self, name)]
        if found:
            raise BlockError(found)
        if len(self.waveform) != len(self.response):
            text = f"must have a size and a phase for each of {len(self.waveform)} harmonics of "
            text += f"waveform, but has {len(self.response)}; write 0 for what is not there"
            found.append((("response",), text))
        for name in ("waveform", "response"):
            sizes = [size for size, _ in getattr(self, name)]
            if sizes[0] <= 0 or min(sizes) < 0:
                text = "must have sizes of at least 0, the first one above 0, but has "
                text += f"{', '.join(f'{size:g}' for size in sizes)}; turn a phase by pi instead"
                found.append(((name,), text))
        if found:
            raise BlockError(found)
        return self

    @property
    def waves(self) -> tuple[Wave, ...]:
        """Those that both have."""
        (a, _), (p, _) = self.waveform[0], self.response[0]
        found = []
        series = zip(self.waveform, self.response, strict=True)
        for k, ((out, alpha), (size, phase)) in enumerate(series, 1):
            if not out or not size:
                continue
            ahead = phase - alpha
            odd, even = float(np.sin(ahead)), float(np.cos(ahead))
            if abs(even) < _QUADRATURE:
                odd, even = float(np.sign(odd)), 0.0
            found.append(Wave(k, out / a, size / p * odd, size / p * even))
        return tuple(found)


def sine_wave(angle_rad: float) -> tuple[Wave, ...]:
    """That of Kuramoto, with Sakaguchi's angle."""
    return (Wave(1, 1.0, float(np.cos(angle_rad)), float(-np.sin(angle_rad))),)


@dataclass(frozen=True)
class Harmonics:
    """Waves of an interaction, see `neurosim.circuit.waves.Waves`: two for each harmonic.

    Nothing pulls an oscillator but what is coupled to it, and the unit voltage is a radian.

    Parameters
    ----------
    waves : tuple of Wave
    """

    waves: tuple[Wave, ...]

    field = 0.0

    @property
    def shares(self) -> tuple[float, ...]:
        """See `Waves.shares`."""
        return tuple(wave.share for wave in self.waves for _ in range(2))

    @property
    def odd(self) -> bool:
        """See `Waves.odd`."""
        return not any(wave.even for wave in self.waves)

    @property
    def steepness(self) -> float:
        """See `Waves.steepness`."""
        return sum(wave.steepness for wave in self.waves)

    @property
    def source_steepness(self) -> float:
        """That of a coupling: sources put out what nodes do."""
        return self.steepness

    def radians(self, sizes: Sequence[int]) -> float:
        """1."""
        del sizes
        return 1.0

    def sent(self, phase: Array) -> tuple[Array, ...]:
        """See `Waves.sent`."""
        return tuple(y for wave in self.waves for y in wave.outputs(phase))

    def sent_slopes(self, phase: Array) -> tuple[Array, ...]:
        """See `Waves.sent_slopes`."""
        return tuple(slope for wave in self.waves for slope in wave.output_slopes(phase))

    def felt(self, phase: Array) -> tuple[Array, ...]:
        """See `Waves.felt`."""
        return tuple(w for wave in self.waves for w in wave.weights(phase))

    def felt_slopes(self, phase: Array) -> tuple[Array, ...]:
        """See `Waves.felt_slopes`."""
        return tuple(slope for wave in self.waves for slope in wave.weight_slopes(phase))

    def of_source(self, phase: Array) -> tuple[Array, ...]:
        """What a node at this phase sends."""
        return self.sent(phase)

    def pull(self, away: Array) -> Array:
        """See `Waves.pull`: of the odd parts."""
        total = np.zeros_like(away)
        for k, odd, _ in (wave.harmonic for wave in self.waves):
            total += odd / k * (1 - np.cos(k * away))
        return total

    def write(
        self, u_V: Array, per_V: float | Array, work: Array, sent: Array, felt: Array | None
    ) -> None:
        """See `Waves.write`."""
        for n, (k, out, odd, even) in enumerate(self.waves):
            cosine, sine = sent[2 * n], sent[2 * n + 1]
            np.multiply(u_V, k * per_V, out=work)
            np.cos(work, out=cosine)
            np.sin(work, out=sine)
            if felt is not None:
                first, second = felt[2 * n], felt[2 * n + 1]
                np.multiply(sine, -odd, out=first)
                np.multiply(cosine, odd, out=second)
                if even:
                    np.multiply(cosine, even, out=work)
                    first += work
                    np.multiply(sine, even, out=work)
                    second += work
            if out != 1:
                cosine *= out
                sine *= out

    def contrast(self) -> Contrast:
        """Cosine of the difference of two phases, and what turns it."""
        return CosineOfDifference(tuple(wave.harmonic for wave in self.waves))
