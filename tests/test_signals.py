"""A command that is asked to end says one line, keeps what is done, and leaves as shells expect."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import run
from neurosim import signals
from neurosim.cli.bar import Bar
from neurosim.runs import Run
from neurosim.signals import NUMBERS, Stopped, on_signals, stopping
from tools import posix

# Sends itself a signal when it begins to import a module.
PROGRAM = """
import os, sys

class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), {number:d})

from neurosim.__main__ import run
sys.meta_path.insert(0, Finder())
run()
"""


def struck(module, number, *words, **options):
    program = PROGRAM.format(module=module, number=number)
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}, **options,
    )  # fmt: skip


@pytest.mark.every(8)
@posix
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("module", ["click", "neurosim.cli.sweep", "numpy", "scipy.linalg"])
def test_a_signal_while_packages_load_is_one_line(module, number):
    done = struck(module, number, "profiles", "energy", "cmos_rc_6bit")
    assert (done.stderr, done.stdout) == ("neurosim: stopped.\n", "")
    assert done.returncode == 128 + number


@pytest.mark.slow
@posix
def test_a_signal_that_is_ignored_stays_so():
    """As `nohup` and a shell's background jobs have it."""

    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    done = struck("numpy", signal.SIGINT, "profiles", "check", "cmos_rc_6bit", preexec_fn=ignore)
    assert (done.returncode, done.stderr) == (0, "")


TRAIN = ("train", "--profile", "ideal_hopfield", "--layers", "64,6,5", "--updates", 4)
TRAIN += ("--batch", 8, "--settle-tau", 1)


def table(out):
    """Without the last column, the time on the wall."""
    return [line.rpartition(",")[0] for line in (out / "metrics.csv").read_text().splitlines()]


@pytest.mark.every(2)
@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_training_that_is_stopped_keeps_every_update_and_says_how_to_go_on(
    tmp_path, monkeypatch, name
):
    number = getattr(signal, name)
    out, before = tmp_path / "my run", [signal.getsignal(n) for n in NUMBERS]

    def strike(bar, update, total):
        if update.update == 2:
            os.kill(os.getpid(), number)

    monkeypatch.setattr("neurosim.cli.train.finish_run", lambda run: [])
    with monkeypatch.context() as patch:
        patch.setattr(Bar, "on_update", strike)
        done = run(*TRAIN, "--out", out)
    assert done.exit_code == 128 + number
    assert done.stderr.splitlines()[-1] == (
        f"neurosim: stopped; 2 of 4 updates are kept in {out}; go on with: neurosim train --resume "
        f"--out '{out}'"
    )
    assert Run.open(out).n_done == 2
    assert [signal.getsignal(n) for n in NUMBERS] == before
    assert run("train", "--resume", "--out", out).exit_code == 0
    assert run(*TRAIN, "--out", tmp_path / "whole").exit_code == 0
    assert table(out) == table(tmp_path / "whole")


@posix
def test_a_report_that_is_stopped_leaves_a_trained_run(tmp_path, monkeypatch):
    def strike(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("neurosim.report.write_report", strike)
    done = run(*TRAIN, "--out", tmp_path / "r u n")
    assert done.exit_code == 128 + signal.SIGTERM
    assert done.stderr.splitlines()[-1].endswith(
        f"stopped; the run is trained, its page is made by: neurosim report '{tmp_path}/r u n'"
    )
    assert Run.open(tmp_path / "r u n").n_done == 4


def twice():
    """What saves is stopped once; the same wish again does not cut it short."""
    with on_signals(stopping):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGTERM)


def test_the_same_wish_twice_is_one_and_leaves_time_to_save():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(Stopped) as found:
            twice()
        assert found.value.status == 128 + signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_another_wish_seconds_later_ends_the_process_at_once(monkeypatch):
    left, now = [], iter([0.0, 10.0])
    monkeypatch.setattr(signals, "leave", lambda number, frame: left.append(number))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    test_the_same_wish_twice_is_one_and_leaves_time_to_save()
    assert left == [signal.SIGTERM]


@posix
def test_where_a_destructor_would_lose_it_the_wish_is_raised_a_moment_later(capfd):
    class Dying:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    def die_and_go_on():
        Dying()
        time.sleep(5.0)

    with pytest.raises(Stopped), on_signals(stopping):
        die_and_go_on()
    assert "Traceback" not in capfd.readouterr().err
