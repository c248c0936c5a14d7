"""The host's shadow weights: full-precision numbers that gradients change and the chip rounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.host.experiment import Experiment
from neurosim.topology import Layers, Weights

__all__ = ["Optimizer", "initial_weights", "learning_rate"]

Array = NDArray[np.float64]


def initial_weights(layers: Layers, gain: float, rng: np.random.Generator) -> Weights:
    """Xavier-normal weights, biases uniform in +-1/sqrt(fan in), those of visible nodes zero."""
    matrices, biases = [], [np.zeros(layers.sizes[0])]
    for n_in, n_out in zip(layers.sizes, layers.sizes[1:], strict=False):
        sigma = gain * math.sqrt(2 / (n_in + n_out))
        matrices.append(sigma * rng.standard_normal((n_out, n_in)))
        bound = 1 / math.sqrt(n_in)
        biases.append(rng.uniform(-bound, bound, n_out))
    return Weights.from_layers(layers, matrices, biases)


def learning_rate(experiment: Experiment, update: int) -> float:
    """Rate of update `update` (from 0)."""
    if experiment.schedule == "constant":
        return experiment.learning_rate
    return experiment.learning_rate * 0.5 * (1 + math.cos(math.pi * update / experiment.updates))


class Optimizer:
    """Adam (Kingma and Ba 2015) or plain gradient descent, with a clip of the global norm.

    Parameters
    ----------
    weights : Weights
        Start.
    experiment : Experiment
        Its optimizer, momentum and clip.
    full_scale : float
        Shadow weights stay within what the chip can hold.
    """

    EPSILON = 1e-8

    def __init__(self, weights: Weights, experiment: Experiment, full_scale: float) -> None:
        self._shape = weights.coupling.shape
        self._vector = self._pack(weights)
        self._first, self._second = np.zeros_like(self._vector), np.zeros_like(self._vector)
        self._n_steps = 0
        self._experiment, self._full_scale = experiment, full_scale

    @staticmethod
    def _pack(weights: Weights) -> Array:
        return np.concatenate([weights.coupling.ravel(), weights.bias])

    @property
    def weights(self) -> Weights:
        """The shadow weights."""
        n = self._shape[0] * self._shape[1]
        return Weights(self._vector[:n].reshape(self._shape).copy(), self._vector[n:].copy())

    def step(self, gradient: Weights, rate: float) -> float:
        """Change the weights against the gradient; returns its norm before the clip."""
        g = self._pack(gradient)
        norm = float(np.linalg.norm(g))
        clip = self._experiment.clip
        if clip is not None and norm > clip:
            g *= clip / norm
        self._n_steps += 1
        if self._experiment.optimizer == "adam":
            b1, b2 = self._experiment.momentum
            self._first = b1 * self._first + (1 - b1) * g
            self._second = b2 * self._second + (1 - b2) * g**2
            first = self._first / (1 - b1**self._n_steps)
            second = self._second / (1 - b2**self._n_steps)
            g = first / (np.sqrt(second) + self.EPSILON)
        self._vector = np.clip(self._vector - rate * g, -self._full_scale, self._full_scale)
        return norm

    def state(self) -> dict[str, Any]:
        """Everything that later steps depend on."""
        return {
            "weights": self._vector,
            "first": self._first,
            "second": self._second,
            "n_steps": self._n_steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._vector, self._n_steps = state["weights"], int(state["n_steps"])
        self._first, self._second = state["first"], state["second"]
