"""One word for the picture of what a notebook holds."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.errors import DataError
from neurosim.report.build import settle_trace
from neurosim.report.figures import loss_figure, sample_figure, waveform_figure
from neurosim.report.sweep_figures import axis_figure, telling
from neurosim.runs import Run, Source, Trained
from neurosim.sweeps import Table

__all__ = ["plot", "plot_settle"]


@checked(thing="draw samples, train a chip or sweep its settings")
def plot(thing: NDArray[np.float64] | Trained | Run | Table) -> Figure:
    """The picture of what you hold.

    =================== =================================================================
    an array (n, d)     samples or images, each as a tile
    Trained, Run        the flow loss of its training, in all and by fifths of t
    Table               the figures of a sweep, over the first setting that varies
    =================== =================================================================

    A notebook shows it; ``plot(x).savefig("samples.png")`` keeps it. `plot_settle` draws a settle.

    Parameters
    ----------
    thing : ndarray, Trained, Run or Table

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
        return sample_figure(thing, n=len(thing))
    if isinstance(thing, Trained | Run):
        return loss_figure(thing.metrics())
    return _table_figure(thing)


def _table_figure(table: Table) -> Figure:
    """The figures of a sweep over what varies first."""
    found, columns = table.groups(), table.kept
    varied = telling(found, columns)
    if not varied:
        raise DataError(
            "A table that is plotted must have points that differ and did not fail, but has none; "
            "print it to see its errors."
        )
    return axis_figure(found, columns, varied[0], table.measure[:3])


@checked(source="give what neurosim.train returns, a run or a run's folder")
def plot_settle(source: Source) -> Figure:
    """The voltages of one image's three phases on a trained chip, layer by layer.

    Parameters
    ----------
    source : Trained, Run or path

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> ns.plot_settle(trained).savefig("settle.png")  # doctest: +SKIP
    """
    trained = Trained.of(source)
    node = trained.profile.node
    return waveform_figure(settle_trace(trained), node.unit_V, node.tau_s)
