"""How far long work is: told to whoever asks, or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neurosim.host import Update

__all__ = ["Progress", "counted_by", "shown_by"]

# An update that is done, and the number of all.
Progress = Callable[[Update, int], None]


@contextmanager
def counted_by(
    progress: Callable[[int, int], None] | bool | None, what: str
) -> Iterator[Callable[[int, int], None] | None]:
    """What to call with how many are done and their number: as given, or for True a bar."""
    with _asked(progress, what, lambda bar, done: int(done)) as show:
        yield show


@contextmanager
def shown_by(progress: Progress | bool | None, what: str) -> Iterator[Progress | None]:
    """What to call after each update: as given, or for True a bar on standard error."""

    def losses(bar: Any, update: Update) -> int:
        bar.set_postfix(loss=f"{update.flow_loss:.3f}", refresh=False)
        return update.update

    with _asked(progress, what, losses) as show:
        yield show


@contextmanager
def _asked(
    progress: Callable[[Any, int], None] | bool | None, what: str, done: Callable[[Any, Any], int]
) -> Iterator[Callable[[Any, int], None] | None]:
    """As given, or for True a bar that stands where `done` says by what it is called with."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=what) as bar:

        def show(step: Any, total: int) -> None:
            bar.total = total
            bar.update(done(bar, step) - bar.n)

        yield show
