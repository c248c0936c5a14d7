"""The grid of a sweep: every combination of the steps of its axes; which paths they may name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from neurosim.arguments import shown
from neurosim.blocks.block import Block
from neurosim.blocks.trees import is_number
from neurosim.errors import ProfileError
from neurosim.folders import exists, real
from neurosim.host import Experiment
from neurosim.profile import Profile
from neurosim.safe_text import counted
from neurosim.sweeps.axes import DOTTED, Cases, Random, Step, columns_of, steps
from neurosim.sweeps.plan import Sampling, Sweep

__all__ = ["find", "grid", "paths", "paths_of_cases", "wrong_paths"]

Changes = dict[str, Any]
_BARE = ("profile", "deploy", "experiment", "run", "start")
_MOST = 100_000


def paths(sweep: Sweep) -> list[str]:
    """Every path that an axis changes."""
    return [path for axis in sweep.axes for change, _ in steps(axis) for path in change]


def paths_of_cases(sweep: Sweep) -> list[str]:
    """Paths that cases change, and that have no column of their own."""
    cases = [case for axis in sweep.axes if isinstance(axis, Cases) for case in axis.cases.values()]
    own = {name for axis in sweep.axes for name in columns_of(axis)}
    return [path for path in dict.fromkeys(p for case in cases for p in case) if path not in own]


def grid(sweep: Sweep) -> Iterator[tuple[Changes, Changes]]:
    """Changes and columns of every point."""
    for taken in product(*(steps(axis) for axis in sweep.axes)):
        changes: Changes = {}
        columns: Changes = {}
        for change, column in taken:
            changes, columns = changes | change, columns | column
        for replica in range(sweep.replicas):
            yield changes, columns | ({"replica": replica} if sweep.replicas > 1 else {})


def _no_root(path: str, *, trained: bool) -> str:
    """What to say of a path that begins with nothing known."""
    fields: dict[str, type[Block]] = {
        "profile": Profile,
        "sampling": Sampling,
        "experiment": Experiment,
    }
    roots = ("profile", "deploy", "sampling") if trained else DOTTED
    first = path.partition(".")[0]
    meant = [root for root in roots if root in fields and first in fields[root].model_fields]
    if meant:
        return f"a path must begin with its root; did you mean {meant[0]}.{path}?"
    bare = [root for root in _BARE if not trained or root not in ("experiment", "start")]
    begins, alone = ", ".join(f"{root}." for root in roots), ", ".join(bare)
    return f"a path must begin with {begins}, or be one of {alone}."


def _twice(options: Sequence[Step]) -> dict[str, str]:
    """What is wrong with an axis of which two steps are one, by its first path."""
    seen = set[str]()
    for changes, columns in options:
        plain = [*changes.values(), *columns.values()]
        said = repr([float(value) if is_number(value) else value for value in plain])
        if said in seen:
            path = next(iter(changes))
            text = f"{path}: must take each step once, but takes {shown(changes[path])} twice; "
            text += "`replicas` measures each point again with other seeds"
            if path.rpartition(".")[2] == "layers":
                text += "; sizes of layers have brackets of their own: [[64, 32, 32]]"
            return {path: f"{text}."}
        seen.add(said)
    return {}


def wrong_paths(sweep: Sweep, *, trained: bool = False) -> dict[str, str]:
    """What is wrong with paths, a line for each: one of no known root, or along two axes.

    Of a chip that is `trained` none changes how it was.

    Raises
    ------
    ProfileError
        Seeds vary twice, or there are too many points.
    """
    count, seen, wrong = sweep.replicas, dict[str, int](), dict[str, str]()
    for number, axis in enumerate(sweep.axes, 1):
        options = steps(axis)
        count *= len(options)
        if not isinstance(axis, Random):
            wrong |= _twice(options)
        for path in dict.fromkeys(path for change, _ in options for path in change):
            root, _, field = path.partition(".")
            if root not in (DOTTED if field else _BARE):
                wrong[path] = f"{path}: {_no_root(path, trained=trained)}"
            elif path in seen:
                wrong[path] = (
                    f"{path}: must vary along one axis, but does along {seen[path]} and {number}."
                )
            seen[path] = number
    seeds = [path for path in seen if path.split(".")[-1] == "seed"]
    if seeds and sweep.replicas > 1:
        raise ProfileError(f"replicas: must be 1 where an axis varies {seeds[0]}; leave one out.")
    if count > _MOST:
        raise ProfileError(
            f"A sweep must have at most {counted(_MOST, 'point')}, but has {count:,}."
        )
    return wrong


def find(folder: Path, name: str) -> Path:
    """A file or folder by its name, beside the sweep or here."""
    beside = folder / name
    return real(beside if exists(beside) else Path(name))
