"""What can be wrong with the numbers of a run although nothing failed: one function a check.

A check looks at what a trained run shows of itself, and says in one line what must hold, what it
is and what to do; or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import present as imperfections
from neurosim.analysis.suited import stand_in, unsuited
from neurosim.chip import Chip
from neurosim.chip.ledger import Ledger
from neurosim.circuit import DrivenCircuit
from neurosim.converters.quantise import lsb
from neurosim.data import Dataset
from neurosim.data.grounds import odd_pictures
from neurosim.host import Supervised
from neurosim.host.lessons import TaskLaw
from neurosim.host.settings import ChipFlow
from neurosim.runs.examining import lessons_of
from neurosim.runs.learned import risen_loss
from neurosim.runs.trained import Source, Trained
from neurosim.safe_text import quoted
from neurosim.solvers import settle
from neurosim.threads import one_blas_thread

__all__ = ["CHECKS", "Watched", "watch", "watched"]

Array = NDArray[np.float64]

_ROWS = 16
# Shipped chips that learn well move by at most 5 % of a displacement, those that do not by 13 %.
_MOST_MOVED = 0.1
# Noise that is drawn at a DAC's range of three standard deviations is clipped at 0.3 %.
_MOST_CLIPPED = 0.01
_SOFTEST = 0.05
# A little less than the half step, for velocities vary by more.
_LOST = 0.45
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Watched:
    """What a run shows of itself.

    Attributes
    ----------
    flow : ChipFlow
        The presentation.
    ledger : mapping of str to number
        Totals at the end.
    velocity : float
        Root mean square of the velocities that are learned, or of the answers.
    dac_step : float or None
        Of the sources, in the host's units; None where they are continuous.
    moved : float
        How far the nodes with a source would go in another settling time, over how far they went
        from it in the first one: root mean squares, without noise.
    risen : int or None
        In how many of the presented rows the co-content is higher after a settle than before; None
        where some effect leaves the circuit without a co-content.
    rows : int
        How many were presented for these two.
    """

    flow: ChipFlow
    ledger: Mapping[str, float]
    velocity: float
    dac_step: float | None
    moved: float
    risen: int | None
    rows: int = _ROWS

    def count(self, name: str) -> int:
        """An entry of the ledger, 0 where an older version kept none."""
        return int(self.ledger.get(name, 0))


def unsettled(seen: Watched) -> str | None:
    """Reads of nodes that are on their way."""
    if seen.moved <= _MOST_MOVED:
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


def watched(source: Source) -> Watched:
    """What a run shows of itself."""
    trained = Trained.of(source)
    chip, experiment = trained.fresh(), trained.experiment
    ledger = Ledger.renamed(trained.spent() or chip.ledger.totals())
    sheet, flow = chip.data_sheet, experiment.flow.on(chip.data_sheet)
    rows = min(_ROWS, experiment.batch)
    lessons = lessons_of(trained.dataset, experiment, sheet, rows, experiment.seed)
    batch = lessons.batch_at(0)
    chip.precharge(batch.targets * sheet.unit_V)
    chip.drive(batch.targets * sheet.unit_V, flow.stiffness * sheet.unit_S, lessons.held)
    dac = trained.profile.dac
    step = None
    if dac.bits is not None and dac.range_V is not None:
        step = lsb(dac.range_V, dac.bits) / sheet.unit_V
    moved, n_risen = _settled_twice(chip, flow.settle_s)
    wanted = batch.wanted if lessons.held is None else batch.wanted[:, ~lessons.held]
    velocity = float(np.sqrt(np.mean(wanted**2)))
    return Watched(flow, ledger, velocity, step, moved, n_risen, rows)


@one_blas_thread()
def _settled_twice(chip: Chip, time_s: float) -> tuple[float, int | None]:
    """`Watched.moved` and `Watched.risen` of what is presented to a chip."""
    system = replace(chip.system(), temperature_K=None)
    start_V, driven = chip.u_V, chip.die.sources[: system.springs.target_V.shape[1]]
    states_V = [start_V]
    if system.circuit.amplifier_tau_s:
        states_V = [np.concatenate([start_V, chip.output_V], axis=1)]
    for _ in range(2):
        states_V.append(settle(system, states_V[-1], time_s, chip.engine).u_V)
    first_V, second_V = (state_V[:, driven] for state_V in states_V[1:])
    went_V, goes_V = first_V - system.springs.target_V, second_V - first_V
    moved = _rms(goes_V) / max(_rms(went_V), np.finfo(float).tiny)
    if imperfections(chip.profile) or system.circuit.back_couplings is not None:
        return moved, None
    return moved, _risen(system, start_V, states_V[1])


def _risen(system: DrivenCircuit, before_V: Array, after_V: Array) -> int:
    """Rows whose co-content is higher after than before."""
    before_W, after_W = (
        system.circuit.co_content_W(u_V, system.springs) for u_V in (before_V, after_V)
    )
    return int(np.count_nonzero(after_W > before_W + _ROUNDING * np.abs(before_W)))


def _rms(values: Array) -> float:
    """Root mean square over rows that settled; 0 without any."""
    found = values[np.isfinite(values).all(axis=1)]
    return float(np.sqrt(np.mean(found**2))) if found.size else 0.0
