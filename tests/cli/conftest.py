"""A trained run that the commands work on."""

import pytest

from commands import run


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A folder made by `neurosim train`: a small chip, no classes."""
    out = tmp_path_factory.mktemp("cli") / "plain"
    options = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--updates", "2"]
    result = run("train", *options, "--batch", "16", "--settle-tau", "2", "--out", out)
    assert result.exit_code == 0, result.output
    return out
