"""What `neurosim profiles check` finds and prints. Heavy packages are imported inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.cli.common import say, wrapped
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block

__all__ = ["checked", "say_checked", "say_wrapped"]

_KINDS = {
    "derived": "follow from quantities in their source",
    "quoted": "stand in their source",
    "measured": "are measured",
    "assumed": "are assumed",
    "cited": "come from a named source that does not state them",
    "stated in code": "have no source but the code that states them",
}


def checked(name: str, laws: tuple[type[Block], ...]) -> dict[str, Any]:
    """What is found in one profile.

    Raises
    ------
    ProfileError
        It has mistakes.
    """
    from neurosim.analysis.consequences import consequences, smoothed_points
    from neurosim.analysis.limits import beyond_limits
    from neurosim.analysis.loads import load_notes
    from neurosim.analysis.plausible import mistakes_in, warnings_in
    from neurosim.blocks.sources import by_kind, numbers_of
    from neurosim.errors import ProfileError
    from neurosim.profile import load_profile

    profile = load_profile(name, laws=laws)
    numbers = numbers_of(profile)
    if mistakes := mistakes_in(profile):
        raise ProfileError("\n".join(f"{name}: {mistake}" for mistake in mistakes))
    return {
        "path": name, "name": profile.name, "summary": profile.summary, "valid": True,
        "numbers": by_kind(numbers), "follows": dict(consequences(profile)),
        "notes": [*load_notes(profile), *smoothed_points(profile)],
        "warnings": [*warnings_in(profile), *beyond_limits(profile)],
    }  # fmt: skip


def say_checked(record: dict[str, Any]) -> None:
    """Print what is found in one profile."""
    say_wrapped(f"{record['path']}: valid ({record['name']}: {record['summary']})")
    count = sum(map(len, record["numbers"].values()))
    for kind, paths in record["numbers"].items():
        if paths:
            say_wrapped(
                f"{len(paths)} of {counted(count, 'number')} {_KINDS[kind]}: {', '.join(paths)}"
            )
    wide = max(map(len, record["follows"]))
    for what, value in record["follows"].items():
        place = f"  {what:{wide}}  "
        say_wrapped(place + value, indent=len(place))
    for note in record["notes"]:
        say_wrapped(f"note: {note}")
    for warning in record["warnings"]:
        say(f"{record['path']}: warning: {warning}", err=True)


def say_wrapped(text: str, indent: int = 2) -> None:
    """Print a paragraph for a person, also where it goes to a file."""
    say("\n".join(wrapped(text, indent=indent)))
