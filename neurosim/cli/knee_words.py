"""What a study of settling found, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.report.knee_table import SHOWN
from neurosim.safe_text import counted
from neurosim.sweeps.settling import is_noiseless

if TYPE_CHECKING:
    from neurosim.profile import Profile
    from neurosim.sweeps.floors import Floors
    from neurosim.sweeps.knees import Interval, Knee

__all__ = ["answer_lines", "own_ratio", "remarks", "shares_of"]

# Two lengths are alike where they are no further apart.
_ALIKE = 1.3


def answer_lines(
    found: Mapping[str, Knee],
    name: str,
    figure: str,
    modes: Mapping[str, float],
    noiseless: tuple[Interval, Interval] | None = None,
    of: str = "seed",
    floors: Floors | None = None,
    unknown: str = "",
) -> Iterator[str]:
    """How long and for how many joules, and what sets it, a line each.

    Before these, of a network that draws worse than one Gaussian, that it has not learned.

    Parameters
    ----------
    found : mapping from str to Knee
    name : str
        Of the chip.
    figure : str
        That is compared.
    modes : mapping from str to float
        See `shares_of`.
    noiseless : tuple of Interval, optional
        Knee and best figure of the chip alone, or asked once, over those without noise and errors
        of converters.
    of : str
        What there are several of: seeds, or draws of one chip.
    floors : mapping, optional
        Figures of what needs no chip, by its name.
    unknown : str
        Why the chip without noise says nothing, if there is such a chip.
    """
    from neurosim.sweeps.floors import bias_of

    yield from _not_learned(found, figure, of, floors or {})
    yield _how_long(found, name, figure, of, bias_of(floors or {}, figure))
    alone = "alone " if "alone" in found else ""
    yield _what_sets(noiseless, _slowest(modes), unknown, of, figure, alone)


def remarks(
    found: Mapping[str, Knee],
    rows: Sequence[Mapping[str, Any]],
    of: str = "seed",
    floors: Floors | None = None,
) -> Iterator[str]:
    """What else is to be known of each way of drawing, a line each.

    Parameters
    ----------
    found : mapping from str to Knee
    rows : sequence of mapping
        Of the sweep.
    of, floors
        See `answer_lines`.
    """
    from neurosim.sweeps.settling import DT, LONGEST_START_TAU

    for way in (way for way in found if way in SHOWN):
        yield from _remarks(way, found[way], rows, of, floors or {})
    if "alone" in found or "stepped" in found:
        yield (
            "Alone, a sample first settles for as long as C_x/C_h, at most "
            f"{LONGEST_START_TAU} C/g (sampling.settle_tau); stepped, a step is {DT:g} of the "
            "flow's time (sampling.dt)."
        )


def _not_learned(found: Mapping[str, Knee], figure: str, of: str, floors: Floors) -> Iterator[str]:
    """Of a network that draws worse than one Gaussian."""
    from neurosim.sweeps.floors import GAUSSIAN

    dumb = floors.get(GAUSSIAN, {}).get(figure)
    drawn = {SHOWN[way]: found[way].best for way in ("alone", "stepped") if way in found}
    poor = [way for way, best in drawn.items() if dumb is not None and best > dumb]
    if dumb is None or not poor:
        return
    how = "train it for longer, or ask `neurosim explain` of it what spoils it"
    if of == "seed":
        how = (
            "train longer (--budget, and more updates in the file of --experiment, if one is "
            "given), give a run, or ask `neurosim explain` of one in trained/ what spoils it"
        )
    yield (
        f"The network has not learned much: its samples, drawn {' and '.join(poor)}, are at best "
        f"farther from the data than those of one Gaussian, {dumb:.3g}. One that has learned may "
        f"need longer: {how}."
    )


def own_ratio(profile: Profile, knee: Knee, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a sample takes alone at the chip's own C_x / C_h, and the capacitance at the knee.

    Nothing where its ratio is not within those that were drawn.
    """
    from neurosim.analysis.figures import release_ratio, released_F

    column, own = "deploy.release_ratio", release_ratio(profile)
    names = (column, "sample_tau", "sample_time_s", "sample_energy_J")
    drawn = [
        [float(row[name]) for name in names]
        for row in rows
        if not row["error"] and str(row["drawn"]).startswith("alone,") and row[column] != ""
    ]
    ratios, *costs = np.log(np.array(sorted(drawn)).T) if drawn else np.empty((4, 0))
    if not drawn or not ratios[0] <= np.log(own) <= ratios[-1]:
        return
    tau, time_s, energy_J = (float(np.exp(np.interp(np.log(own), ratios, c))) for c in costs)
    enough = float(np.exp(np.interp(np.log(knee.tau), costs[0], ratios)))
    cost = f"{format_quantity(time_s, 's', 3)} and {format_quantity(energy_J, 'J', 3)}"
    said, enough_F = f"a sample takes {tau:.3g} C/g, {cost}", released_F(profile, enough)
    is_bound = knee.at_once or knee.at_least
    if not is_bound and tau < knee.tau / _ALIKE:
        said += f", which is short of the {knee.tau:.3g} that are enough"
    elif not is_bound and tau > _ALIKE * knee.tau:
        said += f", {tau / knee.tau:.2g} times what is enough"
    if enough_F > 0 and not is_bound:
        said += f"; C_x/C_h of {enough:.2g} is a node.release_capacitance_F of "
        said += format_quantity(enough_F, "F", 3)
    yield f"With its own C_x/C_h of {own:.3g} {said}."


def shares_of(modes: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """What half and a twentieth of the slowest modes exceed, and the share that has none."""
    every = np.concatenate([*modes, [np.inf]]) if not modes else np.concatenate(modes)
    good = every[np.isfinite(every)]
    half, twentieth = np.quantile(good, (0.5, 0.95)) if len(good) else (np.inf, np.inf)
    share = 1 - len(good) / len(every)
    return {"half": float(half), "twentieth": float(twentieth), "unstable": share}


def _how_long(found: Mapping[str, Knee], name: str, figure: str, of: str, bias: float) -> str:
    """One sentence for every way of drawing."""
    from neurosim.report.wording import worded

    parts = []
    for way, knee in ((way, knee) for way, knee in found.items() if way in SHOWN):
        needs = (
            f"{SHOWN[way]} needs {knee.span(of)} C/g {'an answer' if way == 'read' else 'a sample'}"
        )
        cost = format_quantity(knee.time_s, "s", 3), format_quantity(knee.energy_J, "J", 3)
        parts.append(f"{needs}, {' and '.join(cost)} with driving and reading")
    end = f"to be within a fifth of its best {worded(figure)} at any length"
    if bias:
        end += f", each less the {bias:.2g} that as many fresh real images have"
    return f"{name} {'; '.join(parts)}, {end}."


def _what_sets(
    noiseless: tuple[Interval, Interval] | None,
    slow: str,
    unknown: str,
    of: str,
    figure: str,
    alone: str,
) -> str:
    """Whether noise and converters set how long is enough, beside the slowest mode."""
    from neurosim.report.wording import worded

    if noiseless is None:
        if not unknown:
            return (
                f"Its circuit sets how long, for it has no noise or errors of converters; {slow}."
            )
        return f"What sets how long is not known, for {unknown}; {slow}."
    tau, best = noiseless
    if not alone and of == "draw":
        said = "Of this chip and these examples"
    elif not np.isfinite(tau.low):
        said = f"More {of}s could say whether noise, converters or the circuit set how long"
    elif max(tau.high, 1 / tau.low) < _ALIKE:
        said = "The circuit sets how long, not noise or converters"
    elif tau.low > 1 or tau.high < 1:
        said = "Noise and converters set how long too (`neurosim explain` tells which)"
    else:
        said = "Whether noise, converters or the circuit set how long is not told apart"
    return (
        f"{said}: beside the same weights without noise and errors of converters it takes {alone}"
        f"{_times(tau)} as long, to {_times(best)} the {worded(figure)} "
        f"({counted(tau.seeds, of)}); {slow}."
    )


def _slowest(modes: Mapping[str, float]) -> str:
    half, twentieth, unstable = (modes[key] for key in ("half", "twentieth", "unstable"))
    share = f"{unstable:.0%}" if unstable >= 0.005 else "less than 1%"
    rest = f"on {share} of the data the network does not rest"
    if unstable == 1:
        return "its network rests on none of the data"
    said = f"its slowest hidden mode takes {half:.1f} C/g or more on half of the data"
    said += f", {twentieth:.1f} on a twentieth"
    return f"{said}; {rest}, which is not counted" if unstable else said


def _remarks(
    way: str, knee: Knee, rows: Sequence[Mapping[str, Any]], of: str, rivals: Floors
) -> Iterator[str]:
    """What limits the answer, and what answers are worth there."""
    for share in ("test_accuracy", "test_explained"):
        if share in rows[0]:
            said = [f"{name} {row[share]:.3f}" for name, row in rivals.items() if share in row]
            beside = f" ({', '.join(said)})" if said else ""
            yield f"{_at_the_knee(rows, share, knee)}{beside}."
    if knee.seeds > 1 and not (knee.at_once or knee.at_least):
        apart = f"{knee.least_tau:.3g} to {knee.most_tau:.3g} C/g"
        yield f"{SHOWN[way].capitalize()}, the {of}s by themselves need {apart}."
    if knee.begun:
        yield (
            f"{SHOWN[way].capitalize()}, with {counted(knee.begun, of)} the shortest samples, "
            f"{knee.shortest_tau:.3g} C/g, are enough already; shorter ones were not drawn."
        )
    if knee.not_reached:
        yield (
            f"{SHOWN[way].capitalize()}, with {counted(knee.not_reached, of)} the longest samples "
            f"alone, {knee.longest_tau:.3g} C/g, are near enough to the best; longer ones, which "
            "were not drawn, may be better still, and what is enough then longer."
        )
    if knee.worse_later:
        yield (
            f"{SHOWN[way].capitalize()}, with {counted(knee.worse_later, of)} the longest samples "
            "are worse again than the best, by more than a fifth."
        )


def _times(found: Interval) -> str:
    if not np.isfinite(found.low):
        return f"{found.value:.3g} times"
    return f"{found.value:.3g} ({found.low:.3g} to {found.high:.3g}) times"


def _at_the_knee(rows: Sequence[Mapping[str, Any]], share: str, knee: Knee) -> str:
    """What answers are worth at the first length that is enough, and at their best."""
    from neurosim.report.wording import worded

    good = [row for row in rows if not row["error"] and not is_noiseless(row["drawn"])]
    at_each = Counter(row["sample_tau"] for row in good)
    # Those at which every seed was asked.
    lengths = sorted(tau for tau, n in at_each.items() if n == max(at_each.values()))
    mean = [
        float(np.mean([row[share] for row in good if row["sample_tau"] == length]))
        for length in lengths
    ]
    at = next((k for k, tau in enumerate(lengths) if tau >= knee.tau), len(lengths) - 1)
    there = f"{mean[at]:.3f} after {lengths[at]:g} C/g"
    return f"Its {worded(share)} is {there}, and {max(mean):.3f} at best"
