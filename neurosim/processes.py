"""Work that is spread over processes, each of which has an interpreter's lock of its own.

Threads of one interpreter wait for one another between any two calls of NumPy; where calls are as
short as those of a settle, two threads do the work of 0.6 to 1.6, two processes that of 1.1 to 2.0.
"""

from __future__ import annotations

import atexit
import importlib
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
_NAP_S, _PATIENCE_S = 0.02, 2.0
# Where helpers die again and again, or what is shared is beyond them as often in a row, they are
# left alone from then on.
_MOST_DEATHS = _MOST_REFUSALS = 3
# To send more takes longer than it saves.
_MOST_BYTES = 2**25
_READY, _SHARED, _JOB = b"ready", b"shared", b"job"
_UNDONE = pickle.dumps((False, None))


class _Helper:
    """A process that works for this one, and ends when this one does, however that ends."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        paths = [path for path in sys.path if isinstance(path, str)]
        with theirs:
            # A session of its own: a signal to all of a terminal's processes is not for helpers.
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-c", _BEGIN, str(theirs.fileno()), *paths],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        ours = __name__.partition(".")[0] + "."
        known = [name for name in sys.modules if name.startswith(ours) and "__" not in name]
        self._pipe.send_bytes(pickle.dumps(known))
        self._is_ready = False

    def ready(self) -> bool:
        """Whether it has begun; it is not waited for."""
        if not self._is_ready and self._pipe.poll():
            self._is_ready = self._pipe.recv_bytes() == _READY
        return self._is_ready

    def take(self, shared: bytes) -> bool:
        """Whether it can load what all jobs that follow have in common, pickled."""
        return self._asked(_SHARED, shared)[0]

    def do(self, job: Any) -> tuple[bool, Any]:
        """Whether it could do a job, and what came of it."""
        return self._asked(_JOB, pickle.dumps(job, pickle.HIGHEST_PROTOCOL))

    def _asked(self, kind: bytes, content: bytes) -> tuple[bool, Any]:
        self._pipe.send_bytes(kind)
        self._pipe.send_bytes(content)
        done, value = pickle.loads(self._pipe.recv_bytes())
        return done, value

    def disown(self) -> None:
        """Leave it to the process that it helps."""
        self._pipe.close()
        # Else Python warns of a child of its own that still runs.
        self._process.returncode = 0

    def kill(self) -> None:
        """Whoever waits for an answer is told that there is none."""
        self._process.kill()
        self._process.wait()


class _Crew:
    """The helpers of one process."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._helpers: list[_Helper] = []
        self._hiring = threading.Lock()
        self._deaths = self._refusals = self._n_alone = 0
        self._first_asked_s: float | None = None

    @property
    def is_off(self) -> bool:
        """Whether nobody is to be called."""
        given_up = self._deaths >= _MOST_DEATHS or self._refusals >= _MOST_REFUSALS
        frozen = getattr(sys, "frozen", False)
        return given_up or self._n_alone > 0 or os.name != "posix" or frozen

    @contextmanager
    def hired(self, n: int) -> Iterator[list[_Helper]]:
        """At most n helpers, those that are ready; none while somebody else has them."""
        ours = False
        try:
            ours = not self.is_off and self._hiring.acquire(blocking=False)
            yield self._ready(n) if ours else []
        except BaseException:
            if ours:
                self.dismiss()
            raise
        finally:
            if ours:
                self._hiring.release()

    def begun(self, n: int, patience_s: float) -> bool:
        """Call n helpers and wait for them; whether they came."""
        self._first_asked_s, until = -math.inf, time.monotonic() + patience_s
        while not self.is_off and time.monotonic() < until:
            with self.hired(n) as found:
                if len(found) == n:
                    return True
            time.sleep(_NAP_S)
        return False

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
        except Exception:
            # No file or memory is left, or this interpreter cannot be called by a name.
            self._deaths = _MOST_DEATHS
        for helper in self._helpers[:n]:
            try:
                if helper.ready():
                    found.append(helper)
            except (OSError, EOFError):
                self.mourn(helper)
        return found

    @contextmanager
    def off(self) -> Iterator[None]:
        """Within it nobody is called."""
        self._n_alone += 1
        try:
            yield
        finally:
            self._n_alone -= 1

    def mourn(self, helper: _Helper) -> None:
        """Count one that has died; after some of them the others go too."""
        helper.kill()
        with suppress(ValueError):
            self._helpers.remove(helper)
            self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            self.dismiss()

    def worked(self, well: bool) -> None:
        """Count settles in a row of which helpers could do nothing."""
        self._refusals = 0 if well else self._refusals + 1
        if self._refusals >= _MOST_REFUSALS:
            self.dismiss()

    def dismiss(self) -> None:
        """End all helpers."""
        while self._helpers:
            self._helpers.pop().kill()

    def forked(self) -> None:
        """Begin anew: the helpers are those of the process that this one was a copy of."""
        while self._helpers:
            self._helpers.pop().disown()
        self._begin()


_CREW = _Crew()
atexit.register(_CREW.dismiss)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_CREW.forked)


@contextmanager
def alone() -> Iterator[None]:
    """Within it this process does everything itself."""
    with _CREW.off():
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
    What a job notes in `shared` is noted in one process alone.

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
        None, and nothing done, while there are no other processes, or where `shared` cannot be
        pickled or is large.
    """
    with _CREW.hired(n - 1) as helpers:
        common = _pickled((work, shared)) if helpers else None
        if common is None:
            return None
        left, found = deque(range(len(jobs))), dict[int, Any]()
        errands = [_Errand(helper, common, jobs, left, found) for helper in helpers]
        for errand in errands:
            # Where no thread can be had, the jobs are done here.
            with suppress(RuntimeError):
                errand.start()
        while left:
            with suppress(IndexError):
                k = left.popleft()
                found[k] = work(shared, jobs[k])
        for errand in errands:
            errand.end()
        _CREW.worked(all(errand.able for errand in errands))
    return [found[k] if k in found else work(shared, jobs[k]) for k in range(len(jobs))]


def _pickled(common: Any) -> bytes | None:
    """None where it cannot be, for whatever reason, or is too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = pickle.dumps(common, pickle.HIGHEST_PROTOCOL)
    except Exception:  # A class may refuse in any way of its own.
        return None
    return content if len(content) <= _MOST_BYTES else None


class _Errand(threading.Thread):
    """Has a helper do jobs that are left; what it does not do is not found."""

    def __init__(
        self,
        helper: _Helper,
        common: bytes,
        jobs: Sequence[Any],
        left: deque[int],
        found: dict[int, Any],
    ) -> None:
        super().__init__(daemon=True)
        self.able = True
        self._helper, self._common, self._jobs = helper, common, jobs
        self._left, self._found, self._taken = left, found, threading.Event()

    def run(self) -> None:
        """Until no job is left, or the helper cannot do one."""
        try:
            self.able = self._helper.take(self._common)
            self._taken.set()
            while self.able and (k := self._next()) is not None:
                self.able, value = self._helper.do(self._jobs[k])
                if self.able:
                    self._found[k] = value
        except BaseException:  # A thread of its own: there is nobody to raise it to.
            # It may have given an answer that nobody has heard.
            _CREW.mourn(self._helper)
        finally:
            self._taken.set()

    def _next(self) -> int | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def end(self) -> None:
        """Wait for what the helper does; not for one that has not begun."""
        if self.ident is None:
            return
        if not self._taken.wait(_PATIENCE_S):
            self.able = False
            _CREW.mourn(self._helper)
        self.join()


def serve(fd: int) -> None:
    """What a helper does: work until there is nobody who asks."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    warnings.simplefilter("error")
    work: Callable[[Any, Any], Any] | None = None
    shared = None
    with alone(), one_blas_thread(), Connection(fd) as pipe, suppress(EOFError, OSError):
        for name in pickle.loads(pipe.recv_bytes()):
            with suppress(Exception):
                importlib.import_module(name)
        pipe.send_bytes(_READY)
        while True:
            kind, content, answer = pipe.recv_bytes(), pipe.recv_bytes(), _UNDONE
            try:
                if kind == _SHARED:
                    work, shared = None, None
                    work, shared = pickle.loads(content)
                    answer = pickle.dumps((True, None))
                elif work is not None:
                    value = work(shared, pickle.loads(content))
                    answer = pickle.dumps((True, value), pickle.HIGHEST_PROTOCOL)
            except Exception:  # Whatever it is, it comes up again where the job is then done.
                answer = _UNDONE
            pipe.send_bytes(answer)


def _end_with(parent: int) -> None:
    """End this process soon after its parent has ended, whatever it does."""
    while os.getppid() == parent:
        time.sleep(0.25)
    os._exit(0)
