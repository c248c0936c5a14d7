"""Run folders: training into one, resuming it, sampling from it, judging it."""

from neurosim.runs.run import Run
from neurosim.runs.sampling import evaluate, sample
from neurosim.runs.training import resume, train

__all__ = ["Run", "evaluate", "resume", "sample", "train"]
