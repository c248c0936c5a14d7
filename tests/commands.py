"""Commands as a user types them, and the one line that a mistake gives."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner, Result

from neurosim.cli import main

# Options of a tiny training.
TINY = ["--updates", "2", "--batch", "8", "--settle-tau", "0.5", "--layers", "64,12,10"]


def run(*args: Any) -> Result:
    """Run `neurosim` with these arguments."""
    return CliRunner().invoke(main, [str(a) for a in args])


def train_only(*args: Any) -> Result:
    """Run `neurosim train`, less the table, the pictures and the page that it ends with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurosim.cli.train.finish_run", lambda _run: [])
        return run("train", *args)


def one_line(result: Result) -> str:
    """The last line of a refusal: exit status 2, no traceback, nothing on standard output."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr.strip().splitlines()[-1]
