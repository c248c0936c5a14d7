"""Names of figures as pictures and tables write them."""

from __future__ import annotations

__all__ = ["headed", "worded"]

_WORDS = {
    "frechet_feature": "feature Frechet distance",
    "frechet_pixel": "pixel Frechet distance",
    "nn_two_sample": "1-NN two-sample accuracy",
    "w2": "Wasserstein distance",
    "class_entropy": "entropy of classes",
    "smallest_class": "share of the smallest class",
    "nearest_distance": "distance to the nearest",
    "explained": "explained variance",
    "test_explained": "test explained variance",
    "energy_per_decision_J": "energy of a decision [J]",
    "time_per_decision_s": "time of a decision [s]",
}
_HEADS = {
    "frechet_feature": "feature Frechet",
    "frechet_pixel": "pixel Frechet",
    "nn_two_sample": "1-NN",
    "w2": "W2",
    "explained": "explained",
    "test_explained": "test explained",
}


def worded(figure: str) -> str:
    """A figure of an evaluation in words.

    Examples
    --------
    >>> worded("frechet_feature"), worded("flow_loss")
    ('feature Frechet distance', 'flow loss')
    """
    return _WORDS.get(figure, figure.replace("_", " "))


def headed(figure: str) -> str:
    """A figure of samples as the head of a column.

    Examples
    --------
    >>> headed("nn_two_sample"), headed("coverage")
    ('1-NN', 'coverage')
    """
    return _HEADS.get(figure, worded(figure))
