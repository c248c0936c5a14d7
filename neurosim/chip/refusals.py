"""What a chip cannot be made of, and calls that it cannot obey."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurosim.arguments import must_be, shown
from neurosim.errors import DataError
from neurosim.profile import Profile, load_profile
from neurosim.safe_text import counted
from neurosim.solvers import Engine

__all__ = ["Ask", "check_kept", "check_made_of", "check_settle", "check_wait", "need", "profile_of"]


class Ask:
    """What to give in place of an argument of a wrong type."""

    WEIGHTS = "give Weights, such as trained.weights"
    TUNED = "give neurosim.tuned.Tuned(sync, detuning)"
    TIME = "give seconds, such as 1e-6"
    ROWS = "give an array with a row for each presentation, a column a node"
    SPRING = "give siemens, or an array of them"
    LAYERS = "give numbers of layers, such as (0, -1)"


def profile_of(profile: Profile | str | Path) -> Profile:
    """A profile, or that of a name or path.

    Raises
    ------
    DataError
        It is neither.
    """
    if isinstance(profile, str | Path):
        profile = load_profile(profile)
    if not isinstance(profile, Profile):
        raise DataError(
            f"Chip.profile must be a profile or the name of one, but is {profile!r}; load one "
            "with load_profile."
        )
    return profile


def check_made_of(seed: int, engine: Engine | None, n_threads: int | None, device: str) -> None:
    """Refuse what besides a profile no chip is made of.

    Raises
    ------
    DataError
        As said.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise DataError(
            f"Chip.seed must be a whole number of at least 0, but is {shown(seed)}; it says "
            "which die is meant."
        )
    if engine is not None and not isinstance(engine, Engine):
        raise DataError(
            f"Chip.engine must be an engine, such as Transient() of neurosim.solvers, but is "
            f"{engine!r}; leave it out for the profile's own."
        )
    must_be(n_threads, int | None, "Chip.n_threads", "leave it out for one a processor")
    must_be(device, str, "Chip.device", "leave it out for the processor")
    if n_threads is not None and n_threads < 1:
        raise DataError(
            f"Chip.n_threads must be at least 1, but is {n_threads}; leave it out for one a "
            "processor."
        )


def check_kept(others: str, standing: int, rows: int) -> None:
    """Refuse to keep nodes of other rows than there are."""
    if others == "kept" and standing != rows:
        raise DataError(
            f"Chip.precharge needs as many rows as stand, {standing}, where others are kept, but "
            f"got {rows}; precharge without that first."
        )


def check_wait(time_s: float) -> None:
    """Refuse to wait for no time, or for ever."""
    if not 0 <= time_s < np.inf:
        raise DataError(f"Chip.wait needs a finite time of at least 0 s, but got {time_s:g} s.")


def check_settle(time_s: float, rows: int) -> None:
    """Refuse to settle for no time, or without rows."""
    if not time_s > 0 or not rows:
        raise DataError(
            f"Chip.settle needs a time above 0 s and at least one row, but has {time_s:g} s "
            f"and {counted(rows, 'row')}; precharge first."
        )


def need(profile: Profile, present: bool, call: str, what: str) -> None:
    """Refuse a call that takes what the chip of a profile has not."""
    if not present:
        raise DataError(
            f"Chip.{call} needs {what}, but {profile.name} has none now; choose another "
            "mode or profile."
        )
