"""Files that are whole or absent: written to a temporary name, synced, and renamed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from neurosim.errors import DataError, NeurosimError, RunError

__all__ = [
    "STANDARD_OUTPUT",
    "check_suffix",
    "check_writable",
    "write_bytes",
    "write_files",
    "write_text",
]

# In place of a file's name: standard output.
STANDARD_OUTPUT = Path("-")
_STALE_S = 3600.0
_LONGEST = 200
_STREAM = re.compile(r"/dev/(fd/|std)|/proc/\w+/fd/")


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Replace all these files, or leave all as they were.

    A link stays a link: what it points to is replaced. A file keeps its mode. `STANDARD_OUTPUT`
    gets its bytes when the files are in place.

    Raises
    ------
    RunError
        One of them cannot be written.
    """
    printed = contents.get(STANDARD_OUTPUT)
    staged: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            if path != STANDARD_OUTPUT:
                target = _target(path)
                if target in staged:
                    raise DataError(
                        f"{path} must be a file of its own, but is the same as another of "
                        f"{', '.join(map(str, contents))}; remove the link, or give another name."
                    )
                temporary = _temporary(target)
                staged[target] = temporary
                _stage(temporary, data, target)
        _swap(staged)
        if printed is not None:
            _print(printed)
    except OSError as error:
        if isinstance(error, NeurosimError | BrokenPipeError):
            raise
        names = ", ".join(map(str, contents))
        raise RunError(f"{names} must be writable, but is not ({error.strerror}).") from None
    finally:
        for temporary in staged.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """The file behind `path` and its links, which need not exist yet.

    Raises
    ------
    DataError
        Something else is there, or a file that may not be written.
    """
    try:
        if _STREAM.match(str(path.absolute())):
            raise DataError(f"{path} must be a file, but is a stream; give - for standard output.")
        target = path.resolve(strict=False)
        if not os.path.lexists(target):
            return target
        mode = target.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path} must be a file that can be reached, but is not, or its links lead nowhere; "
            "give another name."
        ) from None
    kinds = (
        (stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"), (stat.S_ISBLK, "device"),
    )  # fmt: skip
    found = [kind for is_kind, kind in kinds if is_kind(mode)]
    if found:
        raise DataError(f"{path} must be a file, but is a {found[0]}; give another name.")
    # The mode alone tells, for nothing is closed to an administrator.
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise DataError(
            f"{path} must be open to be written, but is read-only; make it writable, or give "
            "another name."
        )
    return target


def _temporary(target: Path) -> Path:
    """Where the new content of a file waits: in its folder, under a hidden name of its own."""
    return target.with_name(f"{_hidden(target)}{os.getpid()}.tmp")


def _hidden(target: Path) -> str:
    """Start of a file's temporary name; of a long name a digest, for no name has more bytes."""
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f".{name}."


def _stage(temporary: Path, data: bytes, target: Path) -> None:
    """Write what `target` shall hold, with its mode and owner."""
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if target.exists():
        old = target.stat()
        temporary.chmod(stat.S_IMODE(old.st_mode))
        if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.getuid(), os.getgid()):
            with suppress(OSError):
                os.chown(temporary, old.st_uid, old.st_gid)


def _swap(staged: Mapping[Path, Path]) -> None:
    """Put every file in its place; when one cannot, those before it go back."""
    done: list[tuple[Path, bytes | None]] = []
    try:
        for target, temporary in staged.items():
            before = target.read_bytes() if len(staged) > 1 and target.exists() else None
            temporary.replace(target)
            done.append((target, before))
    except OSError:
        for target, before in reversed(done):
            with suppress(OSError):
                if before is None:
                    target.unlink()
                else:
                    _stage(_temporary(target), before, target)
                    _temporary(target).replace(target)
        raise


def _print(data: bytes) -> None:
    """Bytes to standard output."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RunError(
            f"Standard output must be writable, but is not ({error.strerror})."
        ) from None


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`, or leave it as it was; see `write_files`."""
    write_files({path: data})


def write_text(path: Path, text: str) -> None:
    """Replace the file at `path` by `text` in UTF-8."""
    write_bytes(path, text.encode())


def check_suffix(path: Path, suffixes: Collection[str]) -> None:
    """Refuse a file whose suffix is not among `suffixes`."""
    if path.suffix.lower() not in suffixes:
        raise DataError(f"The file must end in {', '.join(suffixes)}, but is {path.name}.")


def check_writable(path: Path, suffixes: Collection[str] | None = None) -> None:
    """Refuse a file to be written before any work is done for it; `STANDARD_OUTPUT` is fine.

    What a writer of the same file left behind when it was killed, an hour ago or earlier, goes.

    Raises
    ------
    DataError
        It is no file, or a read-only one; it lies in no folder or in one that is closed; or its
        suffix is not among `suffixes`.
    """
    if path == STANDARD_OUTPUT:
        return
    if suffixes is not None:
        check_suffix(path, suffixes)
    target = _target(path)
    if not target.parent.is_dir():
        raise DataError(f"The folder of {path} must exist, but does not; make it first.")
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
        for left in target.parent.iterdir():
            if _is_left(left, target):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"The folder of {path} must be open to be written, but is not ({error.strerror})."
        ) from None


def _is_left(path: Path, target: Path) -> bool:
    """Whether `path` is a temporary file of `target` that nobody works on any more."""
    start, pid = _hidden(target), path.name.removesuffix(".tmp").rpartition(".")[2]
    if path.name != f"{start}{pid}.tmp" or not pid.isdecimal():
        return False
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > _STALE_S
    return False
