"""Tasks of inputs and answers that ship: classes and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.data import Dataset
from neurosim.errors import DataError
from neurosim.host.lessons import Verdict
from neurosim.host.supervised import Rival, Supervised
from neurosim.safe_text import counted

__all__ = ["Classify", "Regress", "share_interval"]

Array = NDArray[np.float64]

_Z95 = 1.959963984540054


def share_interval(right: int, n: int) -> tuple[float, float]:
    r"""Wilson's 95 % interval of a share, of which `right` of n trials are seen.

    .. math:: \frac{p + z^2 / 2n \pm z \sqrt{p (1 - p) / n + z^2 / 4 n^2}}{1 + z^2 / n}

    Examples
    --------
    >>> [round(end, 4) for end in share_interval(354, 360)]
    [0.9641, 0.9923]
    """
    if not n:
        return 0.0, 1.0
    p, z2 = right / n, _Z95**2
    middle, wide = p + z2 / (2 * n), _Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (middle - wide) / (1 + z2 / n), (middle + wide) / (1 + z2 / n)


class Classify(Supervised):
    """Which of some classes an image is of: the largest answer.

    Parameters
    ----------
    task : {"classify"}
        Names this task.
    answers : {"last", "beside"}
        See `Supervised`.
    test_share : float
        See `Supervised`.
    inputs, input_gain
        See `Supervised`.
    classes : int
        Labels are 0 to classes - 1.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify()).task.has_paths
    False
    """

    figures: ClassVar[tuple[str, ...]] = ("accuracy",)

    task: Literal["classify"] = "classify"
    classes: Annotated[int, Field(ge=2, le=1000)] = 10

    def examples(self, data: Dataset) -> tuple[Array, Array]:
        """Images, and 1 at the node of their class, -1 at the others."""
        return data.images, 2 * np.eye(self.classes)[self.labels(data)] - 1

    def seen(self, data: Dataset) -> tuple[Array, Array]:
        """See `Supervised.seen`.

        Raises
        ------
        DataError
            Labels are not 0 to classes - 1, each of them of some image.
        """
        missing = np.setdiff1d(np.arange(self.classes), self.labels(data))
        if missing.size:
            why, mend = self._why_and_what_to_do(data)
            raise DataError(
                f"Labels must be 0 to {self.classes - 1}, {why}, each of them of some image, but "
                f"{data.name} has none of class {missing[0]}; {mend}."
            )
        return super().seen(data)

    def _why_and_what_to_do(self, data: Dataset) -> tuple[str, str]:
        """Where the number of classes comes from, and what to do where one of them is missing."""
        largest = int(self.labels(data).max())
        if largest == 0 and self.classes == 2:
            return "for there must be two classes", "give images of more classes than one"
        number = "number the classes from 0 without gaps"
        if self.classes == largest + 1:
            return f"for the largest is {largest}", number
        stated = "classes" in self.model_fields_set
        why = "as task.classes says" if stated else f"for task.classes is {self.classes} by itself"
        return why, f"{number}, or lower task.classes"

    def labels(self, data: Dataset) -> NDArray[np.intp]:
        """Class of every image.

        Raises
        ------
        DataError
            There are none, or more than there are answers.
        """
        if data.labels is None:
            raise DataError(
                f"A data set must have classes to learn them, but {data.name} has none; give an "
                ".npz with arrays `images` and `labels`, a folder of a subfolder a class, or learn "
                "a table's last columns by --task regress."
            )
        if data.labels.max() >= self.classes:
            unstated = "" if "classes" in self.model_fields_set else " by itself"
            raise DataError(
                f"task.classes must be above every label of the data set, but is {self.classes}"
                f"{unstated} and {data.name} has label {data.labels.max()}; raise it."
            )
        return data.labels

    def judge(self, said: Array, wanted: Array) -> Verdict:
        """Squared error, and the share of the rows whose largest answer is the right one.

        In `details` its 95 % interval, and `confusion`: rows of each class (first index) by what
        was said (second).
        """
        plain, n = super().judge(said, wanted), len(said)
        true, chosen = wanted.argmax(axis=1), said.argmax(axis=1)
        confusion = np.zeros((wanted.shape[1],) * 2, dtype=int)
        np.add.at(confusion, (true, chosen), 1)
        right = int(np.trace(confusion))
        return plain._replace(
            figures={"accuracy": right / n if n else float("nan")},
            details={
                "accuracy_interval": list(share_interval(right, n)),
                "confusion": confusion.tolist(),
            },
        )

    def rivals(self, hidden: tuple[int, ...], seed: int) -> dict[str, Rival]:
        """A network of the same layers by back-propagation, a linear model, the nearest image.

        And, for a floor, the class that most images have.
        """
        from sklearn.dummy import DummyClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.neural_network import MLPClassifier

        how: dict[str, Any] = {"activation": "tanh", "random_state": seed}
        network = MLPClassifier(hidden_layer_sizes=hidden or (1,), **how)
        linear = LogisticRegression(max_iter=1000)
        nearest = KNeighborsClassifier(1)
        return {
            "back-propagation": _OfClasses(network, self.classes),
            "logistic regression": _OfClasses(linear, self.classes),
            "nearest neighbour": _OfClasses(nearest, self.classes),
            "commonest class": _OfClasses(DummyClassifier(), self.classes),
        }


class _OfClasses:
    """A classifier of scikit-learn that learns and gives 1 and -1 at the nodes of classes."""

    def __init__(self, rival: Rival, classes: int) -> None:
        self._rival, self._classes = rival, classes

    def fit(self, inputs: Array, answers: Array) -> None:
        """Learn."""
        self._rival.fit(inputs, answers.argmax(axis=1))

    def predict(self, inputs: Array) -> Array:
        """Answers."""
        named = np.asarray(self._rival.predict(inputs), dtype=int)
        answers: Array = 2 * np.eye(self._classes)[named] - 1
        return answers


class Regress(Supervised):
    """Answers that are numbers: the last columns of each row of the data.

    Parameters
    ----------
    task : {"regress"}
        Names this task.
    answers : {"last", "beside"}
        See `Supervised`.
    test_share : float
        See `Supervised`.
    inputs, input_gain
        See `Supervised`.
    n_answers : int
        How many of the last columns are answers.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Regress()).task.has_paths
    False
    """

    # Numbers are as good as they are settled; classes need less.
    suits: ClassVar[Mapping[str, Any]] = {**Supervised.suits, "flow.settle_tau": 10.0}

    figures: ClassVar[tuple[str, ...]] = ("explained",)

    task: Literal["regress"] = "regress"
    n_answers: Annotated[int, Field(ge=1)] = 1

    def examples(self, data: Dataset) -> tuple[Array, Array]:
        """The first columns, and the last ones.

        Raises
        ------
        DataError
            There are no inputs, or answers beyond -1 to 1.
        """
        inputs, answers = data.images[:, : -self.n_answers], data.images[:, -self.n_answers :]
        if not inputs.shape[1]:
            raise DataError(
                f"task.n_answers must leave inputs, but is {self.n_answers} and {data.name} has "
                f"{counted(data.n_pixels, 'column')}; lower it."
            )
        if len(answers) > 1 and not np.ptp(answers, axis=0).any():
            raise DataError(
                f"Answers must differ for there to be something to learn, but each of {data.name} "
                "is the same; take another table, or other last columns."
            )
        if answers.size and np.abs(answers).max() > 1:
            raise DataError(
                f"Answers must lie from -1 to 1, as far as nodes reach, but those of {data.name} "
                f"go from {answers.min():g} to {answers.max():g}; take --scale "
                f"minmax, or scale the answers."
            )
        return inputs, answers

    def in_own_units(self, answers: Array, data: Dataset) -> Array:
        """Answers in the numbers of the table's last columns, before they were scaled."""
        return data.scaling.undone(answers, slice(-self.n_answers, None))

    def judge(self, said: Array, wanted: Array) -> Verdict:
        """Squared error, and the share of the answers' variance that is explained."""
        plain = super().judge(said, wanted)
        spread = float(np.mean((wanted - wanted.mean(axis=0)) ** 2)) if len(wanted) else 0.0
        explained = 1 - plain.loss / spread if spread else float("nan")
        return plain._replace(figures={"explained": explained})

    def rivals(self, hidden: tuple[int, ...], seed: int) -> dict[str, Rival]:
        """A network of the same layers by back-propagation, a linear model, the nearest row.

        And, for a floor, the mean of all answers.
        """
        from sklearn.dummy import DummyRegressor
        from sklearn.linear_model import LinearRegression
        from sklearn.neighbors import KNeighborsRegressor
        from sklearn.neural_network import MLPRegressor

        how: dict[str, Any] = {"activation": "tanh", "random_state": seed, "max_iter": 1000}
        network = MLPRegressor(hidden_layer_sizes=hidden or (1,), **how)
        return {
            "back-propagation": _OfColumns(network),
            "linear regression": _OfColumns(LinearRegression()),
            "nearest neighbour": _OfColumns(KNeighborsRegressor(1)),
            "mean answer": _OfColumns(DummyRegressor()),
        }


class _OfColumns:
    """A regressor of scikit-learn, some of which take one column for none."""

    def __init__(self, rival: Rival) -> None:
        self._rival = rival

    def fit(self, inputs: Array, answers: Array) -> None:
        """Learn."""
        self._rival.fit(inputs, answers[:, 0] if answers.shape[1] == 1 else answers)

    def predict(self, inputs: Array) -> Array:
        """Answers."""
        return np.asarray(self._rival.predict(inputs)).reshape(len(inputs), -1)
