"""Whenever a training is killed, the same command with --resume ends with the same table."""

import os
import random
import subprocess
import sys
import time

import pytest

from commands import train_only

COMMAND = [sys.executable, "-c", "from neurosim.cli import main; main()", "train"]
OPTIONS = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--updates", "40"]
OPTIONS += ["--batch", "64", "--settle-tau", "2"]


def start(*options):
    return subprocess.Popen(
        [*COMMAND, *OPTIONS, *map(str, options)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process):
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr.decode()


def table(out):
    return [line.rpartition(",")[0] for line in (out / "metrics.csv").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run to begin from, what one process makes of it, and how long that takes."""
    folder = tmp_path_factory.mktemp("whole")
    done = train_only(*OPTIONS, "--out", folder / "first", "--seed", 1)
    assert done.exit_code == 0, done.output
    began_s = time.monotonic()
    finish(start("--from", folder / "first", "--out", folder / "whole"))
    return folder / "first", folder / "whole", max(2.0, time.monotonic() - began_s)


@pytest.mark.campaign
@pytest.mark.parametrize("k", range(100))
def test_a_training_killed_at_a_hundred_random_moments_ends_with_the_same_table(tmp_path, whole, k):
    """At any moment, every second time at one after its folder is there; 20 in the first second."""
    first, expected, longest_s = whole
    out, rng = tmp_path / "out", random.Random(k)
    process = start("--from", first, "--out", out)
    while k >= 20 and k % 2 and not out.exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 1.0 if k < 20 else longest_s / (1 + k % 2)))
    process.kill()
    process.communicate()
    assert out.exists() or k < 20 or k % 2 == 0
    done = train_only(*OPTIONS, "--from", first, "--out", out, "--resume")
    assert done.exit_code == 0, done.output
    assert table(out) == table(expected)
    assert not list(tmp_path.glob(".out.*.tmp"))
