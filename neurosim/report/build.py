"""Pictures, tables and the page of a run, made from its folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import AnswerConditions, Conditions, Point, Row, ledger, scan_beta
from neurosim.analysis import present as imperfections
from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.chip import Ledger
from neurosim.chip.oscilloscope import Oscilloscope, Trace
from neurosim.errors import DataError
from neurosim.host import Supervised, present
from neurosim.outputs import STANDARD_OUTPUT, check_writable, write_bytes, write_files, write_text
from neurosim.report.figures import completion_figure, figure_png
from neurosim.report.kept import kept_evaluation, kept_explanation
from neurosim.report.page import RunView, render_report
from neurosim.report.points import drawn_figure, flow_lines
from neurosim.runs import Source, Trained, lessons_of, watch
from neurosim.runs.facts import versions
from neurosim.runs.weights import start_weights

__all__ = ["settle_trace", "write_completions", "write_report", "write_samples"]

Array = NDArray[np.float64]


def _csv(samples: Array) -> bytes:
    out = io.StringIO()
    header = ",".join(f"x{k}" for k in range(samples.shape[1]))
    np.savetxt(out, samples, fmt="%s", delimiter=",", header=header, comments="")
    return out.getvalue().encode()


def _npz(samples: Array) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, samples=samples)
    return out.getvalue()


def _png(
    samples: Array, real: Array | None = None, paths: Array | None = None, title: str = ""
) -> bytes:
    return figure_png(drawn_figure(samples, real, min(len(samples), 400), paths, title))


_SAMPLE_FORMATS: dict[str, Callable[[Array], bytes]] = {".csv": _csv, ".npz": _npz, ".png": _png}


def write_samples(
    path: Path,
    real: Array | None = None,
    paths: Callable[[], Array | None] = lambda: None,
    title: str = "",
) -> Callable[[Array], None]:
    """Writer of samples to `path`, as its suffix says: .png, .npz or .csv (of standard output).

    A picture has a title; one of points in the plane has `real` ones behind them, and flow lines
    if `paths` draws them.

    Raises
    ------
    DataError
        At once, before any sample is drawn: the format is not known, or there is no such folder.
    """
    check_writable(path, _SAMPLE_FORMATS)
    make = _csv if path == STANDARD_OUTPUT else _SAMPLE_FORMATS[path.suffix.lower()]
    if make is _png:
        return lambda samples: write_bytes(path, _png(samples, real, paths(), title))
    return lambda samples: write_bytes(path, make(samples))


def write_completions(path: Path) -> Callable[[Array, Array, Array | None], None]:
    """Writer of completed images, their known pixels and the truth to a .png, .npz or .csv.

    A picture shows all three; the other formats hold the completed images.

    Raises
    ------
    DataError
        At once: the format is not known, or there is no such folder.
    """
    write = write_samples(path)

    def all_three(completed: Array, known: Array, truth: Array | None) -> None:
        if path.suffix.lower() == ".png":
            write_bytes(path, figure_png(completion_figure(completed, known, truth)))
        else:
            write(completed)

    return all_three


def settle_trace(source: Source) -> Trace:
    """Waveforms of one image's free, positive and negative phase on a trained chip."""
    trained = Trained.of(source)
    chip, experiment = trained.fresh(), trained.experiment
    sheet, engine = chip.data_sheet, chip.engine
    lessons = lessons_of(trained.dataset, experiment, sheet, 1, experiment.seed)
    batch, scope = lessons.batch_at(0), Oscilloscope(chip)
    # Infinite settling has no waveform: show the transient that it stands for.
    chip.engine = engine.along_the_way
    try:
        present(scope, batch.targets, batch.wanted, experiment.flow.on(sheet), held=lessons.held)
    finally:
        chip.engine = engine
    return scope.trace()


def _noise(trained: Trained) -> tuple[list[Row], list[Point]]:
    """The noise ledger at the trained weights, and the gradient over beta."""
    weights = start_weights(trained.weights, trained.name)
    how, tuned = trained.experiment, trained.fresh().bank.tuned
    conditions = Conditions(trained.profile, weights, how.flow, tuned=tuned)
    if isinstance(how.task, Supervised):
        conditions = AnswerConditions(
            trained.profile, weights, how.flow, task=how.task, rule=how.rule, data=trained.dataset,
            tuned=tuned,
        )  # fmt: skip
    return ledger(conditions), scan_beta(conditions)


@checked(source="give what neurosim.train returns, a run or a run's folder")
def write_report(
    source: Source,
    to: Path | str | None = None,
    *,
    noise: bool = False,
    warnings: Sequence[str] | None = None,
    laws: Sequence[type[Block]] = (),
) -> Path:
    """Write the page of a trained chip, with a hundred samples and its loss; the page's path.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    to : path, optional
        An .html file. A run has a page in its folder by itself, report.html, with its pictures
        beside it: samples.png, loss.png and settle.png.
    noise : bool
        Whether what each imperfection does to the gradient is measured too, in minutes.
    warnings : sequence of str, optional
        Those of `neurosim.runs.watch`, where they are known.
    laws : sequence of type
        Blocks of your own that the files of a folder name.

    Raises
    ------
    DataError
        A chip in memory has no folder, so that `to` must say where the page goes.

    Examples
    --------
    ``ns.write_report("runs/mine")``, or of a chip in memory ``ns.write_report(trained, "it.html")``
    """
    trained = Trained.of(source, laws)
    if to is None and trained.run is None:
        raise DataError(
            "write_report.to must be a file where a chip has no run folder, but is left out; "
            "give the path of an .html file."
        )
    if to is not None:
        check_writable(Path(to), {".html"})
    view = _view(trained, watch(trained) if warnings is None else warnings, noise=noise)
    if to is not None:
        write_text(Path(to), render_report(view))
        return Path(to)
    assert trained.run is not None
    folder = trained.run.path
    page = folder / "report.html"
    pictures = {}
    if view.samples is not None:
        pictures[folder / "samples.png"] = figure_png(view.drawn)
    write_files(
        pictures
        | {
            folder / "loss.png": figure_png(view.losses),
            folder / "settle.png": figure_png(view.waveforms),
            page: render_report(view).encode(),
        }
    )
    return page


def _points_or_images(trained: Trained) -> int:
    """How many samples a page shows."""
    return 400 if trained.dataset.n_pixels == 2 else 100


def _view(trained: Trained, warnings: Sequence[str], *, noise: bool) -> RunView:
    """What the page shows of a trained chip: what its folder knows, if it has one, and pictures."""
    run = trained.run
    facts = {} if run is None else run.facts
    # What is read is checked before anything is drawn.
    metrics = trained.metrics()
    evaluation, no_evaluation = (None, "") if run is None else kept_evaluation(run)
    explanation, no_explanation = (None, "") if run is None else kept_explanation(run)
    has_paths = trained.experiment.task.has_paths
    return RunView(
        name=trained.profile.name if run is None else run.path.name,
        command=facts.get("command", ""),
        profile=trained.profile,
        experiment=trained.experiment,
        metrics=metrics,
        samples=trained.draw(_points_or_images(trained)) if has_paths else None,
        real=trained.dataset.images if has_paths else None,
        paths=flow_lines(trained),
        trace=settle_trace(trained),
        evaluation=evaluation,
        ledger=Ledger.renamed(trained.spent()),
        versions=facts.get("versions", versions()),
        sources=imperfections(trained.profile),
        noise=_noise(trained) if noise else None,
        warnings=warnings,
        explanation=explanation,
        scaling=str(trained.dataset.scaling),
        no_evaluation=no_evaluation,
        no_explanation=no_explanation,
    )
