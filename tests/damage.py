"""Ways in which a file comes to hold something else than what was written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUES: list[Any] = [
    *(None, True, -1, 0, 7.5, 1e308, 10**30, float("nan"), float("inf"), "", "x", "\ud800"),
    *([], {}, [[1]], [None] * 3, {"a": {}}),
]
WORDS = [
    *(b"", b"ideal", b"none", b".nan", b"-.inf", b"nan V", b"1e999 S", b"[]", b"{}", b"true"),
    *(b"-1", b"1e-320", b"0", b"&a", b"*a", b"!!python/name:os.system", b"1 GHz", b"'", b"|"),
]
INSERTS = [
    *(b"nan", b"1e999", b"-", b",", b"\n", b"\x00", b"\xff\xfe", b"[" * 20_000),
    *(b"{a: " * 500, b"&a [*a]", b"9" * 400, b'"', b"\xf0\x9f\x98\x80"),
]


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 200) :]


def insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(INSERTS) + data[at:]


def number(data: bytes, rng: random.Random) -> bytes:
    """Another number in place of a digit and all up to the next separator."""
    digits = [k for k, c in enumerate(data) if chr(c).isdigit()]
    if not digits:
        return insert(data, rng)
    start = end = rng.choice(digits)
    while end < len(data) and chr(data[end]) not in ",\n ]}:":
        end += 1
    other = rng.choice([b"nan", b"-inf", b"1e308", b"-7", b"1e-320", b"9" * 30, b"x", b"", b"true"])
    return data[:start] + other + data[end:]


def value(data: bytes, rng: random.Random) -> bytes:
    """A JSON value of another type, or one that is gone, at any depth."""
    try:
        tree = json.loads(data)
    except ValueError:
        return number(data, rng)
    node = tree
    while isinstance(node, dict | list) and node:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        inner = node[key]
        if rng.random() < 0.4 or not isinstance(inner, dict | list) or not inner:
            if rng.random() < 0.2:
                del node[key]
            else:
                node[key] = rng.choice(VALUES)
            break
        node = inner
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def line(data: bytes, rng: random.Random) -> bytes:
    """A line that is gone, there twice, in another's place, or further in."""
    lines = data.splitlines(keepends=True)
    k, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    change = rng.choice(("drop", "twice", "swap", "indent"))
    if change == "drop":
        del lines[k]
    elif change == "twice":
        lines.insert(j, lines[k])
    elif change == "swap":
        lines[k], lines[j] = lines[j], lines[k]
    else:
        lines[k] = b"  " + lines[k]
    return b"".join(lines)


def word(data: bytes, rng: random.Random) -> bytes:
    """What stands behind a colon is something else."""
    colons = [k for k in range(len(data) - 1) if data[k : k + 2] == b": "]
    if not colons:
        return number(data, rng)
    start = rng.choice(colons) + 2
    end = start
    while end < len(data) and chr(data[end]) not in ",\n}":
        end += 1
    other = rng.choice(WORDS)
    return data[:start] + other + data[end:]


CHANGES: list[Callable[[bytes, random.Random], bytes]] = [
    truncate,
    flip,
    cut,
    insert,
    number,
    value,
    line,
    word,
]
REPLACEMENTS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a loop of links": lambda path: path.symlink_to(path.name),
    "no bytes": lambda path: path.touch(),
}


def damage(folder: Path, rng: random.Random) -> str:
    """Change one file of a folder, and say which and how."""
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    if rng.random() < 0.1:
        name = rng.choice(sorted(REPLACEMENTS))
        path.unlink()
        REPLACEMENTS[name](path)
        return f"{path.relative_to(folder)} is {name}"
    change = rng.choice(CHANGES)
    data = path.read_bytes()
    path.write_bytes(change(data, rng) if data else b"x")
    return f"{path.relative_to(folder)}: {change.__name__}"
