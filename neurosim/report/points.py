"""Samples as a picture: images, or points in the plane where a sample is two numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.report.figures import new_figure, sample_figure, style

__all__ = ["drawn_figure", "point_figure"]

Array = NDArray[np.float64]

_SIDE_IN = 4.4
_BLUE, _PALE = "#0072B2", "#b9b9b9"
# Real points are shown as far as they help the eye.
_MOST = 2000


def drawn_figure(samples: Array, real: Array | None = None, n: int = 100) -> Figure:
    """Points over real ones where a sample is two numbers, and else the first `n` images."""
    if samples.ndim == 2 and samples.shape[1] == 2:
        return point_figure(samples, real)
    return sample_figure(samples, n=n)


def point_figure(samples: Array, real: Array | None = None, note: str = "") -> Figure:
    """Points (n, 2) in blue over real ones in grey; what failed is left out and counted.

    Parameters
    ----------
    samples, real : ndarray, shape (n, 2)
    note : str
        Written below.
    """
    good = samples[np.isfinite(samples).all(axis=1)]
    lost = len(samples) - len(good)
    said = [note, f"{lost} of {len(samples)} diverged" if lost else ""]
    with style():
        fig = new_figure(_SIDE_IN)
        axes = fig.subplots()
        if real is not None:
            shown = real[:: -(-len(real) // _MOST)]
            axes.plot(*shown.T, ".", ms=3, color=_PALE, label="real")
        axes.plot(*good.T, ".", ms=4, color=_BLUE, label="drawn")
        axes.set_aspect("equal", "datalim")
        axes.set_xlabel("\n".join(["first visible node, units", *filter(None, said)]))
        axes.set_ylabel("second visible node, units")
        if real is not None:
            fig.legend(loc="outside upper center", ncols=2, frameon=False, markerscale=2)
    return fig
