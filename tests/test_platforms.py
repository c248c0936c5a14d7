"""The package runs where POSIX is not: what only POSIX has is asked for first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import neurosim

PACKAGE = Path(neurosim.__file__).parent
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    "os": {
        *("chown", "fchmod", "fork", "forkpty", "geteuid", "getgid", "getpgid", "getuid"),
        *("kill", "killpg", "lchown", "mkfifo", "mknod", "nice", "openpty", "sched_getaffinity"),
        *("sched_setaffinity", "setsid", "uname", "wait"),
    },
    "signal": {
        *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP"),
        *("SIGTSTP", "SIGUSR1", "SIGUSR2", "alarm", "pause", "pthread_kill", "pthread_sigmask"),
        *("setitimer", "sigwait"),
    },
}
EVERY = set().union(*NAMES.values())


def asks(test: ast.AST) -> bool:
    """Whether a condition is about the platform, or about what is there."""
    text = ast.unparse(test)
    return "hasattr(" in text or "sys.platform" in text or "os.name" in text


def guarded(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run only when a condition has asked."""
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.If) and asks(node.test):
            parts = list(node.body)
        elif isinstance(node, ast.IfExp) and asks(node.test):
            parts = [node.body]
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            first = next((k for k, value in enumerate(node.values) if asks(value)), None)
            parts = [] if first is None else list(node.values[first + 1 :])
        for part in parts:
            yield from ast.walk(part)


def needed(node: ast.AST) -> list[str]:
    """What only POSIX has, imported or used by one node."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in MODULES]
    if isinstance(node, ast.ImportFrom):
        posix = NAMES.get(node.module or "", set())
        whole = [node.module] if node.module in MODULES else []
        return whole + [alias.name for alias in node.names if alias.name in posix]
    if isinstance(node, ast.Attribute) and node.attr in EVERY:
        home = ast.unparse(node.value)
        return [f"{home}.{node.attr}"] if node.attr in NAMES.get(home, ()) else []
    return []


def unguarded(source: str) -> list[str]:
    """What only POSIX has where nothing has asked for it."""
    tree = ast.parse(source)
    found = [(node, name) for node in ast.walk(tree) for name in needed(node)]
    inside = set(guarded(tree)) if found else set()
    return [name for node, name in found if node not in inside]


@pytest.mark.slow
def test_nothing_needs_what_only_posix_has():
    found = {path: unguarded(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    assert not {path: names for path, names in found.items() if names}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("from fcntl import flock", ["fcntl"]),
        ("from os import getuid", ["getuid"]),
        ("if sys.platform != 'win32':\n    import resource", []),
        ("if sys.argv:\n    import resource", ["resource"]),
        ("def f():\n    import os\n    return os.getuid()", ["os.getuid"]),
        ("x = os.getuid() if hasattr(os, 'getuid') else 0", []),
        ("x = 0 if hasattr(os, 'getuid') else os.getuid()", ["os.getuid"]),
        ("if hasattr(os, 'kill') and os.kill(1, 2):\n    os.mkfifo('x')", []),
        ("if os.kill(1, 2) and hasattr(os, 'kill'):\n    pass", ["os.kill"]),
        ("signal.signal(signal.SIGUSR1, f)", ["signal.SIGUSR1"]),
        ("if sys.platform != 'win32':\n    signal.signal(signal.SIGUSR1, f)", []),
        ("os.replace(a, b); signal.signal(signal.SIGINT, f)", []),
    ],
)
def test_what_only_posix_has_is_seen_where_nothing_asks_for_it(source, found):
    assert unguarded(source) == found
