"""How a report shows what a chip answers: a table, its mistakes, and what settling is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.report.figures import new_figure, style
from neurosim.report.ticks import label_decades
from neurosim.safe_text import counted

__all__ = ["answer_figures", "answers", "confusion_figure", "settling_figure"]

Array = NDArray[np.float64]

_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#5a5a5a"
_FIGURES = {
    "accuracy": "accuracy",
    "test_accuracy": "test accuracy",
    "explained": "variance explained",
    "test_explained": "test variance explained",
    "loss": "squared error",
    "test_loss": "test squared error",
}
_WRITTEN = 15  # classes up to which every number of a confusion matrix is written


def answers(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Table of an evaluation of answers beside what needs no chip, and what it says."""
    shown = [name for name in _FIGURES if name in evaluation]
    rows = {"this chip": evaluation} | evaluation.get("baselines", {})
    said = [f"Learned from {counted(evaluation['n'], 'example')}"]
    if "test_n" in evaluation:
        said.append(f"judged by a test set of {counted(evaluation['test_n'], 'other')}")
    if "test_accuracy_interval" in evaluation:
        low, high = evaluation["test_accuracy_interval"]
        said.append(f"the 95 % interval of the test accuracy is {low:.1%} to {high:.1%}")
    cells = [
        (name, [f"{row[k]:.4g}" if k in row else "" for k in shown]) for name, row in rows.items()
    ]
    costs = [
        (label, format_quantity(evaluation[key], key[-1], 3) if evaluation[key] else "not counted")
        for key, label in (
            ("energy_per_decision_J", "energy of a decision"),
            ("time_per_decision_s", "its time"),
        )
        if key in evaluation
    ]
    return {
        "intro": "; ".join(said) + ".",
        "heads": [_FIGURES[k] for k in shown],
        "rows": cells,
        "costs": costs,
    }


def answer_figures(
    evaluation: Mapping[str, Any], used_tau: float
) -> Iterator[tuple[str, Figure, str, str]]:
    """What an evaluation of answers shows: name, figure, title and caption each."""
    confusion = evaluation.get("test_confusion", evaluation.get("confusion"))
    if confusion is not None:
        yield (
            "confusion",
            confusion_figure(confusion),
            "Confusion matrix",
            "Examples of each class by what the chip answers: of the test set if there is one.",
        )
    yield (
        "settling",
        settling_figure(evaluation["by_settling"], used_tau),
        "Answers and their cost by settling time",
        "The same weights, asked with shorter and longer settles; dotted: as trained.",
    )


def confusion_figure(confusion: Sequence[Sequence[int]]) -> Figure:
    """Rows of each class by what was said; mistakes are orange, as dark as they are many.

    Parameters
    ----------
    confusion : sequence of sequences of int, shape (n_classes, n_classes)
        Class, then what was said.
    """
    counts = np.asarray(confusion)
    n, wrong = len(counts), np.where(np.eye(len(counts), dtype=bool), 0, counts)
    share = wrong / max(int(wrong.max()), 1)
    with style():
        fig = new_figure(4.6)
        axes = fig.subplots()
        axes.imshow(share, cmap="Oranges", vmin=0, vmax=1.6)
        if n <= _WRITTEN:
            for (row, column), count in np.ndenumerate(counts):
                color = _BLUE if row == column else "black"
                if count:
                    axes.text(column, row, str(count), ha="center", va="center", color=color)
        axes.set_xlabel("answer")
        axes.set_ylabel("class")
        if n <= _WRITTEN:
            axes.set_xticks(range(n))
            axes.set_yticks(range(n))
    return fig


def settling_figure(by_settling: Mapping[str, Sequence[float]], used_tau: float) -> Figure:
    """What answers are worth by the settling time of a decision, and what a decision costs.

    Parameters
    ----------
    by_settling : mapping of str to sequence of float
        `tau`, `accuracy` or `loss`, and `energy_per_decision_J`.
    used_tau : float
        The experiment's, dotted.
    """
    tau = np.asarray(by_settling["tau"])
    name = "accuracy" if "accuracy" in by_settling else "loss"
    with style():
        costs = by_settling["energy_per_decision_J"]
        fig = new_figure(4.4 if any(costs) else 2.8)
        panels = fig.subplots(2 if any(costs) else 1, 1, sharex=True, squeeze=False)[:, 0]
        top, below = panels[0], panels[-1]
        top.plot(tau, by_settling[name], ".-", color=_BLUE)
        top.set_ylabel(name)
        if any(costs):
            below.plot(tau, costs, ".-", color=_ORANGE)
            below.set_ylabel("energy of a decision")
            below.set_yscale("log")
            label_decades(below.yaxis, "J")
        below.set_xscale("log")
        label_decades(below.xaxis)
        below.set_xlabel("settling time [τ]")
        for axes in (top, below):
            axes.axvline(used_tau, color=_GREY, lw=0.8, ls=":")
            axes.grid(alpha=0.3, lw=0.6)
        fig.align_ylabels()
    return fig
