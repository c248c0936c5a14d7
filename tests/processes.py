"""Commands as processes of their own: struck by signals, or on a disk without room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[1]
_PLAIN = "from neurosim.__main__ import run; run()"
_FIRST_LINE = 'File "<string>", line 1, in <module>'
_LOADING = ("Fatal Python error: init_import_site", "Traceback")
# At that size of a file the system has no room: as `ulimit -f`, without its signal. Python would
# keep the bytecode of which it could write the beginning.
_ROOM = """
import resource, signal, sys
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""


def start(*words: Any, room: int | None = None) -> subprocess.Popen[str]:
    """A command that works, on a disk with room for `room` bytes of one file."""
    program = _PLAIN if room is None else _ROOM.format(size=room) + _PLAIN
    paths = os.pathsep.join([str(TREE), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Exit status and the lines of standard error, without those of packages that load.

    An interpreter that SIGINT strikes while it loads its own `site`, or the module with `run`, has
    not begun to run the program: it ends as one that the system ends before that.
    """
    _, said = process.communicate(timeout=600)
    struck_early = said.startswith(_LOADING) and said.rstrip().endswith("KeyboardInterrupt")
    struck_early = struck_early and ", in run" not in said
    if struck_early and (said.startswith(_LOADING[0]) or _FIRST_LINE in said):
        return -signal.SIGINT, []
    assert "Traceback" not in said, said
    return process.returncode, said.splitlines()


def struck(seconds: float, number: int, *words: Any) -> tuple[int, list[str]]:
    """How a command ends that gets this signal after so long."""
    process = start(*words)
    time.sleep(seconds)
    process.send_signal(number)
    return ended(process)


def was_stopped(status: int, lines: list[str], number: int) -> bool:
    """Whether a struck command was stopped; if it was, it must have said so in its last line."""
    if status == 0:
        return False
    if number == signal.SIGKILL:
        assert status == -signal.SIGKILL
        return True
    # Before the interpreter has read the first line of the program the system answers for it.
    if status == -number:
        return True
    assert status == 128 + number, lines
    assert lines[-1].startswith("neurosim: stopped"), lines
    return True
