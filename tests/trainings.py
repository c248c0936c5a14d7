"""Trainings of which a test looks at the folder."""

from neurosim import runs

__all__ = ["resume", "train"]


def train(*arguments, **options):
    """The run that a training leaves."""
    return runs.train(*arguments, **options).run


def resume(*arguments, **options):
    """The run that is gone on with."""
    return runs.resume(*arguments, **options).run
