"""Trained chips, in memory and in run folders: training, resuming, sampling, judging."""

from neurosim.data.incomplete import read_incomplete
from neurosim.runs.examining import lessons_of
from neurosim.runs.explaining import explain
from neurosim.runs.explanation import Explanation
from neurosim.runs.exporting import export_weights
from neurosim.runs.findings import Finding
from neurosim.runs.images import first_batch, given_nodes, pixels_of, visible_rows
from neurosim.runs.inpainting import (
    halves,
    inpaint,
    judge_completions,
    nearest_fill,
)
from neurosim.runs.predicting import predict
from neurosim.runs.progress import counted_by
from neurosim.runs.repeating import Repeated, repeat
from neurosim.runs.run import OWN_FILES, Run
from neurosim.runs.sampling import evaluate, sample
from neurosim.runs.trained import Source, Trained
from neurosim.runs.training import resume, train
from neurosim.runs.validation import run_netlist, validate_spice
from neurosim.runs.watchdogs import watch

__all__ = [
    "OWN_FILES",
    "Explanation",
    "Finding",
    "Repeated",
    "Run",
    "Source",
    "Trained",
    "counted_by",
    "evaluate",
    "explain",
    "export_weights",
    "first_batch",
    "given_nodes",
    "halves",
    "inpaint",
    "judge_completions",
    "lessons_of",
    "nearest_fill",
    "pixels_of",
    "predict",
    "read_incomplete",
    "repeat",
    "resume",
    "run_netlist",
    "sample",
    "train",
    "validate_spice",
    "visible_rows",
    "watch",
]
