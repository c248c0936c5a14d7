"""The circuit of a trained chip in ngspice, beside our own solvers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.circuit.shunts import STIFF
from neurosim.errors import ConvergenceError, DataError
from neurosim.netlists import netlist, run_ngspice
from neurosim.netlists.variants import hierarchical, with_noise
from neurosim.runs.examining import lessons_of
from neurosim.runs.run import Run
from neurosim.safe_text import comment, counted
from neurosim.solvers import OperatingPoint, Transient, settle
from neurosim.tables.table import checksum

__all__ = ["Compared", "compare", "presented", "run_netlist", "validate_spice"]

Array = NDArray[np.float64]

# Errors of our own transient stay far below those of ngspice at its tightest useful setting.
_EXACT = Transient(rtol=1e-8, atol=1e-10)
_POINT = OperatingPoint()
# Of ngspice: 4 uV at a unit of 0.1 V on 64-128-128, in some 45 s; 1e-6 takes five times as long.
_RELTOL, _NOISY_RELTOL, _STEPS_PER_TAU = 1e-5, 1e-3, 20


class Compared(NamedTuple):
    """Worst node of one row.

    Attributes
    ----------
    operating_point_V, transient_V : float
        Difference at the operating point, and along the transient.
    points : int
        Time points of ngspice's transient, all of which are compared.
    beyond_V : float
        How far nodes with ideal diodes go beyond 0 V along ours, which has a conductance for each.
    """

    operating_point_V: float
    transient_V: float
    points: int
    beyond_V: float


def presented(run: Run, rows: int) -> tuple[Chip, DrivenCircuit, Array, float]:
    """The chip of a run at the start of a free phase.

    Returns
    -------
    chip : Chip
    system : DrivenCircuit
        Its circuit with the springs at the first `rows` points of the first training batch, as the
        chip's own DACs put them there.
    start_V : ndarray, shape (rows, n_nodes)
    time_s : float
        Settling time of a phase.
    """
    batch = run.experiment.batch
    if not 1 <= rows <= batch:
        raise DataError(
            f"A batch of this run has {counted(batch, 'input')}, but {rows} are asked for; ask for "
            "1 or more of these."
        )
    chip = run.chip()
    sheet, flow = chip.data_sheet, run.experiment.flow.on(chip.data_sheet)
    lessons = lessons_of(run.dataset, run.experiment, sheet, batch, run.experiment.seed)
    x_t, held = lessons.batch_at(0).targets[:rows], lessons.held
    chip.precharge(x_t * sheet.unit_V)
    chip.drive(
        x_t * sheet.unit_V,
        flow.stiffness * sheet.unit_S,
        None if run.experiment.task.has_paths else held,
    )
    return chip, chip.system(), chip.u_V.copy(), flow.settle_s


def run_netlist(
    run: Run,
    row: int = 0,
    *,
    analysis: str = "tran",
    noise: bool = False,
    blocks: bool = False,
) -> str:
    """SPICE text of a run's circuit with its springs at one input.

    Parameters
    ----------
    run : Run
    row : int
        Which point of the first training batch.
    analysis : {"tran", "op"}
        A free phase from its start, or the operating point that Newton finds from there.
    noise : bool
        Noise sources of the profile's temperature, amplifiers and 1/f noise.
    blocks : bool
        Layers and crossbars as subcircuits instead of one flat list.
    """
    if not 0 <= row < (batch := run.experiment.batch):
        raise DataError(
            f"A batch of this run has the inputs 0 to {batch - 1}, but {row} is asked for; take "
            "one of these."
        )
    chip, system, start_V, time_s = presented(run, row + 1)
    end_s = time_s if analysis == "tran" else None
    if end_s is None and system.circuit.oscillating:
        start_V[row] = _rest_V(system, start_V, row, time_s)
    step_s = system.tau_s / _STEPS_PER_TAU
    # Noise hides what a looser tolerance adds, and takes many more steps.
    reltol = _NOISY_RELTOL if noise else _RELTOL
    text = netlist(system.circuit, system.springs, row, start_V[row], end_s, step_s, reltol)
    if noise:
        text = with_noise(text, system)
    if blocks:
        text = hierarchical(text, chip.die.layers)
    title, _, body = text.partition("\n")
    return "\n".join([title, *_legend(chip), body])


def _rest_V(system: DrivenCircuit, start_V: Array, row: int, time_s: float) -> Array:
    """Where phases of one row come to rest: Newton from elsewhere ends turns away, and unstable."""
    one = DrivenCircuit(system.circuit, system.springs.rows(np.array([row])), system.tau_s)
    found = settle(one, start_V[row : row + 1], time_s, _POINT)
    if found.refused.any() or found.diverged.any():
        raise ConvergenceError(
            f"The phases of input {row} must come to rest for an operating point, but do not; take "
            "another input, or a transient."
        )
    rest_V: Array = found.u_V[0]
    return rest_V


def _legend(chip: Chip) -> list[str]:
    """Comments that say which chip it is and which node is which."""
    layers = chip.die.layers
    spans = [(name, layers.nodes(k)) for k, name in enumerate(layers.names())]
    nodes = ", ".join(f"{name} {at.start} to {at.stop - 1}" for name, at in spans)
    name = comment(chip.profile.name)
    found = ["u<i> capacitor of node i", "v<i> output of its amplifier", "t<i> DAC"]
    if chip.profile.node.oscillating:
        found = ["u<i> phase of node i as a voltage", "ca<i> and sa<i> its first waves"]
        found.append("xa<i> and ya<i> sums of those of others")
    elif chip.profile.node.lifting(layers) is None and chip.profile.node.passive:
        del found[1]
    return [
        f"* profile {name}, checksum {checksum(chip.profile)[:12]}, die {chip.seed}",
        f"* nodes: {nodes}; {', '.join(found)}",
        "* conductances as programmed, with the die's mismatch; springs at what their DACs deliver",
    ]


def validate_spice(
    run: Run, rows: int = 1, report: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Worst difference of any node between ngspice and our solvers, without noise.

    Where nodes have ideal diodes, only operating points are comparable: our transient has a
    conductance for each, as `warnings` of the result then says, with the size of what that leaves.

    The operating point is ngspice's Newton iteration from ours; the transient is compared at every
    time point that ngspice computes, from the start of a free phase to its end.

    Raises
    ------
    NeurosimError
        ngspice is not installed or fails.
    ConvergenceError
        Our own solver does not settle a row.
    """
    chip, system, start_V, time_s = presented(run, rows)
    system = replace(system, temperature_K=None)
    at_rest = settle(system, start_V, time_s, _POINT)
    if at_rest.diverged.any() or at_rest.refused.any():
        raise ConvergenceError(
            "Every row must come to rest to be compared, but some do not; train with a smaller "
            "learning rate or validate fewer rows."
        )
    began, results = time.perf_counter(), []
    for row in range(rows):
        span = format_quantity(time_s, "s", 3)
        report(f"row {row}: ngspice solves its operating point, then {span} from the start ...")
        results.append(compare(system, row, start_V[row], at_rest.u_V[row], time_s))
        op_V, tran_V, *_ = results[-1]
        point, moving = format_quantity(op_V, "V", 3), format_quantity(tran_V, "V", 3)
        report(f"row {row}: operating point {point}, transient {moving}")
    beyond_V, shunts = max(found.beyond_V for found in results), system.circuit.shunts
    warnings = [] if shunts is None or not shunts.ideal else [
        f"The transient here has no ideal diodes: each is a conductance of {STIFF:g} times what "
        f"else is on its node, and nodes go up to {beyond_V:.3g} V beyond 0 V. Its difference "
        "shows that, and neither agreement nor a mistake; what is compared is the operating point, "
        "which has ideal ones."
    ]  # fmt: skip
    return {
        "profile": chip.profile.name,
        "rows": rows,
        "time_s": time_s,
        "unit_V": chip.data_sheet.unit_V,
        "operating_point_max_diff_V": max(found.operating_point_V for found in results),
        "transient_max_diff_V": max(found.transient_V for found in results),
        "transient_points": sum(found.points for found in results),
        "transient_beyond_diodes_V": beyond_V,
        "warnings": warnings,
        "wall_s": time.perf_counter() - began,
    }


def compare(
    system: DrivenCircuit,
    row: int,
    start_V: Array,
    rest_V: Array,
    time_s: float,
    reltol: float = _RELTOL,
) -> Compared:
    """Worst node of one row: at the operating point `rest_V`, and along the transient from start.

    `reltol` is ngspice's in the transient.
    """
    circuit, springs, step_s = system.circuit, system.springs, system.tau_s / _STEPS_PER_TAU
    _, point_V = run_ngspice(netlist(circuit, springs, row, rest_V))
    text = netlist(circuit, springs, row, start_V, time_s, step_s, reltol)
    time_at_s, wave_V = run_ngspice(text)
    assert time_at_s is not None
    worst_V, beyond_V = _along(system, row, start_V, time_at_s, wave_V)
    return Compared(float(np.abs(point_V[0] - rest_V).max()), worst_V, len(time_at_s), beyond_V)


def _along(
    system: DrivenCircuit, row: int, start_V: Array, time_s: Array, wave_V: Array
) -> tuple[float, float]:
    """Largest difference at any of the times, and how far nodes go beyond ideal diodes."""
    one = DrivenCircuit(system.circuit, system.springs.rows(np.array([row])), system.tau_s)
    u_V, before_s, worst, beyond_V = start_V[None], 0.0, 0.0, 0.0
    shunts = system.circuit.shunts
    for now_s, seen_V in zip(time_s, wave_V, strict=True):
        for stage, part_s in one.stages(before_s, now_s - before_s):
            if part_s > 0:
                u_V = settle(stage, u_V, part_s, _EXACT).u_V
        before_s = now_s
        worst = max(worst, float(np.abs(u_V[0] - seen_V).max()))
        if shunts is not None and shunts.ideal:
            beyond_V = max(beyond_V, shunts.beyond_V(u_V))
    return worst, beyond_V
