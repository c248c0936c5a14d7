"""Run folders: training into one, resuming it, sampling from it, judging it."""

from neurosim.runs.run import Run
from neurosim.runs.sampling import evaluate, sample
from neurosim.runs.training import resume, train
from neurosim.runs.validation import run_netlist, validate_spice

__all__ = ["Run", "evaluate", "resume", "run_netlist", "sample", "train", "validate_spice"]
