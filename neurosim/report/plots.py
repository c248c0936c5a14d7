"""One word for the picture of what a notebook holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.errors import DataError
from neurosim.report.build import settle_trace
from neurosim.report.figures import sample_figure
from neurosim.report.losses import curve_figure, loss_figure
from neurosim.report.points import point_figure
from neurosim.report.sweep_figures import axis_figure
from neurosim.report.sweep_lines import telling
from neurosim.report.waveforms import settle_figure
from neurosim.runs import Run, Source, Trained
from neurosim.safe_text import counted
from neurosim.sweeps import Table

__all__ = ["plot", "plot_settle"]

_MOST_IMAGES = 400


@checked(thing="draw samples, train a chip or sweep its settings")
def plot(
    thing: NDArray[np.float64] | Trained | Run | Table | Path | str,
    *,
    laws: Sequence[type[Block]] = (),
) -> Figure:
    """The picture of what you hold.

    =================== =================================================================
    an array (n, d)     samples or images, each as a tile: the first 400, a failed one orange
    an array (n, h, w)  the same, of images that are no squares too
    an array (n,)       a curve over 1 to n, such as a column of `Trained.metrics`
    Trained, Run, path  the flow loss of its training, in all and by fifths of t
    Table               the figures of a sweep, over the first setting that varies
    =================== =================================================================

    A notebook shows it; ``plot(x).savefig("samples.png")`` keeps it. `plot_settle` draws a settle.

    Parameters
    ----------
    thing : ndarray, Trained, Run, path or Table
        A path is that of a run folder.
    laws : sequence of type
        Blocks of your own that the files of a folder name.

    Returns
    -------
    Figure
        Of Matplotlib, and of no global list: nothing has to be closed.

    Raises
    ------
    DataError
        It is something else, or has nothing to be drawn.

    Examples
    --------
    >>> import neurosim as ns
    >>> images, _ = ns.load_digits()
    >>> ns.plot(images[:20]).savefig("digits.png")  # doctest: +SKIP
    """
    if isinstance(thing, np.ndarray):
        return _array_figure(thing)
    if isinstance(thing, Path | str):
        thing = Run.open(thing, laws)
    if isinstance(thing, Trained | Run):
        return loss_figure(thing.metrics())
    return _table_figure(thing)


def _array_figure(values: NDArray[np.float64]) -> Figure:
    """A curve, or images; those beyond the first 400 are told and not drawn."""
    what = f"an array of {values.dtype} of shape {values.shape}"
    if values.ndim not in (1, 2, 3) or not values.size or values.dtype.kind not in "fiub":
        raise DataError(
            "plot.thing must be an array of numbers (n, d), (n, h, w) or (n,), but is "
            f"{what}; draw samples, or give a column of metrics()."
        )
    known = np.isfinite(values)
    if values.ndim == 1:
        bad = int(np.isinf(values).sum()) or int(not known.any()) * len(values)
    else:
        # A row that diverged is NaN as a whole, and is shown as one that did.
        whole = np.isnan(values).reshape(len(values), -1).all(axis=1)
        bad = int((~known[~whole]).sum()) or int(whole.all()) * len(values)
    if bad:
        raise DataError(
            f"plot.thing must be of finite numbers, but is {what} with {bad} that are not; leave "
            "them out, or complete such images with inpaint."
        )
    if values.ndim == 1:
        return curve_figure(values)
    if values.ndim == 2 and values.shape[1] == 2:
        return point_figure(values.astype(float))
    drawn, n = min(len(values), _MOST_IMAGES), len(values)
    note = f"the first {drawn} of {counted(n, 'image')}" if drawn < n else ""
    return sample_figure(values, n=drawn, note=note)


def _table_figure(table: Table) -> Figure:
    """The figures of a sweep over what varies first."""
    found, columns = table.groups(), table.kept
    varied = telling(found, columns)
    if not varied:
        raise DataError(
            "A table that is plotted must have points that differ and did not fail, but has none; "
            "print it to see its errors."
        )
    failed, n = sum(bool(row["error"]) for row in table.rows), len(table.rows)
    note = f"{failed} of {counted(n, 'point')} failed and {'are' if failed > 1 else 'is'} left out"
    shown = table.measure[:3]
    said = note if failed else ""
    return axis_figure(found, columns, varied[0], shown, note=said, floors=table.floors)


@checked(source="give what neurosim.train returns, a run or a run's folder")
def plot_settle(source: Source, *, laws: Sequence[type[Block]] = ()) -> Figure:
    """The voltages of one image's three phases on a trained chip, layer by layer.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    laws : sequence of type
        Blocks of your own that the files of a folder name.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> ns.plot_settle(trained).savefig("settle.png")  # doctest: +SKIP
    """
    trained = Trained.of(source, laws)
    return settle_figure(settle_trace(trained), trained.profile, trained.experiment.task)
