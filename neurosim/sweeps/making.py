"""From the grid of a sweep to its points: what each path of an axis changes.

A dotted path says what an axis changes:

=================== ==========================================================================
profile, experiment the profile by name or path, the recipe by path
run, start          the run folder that is sampled, or that training begins with; or a file of
                    plain arrays W0, b0, ... to begin with
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from neurosim.blocks.block import Block
from neurosim.blocks.files import load_block
from neurosim.errors import ProfileError
from neurosim.host import Experiment, SamplingSettings
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run, Trained
from neurosim.sweeps.changes import changed, part, shown
from neurosim.sweeps.fitting import Made, check_deployed, check_fits
from neurosim.sweeps.grid import find, grid, paths, paths_of_cases, wrong_paths
from neurosim.sweeps.plan import Sampling, Sweep, is_judged_alike, not_measured
from neurosim.sweeps.points import Point, Training
from neurosim.sweeps.shared import Memory, digest_of_json

__all__ = ["expand"]

_ROOTS = ("profile", "experiment", "sampling", "deploy")
B = TypeVar("B", bound=Block)
Changes = dict[str, Any]


def expand(
    sweep: Sweep,
    folder: Path = Path(),
    laws: Sequence[type[Block]] = (),
    given: Trained | None = None,
) -> list[Point]:
    """All points, in order.

    Parameters
    ----------
    sweep : Sweep
    folder : Path
        Where names of files in the sweep are looked up first; then here.
    laws : sequence of type
        Blocks of one's own that profiles, recipes and runs may name.
    given : Trained, optional
        What all points sample that name no run; they need no base then.

    Raises
    ------
    ProfileError
        A line for each mistake: a path that does not exist, a value that is not valid.
    RunError
        A run is not there.
    DataError
        No point can learn its task.
    """
    wrong = wrong_paths(sweep, trained=given is not None)
    maker, points = _Maker(sweep, folder, laws, given), []
    mistakes: dict[str, None] = dict.fromkeys(wrong.values())
    for index, (every, columns) in enumerate(grid(sweep)):
        changes = {path: value for path, value in every.items() if path not in wrong}
        try:
            points.append(maker.point(index, changes, columns))
        except ProfileError as error:
            # One mistake shows at every point that shares it.
            lines = [*str(error).splitlines(), *maker.mistakes(changes)]
            mistakes |= dict.fromkeys(lines)
    mistakes |= dict.fromkeys(not_measured(sweep.measure, maker.recipes))
    if mistakes:
        raise ProfileError("\n".join(mistakes))
    check_fits(maker.made)
    return points


class _Maker:
    """Makes points; profiles, recipes and runs are read once."""

    def __init__(
        self, sweep: Sweep, folder: Path, laws: Sequence[type[Block]], given: Trained | None
    ) -> None:
        self._sweep, self._folder, self._laws, self._given = sweep, folder, laws, given
        varied = paths(sweep)
        self._inside = paths_of_cases(sweep)
        is_run = self._is_run(dict.fromkeys(varied))
        roots = ("deploy", "profile") if is_run else ("deploy",)
        # Along a sweep all chips are programmed, or none: a write's noise is no step of an axis.
        self._deploys = sweep.sampling.die is not None or any(
            path.split(".")[0] in roots or path == "sampling.die" for path in varied
        )
        self._ages = "sampling.age_s" in varied or sweep.sampling.age_s > 0
        self._deploys |= self._ages
        self._memory, self._default = Memory(), Experiment()
        self._looked: set[str] = set()
        self.recipes: list[Experiment] = []
        self.made: list[Made] = []

    def _is_run(self, changes: Mapping[str, Any]) -> bool:
        bases = self._sweep.base.run, self._given
        return "run" in changes or any(base is not None for base in bases)

    def point(self, index: int, changes: Changes, columns: Changes) -> Point:
        """One point of the grid."""
        replica = int(columns.get("replica", 0))
        training = run = None
        is_run = self._is_run(changes)
        if is_run:
            run, profile, experiment, origin = self._trained(changes)
        else:
            begun, experiment = self._named(changes), self._experiment(changes)
            training = self._training(changes, begun, experiment, replica)
            profile, origin = training.profile, training.key
        if not any(is_judged_alike(experiment, known) for known in self.recipes):
            self.recipes.append(experiment)
        sampling = self._sampling(changes, experiment, replica)
        deploy = self._deployed(changes, profile, given=is_run)
        if deploy is not None:
            check_deployed(deploy, profile, experiment, changes)
        chips = (None if is_run else profile, deploy)
        there = [chip for chip in chips if chip is not None]
        self.made.append(Made(there, experiment, deploy or profile, sampling.mode))
        used = "null" if deploy is None else self._memory.written(deploy).text
        key = digest_of_json([json.dumps(origin), used, self._memory.written(sampling).text])
        given = deploy or profile if is_run else profile
        blocks: dict[str, Block] = {"profile": given, "deploy": deploy or profile}
        blocks |= {"experiment": experiment, "sampling": sampling}
        trees = {root: self._memory.written(block).tree for root, block in blocks.items()}
        settings = shown(columns, trees)
        inside = shown({path: changes.get(path, "") for path in self._inside}, trees)
        named = self._origins(changes, profile if is_run else begun)
        return Point(index, key, settings, inside, named, training, run, deploy, sampling)

    def mistakes(self, changes: Changes) -> list[str]:
        """A line for each mistake of a point of its profile, recipe, sampling and deployed chip.

        One in the profile must not hide one in the recipe: each is changed alone, and made alone
        where something is wrong with what all points begin with.
        """
        found, recipes = list[str](), list(self.recipes)
        for root in _ROOTS:
            others = tuple(f"{other}." for other in _ROOTS if other != root)
            alone = {p: v for p, v in changes.items() if not p.startswith(others)}
            if (key := repr((root, alone))) in self._looked:
                continue
            self._looked.add(key)
            for make in (lambda c: self.point(0, c, {}), lambda c, r=root: self._block(r, c)):
                try:
                    make(alone)
                except ProfileError as error:
                    found += [line for line in str(error).splitlines() if line.startswith(root)]
        self.recipes = recipes
        return found

    def _block(self, root: str, changes: Changes) -> None:
        """Make one block of a point, whatever the others are."""
        if root == "sampling":
            self._changed(self._sweep.sampling, part(changes, root), root)
        elif root == "experiment" and not self._is_run(changes):
            self._experiment(changes)
        elif root == "profile" and not self._is_run(changes):
            self._changed(self._named(changes), part(changes, root), root)

    def _origins(self, changes: Changes, first: Profile) -> tuple[Profile, ...]:
        """Profiles that the chips of a point begin as."""
        roots = ("profile", "deploy") if self._is_run(changes) else ("deploy",)
        return first, *(self._profile(str(changes[root])) for root in roots if root in changes)

    def _trained(self, changes: Changes) -> tuple[Path | None, Profile, Experiment, str]:
        lost = [path for path in changes if path.split(".")[0] in {"experiment", "start"}]
        if lost:
            raise ProfileError(
                f"{lost[0]}: a run that is given is trained already; give a profile instead of "
                "the run, and perhaps the run as start."
            )
        if self._given is not None and "run" not in changes:
            kept = self._given.run
            origin = "given" if kept is None else self._origin(kept.path)
            return None, self._given.profile, self._given.experiment, origin
        name = str(changes.get("run", self._sweep.base.run))
        path = find(self._folder, name)
        run = self._memory.once(("run", name), lambda: Run.open(path, self._laws))
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

        return self._memory.once(("origin", str(path)), read)

    def _begun(self, path: Path) -> str:
        """Digest of what training begins with: a run, or a file of plain arrays."""
        if not path.is_file():
            return self._origin(path)
        return self._memory.once(
            ("file", str(path)), lambda: hashlib.sha256(path.read_bytes()).hexdigest()
        )

    def _training(
        self, changes: Changes, named: Profile, recipe: Experiment, replica: int
    ) -> Training:
        profile = self._changed(named, part(changes, "profile"), "profile")
        start = changes.get("start", self._sweep.base.start)

        def make() -> Training:
            plain = {"sampling": SamplingSettings(), "seed": recipe.seed + replica}
            experiment = recipe.model_copy(update=plain)
            path = None if start is None else find(self._folder, str(start))
            texts = [self._memory.written(block).text for block in (profile, experiment)]
            texts.append(json.dumps(None if path is None else self._begun(path)))
            return Training(digest_of_json(texts), profile, experiment, path)

        # Both blocks are kept as what `changed` made, so that no other takes their identity.
        return self._memory.once(("training", id(profile), id(recipe), str(start), replica), make)

    def _named(self, changes: Changes) -> Profile:
        name = changes.get("profile", self._sweep.base.profile)
        if name is None:
            raise ProfileError("base: must have a profile or a run, but has neither.")
        return self._profile(str(name))

    def _experiment(self, changes: Changes) -> Experiment:
        recipe = changes.get("experiment", self._sweep.base.experiment)
        if isinstance(recipe, str):
            path = find(self._folder, recipe)
            recipe = self._memory.once(
                ("experiment", recipe), lambda: load_block(path, Experiment, laws=self._laws)
            )
        elif isinstance(recipe, Mapping):
            raise ProfileError("experiment: must be a file; vary its fields as experiment.X.")
        block = recipe or self._default
        return self._changed(block, part(changes, "experiment"), "experiment")

    def _sampling(self, changes: Changes, experiment: Experiment, replica: int) -> Sampling:
        found = self._changed(self._sweep.sampling, part(changes, "sampling"), "sampling")

        def make() -> Sampling:
            usual = experiment.sampling.model_dump() | {"settle_tau": experiment.flow.settle_tau}
            absent = {name: usual[name] for name in usual if getattr(found, name) is None}
            return found.model_copy(update=absent | {"seed": found.seed + replica})

        return self._memory.once(("sampling", id(found), id(experiment), replica), make)

    def _deployed(self, changes: Changes, profile: Profile, *, given: bool) -> Profile | None:
        if not self._deploys:
            return None
        if given:
            if "profile" in changes:
                profile = self._profile(str(changes["profile"]))
            profile = self._changed(profile, part(changes, "profile"), "profile")
        if "deploy" in changes:
            profile = self._profile(str(changes["deploy"]))
        profile = self._changed(profile, part(changes, "deploy"), "deploy")
        return self._changed(profile, {"host.refresh_s": None} if self._ages else {}, "deploy")

    def _profile(self, name: str) -> Profile:
        def read() -> Profile:
            is_file = Path(name).suffix.lower() in {".yaml", ".yml"}
            path = find(self._folder, name) if is_file else name
            return load_profile(path, laws=self._laws)

        return self._memory.once(("profile", name), read)

    def _changed(self, block: B, changes: Changes, root: str) -> B:
        """As `changed`, and the same object for the same changes of the same block."""
        if not changes:
            return block
        return self._memory.of(block, root, changes, lambda: changed(block, changes, root))
