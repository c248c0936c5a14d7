"""One self-contained HTML page of a run: no script, no network, readable on a phone."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurosim.analysis import Point, Row, Source
from neurosim.blocks.units import format_quantity
from neurosim.chip.oscilloscope import Trace
from neurosim.report.answers import answer_figures, answers
from neurosim.report.figures import (
    class_figure,
    figure_png,
    figure_svg,
    titled,
)
from neurosim.report.losses import loss_figure
from neurosim.report.noise import noise_figure
from neurosim.report.points import drawn_figure, samples_title
from neurosim.report.quality import quality
from neurosim.report.settings import blocks_of, settings_of
from neurosim.report.spent import shares, totals
from neurosim.report.waveforms import settle_figure
from neurosim.report.wording import headed
from neurosim.runs import Explanation
from neurosim.safe_text import printable

__all__ = ["RunView", "data_uri", "page_template", "picture", "render_report"]

Array = NDArray[np.float64]

_FLOW_LINES = " Flow lines are the ways of some of them, from noise (rings) to data."


@dataclass(frozen=True)
class RunView:
    """What the page shows; see `neurosim.report.build` for how a run becomes one.

    Attributes
    ----------
    name, command : str
        Title, and the command that repeats the run.
    profile, experiment : BaseModel
        As used.
    metrics : mapping of str to ndarray
        Columns of the metrics table.
    samples, real : ndarray, shape (n, n_visible), or None
        What was drawn, and what was learned.
    paths : ndarray, shape (points, n, 2), optional
        Flow lines of samples in the plane.
    trace : Trace or None
        One settle.
    evaluation : dict or None
        Result of `neurosim.runs.evaluate`.
    ledger : mapping of str to float
    versions : mapping of str to str
    sources : sequence of Source
        Imperfections that the profile has.
    noise : tuple of rows and points, or None
        What each of them does to the gradient: see `neurosim.analysis`.
    warnings : sequence of str
        What may be wrong with the numbers.
    explanation : Explanation, optional
        What `neurosim explain` found.
    scaling : str
        What became of a file's numbers, in words.
    no_evaluation, no_explanation : str
        Why there is none, where there was one of another update.
    """

    name: str
    command: str
    profile: Any
    experiment: Any
    metrics: Mapping[str, Array]
    samples: Array | None
    trace: Trace | None
    evaluation: Mapping[str, Any] | None
    ledger: Mapping[str, float]
    versions: Mapping[str, str]
    sources: Sequence[Source] = ()
    noise: tuple[Sequence[Row], Sequence[Point]] | None = None
    warnings: Sequence[str] = ()
    real: Array | None = None
    paths: Array | None = None
    explanation: Explanation | None = None
    scaling: str = ""
    no_evaluation: str = ""
    no_explanation: str = ""

    @cached_property
    def losses(self) -> Figure:
        """The loss against updates, drawn once for the page and beside it."""
        return titled(loss_figure(self.metrics), f"Training of {self.profile.name}")

    @cached_property
    def drawn(self) -> Figure:
        """Samples and the chip that drew them, drawn once."""
        assert self.samples is not None
        how = self.experiment.sampling
        said = samples_title(len(self.samples), self.profile.name, how.mode, how.t_end)
        return drawn_figure(self.samples, self.real, paths=self.paths, title=said)

    @cached_property
    def waveforms(self) -> Figure:
        """That one settle, drawn once."""
        assert self.trace is not None
        return settle_figure(self.trace, self.profile, self.experiment.task)


def data_uri(data: bytes, kind: str) -> str:
    """A file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def picture(figure: Any, file: str, title: str, caption: str) -> dict[str, str]:
    """A figure with its words, to be shown and saved."""
    if file.endswith(".svg"):
        source = data_uri(figure_svg(figure).encode(), "image/svg+xml")
    else:
        source = data_uri(figure_png(figure), "image/png")
    return {"source": source, "file": file, "title": title, "caption": caption}


def _pictures(view: RunView) -> dict[str, dict[str, str]]:
    made = {
        "loss": picture(
            view.losses,
            "loss.svg",
            "Loss against updates",
            "Mean of (v - u)^2 as the host measures it: of a flow in total and by time t along it, "
            "of answers those of each batch.",
        )
    }
    if view.evaluation is not None and "by_settling" in view.evaluation:
        used_tau = view.experiment.flow.settle_tau or view.profile.host.settle_tau
        for name, figure, title, caption in answer_figures(view.evaluation, used_tau):
            made[name] = picture(figure, f"{name}.svg", title, caption)
    if view.samples is not None:
        made["samples"] = picture(
            view.drawn,
            "samples.png",
            "Samples",
            "Drawn by the chip from Gaussian noise; no selection."
            + (_FLOW_LINES if view.paths is not None else ""),
        )
    if view.trace is not None:
        made["settle"] = picture(
            view.waveforms,
            "settle.svg",
            "One settle as waveforms",
            "Outputs of every layer through the free, the positive and the negative phase.",
        )
    if view.evaluation is not None and "class_shares" in view.evaluation:
        made["classes"] = picture(
            class_figure(np.asarray(view.evaluation["class_shares"])),
            "classes.svg",
            "Shares of the ten classes",
            "Classes of the samples by a fixed classifier.",
        )
    if view.noise is not None:
        made["noise"] = picture(
            titled(noise_figure(*view.noise), f"Gradient of {view.profile.name}, just written"),
            "noise.svg",
            "Noise ledger",
            "How far each imperfection alone turns the gradient, and all together over beta.",
        )
    return made


def _loss_name(view: RunView) -> str:
    return "flow loss" if view.samples is not None else "loss"


def _headline(view: RunView) -> list[tuple[str, str]]:
    loss, planned = np.asarray(view.metrics["flow_loss"]), view.experiment.updates
    cards = [
        (f"{loss[0]:.3g} \u2192 {loss[-1]:.3g}", f"{_loss_name(view)}, first and last update"),
        (f"{len(loss):,}", "updates" if len(loss) >= planned else f"updates of {planned:,}"),
    ]
    for key, unit, label in (("time_s", "s", "time on one chip"), ("energy_J", "J", "its energy")):
        if view.ledger.get(key):
            cards.append((format_quantity(view.ledger[key], unit, 3), label))
    if view.evaluation is not None and "test_accuracy" in view.evaluation:
        low, high = view.evaluation["test_accuracy_interval"]
        right = f"{view.evaluation['test_accuracy']:.1%}"
        cards.append((right, f"test accuracy, 95 % interval {low:.1%} to {high:.1%}"))
    if view.evaluation is not None and "class_shares" in view.evaluation:
        present = sum(share >= 0.01 for share in view.evaluation["class_shares"])
        feature = f"{view.evaluation['frechet_feature']:.2f}"
        fresh = view.evaluation.get("fresh_frechet")
        beside = "" if fresh is None else f"; fresh real images about {fresh:.2f}"
        cards.append((feature, f"feature Frechet{beside}"))
        cards.append((f"{present} of 10", "classes with at least 1 % of the samples"))
    elif view.evaluation is not None and view.samples is not None:
        shown = (figure for figure in ("w2", "coverage") if figure in view.evaluation)
        cards += [_beside_floors(view.evaluation, figure) for figure in shown]
    return cards


def _beside_floors(evaluation: Mapping[str, Any], figure: str) -> tuple[str, str]:
    """A figure of samples, and what it is of half the real images and of one Gaussian."""
    real, dumb = (evaluation["baselines"][name][figure] for name in ("real", "gaussian"))
    beside = f"{headed(figure)}; real images {real:.3g}, one Gaussian {dumb:.3g}"
    return f"{evaluation[figure]:.3g}", beside


def _visible(value: Any) -> Any:
    """Texts without hidden characters; pieces of the page as they are."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page_template(name: str) -> Template:
    """A page in which every text is escaped."""
    loader = PackageLoader("neurosim.report", ".")
    return Environment(
        loader=loader, autoescape=True, trim_blocks=True, finalize=_visible
    ).get_template(name)


def render_report(view: RunView) -> str:
    """The page as HTML text; everything in it is escaped and embedded."""
    evaluation = view.evaluation or {}
    return page_template("page.html.j2").render(
        view=view,
        headline=_headline(view),
        pictures=_pictures(view),
        quality=None if "mode" not in evaluation else quality(evaluation),
        answers=None if "loss" not in evaluation else answers(evaluation),
        ledger=totals(view.ledger),
        spent=shares(view.ledger),
        sources=[(source.name, source.drawn, source.phases) for source in view.sources],
        blocks=blocks_of(view.profile),
        experiment=settings_of(view.experiment, view.scaling),
    )
