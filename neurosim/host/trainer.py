"""The training loop: present, estimate the gradient, change the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.data import FlowBatch, PairSource
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.calibration import Calibration, calibrate
from neurosim.host.contrastive import energy_contrast
from neurosim.host.experiment import Experiment
from neurosim.host.gradep import gradient
from neurosim.host.learning import ShadowWeights, blank_learner_state, learner
from neurosim.host.optimizer import initial_weights, learning_rate
from neurosim.host.phases import check_flow, flow_loss, present
from neurosim.host.sampler import Held
from neurosim.network import Layers, Weights
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread

__all__ = ["Trainer", "Update", "blank_state"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Update:
    """What the host knows of one update.

    Attributes
    ----------
    update : int
        From 1.
    flow_loss : float
        Mean of (v - u_t)^2 over rows and pixels, BEFORE the weights change.
    flow_loss_by_t : tuple of float
        The same over the rows of each fifth of t; NaN if there are none.
    gradient_norm : float
        Before the clip.
    learning_rate : float
    rows_lost : int
        Rows of which a phase failed; they are in no mean.
    contrast_norm : float
        Of the contrastive stage's weighted gradient, before the clip; 0 while it rests.
    """

    update: int
    flow_loss: float
    flow_loss_by_t: tuple[float, ...]
    gradient_norm: float
    learning_rate: float
    rows_lost: int
    contrast_norm: float


class Trainer:
    """Trains whatever is behind the chip interface.

    Parameters
    ----------
    chip : ChipInterface
    experiment : Experiment
    images : ndarray, shape (n, n_visible)
        Training data in [-1, 1], with the values of label nodes last if there are any.
    start : Weights, optional
        Where training begins, instead of random weights.

    Attributes
    ----------
    calibration : Calibration or None
        What was measured before training, if the experiment asks for it.

    Examples
    --------
    ``for update in Trainer(chip, experiment, images): print(update.flow_loss)``
    """

    @one_blas_thread()
    def __init__(
        self,
        chip: ChipInterface,
        experiment: Experiment,
        images: Array,
        start: Weights | None = None,
    ) -> None:
        if not isinstance(experiment, Experiment) or not isinstance(images, np.ndarray):
            raise DataError(
                "Trainer needs an Experiment and an array of images, but got "
                f"{type(experiment).__name__} and {type(images).__name__}; see load_digits."
            )
        self.chip, self.experiment = chip, experiment
        self.flow = experiment.flow.on(chip.data_sheet)
        self.n_done = 0
        check_flow(self.flow, chip.data_sheet)
        n_visible = chip.data_sheet.layers.n_visible
        if images.shape[1] != n_visible:
            raise DataError(
                f"The chip's visible layer must have one node for each of the {images.shape[1]} "
                f"pixels of an image, but {chip.data_sheet.name} has {n_visible}; change `layers`."
            )
        self._n_labels = 0 if experiment.labels is None else experiment.labels.classes
        self._given: NDArray[np.bool_] | None = None
        if self._n_labels:
            self._given = np.arange(n_visible) >= n_visible - self._n_labels
        self._refresh_every = self._updates_between_refreshes()
        streams = Streams(experiment.seed)
        sheet = chip.data_sheet
        if start is None:
            start = initial_weights(sheet.layers, experiment.gain, streams.generator("weights"))
        elif start.coupling.shape != (sheet.layers.n_odd, sheet.layers.n_even):
            raise DataError(
                f"Trainer.start must be the weights of a network {sheet.layers.sizes}, but has "
                f"couplings of shape {start.coupling.shape}; start from a run of the same layers."
            )
        self.learner = learner(chip, start, experiment)
        self._pairs = PairSource(
            images,
            experiment.batch,
            streams,
            prefetch=True,
            pairing=experiment.pairing,
            times=experiment.times,
            n_labels=self._n_labels,
        )
        self.calibration: Calibration | None = None
        if experiment.calibrate:
            self.calibration = calibrate(chip, self.flow, seed=experiment.seed)
        chip.program(start)

    def _updates_between_refreshes(self) -> int | None:
        """Updates that fit into the time for which devices hold their weights, at least one."""
        sheet = self.chip.data_sheet
        if sheet.refresh_s is None:
            return None
        update_s = 3 * self.experiment.batch * self.flow.settle_tau * sheet.tau_s
        return max(1, int(sheet.refresh_s / update_s))

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
        with self._pairs:
            while self.n_done < self.experiment.updates:
                yield self._update()

    @one_blas_thread()
    def _update(self) -> Update:
        shown_batch = self._pairs.batch_at(self.n_done)
        layers = self.chip.data_sheet.layers
        x_t, u_t = shown_batch.x_t, shown_batch.u_t
        shown = present(self.chip, x_t, u_t, self.flow, self.calibration, self._given)
        estimate, rows_lost = gradient(shown, self.flow.beta, layers)
        if rows_lost == self.experiment.batch:
            raise ConvergenceError(
                f"Trainer needs at least one row that settles, but all {rows_lost} rows of update "
                f"{self.n_done + 1} diverged; lower the tolerances or the learning rate."
            )
        pixels = slice(0, layers.n_visible - self._n_labels)
        loss, by_t = flow_loss(shown.velocity[:, pixels], u_t[:, pixels], shown_batch.t)
        estimate, contrast_norm = self._with_contrast(estimate, shown_batch)
        rate = learning_rate(self.experiment, self.n_done)
        norm = self.learner.learn(estimate, rate, self.n_done)
        self.n_done += 1
        if self._refresh_every is not None and self.n_done % self._refresh_every == 0:
            self.chip.refresh()
        return Update(self.n_done, loss, by_t, norm, rate, rows_lost, contrast_norm)

    def _with_contrast(self, flow: Weights, batch: FlowBatch) -> tuple[Weights, float]:
        """The gradient of an update with the contrastive stage's, and the latter's norm."""
        stage = self.experiment.contrast
        if stage is None or self.n_done < self.experiment.contrast_begins:
            return flow, 0.0
        rows = slice(stage.rows)
        x_1, x_0 = batch.x_1[rows], batch.x_0[rows]
        held = None if self._given is None else Held(self._given, x_1)
        found, _ = energy_contrast(self.chip, x_1, x_0, self.flow, stage, held)
        added = stage.weight * found
        return flow + added, added.norm

    def state(self) -> dict[str, Any]:
        """Everything that later updates depend on, besides the chip's own state."""
        found = {} if self.calibration is None else {"calibration": self.calibration.state()}
        return {"n_done": self.n_done, "optimizer": self.learner.state(), **found}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`; restore the chip too."""
        self.n_done = int(state["n_done"])
        self.learner.restore(state["optimizer"])
        if "calibration" in state:
            self.calibration = Calibration(**state["calibration"])


def blank_state(layers: Layers, experiment: Experiment) -> dict[str, Any]:
    """State that a `Trainer` of such a network has, with zeros: its names, shapes and types."""
    found: dict[str, Any] = {"n_done": 0, "optimizer": blank_learner_state(layers, experiment)}
    if experiment.calibrate:
        nodes, visible = np.zeros(layers.n_nodes), np.zeros(layers.n_visible)
        found["calibration"] = Calibration(nodes, nodes, visible, visible).state()
    return found
