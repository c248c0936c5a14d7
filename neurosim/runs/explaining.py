r"""Why the quality of a trained chip is what it is: every cause switched off at its own weights.

A chip of the run's die is programmed with the weights that its host means it to hold, as old as
it is in the middle of a batch, and is presented data and lets draw; then once more without each
cause; `neurosim.analysis.effects` has the losses. What the training has made up for, such as
mismatch, counts as if it had not. Of the recipe `neurosim.runs.recipes` tries a few updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect
from neurosim.analysis.observe import Observed
from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.errors import DataError, RunError
from neurosim.host import Batch, decide
from neurosim.host.free import flow_loss
from neurosim.host.lessons import Lessons
from neurosim.profile import Profile
from neurosim.runs.drawing import Progress
from neurosim.runs.ends import held_back
from neurosim.runs.examining import lessons_of
from neurosim.runs.explanation import Explanation, Unexplained
from neurosim.runs.findings import STOPPED, Finding
from neurosim.runs.images import pixels_of
from neurosim.runs.learned import LENGTH, learned
from neurosim.runs.measures import measured
from neurosim.runs.mending import implausible, mended, odd_findings
from neurosim.runs.placing import placed
from neurosim.runs.presented import conditions_of
from neurosim.runs.resting import modes_at_rest_tau
from neurosim.runs.seen import Seen
from neurosim.runs.springs import soft_spring
from neurosim.runs.stops import stopped_flow
from neurosim.runs.trained import Source, Trained
from neurosim.runs.watchdogs import unfinished
from neurosim.runs.watched import watched
from neurosim.solvers import Engine
from neurosim.threads import one_blas_thread

__all__ = ["explain"]

Array = NDArray[np.float64]

# Rows of the batch, rows whose slowest modes are found, most rows of an exam.
_ROWS, _MODES, _EXAM = 128, 8, 512
_FIRST = 3
# Causes that no training feels.
_OF_SAMPLES = frozenset({STOPPED, "C_x/C_h"})
_IN_FULL = {"explained": "explained variance"}


@checked(source="give what neurosim.train returns, a run or a run's folder")
@one_blas_thread()
def explain(
    source: Source,
    *,
    rows: int = _ROWS,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> Explanation:
    """Say why the quality of a trained chip is what it is, and what would make it better.

    Every imperfection of its profile is switched off in turn, ranges are widened, and other nudges
    and settling times tried, at the run's own weights and on its own die. What counts is the cosine
    of the measured gradient to the exact one, and how far samples (of a chip that its host steps,
    velocities; of one that answers, answers) are from those of the same network without hardware.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    rows : int
        Rows of the batch, and samples; the batch of a chip that sums has as many as the run's.
    laws : sequence of type
        Blocks of your own that the files of a folder name.
    progress : callable, optional
        Called with variants of the chip and trials of a recipe that are done, and their total.

    Returns
    -------
    Explanation
        `first` has the two or three findings that matter; ``as_dict()`` has everything.

    Raises
    ------
    RunError
        The run has not begun to learn.
    DataError
        Its task is one of your own that neither flows nor answers, or rows are too few.
    Unexplained
        It was stopped, as by Ctrl-C; its `found` has what was measured by then.

    Examples
    --------
    >>> import neurosim as ns
    >>> changes = {"layers": (64, 6), "mismatch.offset_V": 0.05}
    >>> profile = ns.load_profile("ideal_hopfield").with_values(changes)
    >>> recipe = ns.Experiment(updates=2, batch=16, sampling={"mode": "spring"})
    >>> found = ns.explain(ns.train(profile, recipe), rows=8)
    >>> found.first[0].cause
    'amplifier offset'
    """
    trained = Trained.of(source, laws)
    if trained.n_done == 0:
        raise RunError(
            f"{trained.name} must be a trained chip, but none of its {trained.experiment.updates} "
            "updates is done; train it first."
        )
    if rows < 2:
        raise DataError(
            f"explain.rows must be at least 2, but is {rows}; give a number such as 128."
        )
    case = _Case(trained, rows, progress or (lambda done, total: None))
    try:
        return case.explanation()
    except KeyboardInterrupt as cause:
        raise Unexplained.after(cause, case.so_far()) from None


class _Case:
    """A trained chip that is looked into."""

    def __init__(self, trained: Trained, rows: int, progress: Progress) -> None:
        self._trained, self._rows = trained, rows
        self._odd = implausible(trained.profile)
        found = mended(trained.profile, self._odd) if self._odd else trained.profile
        self._profile, self._is_hopeless = found or trained.profile, found is None
        self._conditions = conditions_of(trained, self._profile, rows)
        recipe = trained.experiment
        draws = recipe.task.has_paths and recipe.sampling.mode == "free-running"
        self._drawn = "samples" if draws else "velocities" if recipe.task.has_paths else "answers"
        self._effects = Effects(self._conditions, self._draw if draws else None, progress)

    def explanation(self) -> Explanation:
        """Everything, measured; of a chip of implausible numbers as if it had none of these."""
        what, odd = {**self._what, "notes": self._notes()}, odd_findings(self._odd)
        if self._is_hopeless:
            return Explanation(**what, first=odd[:_FIRST], others=odd[_FIRST:])
        effects = self._effects
        found = effects.all()
        # A chip of implausible numbers is not asked to settle, nor to learn.
        shown = self._trained if not self._odd else self._as_mended()
        seen = Seen(effects, watched(shown), float(np.median(modes_at_rest_tau(shown, _MODES))))
        others = soft_spring(effects, self._trained.experiment)
        if not self._odd:
            others.append(held_back(self._trained, self._conditions, effects.count))
            others += learned(self._trained, effects.count)
            others += stopped_flow(self._trained, self._rows, effects.count)
        findings, n_first = placed(seen, found, lambda e: _finding(seen, e), others)
        told = {finding.cause for finding in findings}
        by_name = {effect.name: effect for effect in found}
        first = [self._with_quality(f, by_name.get(f.cause)) for f in findings[:n_first]]
        leading = [*odd, *first]
        later = findings[n_first:]
        if leading and leading[0].cause not in _OF_SAMPLES:
            leading = leading[:1] + [_after_first(finding) for finding in leading[1:]]
            later = [_after_first(finding) for finding in later]
        return Explanation(
            **what,
            **self._figures,
            quality_name=self._quality_name,
            quality=self._quality(self._profile, effects.whole_seen),
            quality_ideal=self._quality(effects.bare, effects.ideal_seen),
            quality_rows=len(self._exam[1].wanted) if self._figure == "accuracy" else None,
            first=leading[:_FIRST],
            others=leading[_FIRST:] + later,
            fine=[effect.name for effect in found if effect.name not in told],
        )

    def so_far(self) -> Explanation | None:
        """What was switched off before it was stopped; None where that is nothing."""
        found = self._effects.so_far()
        if not found:
            return None
        bare = [_bare(effect) for effect in found]
        return Explanation(**self._what, **self._figures, first=[], others=bare, complete=False)

    @property
    def _what(self) -> dict[str, Any]:
        """Whose figures they are."""
        name, chip = self._trained.name, self._profile.name
        return {"name": name, "chip": chip, "drawn": self._drawn}

    @property
    def _figures(self) -> dict[str, Any]:
        """Of the chip, and of the ideal one."""
        whole, ideal = self._effects.whole, self._effects.ideal
        return {
            "cosine": whole.cosine,
            "error": whole.error,
            "velocity": _known(whole.read),
            "cosine_ideal": ideal.cosine,
            "error_ideal": ideal.error,
            "velocity_ideal": _known(ideal.read),
        }

    def _with_quality(self, finding: Finding, effect: Effect | None) -> Finding:
        """With the run's own figure, where there is another chip to take it from."""
        if effect is None or effect.variant is None or not effect.seen:
            return finding
        return finding.model_copy(update={"quality": self._quality(effect.variant, effect.seen)})

    def _as_mended(self) -> Trained:
        chip, weights = self._conditions.programmed(self._profile), self._conditions.weights
        return Trained(chip, self._trained.experiment, weights=weights)

    def _draw(self, profile: Profile, engine: Engine | None) -> Array:
        """Samples of a variant, all from the same noise."""
        chip, recipe = self._conditions.programmed(profile, 0, engine), self._trained.experiment
        return Trained(chip, recipe).draw(self._rows, 0)

    @property
    def _quality_name(self) -> str:
        if self._trained.experiment.task.has_paths:
            return "flow loss"
        return f"{self._exam[0]}{_IN_FULL.get(self._figure, self._figure)}".replace("_", " ")

    def _quality(self, profile: Profile, seen: list[Observed]) -> float | None:
        """The run's own figure: loss of the velocities that were seen, or that of an exam."""
        return _known(self._judged(profile, seen))

    def _judged(self, profile: Profile, seen: list[Observed]) -> float:
        if self._trained.experiment.task.has_paths:
            pairs = zip(seen, self._conditions.batches, strict=True)
            pixels = slice(0, pixels_of(profile, self._trained.experiment.labels))
            losses = [flow_loss(s.velocity[:, pixels], b.u_t[:, pixels], b.t)[0] for s, b in pairs]
            return float(np.mean(losses))
        chip = self._conditions.programmed(profile, 0, self._effects.engine(profile))
        flow = self._conditions.flow.on(chip.data_sheet)
        _, batch = self._exam
        velocity = decide(chip, batch.targets, flow, None, self._lessons.held)
        verdict = self._lessons.judge(velocity, batch)
        return {**verdict.figures, "loss": verdict.loss}[self._figure]

    @property
    def _figure(self) -> str:
        """The first of the task's own figures."""
        return next(iter(getattr(self._trained.experiment.task, "figures", ())), "loss")

    @cached_property
    def _lessons(self) -> Lessons:
        recipe, sheet = self._trained.experiment, self._trained.chip.data_sheet
        return lessons_of(self._trained.dataset, recipe, sheet, self._rows, recipe.seed)

    @cached_property
    def _exam(self) -> tuple[str, Batch]:
        """The last exam's prefix, and some of its rows."""
        name, batch = [*self._lessons.exams().items()][-1]
        return name, Batch(batch.targets[:_EXAM], batch.wanted[:_EXAM])

    def _notes(self) -> list[str]:
        found = [unfinished(self._trained)]
        if self._odd and not self._is_hopeless:
            found.append(f"Measured with {', '.join(self._odd)} switched off: see 1.")
        if self._trained.calibration is not None:
            found.append("What the host measured of its chip by calibration is left out here.")
        return [said for said in found if said is not None]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _after_first(finding: Finding) -> Finding:
    """Where something else comes first, a longer training begins with that mended."""
    if finding.cause != LENGTH:
        return finding
    return finding.model_copy(update={"advice": f"mend 1 first, then {finding.advice}"})


def _bare(effect: Effect) -> Finding:
    """Its figures alone."""
    alone = effect.alone
    return Finding(
        cause=effect.name,
        measured="",
        advice=effect.advice,
        weight=effect.counts,
        cosine=effect.without.cosine,
        error=effect.without.error,
        velocity=_known(effect.without.read),
        instead="" if effect.best is None else f"{effect.best:g}",
        cosine_alone=None if alone is None else alone.cosine,
        error_alone=None if alone is None else alone.error,
    )


def _finding(seen: Seen, effect: Effect) -> Finding:
    return _bare(effect).model_copy(update={"measured": measured(seen, effect)})
