"""The command line: `neurosim --help`."""

from neurosim.cli.main import main

__all__ = ["main"]
