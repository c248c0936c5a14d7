"""Where tasks run: in this process, in several here, or on a Dask cluster. Results are the same."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor

from neurosim.blocks.block import Block
from neurosim.errors import RunError
from neurosim.safe_text import counted
from neurosim.sweeps.work import Task, do, with_files

__all__ = ["Workers", "at_once", "finished", "processes", "release_processes"]

_DEATHS = 3


@dataclass(frozen=True)
class Workers:
    """Which workers to use.

    Attributes
    ----------
    workers : int
        Processes on this machine; 1 computes here.
    dask : str
        Address of a Dask scheduler instead. Its workers must see the same files, and have one
        thread each.
    device : str
        Where batches are settled: ``cpu`` or ``cuda``, see `Chip`.
    """

    workers: int = 1
    dask: str = ""
    device: str = "cpu"

    def check(self) -> None:
        """Raise a RunError if the cluster does not answer or cannot be used."""
        if self.dask:
            with _cluster(self.dask):
                pass


def at_once(
    call: Callable[..., float], *given: Any, workers: int, laws: Sequence[type[Block]] = ()
) -> float:
    """The mean of what a call returns in so many processes that run it at the same time.

    They run it twice, for at first they load the package; the second counts.

    Parameters
    ----------
    call : callable
        A function of a module, that ``given`` is handed to.
    workers : int
        1 calls it here, once.
    laws : sequence of type
        Blocks of one's own that are among what is given.

    Raises
    ------
    RunError
        A worker dies.
    """
    if workers == 1:
        return call(*given)
    one, run = delayed(_Call(call, given, laws)), Parallel(n_jobs=workers, batch_size=1)
    try:
        with processes():
            run(one() for _ in range(workers))
            return fmean(run(one() for _ in range(workers)))
    except BrokenExecutor:
        raise RunError(
            f"{workers} workers must live while they are timed, but one died; free some memory or "
            "give fewer --workers."
        ) from None


@dataclass(frozen=True)
class _Call:
    """A call that finds the user's own classes in another process."""

    call: Callable[..., float]
    given: Sequence[Any]
    laws: Sequence[type[Block]]

    def __call__(self) -> float:
        return self.call(*self.given)

    def __reduce__(self) -> tuple[Any, ...]:
        return with_files(_Call, (self.call, self.given, self.laws), self.laws)


def finished(tasks: Sequence[Task], used: Workers) -> Generator[str]:
    """Keys of the points that tasks have written, as they end.

    A worker that dies loses the points in work; the pool starts anew and does them again.

    Raises
    ------
    RunError
        Workers keep dying, or the cluster cannot be used.
    """
    if used.dask:
        with _cluster(used.dask):
            yield from _parallel(tasks, -1)
    elif used.workers == 1:
        yield from map(do, tasks)
    else:
        with processes():
            yield from _restarting([replace(t, parent=os.getpid()) for t in tasks], used.workers)


@contextmanager
def processes() -> Iterator[None]:
    """Joblib's processes, one BLAS thread each; that one which has grown is replaced is no news."""
    with parallel_config("loky", inner_max_num_threads=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield


def release_processes(used: Workers) -> None:
    """End joblib's processes, if there were any, and give back what they share.

    Their work is stored. They are killed, for one that somebody killed before, while it waited for
    more, may hold what the others wait for: asked to end, these never would.
    """
    if used.workers > 1 and not used.dask:
        executor = get_reusable_executor(reuse=True)
        # Joblib's own removes the folders of shared arrays too.
        getattr(executor, "terminate", executor.shutdown)(kill_workers=True)


def _parallel(tasks: Sequence[Task], n_jobs: int) -> Iterator[str]:
    run: Callable[..., Generator[str, None, None]] = Parallel(
        n_jobs=n_jobs, batch_size=1, return_as="generator_unordered"
    )
    with warnings.catch_warnings():
        # A sweep that is stopped says so itself.
        warnings.filterwarnings("ignore", r"\d+ tasks which were still being", UserWarning)
        with closing(run(delayed(do)(task) for task in tasks)) as keys:
            yield from keys


def _restarting(tasks: Sequence[Task], n_jobs: int) -> Iterator[str]:
    left, deaths = {task.point.key: task for task in tasks}, 0
    while left:
        try:
            for key in _parallel(list(left.values()), n_jobs):
                left.pop(key)
                deaths = 0
                yield key
        except BrokenExecutor:
            deaths += 1
            if deaths >= _DEATHS:
                raise RunError(
                    f"Workers must live until a point is done, but died {deaths} times in a row "
                    f"with {counted(len(left), 'point')} left; free some memory or give "
                    "fewer --workers, and "
                    "go on with --resume."
                ) from None


@contextmanager
def _cluster(address: str) -> Iterator[None]:
    """Joblib's Dask back end on the scheduler at `address`."""
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise RunError(
            "--dask needs the package distributed, but it is not installed; "
            "pip install 'neurosim-eqprop[cluster]'."
        ) from None
    if not re.fullmatch(r"[a-z]+://\S+:\d+|[^\s/:]+:\d+", address):
        raise RunError(
            f"--dask must be the address of a Dask scheduler, such as tcp://127.0.0.1:8786, but is "
            f"{address}."
        )
    try:
        client: Any = Client(address, timeout=5, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(
            f"--dask must be the address of a Dask scheduler, but {address} does not answer "
            f"({error})."
        ) from None
    with client:
        threads = set(client.nthreads().values())
        if threads != {1}:
            raise RunError(
                "The cluster must have workers of one thread each, but has "
                f"{'none' if not threads else f'some of {max(threads)}'}; start them with "
                "`dask worker ADDRESS --nthreads 1 --nworkers N`."
            )
        try:
            with parallel_config("dask", client=client):
                yield
        except KilledWorker as error:
            raise RunError(
                f"Workers must live until a point is done, but some died ({error}); give them more "
                "memory, and go on with --resume."
            ) from None
