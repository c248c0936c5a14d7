"""What is said of why the quality of a trained chip is what it is."""

from __future__ import annotations

import math
import textwrap
from typing import Any

from neurosim.runs.findings import Figures, Finding
from neurosim.signals import Stopped

__all__ = ["Explanation", "Unexplained"]

_WIDTH = 78


class Explanation(Figures):
    """What spoils a trained chip, the worst first; printed, it is a text of 78 columns.

    Its attributes are those of `neurosim.runs.findings.Figures`.
    """

    def __repr__(self) -> str:
        return f"Explanation({self.name!r}: {', '.join(f.cause for f in self.first) or 'fine'})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def places(self) -> list[str]:
        """Names of the causes, the worst first; what is fine comes last."""
        return [finding.cause for finding in (*self.first, *self.others)] + self.fine

    def as_dict(self) -> dict[str, Any]:
        """All of it as what JSON has; what was not measured is None."""
        return self.model_dump()

    def _tabled(self) -> list[Finding]:
        return [finding for finding in self.others if finding.is_switched_off]

    def _nothing(self) -> str:
        """What is said where no cause comes first."""
        if not self.complete:
            return (
                "It was stopped, so that this is incomplete: these causes were switched off by "
                "then, and which of all comes first is not known."
            )
        said = "Nothing stands out: no cause costs 0.01 of the cosine or as much else."
        return f"{said} The costliest are below, each small by itself." if self._tabled() else said

    def _heavy(self) -> list[Finding]:
        """What costs as much as one of the first, which stand there for an unusual figure."""
        least = min((finding.weight for finding in self.first), default=math.inf)
        return [finding for finding in self._tabled() if finding.weight >= least]

    def lines(self) -> list[str]:
        """All of it for a person, the two or three that matter first."""
        place = "" if self.name.startswith(self.chip) else f" on {self.chip}"
        lines = _wrapped(f"{self.name}{place}. {self.headline()}")
        lines += [line for note in self.notes for line in _wrapped(note)]
        if not self.first:
            lines += ["", *_wrapped(self._nothing())]
        for number, finding in enumerate(self.first, 1):
            lines += ["", f"{number}. {finding.cause}"]
            lines += _wrapped(f"{_begun(finding.measured)}.", "   ")
            lines += _wrapped(f"To do: {finding.advice}.", "   ")
            if bought := self.bought(finding):
                lines += _wrapped(f"Measured: {bought}.", "   ")
        if verdict := self.verdict():
            lines += ["", *_wrapped(verdict)]
        tabled = self._tabled()
        if tabled:
            read = "" if self.velocity is None else f" {'velocities':>10}"
            what = "What else costs, without it" if self._heavy() else "What costs less, without it"
            if not self.first:
                what = "The costliest, without it" if self.complete else "So far, without it"
            lines += ["", f"{what:30} {'cosine':>7} {self.drawn:>10}{read}"]
            lines.append(_row("(as it is)", self.cosine, self.error, self.velocity))
        lines += [_row(f.row, f.cosine, f.error, f.velocity) for f in tabled]
        for finding in self._heavy():
            said = f"{_begun(finding.cause)}, which costs as much: to do: {finding.advice}."
            lines += ["", *_wrapped(said)]
        for finding in self.others:
            if finding not in tabled:
                said = f"{_begun(finding.cause)}: {finding.measured}; to do: {finding.advice}."
                lines += ["", *_wrapped(said)]
        if self.fine:
            lines += [
                "",
                *_wrapped(f"Looked at, and costing next to nothing: {', '.join(self.fine)}."),
            ]
        return lines


class Unexplained(Stopped):
    """An explanation that was stopped.

    Attributes
    ----------
    found : Explanation or None
        What was measured by then, which is not complete; None where that is nothing.
    """

    found: Explanation | None = None

    @classmethod
    def after(cls, cause: KeyboardInterrupt, found: Explanation | None) -> Unexplained:
        """The same wish, with what was found."""
        stopped = cls.by(cause, "not every cause was tried; fewer rows take less time.")
        stopped.found = found
        return stopped


def _row(name: str, cosine: float | None, error: float | None, velocity: float | None) -> str:
    """Of the table."""
    shown = "" if cosine is None else f"{cosine:.3f}"
    off, read = ("" if value is None else f"{value:.1%}" for value in (error, velocity))
    return f"{name:30} {shown:>7} {off:>10} {read:>10}".rstrip()


def _begun(text: str) -> str:
    """With a capital, unless it begins with a field's name."""
    return text if {".", "_"} & set(text.split(maxsplit=1)[0]) else text[0].upper() + text[1:]


def _wrapped(text: str, indent: str = "") -> list[str]:
    wrapper = textwrap.TextWrapper(
        _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return wrapper.wrap(text)
