r"""Optimally paired triples of flow matching.

A triple is a point on the straight line from noise to an image, and its velocity:

.. math:: x_t = (1 - t)\, x_0 + t\, x_1, \qquad u_t = x_1 - x_0

with x0 ~ N(0, I), t ~ U(0, 1) unless asked otherwise, and x0 paired with x1 by exact optimal
transport over the batch, or over the whole set of images, of which batches are then parts.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from threading import Lock
from types import TracebackType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from neurosim.data.assignment import cheapest_assignment
from neurosim.errors import DataError
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = [
    "FlowBatch",
    "PairSource",
    "Pairing",
    "Times",
    "flow_times",
    "optimal_pairs",
]

Array = NDArray[np.float64]
Pairing = Literal["batch", "epoch"]
Times = Literal["uniform", "logit_normal", "late"]

_PREFETCH_DEPTH = 2
_SMALLEST_PREFETCHED_BATCH = 512  # below this a pairing takes milliseconds


def optimal_pairs(x0: Array, x1: Array) -> NDArray[np.intp]:
    r"""Permutation p that minimises :math:`\sum_i |x_{0,i} - x_{1,p(i)}|^2`.

    The squares of the rows add the same to every permutation, so the cost handed to the exact
    O(n^3) assignment is -x0 x1^T alone.

    Parameters
    ----------
    x0, x1 : ndarray, shape (n, d)

    Returns
    -------
    ndarray of int, shape (n,)
        `x1[p]` is paired row by row with `x0`.

    Raises
    ------
    DataError
        The shapes differ or have not two axes.

    Examples
    --------
    >>> optimal_pairs(np.array([[0.0], [1.0]]), np.array([[1.1], [0.1]]))
    array([1, 0])
    """
    if x0.ndim != 2 or x0.shape != x1.shape:
        raise DataError(
            f"optimal_pairs needs two arrays of one shape (n, d), but got {x0.shape} and "
            f"{x1.shape}; leave out rows until they agree."
        )
    return cheapest_assignment(-(x0 @ x1.T))


def flow_times(n: int, times: Times, rng: np.random.Generator) -> Array:
    """Flow times of n triples, in [0, 1).

    ``uniform``: density 1. ``logit_normal``: log(t / (1 - t)) ~ N(0, 1), which prefers the middle
    (Esser et al., arXiv:2403.03206, section 3.1). ``late``: density 2 t, which prefers the images.
    """
    if times == "logit_normal":
        drawn: Array = expit(rng.standard_normal(n))
        return drawn
    uniform = rng.random(n)
    return np.sqrt(uniform) if times == "late" else uniform


@dataclass(frozen=True)
class FlowBatch:
    """Flow-matching triples, one a row; the arrays are read-only.

    Parameters
    ----------
    x_t : ndarray, shape (batch, d)
        Points between noise and image.
    u_t : ndarray, shape (batch, d)
        Their velocities x1 - x0.
    t : ndarray, shape (batch,)
        Flow time in [0, 1).
    """

    x_t: Array
    u_t: Array
    t: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).setflags(write=False)

    @property
    def targets(self) -> Array:
        """Where the springs stand: x_t."""
        return self.x_t

    @property
    def wanted(self) -> Array:
        """The velocity to be learned there: u_t."""
        return self.u_t

    @property
    def x_0(self) -> Array:
        """Noise where the paths begin."""
        return self.x_t - self.t[:, None] * self.u_t

    @property
    def x_1(self) -> Array:
        """Images where they end."""
        return self.x_t + (1 - self.t[:, None]) * self.u_t


def _groups(labels: Array) -> list[NDArray[np.intp]]:
    """Rows of each different label, (n, n_labels); without labels all rows are one group."""
    if not labels.shape[1]:
        return [np.arange(len(labels))]
    _, of_row = np.unique(labels, axis=0, return_inverse=True)
    return [np.flatnonzero(of_row == k) for k in range(int(of_row.max()) + 1)]


class PairSource:
    """Source of training triples: the batch of an update depends on seed and update alone.

    As a context manager with `prefetch`, it pairs the next two updates on threads while the caller
    works: SciPy's assignment, nearly the whole cost, releases the interpreter lock. Batches are
    the same bits with and without. Without `with`, or for batches below 512, nothing starts.

    Parameters
    ----------
    images : ndarray, shape (n, d)
        Training data, finite.
    batch : int
        Rows of a batch, 1 to n, the images drawn without replacement.
    streams : Streams
        Its stream `pairs`, one generator a pairing.
    prefetch : bool
    pairing : {"batch", "epoch"}
        What is paired at once: each batch by itself, or noise with all images, which then makes
        n // batch batches (rows left over are not shown in that epoch). The more rows are paired,
        the straighter and the less crossed are their paths.
    times : {"uniform", "logit_normal", "late"}
        Distribution of t, see `flow_times`.
    n_labels : int
        How many of the last columns are given with an image instead of learned: x0 = x1 there, and
        noise is paired with images of one label only. Paired over all of them, the noise itself
        would tell the class, and a network learns to read it there.

    Raises
    ------
    DataError
        The images are not a finite matrix, or the batch is empty or larger than they are.

    Examples
    --------
    >>> images = np.linspace(-1, 1, 12).reshape(4, 3)
    >>> with PairSource(images, 2, Streams(0), prefetch=True) as source:
    ...     source.batch_at(0).x_t.shape
    (2, 3)
    """

    def __init__(
        self,
        images: Array,
        batch: int,
        streams: Streams,
        prefetch: bool,
        pairing: Pairing = "batch",
        times: Times = "uniform",
        n_labels: int = 0,
    ) -> None:
        if images.ndim != 2 or not np.isfinite(images).all():
            raise DataError(
                f"Images that are learned must be a finite array of shape (n, d), but have shape "
                f"{images.shape} and "
                f"{counted(int(np.sum(~np.isfinite(images))), 'value')} that are not "
                f"finite; make each image one row and mend those values."
            )
        if not 1 <= batch <= len(images):
            raise DataError(
                f"The batch of an experiment must be between 1 and the "
                f"{counted(len(images), 'image')}, but "
                f"is {batch}; choose a batch in that range or bring more images."
            )
        self._images, self._batch, self._streams = images, batch, streams
        self._times = times
        self._n_flow = images.shape[1] - n_labels
        self._per_pairing = len(images) // batch if pairing == "epoch" else 1
        paired = len(images) if pairing == "epoch" else batch
        self._prefetch = prefetch and paired >= _SMALLEST_PREFETCHED_BATCH
        self._epochs: dict[int, FlowBatch] = {}
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: dict[int, Future[FlowBatch]] = {}

    def __enter__(self) -> PairSource:
        if self._prefetch and self._pool is None:
            self._pool = ThreadPoolExecutor(_PREFETCH_DEPTH, thread_name_prefix="pairs")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        self._pending.clear()
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def batch_at(self, update: int) -> FlowBatch:
        """Triples of an update, counted from 0."""
        ready = self._pending.pop(update, None)
        if self._pool is not None:
            coming = range(update + 1, update + 1 + _PREFETCH_DEPTH)
            for stale in self._pending.keys() - set(coming):
                self._pending.pop(stale).cancel()
            for later in coming:
                if later not in self._pending:
                    self._pending[later] = self._pool.submit(self._draw, later)
        return self._draw(update) if ready is None else ready.result()

    def _draw(self, update: int) -> FlowBatch:
        if self._per_pairing == 1:
            return self._pair(update, self._batch)
        epoch, part = divmod(update, self._per_pairing)
        with self._lock:
            if epoch not in self._epochs:
                self._epochs = dict([*self._epochs.items()][-1:])
                self._epochs[epoch] = self._pair(epoch, len(self._images))
            whole = self._epochs[epoch]
        rows = slice(part * self._batch, (part + 1) * self._batch)
        return FlowBatch(whole.x_t[rows], whole.u_t[rows], whole.t[rows])

    def _pair(self, index: int, n_rows: int) -> FlowBatch:
        rng = self._streams.generator("pairs", index)
        n_flow = self._n_flow
        x0 = rng.standard_normal((n_rows, n_flow))
        x1 = self._images[rng.permutation(len(self._images))[:n_rows]]
        for alike in _groups(x1[:, n_flow:]):
            x1[alike] = x1[alike][optimal_pairs(x0[alike], x1[alike, :n_flow])]
        x0 = np.concatenate([x0, x1[:, n_flow:]], axis=1)
        t = flow_times(n_rows, self._times, rng)
        x_t = (1 - t[:, None]) * x0 + t[:, None] * x1
        return FlowBatch(x_t, x1 - x0, t)
