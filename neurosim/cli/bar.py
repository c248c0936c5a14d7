"""Progress of a command on standard error: a bar on a terminal, lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.cli.again import going_on
from neurosim.cli.common import say
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Update

__all__ = ["Bar", "stoppable"]

# Between two lines of a log.
_EVERY_S = 60.0
_KNOWN_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<LEFT{postfix}]"


class Bar:
    """Progress: updates or steps done, rate, time left, the newest figures.

    On a terminal it is a bar; anywhere else, as in the log of a job, a line a minute.

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

    def __call__(self, done: int, total: int, left_s: float | None = None, **figures: Any) -> None:
        """Show `done` of `total`, with figures beside it.

        `left_s` is the time that is left, where that is better known than by the mean rate.
        """
        if not sys.stderr.isatty():
            self._say(done, total, left_s, figures)
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

    def _say(self, done: int, total: int, left_s: float | None, figures: dict[str, Any]) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s < _EVERY_S:
            return
        from tqdm import tqdm

        self._said_s = now_s
        rate = (done - min(self._initial, done)) / (now_s - self._began_s)
        if left_s is None and rate:
            left_s = (total - done) / rate
        parts = [f"{self._what}: {done:,} of {total:,}", _said(rate)]
        parts += [] if left_s is None else [f"{tqdm.format_interval(left_s)} left"]
        parts += [f"{name} {value}" for name, value in figures.items()]
        say(", ".join(parts), err=True)

    def on_update(self, update: Update, total: int) -> None:
        """Progress of a training run."""
        self(update.update, total, loss=f"{update.flow_loss:.3f}")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _format(left_s: float | None) -> str | None:
    """A format of tqdm with the time that is left; None where that is not known."""
    from tqdm import tqdm

    return None if left_s is None else _KNOWN_BAR.replace("LEFT", tqdm.format_interval(left_s))


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
