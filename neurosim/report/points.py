"""Samples as a picture: images, or points in the plane where a sample is two numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.report.figures import legend_above, new_figure, sample_figure, style, titled
from neurosim.runs import Trained, pixels_of
from neurosim.safe_text import counted

__all__ = ["drawn_figure", "flow_lines", "point_figure", "samples_title"]

Array = NDArray[np.float64]

_SIDE_IN = 4.0
_BLUE, _ORANGE, _PALE = "#0072B2", "#D55E00", "#b9b9b9"
# Real points are shown as far as they help the eye, flow lines while they can be told apart.
_MOST, _LINES = 2000, 40


def flow_lines(
    trained: Trained,
    *,
    seed: int = 0,
    mode: str | None = None,
    t_end: float | None = None,
    label: int | None = None,
) -> Array | None:
    """Paths (points, n, 2) of some samples from noise to data; None where there is no plane.

    They are drawn as the samples are, and start from the noise of the first ones.

    Parameters
    ----------
    trained : Trained
    seed, mode, t_end, label
        See `Trained.draw`.
    """
    how = trained.experiment
    if not how.task.has_paths or pixels_of(trained.profile, how.labels) != 2:
        return None
    return trained.draw(_LINES, seed, mode=mode, t_end=t_end, label=label, paths=True)


def drawn_figure(
    samples: Array,
    real: Array | None = None,
    n: int = 100,
    paths: Array | None = None,
    title: str = "",
) -> Figure:
    """Points over real ones where a sample is two numbers, and else the first `n` images."""
    if samples.ndim == 2 and samples.shape[1] == 2:
        return titled(point_figure(samples, real, paths=paths), title)
    return sample_figure(samples, n=n, title=title)


def samples_title(n: int, name: str, mode: str, t_end: float) -> str:
    """What is drawn, by which chip and how."""
    return f"{counted(n, 'sample')} of {name}, {mode}, t = {t_end:g}"


def point_figure(
    samples: Array, real: Array | None = None, note: str = "", paths: Array | None = None
) -> Figure:
    """Points (n, 2) in blue over real ones in grey, and below them how some of them came there.

    What failed is left out and counted.

    Parameters
    ----------
    samples, real : ndarray, shape (n, 2)
    note : str
        Written below.
    paths : ndarray, shape (points, n, 2), optional
        Flow lines from noise to samples.
    """
    good = samples[np.isfinite(samples).all(axis=1)]
    lost = len(samples) - len(good)
    said = [note, f"{lost} of {len(samples)} diverged" if lost else ""]
    with style():
        n_panels = 1 if paths is None else 2
        fig = new_figure(0.4 + _SIDE_IN * n_panels)
        panels = fig.subplots(n_panels, 1, squeeze=False)[:, 0]
        for axes in panels:
            if real is not None:
                shown = real[:: -(-len(real) // _MOST)]
                axes.plot(*shown.T, ".", ms=3, color=_PALE, label="real")
            axes.set_aspect("equal", "datalim")
            axes.set_ylabel("second visible node [unit voltages]")
        panels[0].plot(*good.T, ".", ms=4, color=_BLUE, label="drawn")
        if paths is not None:
            _draw_paths(panels[1], paths)
        below = ["first visible node [unit voltages]", *filter(None, said)]
        panels[-1].set_xlabel("\n".join(below))
        fig.align_ylabels()
        for axes in panels:
            if len(axes.get_legend_handles_labels()[1]) > 1:
                legend_above(axes, 4, markerscale=2)
    return fig


def _draw_paths(axes: Axes, paths: Array) -> None:
    """A line for each path from a ring, where it starts, to a point."""
    whole = paths[:, np.isfinite(paths).all(axis=(0, 2))]
    axes.plot(*whole[0].T, "o", ms=2.5, mfc="white", mec=_ORANGE, mew=0.8, label="noise")
    segments = list(whole.transpose(1, 0, 2))
    axes.add_collection(
        LineCollection(segments, colors=_ORANGE, linewidths=0.9, alpha=0.8, label="flow line")
    )
    axes.plot(*whole[-1].T, ".", ms=4, color=_BLUE, label="drawn", zorder=3)
