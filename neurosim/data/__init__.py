"""What is learned: data sets by name or file, flow triples made of them, images to complete."""

from neurosim.data.digits import DIGIT_STEPS, load_digits, to_grid
from neurosim.data.pairs import (
    FlowBatch,
    Pairing,
    PairSource,
    Times,
    flow_times,
    optimal_pairs,
)
from neurosim.data.scaling import SCALES, Scale, Scaling
from neurosim.data.sets import DIGITS, Dataset, dataset_name, load_dataset

__all__ = [
    "DIGITS",
    "DIGIT_STEPS",
    "SCALES",
    "Dataset",
    "FlowBatch",
    "PairSource",
    "Pairing",
    "Scale",
    "Scaling",
    "Times",
    "dataset_name",
    "flow_times",
    "load_dataset",
    "load_digits",
    "optimal_pairs",
    "to_grid",
]
