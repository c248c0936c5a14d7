"""Which way the weights should go: the clipped gradient, or Adam's average of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.host.clip import clipped
from neurosim.host.experiment import Experiment
from neurosim.network import Layers, Weights

__all__ = ["Descent", "Optimizer", "initial_weights", "learning_rate"]

Array = NDArray[np.float64]


def initial_weights(
    layers: Layers, gain: float, rng: np.random.Generator, lowest: float = -math.inf
) -> Weights:
    """Xavier-normal weights, biases uniform in +-1/sqrt(fan in), those of visible nodes zero.

    Where no weight can be negative, their magnitudes, and no less than `lowest`. Where a pattern
    leaves couplings out, fans are means over the nodes of a layer.
    """
    matrices, biases = [], [np.zeros(layers.sizes[0])]
    for layer in range(1, len(layers.sizes)):
        masks = [mask for (_, high), mask in layers.links.items() if high == layer]
        for mask in masks:
            n_in, n_out = (max(mask.sum(axis=axis).mean(), 1) for axis in (1, 0))
            sigma = gain * math.sqrt(2 / (n_in + n_out))
            matrices.append(sigma * rng.standard_normal(mask.shape) * mask)
        bound = 1 / math.sqrt(max(sum(mask.sum(axis=1).mean() for mask in masks), 1))
        biases.append(rng.uniform(-bound, bound, layers.sizes[layer]))
    found = Weights.from_layers(layers, matrices, biases)
    if lowest < 0:
        return found
    magnitude = np.maximum(np.abs(found.vector), lowest)
    return Weights.of_vector(magnitude, found.coupling.shape)


def learning_rate(experiment: Experiment, update: int) -> float:
    """Rate of update `update` (from 0)."""
    first, last, rate = 0, experiment.updates, experiment.learning_rate
    stage = experiment.contrast
    if stage is not None and stage.learning_rate is not None:
        if update < experiment.contrast_begins:
            last = experiment.contrast_begins
        else:
            first, rate = experiment.contrast_begins, stage.learning_rate
    if experiment.schedule == "constant":
        return rate
    return rate * 0.5 * (1 + math.cos(math.pi * (update - first) / (last - first)))


class Descent:
    """An optimiser at work: it remembers, and sees the gradient after the clip.

    Parameters
    ----------
    n_parameters : int
    experiment : Experiment
        Its optimizer, momentum and clip.
    """

    def __init__(self, n_parameters: int, experiment: Experiment) -> None:
        self._memory = experiment.optimizer.memory(n_parameters)
        self.n_steps = 0
        self._experiment = experiment

    def direction(self, gradient: Weights) -> tuple[Array, float]:
        """Vector to go against, and the gradient's norm before the clip."""
        self.n_steps += 1
        how = self._experiment
        clip = clipped(gradient, how.clip).vector
        way = how.optimizer.direction(clip, self._memory, self.n_steps, how.momentum)
        return way, gradient.norm

    def state(self) -> dict[str, Any]:
        """Everything that later directions depend on."""
        return {**self._memory, "n_steps": self.n_steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._memory = {name: state[name] for name in self._memory}
        self.n_steps = int(state["n_steps"])


class Optimizer:
    """The host's shadow weights: full-precision numbers that descend and that the chip rounds.

    Parameters
    ----------
    weights : Weights
        Start.
    experiment : Experiment
        Its optimizer, momentum and clip.
    full_scale : float
        Shadow weights stay within what the chip can hold.
    lowest : float, optional
        The least that it can hold; by default minus the largest.
    """

    def __init__(
        self,
        weights: Weights,
        experiment: Experiment,
        full_scale: float,
        lowest: float | None = None,
    ) -> None:
        self._shape = weights.coupling.shape
        self._vector = weights.vector
        self._decay, self._average = experiment.average, self._vector
        self._descent = Descent(self._vector.size, experiment)
        self._range = -full_scale if lowest is None else lowest, full_scale

    @property
    def weights(self) -> Weights:
        """The shadow weights."""
        return Weights.of_vector(self._vector.copy(), self._shape)

    @property
    def average(self) -> Weights:
        r"""Running mean of the weights; the weights themselves if the experiment averages none.

        .. math:: a_n = d_n a_{n-1} + (1 - d_n) w_n, \quad d_n = \min(d, (n - 1) / (n + 9))

        The growing decay forgets the start within the first updates.
        """
        return Weights.of_vector(self._average.copy(), self._shape)

    def step(self, gradient: Weights, rate: float) -> float:
        """Change the weights against the gradient; returns its norm before the clip."""
        direction, norm = self._descent.direction(gradient)
        self._vector = np.clip(self._vector - rate * direction, *self._range)
        n = self._descent.n_steps
        decay = min(self._decay, (n - 1) / (n + 9))
        self._average = decay * self._average + (1 - decay) * self._vector
        return norm

    def state(self) -> dict[str, Any]:
        """Everything that later steps depend on."""
        found = {"average": self._average} if self._decay else {}
        return {"weights": self._vector} | found | self._descent.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._vector = state["weights"]
        self._average = state["average"] if self._decay else self._vector
        self._descent.restore(state)
