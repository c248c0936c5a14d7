"""How a command answers damaged input: with what it was, or by one line, and soon."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path

from commands import run

LIMIT_S = 20


@contextmanager
def limited():
    """Ends what hangs, where the system has such clocks: busy for 20 s, or waiting for 200 s."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def too_long(*_):
        raise TimeoutError(f"no answer within {LIMIT_S} s")

    clocks = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {number: signal.signal(number, too_long) for number in clocks}
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    signal.setitimer(signal.ITIMER_REAL, 10 * LIMIT_S)
    try:
        yield
    finally:
        for number, clock in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but its locks, which say nothing."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.suffix != ".lock"}


def answer(folder: Path, said: str, *command: object, run=run) -> bool:
    """Whether a command accepts what it reads; if not, it is as a refusal must be.

    `run` is how commands are run.
    """
    before = contents(folder)
    with limited():
        result = run(*command)
    told = f"{said}; {' '.join(map(str, command))}\n{result.output}"
    assert result.exception is None or isinstance(result.exception, SystemExit), told
    after = contents(folder)
    assert not [name for name in after if name.endswith((".tmp", ".partial"))], told
    if result.exit_code == 0:
        return True
    assert result.exit_code == 2, told
    assert "Traceback" not in result.stderr, told
    assert result.stdout == "", told
    assert "neurosim: " in result.stderr, told
    # An evaluation is read last, by the report of a run that has been trained on.
    assert after == before or (command[0] == "train" and said.startswith("evaluation")), told
    return False
