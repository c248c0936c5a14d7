"""What a study of settling found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.cli.again import going_on
from neurosim.cli.common import print_json, say, warn
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Trained
    from neurosim.sweeps import SweepFolder
    from neurosim.sweeps.knees import Interval, Knee

__all__ = ["knee_lines", "shares_of", "tell_study"]

_WIDTH = 76
# Two lengths are alike where they are no further apart.
_ALIKE = 1.3
_WAYS = {
    "alone": "Released once and left alone",
    "stepped": "Stepped by its host",
    "read": "Asked once",
}


def tell_study(
    study: SweepFolder, given: Trained | None, laws: tuple[type[Block], ...], as_json: bool
) -> None:
    """Say how long is long enough, draw it, and end with status 1 if a point failed."""
    from neurosim.cli.sweep import end_if_failed
    from neurosim.outputs import write_bytes, write_text
    from neurosim.report import write_sweep_report
    from neurosim.report.figures import figure_png
    from neurosim.report.knee_figure import knee_figure
    from neurosim.runs import Trained, watch
    from neurosim.sweeps.floors import GAUSSIAN, REAL, floors, keep_floors
    from neurosim.sweeps.knees import curves_of, knees, ratios
    from neurosim.sweeps.settling import modes_of
    from neurosim.sweeps.stored import ANSWER, PICTURE

    rows, figure = study.rows(), study.sweep.measure[0]
    found, curves = knees(rows, "drawn", figure), curves_of(rows, "drawn", figure)
    if not found:
        write_sweep_report(study)
        raise DataError(
            f"A study needs three lengths with figures, but {study.path} has fewer: points failed; "
            "look at its report.html."
        )
    folders = sorted((study.path / "trained").glob("*/"))
    chips = [Trained.of(place, laws) for place in folders] if given is None else [given]
    modes = shares_of([modes_of(chip) for chip in chips])
    keep_floors(study)
    beside = floors(study)
    floor, dumb = (beside.get(name, {}).get(figure) for name in (REAL, GAUSSIAN))
    picture = study.path / PICTURE
    write_bytes(picture, figure_png(knee_figure(rows, found, figure, beside)))
    of, name = "seed" if given is None else "draw", chips[0].profile.name
    both = {"alone", "quiet"} <= curves.keys()
    over = ratios(curves["alone"], curves["quiet"]) if both else None
    lines = [*knee_lines(found, name, figure, floor, rows, modes, over, of, dumb, beside)]
    if "quiet" not in curves and any(_is_quiet(point.settings) for point in study.points):
        lines += [
            "What sets it is not said: the chip without noise and errors of converters was",
            "  not drawn at enough lengths; going on with --resume draws it.",
        ]
    if given is None:
        n = counted(chips[0].experiment.updates, "update")
        lines += [
            f"Its weights learned for {n}. Networks that learn for longer have slower",
            "  modes and need longer: a larger --budget, or a run of your own.",
        ]
        warn(list(dict.fromkeys(said for chip in chips for said in watch(chip))))
    lines += _to_export(study, rows, figure, laws)
    write_text(study.path / ANSWER, "\n".join([*lines, ""]))
    page = write_sweep_report(study)
    if as_json:
        print_json(
            {"knees": {way: knee._asdict() for way, knee in found.items()}, "figure": figure,
             "over_quiet": over and [ratio._asdict() for ratio in over],
             "floor": floor, "slowest_mode_tau": modes, "picture": str(picture),
             "failed": sum(bool(row["error"]) for row in rows), "report": str(page)}
        )  # fmt: skip
    else:
        for line in lines:
            say(line)
        say(f"{picture}; every point: {study.path / 'results.csv'}; open {page}")
    end_if_failed(rows)


def _is_quiet(settings: Mapping[str, Any]) -> bool:
    return str(settings["drawn"]).startswith("quiet")


def _to_export(
    study: SweepFolder,
    rows: Sequence[Mapping[str, Any]],
    figure: str,
    laws: tuple[type[Block], ...],
) -> Iterator[str]:
    """The command for the weights of the chip with the best figure, if the study trained any."""
    from neurosim.sweeps import Point

    own = [row for row in rows if not row["error"] and not _is_quiet(row)]
    point = study.points[int(min(own, key=lambda row: float(row[figure]))["point"])]
    if isinstance(point, Point) and point.training is not None:
        trained = study.path / "trained" / point.training.key
        way = going_on("export", trained, to="weights.csv", laws=laws)
        yield f"The weights of its best chip are written by: {way}"


def knee_lines(
    found: Mapping[str, Knee],
    name: str,
    figure: str,
    floor: float | None,
    rows: Sequence[Mapping[str, Any]],
    modes: Mapping[str, float],
    quiet: tuple[Interval, Interval] | None = None,
    of: str = "seed",
    dumb: float | None = None,
    rivals: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
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
    quiet : tuple of Interval, optional
        Knee and best figure of the chip alone over those without noise and errors of converters.
    of : str
        What there are several of: seeds, or draws of one chip.
    dumb : float, optional
        Of one Gaussian fitted to the data.
    rivals : mapping, optional
        Figures of what needs no chip and answers too, by its name.
    """
    for way in (way for way in found if way in _WAYS):
        knee = found[way]
        yield from _needed(way, knee, name, figure, (floor, dumb), of)
        if knee.seeds and (setting := _set_by(way, knee, rows)):
            yield setting
        for share in ("test_accuracy", "test_explained"):
            if share in rows[0] and knee.seeds:
                yield _at_the_knee(rows, share, knee)
                said = [f"{name} {row[share]:.3f}" for name, row in rivals.items() if share in row]
                lines = wrap(f"({', '.join(said)})", _WIDTH) if said else []
                yield from (f"  {line}" for line in lines)
    drawn = [found[way].best for way in ("alone", "stepped") if way in found]
    if dumb is not None and drawn and min(drawn) > dumb:
        yield f"These samples are farther from the data than one Gaussian, {dumb:.3g}: the network"
        yield "  has not learned; train longer (--budget), or give a run."
    if quiet is not None:
        yield from _what_sets(*quiet)
    half, twentieth, unstable = (modes[key] for key in ("half", "twentieth", "unstable"))
    if unstable < 1:
        yield f"For comparison, its slowest hidden mode takes {half:.1f} C/g or more on half of"
        yield f"  the data, {twentieth:.1f} on a twentieth."
    if unstable:
        share = f"{unstable:.0%}" if unstable >= 0.005 else "less than 1%"
        yield f"  On {share} of the data the network does not rest, and none is counted."


def shares_of(modes: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """What half and a twentieth of the slowest modes exceed, and the share that has none."""
    every = np.concatenate(modes)
    good = every[np.isfinite(every)]
    half, twentieth = np.quantile(good, (0.5, 0.95)) if len(good) else (np.inf, np.inf)
    share = 1 - len(good) / len(every)
    return {"half": float(half), "twentieth": float(twentieth), "unstable": share}


def _set_by(way: str, knee: Knee, rows: Sequence[Mapping[str, Any]]) -> str:
    """What a designer sets for that length, between the lengths that were tried."""
    column = {"alone": "deploy.release_ratio", "stepped": "sampling.settle_tau"}.get(way, "")
    own = sorted(
        (float(row["sample_tau"]), float(row[column]))
        for row in rows
        if column in row and row[column] != "" and str(row["drawn"]).startswith(f"{way},")
        and row["sample_tau"] != ""
    )  # fmt: skip
    if not own:
        return ""
    value = float(np.exp(np.interp(np.log(knee.tau), *np.log(np.array(own)).T)))
    what = "C_x / C_h" if way == "alone" else "settling of a step"
    unit = "" if way == "alone" else " C/g"
    return f"  That is a {what} of about {value:.2g}{unit}."


def _needed(
    way: str,
    knee: Knee,
    name: str,
    figure: str,
    beside: tuple[float | None, float | None],
    of: str,
) -> Iterator[str]:
    from neurosim.report.wording import worded

    what = "an answer" if way == "read" else "a sample"
    yield f"{_WAYS[way]}, {name} needs"
    if not knee.seeds:
        yield f"  {knee.span(of)} C/g {what}: the longest may not be the best yet."
    else:
        time, energy = format_quantity(knee.time_s, "s", 3), format_quantity(knee.energy_J, "J", 3)
        said = [
            f"{name}: {value:.3g}"
            for name, value in zip(("real", "one Gaussian"), beside, strict=True)
            if value is not None
        ]
        end = "." if not said else f"\n  ({', '.join(said)})."
        yield f"  {knee.span(of)} C/g {what},"
        yield f"  {time} and {energy} with driving and reading,"
        lines = f"  to be within a tenth of its best {worded(figure)}, {knee.best:.3g}{end}"
        yield from lines.split("\n")
        if knee.seeds > 1 and not knee.at_once:
            apart = f"{knee.least_tau:.3g} to {knee.most_tau:.3g}"
            yield f"  By themselves the {of}s need {apart}."
        if knee.not_reached:
            yield f"  With {counted(knee.not_reached, f'further {of}')} longer samples than"
            yield f"  {knee.longest_tau:.3g} C/g may be better."
    if knee.worse_later:
        yield f"  With {counted(knee.worse_later, of)} the longest samples are worse again: it"
        yield "  has learned to arrive early."


def _what_sets(tau: Interval, best: Interval) -> Iterator[str]:
    """Whether noise and converters set how long is enough, and how near that comes."""
    yield "What sets it: beside the same chip without noise and errors of converters it takes"
    yield f"  {_times(tau)} as long and comes"
    yield f"  within {_times(best)} the distance to the data:"
    if not np.isfinite(tau.low):
        yield "  of more seeds it could be said whether they or the circuit set the time."
    elif max(tau.high, 1 / tau.low) < _ALIKE:
        yield "  the circuit sets how long, not noise or converters."
    elif tau.low > 1 or tau.high < 1:
        yield "  noise and converters set how long too."
    else:
        yield "  whether they or the circuit set how long is not told apart."


def _times(found: Interval) -> str:
    if not np.isfinite(found.low):
        return f"{found.value:.3g} times"
    return f"{found.value:.3g} ({found.low:.3g} to {found.high:.3g}) times"


def _at_the_knee(rows: Sequence[Mapping[str, Any]], share: str, knee: Knee) -> str:
    """What answers are worth at the first length that is enough, and at their best."""
    from neurosim.report.wording import worded

    good = [row for row in rows if not row["error"]]
    lengths = sorted({row["sample_tau"] for row in good})
    mean = [
        float(np.mean([row[share] for row in good if row["sample_tau"] == length]))
        for length in lengths
    ]
    at = next((k for k, tau in enumerate(lengths) if tau >= knee.tau), len(lengths) - 1)
    there = f"{mean[at]:.3f} after {lengths[at]:g} C/g"
    return f"  Its {worded(share)} is {there}, and {max(mean):.3f} at best."
