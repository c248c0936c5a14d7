"""What `experiments/cluster` hands to schedulers makes the table of one process."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tiny_sweeps import table
from tools import posix

FOLDER = Path(__file__).parents[2] / "experiments" / "cluster"
TREE = FOLDER.parents[1]


def command(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def slurm(tmp_path):
    """A folder with `neurosim`, and `scontrol` that writes down what is put back into the queue."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program = "from neurosim.__main__ import run; run()"
    command(tools / "neurosim", f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$@"\n')
    command(tools / "scontrol", f'#!/bin/sh\necho "$@" >> {tmp_path}/queue\n')
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(TREE), "OPENBLAS_NUM_THREADS": "1"}


def sbatch(script: Path, array: range, environment: dict[str, str], *words: str) -> list[int]:
    """Start a script at once for every number of an array, as Slurm would; how each ends."""
    jobs = []
    for number in array:
        own = {"ARRAY_TASK_ID": number, "ARRAY_TASK_COUNT": len(array), "ARRAY_JOB_ID": 77}
        own |= {"CPUS_PER_TASK": 1}
        own = {f"SLURM_{name}": str(value) for name, value in own.items()}
        jobs.append(subprocess.Popen(["bash", script, *words], env=environment | own))
    return [job.wait(timeout=300) for job in jobs]


@posix
@pytest.mark.slow
def test_an_array_of_jobs_makes_the_same_table(tiny, serial, tmp_path, slurm):
    file, _ = tiny
    out = tmp_path / "out"
    assert sbatch(FOLDER / "array.sh", range(1, 4), slurm, str(file), str(out)) == [0, 0, 0]
    assert table(out) == table(serial.path)
    assert not (tmp_path / "queue").exists()


@posix
@pytest.mark.slow
def test_a_job_whose_time_is_up_goes_on_from_the_queue(tiny, serial, tmp_path, slurm):
    file, _ = tiny
    out, hasty = tmp_path / "out", tmp_path / "hasty.sh"
    text, n = re.subn(r"--time-limit \S+", "--time-limit 0.1s", (FOLDER / "array.sh").read_text())
    assert n == 1
    hasty.write_text(text)
    assert sbatch(hasty, range(1, 2), slurm, str(file), str(out)) == [124]
    assert (tmp_path / "queue").read_text() == "requeue 77_1\n"
    assert sbatch(FOLDER / "array.sh", range(1, 2), slurm, str(file), str(out)) == [0]
    assert table(out) == table(serial.path)


@pytest.mark.slow
def test_workers_of_a_cluster_make_the_same_table(tiny, serial, tmp_path, slurm):
    file, _ = tiny
    words = [sys.executable, FOLDER / "jobs.py", file, tmp_path / "out", "--jobs", "2", "--here"]
    got = subprocess.run(words, env=slurm, capture_output=True, text=True, check=True, timeout=300)
    assert got.stdout.splitlines()[-2:] == ["4 of 4 points", str(tmp_path / "out" / "results.csv")]
    assert table(tmp_path / "out") == table(serial.path)
