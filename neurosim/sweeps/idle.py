"""Axes on which nothing depends, found by a short trial before anything is computed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from threadpoolctl import threadpool_limits

from neurosim.blocks.block import Block
from neurosim.blocks.trees import is_number
from neurosim.host import decide
from neurosim.runs import Trained, train
from neurosim.runs.examining import lessons_of
from neurosim.runs.images import first_batch
from neurosim.safe_text import counted
from neurosim.sweeps.axes import AnyAxis, columns_of
from neurosim.sweeps.points import Point
from neurosim.sweeps.work import sampled, start_of

__all__ = ["idle_axes"]

_UPDATES, _BATCH, _SAMPLES, _ROWS = 4, 8, 7, 16

Steps = dict[tuple[Any, ...], Point]


def idle_axes(
    points: Sequence[Point],
    axes: Sequence[AnyAxis],
    laws: Sequence[type[Block]] = (),
    within_s: float = 20.0,
) -> dict[str, str]:
    """Axes along which a short trial draws the same to the last bit, with a line for each.

    Two points that differ in one axis alone are trained for a few updates and drawn from; where
    they draw alike, so are its other steps, and those beside every word and the ends of every
    range of the other axes. A setting that the trial itself cuts short, such as
    `experiment.updates`, is not judged, nor is what fails. One that acts only later, as a refresh
    does, is named all the same: the lines say how short the trial was.

    Parameters
    ----------
    points : sequence of Point
    axes : sequence of axes
        Of the sweep of these points.
    laws : sequence of type
        Blocks of one's own that runs name.
    within_s : float
        No further axis is tried once this much processor time is spent.
    """
    trial, found, begun_s = _Trial(laws), dict[str, str](), time.process_time()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for axis in axes:
            if time.process_time() - begun_s > within_s:
                break
            columns = columns_of(axis)
            if _is_idle(trial, _covering(points, columns)):
                name = " with ".join(columns)
                found[name] = _told(name, trains=any(point.training for point in points))
    return found


def _told(name: str, *, trains: bool) -> str:
    updates = f"{counted(_UPDATES, 'update')} and " if trains else ""
    return (
        f"{name} moves nothing in a trial of {updates}"
        f"{counted(_SAMPLES, 'sample')}: unless it acts only later, leave the axis out, or choose "
        "a mode that reads it"
    )


def _covering(points: Sequence[Point], columns: Sequence[str]) -> list[Steps]:
    """Steps of an axis beside what else varies, of so many others that each is seen.

    Of the others all words are seen, and both ends of numbers.
    """
    beside: dict[tuple[Any, ...], Steps] = {}
    values: dict[str, list[Any]] = {}
    for point in points:
        others = {k: v for k, v in point.settings.items() if k not in columns}
        step = tuple(point.settings.get(column) for column in columns)
        beside.setdefault(tuple(others.items()), {}).setdefault(step, point)
        for name, value in others.items():
            values.setdefault(name, []).append(value)
    wanted = {(name, repr(v)) for name, every in values.items() for v in _ends(every)}
    kept = list[Steps]()
    for settings, steps in beside.items():
        new = wanted & {(name, repr(value)) for name, value in settings}
        if len(steps) > 1 and (new or not kept):
            wanted -= new
            kept.append(steps)
    return kept


def _ends(values: Sequence[Any]) -> list[Any]:
    return [min(values), max(values)] if all(map(is_number, values)) else list(values)


def _is_idle(trial: _Trial, beside: Sequence[Steps]) -> bool:
    """Whether all steps draw alike wherever they are tried, and at least two were."""
    tried = False
    for steps in beside:
        seen, cut = set[Any](), set[str]()
        first, *rest = steps.values()
        for point in (first, *reversed(rest)):
            short = trial.short(point)
            drawn = trial.drawn(short)
            if drawn is None:
                continue
            cut.add(_said(short))
            seen.add(drawn)
            if len(seen) > 1:
                return False
        tried |= len(cut) > 1
    return tried


def _said(point: Point) -> str:
    """All that the draws of a point can depend on."""
    training = point.training
    of = (point.run,) if training is None else (training.profile, training.experiment)
    start = None if training is None else training.start
    return repr((of, start, point.deploy, point.sampling))


@dataclass
class _Trial:
    """Trainings and draws that were tried, each once."""

    laws: Sequence[type[Block]]

    def __post_init__(self) -> None:
        self._trained: dict[str, Trained] = {}
        self._drawn: dict[str, Any] = {}

    def short(self, point: Point) -> Point:
        """A point with less to train and to draw."""
        sampling = point.sampling.model_copy(update={"n": min(point.sampling.n, _SAMPLES)})
        if point.training is None:
            return replace(point, sampling=sampling)
        whole = point.training.experiment
        less = {"updates": min(whole.updates, _UPDATES), "batch": min(whole.batch, _BATCH)}
        training = replace(point.training, experiment=whole.model_copy(update=less))
        return replace(point, sampling=sampling, training=training)

    def drawn(self, point: Point) -> Any:
        """What a short point draws and how far it is off; None where that fails."""
        key = _said(point)
        if key not in self._drawn:
            try:
                self._drawn[key] = _draw(point, self._train(point))
            except Exception:  # The sweep itself says what befalls a point.
                self._drawn[key] = None
        return self._drawn[key]

    def _train(self, point: Point) -> Trained:
        training = point.training
        key = repr(
            (training.profile, training.experiment, training.start) if training else point.run
        )
        if key not in self._trained:
            self._trained[key] = self._made(point)
        return self._trained[key]

    def _made(self, point: Point) -> Trained:
        training = point.training
        if training is None:
            assert point.run is not None
            return Trained.of(point.run, self.laws, 1)
        start = start_of(training, self.laws)
        return train(
            training.profile, training.experiment, start=start, laws=self.laws, n_threads=1
        )


def _draw(point: Point, source: Trained) -> Any:
    """The bits of a few samples and of a loss, or of a few answers."""
    trained, seed = sampled(source, point), point.sampling.seed
    how = trained.experiment
    if how.task.has_paths:
        x = trained.draw(point.sampling.n, seed)
        return x.tobytes(), trained.flow_loss(first_batch(trained.dataset, how, _ROWS, seed))
    sheet = trained.chip.data_sheet
    lessons = lessons_of(trained.dataset, how, sheet, how.batch, how.seed)
    batch, flow = [*lessons.exams().values()][-1], how.flow.on(sheet)
    return decide(
        trained.fresh(), batch.targets[:_ROWS], flow, trained.calibration, lessons.held
    ).tobytes()
