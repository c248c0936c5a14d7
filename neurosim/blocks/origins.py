"""Where a number comes from: a text, and beside it the expression that gives the number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from neurosim.blocks.document import shown
from neurosim.blocks.expressions import Amount, amounts_in, expression_of
from neurosim.blocks.mistakes import BlockError

__all__ = [
    "STATED_IN_CODE",
    "Derived",
    "assumed",
    "checked_source",
    "is_assumed",
    "is_measured",
    "text_of",
]

# Of a block that is made in Python and names no other source.
STATED_IN_CODE = "stated in code"

# The conductance of a device [S] and the same over its reference: variables of a curve.
VARIABLES = ("G", "g")


class Derived(BaseModel):
    """A source whose number follows from quantities in its text.

    Parameters
    ----------
    text : str
        A paper, a DOI, a data sheet, or ``assumed: <reason>``.
    equals : str or tuple of str
        An expression of at least two quantities, see `neurosim.blocks.expressions`. Each number in
        it but 0 and 1 stands in the text with its unit, and each name: a field of the same block,
        one of another as ``block.field``, or by its name where that is the only one. In a curve g
        is the device's conductance over its reference and G that in siemens. One for each piece of
        a curve, or each item of a list.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    equals: str | tuple[str, ...]

    @property
    def expressions(self) -> tuple[str, ...]:
        """Those of every piece or item."""
        return (self.equals,) if isinstance(self.equals, str) else self.equals

    def __str__(self) -> str:
        return f"{self.text} [= {', '.join(self.expressions)}]"


def text_of(source: str | Derived) -> str:
    """The text of a source, without an expression."""
    return source.text if isinstance(source, Derived) else source


def is_assumed(source: str | Derived) -> bool:
    """Whether a source says of itself that its number is assumed."""
    return text_of(source).strip().lower().startswith("assumed")


def is_measured(source: str | Derived) -> bool:
    """Whether a source says of itself that its number is measured."""
    return text_of(source).strip().lower().startswith("measured")


def assumed(source: str | Derived, why: str) -> str:
    """Text of a source that says that its number is assumed, and why; what it says comes last.

    Examples
    --------
    >>> assumed("assumed: room temperature", "as cmos_rc_6bit")
    'assumed: as cmos_rc_6bit: room temperature'
    """
    said = re.sub(r"^\s*assumed\b\s*:?\s*", "", text_of(source), flags=re.IGNORECASE)
    return f"assumed: {why}: {said}"


def _check_text(text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ValueError("must be text, or a mapping from this block's fields to texts")
    if re.fullmatch(r"assumed\s*:?\s*", text.strip(), re.IGNORECASE):
        raise ValueError("must give the reason of an assumption, as in 'assumed: <reason>'")


def _check_expression(equals: Any, text: str) -> None:
    """Refuse what is no expression of quantities in the text."""
    if not isinstance(equals, str):
        raise ValueError(f"equals must be a text or a list of texts, but is {shown(equals)}")
    _check_quantities(equals, text)


@lru_cache(maxsize=4096)
def _check_quantities(equals: str, text: str) -> None:
    """Of the few pairs that profiles have each is looked at once."""
    wanted = f"equals must be an expression of at least two quantities, but {shown(equals)}"
    try:
        expression = expression_of(equals)
        if not expression.names:
            expression.value(lambda name: Amount(1.0))
    except ValueError as wrong:
        raise ValueError(f"{wanted} {wrong}") from None
    if expression.n_quantities < 2:
        raise ValueError(f"{wanted} has {expression.n_quantities}")
    said = amounts_in(text)
    absent = [
        written
        for amount, written in zip(expression.amounts, expression.shown, strict=True)
        if not any(amount.same(other) for other in said)
    ]
    for name in expression.names:
        short = name.rpartition(".")[2]
        if short not in VARIABLES and not re.search(rf"\b{re.escape(short)}\b", text):
            absent.append(name)
    if absent:
        raise ValueError(
            f"equals must take its quantities from the text, but {', '.join(absent)} "
            f"{'does' if len(absent) == 1 else 'do'} not stand there"
        )


def _checked(entry: Any) -> str | Derived:
    """One source, its expression checked against its text."""
    if isinstance(entry, Derived):
        entry = {"text": entry.text, "equals": entry.equals}
    if not isinstance(entry, Mapping):
        _check_text(entry)
        return str(entry)
    if set(entry) != {"text", "equals"}:
        has = ", ".join(map(str, entry)) or "neither"
        raise ValueError(f"must be a text, or have text and equals, but has {has}")
    text, equals = entry["text"], entry["equals"]
    _check_text(text)
    several = tuple(equals) if isinstance(equals, list | tuple) else None
    for one in (equals,) if several is None else several:
        _check_expression(one, text)
    return Derived(text=text, equals=equals if several is None else several)


def checked_source(value: Any) -> Any:
    """A text, or a mapping of sources, each of which says something."""
    if not isinstance(value, Mapping):
        _check_text(value)
        return value
    out, found = {}, []
    for name, entry in value.items():
        try:
            out[name] = _checked(entry)
        except ValueError as wrong:
            found.append(((str(name),), str(wrong)))
    if found:
        raise BlockError(found)
    return out
