"""A sweep over settings of a trained chip, in memory: no file is read, and none is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from neurosim.arguments import checked, must_be
from neurosim.blocks.block import Block
from neurosim.blocks.trees import plain
from neurosim.errors import DataError, ProfileError
from neurosim.runs import Source, Trained, counted_by
from neurosim.sweeps.axes import Axis
from neurosim.sweeps.floors import find_floors
from neurosim.sweeps.making import expand
from neurosim.sweeps.plan import Base, Figure, Sampling, Sweep, usual_of
from neurosim.sweeps.table import Row, Table, row_of
from neurosim.sweeps.work import outcome

__all__ = ["sweep"]

# What is measured of samples where nothing is asked for, behind what ranks them.
_FLOWS: tuple[Figure, ...] = ("coverage", "flow_loss")


@checked(
    source="give what neurosim.train returns, a run or a run's folder",
    axes='give values by path, {"sampling.t_end": [1.0, 1.2]}',
)
def sweep(
    source: Source,
    axes: Mapping[str, Sequence[Any]],
    *,
    n: int = 1000,
    seed: int = 0,
    replicas: int = 1,
    measure: Sequence[Figure] | None = None,
    floors: bool = True,
    laws: Sequence[type[Block]] = (),
    progress: Callable[[int, int], None] | bool | None = None,
) -> Table:
    """Draw from a trained chip under every combination of some settings, and judge each.

    What trains too is a sweep of a file: see `neurosim.sweeps`. The points are the same as there,
    and so are their figures.

    Parameters
    ----------
    source : Trained, Run or path
        A path is that of a run folder.
    axes : mapping from str to sequence
        Values by path. ``sampling.X`` says how samples are drawn (mode, t_end, dt, settle_tau, die,
        age_s), ``profile.X`` is a field of the chip that the weights are programmed into, and
        ``profile`` that chip by name.
    n, seed : int
        Samples of a point, at least 7, and the seed of their starting noise.
    replicas : int
        Of each point, with other seeds.
    measure : sequence of str, optional
        Figures of the table: see `neurosim.sweeps.plan.Figure`. Left out, feature Frechet of
        digits, or W2 of other images, with coverage and flow loss; or those of a task with answers.
    floors : bool
        Whether what needs no chip stands below the points: half of the real images, of digits
        what fresh ones would have, and one Gaussian; or the rivals of a task with answers.
    laws : sequence of type
        Blocks of your own that files of a run or a profile name.
    progress : callable or bool, optional
        Called after each point with how many are done, and their number; True shows a bar.

    Returns
    -------
    Table
        A point that fails is a row with its error.

    Raises
    ------
    ProfileError
        A line for each mistake of the axes.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> table = ns.sweep(trained, {"sampling.t_end": [0.1, 0.2]}, n=20, measure=["coverage"])
    >>> table
    Table(2 points over sampling.t_end)
    >>> table["sampling.t_end"], len(table["coverage"])
    ([0.1, 0.2], 2)
    """
    if not axes:
        raise DataError(
            "sweep.axes must have a path, but is empty; give values by path, "
            '{"sampling.t_end": [1.0, 1.2]}.'
        )
    if measure is not None and not tuple(measure):
        raise ProfileError("sweep.measure: must have at least 1 item, but has none")
    listed = {path: _listed(path, values) for path, values in axes.items()}
    trained = Trained.of(source, laws)
    try:
        plan = Sweep(
            name="sweep",
            base=Base(),
            sampling=Sampling(n=n, seed=seed),
            axes=tuple(Axis(path=path, values=values) for path, values in listed.items()),
            replicas=replicas,
            measure=usual_of([trained.experiment], _FLOWS) if measure is None else tuple(measure),
        )
    except ProfileError as error:
        # By the names that were given here.
        lines = [re.sub(r"^(Sampling|Sweep|Axis)\.", "sweep.", s) for s in str(error).splitlines()]
        raise ProfileError("\n".join(lines)) from None
    points, rows = expand(plan, laws=laws, given=trained), list[Row]()
    beside = find_floors(points, n, laws, trained) if floors else {}
    with threadpool_limits(1), counted_by(progress, "points") as show:
        for done, point in enumerate(points, 1):
            found = outcome(point, partial(Trained.of, point.run or trained, laws, 1))
            rows.append(row_of(point, found, plan.measure))
            if show is not None:
                show(done, len(points))
    names = dict.fromkeys(name for point in points for name in point.settings)
    return Table(rows, tuple(names), plan.measure, beside)


def _listed(path: object, values: object) -> tuple[Any, ...]:
    """The values of an axis, which may be an array."""
    must_be(path, str, "A path of sweep.axes", "give one such as sampling.t_end")
    found = plain(values)
    must_be(found, Sequence, f"The values of {path}", "give a list of them")
    if not found:
        raise DataError(f"The values of {path} must be at least one, but are none; give some.")
    return tuple(found)
