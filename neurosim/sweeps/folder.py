"""A sweep in its folder: what is left is done, and the table grows as points end.

.. code-block:: text

    sweep.yaml          the file as used
    sweep.json          command, versions, the points with their keys, digests of the plan
    profiles/           the profiles that changes start from
    results.csv         one row a point, in order: settings, figures, costs, error
    timing.csv          where and how long each point was computed
    points/ trained/    see `neurosim.sweeps.work`
    floors.json         what stands beside the points and needs no chip
    report.html         figures and table as one page
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, load_block
from neurosim.blocks.names import within
from neurosim.blocks.words import as_written
from neurosim.errors import RunError
from neurosim.folders import LOCK, exists, locked, real
from neurosim.outputs import write_text
from neurosim.profile import Profile
from neurosim.sweeps.fitting import left_behind
from neurosim.sweeps.learned import learners_of
from neurosim.sweeps.making import expand
from neurosim.sweeps.plan import COSTS, Sweep, usual_of
from neurosim.sweeps.points import Listed, Point
from neurosim.sweeps.ranking import Group, groups, is_seed, without_effect
from neurosim.sweeps.shared import digest
from neurosim.sweeps.stored import Facts, Plan, keep_plan, read_facts, read_result
from neurosim.sweeps.table import Row, as_csv, row_of
from neurosim.sweeps.work import Task
from neurosim.sweeps.workers import Workers, finished

__all__ = ["Progress", "SweepFolder", "run_sweep"]

# Points done, their total, and the rows so far.
Progress = Callable[[int, int, Sequence[Row]], None]


@dataclass
class SweepFolder:
    """A sweep and the folder of its results.

    Attributes
    ----------
    path : Path
    sweep : Sweep
    points : list of Listed
        In the order of the table; with what they take where the sweep was created.
    laws : sequence of type
        Blocks of one's own that profiles, recipes and runs name.
    """

    path: Path
    sweep: Sweep
    points: Sequence[Listed]
    laws: Sequence[type[Block]] = ()

    def __post_init__(self) -> None:
        self._known: dict[str, Row] = {}

    @classmethod
    def create(
        cls,
        path: Path,
        sweep: Sweep,
        base: Path = Path(),
        *,
        command: str = "",
        resume: bool = False,
        shared: bool = False,
        laws: Sequence[type[Block]] = (),
    ) -> SweepFolder:
        """A folder for `sweep`, whose files are looked up in `base` first.

        Parameters
        ----------
        resume : bool
            Whether a sweep may be there already, perhaps of fewer points.
        shared : bool
            Whether the same sweep may be there already, for other processes work on it too.
        laws : sequence of type
            Blocks of one's own that profiles, recipes and runs may name.

        Raises
        ------
        ProfileError, RunError
            The plan has mistakes; something else is in the folder.
        """
        points = expand(sweep, base, laws)
        if not sweep.measure:
            recipes = [learner.recipe for learner in learners_of(points, laws)]
            sweep = sweep.model_copy(update={"measure": usual_of(recipes)})
        files = {
            within(Path("profiles"), f"{name}.yaml").as_posix(): dump_block(profile)
            for name, profile in _named_apart(points)
        }
        files["sweep.yaml"] = dump_block(sweep)
        keep_plan(Plan(path, files, command, points), resume=resume, shared=shared)
        for text in (*left_behind(points, laws), *_alike(sweep, points, laws)):
            warnings.warn(text, stacklevel=2)
        return cls(path, sweep, points, laws)

    @classmethod
    def open(cls, path: Path, laws: Sequence[type[Block]] = ()) -> SweepFolder:
        """A sweep that was begun, to be looked at; `laws` are those that its profiles name.

        Raises
        ------
        RunError
            There is none.
        """
        if not exists(path / "sweep.yaml"):
            raise RunError(f"{path} must hold a sweep.yaml, but does not; see `neurosim sweep`.")
        listed = [Listed(*entry) for entry in read_facts(path).points]
        return cls(path, load_block(path / "sweep.yaml", Sweep), listed, laws)

    @property
    def facts(self) -> Facts:
        """What sweep.json says."""
        return read_facts(self.path)

    def profiles(self) -> list[Profile]:
        """The profiles that changes start from."""
        files = [self.path / name for name in sorted(self.facts.files) if name != "sweep.yaml"]
        files = files or sorted((self.path / "profiles").glob("*.yaml"))
        return [load_block(file, Profile, laws=self.laws) for file in files]

    def result(self, point: Listed) -> Row | None:
        """What is known of a point."""
        if point.key not in self._known:
            found = read_result(self.path, point.key)
            # A failed one may be done again meanwhile, by another process too.
            if found is None or found["error"]:
                return found
            self._known[point.key] = found
        return self._known[point.key]

    def forget(self, key: str) -> None:
        """Read a point anew when it is asked for."""
        self._known.pop(key, None)

    def share(self, shard: tuple[int, int]) -> list[Listed]:
        """Points of shard i of n: every n-th from the i-th on, counted from 1."""
        i, n = shard
        return [point for point in self.points if point.index % n == i - 1]

    def left(self, shard: tuple[int, int] = (1, 1)) -> list[Listed]:
        """Points of a shard without figures: not done, or failed."""
        found = [(point, self.result(point)) for point in self.share(shard)]
        return [point for point, result in found if result is None or result["error"]]

    def rows(self) -> list[Row]:
        """The table so far, in order."""
        out = []
        for point in self.points:
            result = self.result(point)
            if result is not None:
                out.append(row_of(point, result, self.sweep.measure))
        return out

    @property
    def columns(self) -> list[str]:
        """Columns of the table that say what a point is, those of seeds left out."""
        return [name for name in self._settings if not is_seed(name)]

    @property
    def _settings(self) -> list[str]:
        return list(dict.fromkeys(name for point in self.points for name in point.settings))

    def without_effect(self) -> list[str]:
        """Columns of settings along which none of the measured figures moves, to the last bit."""
        return without_effect(self.rows(), self._settings, self.sweep.measure)

    def groups(self) -> list[Group]:
        """Means over seeds of the table so far."""
        return groups(self.rows(), self.columns, (*self.sweep.measure, *COSTS))

    def table(self) -> str:
        """The table so far, as results.csv has it."""
        return as_csv(self.rows())

    def write_tables(self) -> None:
        """results.csv and timing.csv of all that is known, from other processes too."""
        with locked(self.path / LOCK):
            write_text(self.path / "results.csv", self.table())
            hosts = [(p.index, self.result(p)) for p in self.points]
            timing = [{"point": index} | found["host"] for index, found in hosts if found]
            write_text(self.path / "timing.csv", as_csv(timing))


def _alike(sweep: Sweep, points: Sequence[Point], laws: Sequence[type[Block]]) -> Iterator[str]:
    """Replicas that nothing tells apart: another seed is of samples, and answers have none."""
    if sweep.replicas == 1 or any(point.training for point in points):
        return
    if not any(learner.recipe.task.has_paths for learner in learners_of(points, laws)):
        yield (
            "replicas: those of a run that answers are all alike, for the same chip is asked the "
            "same; leave them out, or vary sampling.die"
        )


def _named_apart(points: Sequence[Point]) -> list[tuple[str, Profile]]:
    """Profiles that changes start from, each with a name that no other has in whatever case.

    Two may share one, as those of two runs do that changed one chip; a digest tells them apart.
    """
    found = {id(profile): profile for point in points for profile in point.named}
    out: dict[str, tuple[str, Profile]] = {}
    for profile in found.values():
        name = profile.name
        if out.get(name.lower(), (name, profile))[1] != profile:
            name += f"-{digest(as_written(profile))}"
        out[name.lower()] = name, profile
    return list(out.values())


def run_sweep(
    folder: SweepFolder,
    workers: Workers | None = None,
    *,
    shard: tuple[int, int] = (1, 1),
    progress: Progress | None = None,
    rank: Callable[[Point], int] | None = None,
    is_over: Callable[[Sequence[Point]], bool] | None = None,
) -> list[Row]:
    """Do what is left of a sweep, and keep its table up to date.

    Parameters
    ----------
    folder : SweepFolder
    workers : Workers, optional
        By default this process.
    shard : tuple of int
        (i, n): every n-th point from the i-th on, 1 to n. Shards may run at the same time.
    progress : callable, optional
        Called after each point.
    rank : callable, optional
        Points of a lower one are done first; asked anew once all of a rank are done.
    is_over : callable, optional
        Asked after each point, with those that are left; if so these stay for another time.

    Returns
    -------
    list of dict
        The table.
    """
    workers = workers or Workers()
    left = [point for point in folder.left(shard) if isinstance(point, Point)]
    if len(left) < len(folder.left(shard)):
        raise RunError(
            f"{folder.path} was opened to be looked at; go on with SweepFolder.create and resume."
        )
    total = len(folder.share(shard))
    done = total - len(left)
    todo = {point.key: point for point in left}
    while todo:
        some = _lowest(list(todo.values()), rank)
        for stage in _stages(some):
            tasks = [
                Task(point, real(folder.path), folder.laws, device=workers.device)
                for point in stage
            ]
            with closing(finished(tasks, workers)) as keys:
                for key in keys:
                    done += 1
                    todo.pop(key, None)
                    folder.forget(key)
                    folder.write_tables()
                    if progress is not None:
                        progress(done, total, folder.rows())
                    if is_over is not None and is_over(list(todo.values())):
                        return folder.rows()
        # Each is tried once, whatever became of it.
        for point in some:
            todo.pop(point.key, None)
    folder.write_tables()
    return folder.rows()


def _lowest(points: list[Point], rank: Callable[[Point], int] | None) -> list[Point]:
    if rank is None:
        return points
    ranks = [rank(point) for point in points]
    return [point for point, own in zip(points, ranks, strict=True) if own == min(ranks)]


def _stages(points: Sequence[Point]) -> list[list[Point]]:
    """First one point of each training, then the others, which find it trained."""
    first: dict[str, Point] = {}
    rest = []
    for point in points:
        if point.training is not None and point.training.key not in first:
            first[point.training.key] = point
        else:
            rest.append(point)
    # Points that need no training do not wait.
    free = [point for point in rest if point.training is None]
    return [[*first.values(), *free], [p for p in rest if p.training is not None]]
