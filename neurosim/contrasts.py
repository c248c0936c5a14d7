r"""What the outputs of two nodes tell of the coupling between them, kind by kind.

========================== ============================== ===============================
kind                       dE/dW of a coupling            dE/db of a bias
========================== ============================== ===============================
`Product`                  :math:`-v_i v_j`               :math:`-v_i`
`HalfSquaredDifference`    :math:`(v_i - v_j)^2 / 2`      :math:`(v_i - 1)^2 / 2`
`CosineOfDifference`       :math:`-\cos(v_i - v_j)`       :math:`-\cos v_i`
`DifferentialCosine`       :math:`-\cos(v_i - v_j) +      :math:`-\sin v_i`
                           \cos v_i + \cos v_j`
========================== ============================== ===============================

E is the co-content in units of the data sheet and v an output as it is read: a voltage over the
unit, or a phase in radians. A bias is a coupling to a rail at 1, or to an oscillator at phase 0 or,
of the last kind, a quarter turn ahead; there a visible v counts in units of another phase.
Equilibrium propagation compares the same kind in two phases: a local quantity each time.

A kind that is `Directed` knows more than an energy: what a coupling does to either end, whether or
not both are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.network import Layers, Weights

__all__ = [
    "Contrast",
    "CosineOfDifference",
    "DifferentialCosine",
    "Directed",
    "HalfSquaredDifference",
    "Harmonic",
    "Product",
]

Array = NDArray[np.float64]


class Contrast(Protocol):
    """One kind of coupling, as the host sees it."""

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """Mean over the rows of outputs, (rows, n_nodes), of dE/dW and dE/db."""

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """What a spring of weight 1 delivers to a node so far away from its source.

        Parameters
        ----------
        away : ndarray, shape (rows, n)
        visible : ndarray of bool, shape (n,)
            Which of these nodes are visible ones.
        """


@runtime_checkable
class Directed(Protocol):
    """A kind that says what a coupling does to each of its ends, which may differ.

    States are (rows, n_nodes), as they are read.
    """

    @property
    def alike(self) -> bool:
        """Whether both ends feel the same, so that there is an energy."""

    def apart(self, rest: Array, now: Array, weights: Weights, layers: Layers) -> Array:
        """(J - J^T) (now - rest), J the Jacobian of the couplings at rest, (rows, n_nodes)."""

    def gained(self, high: Array, low: Array, layers: Layers) -> Weights:
        """Mean over the rows of -(high - low)^T dF/dW and dF/db, F half-way between both states.

        Where there is an energy, its derivative at `high` less that at `low`, but for the third
        power of their distance.
        """


def _products(outputs: Array, layers: Layers) -> Array:
    """Mean product of the two ends of every crosspoint, (n_odd, n_even)."""
    mean: Array = outputs[:, layers.odd].T @ outputs[:, layers.even] / len(outputs)
    return mean


class _Straight:
    """Of couplings whose springs are conductances."""

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """The distance itself."""
        del visible
        return away


@dataclass(frozen=True)
class Product(_Straight):
    """An amplifier drives current into a node through a conductance.

    Examples
    --------
    >>> Product().derivative(np.array([[0.5, 2.0]]), Layers((1, 1))).vector
    array([-1. , -0.5, -2. ])
    """

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        product = _products(outputs, layers)
        return Weights(np.where(layers.present, -product, 0.0), -outputs.mean(axis=0))


@dataclass(frozen=True)
class HalfSquaredDifference(_Straight):
    r"""A resistor between two nodes, loaded at both ends.

    Parameters
    ----------
    gain : float
        A of amplifiers between layers, :math:`(A v_i - v_j)^2 / 2 \lambda_j^2`: see `lift_of`.

    Examples
    --------
    >>> HalfSquaredDifference().derivative(np.array([[0.5, 2.0]]), Layers((1, 1))).vector
    array([1.125, 0.125, 0.5  ])
    """

    gain: float = 1.0

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        lift = lift_of(layers, self.gain)
        y = outputs / lift
        squares = (y**2).mean(axis=0) / 2
        ends = squares[layers.odd][:, None] + squares[layers.even]
        across = np.where(layers.present, ends - _products(y, layers), 0.0)
        return Weights(across, (((outputs - 1) / lift) ** 2).mean(axis=0) / 2)


def lift_of(layers: Layers, gain: float) -> Array:
    """What amplifiers of that gain, of all hidden nodes, leave of 1 in the last layer, (n_nodes,).

    A^(l - n) in layer l of 0 ... n; in layer 0 as in layer 1, for inputs have no amplifiers.
    """
    return np.asarray(gain ** (np.maximum(layers.layer_of, 1.0) - (len(layers.sizes) - 1)))


class Harmonic(NamedTuple):
    r"""One harmonic of what a coupling of weight 1 turns a phase by, psi ahead of the other's.

    .. math:: \Gamma_k(\psi) = - o \sin k\psi + e \cos k\psi

    Attributes
    ----------
    number : int
        k, from 1.
    odd, even : float
        o and e, over the size of the first harmonic.
    """

    number: int
    odd: float
    even: float

    def pulls(self, phase: Array) -> tuple[Array, Array]:
        """Weights of the other end's cosine and sine of k times its phase, at phases of its own."""
        cosine, sine = np.cos(self.number * phase), np.sin(self.number * phase)
        return self.even * cosine - self.odd * sine, self.even * sine + self.odd * cosine


@dataclass(frozen=True)
class CosineOfDifference:
    r"""Two oscillators that pull each other into phase.

    .. math:: F_i = \sum_j W_{ij}\,\Gamma(\theta_i - \theta_j) + b_i\,\Gamma_1(\theta_i),
              \qquad \Gamma = \sum_k \Gamma_k

    The odd parts have the energy :math:`-\sum_k (o_k / k) \cos k\psi`; the even ones have none, and

    .. math:: J_{ij} - J_{ji} = 2 W_{ij} \sum_k k\,e_k \sin k(\theta_i - \theta_j).

    Parameters
    ----------
    harmonics : tuple of Harmonic
        One with o = 1 and e = 0 is the sine of Kuramoto; cos a and -sin a have Sakaguchi's angle a.
        A bias, from a reference that is a sine wave, has the first alone.

    Examples
    --------
    >>> CosineOfDifference().derivative(np.array([[0.0, np.pi]]), Layers((1, 1))).vector
    array([ 1., -1.,  1.])
    """

    harmonics: tuple[Harmonic, ...] = (Harmonic(1, 1.0, 0.0),)

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`: of the odd parts."""
        coupling, bias = np.zeros(layers.present.shape), np.zeros(layers.n_nodes)
        for k, odd, _ in self.harmonics:
            cosine, sine = np.cos(k * outputs), np.sin(k * outputs)
            aligned = _products(cosine, layers) + _products(sine, layers)
            coupling -= odd / k * aligned
            bias -= odd * cosine.mean(axis=0) if k == 1 else 0.0
        return Weights(np.where(layers.present, coupling, 0.0), bias)

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """-Gamma: a spring is an injection from a source at another phase."""
        del visible
        parts = [odd * np.sin(k * away) for k, odd, _ in self.harmonics]
        parts += [-even * np.cos(k * away) for k, _, even in self.harmonics if even]
        return np.asarray(sum(parts))

    @property
    def alike(self) -> bool:
        """See `Directed`."""
        return not any(even for _, _, even in self.harmonics)

    def apart(self, rest: Array, now: Array, weights: Weights, layers: Layers) -> Array:
        """See `Directed`: two products of the couplings for each even harmonic."""
        away, total = within_half_a_turn(now - rest), np.zeros_like(rest)
        for k, _, even in self.harmonics:
            if not even:
                continue
            cosine, sine = np.cos(k * rest), np.sin(k * rest)
            felt = sine * _through(weights, cosine * away, layers)
            felt -= cosine * _through(weights, sine * away, layers)
            total += 2 * k * even * felt
        return total

    def gained(self, high: Array, low: Array, layers: Layers) -> Weights:
        """See `Directed`; over the shorter way round."""
        moved = within_half_a_turn(high - low)
        middle, rows = low + moved / 2, len(low)
        coupling, bias = np.zeros(layers.present.shape), np.zeros(layers.n_nodes)
        for harmonic in self.harmonics:
            ends = np.cos(harmonic.number * middle), np.sin(harmonic.number * middle)
            for y, pull in zip(ends, harmonic.pulls(middle), strict=True):
                told = moved * pull
                coupling -= told[:, layers.odd].T @ y[:, layers.even]
                coupling -= y[:, layers.odd].T @ told[:, layers.even]
            if harmonic.number == 1:
                bias -= (moved * harmonic.pulls(middle)[0]).sum(axis=0)
        return Weights(np.where(layers.present, coupling, 0.0) / rows, bias / rows)


@dataclass(frozen=True)
class DifferentialCosine:
    r"""Two oscillators that send how their waves differ from the reference's.

    .. math:: -[\cos(a_i v_i - a_j v_j) - \cos a_i v_i - \cos a_j v_j + 1] / (a_i a_j), \qquad
              -\sin(a_i v_i) / a_i

    Parameters
    ----------
    visible_rad : float
        Phase a [rad] of a visible oscillator that is read as 1; of others it is 1.
    angle_rad : float
        Sakaguchi's: it leaves its cosine of both, and a spring delivers the sine of a sum.

    Examples
    --------
    >>> DifferentialCosine().derivative(np.array([[np.pi / 2, 0.0]]), Layers((1, 1))).vector + 0.0
    array([ 0., -1.,  0.])
    """

    visible_rad: float = 1.0
    angle_rad: float = 0.0

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        radians = self._radians(np.arange(layers.n_nodes) < layers.n_visible)
        phase = outputs * radians
        sine, cosine = np.sin(phase) / radians, (1 - np.cos(phase)) / radians
        aligned = _products(sine, layers) + _products(cosine, layers)
        left = np.cos(self.angle_rad)
        return Weights(np.where(layers.present, -left * aligned, 0.0), -left * sine.mean(axis=0))

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """The sine of the phase and the angle, in the node's own unit."""
        radians = self._radians(visible)
        return np.asarray(np.sin(radians * away + self.angle_rad) / radians)

    def _radians(self, visible: NDArray[np.bool_]) -> Array:
        return np.where(visible, self.visible_rad, 1.0)


def within_half_a_turn(angle: Array) -> Array:
    """The same angles [rad], from -pi to pi."""
    return np.asarray(np.pi - (np.pi - angle) % (2 * np.pi))


def _through(weights: Weights, y: Array, layers: Layers) -> Array:
    """Sum over neighbours of W y, (rows, n_nodes)."""
    out = np.empty_like(y)
    out[:, layers.odd] = y[:, layers.even] @ weights.coupling.T
    out[:, layers.even] = y[:, layers.odd] @ weights.coupling
    return out
