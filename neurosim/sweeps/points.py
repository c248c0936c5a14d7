"""The points of a sweep: what each one trains, programs and samples.

A dotted path says what an axis changes:

=================== ==========================================================================
profile, experiment the profile by name or path, the recipe by path
run, start          the run folder that is sampled, or that training begins with
profile.X           field X of the profile that is trained and sampled; of a given run, of the
                    chip that its weights are programmed into
deploy, deploy.X    the profile, or a field of it, of the chip that the trained weights are
                    programmed into
experiment.X        field X of the training recipe
sampling.X          how samples are drawn
=================== ==========================================================================

In place of a field of a profile, X may be one of `neurosim.sweeps.changes`, such as
``release_ratio`` or ``weight_bits``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.blocks.block import Block
from neurosim.blocks.files import load_block
from neurosim.blocks.words import as_written
from neurosim.errors import ProfileError
from neurosim.host import Experiment, SamplingSettings
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run
from neurosim.safe_text import one_line
from neurosim.sweeps.changes import changed
from neurosim.sweeps.grid import check_paths, find, grid, paths
from neurosim.sweeps.plan import Sampling, Sweep

__all__ = ["Listed", "Point", "Training", "digest", "expand"]

Changes = dict[str, Any]


@dataclass(frozen=True)
class Training:
    """A chip to be trained once for all points that share it.

    Attributes
    ----------
    key : str
        Digest of both blocks.
    profile : Profile
    experiment : Experiment
        Its way of sampling is the default: no part of training.
    start : Path or None
        A run whose weights it begins with.
    """

    key: str
    profile: Profile
    experiment: Experiment
    start: Path | None


@dataclass(frozen=True)
class Listed:
    """Which row of the table a point is.

    Attributes
    ----------
    index : int
        From 0, the last axis fastest.
    key : str
        Digest of all that the result depends on.
    settings : dict
        What the table says of it, by column.
    """

    index: int
    key: str
    settings: Changes


@dataclass(frozen=True)
class Point(Listed):
    """What one row of the table takes.

    Attributes
    ----------
    named : tuple of Profile
        The profiles that changes start from: of the chip that is trained, and of the one that is
        programmed where that is another.
    training : Training or None
    run : Path or None
        A run that is trained, where there is no training.
    deploy : Profile or None
        Of the chip that the trained weights are programmed into; None samples the chip as
        training left it.
    sampling : Sampling
        Complete but for `die`.
    """

    named: tuple[Profile, ...]
    training: Training | None
    run: Path | None
    deploy: Profile | None
    sampling: Sampling


def digest(tree: Any) -> str:
    """Name of a set of plain values."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def expand(sweep: Sweep, folder: Path = Path(), laws: Sequence[type[Block]] = ()) -> list[Point]:
    """All points, in order.

    Parameters
    ----------
    sweep : Sweep
    folder : Path
        Where names of files in the sweep are looked up first; then here.
    laws : sequence of type
        Blocks of one's own that profiles, recipes and runs may name.

    Raises
    ------
    ProfileError
        A line for each mistake: a path that does not exist, a value that is not valid.
    RunError
        A run is not there.
    """
    check_paths(sweep)
    maker, points = _Maker(sweep, folder, laws), []
    mistakes: dict[str, None] = {}
    for index, (changes, columns) in enumerate(grid(sweep)):
        try:
            points.append(maker.point(index, changes, columns))
        except ProfileError as error:
            # One mistake shows at every point that shares it.
            mistakes |= dict.fromkeys(str(error).splitlines())
    if mistakes:
        raise ProfileError("\n".join(mistakes))
    return points


def _part(changes: Mapping[str, Any], root: str) -> Changes:
    """Changes below one root, without it."""
    return {path[len(root) + 1 :]: v for path, v in changes.items() if path.startswith(f"{root}.")}


class _Maker:
    """Makes points; profiles, recipes and runs are read once."""

    def __init__(self, sweep: Sweep, folder: Path, laws: Sequence[type[Block]]) -> None:
        self._sweep, self._folder, self._laws = sweep, folder, laws
        varied = paths(sweep)
        given = self._is_run(dict.fromkeys(varied))
        roots = ("deploy", "profile") if given else ("deploy",)
        # Along a sweep all chips are programmed, or none: a write's noise is no step of an axis.
        self._deploys = sweep.sampling.die is not None or any(
            path.split(".")[0] in roots or path == "sampling.die" for path in varied
        )
        self._ages = "sampling.age_s" in varied or sweep.sampling.age_s > 0
        self._deploys |= self._ages
        self._read: dict[tuple[str, str], Any] = {}

    def _is_run(self, changes: Mapping[str, Any]) -> bool:
        return "run" in changes or self._sweep.base.run is not None

    def point(self, index: int, changes: Changes, columns: Changes) -> Point:
        """One point of the grid."""
        replica = int(columns.get("replica", 0))
        training = run = None
        if self._is_run(changes):
            run, profile, experiment, origin = self._trained(changes)
        else:
            training = self._training(changes, replica)
            profile, origin = training.profile, training.key
            experiment = self._experiment(changes)
        sampling = self._sampling(changes, experiment, replica)
        deploy = self._deployed(changes, profile, given=run is not None)
        used = None if deploy is None else as_written(deploy)
        key = digest([origin, used, as_written(sampling)])
        given = profile if run is None else deploy or profile
        blocks = {"profile": given, "deploy": deploy or profile}
        shown = _shown(columns, blocks | {"experiment": experiment, "sampling": sampling})
        named = self._origins(changes, profile if run is not None else self._named(changes))
        return Point(index, key, shown, named, training, run, deploy, sampling)

    def _origins(self, changes: Changes, first: Profile) -> tuple[Profile, ...]:
        """Profiles that the chips of a point begin as."""
        roots = ("profile", "deploy") if self._is_run(changes) else ("deploy",)
        return first, *(self._profile(str(changes[root])) for root in roots if root in changes)

    def _trained(self, changes: Changes) -> tuple[Path, Profile, Experiment, str]:
        lost = [path for path in changes if path.split(".")[0] in {"experiment", "start"}]
        if lost:
            raise ProfileError(
                f"{lost[0]}: a run that is given is trained already; give a profile instead of "
                "the run, and perhaps the run as start."
            )
        name = str(changes.get("run", self._sweep.base.run))
        path = find(self._folder, name)
        run = self._once("run", name, lambda: Run.open(path, self._laws))
        return path, run.profile, run.experiment, self._origin(path)

    def _origin(self, path: Path) -> str:
        """Digest of a trained run: its settings and what its devices hold."""
        checkpoint = Run.open(path, self._laws).checkpoint

        def read() -> str:
            try:
                return hashlib.sha256(checkpoint.read_bytes()).hexdigest()
            except OSError as error:
                text = f"must be trained, but its checkpoint cannot be read ({error.strerror})"
                raise ProfileError(f"run: {path} {text}.") from None

        found: str = self._once("origin", str(path), read)
        return found

    def _training(self, changes: Changes, replica: int) -> Training:
        profile = changed(self._named(changes), _part(changes, "profile"), "profile")
        experiment = self._experiment(changes)
        plain = {"sampling": SamplingSettings(), "seed": experiment.seed + replica}
        experiment = experiment.model_copy(update=plain)
        start = changes.get("start", self._sweep.base.start)
        path = None if start is None else find(self._folder, str(start))
        trees = [as_written(profile), as_written(experiment)]
        key = digest([*trees, None if path is None else self._origin(path)])
        return Training(key, profile, experiment, path)

    def _named(self, changes: Changes) -> Profile:
        name = changes.get("profile", self._sweep.base.profile)
        if name is None:
            raise ProfileError("base: must have a profile or a run, but has neither.")
        return self._profile(str(name))

    def _experiment(self, changes: Changes) -> Experiment:
        recipe = changes.get("experiment", self._sweep.base.experiment)
        if isinstance(recipe, str):
            path = find(self._folder, recipe)
            recipe = self._once(
                "experiment", recipe, lambda: load_block(path, Experiment, laws=self._laws)
            )
        elif isinstance(recipe, Mapping):
            raise ProfileError("experiment: must be a file; vary its fields as experiment.X.")
        return changed(recipe or Experiment(), _part(changes, "experiment"), "experiment")

    def _sampling(self, changes: Changes, experiment: Experiment, replica: int) -> Sampling:
        found = changed(self._sweep.sampling, _part(changes, "sampling"), "sampling")
        usual = experiment.sampling.model_dump() | {"settle_tau": experiment.flow.settle_tau}
        absent = {name: usual[name] for name in usual if getattr(found, name) is None}
        return found.model_copy(update=absent | {"seed": found.seed + replica})

    def _deployed(self, changes: Changes, profile: Profile, *, given: bool) -> Profile | None:
        if not self._deploys:
            return None
        if given:
            if "profile" in changes:
                profile = self._profile(str(changes["profile"]))
            profile = changed(profile, _part(changes, "profile"), "profile")
        if "deploy" in changes:
            profile = self._profile(str(changes["deploy"]))
        profile = changed(profile, _part(changes, "deploy"), "deploy")
        return changed(profile, {"host.refresh_s": None} if self._ages else {}, "deploy")

    def _profile(self, name: str) -> Profile:
        named = Path(name).suffix.lower() in {".yaml", ".yml"}
        path = find(self._folder, name) if named else name
        found: Profile = self._once("profile", name, lambda: load_profile(path, laws=self._laws))
        return found

    def _once(self, kind: str, name: str, read: Callable[[], Any]) -> Any:
        if (kind, name) not in self._read:
            self._read[kind, name] = read()
        return self._read[kind, name]


def _shown(columns: Changes, blocks: Mapping[str, Block]) -> Changes:
    """Columns with quantities in SI units, whatever was written."""
    trees = {root: as_written(block) for root, block in blocks.items()}
    out: Changes = {}
    for column, value in columns.items():
        root, *fields = column.split(".")
        found: Any = trees.get(root)
        for field in fields:
            found = found.get(field) if isinstance(found, dict) else None
        plain = fields and isinstance(found, int | float | str)
        out[column] = found if plain else value
        if isinstance(out[column], dict | list | tuple):
            out[column] = json.dumps(out[column])
        if isinstance(out[column], str):
            out[column] = one_line(out[column])
    return out
