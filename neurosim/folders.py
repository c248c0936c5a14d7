"""Folders that are whole or absent, and that one process at a time works in."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from neurosim.errors import RunError
from neurosim.safe_text import one_line

__all__ = ["LOCK", "clear_temporary", "exists", "is_free", "locked", "made_whole", "real"]

LOCK = ".lock"
# A file is written in far less; one that is older was left by a process that died.
_STALE_S = 60.0


def exists(path: Path) -> bool:
    """Whether there is something at `path` that can be reached; false for any name that cannot."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def real(path: Path) -> Path:
    """`path` from the root on, without symbolic links.

    Raises
    ------
    RunError
        Its links lead in a circle, or no system has such names.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        reason = "its links lead in a circle" if isinstance(error, RuntimeError) else str(error)
        reason = getattr(error, "strerror", None) or reason
        place = one_line(str(path))
        raise RunError(f"{place} must be a place that exists, but is not ({reason}).") from None


@contextmanager
def locked(path: Path, busy: str = "") -> Iterator[None]:
    """Hold the lock file `path`; the system frees it if this process dies.

    Parameters
    ----------
    path : Path
    busy : str
        What to say at once where another process holds it; without it this one waits.

    Raises
    ------
    RunError
        The lock is held and `busy` is given, or there can be no such file.
    """
    lock = FileLock(path, timeout=0 if busy else -1)
    try:
        # Where none can be made, some versions of filelock wait for ever.
        path.touch()
        lock.acquire()
    except Timeout:
        raise RunError(busy) from None
    except (OSError, NotImplementedError) as error:  # filelock raises both, by the disk.
        reason = error.strerror if isinstance(error, OSError) else "its disk has no locks"
        raise RunError(
            f"{path} must be a file that can be locked, but is not ({reason})."
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            lock.release()


def is_free(path: Path) -> bool:
    """Whether a folder may be made at `path`: there is nothing, or an empty folder.

    Raises
    ------
    RunError
        What is there cannot be looked at.
    """
    try:
        if not path.exists():
            return True
        return path.is_dir() and all(child.name == LOCK for child in path.iterdir())
    except OSError as error:
        raise _cannot(path, error) from None


def _cannot(path: Path, error: OSError) -> RunError:
    wrong = f"{path} must be a folder that can be made, but cannot ({error.strerror})"
    return RunError(f"{wrong}; give another path.", f"{wrong}; give another --out.")


@contextmanager
def made_whole(path: Path, taken: RunError | str) -> Iterator[Path]:
    """A folder beside `path` to be filled, which then takes its name, or leaves nothing.

    What a process that died has left of the same name goes.

    Parameters
    ----------
    path : Path
        Where there is nothing, or an empty folder.
    taken : RunError or str
        What to say where there is something else.

    Raises
    ------
    RunError
        There is something at `path`, or the folder cannot be made.
    """
    in_the_way = taken if isinstance(taken, RunError) else RunError(taken)
    try:
        if not is_free(path):
            raise in_the_way
        place = real(path)
        if place == Path.cwd():
            wrong = f"{path} must be a folder that can be made, but is the one in use"
            raise RunError(
                f"{wrong}; give another path, such as a name in it.",
                f"{wrong}; give another --out, such as a name in it.",
            )
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = place.with_name(f".{place.name}{LOCK}")
        lock.touch()
        with locked(lock):
            try:
                if not is_free(place):
                    raise in_the_way
                with _filled(place) as temporary:
                    yield temporary
            finally:
                with suppress(OSError):
                    lock.unlink()
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise _cannot(path, error) from None


@contextmanager
def _filled(place: Path) -> Iterator[Path]:
    """A temporary folder that becomes `place` at the end; the caller holds the name's lock."""
    name = re.compile(rf"\.{re.escape(place.name)}\.\d+\.tmp")
    for sibling in place.parent.iterdir():
        if name.fullmatch(sibling.name) and sibling.is_dir():
            shutil.rmtree(sibling)
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        if place.is_dir():
            (place / LOCK).unlink(missing_ok=True)
            # Only POSIX lets a folder be renamed to the name of an empty one.
            place.rmdir()
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def clear_temporary(folder: Path, own: Collection[str] = ()) -> None:
    """Delete temporary files of a folder that a process which died has left.

    Parameters
    ----------
    folder : Path
    own : collection of str
        Names of files that nobody else writes now: what is temporary of these goes at once, what is
        of others when it is a minute old.
    """
    with suppress(OSError):
        for path in folder.glob(".*.tmp"):
            mine = any(path.name.startswith(f".{name}.") for name in own)
            with suppress(OSError):
                if mine or time.time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()
