"""What a sweep keeps in JSON files, and its plan in several files that belong together.

sweep.json is written last and holds a digest of each of the others, so that a sweep that was
killed while its plan was changed is not taken for one or the other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from neurosim.blocks.names import within
from neurosim.blocks.records import Number, Record, dump_record, read_record
from neurosim.errors import RunError
from neurosim.folders import LOCK, clear_temporary, is_free, locked, made_whole
from neurosim.outputs import write_text
from neurosim.runs.facts import versions
from neurosim.safe_text import quoted
from neurosim.sweeps.points import Listed

__all__ = [
    "ANSWER",
    "PICTURE",
    "Facts",
    "Plan",
    "Result",
    "keep_plan",
    "read_facts",
    "read_result",
]

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
PlanFile = Annotated[str, Field(pattern=r"^(sweep|profiles/[^/\\\x00]+)\.yaml$")]
Setting = str | bool | Number | None
# What a study of settling found, in words and as a picture.
ANSWER, PICTURE = "settling.txt", "settling.png"
_FOLDERS = ("points", "trained", "profiles")
# Of every sample; others are of some chips only.
_ALWAYS = ("sample_tau", "sample_time_s", "sample_energy_J")


_Listed = tuple[int, Key, dict[str, Setting], dict[str, Setting]]


def _with_last(point: Any) -> Any:
    """A point of version 0.1.0 as one of today."""
    if not isinstance(point, list):
        return point
    return tuple(point) if len(point) != 3 else (*point, {})


class Facts(Record):
    """What sweep.json says.

    Parameters
    ----------
    command : str
        How to repeat the sweep.
    versions : dict from str to str
        See `neurosim.runs.facts.versions`.
    points : list of (int, str, dict, dict)
        Index, key and settings of each, and what is inside its cases; folders of version 0.1.0 have
        no last one.
    files : dict from str to str
        Digests of sweep.yaml and of the profiles by name; none in folders of version 0.1.0.
    """

    command: str = ""
    versions: dict[str, str] = Field(default={})
    points: list[Annotated[_Listed, BeforeValidator(_with_last)]]
    files: dict[PlanFile, str] = Field(default={})

    @field_validator("points")
    @classmethod
    def _one_table(
        cls, points: list[tuple[int, str, dict[str, Any], dict[str, Any]]]
    ) -> list[tuple[int, str, dict[str, Any], dict[str, Any]]]:
        for k, (index, _, *columns) in enumerate(points):
            if index != k or [c.keys() for c in columns] != [c.keys() for c in points[0][2:]]:
                raise ValueError(f"must be rows of one table in order, but row {k} is not")
        return points


class Result(Record):
    """What the file of a point says.

    Parameters
    ----------
    key : str
        Of the point, as in the file's name.
    figures : dict from str to number
        Figures and costs; none where there is an error.
    error : str
        Why there are none.
    host : dict
        Where and how long it was computed.
    """

    key: Key
    figures: dict[str, Number]
    error: str
    host: dict[str, Number | str] = Field(default={})

    @model_validator(mode="after")
    def _complete(self) -> Result:
        lost = [name for name in _ALWAYS if name not in self.figures]
        if lost and not self.error:
            raise ValueError(f"figures must have {lost[0]}, but do not")
        return self


@dataclass(frozen=True)
class Plan:
    """What a sweep's folder says of it.

    Attributes
    ----------
    path : Path
        The folder.
    files : mapping from str to str
        Texts of sweep.yaml and of the profiles by name.
    command : str
    points : sequence of Listed
    """

    path: Path
    files: Mapping[str, str]
    command: str
    points: Sequence[Listed]

    def write(self, folder: Path) -> None:
        """All files, sweep.json last; what is equal stays."""
        for name in _FOLDERS:
            (folder / name).mkdir(exist_ok=True)
        for name, text in self.files.items():
            path = folder / name
            if not path.is_file() or path.read_bytes() != text.encode():
                write_text(path, text)
        listed = [[p.index, p.key, p.settings, p.inside] for p in self.points]
        facts = {"command": self.command, "versions": versions(), "points": listed}
        digests = {name: _digest(text.encode()) for name, text in self.files.items()}
        write_text(folder / "sweep.json", dump_record(facts | {"files": digests}))


def keep_plan(plan: Plan, *, resume: bool, shared: bool) -> None:
    """Make the folder of a sweep, or take up the one that is there with this plan from now on.

    Raises
    ------
    RunError
        Something else is there, or a sweep that is neither resumed nor, where it is shared, the
        same.
    """
    path = plan.path
    if is_free(path):
        try:
            with made_whole(path, f"{path} must be a new folder, but is not.") as folder:
                plan.write(folder)
            return
        except RunError:
            # Another job of an array may have made it in the meantime.
            if is_free(path):
                raise
    try:
        _refuse_strangers(path)
        with locked(path / LOCK):
            _take_up(plan, resume=resume, shared=shared)
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(
            f"{path} must be a folder that can be written, but is not ({error.strerror})."
        ) from None


def _take_up(plan: Plan, *, resume: bool, shared: bool) -> None:
    """Change a folder whose lock is held."""
    path, kept = plan.path, plan.path / "sweep.yaml"
    begun = os.path.lexists(kept)
    if begun and not resume:
        same = shared and kept.read_bytes() == plan.files["sweep.yaml"].encode()
        if not same:
            raise RunError(
                f"{path} must be a new folder, but holds a sweep; go on with --resume, or give "
                "another --out."
            )
    clear_temporary(path, ("sweep.yaml", "sweep.json", "results.csv", "timing.csv", "floors.json"))
    clear_temporary(path / "profiles", [Path(name).name for name in plan.files])
    clear_temporary(path / "points")
    # A study's answer is of the points that it had: it is given again when these are done.
    for name in (ANSWER, PICTURE):
        (path / name).unlink(missing_ok=True)
    plan.write(path)


def _refuse_strangers(path: Path) -> None:
    """A folder of something else is never touched.

    One that version 0.1.0 was making when it was killed has no sweep.yaml yet.
    """
    names = {p.name for p in path.iterdir() if p.suffix != ".tmp"}
    if names - {*_FOLDERS, LOCK} and not os.path.lexists(path / "sweep.yaml"):
        raise RunError(f"{path} must be a new folder, but holds other things; give another --out.")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_facts(folder: Path) -> Facts:
    """What sweep.json says of the files beside it.

    Raises
    ------
    RunError
        It is damaged, or the others are not those that it was written for.
    """
    advice = f"give `neurosim sweep FILE --out {quoted(folder)} --resume` again"
    facts = read_record(folder / "sweep.json", Facts, advice)
    for name, digest in facts.files.items():
        try:
            same = _digest((folder / name).read_bytes()) == digest
        except OSError:
            same = False
        if not same:
            raise RunError(
                f"{folder / name} must be what sweep.json was written for, but is not: the sweep "
                f"was stopped while its plan was changed, or the file was edited; {advice}."
            )
    return facts


def read_result(folder: Path, key: str) -> dict[str, Any] | None:
    """What was written of a point, if anything.

    Raises
    ------
    RunError
        Its file is damaged.
    """
    path = within(folder / "points", f"{key}.json")
    try:
        path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{path} must be readable, but is not ({error.strerror}).") from None
    result = read_record(path, Result, "delete it, and go on with --resume").model_dump()
    if result["key"] != key:
        raise RunError(
            f"{path} must be the result of point {key}, but is that of {result['key']}; delete it, "
            "and go on with --resume."
        )
    return result
