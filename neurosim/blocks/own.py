"""Blocks of a Python file that the user names, for files and run folders that say their words."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from neurosim.blocks.block import Block
from neurosim.errors import ProfileError

__all__ = ["blocks_in", "files_of"]

# Of the names under which such files are known to Python, so that another process can find them.
_PREFIX = "neurosim_own_"


def blocks_in(file: Path) -> tuple[type[Block], ...]:
    """The blocks that a Python file defines; it is run once a process.

    Raises
    ------
    ProfileError
        It cannot be run, or defines none.
    """
    path = file.resolve()
    name = _PREFIX + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    if name not in sys.modules:
        _run(file, path, name)
    found = [
        value
        for value in vars(sys.modules[name]).values()
        if isinstance(value, type) and issubclass(value, Block) and value.__module__ == name
    ]
    if not found:
        raise ProfileError(
            f"{file} must define blocks, such as a node law or a task, but defines none; see "
            "EXTENDING.md."
        )
    return tuple(found)


def _run(file: Path, path: Path, name: str) -> None:
    spec = spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise ProfileError(f"{file} must be a Python file, NAME.py, but is none; correct the path.")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # Whatever the user's own code says is told in one line.
        del sys.modules[name]
        text = " ".join(str(error).split())
        raise ProfileError(
            f"{file} must be a Python file that runs, but stops with {type(error).__name__} "
            f"({text}); mend it."
        ) from None


def files_of(classes: Iterable[type[Block]]) -> tuple[Path, ...]:
    """Files from which `blocks_in` has read these classes; others are Python's to find."""
    names = {cls.__module__ for cls in classes if cls.__module__.startswith(_PREFIX)}
    return tuple(Path(str(sys.modules[name].__file__)) for name in sorted(names))
