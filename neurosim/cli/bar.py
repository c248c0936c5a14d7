"""Progress of a command on standard error: a bar on a terminal, lines in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.cli.again import going_on
from neurosim.cli.common import say
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Update

__all__ = ["Bar", "stoppable"]

# Between two lines of a log, and how often it is seen whether one is due.
_EVERY_S, _LOOK_S = 60.0, 5.0
_KNOWN_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<LEFT{postfix}]"


class _Known(NamedTuple):
    """What was last told, and when."""

    done: int
    total: int
    left_s: float | None
    figures: dict[str, Any]
    at_s: float

    def line(self, what: str, initial: int, passed_s: float, now_s: float) -> str:
        """Done, rate, time left by now, and figures."""
        rate, left_s = (self.done - min(initial, self.done)) / passed_s, self.left_s
        if left_s is not None:
            left_s = max(0.0, left_s - (now_s - self.at_s))
        elif rate:
            left_s = (self.total - self.done) / rate
        parts = [f"{what}: {self.done:,} of {self.total:,}"]
        parts += [_said(rate)] if rate else [f"begun {_interval(passed_s)} ago"]
        parts += [] if left_s is None else [f"{_interval(left_s)} left"]
        return ", ".join(parts + [f"{name} {value}" for name, value in self.figures.items()])


class Bar:
    """Progress: updates or steps done, rate, time left, the newest figures.

    On a terminal it is a bar; anywhere else, as in the log of a job, a line a minute, whether or
    not anything was done since the line before.

    Parameters
    ----------
    what : str
        What is being done.
    done : int
        How much of it was done before.
    line : int
        Counts from the top where several bars are shown at once; those below the first go when
        they are closed.
    """

    def __init__(self, what: str, done: int = 0, line: int = 0) -> None:
        self._what, self._initial, self._line, self._bar = what, done, line, None
        self._began_s = self._said_s = time.monotonic()
        self._known: _Known | None = None
        self._lock, self._closed = threading.Lock(), threading.Event()
        if not sys.stderr.isatty():
            threading.Thread(target=self._watch, daemon=True).start()

    def __call__(self, done: int, total: int, left_s: float | None = None, **figures: Any) -> None:
        """Show `done` of `total`, with figures beside it.

        `left_s` is the time that is left, where that is better known than by the mean rate.
        """
        if not sys.stderr.isatty():
            self._known = _Known(done, total, left_s, figures, time.monotonic())
            self._say()
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                initial=min(self._initial, done),
                desc=self._what,
                position=self._line or None,
                leave=not self._line,
            )
        assert self._bar is not None
        self._bar.total = total
        self._bar.bar_format = _format(left_s)
        self._bar.set_postfix(figures, refresh=False)
        self._bar.update(done - self._bar.n)

    def _watch(self) -> None:
        """Say where it is while one step takes long."""
        while not self._closed.wait(_LOOK_S):
            self._say()

    def _say(self) -> None:
        """A line, if the last one is a minute old."""
        with self._lock:
            now_s, known = time.monotonic(), self._known
            if self._closed.is_set() or now_s - self._said_s < _EVERY_S:
                return
            self._said_s = now_s
            passed_s = now_s - self._began_s
            if known is None:
                line = f"{self._what}: begun {_interval(passed_s)} ago"
            else:
                line = known.line(self._what, self._initial, passed_s, now_s)
            say(line, err=True)

    def on_update(self, update: Update, total: int) -> None:
        """Progress of a training run."""
        self(update.update, total, loss=f"{update.flow_loss:.3f}")

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *of: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is."""
        with self._lock:
            self._closed.set()
        if self._bar is not None:
            self._bar.close()


def _format(left_s: float | None) -> str | None:
    """A format of tqdm with the time that is left; None where that is not known."""
    return None if left_s is None else _KNOWN_BAR.replace("LEFT", _interval(left_s))


def _interval(seconds: float) -> str:
    from tqdm import tqdm

    return str(tqdm.format_interval(seconds))


def _said(rate: float) -> str:
    """A rate in the unit in which it is at least 1.

    Examples
    --------
    >>> _said(2.5), _said(0.05), _said(0.003)
    ('2.5 a second', '3 a minute', '10.8 an hour')
    """
    for seconds, unit in ((1, "a second"), (60, "a minute")):
        if rate * seconds >= 1:
            return f"{rate * seconds:.3g} {unit}"
    return f"{rate * 3600:.3g} an hour"


@contextmanager
def stoppable(
    out: Path,
    bar: Bar,
    go_on: bool = False,
    limit_s: float | None = None,
    laws: tuple[type[Block], ...] = (),
    device: str = "cpu",
) -> Iterator[Bar]:
    """Close the bar, and once stopped say what is kept of the run in `out` and how to go on."""
    from neurosim.folders import exists
    from neurosim.signals import Stopped, on_signals, stopping, within_time

    begun = out / "experiment.yaml"
    new = go_on or not exists(begun)
    try:
        with on_signals(stopping), within_time(limit_s):
            yield bar
    except KeyboardInterrupt as cause:
        said = "nothing was kept."
        if new and exists(begun):
            way = going_on("train", "--resume", out=out, device=device, laws=laws)
            said = f"{_kept(out, laws)}go on with: {way}"
        raise Stopped.by(cause, said) from None
    finally:
        bar.close()


def _kept(out: Path, laws: tuple[type[Block], ...]) -> str:
    """How many updates a run folder has; nothing where that cannot be read."""
    from neurosim.errors import NeurosimError
    from neurosim.runs import Run

    try:
        run = Run.open(out, laws)
        done, total = run.n_done, run.experiment.updates
    except NeurosimError:
        return ""
    are = "is" if total == 1 else "are"
    return f"{done:,} of {counted(total, 'update')} {are} kept in {out}; "
