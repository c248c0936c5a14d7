"""Whenever a training is killed, the same command with --resume ends with the same table."""

import os
import random
import subprocess
import sys
import time

import pytest

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


@pytest.mark.slow
def test_a_training_killed_at_twenty_random_moments_ends_with_the_same_table(tmp_path):
    finish(start("--out", tmp_path / "first", "--seed", 1))
    begin = ["--from", tmp_path / "first"]
    began_s = time.monotonic()
    finish(start(*begin, "--out", tmp_path / "whole"))
    longest_s = max(2.0, time.monotonic() - began_s)
    rng, folders = random.Random(0), 0
    for k in range(20):
        out = tmp_path / str(k)
        process = start(*begin, "--out", out)
        time.sleep(rng.uniform(0.0, longest_s))
        process.kill()
        process.communicate()
        folders += out.exists()
        finish(start(*begin, "--out", out, "--resume"))
        assert table(out) == table(tmp_path / "whole"), k
        assert not list(tmp_path.glob(f".{k}.*.tmp"))
    assert folders > 0
