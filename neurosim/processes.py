"""Work that is spread over processes, each of which has an interpreter's lock of its own.

Threads of one interpreter wait for one another between any two calls of NumPy; where calls are as
short as those of a settle, two threads do the work of 1.3 to 1.6, two processes that of 2.
"""

from __future__ import annotations

import atexit
import math
import os
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from neurosim.threads import one_blas_thread

__all__ = ["alone", "begun", "serve", "spread"]

_BEGIN = (
    "import sys; fd = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; "
    "from neurosim.processes import serve; serve(fd)"
)
# A program that is done by then is not worth a helper's start, which takes as long.
_SOON_S = 1.0
_NAP_S = 0.02
# On a machine where helpers die again and again, nothing is spread any more.
_MOST_DEATHS = 3
_READY, _SHARED, _JOB = b"r", b"s", b"j"
_UNDONE = pickle.dumps((False, None))


class _Helper:
    """A process that works for this one, and ends when this one does, however that ends."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            # A session of its own: a signal to all of a terminal's processes is not for helpers.
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN, str(theirs.fileno()), *sys.path],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        self._ready = False

    def ready(self) -> bool:
        """Whether it has begun; it is not waited for."""
        if not self._ready and self._pipe.poll():
            self._ready = self._pipe.recv_bytes() == _READY
        return self._ready

    def tell(self, shared: bytes) -> None:
        """What all jobs that follow have in common, pickled."""
        self._pipe.send_bytes(_SHARED + shared)

    def do(self, job: Any) -> tuple[bool, Any]:
        """Whether it could do a job, and what came of it."""
        self._pipe.send_bytes(_JOB + pickle.dumps(job, pickle.HIGHEST_PROTOCOL))
        done, value = pickle.loads(self._pipe.recv_bytes())
        return done, value

    def disown(self) -> None:
        """Leave it to the process that it helps."""
        self._pipe.close()
        self._process.returncode = 0

    def kill(self) -> None:
        """Whoever waits for an answer is told that there is none."""
        self._process.kill()
        self._process.wait()


class _Crew:
    """The helpers of one process."""

    def __init__(self) -> None:
        self._helpers: list[_Helper] = []
        self._hiring, self._deaths = threading.Lock(), 0
        self._first_asked_s: float | None = None

    @contextmanager
    def hired(self, n: int) -> Iterator[list[_Helper]]:
        """At most n helpers, those that are ready; none while somebody else has them."""
        if self._deaths >= _MOST_DEATHS or not self._hiring.acquire(blocking=False):
            yield []
            return
        try:
            yield self._ready(n)
        except BaseException:
            self.dismiss()
            raise
        finally:
            self._hiring.release()

    def _ready(self, n: int) -> list[_Helper]:
        """Those of the first n that are ready; who is missing is called."""
        found: list[_Helper] = []
        now = time.monotonic()
        if self._first_asked_s is None:
            self._first_asked_s = now
        if now - self._first_asked_s < _SOON_S:
            return found
        try:
            while len(self._helpers) < n:
                self._helpers.append(_Helper())
        except OSError:
            self._deaths = _MOST_DEATHS
        for helper in self._helpers[:n]:
            try:
                if helper.ready():
                    found.append(helper)
            except (OSError, EOFError):
                self.mourn(helper)
        return found

    def begun(self, n: int, patience_s: float) -> bool:
        """Call n helpers and wait for them; whether they came."""
        self._first_asked_s, until = -math.inf, time.monotonic() + patience_s
        while len(self._ready(n)) < n and self._deaths < _MOST_DEATHS:
            if time.monotonic() > until:
                return False
            time.sleep(_NAP_S)
        return len(self._helpers) >= n

    @contextmanager
    def kept_off(self) -> Iterator[None]:
        """Nobody is hired."""
        with self._hiring:
            yield

    def mourn(self, helper: _Helper) -> None:
        """Count one that has died."""
        helper.kill()
        if helper in self._helpers:
            self._helpers.remove(helper)
            self._deaths += 1

    def dismiss(self) -> None:
        """End all helpers."""
        while self._helpers:
            self._helpers.pop().kill()

    def forked(self) -> None:
        """Begin anew: the helpers are those of the process that this one was a copy of."""
        while self._helpers:
            self._helpers.pop().disown()
        self.__init__()  # type: ignore[misc]


_CREW = _Crew()
atexit.register(_CREW.dismiss)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_CREW.forked)


@contextmanager
def alone() -> Iterator[None]:
    """Within it this process does everything itself."""
    with _CREW.kept_off():
        yield


def begun(n: int, patience_s: float = 60.0) -> bool:
    """Start n - 1 helpers now, and wait: whether all have begun."""
    return _CREW.begun(n - 1, patience_s)


def spread(
    work: Callable[[Any, Any], Any], shared: Any, jobs: Sequence[Any], n: int
) -> list[Any] | None:
    """``[work(shared, job) for job in jobs]``, by this process and others.

    The others are started once they have been asked for during a second, begin a second later, and
    stay. What one of them does not do (it cannot find a class of the caller's own script, meets a
    warning or an exception, or is killed) is done here, and so ends as it would have without them.

    Parameters
    ----------
    work : callable
        Found by its name in another process.
    shared, jobs
        What `work` takes.
    n : int
        Processes, this one among them.

    Returns
    -------
    list or None
        None, and nothing done, while there are no other processes.
    """
    if os.name != "posix":
        return None
    with _CREW.hired(n - 1) as helpers:
        try:
            common = pickle.dumps((work, shared), pickle.HIGHEST_PROTOCOL) if helpers else None
        except (pickle.PicklingError, AttributeError, TypeError):
            common = None
        if common is None:
            return None
        left, found = deque(range(len(jobs))), dict[int, Any]()
        threads = [
            threading.Thread(target=_ask, args=(helper, common, jobs, left, found), daemon=True)
            for helper in helpers
        ]
        for thread in threads:
            thread.start()
        try:
            while left:
                with suppress(IndexError):
                    k = left.popleft()
                    found[k] = work(shared, jobs[k])
            for thread in threads:
                thread.join()
        except BaseException:
            for helper in helpers:
                helper.kill()
            raise
    return [found[k] if k in found else work(shared, jobs[k]) for k in range(len(jobs))]


def _ask(
    helper: _Helper, common: bytes, jobs: Sequence[Any], left: deque[int], found: dict[int, Any]
) -> None:
    """Have a helper do jobs that are left."""
    try:
        helper.tell(common)
        while True:
            k = left.popleft()
            done, value = helper.do(jobs[k])
            if not done:
                return
            found[k] = value
    except IndexError:
        return
    except (OSError, EOFError, pickle.UnpicklingError):
        _CREW.mourn(helper)


def serve(fd: int) -> None:
    """What a helper does: work until there is nobody who asks."""
    warnings.simplefilter("error")
    work: Callable[[Any, Any], Any] | None = None
    shared = None
    with one_blas_thread(), Connection(fd) as pipe, suppress(EOFError, OSError):
        pipe.send_bytes(_READY)
        while True:
            message = pipe.recv_bytes()
            kind, content, answer = message[:1], memoryview(message)[1:], _UNDONE
            try:
                if kind == _SHARED:
                    work, shared = None, None
                    work, shared = pickle.loads(content)
                elif work is not None:
                    value = work(shared, pickle.loads(content))
                    answer = pickle.dumps((True, value), pickle.HIGHEST_PROTOCOL)
            except Exception:
                answer = _UNDONE
            if kind == _JOB:
                pipe.send_bytes(answer)
