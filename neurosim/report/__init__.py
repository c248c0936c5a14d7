"""Figures and one self-contained HTML page of a run or a sweep."""

from neurosim.report.build import (
    settle_trace,
    write_completions,
    write_report,
    write_samples,
)
from neurosim.report.figures import (
    class_figure,
    completion_figure,
    figure_png,
    figure_svg,
    sample_figure,
)
from neurosim.report.fits import fit_blocks, fit_figure, fit_into
from neurosim.report.losses import loss_figure
from neurosim.report.noise import noise_figure, write_noise_figure
from neurosim.report.page import RunView, render_report
from neurosim.report.plots import plot, plot_settle
from neurosim.report.points import flow_lines, samples_title
from neurosim.report.sweep_page import render_sweep, write_sweep_report
from neurosim.report.waveforms import waveform_figure

__all__ = [
    "RunView",
    "class_figure",
    "completion_figure",
    "figure_png",
    "figure_svg",
    "fit_blocks",
    "fit_figure",
    "fit_into",
    "flow_lines",
    "loss_figure",
    "noise_figure",
    "plot",
    "plot_settle",
    "render_report",
    "render_sweep",
    "sample_figure",
    "samples_title",
    "settle_trace",
    "waveform_figure",
    "write_completions",
    "write_noise_figure",
    "write_report",
    "write_samples",
    "write_sweep_report",
]
