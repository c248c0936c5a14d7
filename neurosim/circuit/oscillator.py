r"""The law of coupled oscillators: a node is a phase, and puts out its cosine and its sine.

With the phase :math:`\theta = u / \text{unit\_V}` against the reference of the chip, weights in
units of g, and the rate :math:`K = g / C` [rad/s] of a coupling of weight 1,

.. math::
    \frac{\dot\theta_i}{K} = - \sum_j J_{ij} \sin(\theta_i - \theta_j + a) - h_i \sin(\theta_i + a)
        - \sum_j k_j \sin(\theta_i - \vartheta_j + a) - S \sin 2\theta_i + \omega_i / K
        + \sqrt{2 D}\,\xi_i / K

(Adler 1946; Kuramoto 1975; with the angle a of Sakaguchi and Kuramoto 1986; with sub-harmonic
locking S as in the oscillator Ising machines of Wang and Roychowdhury 2019). A bias h is a coupling
to the reference, at phase 0; a spring k is one to a source at its phase. Nothing leaks.

With a = 0 the phases descend

.. math::
    E = - \tfrac12 \sum_{ij} J_{ij} \cos(\theta_i - \theta_j) - \sum_i h_i \cos \theta_i
        - \sum_i k_i \cos(\theta_i - \vartheta_i) - \tfrac{S}{2} \sum_i \cos 2\theta_i
        - \sum_i \omega_i \theta_i / K.

Two outputs make it four products of a matrix a step, whatever is coupled to what:
:math:`\sum_j J_{ij} \sin(\theta_j - \theta_i) = \cos\theta_i (J \sin\theta)_i -
\sin\theta_i (J \cos\theta)_i`.

In place of the sine and its angle there may be any interaction of `neurosim.circuit.interaction`,
with four products a harmonic. It is that of couplings and springs; the reference is a sine wave, so
that a bias has the first harmonic alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Excess, Hertz, SigmaVolt, SignedShare, Wait, Within
from neurosim.blocks.units import format_quantity
from neurosim.blocks.words import IDEAL
from neurosim.circuit.interaction import Interaction, Wave, every, sine_wave
from neurosim.circuit.locking import Locking
from neurosim.circuit.outputs import Amplifiers
from neurosim.contrasts import Contrast, CosineOfDifference

__all__ = ["Oscillator"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]

_HALF_TURN = Within(
    -np.pi,
    np.pi,
    f"from -{np.pi:.4f} to {np.pi:.4f} rad, half a turn either way",
    "leave out whole turns, which change nothing",
    "rad",
)
# Above it a settle has more steps than anyone waits for.
_SYNC = Within(
    0.0,
    1000.0,
    "at most 1000 couplings of weight 1",
    "write it in weights, not in siemens or percent",
)
# As `neurosim.analysis.energy.FORMULAS`, where phases have others.
_AMPLITUDE = ("node.law.amplitude_V",)
_FORMULAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "couplings": (
        "sum of A^2 G (1 - cos of the phase between both ends) over devices, settling, driving, "
        "reading",
        _AMPLITUDE,
    ),
    "springs": ("sum of A^2 K (1 - cos of the phase from the source), the same", _AMPLITUDE),
    "leaks": ("none: phases have no leak", ()),
    "precharge": ("none: a phase is set by no charge", ()),
    "amplifiers": ("power x nodes x (settling, driving, reading)", ("supply.amplifier_W",)),
    "drivers": ("none: oscillators deliver no direct current", ()),
}


class Oscillator(Sourced):
    """Nodes that oscillate, each a phase against one reference.

    Parameters
    ----------
    law : {"oscillator"}
        Names this law.
    angle_rad : float
        Sakaguchi angle a of every coupling, bias and spring, within half a turn; other than 0 there
        is no co-content.
    interaction : Interaction or None
        What a waveform and a phase response make of a coupling, in place of that; None: sine waves.
    sync : float
        Sub-harmonic injection locking S, in weights, at most 1000.
    ramp_s : float
        Time in which S rises from 0 after nodes were set, see `neurosim.circuit.locking`.
    detuning_Hz : float
        Standard deviation of the natural frequencies about the reference, drawn at fabrication.
    linewidth_Hz : float
        Full width at half maximum of the line of an oscillator by itself: its phase diffuses as
        <theta^2> = 2 D t with D = pi linewidth [rad^2/s]. On where `thermal.temperature_K` is a
        number: at that temperature.
    amplitude_V : float
        Of the fundamental at a node, which couplings turn into heat; 0: they take no power.

    Examples
    --------
    >>> Oscillator(sync=0.1)
    Oscillator(sync=0.1)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "interaction")
    unit_weights: ClassVar[bool] = False
    unit_metric: ClassVar[bool] = True
    formulas: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = _FORMULAS

    law: Literal["oscillator"] = "oscillator"
    angle_rad: Annotated[SignedShare, _HALF_TURN] = 0.0
    interaction: Annotated[Interaction | None, IDEAL] = None
    sync: Annotated[Excess, _SYNC] = 0.0
    ramp_s: Wait = 0.0
    detuning_Hz: Hertz = 0.0
    linewidth_Hz: Hertz = 0.0
    amplitude_V: SigmaVolt = 0.0

    @model_validator(mode="after")
    def _one_interaction(self) -> Self:
        if self.angle_rad and self.interaction is not None:
            text = f"must be ideal where interaction is stated, but is {self.angle_rad:g} rad; "
            raise BlockError([(("angle_rad",), f"{text}turn its phases by it instead")])
        return self

    def doubts(self, most_pull: float, tau_s: float, settle_s: float) -> Iterator[tuple[str, str]]:
        """Fields whose numbers are allowed and odd, and why.

        Parameters
        ----------
        most_pull : float
            Sum of all couplings of a node at full scale, in weights.
        tau_s : float
            1 / K.
        settle_s : float
            Time of a settle.
        """
        if abs(self.angle_rad) >= np.pi / 2:
            yield (
                "angle_rad",
                f"is {self.angle_rad:.3g} rad; from a quarter turn, 1.57 rad, positive weights and "
                "springs do not pull phases together",
            )
        if self.sync > most_pull and not self.ramp_s:
            yield (
                "sync",
                f"is {self.sync:.3g}, more than all couplings of a node pull with, "
                f"{most_pull:.3g}: phases lock where they start; lower it, or state a ramp_s",
            )
        if self.sync and self.ramp_s > settle_s:
            yield (
                "ramp_s",
                f"is {format_quantity(self.ramp_s, 's')}, longer than a settle of "
                f"{format_quantity(settle_s, 's')}: phases are read before sync is all there",
            )
        if 2 * np.pi * self.detuning_Hz * tau_s > most_pull:
            locked_Hz = most_pull / (2 * np.pi * tau_s)
            yield (
                "detuning_Hz",
                f"is {format_quantity(self.detuning_Hz, 'Hz')}, beyond the "
                f"{format_quantity(locked_Hz, 'Hz')} within which all couplings of a node at full "
                "scale lock it",
            )

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        """Harmonics of the interaction."""
        return sine_wave(self.angle_rad) if self.interaction is None else self.interaction.waves

    @property
    def n_outputs(self) -> int:
        """Two for each harmonic."""
        return 2 * len(self.waves)

    @property
    def odd(self) -> bool:
        """See `Oscillating.odd`."""
        return not any(wave.even for wave in self.waves)

    @property
    def shares(self) -> tuple[float, ...]:
        """See `Oscillating.shares`."""
        return tuple(wave.share for wave in self.waves for _ in range(2))

    @property
    def steepness(self) -> float:
        """See `Oscillating.steepness`."""
        return sum(wave.steepness for wave in self.waves)

    @property
    def diffusion_rad2_per_s(self) -> float:
        """See `Oscillating.diffusion_rad2_per_s`: a Lorentzian line is D / pi wide."""
        return float(np.pi * self.linewidth_Hz)

    def locking(self, unit_V: float, unit_S: float, capacitance_F: Array, z: Array) -> Locking:
        """See `Oscillating.locking`."""
        detuning_A = unit_V * capacitance_F * 2 * np.pi * self.detuning_Hz * z
        sync_S = np.full(len(z), self.sync * unit_S)
        return Locking(unit_V, sync_S, detuning_A, self.ramp_s)

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Cosine and sine of the phase, times the unit voltage, of each harmonic."""
        unit_V = amplifiers.unit_V
        return tuple(unit_V * y for y in every(self.waves, "outputs", u_V / unit_V))

    def output_slopes(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """See `Oscillating.output_slopes`."""
        return every(self.waves, "output_slopes", u_V / amplifiers.unit_V)

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """-sin and cos of the phase and the angle, or what the interaction has."""
        return every(self.waves, "weights", u_V / amplifiers.unit_V)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Their slopes, over the unit voltage."""
        unit_V = amplifiers.unit_V
        return tuple(slope / unit_V for slope in every(self.waves, "weight_slopes", u_V / unit_V))

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """1."""
        del amplifiers
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """unit_V^2 (1 - cos(theta - source)), or the like of the interaction's odd parts."""
        unit_V, total = amplifiers.unit_V, np.zeros(np.broadcast_shapes(u_V.shape, source_V.shape))
        away = (u_V - source_V) / unit_V
        for k, odd, _ in (wave.harmonic for wave in self.waves):
            total += odd / k * (1 - np.cos(k * away))
        return np.asarray(unit_V**2 * total)

    def contrast(self) -> Contrast:
        """Cosine of the difference of two phases, and what turns it."""
        return CosineOfDifference(tuple(wave.harmonic for wave in self.waves))

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        for n, (k, out, odd, even) in enumerate(self.waves):
            cosine, sine = outputs[2 * n], outputs[2 * n + 1]
            np.multiply(u_V, k / amplifiers.unit_V, out=work)
            np.cos(work, out=cosine)
            np.sin(work, out=sine)
            if weights is not None:
                first, second = weights[2 * n], weights[2 * n + 1]
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
