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
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Excess, Hertz, SigmaVolt, SignedShare, Wait
from neurosim.blocks.units import format_quantity
from neurosim.blocks.words import Word
from neurosim.circuit.locking import Locking
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.waves import Graded, InPhase, Waves
from neurosim.contrasts import Contrast

__all__ = ["Oscillator"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]

# In weights; above, a settle has more steps than anyone waits for.
_MOST_SYNC = 1000.0
# As `neurosim.analysis.energy.FORMULAS`, where phases have others.
_IN_PHASE = InPhase()
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
    graded : Graded or None
        Couplings, biases and a field that make oscillators graded neurons, as a flow needs them,
        see `neurosim.circuit.waves`; none: those of the equation above.

    Examples
    --------
    >>> Oscillator(sync=0.1)
    Oscillator(sync=0.1)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "graded")
    n_outputs: ClassVar[int] = 2
    unit_weights: ClassVar[bool] = False
    unit_metric: ClassVar[bool] = True
    formulas: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = _FORMULAS

    law: Literal["oscillator"] = "oscillator"
    angle_rad: SignedShare = 0.0
    sync: Excess = 0.0
    ramp_s: Wait = 0.0
    detuning_Hz: Hertz = 0.0
    linewidth_Hz: Hertz = 0.0
    amplitude_V: SigmaVolt = 0.0
    graded: Annotated[Graded | None, Word("none", or_null=True)] = None

    @model_validator(mode="after")
    def _within_the_model(self) -> Self:
        found = []
        if abs(self.angle_rad) > np.pi:
            text = f"must be from -{np.pi:.4f} to {np.pi:.4f} rad, half a turn either way, but is "
            text += f"{self.angle_rad:g} rad; leave out whole turns, which change nothing"
            found.append((("angle_rad",), text))
        if self.sync > _MOST_SYNC:
            text = f"must be at most {_MOST_SYNC:g} couplings of weight 1, but is {self.sync:g}; "
            text += "write it in weights, not in siemens or percent"
            found.append((("sync",), text))
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

    @property
    def odd(self) -> bool:
        """See `Oscillating.odd`."""
        return self.angle_rad == 0

    @property
    def leaks(self) -> bool:
        """See `Oscillating.leaks`."""
        return self.shape.field > 0

    @property
    def diffusion_rad2_per_s(self) -> float:
        """See `Oscillating.diffusion_rad2_per_s`: a Lorentzian line is D / pi wide."""
        return float(np.pi * self.linewidth_Hz)

    @property
    def shape(self) -> Waves:
        """What its nodes send and feel."""
        return _IN_PHASE if self.graded is None else self.graded

    def radian_V(self, unit_V: float, sizes: Sequence[int]) -> float | Array:
        """See `Oscillating.radian_V`."""
        return unit_V / self.shape.radians(sizes)

    def reach_V(self, radian_V: float | Array) -> float | Array:
        """See `Oscillating.reach_V`."""
        return radian_V * self.shape.reach

    def locking(
        self, radian_V: float | Array, unit_S: float, capacitance_F: Array, z: Array
    ) -> Locking:
        """See `Oscillating.locking`."""
        detuning_A = radian_V * capacitance_F * 2 * np.pi * self.detuning_Hz * z
        sync_S = np.full(len(z), self.sync * unit_S)
        return Locking(radian_V, sync_S, detuning_A, self.ramp_s)

    def _radian_V(self, amplifiers: Amplifiers) -> float | Array:
        return self.radian_V(amplifiers.unit_V, [n for _, n in amplifiers.groups])

    def _scaled(self, waves: Outputs, radian_V: float | Array) -> Outputs:
        return tuple(radian_V * wave for wave in waves)

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Both waves of the phase, times the voltage of a radian."""
        radian_V = self._radian_V(amplifiers)
        return self._scaled(self.shape.sent(u_V / radian_V), radian_V)

    def sources_V(self, amplifiers: Amplifiers, source_V: Array) -> Outputs:
        """See `Oscillating.sources_V`."""
        radian_V = self._radian_V(amplifiers)
        return self._scaled(self.shape.of_source(source_V / radian_V), radian_V)

    def fixed_V(self, amplifiers: Amplifiers) -> Outputs:
        """See `Oscillating.fixed_V`: the field, which pulls against the second wave."""
        sizes = [n for _, n in amplifiers.groups]
        field_V = -self.shape.field * np.broadcast_to(self._radian_V(amplifiers), sum(sizes))
        return np.zeros_like(field_V), field_V

    def output_slopes(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """See `Oscillating.output_slopes`."""
        return self.shape.felt(u_V / self._radian_V(amplifiers))

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Slopes of both waves, where the phase and the angle are."""
        return self.shape.felt(u_V / self._radian_V(amplifiers) + self.angle_rad)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Their slopes, over the voltage of a radian."""
        radian_V = self._radian_V(amplifiers)
        bends = self.shape.bends(u_V / radian_V + self.angle_rad)
        return self._scaled(bends, 1 / radian_V)

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """1."""
        del amplifiers
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """(1 - cos(theta - source)), times the voltage of a radian squared."""
        radian_V = self._radian_V(amplifiers)
        return np.asarray(radian_V**2 * (1 - np.cos((u_V - source_V) / radian_V)))

    def contrast(self) -> Contrast:
        """That of its waves."""
        return self.shape.contrast()

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        radians = np.asarray(self.shape.radians([n for _, n in amplifiers.groups]), work.dtype)
        np.multiply(u_V, radians[..., None] / work.dtype.type(amplifiers.unit_V), out=work)
        self.shape.send(work, outputs, None if self.angle_rad else weights)
        if radians.ndim:
            outputs /= radians[:, None]
        if weights is not None and self.angle_rad:
            work += self.angle_rad
            self.shape.turn(work, weights)
