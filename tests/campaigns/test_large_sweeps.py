"""A sweep of 200 points that is struck again and again ends with the table of one process."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

from neurosim.blocks.files import dump_block
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep, SweepFolder, run_sweep
from processes import ended, start
from tools import posix

pytestmark = [posix, pytest.mark.campaign]
STRUCK = 6


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of ten trainings, each drawn in twenty ways, and the table that one process makes."""
    folder = tmp_path_factory.mktemp("large")
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 16, 8))
    (folder / "chip.yaml").write_text(dump_block(profile))
    recipe = {"updates": 40, "batch": 32, "flow": {"settle_tau": 5}}
    plan = Sweep(
        name="large",
        base={"profile": "chip.yaml", "experiment": recipe},
        sampling={"n": 100},
        axes=[
            {"path": "experiment.learning_rate", "values": [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]},
            {"path": "experiment.seed", "values": [0, 1]},
            {"path": "sampling.t_end", "values": [0.4, 0.7, 1.0, 1.3]},
            {"path": "deploy.adc.bits", "values": [4, 5, 6, 8, 10]},
        ],
    )
    (folder / "sweep.yaml").write_text(dump_block(plan))
    whole = SweepFolder.create(folder / "whole", plan, folder)
    assert len(whole.points) == 200
    run_sweep(whole)
    return folder / "sweep.yaml", (folder / "whole" / "results.csv").read_bytes()


def strike(rng, command, numbers):
    """Signals at random moments to the same command, anew each time; what was logged at last."""
    lines = []
    for _ in range(STRUCK):
        process = start(*command)
        time.sleep(rng.uniform(1.0, 8.0))
        process.send_signal(rng.choice(numbers))
        status, said = ended(process)
        lines += said
        if status == 0:
            break
    status, said = ended(start(*command))
    assert status == 0, said
    return lines + said


def test_shards_that_are_killed_make_the_same_table(large, tmp_path):
    (file, table), out, rng = large, tmp_path / "out", random.Random(0)
    for shard in ("1/3", "2/3", "3/3"):
        words = ["sweep", file, "--out", out, "--resume", "--workers", 1, "--shard", shard]
        strike(rng, words, [signal.SIGKILL])
    assert (out / "results.csv").read_bytes() == table


def test_two_workers_that_are_stopped_make_the_same_table_and_say_what_is_kept(large, tmp_path):
    (file, table), out, rng = large, tmp_path / "out", random.Random(1)
    words = ["sweep", file, "--out", out, "--resume", "--workers", 2]
    lines = strike(rng, words, [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
    assert (out / "results.csv").read_bytes() == table
    kept = [re.search(r"stopped; (\d+) of 200 points are kept in .*; go on with", x) for x in lines]
    counts = [int(found[1]) for found in kept if found]
    assert counts
    assert counts == sorted(counts)
    assert not any("UserWarning" in line for line in lines)


def test_a_cluster_whose_workers_and_client_are_struck_makes_the_same_table(large, tmp_path):
    (file, table), out, rng = large, tmp_path / "out", random.Random(2)
    port = 20_000 + os.getpid() % 20_000
    address, alive = f"tcp://127.0.0.1:{port}", os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    dask = [sys.executable, "-m", "distributed.cli"]

    def served(kind, *words):
        return subprocess.Popen(
            [*dask[:2], f"distributed.cli.dask_{kind}", *words], env=alive,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def worker():
        return served("worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")

    scheduler = served("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    workers = [worker(), worker()]
    try:
        command = ["sweep", file, "--out", out, "--resume", "--dask", address]
        for strikes in range(STRUCK):
            process = start(*command)
            time.sleep(rng.uniform(3.0, 9.0))
            if strikes % 2:
                process.send_signal(signal.SIGTERM)
            elif process.poll() is None:
                workers[-1].kill()
                workers.append(worker())
            if ended(process)[0] == 0 and not strikes % 2:
                break
        status, said = ended(start(*command))
        assert status == 0, said
    finally:
        for served_ in (*workers, scheduler):
            served_.kill()
            served_.wait()
    assert (out / "results.csv").read_bytes() == table
