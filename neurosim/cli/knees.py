"""What a study of settling found: told, drawn and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurosim.cli.again import going_on
from neurosim.cli.checked import say_wrapped
from neurosim.cli.common import print_json, say, warn
from neurosim.cli.knee_words import answer_lines, own_ratio, remarks, shares_of
from neurosim.errors import DataError, NeurosimError
from neurosim.report.knee_table import SHOWN, knee_table
from neurosim.safe_text import counted, in_columns
from neurosim.sweeps.settling import NOISELESS, is_noiseless

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.runs import Trained
    from neurosim.sweeps import SweepFolder

__all__ = ["tell_study"]

_NOT_DRAWN = (
    "the chip without noise and errors of converters was not drawn at enough lengths (--resume "
    "draws it)"
)
_AT_ITS_ENDS = (
    "with or without noise and errors of converters the shortest length that both were drawn at is "
    "good enough already, or the longest alone is, or no seed was drawn both ways"
)


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
    from neurosim.sweeps.floors import REAL, bias_of, floors, keep_floors
    from neurosim.sweeps.knees import curves_of, knees, ratios
    from neurosim.sweeps.stored import ANSWER, PICTURE

    rows, figure = study.rows(), study.sweep.measure[0]
    keep_floors(study)
    kept = floors(study)
    bias = bias_of(kept, figure)
    found = knees(rows, "drawn", figure, floor=bias)
    curves = curves_of(rows, "drawn", figure)
    if not found.keys() & SHOWN.keys():
        raise _too_few(study)
    folders = sorted((study.path / "trained").glob("*/"))
    chips = [Trained.of(place, laws) for place in folders] if given is None else [given]
    modes = shares_of(_modes(chips))
    picture = study.path / PICTURE
    write_bytes(picture, figure_png(knee_figure(rows, found, figure, kept)))
    of, name = "seed" if given is None else "draw", chips[0].profile.name
    own = "read" if "read" in curves else "alone"
    over = (
        ratios(curves[own], curves[NOISELESS], bias) if {own, NOISELESS} <= curves.keys() else None
    )
    unknown = ""
    if any(is_noiseless(point.settings["drawn"]) for point in study.points):
        unknown = _AT_ITS_ENDS if NOISELESS in curves else _NOT_DRAWN
    answer = [*answer_lines(found, name, figure, modes, over, of, kept, unknown)]
    lines = [*remarks(found, rows, of, kept)]
    if given is None:
        n = counted(chips[0].experiment.updates, "update")
        lines.append(
            f"Its weights learned for {n}. Networks that learn for longer have slower modes and "
            "need longer: a larger --budget (and more updates in the file of --experiment, if one "
            "is given), or a run of your own."
        )
        warn(list(dict.fromkeys(said for chip in chips for said in watch(chip))))
    if "alone" in found:
        lines += own_ratio(chips[0].profile, found["alone"], rows)
    lines += _to_export(study, rows, figure, laws)
    write_text(study.path / ANSWER, "\n".join([*answer, "", *lines, ""]))
    page = write_sweep_report(study)
    if as_json:
        print_json(
            {"knees": {way: knee._asdict() for way, knee in found.items()}, "figure": figure,
             "over_noiseless": over and [ratio._asdict() for ratio in over],
             "bias": bias, "floor": kept.get(REAL, {}).get(figure), "beside": kept,
             "slowest_mode_tau": modes, "picture": str(picture),
             "failed": sum(bool(row["error"]) for row in rows), "report": str(page)}
        )  # fmt: skip
    else:
        for line in answer:
            say_wrapped(line)
        head, cells = knee_table(found, rows, figure, kept, of)
        say(in_columns([head, *cells], left=1) + "\n", nl=False)
        for line in lines:
            say_wrapped(line)
        say(f"{picture}; every point: {study.path / 'results.csv'}; open {page}")
    end_if_failed(rows)


def _modes(chips: Sequence[Trained]) -> list[NDArray[np.float64]]:
    """Of those chips that come to rest."""
    from neurosim.runs.resting import modes_at_rest_tau

    found = []
    for chip in chips:
        with suppress(NeurosimError):
            found.append(modes_at_rest_tau(chip))
    return found


def _too_few(study: SweepFolder) -> DataError:
    """Of a study without an answer; its page is written."""
    from neurosim.report import write_sweep_report

    write_sweep_report(study)
    return DataError(
        f"A study needs three lengths with figures, but {study.path} has fewer: points failed; "
        "look at its report.html."
    )


def _to_export(
    study: SweepFolder,
    rows: Sequence[Mapping[str, Any]],
    figure: str,
    laws: tuple[type[Block], ...],
) -> Iterator[str]:
    """The command for the weights of the chip with the best figure, if the study trained any."""
    from neurosim.sweeps import Point

    own = [row for row in rows if not row["error"] and not is_noiseless(row["drawn"])]
    point = study.points[int(min(own, key=lambda row: float(row[figure]))["point"])]
    if isinstance(point, Point) and point.training is not None:
        trained = study.path / "trained" / point.training.key
        way = going_on("export", trained, to="weights.csv", laws=laws)
        yield f"The weights of its best chip are written by: {way}"
