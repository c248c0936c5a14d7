"""Samples from a trained run, and their evaluation by the one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.host import SamplingSettings
from neurosim.runs.drawing import Progress, settings_of
from neurosim.runs.trained import Source, Trained

__all__ = ["evaluate", "sample"]

Array = NDArray[np.float64]


@checked(source="give what neurosim.train returns, a run or a run's folder")
def sample(
    source: Source,
    n: int,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    label: int | None = None,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> tuple[Array, SamplingSettings]:
    """Draw `n` samples from a chip that has learned, and say how: a pair (x, settings).

    ``trained.draw(n)`` returns the samples alone.

    Where classes were learned too, their nodes are held while the pixels flow.

    The same arguments draw the same bits. With another `n` the first samples start from the same
    noise, but rows that settle together share the solver's steps, draws of noise and, where devices
    drift, their age: the first 100 of 300 are those of 100 only to within these.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    n : int
        At least 1.
    mode, t_end : optional
        Instead of the experiment's.
    seed : int
        Of the starting noise.
    label : int, optional
        The class to draw; without it classes take turns.
    laws : sequence of type
        Blocks of your own that the files of a folder name.
    progress : callable, optional
        Called with steps done and their total.

    Returns
    -------
    x : ndarray, shape (n, n_pixels)
        From -1 to 1 or a little beyond; NaN where a row diverged.
    settings : SamplingSettings
        As used.

    Raises
    ------
    DataError
        A class is asked for that the run has not learned.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> x, settings = ns.sample(trained, 3, t_end=0.1)
    >>> x.shape, settings.mode
    ((3, 64), 'free-running')
    """
    trained = Trained.of(source, laws)
    settings = settings_of(trained.experiment, mode, t_end)
    return trained.draw(n, seed, mode=mode, t_end=t_end, label=label, progress=progress), settings


@checked(source="give what neurosim.train returns, a run or a run's folder")
def evaluate(
    source: Source,
    n: int = 2000,
    *,
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    floors: bool = True,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Array]:
    """Judge `n` samples against the images that were learned, beside rows that need no chip.

    The result is a pair (result, samples).

    A chip that has learned to answer is judged by its answers, see `neurosim.runs.examining`.

    Of more than 2,048 images that many are taken, always the same ones. Features and classes are
    those of the shipped classifier of digits, and judged where these were learned; of other images
    the Wasserstein distance, precision, coverage and the others speak, which see pixels alone.

    Parameters
    ----------
    source, n, mode, t_end, seed, laws, progress
        See `sample`.
    floors : bool
        Whether the three rows are computed too.

    Returns
    -------
    result : dict
        The metrics of `neurosim.metrics.evaluate_samples`, the flow loss, how the samples were
        drawn, `baselines` (real, noisy, gaussian), `fresh_frechet`, what real digits that are not
        among these would have (None of other images), and `spent`, what one chip spent on the
        samples: the names of `neurosim.chip.Ledger.totals`.
    samples : ndarray, shape (n, n_pixels)

    Raises
    ------
    ConvergenceError
        Samples diverged; they are never averaged in.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> result, x = ns.evaluate(trained, 20, t_end=0.1, floors=False)
    >>> result["n"], result["frechet_feature"] > 5
    (20, True)
    """
    trained = Trained.of(source, laws)
    return trained.evaluate(n, mode=mode, t_end=t_end, seed=seed, floors=floors, progress=progress)
