"""What a trained run shows of itself: its ledger, its velocities, and how its nodes settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import present as imperfections
from neurosim.chip import Chip
from neurosim.chip.ledger import Ledger
from neurosim.circuit import DrivenCircuit
from neurosim.converters.quantise import lsb
from neurosim.host.free import precharge
from neurosim.host.settings import ChipFlow
from neurosim.runs.examining import lessons_of
from neurosim.runs.trained import Source, Trained
from neurosim.solvers import settle
from neurosim.threads import one_blas_thread

__all__ = ["MOST_MOVED", "Watched", "watched"]

Array = NDArray[np.float64]

_ROWS = 16
# Shipped chips that learn well move by at most 5 % of a displacement, those that do not by 13 %.
MOST_MOVED = 0.1
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
        How many were presented for these.
    late : int
        In how many of them the nodes with a source would go by more than a tenth of how far they
        went.
    ages_s : tuple of float, or None
        How long ago devices were last written when the training ended: half of them as long or
        longer, and the oldest. None where they do not drift.
    """

    flow: ChipFlow
    ledger: Mapping[str, float]
    velocity: float
    dac_step: float | None
    moved: float
    risen: int | None
    rows: int = _ROWS
    late: int = 0
    ages_s: tuple[float, float] | None = None

    def count(self, name: str) -> int:
        """An entry of the ledger, 0 where an older version kept none."""
        return int(self.ledger.get(name, 0))


def watched(source: Source) -> Watched:
    """What a run shows of itself."""
    trained = Trained.of(source)
    chip, experiment = trained.fresh(), trained.experiment
    ledger, ages_s = Ledger.renamed(trained.spent() or chip.ledger.totals()), _ages_s(chip)
    sheet, flow = chip.data_sheet, experiment.flow.on(chip.data_sheet)
    rows = min(_ROWS, experiment.batch)
    lessons = lessons_of(trained.dataset, experiment, sheet, rows, experiment.seed)
    batch = lessons.batch_at(0)
    precharge(chip, batch.targets * sheet.unit_V, flow)
    chip.drive(batch.targets * sheet.unit_V, flow.stiffness * sheet.unit_S, lessons.held)
    dac = trained.profile.dac
    step = None
    if dac.bits is not None and dac.range_V is not None:
        step = lsb(dac.range_V, dac.bits) / sheet.unit_V
    shown = _settled_twice(chip, flow.settle_s)
    wanted = batch.wanted if lessons.held is None else batch.wanted[:, ~lessons.held]
    velocity = float(np.sqrt(np.mean(wanted**2)))
    how = shown.moved, shown.risen, rows, shown.late, ages_s
    return Watched(flow, ledger, velocity, step, *how)


def _ages_s(chip: Chip) -> tuple[float, float] | None:
    """`Watched.ages_s` of a chip as training left it."""
    ageing = chip.bank.state().get("ageing")
    if ageing is None:
        return None
    written_at_s = ageing["written_at_s"][chip.die.devices.present]
    ages_s = chip.ledger.settle_time_s - written_at_s
    return float(np.median(ages_s)), float(np.max(ages_s))


class _Settled(NamedTuple):
    """`Watched.moved`, `Watched.late` and `Watched.risen` of what is presented to a chip."""

    moved: float
    late: int
    risen: int | None


@one_blas_thread()
def _settled_twice(chip: Chip, time_s: float) -> _Settled:
    """By settling for as long once more."""
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
    goes, went = (np.linalg.norm(way_V, axis=1) for way_V in (goes_V, went_V))
    late, n_risen = int(np.count_nonzero(goes > MOST_MOVED * went)), None
    if not imperfections(chip.profile) and system.circuit.back_couplings is None:
        n_risen = _risen(system, start_V, states_V[1])
    return _Settled(moved, late, n_risen)


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
