"""The fixed classifier of 8x8 digits whose hidden layer measures drawn digits of any size."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.data.sets import DIGITS
from neurosim.errors import DataError
from neurosim.files import load_npz

__all__ = ["SHIPPED", "Classifier", "area_average", "classifier_of"]

Array = NDArray[np.float64]

SHIPPED = Path(__file__).with_name("classifier.npz")


@dataclass(frozen=True)
class Classifier:
    r"""Perceptron with one hidden layer of rectified units.

    .. math:: f = \max(0, x W_1 + b_1), \qquad \hat y = \arg\max(f W_2 + b_2)

    Its weights never change, so that a distance between features f is the same ruler on every
    machine. `neurosim.metrics.fit_classifier` is the script that fitted them.

    Parameters
    ----------
    hidden_weights : ndarray, shape (d, h)
        W1.
    hidden_bias : ndarray, shape (h,)
    output_weights : ndarray, shape (h, 10)
        W2.
    output_bias : ndarray, shape (10,)
    held_out_accuracy : float
        Share of the images kept from the fit that these very weights name rightly.

    Raises
    ------
    DataError
        The shapes do not fit together.
    """

    hidden_weights: Array
    hidden_bias: Array
    output_weights: Array
    output_bias: Array
    held_out_accuracy: float

    def __post_init__(self) -> None:
        h, n_classes = self.hidden_bias.size, self.output_bias.size
        shapes = (self.hidden_weights.shape[1:], self.output_weights.shape)
        if shapes != ((h,), (h, n_classes)):
            raise DataError(
                f"Classifier.hidden_weights and output_weights must have shapes (d, {h}) and "
                f"({h}, {n_classes}), but have {self.hidden_weights.shape} and "
                f"{self.output_weights.shape}; fit it again."
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Classifier:
        """Classifier of a file that `save` wrote; by default the one that is shipped.

        Raises
        ------
        DataError
            The file is missing, or is no classifier.

        Examples
        --------
        >>> Classifier.load().held_out_accuracy > 0.95
        True
        """
        try:
            stored = load_npz(path.read_bytes())
            values: dict[str, Any] = {field.name: stored[field.name] for field in fields(cls)}
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(
                f"Classifier.load needs a readable .npz with arrays "
                f"{', '.join(field.name for field in fields(cls))}, but {path} is not ({error}); "
                f"write one with `python -m neurosim.metrics.fit_classifier`."
            ) from error
        return cls(**{**values, "held_out_accuracy": float(values["held_out_accuracy"])})

    def save(self, path: Path) -> None:
        """Write the weights to an .npz without pickles."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    def features(self, x: Array) -> Array:
        """Hidden activations, shape (n, h), of images of shape (n, d) in [-1, 1].

        Raises
        ------
        DataError
            The images have another width than those it was fitted to.
        """
        width = self.hidden_weights.shape[0]
        if x.ndim != 2 or x.shape[1] != width:
            raise DataError(
                f"Classifier.features needs images of shape (n, {width}), but got {x.shape}; "
                f"flatten each image to a row."
            )
        hidden: Array = np.maximum(x @ self.hidden_weights + self.hidden_bias, 0)
        return hidden

    def predict(self, x: Array) -> NDArray[np.intp]:
        """Class 0 to 9, shape (n,), of images of shape (n, d) in [-1, 1]."""
        scores = self.features(x) @ self.output_weights + self.output_bias
        labels: NDArray[np.intp] = scores.argmax(axis=1)
        return labels


_SIDE = 8


def area_average(x: Array) -> Array:
    """Square images, (n, side^2), brought to 8x8: each pixel the mean over its area.

    Where `side` is no multiple of 8, a pixel counts with the share of it that lies in the area.
    Images of 8x8 are returned as they are.

    Examples
    --------
    >>> area_average(np.arange(256.0)[None])[0, :2]
    array([ 8.5, 10.5])
    """
    side = isqrt(x.shape[1])
    if side == _SIDE:
        return x
    edges = np.arange(side + 1) / side * _SIDE
    low, high = np.arange(_SIDE)[:, None], np.arange(1, _SIDE + 1)[:, None]
    share = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
    small: Array = share @ x.reshape(-1, side, side) @ share.T
    return small.reshape(len(x), -1)


def classifier_of(name: str) -> Classifier | None:
    """The shipped classifier where it can judge a data set: the digits, of whatever size.

    What it was not fitted to has no classes that it knows, and its features say nothing of it.

    Examples
    --------
    >>> classifier_of("digits16") is None, classifier_of("stripes.npz") is None
    (False, True)
    """
    return Classifier.load() if name in DIGITS else None
