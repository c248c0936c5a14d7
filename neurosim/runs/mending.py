"""Numbers of a profile that cannot be meant, and the chip as if they were none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from neurosim.analysis.plausible import WARNINGS
from neurosim.errors import ProfileError
from neurosim.profile import Profile
from neurosim.runs.findings import IMPLAUSIBLE, Finding

__all__ = ["IMPLAUSIBLE", "implausible", "mended", "odd_findings"]


def implausible(profile: Profile) -> dict[str, list[str]]:
    """What is said of numbers that are orders of magnitude beside any chip's, by their blocks."""
    found: dict[str, list[str]] = {}
    for line in (line for check in WARNINGS for line in check(profile)):
        found.setdefault(line.partition(":")[0].split()[0].partition(".")[0], []).append(line)
    return found


def mended(profile: Profile, blocks: Iterable[str]) -> Profile | None:
    """The profile without these blocks; None where it cannot do without, or that does not help.

    A chip of implausible numbers may take an engine without end, so that it is not tried.
    """
    try:
        found = profile.with_values(dict.fromkeys(blocks, "ideal"))
    except ProfileError:
        return None
    return None if implausible(found) else found


def odd_findings(odd: Mapping[str, Sequence[str]]) -> list[Finding]:
    """A finding of each block."""
    advice = "correct the profile (`neurosim profiles check` shows it), and train again"
    return [
        Finding(cause=IMPLAUSIBLE, measured="; ".join(lines).rstrip("?"), advice=advice, weight=1.0)
        for lines in odd.values()
    ]
