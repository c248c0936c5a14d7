"""How far a training is: told to whoever asks, or shown as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from neurosim.host import Update

__all__ = ["Progress", "counted_by", "shown_by"]

# An update that is done, and the number of all.
Progress = Callable[[Update, int], None]


@contextmanager
def counted_by(
    progress: Callable[[int, int], None] | bool | None, what: str
) -> Iterator[Callable[[int, int], None] | None]:
    """What to call with how many are done and their number: as given, or for True a bar."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=what) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


@contextmanager
def shown_by(progress: Progress | bool | None, what: str) -> Iterator[Progress | None]:
    """What to call after each update: as given, or for True a bar on standard error."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=what) as bar:

        def show(update: Update, total: int) -> None:
            bar.total = total
            bar.set_postfix(flow_loss=f"{update.flow_loss:.3f}", refresh=False)
            bar.update(update.update - bar.n)

        yield show
