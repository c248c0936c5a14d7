"""Exceptions whose text says what must hold, what it is, and what to do."""

from __future__ import annotations

__all__ = [
    "CheckpointError",
    "ConvergenceError",
    "DataError",
    "NeurosimError",
    "ProfileError",
    "RunError",
]


class NeurosimError(Exception):
    """Base of every error that a user can mend; the command line prints its text alone.

    Parameters
    ----------
    text : str
        What must hold, what it is, and what to do in Python.
    at_command_line : str, optional
        The same with what to do there, where that is another.
    in_file : str, optional
        The same with what to write in a profile, an experiment or a sweep, where that is another.
    """

    def __init__(
        self, text: str, at_command_line: str | None = None, in_file: str | None = None
    ) -> None:
        super().__init__(text)
        self.at_command_line = text if at_command_line is None else at_command_line
        self.in_file = text if in_file is None else in_file


class ProfileError(NeurosimError, ValueError):
    """A profile or experiment file is not valid."""


class DataError(NeurosimError, ValueError):
    """An array or a data set has the wrong shape, range or content."""


class ConvergenceError(NeurosimError, RuntimeError):
    """A settle or a solve did not reach a usable state."""


class RunError(NeurosimError, OSError):
    """A run folder is missing, in the way, or not what was asked for."""


class CheckpointError(RunError):
    """A checkpoint cannot be read, or belongs to another run."""
