"""The training loop: present, estimate the gradient, change the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import answer, checked, shown
from neurosim.chip.interface import ChipInterface
from neurosim.data import Dataset, FlowBatch
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.calibration import Calibration, calibrate
from neurosim.host.experiment import Experiment
from neurosim.host.gradep import Change, ContinualLaw, NudgedLaw
from neurosim.host.learning import ShadowWeights, blank_learner_state, learner
from neurosim.host.optimizer import initial_weights, learning_rate
from neurosim.host.phases import check_flow
from neurosim.host.timed import Timed
from neurosim.host.tuning import blank_tuner_state, tuner_of
from neurosim.network import Layers, Weights
from neurosim.safe_text import counted
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread

__all__ = ["Trainer", "Update", "blank_state"]

Array = NDArray[np.float64]

# Sums of equal times are equal but for rounding.
_ROUNDED = 1 + 1e-9


@dataclass(frozen=True)
class Update:
    """What the host knows of one update.

    Attributes
    ----------
    update : int
        From 1.
    flow_loss : float
        Mean of (v - u)^2 over rows and nodes, BEFORE the weights change: of a flow over the pixels,
        of other tasks over the answers.
    flow_loss_by_t : tuple of float
        The same over the rows of each fifth of t; NaN if there are none, as of other tasks.
    gradient_norm : float
        Before the clip.
    learning_rate : float
    rows_lost : int
        Rows of which a phase failed; they are in no mean.
    contrast_norm : float
        Of the contrastive stage's weighted gradient, before the clip; 0 while it rests.
    figures : dict of str to float
        What else the task says of the batch, such as the accuracy of a classifier.
    """

    update: int
    flow_loss: float
    flow_loss_by_t: tuple[float, ...]
    gradient_norm: float
    learning_rate: float
    rows_lost: int
    contrast_norm: float
    figures: dict[str, float] = field(default_factory=dict)


class Trainer:
    """Trains whatever is behind the chip interface.

    Parameters
    ----------
    chip : ChipInterface
    experiment : Experiment
        Its task, rule, optimizer and learning are objects, shipped or your own.
    data : Dataset or ndarray, shape (n, n_visible)
        What the task asks for; of a flow also images in [-1, 1] alone, with the values of label
        nodes last if there are any.
    start : Weights, optional
        Where training begins, instead of random weights.

    Attributes
    ----------
    calibration : Calibration or None
        What was measured before training, if the experiment asks for it.
    tuner : Tuner or None
        What tunes the oscillators, likewise.

    Examples
    --------
    >>> import neurosim as ns
    >>> images, _ = ns.load_digits()
    >>> trainer = ns.Trainer(ns.Chip("ideal_hopfield"), ns.Experiment(updates=2, batch=16), images)
    >>> [update.update for update in trainer]
    [1, 2]
    """

    @checked(experiment="give Experiment(updates=...)", data="see load_digits")
    @one_blas_thread()
    def __init__(
        self,
        chip: ChipInterface,
        experiment: Experiment,
        data: Dataset | Array,
        start: Weights | None = None,
    ) -> None:
        if not hasattr(chip, "data_sheet"):
            raise DataError(
                f"Trainer.chip must be a chip, but is {shown(chip)}; make one with neurosim.Chip."
            )
        self.chip, self.experiment = chip, experiment
        sheet = chip.data_sheet
        self.flow = experiment.flow.on(sheet)
        self.n_done, self._lengthened = 0, False
        rule = experiment.rule
        check_flow(rule.nudged(self.flow) if isinstance(rule, NudgedLaw) else self.flow, sheet)
        if isinstance(data, np.ndarray) and (data.ndim != 2 or data.dtype.kind not in "fiub"):
            raise DataError(
                "Trainer.data must be an array of numbers (n, d), one row an image, but is one of "
                f"{data.dtype} of shape {data.shape}; bring it to that shape."
            )
        self._lessons = answer(experiment.task, "lessons", data, experiment, sheet)
        held = self._lessons.held
        if experiment.calibrate and held is not None and len(held) != sheet.layers.n_visible:
            raise DataError(
                "Calibration measures the springs of visible nodes alone, but this task has some "
                "on other layers; leave calibrate out, or choose task.answers beside."
            )
        self._timed, self._unrefreshed_s = Timed(chip), 0.0
        if start is None:
            rng = Streams(experiment.seed).generator("weights")
            start = initial_weights(sheet.layers, experiment.gain, rng, sheet.lowest)
        elif start.coupling.shape != (sheet.layers.n_odd, sheet.layers.n_even):
            raise DataError(
                f"Weights to start with must be those of a network {sheet.layers.sizes}, but has "
                f"couplings of shape {start.coupling.shape}; start from a run of the same layers."
            )
        self.learner, self.tuner = learner(chip, start, experiment), tuner_of(chip, experiment)
        self.calibration: Calibration | None = None
        if experiment.calibrate:
            self.calibration = calibrate(chip, self.flow, seed=experiment.seed)
        chip.program(start)

    def __repr__(self) -> str:
        done = f"{self.n_done} of {counted(self.experiment.updates, 'update')} done"
        return f"Trainer({self.chip!r}, {done})"

    def _refresh_if_due(self) -> None:
        """Write all devices anew if they would forget within another update as long as this."""
        holds_s, update_s = self.chip.data_sheet.refresh_s, self._timed.settled_s
        self._timed.settled_s = 0.0
        if holds_s is None:
            return
        self._unrefreshed_s += update_s
        if self._unrefreshed_s + update_s > holds_s * _ROUNDED:
            self.chip.refresh()
            self._unrefreshed_s = 0.0

    @property
    def weights(self) -> Weights:
        """The shadow weights; a host that learns in memory has none."""
        if not isinstance(self.learner, ShadowWeights):
            raise DataError(
                "Trainer.weights needs shadow weights, but learning is in memory: the devices hold "
                "the only copy; export what they hold."
            )
        return self.learner.optimizer.weights

    def __iter__(self) -> Iterator[Update]:
        """Run the updates that are left, one at a time."""
        if self._lengthened and isinstance(self.learner, ShadowWeights):
            self.learner.lengthen()
        self._lengthened = False
        with self._lessons:
            while self.n_done < self.experiment.updates:
                yield self._update()

    @one_blas_thread()
    def _update(self) -> Update:
        batch, how = self._lessons.batch_at(self.n_done), self.experiment
        held = self._lessons.held
        rate = learning_rate(how, self.n_done)
        shown, learned = (self._timed, batch, self.flow, held, self.calibration), False
        if isinstance(how.rule, ContinualLaw):
            found, learned = how.rule.learn(*shown, self._change(rate, how.rule.steps)), True
        else:
            found = how.rule.estimate(*shown)
        if found.rows_lost == how.batch:
            raise ConvergenceError(
                f"Trainer needs at least one row that settles, but all {found.rows_lost} rows of "
                f"update {self.n_done + 1} diverged; lower the tolerances or the learning rate."
            )
        judged = self._lessons.judge(found.velocity, batch)
        gradient, contrast_norm = found.gradient, 0.0
        if how.contrast is not None and self.n_done >= how.contrast_begins:
            added = how.contrast.gradient(self._timed, cast(FlowBatch, batch), self.flow, held)
            gradient, contrast_norm = gradient + added, added.norm
        norm = gradient.norm if learned else self.learner.learn(gradient, rate, self.n_done)
        if self.tuner is not None:
            self.tuner.learn(found, rate)
        self.n_done += 1
        self._refresh_if_due()
        return Update(
            self.n_done,
            judged.loss,
            judged.by_t,
            norm,
            rate,
            found.rows_lost,
            contrast_norm,
            judged.figures,
        )

    def _change(self, rate: float, steps: int) -> Change:
        """How a rule changes weights by itself, each step of an update with draws of its own."""
        first = self.n_done * steps
        return lambda part, step: self.learner.learn(part, rate, first + step)

    def lengthen(self) -> None:
        """Say that what was restored is the end of a shorter training, so that it goes on."""
        self._lengthened = True

    def state(self) -> dict[str, Any]:
        """Everything that later updates depend on, besides the chip's own state."""
        found = {} if self.calibration is None else {"calibration": self.calibration.state()}
        found |= {} if self.tuner is None else {"tuner": self.tuner.state()}
        counted_up = {"n_done": self.n_done, "unrefreshed_s": self._unrefreshed_s}
        return {**counted_up, "optimizer": self.learner.state(), **found}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`; restore the chip too."""
        self.n_done = int(state["n_done"])
        self.learner.restore(state["optimizer"])
        self._unrefreshed_s = float(state.get("unrefreshed_s", 0.0))
        if "calibration" in state:
            self.calibration = Calibration(**state["calibration"])
        if self.tuner is not None:
            self.tuner.restore(state["tuner"])


def blank_state(layers: Layers, experiment: Experiment) -> dict[str, Any]:
    """State that a `Trainer` of such a network has, with zeros: its names, shapes and types."""
    found: dict[str, Any] = {"n_done": 0, "unrefreshed_s": 0.0}
    found["optimizer"] = blank_learner_state(layers, experiment)
    if experiment.learning.tuned:
        found["tuner"] = blank_tuner_state(layers, experiment)
    if experiment.calibrate:
        nodes, visible = np.zeros(layers.n_nodes), np.zeros(layers.n_visible)
        found["calibration"] = Calibration(nodes, nodes, visible, visible).state()
    return found
