"""A chip that has learned, with all that drawing from it and judging it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.observe import told_weights
from neurosim.arguments import check_fields, checked, must_be
from neurosim.blocks.block import Block
from neurosim.chip import Chip
from neurosim.data import Dataset, FlowBatch
from neurosim.errors import DataError
from neurosim.frames import Columns
from neurosim.host import Calibration, Experiment
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.runs.drawing import Progress, asked_classes, carry, settings_of
from neurosim.runs.examining import examine, need_paths
from neurosim.runs.images import first_batch, starts
from neurosim.runs.judging import (
    check_enough,
    check_settled,
    compared,
    floors_of,
    judged,
    loss_on,
)
from neurosim.runs.run import Run
from neurosim.safe_text import counted
from neurosim.threads import one_blas_thread

__all__ = ["Source", "Trained"]

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class Trained:
    """What samples are drawn from: a chip as training left it, or as it was programmed since.

    Every use begins with the chip as it was handed in, so that uses do not depend on their order.

    Parameters
    ----------
    chip : Chip
    experiment : Experiment
        How it was trained, and how it is sampled unless one says otherwise.
    calibration : Calibration, optional
        What the host measured of this chip.
    run : Run, optional
        Its folder, if it has one.
    weights : Weights, optional
        What the host meant its chip to hold in the end; a host that learned in memory kept none.
    history : dict from str to ndarray, optional
        The table of its training, where no folder has it: see `metrics`.
    took : dict from str to float, optional
        What its training took, where no folder says it: see `spent`.
    n_done : int, optional
        Updates that were done, where its training was stopped before its end.

    Examples
    --------
    `neurosim.train` makes one, and `Trained.of("runs/mine")` reads one from its folder. A chip that
    learned in some other way:

    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> trained
    Trained(Chip('ideal_hopfield', seed 0, 64-128-128), 1 update)
    >>> trained.draw(3, t_end=0.1).shape
    (3, 64)
    """

    chip: Chip
    experiment: Experiment
    calibration: Calibration | None = None
    run: Run | None = None
    weights: Weights | None = field(default=None, kw_only=True)
    history: Mapping[str, Array] | None = field(default=None, kw_only=True)
    took: Mapping[str, float] | None = field(default=None, kw_only=True)
    n_done: int | None = field(default=None, kw_only=True)
    _begun: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        advice = "Trained.of takes a run or its folder"
        check_fields(self, chip=advice, experiment=advice, run=advice)
        self._begun.update(deepcopy(self.chip.state()))

    def __dir__(self) -> list[str]:
        """What a person may want; what the package asks for is left out."""
        inner = {"fresh", "history", "took"}
        return sorted(name for name in super().__dir__() if name not in inner)

    def __repr__(self) -> str:
        said = self.stopped or counted(self.experiment.updates, "update")
        place = "" if self.run is None else f", in {str(self.run.path)!r}"
        return f"Trained({self.chip!r}, {said}{place})"

    @classmethod
    def of(
        cls,
        source: Source,
        laws: Sequence[type[Block]] = (),
        n_threads: int | None = None,
        device: str = "cpu",
    ) -> Trained:
        """The chip of a run or of the run in a folder, whose checkpoint is read once.

        `laws` are blocks of your own that the files of a folder name; `device` is where a chip
        from a folder settles its batches, see `Chip`.

        Raises
        ------
        RunError, CheckpointError
            There is no such run, or it is damaged.
        DataError
            It is something else.
        """
        if isinstance(source, Trained):
            return source
        if not isinstance(source, Run | Path | str):
            must_be(source, Trained, "What is drawn from, judged or exported", _OTHERWISE)
        run = Run.open(source, laws)
        chip, calibration, weights, n_done = run.parts(n_threads, device)
        return cls(chip, run.experiment, calibration, run, weights=weights, n_done=n_done)

    @property
    def stopped(self) -> str:
        """Where its training was stopped, as in ``163 of 2,000 updates``; empty if it has ended."""
        updates = self.experiment.updates
        at_end = self.n_done is None or self.n_done >= updates
        return "" if at_end else f"{self.n_done:,} of {counted(updates, 'update')}"

    @property
    def profile(self) -> Profile:
        """Of its chip."""
        return self.chip.profile

    @property
    def name(self) -> str:
        """For messages: the folder, or the chip and its die."""
        if self.run is None:
            return f"{self.profile.name} (seed {self.chip.seed})"
        return str(self.run.path)

    @cached_property
    def dataset(self) -> Dataset:
        """What it has learned; a run's own is checked to be that."""
        return self.experiment.images() if self.run is None else self.run.dataset

    def fresh(self) -> Chip:
        """The chip, set back to how it was handed in."""
        self.chip.restore(deepcopy(self._begun))
        return self.chip

    def asked_weights(self) -> Weights:
        """What the host keeps, or else what the chip's devices were told to hold."""
        return told_weights(self.fresh()) if self.weights is None else self.weights

    def metrics(self) -> Columns:
        """The table of its training as columns, one value an update, as metrics.csv has it.

        Its ``to_pandas()`` is a data frame by update.

        Raises
        ------
        DataError
            It was not trained by `neurosim.train`.
        """
        if self.history is not None:
            return Columns(self.history)
        if self.run is None:
            raise DataError(
                "A trained chip has metrics where neurosim.train made it, but this one was put "
                "together from its parts; train it with neurosim.train."
            )
        return self.run.metrics()

    def spent(self) -> dict[str, float]:
        """What its training took, by the names of `neurosim.chip.Ledger.totals`.

        Empty where a table was programmed; of a chip that was put together from its parts, all that
        it took so far.
        """
        if self.run is not None:
            return dict(self.run.facts.get("ledger", {}))
        if self.took is not None:
            return dict(self.took)
        return self.fresh().ledger.totals()

    @checked(n="give a number such as 100")
    def draw(
        self,
        n: int,
        seed: int = 0,
        *,
        mode: str | None = None,
        t_end: float | None = None,
        label: int | None = None,
        progress: Progress | None = None,
        paths: bool = False,
    ) -> Array:
        """Samples (n, n_pixels) from -1 to 1 or a little beyond; NaN where a row diverged.

        Parameters
        ----------
        n : int
            At least 1.
        seed : int
            Of the starting noise.
        mode : {"spring", "gradient", "free-running"}, optional
            How samples flow, instead of the experiment's.
        t_end : float, optional
            Where the flow ends, instead of the experiment's.
        label : int, optional
            The class to draw, where classes were learned; without it they take turns.
        progress : callable, optional
            Called with steps done and their total.
        paths : bool
            Whether samples are told on their way too, from noise to where they end.

        Returns
        -------
        ndarray, shape (n, n_pixels), or (points, n, n_pixels) with `paths`
            Samples alone; `neurosim.sample` says too with which settings it drew.
        """
        settings = settings_of(self.experiment, mode, t_end)
        need_paths(self.experiment, self.name)
        classes = asked_classes(self.experiment, n, label, self.name)
        x_0, held = starts(self.profile, self.experiment.labels, classes, seed)
        how = settings, self.calibration, held, progress
        return carry(self.fresh(), x_0, self.experiment, *how, paths=paths)

    @checked()
    @one_blas_thread()
    def flow_loss(
        self, batch: FlowBatch | None = None, seed: int = 0
    ) -> tuple[float, tuple[float, ...]]:
        """Flow-matching loss of the chip as the host measures it, in all and by fifths of t.

        Parameters
        ----------
        batch : FlowBatch, optional
            Points of paths and the velocities there, such as `neurosim.data.PairSource` makes; by
            default one of every image that was learned, at random t.
        seed : int
            Of the default.
        """
        need_paths(self.experiment, self.name)
        if batch is None:
            real = compared(self.dataset)
            batch = first_batch(real, self.experiment, len(real.images), seed)
        return loss_on(batch, self.fresh(), self.experiment, self.calibration)

    @checked(n="give a number such as 2000")
    @one_blas_thread()
    def evaluate(
        self,
        n: int = 2000,
        *,
        mode: str | None = None,
        t_end: float | None = None,
        seed: int = 0,
        floors: bool = True,
        progress: Progress | None = None,
    ) -> tuple[dict[str, Any], Array]:
        """Judge `n` samples against the images that were learned: see `neurosim.evaluate`.

        Returns
        -------
        result : dict
            Figures by name.
        samples : ndarray, shape (n, n_pixels)
        """
        if not self.experiment.task.has_paths:
            how = self.experiment, self.dataset, self.calibration
            return examine(self.fresh(), *how, rivals=floors)
        check_enough(n)
        before = self.fresh().ledger.copy()
        settings = settings_of(self.experiment, mode, t_end)
        x = self.draw(n, seed, mode=mode, t_end=t_end, progress=progress)
        spent = self.chip.ledger.since(before)
        check_settled(x)
        loss, by_t = self.flow_loss(seed=seed)
        real = compared(self.dataset)
        result = {"flow_loss": loss, "flow_loss_by_t": list(by_t)}
        drawn = {"mode": settings.mode, "t_end": settings.t_end, "n": n, "seed": seed}
        classes = asked_classes(self.experiment, n, None, self.name)
        asked = None if self.experiment.labels is None else classes
        result |= judged(x, real, drawn, asked) | {"spent": spent}
        return result | (floors_of(real, n, seed) if floors else {}), x


Source = Trained | Run | Path | str
_OTHERWISE = "give what neurosim.train returns, a run or a run's folder"
