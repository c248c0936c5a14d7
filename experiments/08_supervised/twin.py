r"""The chip's network by back-propagation: same start, batches, cost and descent, no feedback.

.. math::
    h_k = \tanh(W_k h_{k-1} + b_k), \qquad o = \frac{\alpha\lambda}{1 + \lambda} (W_n h + b_n)

What the circuit answers at rest where no layer pulls at the one before it: an answer node has its
leak and its spring, of stiffness lambda. The cost is :math:`\tfrac12 |o - y|^2`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.data import Dataset
from neurosim.host import Experiment, Supervised, initial_weights
from neurosim.host.optimizer import Optimizer, learning_rate
from neurosim.network import Layers, Weights
from neurosim.profile import Profile
from neurosim.streams import Streams

Array = NDArray[np.float64]


class Twin:
    """A feed-forward network of a profile's layers, trained as an experiment says.

    Parameters
    ----------
    profile : Profile
    experiment : Experiment
        Of a supervised task.
    data : Dataset
    """

    def __init__(self, profile: Profile, experiment: Experiment, data: Dataset) -> None:
        self._layers: Layers = profile.network
        self._how, flow = experiment, experiment.flow
        self._scale = flow.alpha * flow.stiffness / (1 + flow.stiffness)
        rng = Streams(experiment.seed).generator("weights")
        sheet = Chip(profile, experiment.seed).data_sheet
        start = initial_weights(self._layers, experiment.gain, rng, sheet.lowest)
        self._optimizer = Optimizer(start, experiment, sheet.full_scale, sheet.lowest)
        self._lessons = experiment.task.lessons(data, experiment, sheet)
        self._n_in = self._layers.sizes[0]

    def train(self) -> None:
        """All updates."""
        for update in range(self._how.updates):
            batch = self._lessons.batch_at(update)
            gradient = self.gradient(
                self._optimizer.weights,
                batch.targets[:, : self._n_in],
                batch.wanted[:, self._n_in :],
            )
            self._optimizer.step(gradient, learning_rate(self._how, update))

    def outputs(self, weights: Weights, inputs: Array) -> list[Array]:
        """Of all layers, the answers last."""
        v, n = [inputs], len(self._layers.sizes) - 1
        for k in range(n):
            u = v[-1] @ weights.matrix(self._layers, k).T
            u = u + weights.bias[self._layers.nodes(k + 1)]
            v.append(np.tanh(u) if k < n - 1 else self._scale * u)
        return v

    def gradient(self, weights: Weights, inputs: Array, wanted: Array) -> Weights:
        """Of the mean cost, by the chain rule."""
        v = self.outputs(weights, inputs)
        change = self._scale * (v[-1] - wanted) / len(inputs)
        matrices, biases = list[Array](), list[Array]()
        for k in reversed(range(len(v) - 1)):
            matrices.insert(0, change.T @ v[k])
            biases.insert(0, change.sum(axis=0))
            change = (change @ weights.matrix(self._layers, k)) * (1 - v[k] ** 2)
        biases.insert(0, np.zeros(self._n_in))
        return Weights.from_layers(self._layers, matrices, biases)

    def judged(self) -> dict[str, float]:
        """Accuracy on what was learned from, and on what was not."""
        found = dict[str, float]()
        for name, exam in self._lessons.exams().items():
            said = self.outputs(self._optimizer.weights, exam.targets[:, : self._n_in])[-1]
            task = self._how.task
            assert isinstance(task, Supervised)
            verdict = task.judge(said, exam.wanted[:, self._n_in :])
            found[f"{name}accuracy"] = verdict.figures["accuracy"]
        return found


def twin(profile: Profile, experiment: Experiment, data: Dataset) -> dict[str, float]:
    """Accuracy of a trained one."""
    found = Twin(profile, experiment, data)
    found.train()
    return found.judged()
