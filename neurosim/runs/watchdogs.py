"""What can be wrong with the numbers of a run although nothing failed: one function a check.

A check looks at what a trained run shows of itself, and says in one line what must hold, what it
is and what to do; or None.
"""

from __future__ import annotations

from collections.abc import Callable

from neurosim.analysis.suited import stand_in, unsuited
from neurosim.data import Dataset
from neurosim.data.grounds import odd_pictures
from neurosim.host import Supervised
from neurosim.host.lessons import TaskLaw
from neurosim.host.settings import ChipFlow
from neurosim.runs.learned import risen_loss
from neurosim.runs.trained import Source, Trained
from neurosim.runs.watched import MOST_MOVED, Watched, watched
from neurosim.safe_text import quoted

__all__ = ["CHECKS", "unfinished", "watch"]

# Noise that is drawn at a DAC's range of three standard deviations is clipped at 0.3 %.
_MOST_CLIPPED = 0.01
_SOFTEST = 0.05
# A little less than the half step, for velocities vary by more.
_LOST = 0.45


def unsettled(seen: Watched) -> str | None:
    """Reads of nodes that are on their way."""
    if seen.moved <= MOST_MOVED:
        return None
    return (
        f"Nodes must stand still when they are read, but in another {seen.flow.settle_tau:g} tau "
        f"those with a source would move by {seen.moved:.0%} of their displacement; raise "
        "flow.settle_tau (--settle-tau)."
    )


def _clipped(name: str, shown: str, advice: str) -> Callable[[Watched], str | None]:
    """The check of a kind of converter: values beyond its range."""

    def check(seen: Watched) -> str | None:
        done, clipped = seen.count(f"{name}_conversions"), seen.count(f"{name}_clipped")
        if clipped <= _MOST_CLIPPED * done:
            return None
        who, what = shown, advice
        if name == "adc" and "ammeter_conversions" not in seen.ledger:
            # Older ledgers counted all that reads together.
            who, what = "converters that read", "widen the range of ADCs, ammeters or correlators"
        return (
            f"The {who} must hold what they convert, but {clipped / max(done, 1):.1%} of {done:,} "
            f"conversions are clipped; {what}."
        )

    check.__name__ = f"clipped_{name}"
    return check


def diverged(seen: Watched) -> str | None:
    """Rows that left all bounds."""
    lost, rows = seen.count("rows_diverged"), seen.count("rows_settled")
    if not lost:
        return None
    return (
        f"Every row must settle, but {lost:,} of {rows:,} diverged and are in no mean; lower "
        "settling.rtol, or the learning rate."
    )


def refused(seen: Watched) -> str | None:
    """Rows that came to no rest."""
    lost, rows = seen.count("rows_refused"), seen.count("rows_settled")
    if not lost:
        return None
    return (
        f"Every row must have an operating point, but that of {lost:,} of {rows:,} could not be "
        "promised and is the end of a long transient; settle by a transient, or lower the learning "
        "rate."
    )


def _nudge(flow: ChipFlow) -> float:
    return float(flow.beta * (flow.alpha * flow.stiffness) ** 2)


def lost_nudge(seen: Watched) -> str | None:
    """Nudges that no DAC can set: targets begin at its codes, so less than half a step is lost."""
    if seen.dac_step is None:
        return None
    flow, nudge = seen.flow, _nudge(seen.flow)
    away = nudge / (flow.stiffness + nudge) * seen.velocity / (flow.alpha * flow.stiffness)
    if away >= _LOST * seen.dac_step:
        return None
    return (
        "A nudge must displace its target by half a step of the DAC or more, but as a rule does by "
        f"{away / seen.dac_step:.3g} of one ({away:.2g} of a unit; a step is {seen.dac_step:.2g}); "
        "raise flow.beta, or dac.bits."
    )


def soft_spring(seen: Watched) -> str | None:
    """A negative phase without a spring."""
    left = 1 - _nudge(seen.flow) / seen.flow.stiffness
    if seen.flow.phases == "one-sided" or left >= _SOFTEST:
        return None
    return (
        f"The negative phase must keep {_SOFTEST:.0%} of the spring or more, but keeps {left:.1%}: "
        "nodes on it settle late and go far; lower flow.beta."
    )


def risen(seen: Watched) -> str | None:
    """Nodes that climb what they should descend."""
    if not seen.risen:
        return None
    return (
        f"The co-content of an ideal chip must fall while it settles, but rises in {seen.risen} of "
        f"{seen.rows} rows; the engine errs: lower settling.rtol, or take another method."
    )


CHECKS: tuple[Callable[[Watched], str | None], ...] = (
    unsettled,
    _clipped("adc", "ADCs", "widen adc.visible_range_V and adc.hidden_range_V, or train with "
             "smaller weights"),
    _clipped(
        "difference",
        "converters of amplified differences",
        "lower readout.gain, or flow.beta",
    ),
    _clipped("ammeter", "ammeters", "widen current_sense.range_A, or train with smaller weights"),
    _clipped("correlator", "correlators", "widen readout.range, or lower flow.beta or the batch"),
    _clipped("dac", "DACs", "widen dac.range_V, or lower node.unit_V"),
    _clipped("injector", "injectors", "widen injectors.range_A (of oscillators range_Hz), or lower "
             "flow.beta"),
    diverged,
    refused,
    lost_nudge,
    soft_spring,
    risen,
)  # fmt: skip


def overlap(task: TaskLaw, data: Dataset) -> str | None:
    """Examples that are learned from and judged by."""
    if not isinstance(task, Supervised) or (unseen := task.unseen(data)) is None:
        return None
    seen = {row.tobytes() for row in task.seen(data)[0]}
    both = sum(row.tobytes() in seen for row in unseen[0])
    if not both:
        return None
    return (
        f"The test set must have no inputs that are learned from, but {both:,} of its "
        f"{len(unseen[0]):,} are in both; take them out, or read its accuracy as too high."
    )


def unfinished(trained: Trained) -> str | None:
    """What to say of a training that was stopped."""
    if not trained.stopped or trained.run is None:
        return None
    return (
        f"Only {trained.stopped} are done; go on with `neurosim train --resume --out "
        f"{quoted(trained.run.path)}`, or read all figures as those of a training that was stopped."
    )


def watch(source: Source) -> list[str]:
    """What every check says of a run that is trained; nothing where all is well.

    The chip as the checkpoint left it presents a few rows more, which its ledger does not see.

    Raises
    ------
    RunError, CheckpointError
        There is no such run, or it is damaged.
    """
    trained = Trained.of(source)
    profile, task = trained.profile, trained.experiment.task
    wrong = unsuited(profile, task)
    found = [wrong, stand_in(profile), unfinished(trained), risen_loss(trained)]
    found += [*odd_pictures(trained.dataset), overlap(task, trained.dataset)]
    if wrong is None:
        # What else is wrong with a task of another chip follows from that.
        seen = watched(trained)
        found += [check(seen) for check in CHECKS]
    return [said for said in found if said is not None]
