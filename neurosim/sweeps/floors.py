"""What needs no chip, beside the figures of a sweep.

Beside samples that is one half of the real images against the other, the distance that as many
other real images would have, and one Gaussian fitted to them; beside answers the rivals of their
task, such as back-propagation and a linear model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.blocks.records import Number, Record, dump_record, read_record
from neurosim.blocks.words import as_written
from neurosim.folders import exists
from neurosim.outputs import write_text
from neurosim.runs import Trained
from neurosim.runs.examining import rivals_of
from neurosim.runs.judging import compared, floors_of
from neurosim.sweeps.folder import SweepFolder
from neurosim.sweeps.learned import Learner, learners_of
from neurosim.sweeps.plan import Figure, is_judged_alike
from neurosim.sweeps.points import Point
from neurosim.sweeps.shared import digest

__all__ = [
    "FRESH",
    "GAUSSIAN",
    "REAL",
    "Floors",
    "bias_of",
    "find_floors",
    "floors",
    "keep_floors",
]

# Figures of what needs no chip, by its name.
Floors = dict[str, dict[str, float]]
REAL, FRESH, GAUSSIAN = "half of the real", "fresh real images", "one Gaussian"
_FILE = "floors.json"
_ADVICE = "delete it; `neurosim sweep FILE --resume` finds it again"


class _Kept(Record):
    """What floors.json says; version 0.1 has `real` and `gaussian` in place of `rows`."""

    of: str = ""
    rows: dict[str, dict[str, Number]] = Field(default={})
    real: dict[str, Number] = Field(default={})
    gaussian: dict[str, Number] = Field(default={})


def floors(folder: SweepFolder) -> Floors:
    """Figures by the name of what has them, as they were kept; empty where none were.

    Raises
    ------
    RunError
        The file is damaged.
    """
    path = folder.path / _FILE
    if not exists(path):
        return {}
    kept = read_record(path, _Kept, _ADVICE)
    older = {REAL: kept.real, GAUSSIAN: kept.gaussian}
    return kept.rows or {name: row for name, row in older.items() if row}


def bias_of(kept: Mapping[str, Mapping[str, float]], figure: str) -> float:
    """What other real images, as many, would have by a figure; 0 where that is not known."""
    return kept.get(FRESH, {}).get(figure, 0.0)


def keep_floors(folder: SweepFolder) -> None:
    """Find them, unless those are kept that belong to these points.

    Not where points learn different things, nor of a folder that is only opened: what was learned
    need not be at hand any more.
    """
    points = [point for point in folder.points if isinstance(point, Point)]
    if len(points) < len(folder.points):
        return
    path, n = folder.path / _FILE, folder.sweep.sampling.n
    of = _digest(learners_of(points, folder.laws), n)
    if exists(path) and read_record(path, _Kept, _ADVICE).of == of:
        return
    write_text(path, dump_record({"of": of, "rows": find_floors(points, n, folder.laws)}))


def find_floors(
    points: Sequence[Point],
    n: int,
    laws: Sequence[type[Block]] = (),
    given: Trained | None = None,
) -> Floors:
    """All figures by the name of what has them, beside `n` samples; of answers see `rivals_of`.

    None where points learn different things; of rivals not those that differ with the layers.
    """
    learners = learners_of(points, laws, given)
    if not learners or not all(is_judged_alike(learners[0].recipe, x.recipe) for x in learners):
        return {}
    recipe = learners[0].recipe
    if recipe.task.has_paths:
        kept = floors_of(compared(recipe.images()), n, 0)
        rows, fresh = kept["baselines"], kept["fresh_frechet"]
        found = {REAL: rows["real"]}
        found |= {} if fresh is None else {FRESH: {"frechet_feature": fresh}}
        found |= {GAUSSIAN: rows["gaussian"]}
    else:
        found = _rivals(learners)
    shown = get_args(Figure)
    return {
        name: {figure: row[figure] for figure in shown if figure in row}
        for name, row in found.items()
    }


def _rivals(learners: Sequence[Learner]) -> Floors:
    """Those of the first chip that one of other layers has too."""
    recipe = learners[0].recipe
    data, layers = recipe.images(), list(dict.fromkeys(one.profile.layers for one in learners))
    found = rivals_of(data, recipe, layers[0])
    other = found if len(layers) == 1 else rivals_of(data, recipe, layers[-1])
    return {name: row for name, row in found.items() if other.get(name) == row}


def _digest(learners: Sequence[Learner], n: int) -> str:
    """Of what floors depend on."""
    names = ("task", "dataset", "scale", "seed")
    written = [as_written(one.recipe) for one in learners]
    chips = [list(one.profile.layers) for one in learners]
    return digest([FRESH, n, chips, [[recipe.get(name) for name in names] for recipe in written]])
