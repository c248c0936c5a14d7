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
that a bias has the first harmonic alone. Or nodes answer in degrees, see `neurosim.circuit.graded`:
each is an object of `neurosim.circuit.waves`, to which this law delegates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Excess, Hertz, SigmaVolt, SignedShare, Wait, Within
from neurosim.blocks.units import format_quantity
from neurosim.blocks.words import IDEAL, Word
from neurosim.circuit.graded import Degrees, Graded
from neurosim.circuit.interaction import Harmonics, Interaction, sine_wave
from neurosim.circuit.locking import Locking
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.waves import Waves
from neurosim.contrasts import Contrast

__all__ = ["Oscillator"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]

_LIMIT = f"from -{np.pi:.4f} to {np.pi:.4f} rad, half a turn either way"
_HALF_TURN = Within(-np.pi, np.pi, _LIMIT, "leave out whole turns, which change nothing", "rad")
# Above it a settle has more steps than anyone waits for.
_SYNC = Within(
    0.0, 1e3, "at most 1000 couplings of weight 1", "write it in weights, not in siemens or percent"
)
_KINDS = ("interaction", "graded")
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
        Amplitude of the fundamental at a node, which couplings turn into heat; 0: they take no
        power.
    graded : Graded or None
        Couplings, biases and a field that make oscillators graded neurons, as a flow needs them,
        see `neurosim.circuit.graded`; none: those of the equation above.

    Examples
    --------
    >>> Oscillator(sync=0.1)
    Oscillator(sync=0.1)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, *_KINDS)
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
    graded: Annotated[Graded | None, Word("none", or_null=True)] = None

    @model_validator(mode="after")
    def _one_kind_of_waves(self) -> Self:
        found = []
        if self.interaction is not None and self.graded is not None:
            text = "must be none where interaction is stated, for a node has one kind of waves, but"
            found.append((("graded",), f"{text} is {self.graded!r}; leave out either"))
        if self.angle_rad and self.interaction is not None:
            text = f"must be ideal where interaction is stated, but is {self.angle_rad:g} rad; "
            found.append((("angle_rad",), f"{text}turn its phases by it instead"))
        if self.graded is not None and self.amplitude_V:
            text = "must be ideal where graded is stated, for what differences of waves turn into "
            text += "heat is in no ledger, but is "
            text += f"{format_quantity(self.amplitude_V, 'V')}; state supply.amplifier_W instead"
            found.append((("amplitude_V",), text))
        if found:
            raise BlockError(found)
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
    def waves(self) -> Waves:
        """What its nodes send and feel."""
        if self.graded is not None:
            return Degrees(self.graded, self.angle_rad)
        if self.interaction is not None:
            return Harmonics(self.interaction.waves)
        return Harmonics(sine_wave(self.angle_rad))

    @property
    def n_outputs(self) -> int:
        """Two for each harmonic."""
        return len(self.waves.shares)

    @property
    def odd(self) -> bool:
        """See `Oscillating.odd`."""
        return self.waves.odd

    @property
    def shares(self) -> tuple[float, ...]:
        """See `Oscillating.shares`."""
        return self.waves.shares

    @property
    def steepness(self) -> float:
        """See `Oscillating.steepness`."""
        return self.waves.steepness

    @property
    def source_steepness(self) -> float:
        """See `Oscillating.source_steepness`."""
        return self.waves.source_steepness

    @property
    def leaks(self) -> bool:
        """See `Oscillating.leaks`."""
        return self.waves.field > 0

    @property
    def diffusion_rad2_per_s(self) -> float:
        """See `Oscillating.diffusion_rad2_per_s`: a Lorentzian line is D / pi wide."""
        return float(np.pi * self.linewidth_Hz)

    def radian_V(self, unit_V: float, sizes: Sequence[int]) -> float | Array:
        """See `Oscillating.radian_V`."""
        return unit_V / self.waves.radians(sizes)

    def locking(
        self, radian_V: float | Array, unit_S: float, capacitance_F: Array, z: Array
    ) -> Locking:
        """See `Oscillating.locking`."""
        detuning_A = radian_V * capacitance_F * 2 * np.pi * self.detuning_Hz * z
        sync_S = np.full(len(z), self.sync * unit_S)
        return Locking(radian_V, sync_S, detuning_A, self.ramp_s)

    def trimmed(self, z: Array, n_visible: int) -> Array:
        """See `Trims.trimmed`."""
        if self.graded is None:
            return z
        return np.append((1 - self.graded.visible_trim) * z[:n_visible], z[n_visible:])

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Waves of the phase, times the voltage of a radian."""
        radian_V = self._radian_V(amplifiers)
        return tuple(radian_V * y for y in self.waves.sent(u_V / radian_V))

    def sources_V(self, amplifiers: Amplifiers, source_V: Array) -> Outputs:
        """See `Oscillating.sources_V`."""
        radian_V = self._radian_V(amplifiers)
        return tuple(radian_V * y for y in self.waves.of_source(source_V / radian_V))

    def fixed_V(self, amplifiers: Amplifiers) -> Outputs:
        """See `Oscillating.fixed_V`: the field, which pulls against the second wave."""
        n = sum(n for _, n in amplifiers.groups)
        field_V = -self.waves.field * np.broadcast_to(self._radian_V(amplifiers), n)
        return tuple(field_V if k == 1 else np.zeros(n) for k in range(self.n_outputs))

    def output_slopes(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """See `Oscillating.output_slopes`."""
        return self.waves.sent_slopes(u_V / self._radian_V(amplifiers))

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """What turns the phase, of each wave."""
        return self.waves.felt(u_V / self._radian_V(amplifiers))

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Their slopes, over the voltage of a radian."""
        radian_V = self._radian_V(amplifiers)
        return tuple(slope / radian_V for slope in self.waves.felt_slopes(u_V / radian_V))

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """1."""
        del amplifiers
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """1 - cos(theta - source), or the like of its waves, times a radian's voltage squared."""
        radian_V = self._radian_V(amplifiers)
        return np.asarray(radian_V**2 * self.waves.pull((u_V - source_V) / radian_V))

    def contrast(self) -> Contrast:
        """That of its waves."""
        return self.waves.contrast()

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        radians = self.waves.radians([n for _, n in amplifiers.groups])
        if isinstance(radians, np.ndarray):
            radians = radians[:, None].astype(work.dtype)
        self.waves.write(u_V, radians / amplifiers.unit_V, work, outputs, weights)
        if isinstance(radians, np.ndarray):
            outputs /= radians

    def _radian_V(self, amplifiers: Amplifiers) -> float | Array:
        return self.radian_V(amplifiers.unit_V, [n for _, n in amplifiers.groups])
