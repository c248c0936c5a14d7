"""Work spread over processes ends as it would in one, whatever happens to them."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from neurosim import processes
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Experiment, Trainer
from neurosim.processes import spread
from neurosim.profile import load_profile
from processes import TREE

# What the helper has answered, and how much of it this process waits for before it does a job.
ANSWERS: list[bool] = []
WANTED = [0]


def answered():
    """Wait until the helper has answered as often as wanted; in the helper nothing is."""
    limit = time.monotonic() + 60
    while len(ANSWERS) < WANTED[0] and time.monotonic() < limit:
        time.sleep(0.01)


def scaled(shared, job):
    return shared * job


def where(shared, job):
    time.sleep(shared)
    return os.getpid()


def warned(shared, job):
    answered()
    warnings.warn(f"job {job}", RuntimeWarning, stacklevel=1)
    return job


def refused(shared, job):
    answered()
    if job == 3:
        raise ValueError("three")
    return job


class Stubborn:
    """Refuses to be pickled in its own way."""

    def __reduce__(self):
        raise ValueError("no")


class Lost:
    """Can be pickled, but loaded in this process alone; elsewhere it fails, after some time."""

    def __init__(self, after_s=0.0):
        self.after_s = after_s

    def __reduce__(self):
        return _found, (os.getpid(), self.after_s)


def _found(pid, after_s):
    if os.getpid() != pid:
        time.sleep(after_s)
        raise RuntimeError("not here")
    return Lost(after_s)


def slowly(shared, job):
    answered()
    return job


def alone_here(shared, job):
    time.sleep(0.05)
    return os.getpid(), processes._CREW.is_off


@pytest.fixture
def helper(monkeypatch):
    """One helper that is ready."""
    crew = processes._Crew()
    monkeypatch.setattr(processes, "_MOST_DEATHS", 3)
    monkeypatch.setattr(processes, "_CREW", crew)
    yield called(crew)
    crew.dismiss()


def called(crew):
    """The one helper of a crew, when it is ready."""
    assert crew.begun(1, 60.0)
    return crew._helpers[0]


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def ended(pid):
    """Whether a process is gone within some seconds."""
    limit = time.monotonic() + 20
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    return not alive(pid)


def test_every_job_is_done_once_and_in_order_and_by_both(helper):
    assert spread(scaled, np.arange(3.0), range(40), 2)[7].tolist() == [0.0, 7.0, 14.0]
    pids = spread(where, 0.05, range(6), 2)
    assert set(pids) == {os.getpid(), helper._process.pid}


def test_a_program_that_is_soon_done_calls_nobody(monkeypatch):
    monkeypatch.setattr(processes, "_MOST_DEATHS", 3)
    monkeypatch.setattr(processes, "_CREW", crew := processes._Crew())
    assert spread(scaled, 1, range(4), 2) is None
    assert not crew._helpers


def test_what_cannot_be_pickled_is_not_spread(helper):
    assert spread(scaled, threading.Lock(), range(4), 2) is None
    assert spread(lambda _shared, job: job, 1, range(4), 2) is None
    assert spread(scaled, Stubborn(), range(4), 2) is None


def test_what_is_large_is_not_sent(helper, monkeypatch):
    monkeypatch.setattr(processes, "_MOST_BYTES", 10_000)
    assert spread(scaled, np.zeros(2000), range(4), 2) is None
    assert len(spread(scaled, np.zeros(200), range(4), 2)) == 4


@pytest.fixture
def answers(monkeypatch):
    """Whether the helper could, each time that it was asked."""

    def noted(method):
        def asked(self, given):
            answer = method(self, given)
            ANSWERS.append(answer if isinstance(answer, bool) else answer[0])
            return answer

        return asked

    for name in ("take", "do"):
        monkeypatch.setattr(processes._Helper, name, noted(getattr(processes._Helper, name)))
    yield ANSWERS
    ANSWERS.clear()
    WANTED[0] = 0


def test_what_the_helper_cannot_load_is_done_here_and_after_three_times_not_sent(helper, answers):
    for k in range(3):
        WANTED[0] = k + 1
        assert spread(slowly, Lost(), range(5), 2) == [0, 1, 2, 3, 4]
        assert answers == [False] * (k + 1)
    assert spread(slowly, Lost(), range(5), 2) is None
    assert processes._CREW._helpers == []


def test_refusals_with_a_success_between_them_are_no_reason_to_give_up(helper, answers):
    for k, shared in enumerate((Lost(), Lost(), 1, Lost(), Lost())):
        WANTED[0] = k + 1
        assert spread(slowly, shared, range(5), 2) == [0, 1, 2, 3, 4]
    assert not processes._CREW.is_off


def test_a_helper_that_takes_long_to_load_is_not_waited_for(helper, monkeypatch):
    monkeypatch.setattr(processes, "_PATIENCE_S", 0.2)
    began_s = time.monotonic()
    assert spread(slowly, Lost(after_s=60.0), range(5), 2) == [0, 1, 2, 3, 4]
    assert time.monotonic() - began_s < 30.0
    assert ended(helper._process.pid)


def test_helpers_have_no_helpers(helper):
    # So many that the helper has a share on a machine with much else to do.
    found = dict(spread(alone_here, None, range(60), 2))
    assert found == {os.getpid(): False, helper._process.pid: True}


def test_warnings_are_as_without_it(helper, answers):
    WANTED[0] = 2
    with pytest.warns(RuntimeWarning) as caught:
        assert spread(warned, None, range(8), 2) == list(range(8))
    assert sorted(str(w.message) for w in caught) == [f"job {k}" for k in range(8)]
    assert answers == [True, False]


def test_exceptions_are_as_without_it(helper, answers):
    WANTED[0] = 2
    with pytest.raises(ValueError, match="three"):
        spread(refused, None, range(8), 2)
    assert answers[:2] == [True, True]
    called(processes._CREW)
    assert spread(scaled, 2, range(8), 2) == [2 * k for k in range(8)]
    assert processes._CREW._deaths == 0


def test_what_fails_on_the_way_is_not_taken_for_the_next_answer(helper, monkeypatch):
    heard = iter([True, True, False])
    receive = Connection.recv_bytes

    def deaf(self, *given):
        if next(heard, True):
            return receive(self, *given)
        raise MemoryError

    monkeypatch.setattr(Connection, "recv_bytes", deaf)
    assert spread(slowly, None, list("abcdef"), 2) == list("abcdef")
    called(processes._CREW)
    assert spread(slowly, None, list("ghijkl"), 2) == list("ghijkl")


def test_a_helper_that_is_killed_leaves_its_work_to_this_process(helper):
    threading.Timer(0.3, os.kill, (helper._process.pid, signal.SIGKILL)).start()
    assert len(spread(where, 0.1, range(12), 2)) == 12
    assert processes._CREW._helpers == []
    called(processes._CREW)


def test_after_three_deaths_nobody_is_called(helper):
    crew = processes._CREW
    for _ in range(3):
        process = called(crew)._process
        process.kill()
        process.wait()
        spread(scaled, 1, range(4), 2)
    assert crew._deaths == 3
    assert spread(scaled, 1, range(4), 2) is None


def test_nobody_is_called_where_a_process_is_to_work_alone(helper):
    with processes.alone(), processes.alone():
        assert spread(scaled, 1, range(4), 2) is None
    assert spread(scaled, 1, range(4), 2) == [0, 1, 2, 3]


def test_a_second_thread_that_asks_meanwhile_works_alone(helper):
    begun = threading.Thread(target=spread, args=(where, 0.3, range(2), 2))
    begun.start()
    time.sleep(0.1)
    assert spread(scaled, 1, range(4), 2) is None
    begun.join()


_PARENT = """
import os, sys, time
from neurosim import processes
assert processes.begun(2)
print(processes._CREW._helpers[0]._process.pid, flush=True)
if sys.argv[1] == "fork":
    if (child := os.fork()) == 0:
        assert processes.spread(max, 1, [2], 2) is None
        assert processes._CREW._helpers == []
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert processes.spread(max, 1, [2, 3], 2) == [2, 3]
elif sys.argv[1] == "killed":
    time.sleep(60)
"""


@pytest.mark.parametrize("how", ["ended", "killed", "fork"])
def test_helpers_end_with_the_process_that_they_help(how):
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _PARENT, how],
        cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        pid = int(parent.stdout.readline())
        if how == "killed":
            parent.kill()
        said = parent.stderr.read()
        code = parent.wait()
    assert ended(pid)
    assert (code, said) == (-signal.SIGKILL if how == "killed" else 0, "")


@pytest.mark.parametrize("engine", ["transient", "operating_point"])
def test_a_training_has_the_same_bits(helper, monkeypatch, engine):
    asked = []
    hired = processes._Helper.do
    monkeypatch.setattr(
        processes._Helper, "do", lambda self, job: asked.append(job) or hired(self, job)
    )
    profile = load_profile("ideal_hopfield").with_value("settling.engine", engine)
    images = load_digits()[0]

    def trained(n_threads):
        chip = Chip(profile, 0, n_threads=n_threads)
        trainer = Trainer(chip, Experiment(updates=2, batch=128), images)
        assert len(list(trainer)) == 2
        return chip.u_V, trainer.weights.vector, chip.ledger.evaluations

    alone = trained(1)
    assert not asked
    for one, other in zip(alone, trained(2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert asked
