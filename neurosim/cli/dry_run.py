"""What `neurosim sweep --dry-run` says before anything is kept. Heavy packages load inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neurosim.cli.common import print_json, say, warn
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.sweeps import Point, Sweep

__all__ = ["settings_said", "tell_ahead"]


def tell_ahead(
    plan: Sweep,
    points: Sequence[Point],
    every: Sequence[Point],
    workers: int,
    laws: tuple[type[Block], ...],
    *,
    as_json: bool,
    brief: bool,
) -> None:
    """List the points of a sweep or of a shard, and say what they will take by a little of it.

    Axes are judged by `every` point, for a shard may hold none that differ in one axis alone.
    """
    from neurosim.sweeps.idle import idle_axes

    trainings = len({point.training.key for point in points if point.training})
    if not as_json:
        lines = [f"{plan.name}: {counted(len(points), 'point')}, {counted(trainings, 'training')}"]
        if not brief:
            lines += [f"{p.index:5}  " + settings_said(p.settings) for p in points]
        say("\n".join(lines), indent=7)
    expected, idle = _expected(points, workers, laws), idle_axes(every, plan.axes, laws)
    if as_json:
        said: dict[str, Any] = {"name": plan.name, "trainings": trainings}
        said |= {} if brief else {"points": [point.settings for point in points]}
        print_json(said | {"estimate": expected, "without_effect": [*idle]})
    else:
        say("\n".join(_estimate_lines(expected)), indent=7)
    failing = expected["failing"].items()
    warn([f"point {index} would fail: {error}" for index, error in failing])
    warn([*idle.values()])


def _expected(
    points: Sequence[Point], workers: int, laws: tuple[type[Block], ...]
) -> dict[str, Any]:
    """What points will take, as numbers."""
    import time
    from dataclasses import asdict

    from neurosim.sweeps.estimate import estimate

    # A process that computes loads what this one has.
    load_s = time.process_time()
    workers = min(workers, max(1, len(points)))
    found = estimate(points, laws)
    return asdict(found) | {"workers": workers, "wall_s": found.wall_s(workers, load_s)}


def _estimate_lines(found: dict[str, Any]) -> list[str]:
    """In words; the numbers are good to some tens of percent."""
    from tqdm import tqdm

    from neurosim.blocks.units import format_quantity

    begun, drawn = found["measured"]
    many, page = found["workers"] > 1, found["page_memory_B"]
    wall = tqdm.format_interval(found["wall_s"])
    by = f"{found['workers']} processes" if many else "one process"
    memory = ""
    if page is not None:
        each = f"{found['memory_B'] / 1e6:.0f} MB each, " if many else ""
        memory = f"; {each}{page / 1e6:.0f} MB{' for the page' if many else ''}"
    chip = {
        kind: f"{format_quantity(found[f'{kind}_time_s'], 's', 3)} and "
        f"{format_quantity(found[f'{kind}_energy_J'], 'J', 3)}"
        for kind in ("training", "sampling")
    }
    return [
        f"measured: a few updates of {counted(begun, 'training')} and a few samples of "
        f"{counted(drawn, 'point')}",
        f"computing: {tqdm.format_interval(found['work_s'])} of processor time, {wall} by {by} at "
        f"best{memory}",
        f"chips: training {chip['training']}, sampling {chip['sampling']}",
    ]


def settings_said(settings: dict[str, Any]) -> str:
    """What a point is, in one line."""
    return ", ".join(f"{name} {value}" for name, value in settings.items())
