"""Figures and one self-contained HTML page of a run; it draws and formats, and computes nothing."""

from neurosim.report.figures import (
    class_figure,
    figure_png,
    figure_svg,
    loss_figure,
    sample_figure,
    waveform_figure,
)

__all__ = [
    "class_figure",
    "figure_png",
    "figure_svg",
    "loss_figure",
    "sample_figure",
    "waveform_figure",
]
