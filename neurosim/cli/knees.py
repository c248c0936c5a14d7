"""What a study of settling found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.sweeps.knees import Knee

__all__ = ["knee_lines", "shares_of"]

_WAYS = {
    "alone": "Released once and left alone",
    "stepped": "Stepped by its host",
    "read": "Asked once",
}


def knee_lines(
    found: Mapping[str, Knee],
    name: str,
    figure: str,
    floor: float | None,
    rows: Sequence[Mapping[str, Any]],
    modes: Mapping[str, float],
) -> Iterator[str]:
    """Lines for every way of drawing, for what sets the length, and for the slowest modes.

    Parameters
    ----------
    found : mapping from str to Knee
    name : str
        Of the chip.
    figure : str
        That is compared.
    floor : float or None
        Of real data; None where the chip answers.
    rows : sequence of mapping
        Of the sweep.
    modes : mapping from str to float
        See `shares_of`.
    """
    for way in (way for way in found if way in _WAYS):
        knee = found[way]
        yield from _needed(way, knee, name, figure, floor)
        for share in ("test_accuracy", "test_explained"):
            if share in rows[0] and knee.seeds:
                yield _at_the_knee(rows, share, knee)
    quiet = found.get("quiet")
    if quiet is not None and quiet.seeds and found["alone"].seeds:
        yield from _what_sets(found["alone"], quiet)
    half, twentieth, unstable = (modes[key] for key in ("half", "twentieth", "unstable"))
    yield f"For comparison, its slowest hidden mode takes {half:.1f} C/g or more on half of the"
    yield f"  data, {twentieth:.1f} on a twentieth."
    if unstable:
        yield f"  On {unstable:.0%} the network does not rest, and none is counted."


def shares_of(modes: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """What half and a twentieth of the slowest modes exceed, and the share that has none."""
    every = np.concatenate(modes)
    good = every[np.isfinite(every)]
    half, twentieth = np.quantile(good, (0.5, 0.95)) if len(good) else (np.inf, np.inf)
    share = 1 - len(good) / len(every)
    return {"half": float(half), "twentieth": float(twentieth), "unstable": share}


def _needed(way: str, knee: Knee, name: str, figure: str, floor: float | None) -> Iterator[str]:
    what = "an answer" if way == "read" else "a sample"
    yield f"{_WAYS[way]}, {name} needs"
    if not knee.seeds:
        yield f"  {knee.span} C/g {what}: even its longest are not at a plateau."
    else:
        time, energy = format_quantity(knee.time_s, "s", 3), format_quantity(knee.energy_J, "J", 3)
        real = "" if floor is None else f" (real: {floor:.3g})"
        yield f"  {knee.span} C/g {what}, {time} and {energy},"
        yield f"  to be within a tenth of where {figure} ends, {knee.plateau:.3g}{real}."
        if knee.not_reached:
            yield f"  {counted(knee.not_reached, 'further seed')} is not there after "
            yield f"  {knee.longest_tau:.3g} C/g: longer samples may be better."
    if knee.worse_later:
        yield f"  With {counted(knee.worse_later, 'seed')} the longest samples are worse again."


def _what_sets(alone: Knee, quiet: Knee) -> Iterator[str]:
    """Whether noise and converters set how long is enough, and how near that comes."""
    longer, share = alone.tau / quiet.tau - 1, max(0.0, 1 - quiet.plateau / alone.plateau)
    time = "the circuit sets how long"
    if alone.differs(quiet):
        time = f"they make it {'longer' if longer > 0 else 'shorter'} by {abs(longer):.0%}"
    yield "What sets it: alone, but without noise and errors of converters, it needs"
    yield f"  {quiet.span} C/g and ends at {quiet.plateau:.3g}:"
    yield f"  {time}, and {share:.0%} of the distance is theirs."


def _at_the_knee(rows: Sequence[Mapping[str, Any]], share: str, knee: Knee) -> str:
    """What answers are worth at the first length that is enough, and at their best."""
    good = [row for row in rows if not row["error"]]
    lengths = sorted({row["sample_tau"] for row in good})
    mean = [
        float(np.mean([row[share] for row in good if row["sample_tau"] == length]))
        for length in lengths
    ]
    at = next((k for k, tau in enumerate(lengths) if tau >= knee.tau), len(lengths) - 1)
    return (
        f"  Its {share} is {mean[at]:.3f} after {lengths[at]:g} C/g, and {max(mean):.3f} at best."
    )
