"""How generated samples are judged: one protocol for every figure that is published."""

from neurosim.metrics.classifier import Classifier, area_average, classifier_of
from neurosim.metrics.distances import (
    frechet_distance,
    nearest_training_distance,
    nn_two_sample,
    precision_recall_density_coverage,
    w2,
)
from neurosim.metrics.samples import (
    FEWEST,
    baselines,
    class_entropy,
    class_shares,
    evaluate_samples,
    fresh_frechet,
    smallest_class,
)

__all__ = [
    "FEWEST",
    "Classifier",
    "area_average",
    "baselines",
    "class_entropy",
    "class_shares",
    "classifier_of",
    "evaluate_samples",
    "frechet_distance",
    "fresh_frechet",
    "nearest_training_distance",
    "nn_two_sample",
    "precision_recall_density_coverage",
    "smallest_class",
    "w2",
]
