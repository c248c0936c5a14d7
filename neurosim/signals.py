"""Signals, or a time limit, that ask a command to end: one line, and only work in hand is lost.

========================= ========================================================================
when                      what happens
========================= ========================================================================
packages load             the process ends at once, for nothing has begun (`leave`)
a command works           `Stopped` is raised where it works, so that it keeps what is done
it is being stopped       signals of the next seconds are the same wish; a later one ends it at once
========================= ========================================================================
"""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Self

__all__ = [
    "NUMBERS",
    "Stopped",
    "leave",
    "on_signals",
    "stopping",
    "stopping_after_loading",
    "within_time",
]

Handler = Callable[[int, FrameType | None], None]

# Schedulers send SIGUSR1 some time before they kill.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGBREAK")
NUMBERS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
# A terminal, a launcher and a scheduler may all send the same wish.
_SAME_WISH_S = 3.0
_MOMENT_S = 0.02
# As `timeout` of the shell leaves.
_TIME_IS_UP = 124


class Stopped(KeyboardInterrupt):
    """A signal, Ctrl-C or the end of a time limit; its text is what to say.

    Attributes
    ----------
    status : int
        Of the process: 128 and the signal's number, as shells have it; 124 at a time limit.
    """

    def __init__(self, text: str = "stopped.", status: int = 128 + signal.SIGINT) -> None:
        super().__init__(text)
        self.status = status

    @classmethod
    def by(cls, cause: KeyboardInterrupt, text: str) -> Self:
        """The same wish, and what to say after "stopped; "."""
        status = cause.status if isinstance(cause, Stopped) else 128 + signal.SIGINT
        what = "stopped at the time limit" if status == _TIME_IS_UP else "stopped"
        return cls(f"{what}; {text}", status)


def leave(number: int, frame: FrameType | None) -> None:
    """End this process at once: no handler and no buffer has a say."""
    del frame
    with suppress(OSError):
        os.write(2, b"neurosim: stopped.\n")
    os._exit(128 + number)


def _within(frame: FrameType | None, lost: Callable[[CodeType], bool]) -> bool:
    """Whether the program is in such code, or was called by it."""
    while frame is not None:
        if lost(frame.f_code):
            return True
        frame = frame.f_back
    return False


def _is_destructor(code: CodeType) -> bool:
    return code.co_name == "__del__" or code.co_filename == weakref.__file__


def stopping(number: int, frame: FrameType | None) -> None:
    """Raise `Stopped` where the program is; a moment later, where a destructor would lose it."""
    if _within(frame, _is_destructor):
        later = threading.Timer(_MOMENT_S, signal.raise_signal, [number])
        later.daemon = True
        later.start()
        return
    began_s = time.monotonic()

    def again(number: int, frame: FrameType | None) -> None:
        if time.monotonic() - began_s > _SAME_WISH_S:
            leave(number, frame)

    _install(again)
    raise Stopped(status=128 + number)


def stopping_after_loading(number: int, frame: FrameType | None) -> None:
    """As `stopping`, but end at once within an import: what runs there may lose the exception."""
    if _within(frame, lambda code: code.co_filename.startswith("<frozen importlib")):
        leave(number, frame)
    stopping(number, frame)


@contextmanager
def within_time(limit_s: float | None) -> Iterator[None]:
    """Within it `Stopped` is raised after so many seconds, if any; `on_signals` must be around."""
    heard = [number for number in NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    if limit_s is None or not heard:
        yield
        return
    up, main = threading.Event(), threading.main_thread().ident

    def end() -> None:
        up.set()
        # Sent to the main thread, a signal also wakes it where it waits.
        if hasattr(signal, "pthread_kill") and main is not None:
            signal.pthread_kill(main, heard[0])
        else:
            signal.raise_signal(heard[0])

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Stopped as cause:
        if up.is_set():
            raise Stopped(str(cause), _TIME_IS_UP) from None
        raise
    finally:
        timer.cancel()


def _install(handler: Handler) -> None:
    """For every signal that nobody has told this process to ignore, as nohup does."""
    for number in NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


@contextmanager
def on_signals(handler: Handler) -> Iterator[None]:
    """Within it signals are answered by `handler`; only the main thread can.

    What answers them once `Stopped` was raised stays until the command has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in NUMBERS}
    restored = before
    try:
        _install(handler)
        yield
    except Stopped:
        restored = {}
        raise
    finally:
        for number, old in restored.items():
            # None is the handler of another language, which nobody can set again.
            if old is not None:
                signal.signal(number, old)
