"""Files that experiments keep: what was computed once, figures never replaced by fewer, data."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from neurosim.outputs import write_bytes, write_text


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write an .npz whole or not at all, for other jobs may look for it at the same time."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue())


def stored(path: Path, given: object, arrays: dict[str, Any]) -> Path:
    """The .npz of arrays that come from the data `given`, written where there is none.

    Raises
    ------
    SystemExit
        It is there, and holds other arrays: trainings read it, so it stays.
    """
    if not path.exists():
        save_arrays(path, **arrays)
        return path
    with np.load(path) as there:
        same = there.keys() == arrays.keys()
        same = same and all(np.array_equal(there[name], arrays[name]) for name in arrays)
    if not same:
        raise SystemExit(
            f"{path} must hold the images of {given}, but holds others, which trainings beside it "
            "read; give the same data again, or another --out."
        )
    return path


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What the JSON file holds; made first where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with threadpool_limits(1, "blas"):
            made = make()
        write_text(path, json.dumps(made) + "\n")
    return json.loads(path.read_text())


class LostError(SystemExit):
    """Results that are there and would be overwritten by fewer."""


def write_results(path: Path, results: Any) -> None:
    """Write figures as JSON, unless the file has some that they lack.

    Raises
    ------
    LostError
        It has; the file stays as it is.
    """
    results = json.loads(json.dumps(results))  # A seed that is a key is text in the file.
    lost = list(_lost(json.loads(path.read_text("utf-8")), results)) if path.exists() else []
    if lost:
        raise LostError(
            f"{path} must keep what it has, but {len(lost)} of its results are not in what has "
            f"been trained, such as {lost[0]!r}; train them too, or move the file away."
        )
    write_text(path, json.dumps(results, indent=1) + "\n")


def _lost(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """Names that are gone, lists that have become shorter, and figures that are none any more."""
    if isinstance(before, dict):
        for key, value in before.items():
            place = f"{path}/{key}" if path else str(key)
            if isinstance(now, dict) and key in now:
                yield from _lost(value, now[key], place)
            else:
                yield place
    elif isinstance(before, list):
        if not isinstance(now, list) or len(now) < len(before):
            yield path or "a row"
        else:
            for old, new in zip(before, now, strict=False):
                yield from _lost(old, new, path)
    elif before is not None and now is None:
        yield path


def merged(path: Path, results: dict[str, Any]) -> dict[str, Any]:
    """Results with what else the file of an earlier run has of them; what is new counts."""
    if not path.exists():
        return results
    return _over(json.loads(path.read_text("utf-8")), results)


def _over(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {key for key in old.keys() & new.keys() if isinstance(new[key], dict)}
    return old | new | {key: _over(old[key], new[key]) for key in both}
