"""How weights learn on a chip: by programming the host's shadow weights, or by pulses in place.

============================== ========================== ====================================
mode                           the host keeps             the chip does
============================== ========================== ====================================
shadow                         weights, two moments       a write of what has changed
shadow, every k                the same                   one write for k updates
in_memory, sign or stochastic  two moments (sgd: nothing) pulses up or down
in_memory, accumulate          that and what is left over pulses up or down
============================== ========================== ====================================

Sign is the bit-line scheme of Gokmen and Vlasov (2016) reduced to one pulse; stochastic draws the
count, so that steps larger than an update average out; accumulate is the mixed-precision scheme of
Nandakumar et al., Front. Neurosci. 14, 406 (2020).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.errors import DataError
from neurosim.host.experiment import Experiment
from neurosim.host.optimizer import Descent, Optimizer
from neurosim.network import Layers, Weights
from neurosim.streams import Streams

__all__ = ["InMemory", "Learner", "ShadowWeights", "blank_learner_state", "learner"]

Array = NDArray[np.float64]


class Learner(Protocol):
    """Changes the weights of a chip by gradients; the chip holds the start already."""

    def learn(self, gradient: Weights, rate: float, update: int) -> float:
        """Do update `update` (from 0); returns the gradient's norm before the clip."""

    def state(self) -> dict[str, Any]:
        """Everything that later updates depend on, besides the chip's own state."""

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""


class ShadowWeights:
    """Weights in full precision on the host; the chip is programmed at each k-th update.

    Parameters
    ----------
    chip : ChipInterface
    start : Weights
    experiment : Experiment

    Attributes
    ----------
    optimizer : Optimizer
    """

    def __init__(self, chip: ChipInterface, start: Weights, experiment: Experiment) -> None:
        self._chip, self._experiment = chip, experiment
        sheet = chip.data_sheet
        self.optimizer = Optimizer(start, experiment, sheet.full_scale, sheet.lowest)

    def learn(self, gradient: Weights, rate: float, update: int) -> float:
        """Step the shadow weights, and program the chip if it is time; at the end their average."""
        norm = self.optimizer.step(gradient, rate)
        done, every = update + 1, self._experiment.learning.every
        if done == self._experiment.updates:
            self._chip.program(self.optimizer.average)
        elif done % every == 0:
            self._chip.program(self.optimizer.weights)
        return norm

    def lengthen(self) -> None:
        """Program the weights in place of their average, with which a shorter training ended.

        With `learning.every` a training of the new length might still hold older ones.
        """
        if self._experiment.average:
            self._chip.program(self.optimizer.weights)

    def state(self) -> dict[str, Any]:
        """Of the optimizer."""
        return self.optimizer.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self.optimizer.restore(state)


class InMemory:
    """Pulses to devices that hold the only copy of the weights.

    Parameters
    ----------
    chip : ChipInterface
        One whose devices take pulses.
    start : Weights
        Gives the shapes.
    experiment : Experiment
    """

    def __init__(self, chip: ChipInterface, start: Weights, experiment: Experiment) -> None:
        step = chip.data_sheet.pulse_weight
        if step is None:
            raise DataError(
                f"Learning in memory needs devices that take pulses, but {chip.data_sheet.name} "
                "has none; state `pulse` in its profile, or choose learning.mode shadow."
            )
        self._chip, self._learning, self._step = chip, experiment.learning, step
        self._shape = start.coupling.shape
        n_parameters = start.vector.size
        self._descent = Descent(n_parameters, experiment)
        self._left = _nothing_left(n_parameters, experiment)
        self._streams = Streams(experiment.seed)

    def learn(self, gradient: Weights, rate: float, update: int) -> float:
        """Turn the direction into pulses and send them."""
        direction, norm = self._descent.direction(gradient)
        counts = self._counts(-direction, rate, update)
        most = self._learning.most
        self._chip.pulse(Weights.of_vector(np.clip(counts, -most, most), self._shape))
        return norm

    def _counts(self, direction: Array, rate: float, update: int) -> Array:
        """Signed whole numbers of pulses along `direction`, before the limit."""
        if self._learning.pulses == "sign":
            least = self._learning.threshold * np.sqrt(np.mean(direction**2))
            signs: Array = np.sign(direction) * (np.abs(direction) > least)
            return signs
        wanted = rate * direction / self._step
        if self._learning.pulses == "stochastic":
            rng = self._streams.generator("pulse_counts", update)
            return np.asarray(np.floor(wanted + rng.random(wanted.size)))
        total = self._left + wanted
        counts = np.clip(np.trunc(total), -self._learning.most, self._learning.most)
        self._left = total - counts
        return counts

    def state(self) -> dict[str, Any]:
        """Moments, and what is left over from earlier updates."""
        return self._descent.state() | {"left": self._left}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._descent.restore(state)
        self._left = state["left"]


def learner(chip: ChipInterface, start: Weights, experiment: Experiment) -> Learner:
    """What the experiment asks for.

    Raises
    ------
    DataError
        The chip's devices take no pulses, and learning is in memory.
    """
    if experiment.learning.mode == "shadow":
        return ShadowWeights(chip, start, experiment)
    return InMemory(chip, start, experiment)


def _nothing_left(n_parameters: int, experiment: Experiment) -> Array:
    """What is left over from no updates; only one scheme keeps it."""
    return np.zeros(n_parameters if experiment.learning.pulses == "accumulate" else 0)


def blank_learner_state(layers: Layers, experiment: Experiment) -> dict[str, Any]:
    """State of what `learner` makes for a network, before any update and with weights of zero."""
    weights = Weights.zeros(layers)
    if experiment.learning.mode == "shadow":
        return Optimizer(weights, experiment, full_scale=1.0).state()
    n_parameters = weights.vector.size
    left = _nothing_left(n_parameters, experiment)
    return Descent(n_parameters, experiment).state() | {"left": left}
