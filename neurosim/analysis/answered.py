"""Presentations of inputs and answers to a chip, by a rule, and the exact gradient beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.answers import Answering
from neurosim.analysis.observe import Conditions, Observed, Waves, held_weights, waves_of
from neurosim.chip import Chip
from neurosim.data import Dataset
from neurosim.errors import DataError
from neurosim.host import Batch, Classify, FlowSettings, GradEP, Supervised
from neurosim.host.gradep import RuleLaw
from neurosim.network import Weights
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread

__all__ = ["AnswerConditions"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AnswerConditions(Conditions):
    """As `Conditions`, of a task whose inputs are held.

    The exact gradient is that of squared error, or of cross-entropy where the rule learns that.
    Biases of held inputs change nothing, and count for nothing.

    Parameters
    ----------
    task : Supervised
    rule : RuleLaw
    data : Dataset
        Examples, of which those to learn from are presented.
    """

    task: Supervised = field(default_factory=Classify)
    rule: RuleLaw = field(default_factory=GradEP)
    data: Dataset | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data is None:
            raise DataError(
                "AnswerConditions.data must be a data set, but there is none; see load_dataset."
            )
        inputs, answers = self._examples
        self.task.columns(inputs, answers, Chip(self.profile).data_sheet)

    @cached_property
    def _examples(self) -> tuple[Array, Array]:
        assert self.data is not None
        inputs, answers = self.task.seen(self.data)
        return self.task.presented(inputs, Chip(self.profile).data_sheet), answers

    @cached_property
    def _held(self) -> NDArray[np.bool_]:
        inputs, answers = self._examples
        n_in = inputs.shape[1]
        return np.asarray(np.arange(n_in + answers.shape[1]) < n_in)

    @cached_property
    def answer_batches(self) -> list[Batch]:
        """Examples of each repeat."""
        (inputs, answers), found = self._examples, []
        for k in range(self.repeats):
            rng = Streams(0).generator("examples", k)
            rows = rng.permutation(len(inputs))[: self.batch]
            found.append(self.task.batch(inputs[rows], answers[rows]))
        return found

    @property
    def hidden(self) -> slice:
        """See `Conditions.hidden`: without the layer that answers, unless there is no other."""
        first, *others = self.profile.layers
        answering = len(self._held) - first if len(others) > 1 else 0
        return slice(first, first + sum(others) - answering)

    @cached_property
    def velocity(self) -> float:
        """See `Conditions.velocity`: of answers."""
        wanted = [batch.wanted[:, ~self._held] for batch in self.answer_batches]
        return float(np.sqrt(np.mean(np.square(wanted))))

    def _observed(self, chip: Chip, k: int, flow: FlowSettings) -> Observed:
        shown, settings = self.answer_batches[k], flow.on(chip.data_sheet)
        got = self.rule.estimate(chip, shown, settings, self._held, None)
        outputs = getattr(got, "outputs", ())
        if not outputs:
            raise DataError(
                f"The rule must return what it has read, as a Presentation does, but "
                f"{type(self.rule).__name__} returns {type(got).__name__}; build it by contrasted."
            )
        velocity = got.velocity[:, ~self._held]
        gradient = self._counted(got.gradient)
        how = held_weights(chip), waves_of(chip.profile), getattr(got, "distance", np.nan)
        return Observed(gradient, np.stack(outputs), velocity, got.rows_lost, *how)

    def _counted(self, gradient: Weights) -> Array:
        """The vector, with zeros at the biases of held inputs."""
        found = gradient.copy()
        found.bias[: int(self._held.sum())] = 0.0
        return found.vector

    def exact_at(self, weights: Weights, k: int, waves: Waves = MappingProxyType({})) -> Array:
        """Exact gradient of the batch of repeat k, of the network without hardware."""
        chip, shown = self._ideal_chip(weights, waves), self.answer_batches[k]
        node, flow = self.profile.node, self.flow
        target_V = shown.targets * node.unit_V
        chip.precharge(target_V)
        chip.drive(target_V, flow.stiffness * node.leak_S, self._held)
        self._to_rest(chip)
        system = chip.system()
        answering = Answering(system.circuit, chip.u_V, system.springs, flow.alpha * flow.stiffness)

        # That of squared error, where the rule has no other.
        slope = getattr(self.rule, "cost_slope", np.subtract)
        # A linear system for each row, too small for more threads than one.
        with one_blas_thread():
            return self._counted(answering.exact(shown.wanted[:, ~self._held], slope))
