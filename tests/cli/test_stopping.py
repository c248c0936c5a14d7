"""Ctrl-C in a training: what is said depends on what is kept."""

import pytest

from commands import run
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.runs import Run


def begin(out):
    Run.create(out, load_profile("ideal_hopfield"), Experiment(), ({}, {"n_done": 0}))


@pytest.fixture
def stopped(monkeypatch, tmp_path):
    """Standard error of a command that is stopped, before or after its folder is made."""

    def stop(*command, begun):
        def train(profile, experiment, out, **_):
            if begun:
                begin(out)
            raise KeyboardInterrupt

        monkeypatch.setattr("neurosim.runs.train", train)
        result = run(*command, "--out", tmp_path / "run")
        assert result.exit_code == 130
        return result.stderr.splitlines()[-1]

    return stop


COMMANDS = [("quickstart",), ("train", "--profile", "ideal_hopfield")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_that_has_begun_says_how_to_go_on(stopped, tmp_path, command):
    assert stopped(*command, begun=True) == (
        f"neurosim: stopped; go on with: neurosim train --resume --out {tmp_path / 'run'}"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_without_a_folder_says_that_nothing_was_kept(stopped, tmp_path, command):
    assert stopped(*command, begun=False) == "neurosim: stopped; nothing was kept."
    begin(tmp_path / "run")
    assert stopped(*command, begun=False) == "neurosim: stopped; nothing was kept."
