r"""Tasks of inputs and answers: supervised equilibrium propagation by the flow's three phases.

Inputs are held, and answers are nodes whose springs stand at 0: the velocity
:math:`\alpha\lambda x^*` of such a node is its answer o, and the cost
:math:`\tfrac12 |o - y|^2` is the flow's own. With stiffness and alpha of 1 and beta of 0.2 this is
supervised equilibrium propagation (at beta 1 the spring of the negative phase is gone).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.data import Dataset
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import decide
from neurosim.host.gradep import Shown
from neurosim.host.lessons import Batch, Lessons, Recipe, Verdict
from neurosim.host.settings import FlowSettings, Positive
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = ["Supervised"]

Array = NDArray[np.float64]


class Rival(Protocol):
    """What scikit-learn calls an estimator."""

    def fit(self, inputs: Array, answers: Array) -> object:
        """Learn."""

    def predict(self, inputs: Array) -> Array:
        """Answers."""


class _Pairs:
    """Batches of inputs and answers, drawn without replacement."""

    def __init__(self, task: Supervised, data: Dataset, recipe: Recipe, sheet: DataSheet) -> None:
        inputs, answers = task.seen(data)
        inputs = task.presented(inputs, sheet)
        n_in, n = inputs.shape[1], task.columns(inputs, answers, sheet)
        if not 1 <= recipe.batch <= len(inputs):
            raise DataError(
                f"Experiment.batch must be between 1 and the "
                f"{counted(len(inputs), 'example')} to learn from, "
                f"but is {recipe.batch}; choose a batch in that range."
            )
        unseen = task.unseen(data)
        if unseen is not None:
            unseen = task.presented(unseen[0], sheet), unseen[1]
        self._task, self._n_in = task, n_in
        self._inputs, self._answers, self._unseen = inputs, answers, unseen
        self._n_rows, self._streams = recipe.batch, Streams(recipe.seed)
        self.held = np.arange(n) < n_in

    def batch_at(self, update: int) -> Batch:
        """See `Lessons.batch_at`."""
        rng = self._streams.generator("examples", update)
        rows = rng.permutation(len(self._inputs))[: self._n_rows]
        return self._task.batch(self._inputs[rows], self._answers[rows])

    def exams(self) -> dict[str, Shown]:
        """All that is learned from, and all that is not."""
        found: dict[str, Shown] = {"": self._task.batch(self._inputs, self._answers)}
        if self._unseen is not None:
            found["test_"] = self._task.batch(*self._unseen)
        return found

    def judge(self, velocity: Array, batch: Shown) -> Verdict:
        """Mean squared error of the answers, and the task's own figures."""
        said, wanted = velocity[:, self._n_in :], batch.wanted[:, self._n_in :]
        good = np.isfinite(said).all(axis=1)
        return self._task.judge(said[good], wanted[good])

    def __enter__(self) -> _Pairs:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class Supervised(Block):
    """Base of tasks of inputs and answers: the inputs are held, the answers are on springs.

    A class of your own has its word, ``task: Literal["mine"] = "mine"``, and `examples`.

    Parameters
    ----------
    answers : {"last", "beside"}
        Where they are: the last layer, which then needs sources (`sources: [0, -1]` of the
        profile), or the visible layer, after the inputs.
    test_share : float
        Share of the examples, always the same ones, that are not learned from but judged by; a
        data set with a test set of its own has that.
    inputs : {"plain", "doubled"} or None
        Whether each input is presented as it is, or on a second node with the opposite sign too,
        after all others. None takes the chip's advice, as of `input_gain`.
    input_gain : float or None
        By which inputs are multiplied.
    """

    has_paths: ClassVar[bool] = False
    # Of an experiment, by path: what suits a chip with one hidden layer.
    suits: ClassVar[Mapping[str, Any]] = {
        "updates": 600,
        "batch": 64,
        "learning_rate": 5e-3,
        "schedule": "cosine",
        "flow.stiffness": 1.0,
        "flow.alpha": 1.0,
        "flow.beta": 0.2,
        "flow.settle_tau": 5.0,
    }

    answers: Literal["last", "beside"] = "last"
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    inputs: Literal["plain", "doubled"] | None = None
    input_gain: Positive | None = None

    def presented(self, inputs: Array, sheet: DataSheet) -> Array:
        """Inputs (n, n_in) as a chip of this data sheet is given them, in the host's numbers."""
        gain = sheet.advised_gain if self.input_gain is None else self.input_gain
        doubled = (self.inputs or sheet.advised_inputs) == "doubled"
        given = np.hstack([inputs, -inputs]) if doubled else inputs
        return given if gain == 1 else gain * given

    def in_own_units(self, answers: Array, data: Dataset) -> Array:
        """Answers (n, n_out) as the user's file has them; here as they are."""
        del data
        return answers

    def examples(self, data: Dataset) -> tuple[Array, Array]:
        """Inputs (n, n_in) and answers (n, n_out) of a data set."""
        raise NotImplementedError  # A base: each task says it.

    def split(self, data: Dataset) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows to learn from, and rows to judge by; a set with a test set of its own has none."""
        rows = Streams(0).generator("test_set").permutation(len(data.images))
        n_test = 0 if data.test is not None else math.ceil(self.test_share * len(rows))
        return np.sort(rows[n_test:]), np.sort(rows[:n_test])

    def seen(self, data: Dataset) -> tuple[Array, Array]:
        """As `examples`, of those that are learned from."""
        inputs, answers = self.examples(data)
        rows = self.split(data)[0]
        return inputs[rows], answers[rows]

    def unseen(self, data: Dataset) -> tuple[Array, Array] | None:
        """As `examples`, of those that are kept for judging; None where all are learned from."""
        inputs, answers = self.examples(data if data.test is None else data.test)
        rows = self.split(data)[1] if data.test is None else np.arange(len(inputs))
        return (inputs[rows], answers[rows]) if len(rows) else None

    @property
    def sources(self) -> tuple[int, ...]:
        """Layers that need sources."""
        return (0,) if self.answers == "beside" else (0, -1)

    def judge(self, said: Array, wanted: Array) -> Verdict:
        """Mean of (o - y)^2 over rows and answers; without rows NaN."""
        return Verdict(float(np.mean((said - wanted) ** 2)) if len(said) else float("nan"))

    def rivals(self, hidden: tuple[int, ...], seed: int) -> dict[str, Rival]:
        """What needs no chip, by name, to be judged beside one with these hidden layers."""
        del hidden, seed
        return {}

    def columns(self, inputs: Array, answers: Array, sheet: DataSheet) -> int:
        """How many nodes are driven.

        Raises
        ------
        DataError
            The chip has other nodes, or none with springs where the answers should be.
        """
        n_in, n_out, sizes = inputs.shape[1], answers.shape[1], sheet.layers.sizes
        beside = self.answers == "beside"
        first, last = (n_in + n_out, sizes[-1]) if beside else (n_in, n_out)
        if (sizes[0], sizes[-1]) != (first, last):
            way = "answers: last" if beside else "answers: beside"
            fitting = ",".join(map(str, (first, *sizes[1:-1], last)))
            shown, twice = f"{counted(n_in, 'input')}", ""
            if (self.inputs or sheet.advised_inputs) == "doubled":
                shown = f"{counted(n_in // 2, 'input')} on {counted(n_in, 'node')}"
                twice = " (each input and its negative, as `inputs: doubled` asks)"
            wrong = (
                f"The layers of {sheet.name} must be {first} to {last} for {shown} and "
                f"{counted(n_out, 'answer')}{twice}, but are {sizes[0]} to {sizes[-1]}"
            )
            raise DataError(
                f'{wrong}; give it others, profile.with_value("layers", '
                f"({fitting.replace(',', ', ')})), or {way}.",
                f"{wrong}; give --layers {fitting}, or {way}.",
                f"{wrong}; write layers: [{fitting.replace(',', ', ')}] in the profile, or {way} "
                "in the task.",
            )
        if not beside and sheet.source_layers != (0, len(sizes) - 1):
            raise DataError(
                f"The last layer must have sources, whose springs ask for the answers, but "
                f"{sheet.name} has them on {', '.join(map(str, sheet.source_layers))}; state "
                "`sources: [0, -1]` in the profile, or answers: beside."
            )
        return int(n_in + n_out)

    def batch(self, inputs: Array, answers: Array) -> Batch:
        """These rows as they are presented."""
        nothing = np.zeros_like(answers), np.zeros_like(inputs)
        return Batch(np.hstack([inputs, nothing[0]]), np.hstack([nothing[1], answers]))

    def lessons(self, data: Dataset | Array, recipe: Recipe, sheet: DataSheet) -> Lessons:
        """See `TaskLaw.lessons`."""
        if not isinstance(data, Dataset):
            raise DataError(
                f"The task {type(self).__name__} needs a data set, inputs with what they should "
                f"give, but got {type(data).__name__}; see load_dataset."
            )
        return _Pairs(self, data, recipe, sheet)

    def answer(
        self,
        chip: ChipInterface,
        inputs: Array,
        n_out: int,
        flow: FlowSettings,
        calibration: Calibration | None = None,
    ) -> Array:
        """What a chip that has learned says to inputs, (rows, n_out); NaN in a failed row."""
        inputs = self.presented(inputs, chip.data_sheet)
        batch = self.batch(inputs, np.zeros((len(inputs), n_out)))
        held = np.arange(batch.targets.shape[1]) < inputs.shape[1]
        velocity = decide(chip, batch.targets, flow, calibration, held)
        return velocity[:, inputs.shape[1] :]
