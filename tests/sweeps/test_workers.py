"""Where tasks run: workers that die lose nothing, and what cannot be used is one line."""

import subprocess
import sys
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import pytest

from neurosim.errors import RunError
from neurosim.sweeps import Workers, workers
from neurosim.sweeps.workers import finished

# Kills one of two idle workers, which may hold what the other waits for, then ends.
IDLE_KILLED = """
import os, signal, sys, time
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from neurosim.sweeps.workers import Workers, release_processes

Parallel(n_jobs=2)(delayed(abs)(i) for i in range(8))
time.sleep(0.5)
os.kill(list(get_reusable_executor(reuse=True)._processes)[int(sys.argv[1])], signal.SIGKILL)
release_processes(Workers(2))
"""
ADDRESS = "tcp://127.0.0.1:8786"


@dataclass(frozen=True)
class Named:
    """What workers need of a task."""

    point: SimpleNamespace
    parent: int | None = None


TASKS = [Named(SimpleNamespace(key=key)) for key in "abcd"]


@pytest.fixture
def pools(monkeypatch):
    """Keys of the tasks that each new pool of two workers was given; none runs."""
    given = []

    def played(lives):
        """Pools that finish so many tasks each before a worker dies; after the last none dies."""
        lives = iter(lives)

        def parallel(tasks, n_jobs):
            given.append([task.point.key for task in tasks])
            assert n_jobs == 2
            assert all(task.parent for task in tasks)
            life = next(lives, None)
            yield from [task.point.key for task in tasks][:life]
            if life is not None:
                raise BrokenExecutor

        monkeypatch.setattr(workers, "_parallel", parallel)
        return given

    return played


def test_one_worker_is_this_process(monkeypatch):
    done = []
    monkeypatch.setattr(workers, "do", lambda task: done.append(task) or task.point.key)
    assert list(finished(TASKS, Workers())) == list("abcd")
    # Nothing ends with a parent where there is none.
    assert done == TASKS


def test_a_pool_that_breaks_starts_anew_with_what_is_left(pools):
    given = pools([1, 2])
    assert list(finished(TASKS, Workers(workers=2))) == list("abcd")
    assert given == [list("abcd"), list("bcd"), ["d"]]


def test_deaths_in_a_row_are_counted_anew_when_a_point_is_done(pools):
    given = pools([0, 0, 1, 0])
    assert list(finished(TASKS, Workers(workers=2))) == list("abcd")
    assert [len(keys) for keys in given] == [4, 4, 4, 3, 3]


def test_workers_that_die_three_times_in_a_row_end_the_sweep(pools):
    given = pools([1, 0, 0])
    done = finished(TASKS, Workers(workers=2))
    assert next(done) == "a"
    with pytest.raises(RunError, match="died 3 times in a row with 3 points left") as caught:
        next(done)
    assert "--resume" in str(caught.value)
    assert len(given) == 3


def test_in_this_process_there_is_no_cluster_to_check():
    Workers(workers=2).check()


def test_a_cluster_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r"pip install 'neurosim-eqprop\[cluster\]'"):
        Workers(dask=ADDRESS).check()


class KilledError(Exception):
    """As Dask's own, of a worker that died too often."""


def cluster_of(monkeypatch, threads):
    """A package `distributed` whose client finds workers with so many threads, or none answers."""
    closed = []

    class Client:
        def __init__(self, address, **options):
            if threads is None:
                raise OSError(f"timed out after {options['timeout']} s")

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            closed.append(self)

        def nthreads(self):
            return {f"worker {k}": n for k, n in enumerate(threads)}

    module = ModuleType("distributed")
    module.Client, module.KilledWorker = Client, KilledError
    monkeypatch.setitem(sys.modules, "distributed", module)
    return closed


@pytest.mark.parametrize("address", ["here", "tcp://127.0.0.1", "http//x:1", "a b:80", "x:y"])
def test_an_address_that_is_none_is_refused_before_anyone_is_asked(monkeypatch, address):
    cluster_of(monkeypatch, [1])
    with pytest.raises(RunError, match="must be the address of a Dask scheduler, such as tcp://"):
        Workers(dask=address).check()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    cluster_of(monkeypatch, None)
    with pytest.raises(RunError, match=rf"{ADDRESS} does not answer \(timed out after 5 s\)"):
        Workers(dask=ADDRESS).check()


@pytest.mark.parametrize(("threads", "text"), [([], "none"), ([1, 4], "some of 4")])
def test_workers_of_other_than_one_thread_are_refused(monkeypatch, threads, text):
    closed = cluster_of(monkeypatch, threads)
    with pytest.raises(RunError, match=f"one thread each, but has {text}"):
        Workers(dask=ADDRESS).check()
    assert len(closed) == 1


def test_a_cluster_whose_workers_die_is_one_error(monkeypatch):
    closed = cluster_of(monkeypatch, [1, 1])
    monkeypatch.setattr(workers, "parallel_config", lambda *_, **__: pytest.MonkeyPatch.context())

    def parallel(tasks, n_jobs):
        assert n_jobs == -1
        yield tasks[0].point.key
        raise KilledError("of memory")

    monkeypatch.setattr(workers, "_parallel", parallel)
    done = finished(TASKS, Workers(dask=ADDRESS))
    assert next(done) == "a"
    with pytest.raises(RunError, match=r"some died \(of memory\); give them more memory"):
        next(done)
    assert len(closed) == 1


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_an_idle_worker_that_is_killed_does_not_keep_the_others_waiting(killed):
    command = [sys.executable, "-c", IDLE_KILLED, str(killed)]
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
