"""Settle a batch: rows in chunks, chunks on threads, what diverged found and named."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.arrays import NUMPY, Arrays
from neurosim.errors import ConvergenceError, DataError
from neurosim.memory import keep_freed
from neurosim.processes import spread
from neurosim.solvers.engines import Engine
from neurosim.solvers.flicker import FlickerSource, Noise
from neurosim.solvers.system import HoldsNodes, RateFunction, System
from neurosim.solvers.transient import Chunk
from neurosim.threads import one_blas_thread

__all__ = [
    "CHUNK_ROWS",
    "Settled",
    "available_threads",
    "memory_estimate_bytes",
    "settle",
]

Array = NDArray[np.float64]
NoiseOf = Callable[[int], np.random.Generator]

# Small enough for a block's arrays to stay in cache, large enough to amortise NumPy's calls. The
# division into chunks depends on the number of rows alone, so that no result depends on threads.
CHUNK_ROWS = 256
_LEAST_ROWS = 32
_INTERPRETER_BYTES = 100_000_000


@dataclass(frozen=True)
class Settled:
    """A settled batch.

    Attributes
    ----------
    u_V : ndarray, shape (rows, n)
        Node voltages; NaN in rows that diverged.
    residual : ndarray, shape (rows,)
        Largest rate of a node, in unit voltages per tau: what is still moving.
    diverged : ndarray of bool, shape (rows,)
        Rows that left all bounds.
    refused : ndarray of bool, shape (rows,)
        Rows of which the operating point could not be promised: a long transient left them there.
    n_evaluations : int
        Evaluations of the right-hand side, as rows x calls / rows: the mean over chunks, weighted
        by their rows, rounded up.
    n_steps : int
        Steps, counted likewise.
    """

    u_V: Array
    residual: Array
    diverged: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    n_evaluations: int
    n_steps: int


@cache
def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="settle")


def memory_estimate_bytes(rows: int, n_nodes: int, n_couplings: int) -> int:
    """Memory that one training update needs; the settling time makes no difference.

    Counted: some 20 numbers for each row and node (states, drives, reads of every phase), 24 for
    each node of the blocks that are worked on at a time, 40 for each coupling (devices, pairs,
    scaled copies, the optimiser's moments), this interpreter and one for each core that helps.

    Examples
    --------
    >>> round(memory_estimate_bytes(32, 320, 24_576) / 1e9, 2)
    0.11
    """
    n_processes = min(available_threads(), _n_chunks(rows))
    block = 24 * min(rows, CHUNK_ROWS * n_processes)
    numbers = n_nodes * (20 * rows + block) + 40 * n_couplings
    return 8 * numbers + _INTERPRETER_BYTES * n_processes


def _n_chunks(rows: int) -> int:
    """Into how many chunks a batch is divided."""
    return max(-(-rows // CHUNK_ROWS), min(2, rows // _LEAST_ROWS), 1)


def settle(
    system: System,
    u_V: Array,
    time_s: float,
    engine: Engine,
    noise_of: NoiseOf | None = None,
    n_threads: int | None = None,
    flicker: FlickerSource | None = None,
    arrays: Arrays = NUMPY,
    goes_on: bool = False,
) -> Settled:
    """Let every row of `u_V` run for `time_s`.

    Parameters
    ----------
    system : System
    u_V : ndarray, shape (rows, n)
        Node voltages at the start.
    time_s : float
        Settling time.
    engine : Engine
    noise_of : callable, optional
        Generator of the white noise of chunk k; needed where the system has noise.
    n_threads : int, optional
        Processors to use; by default all that there are. Results do not depend on it. A program
        that settles for more than a second is helped by processes of its own
        (`neurosim.processes`); until then, with noise, and with an engine or a law of one's own,
        threads share the rows.
    flicker : FlickerSource, optional
        1/f noise that goes on from where the settle before left it.
    arrays : Arrays, optional
        Where the steps are computed; rows go there at the beginning and come back at the end. An
        operating point's Newton steps, and an engine of one's own, stay on the processor.
    goes_on : bool
        Whether the settle before ended where this one begins, under the same sources.

    Raises
    ------
    DataError
        The system has noise, which this engine does not integrate.
    ConvergenceError
        There is no stream for the noise.
    """
    whole_V, nodes = u_V, None
    if isinstance(system, HoldsNodes) and (free := system.free(u_V)) is not None:
        system, nodes = free
        u_V = u_V[:, nodes]
    has_noise = bool(system.noise_V.any() or system.flicker_V.any())
    if has_noise:
        _check_noise(engine, noise_of)
    rows = len(u_V)
    chunks = np.array_split(np.arange(rows), 1 if arrays.whole else _n_chunks(rows))
    parts = np.array_split(u_V, len(chunks))

    def job(k: int) -> _Job:
        noise = None
        if has_noise and noise_of is not None:
            state = None
            if flicker is not None:
                state = flicker.state(k, whole_V.shape[1], len(chunks[k]), arrays)
            noise = Noise(noise_of(k), state, nodes, goes_on)
        return _Job(chunks[k], parts[k], noise)

    gathers = _says(engine, "gathers") and len(chunks) > 1
    common = _Common(engine, system, time_s, arrays, "first" if gathers else "run")
    n_threads = n_threads or available_threads()
    ended = _Ended(rows, u_V.shape[1])
    with one_blas_thread():
        # The state of a noise would have to travel too, which takes what it gains.
        travels = _says(engine, "travels") and not has_noise and arrays is NUMPY
        jobs = [job(k) for k in range(len(chunks))]
        ended.take(jobs, _settled(common, jobs, n_threads, travels))
        left = np.flatnonzero(ended.refused)
        if gathers and len(left):
            chunks = np.array_split(left, _n_chunks(len(left)))
            jobs = [_Job(chunk, ended.u_V[chunk], None) for chunk in chunks]
            common = common._replace(way="rest")
            ended.take(jobs, _settled(common, jobs, n_threads, travels))
    ended_V = ended.u_V
    if nodes is not None:
        ended_V, moved_V = whole_V.astype(np.float64), ended_V
        ended_V[:, nodes] = moved_V
        ended_V[np.isnan(moved_V).any(axis=1)] = np.nan
    return Settled(
        u_V=ended_V,
        residual=ended.residual,
        diverged=ended.diverged,
        refused=ended.refused,
        n_evaluations=-int(-ended.evaluations // rows),
        n_steps=-int(-ended.steps // rows),
    )


def _says(engine: Engine, what: str) -> bool:
    """Whether an engine's own class says this of itself."""
    return bool(vars(type(engine)).get(what, False))


def _settled(
    common: _Common, jobs: list[_Job], n_threads: int, travels: bool
) -> list[tuple[Chunk, NDArray[np.bool_]]]:
    """Every chunk, here or by those who help."""
    n_threads = min(n_threads, len(jobs))
    results = None
    if n_threads > 1 and travels:
        results = spread(_settle_chunk, common, jobs, n_threads)
    if results is None and n_threads > 1:
        results = list(_pool(n_threads).map(partial(_settle_chunk, common), jobs))
    elif results is None:
        results = [_settle_chunk(common, one) for one in jobs]
    return results


def _check_noise(engine: Engine, noise_of: NoiseOf | None) -> None:
    """Raise unless the engine integrates noise and there is a stream to draw it from."""
    if engine.noise_step_tau is None:
        raise DataError(
            f"The engine of a system with noise must integrate it, but {engine} does not; take "
            "Transient by ETD4, or a temperature of None and, of oscillators, a linewidth of 0."
        )
    if noise_of is None:
        raise ConvergenceError(
            "A system with noise needs a random stream, but has none; pass `noise_of`."
        )


class _RateOf:
    """Right-hand side for some rows of a block; see `RateOf`."""

    def __init__(self, system: System, rows: NDArray[np.intp], arrays: Arrays) -> None:
        self._system, self._rows, self.arrays = system, rows, arrays

    def __call__(self, rows: NDArray[np.intp], dtype: DTypeLike = np.float64) -> RateFunction:
        return self._system.rate(self._rows[rows], dtype)


class _Common(NamedTuple):
    """What every chunk of a settle shares; `way` is the engine's method that runs it."""

    engine: Engine
    system: System
    time_s: float
    arrays: Arrays
    way: str


class _Ended:
    """Where the rows of a batch have ended; what was spent, over all rows."""

    def __init__(self, rows: int, n: int) -> None:
        self.u_V, self.residual = np.empty((rows, n)), np.empty(rows)
        self.diverged, self.refused = np.zeros((2, rows), dtype=bool)
        self.evaluations = self.steps = 0

    def take(self, jobs: list[_Job], results: list[tuple[Chunk, NDArray[np.bool_]]]) -> None:
        """Note what came of chunks."""
        for job, (part, bad) in zip(jobs, results, strict=True):
            rows = job.rows
            self.u_V[rows], self.residual[rows], self.diverged[rows] = part.u_V, part.residual, bad
            self.refused[rows] = False if part.refused is None else part.refused
            self.evaluations += len(rows) * part.n_evaluations
            self.steps += len(rows) * part.n_steps


class _Job(NamedTuple):
    """One chunk: which rows of the batch, their voltages, and their noise."""

    rows: NDArray[np.intp]
    u_V: Array
    noise: Noise | None


def _settle_chunk(common: _Common, job: _Job) -> tuple[Chunk, NDArray[np.bool_]]:
    """Settle one chunk; rows that diverge are set aside and the others settle without them."""
    keep_freed()
    engine, system, time_s, arrays, way = common
    rows, u_V, noise = job
    good = np.ones(len(rows), dtype=bool)
    out = Chunk(np.full(u_V.shape, np.nan), np.full(len(rows), np.inf), 0, 0)
    n_evaluations = n_steps = 0
    refused = np.zeros(len(rows), dtype=bool)
    while good.any():
        rate_of = _RateOf(system, rows[good], arrays)
        drawn = noise and noise.some(good)
        part = getattr(engine, way)(rate_of, u_V[good], time_s / system.tau_s, system, drawn)
        n_evaluations, n_steps = n_evaluations + part.n_evaluations, n_steps + part.n_steps
        bad = ~np.isfinite(part.residual)
        if not bad.any():
            out.u_V[good], out.residual[good] = part.u_V, part.residual
            if noise and drawn:
                noise.put(good, drawn)
            if part.refused is not None:
                refused[good] = part.refused
            break
        good[np.flatnonzero(good)[bad]] = False
    return Chunk(out.u_V, out.residual, n_evaluations, n_steps, refused), ~good
