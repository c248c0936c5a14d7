"""Ctrl-C in a training: what is said depends on what is kept."""

import shlex
import shutil

import pytest

from commands import run
from neurosim.blocks.files import dump_block
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.runs import Run
from neurosim.signals import Stopped


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
        f"neurosim: stopped; 0 of 2,000 updates are kept in {tmp_path / 'run'}; go on with: "
        f"neurosim train --resume --out {tmp_path / 'run'}"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_without_a_folder_says_that_nothing_was_kept(stopped, tmp_path, command):
    assert stopped(*command, begun=False) == "neurosim: stopped; nothing was kept."
    begin(tmp_path / "run")
    assert stopped(*command, begun=False) == "neurosim: stopped; nothing was kept."


def test_the_command_that_goes_on_has_the_options_that_this_takes(tmp_path, monkeypatch):
    """A sweep and a study; the study's budget is settled."""

    def stop(*_, **__):
        raise Stopped("stopped.", 143)

    monkeypatch.setattr("neurosim.sweeps.run_sweep", stop)
    monkeypatch.setattr("neurosim.sweeps.paying._MOST", 60)
    chip, file, out = tmp_path / "my chip.yaml", tmp_path / "grid.yaml", tmp_path / "out"
    profile = load_profile("ideal_hopfield").with_value("layers", (2, 6, 5))
    chip.write_text(dump_block(profile))
    file.write_text(
        "name: grid\nsummary: Two points.\n"
        "base: {profile: ideal_hopfield, experiment: {updates: 2, batch: 4}}\n"
        "axes: [{path: experiment.flow.beta, values: [1.0e-3, 2.0e-3]}]\n"
        "sampling: {n: 50}\nmeasure: [frechet_feature]\n"
    )
    for words, kept, way in [
        (
            ["sweep", file, "--workers", 2, "--shard", "1/2"],
            "0 of 1 point is kept",
            f"neurosim sweep {file} --resume --out {out} --workers 2 --shard 1/2",
        ),
        (
            ["settling", chip, "--dataset", "moons", "--budget", "100 h", "--seeds", 1],
            "0 of 13 points are kept",
            f"neurosim settling '{chip}' --resume --out {out}",
        ),
    ]:
        result = run(*words, "--out", out)
        assert result.exit_code == 143, result.output
        said = f"neurosim: stopped; {kept} in {out}; go on with: {way}"
        assert result.stderr.splitlines()[-1] == said
        again = run(*shlex.split(way)[1:])
        assert again.stderr.splitlines()[-1] == said
        shutil.rmtree(out)
