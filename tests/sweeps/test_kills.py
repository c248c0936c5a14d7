"""However often a sweep is killed on the way, it ends with one table."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from commands import run
from processes import ended, struck, was_stopped
from processes import start as command
from tiny_sweeps import table
from tools import posix

pytestmark = posix
COMMAND = [sys.executable, "-c", "from neurosim.cli import main; main()", "sweep"]
ONE_THREAD = os.environ | {"OPENBLAS_NUM_THREADS": "1"}


def start(file, out, *options):
    """The command as a process of its own session."""
    return subprocess.Popen(
        [*COMMAND, str(file), "--out", str(out), *options],
        env=ONE_THREAD,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(process):
    """Its exit status; no traceback."""
    _, stderr = process.communicate(timeout=300)
    assert b"Traceback" not in stderr, stderr.decode()
    return process.returncode


def goes_on(file, out):
    """The same command with --resume makes what is missing, in this process."""
    done = run("sweep", file, "--out", out, "--workers", 1, "--resume")
    assert done.exit_code == 0, done.output


def workers(process):
    """Processes that compute points for it."""
    with_name = []
    for child in psutil.Process(process.pid).children():
        try:
            if "LokyProcess" in " ".join(child.cmdline()):
                with_name.append(child)
        except psutil.Error:
            pass
    return with_name


def kill_once(tiny, out, rng, *, worker, longest_s):
    """Kill the sweep, or one of its workers, after a random time; then go on until it is done."""
    file, _ = tiny
    process = start(file, out, "--workers", "2")
    ends = time.monotonic() + rng.uniform(0.5, longest_s)
    while time.monotonic() < ends and process.poll() is None:
        time.sleep(0.02)
    alive = workers(process) if process.poll() is None else []
    if worker and alive:
        rng.choice(alive).kill()
        assert finish(process) == 0
        return
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    goes_on(file, out)


@pytest.mark.slow
@pytest.mark.parametrize("worker", [False, True], ids=["sweep", "worker"])
def test_a_sweep_killed_at_a_random_moment_ends_with_the_same_table(tiny, serial, tmp_path, worker):
    kill_once(tiny, tmp_path / "out", random.Random(worker), worker=worker, longest_s=6.0)
    assert table(tmp_path / "out") == table(serial.path)


@pytest.mark.campaign
@pytest.mark.parametrize("k", range(20))
def test_a_sweep_killed_twenty_times_ends_with_the_same_table(tiny, serial, tmp_path, k):
    kill_once(tiny, tmp_path / "out", random.Random(k), worker=k % 2 == 1, longest_s=15.0)
    assert table(tmp_path / "out") == table(serial.path)


@pytest.mark.campaign
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("k", range(10))
def test_a_sweep_that_is_stopped_says_how_to_go_on_and_ends_with_the_same_table(
    tiny, serial, tmp_path, number, k
):
    file, _ = tiny
    out, seconds = tmp_path / "out", random.Random(k).uniform(0.0, 15.0)
    status, lines = struck(seconds, number, "sweep", file, "--out", out, "--workers", 2)
    if was_stopped(status, lines, number) and "go on" in " ".join(lines):
        way = f"go on with: neurosim sweep {file} --resume --out {out} --workers 2"
        kept = re.escape(f" of 4 points are kept in {out}; {way}")
        assert re.fullmatch(rf"neurosim: stopped; \d{kept}", lines[-1])
        assert not any("UserWarning" in line for line in lines)
    goes_on(file, out)
    assert table(out) == table(serial.path)


@pytest.mark.campaign
@pytest.mark.parametrize("room", [10, 300, 1000, 3000, 5000, 10_000, 30_000, 60_000, 10**5, 10**6])
def test_a_sweep_on_a_full_disk_says_so_and_goes_on_to_the_same_table(tiny, serial, tmp_path, room):
    file, _ = tiny
    out = tmp_path / "out"
    status, lines = ended(command("sweep", file, "--out", out, "--workers", 1, room=room))
    # 1: points failed for lack of room, each on a line.
    assert status in (0, 1, 2), lines
    assert status == 0 or lines[-1].startswith("neurosim: "), lines
    goes_on(file, out)
    assert table(out) == table(serial.path)
