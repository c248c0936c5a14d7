"""Run folders: training into one, resuming it, sampling from it, judging it."""

from neurosim.runs.images import first_batch, given_nodes, visible_rows
from neurosim.runs.inpainting import (
    halves,
    inpaint,
    judge_completions,
    nearest_fill,
    read_incomplete,
)
from neurosim.runs.run import Run
from neurosim.runs.sampling import evaluate, sample
from neurosim.runs.training import resume, train
from neurosim.runs.validation import run_netlist, validate_spice

__all__ = [
    "Run",
    "evaluate",
    "first_batch",
    "given_nodes",
    "halves",
    "inpaint",
    "judge_completions",
    "nearest_fill",
    "read_incomplete",
    "resume",
    "run_netlist",
    "sample",
    "train",
    "validate_spice",
    "visible_rows",
]
