"""Pictures, tables and the page of a run, made from its folder."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import Conditions, Point, Row, ledger, scan_beta
from neurosim.analysis import present as imperfections
from neurosim.blocks.records import read_record
from neurosim.chip import Ledger
from neurosim.chip.oscilloscope import Oscilloscope, Trace
from neurosim.host import present
from neurosim.outputs import STANDARD_OUTPUT, check_writable, write_bytes, write_files
from neurosim.report.figures import (
    completion_figure,
    figure_png,
    loss_figure,
    sample_figure,
    waveform_figure,
)
from neurosim.report.page import RunView, render_report
from neurosim.runs import Run, lessons_of, sample, watch
from neurosim.runs.facts import Evaluation, versions
from neurosim.safe_text import quoted

__all__ = ["settle_trace", "write_completions", "write_report", "write_samples"]

Array = NDArray[np.float64]


def _csv(samples: Array) -> bytes:
    out = io.StringIO()
    header = ",".join(f"x{k}" for k in range(samples.shape[1]))
    np.savetxt(out, samples, fmt="%.17g", delimiter=",", header=header, comments="")
    return out.getvalue().encode()


def _npz(samples: Array) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, samples=samples)
    return out.getvalue()


def _png(samples: Array) -> bytes:
    return figure_png(sample_figure(samples, n=min(len(samples), 400)))


_SAMPLE_FORMATS: dict[str, Callable[[Array], bytes]] = {".csv": _csv, ".npz": _npz, ".png": _png}


def write_samples(path: Path) -> Callable[[Array], None]:
    """Writer of samples to `path`, as its suffix says: .png, .npz or .csv (of standard output).

    Raises
    ------
    DataError
        At once, before any sample is drawn: the format is not known, or there is no such folder.
    """
    check_writable(path, _SAMPLE_FORMATS)
    make = _csv if path == STANDARD_OUTPUT else _SAMPLE_FORMATS[path.suffix.lower()]
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


def settle_trace(run: Run) -> Trace:
    """Waveforms of one image's free, positive and negative phase on the run's chip."""
    chip = run.chip()
    # Infinite settling has no waveform: show the transient that it stands for.
    chip.engine = chip.engine.along_the_way
    how, sheet = run.experiment, chip.data_sheet
    lessons = lessons_of(run.dataset, how, sheet, 1, how.seed)
    batch, scope = lessons.batch_at(0), Oscilloscope(chip)
    present(scope, batch.targets, batch.wanted, how.flow.on(sheet), held=lessons.held)
    return scope.trace()


def _evaluation(run: Run) -> dict[str, Any] | None:
    path = run.path / "evaluation.json"
    if not os.path.lexists(path) or not run.experiment.task.has_paths:
        return None
    advice = f"make it again with `neurosim evaluate {quoted(run.path)}`"
    return read_record(path, Evaluation, advice).model_dump(exclude_unset=True)


def _noise(run: Run) -> tuple[list[Row], list[Point]]:
    """The noise ledger at the run's weights, and the gradient over beta."""
    conditions = Conditions(run.profile, run.weights(), run.experiment.flow)
    return ledger(conditions), scan_beta(conditions)


def write_report(run: Run, *, noise: bool = False, warnings: Sequence[str] | None = None) -> Path:
    """Write samples.png, loss.png, settle.png and report.html of a run, with a hundred samples.

    With `noise` what each imperfection does to the gradient is measured too, in minutes. `warnings`
    are those of `neurosim.runs.watch` where they are known.
    """
    facts, node = run.facts, run.profile.node
    metrics, evaluation = run.metrics(), _evaluation(run)
    samples = sample(run, 100)[0] if run.experiment.task.has_paths else None
    trace = settle_trace(run)
    settle = waveform_figure(trace, node.unit_V, node.tau_s)
    view = RunView(
        name=run.path.name,
        command=facts.get("command", ""),
        profile=run.profile,
        experiment=run.experiment,
        metrics=metrics,
        samples=samples,
        trace=trace,
        evaluation=evaluation,
        ledger=Ledger.renamed(facts.get("ledger", {})),
        versions=facts.get("versions", versions()),
        sources=imperfections(run.profile),
        noise=_noise(run) if noise else None,
        warnings=watch(run) if warnings is None else warnings,
    )
    page = run.path / "report.html"
    pictures = {} if samples is None else {run.path / "samples.png": _png(samples)}
    write_files(
        pictures
        | {
            run.path / "loss.png": figure_png(loss_figure(metrics)),
            run.path / "settle.png": figure_png(settle),
            page: render_report(view).encode(),
        }
    )
    return page
