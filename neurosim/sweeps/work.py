"""What a worker does: train a chip once, sample a point, keep both in files.

.. code-block:: text

    trained/KEY/        run folder of a training
    trained/KEY.lock    held while it is trained
    points/KEY.json     result of a point, whole or absent
"""

from __future__ import annotations

import math
import os
import pickle
import platform
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from threadpoolctl import threadpool_limits

from neurosim.blocks.block import Block
from neurosim.blocks.names import within
from neurosim.blocks.own import blocks_in, files_of
from neurosim.blocks.records import dump_record
from neurosim.chip import Chip
from neurosim.errors import ConvergenceError, NeurosimError
from neurosim.folders import exists, locked
from neurosim.host import Experiment, calibrate, sample_settle_time_s
from neurosim.outputs import write_text
from neurosim.runs import Run, Trained, evaluate, resume, train
from neurosim.safe_text import one_line
from neurosim.sweeps.plan import Figure, Sampling
from neurosim.sweeps.points import Point, Training
from neurosim.sweeps.stored import read_result

__all__ = ["Task", "do", "outcome", "sampled", "start_of", "train_once", "with_files"]

_WATCH = "end with the sweep"
_CONVERTING = ("drive", "read", "write")
_SPENT = (
    "adc_clipped",
    "ammeter_clipped",
    "correlator_clipped",
    "dac_clipped",
    "difference_clipped",
    "injector_clipped",
    "weights_clipped",
)


@dataclass(frozen=True)
class Task:
    """Work that is handed to a worker as one.

    Attributes
    ----------
    point : Point
    out : Path
        Folder of the sweep.
    laws : sequence of type
        Blocks of one's own that the point's files name.
    parent : int or None
        Process with which the worker ends.
    device : str
        Where batches are settled.
    """

    point: Point
    out: Path
    laws: Sequence[type[Block]] = ()
    parent: int | None = None
    device: str = "cpu"

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self.point, self.out, self.laws, self.parent, self.device
        return with_files(Task, parts, self.laws)


def with_files(
    made: Callable[..., Any], parts: tuple[Any, ...], laws: Sequence[type[Block]]
) -> tuple[Any, ...]:
    """How to pickle ``made(*parts)`` for a process that has not run the files of `laws` yet.

    It must have run them before it can read what is made of their classes.
    """
    files = files_of(laws)
    return (_unpacked, (made, files, pickle.dumps(parts))) if files else (made, parts)


def _unpacked(made: Callable[..., Any], files: tuple[Path, ...], parts: bytes) -> Any:
    for file in files:
        blocks_in(file)
    return made(*pickle.loads(parts))


def do(task: Task) -> str:
    """Train if need be, sample, and write the result; the point's key.

    An error is a result too: it is written in place of figures.
    """
    point, began_s = task.point, time.perf_counter()
    if task.parent is not None:
        _end_with(task.parent)
    known = read_result(task.out, point.key)
    if known is not None and not known["error"]:
        # A pool that starts anew, or another process, has done it in the meantime.
        return point.key
    made_s = began_s

    def made() -> Trained:
        nonlocal made_s
        trained = train_once(task)
        made_s = time.perf_counter()
        return trained

    with threadpool_limits(1):
        found: dict[str, Any] = {"key": point.key} | outcome(point, made)
    found["host"] = {
        "wall_s": time.perf_counter() - began_s,
        "training_s": made_s - began_s,
        "node": platform.node(),
    }
    path = within(task.out / "points", f"{point.key}.json")
    write_text(path, dump_record(found))
    return point.key


def outcome(point: Point, make: Callable[[], Trained]) -> dict[str, Any]:
    """Figures of a point of what `make` trains or opens, or the error that it ended in."""
    try:
        return {"figures": _measure(point, make()), "error": ""}
    except Exception as error:  # The rest of a sweep goes on whatever befalls a point.
        if isinstance(error, NeurosimError):
            said = error.in_file
        else:
            said = f"{type(error).__name__}: {error}"
        return {"figures": {}, "error": one_line(" ".join(said.split()))}


def train_once(task: Task) -> Trained:
    """What a point samples: a run that is given, trained before, gone on with, or trained now."""
    point = task.point
    if point.training is None:
        assert point.run is not None
        return Trained.of(point.run, task.laws, 1, task.device)
    folder = within(task.out / "trained", point.training.key)
    with locked(folder.with_suffix(".lock")):
        return _finish(folder, point.training, task)


def _finish(folder: Path, training: Training, task: Task) -> Trained:
    """The finished run in `folder`, from wherever it stands."""
    if not exists(folder / "checkpoint.npz"):
        # Of version 0.1.0, killed while it was made: nothing is lost, and it may not be whole.
        shutil.rmtree(folder, ignore_errors=True)
        profile, experiment = training.profile, training.experiment
        start = start_of(training, task.laws)
        how: dict[str, Any] = {"start": start, "n_threads": 1, "device": task.device}
        with warnings.catch_warnings():  # `SweepFolder.create` has said it of all points.
            warnings.simplefilter("ignore", UserWarning)
            return train(profile, experiment, folder, **how)
    run = Run.open(folder, task.laws)
    if run.n_done == training.experiment.updates and "updates" in run.facts:
        return Trained.of(run, n_threads=1, device=task.device)
    return resume(folder, laws=task.laws, n_threads=1, device=task.device)


def start_of(training: Training, laws: Sequence[type[Block]]) -> Run | Path | None:
    """What a training begins with, as `neurosim.runs.train` takes it."""
    start = training.start
    return start if start is None or start.is_file() else Run.open(start, laws)


def _end_with(parent: int) -> None:
    """End this process when its parent does: a worker would wait, or compute, for nobody."""
    if any(thread.name == _WATCH for thread in threading.enumerate()):
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, name=_WATCH, daemon=True).start()


def sampled(trained: Trained, point: Point) -> Trained:
    """What a point samples: the chip as training left it, or another with its weights."""
    experiment = _experiment(trained.experiment, point.sampling)
    chip, calibration = trained.fresh(), trained.calibration
    if point.deploy is not None:
        die = experiment.seed if point.sampling.die is None else point.sampling.die
        weights, device = trained.asked_weights(), chip.device
        chip = Chip(point.deploy, die, n_threads=1, device=device)
        if calibration is not None:
            calibration = calibrate(chip, experiment.flow.on(chip.data_sheet), seed=die)
        chip.program(weights)
        if experiment.learning.tuned and chip.data_sheet.has_tuning:
            chip.tune(trained.chip.bank.tuned)
        if point.sampling.age_s:
            chip.wait(point.sampling.age_s)
    return Trained(chip, experiment, calibration, trained.run)


def _experiment(experiment: Experiment, sampling: Sampling) -> Experiment:
    """The settings of training with the point's way of sampling."""
    changes = {"flow.settle_tau": sampling.settle_tau}
    names = ("mode", "t_end", "dt", "hidden_start")
    changes |= {f"sampling.{name}": getattr(sampling, name) for name in names}
    return experiment.with_values(changes)


def _measure(point: Point, source: Trained) -> dict[str, float]:
    """Figures and costs of a point."""
    total, n = source.spent(), point.sampling.n
    trained = sampled(source, point)
    result, _ = evaluate(trained, n, seed=point.sampling.seed, floors=False)
    spent, sheet, how = result["spent"], trained.chip.data_sheet, trained.experiment
    figures = {k: v for k, v in result.items() if k in get_args(Figure)}
    if how.task.has_paths:
        settle_s = sample_settle_time_s(sheet, how.flow, how.sampling)
        figures |= {
            "sample_tau": settle_s / sheet.tau_s,
            # Not what was spent settling, of which an age of years leaves no digits for a sample.
            "sample_time_s": settle_s + sum(spent[f"{k}_time_s"] for k in _CONVERTING) / n,
            "sample_energy_J": spent["energy_J"] / n,
        }
    else:
        figures |= {
            "sample_tau": how.flow.on(sheet).settle_tau,
            "sample_time_s": result.get("time_per_decision_s", 0.0),
            "sample_energy_J": result.get("energy_per_decision_J", 0.0),
        }
    figures |= {name: spent[name] for name in _SPENT}
    figures |= {f"training_{k}": total[k] for k in ("time_s", "energy_J") if k in total}
    wild = [f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)]
    if wild:
        raise ConvergenceError(
            f"All figures of a point must be finite, but {', '.join(wild)}; lower settling.rtol in "
            "the profile, or the learning rate."
        )
    return figures
