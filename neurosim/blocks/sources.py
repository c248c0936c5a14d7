"""Where the numbers of a profile come from, and whether they come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.expressions import Amount, amounts_in, expression_of, unit_of_name
from neurosim.blocks.origins import STATED_IN_CODE, Derived, is_assumed, is_measured
from neurosim.blocks.trees import holds_number, is_number
from neurosim.safe_text import counted

__all__ = ["Kind", "SourcedNumber", "by_kind", "followed", "numbers_of", "stated_in_code"]

T = TypeVar("T", bound=Block)

Kind = Literal["derived", "quoted", "measured", "assumed", "cited", "stated in code"]
# Places on a curve, its conductance over the reference, at which an expression must agree.
_PLACES = np.concatenate([np.geomspace(1e-3, 1e3, 61), np.linspace(0.02, 1, 50)])
# A source that gives one digit could hide half of the number.
_MOST_ROUNDING = 0.1
# Of numbers that follow from each other.
_LONGEST_CHAIN = 8


@dataclass(frozen=True)
class SourcedNumber:
    """A field that holds a number, or several as a curve does, and what its source says.

    Attributes
    ----------
    path : str
    source : str or Derived
    kind : {"derived", "quoted", "measured", "assumed", "cited", "stated in code"}
        `derived`: an expression of quantities in the text gives it. `quoted`: it stands in the
        text. `measured` and `assumed`: the text says so. `cited`: the text names a source and no
        number.
    mistake : str
        What does not come out, where something does not.
    """

    path: str
    source: str | Derived
    kind: Kind
    mistake: str = ""


def numbers_of(block: Block) -> list[SourcedNumber]:
    """Every number below a block that has a source, in the order of the fields.

    Examples
    --------
    >>> from neurosim.converters import Adc
    >>> numbers_of(Adc(bits=6, source={"bits": "6 bits (data sheet)"}))[0].kind
    'quoted'
    """
    return [_judged(block, *found) for found in _sourced(block, "")]


def followed(block: T) -> T:
    """The block with every number that its source derives from others as these are now.

    Numbers that come out to their digits stay; curves and lists stay too.

    Examples
    --------
    >>> import neurosim as ns
    >>> wide = ns.load_profile("cmos_rc_6bit").with_value("node.capacitance_F", "2 pF")
    >>> followed(wide).node.release_capacitance_F
    6e-11
    """
    for _ in range(_LONGEST_CHAIN):
        changes: dict[str, Any] = {}
        for owner, path, value, said in _sourced(block, ""):
            if not isinstance(said, Derived) or not isinstance(said.equals, str):
                continue
            if is_number(value) and _mistake(block, owner, path, value, said):
                unit = unit_of_name(path)
                amount = expression_of(said.equals).value(_lookup(block, owner, _PLACES))
                found = float(f"{amount.value / unit.value:.4g}")
                lead, _, field = path.rpartition(".")
                changes[path] = round(found) if isinstance(value, int) else found
                changes[f"{lead}.source.{field}"] = said
        if not changes:
            break
        block = block.with_values(changes)
    return block


def by_kind(numbers: Sequence[SourcedNumber]) -> dict[str, list[str]]:
    """Paths by kind, in the order of `Kind`; every kind is there."""
    return {kind: [n.path for n in numbers if n.kind == kind] for kind in get_args(Kind)}


def stated_in_code(block: Block) -> list[str]:
    """Paths of the numbers below a block that have no source but the code that states them.

    Examples
    --------
    >>> from neurosim.converters import Adc
    >>> stated_in_code(Adc(bits=6))
    ['bits']
    """
    return [number.path for number in numbers_of(block) if number.kind == STATED_IN_CODE]


def _sourced(block: Block, prefix: str) -> Iterator[tuple[Block, str, Any, str | Derived]]:
    """Block, path, value and source of every field with a number."""
    source = block.source if isinstance(block, Sourced) else None
    for name in type(block).model_fields:
        value = getattr(block, name)
        said = source.get(name) if isinstance(source, Mapping) else source
        if said is not None and name != "source" and holds_number(value):
            yield block, prefix + name, value, said
        if isinstance(value, Block):
            yield from _sourced(value, f"{prefix}{name}.")


def _judged(root: Block, block: Block, path: str, value: Any, said: str | Derived) -> SourcedNumber:
    kind: Kind = "cited"
    mistake = _mistake(root, block, path, value, said) if isinstance(said, Derived) else ""
    if said == STATED_IN_CODE:
        kind = "stated in code"
    elif is_assumed(said):
        kind = "assumed"
    elif is_measured(said):
        kind = "measured"
    elif isinstance(said, Derived):
        kind = "derived"
    elif _is_quoted(path, value, said):
        kind = "quoted"
    return SourcedNumber(path, said, kind, mistake)


def _flat(value: Any) -> Iterator[float]:
    """Every number in a value, 0 left out."""
    if isinstance(value, Block):
        value = value.model_dump()
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    elif is_number(value) and value:
        yield float(value)


def _is_quoted(path: str, value: Any, text: str) -> bool:
    """Whether every number of a value stands in the text; a minus may stand apart from it."""
    unit, said = unit_of_name(path), amounts_in(text)
    wanted = [Amount(abs(number) * unit.value, unit.powers) for number in _flat(value)]
    return all(any(one.same(other) for other in said) for one in wanted)


def _mistake(root: Block, block: Block, path: str, value: Any, source: Derived) -> str:
    """What does not come out; nothing where all does."""
    unit = unit_of_name(path)

    def compare(value: Any, expression: str, least: float) -> str:
        x = _PLACES
        if callable(value):
            most = getattr(value, "below", None)
            x = x[(x >= least) & (x < (np.inf if most is None else most))]
            curve = value(x)
            # A curve that is one number is judged as one.
            value = curve if np.ptp(curve) else float(curve[0])
        try:
            amount = expression_of(expression).value(_lookup(root, block, x))
        except ValueError as wrong:
            return f"{expression!r} {wrong}"
        found = amount.value / unit.value
        if amount.powers != unit.powers:
            return f"must have the unit of {path}, but {expression!r} has another"
        if np.all(_rounds_to(found, value)):
            return ""
        if np.ndim(found) or np.ndim(value):
            return f"must be {expression} everywhere, but is another curve"
        return f"must be {expression} = {found:.6g}, but is {value:.6g}"

    if isinstance(source.equals, str):
        one = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if not callable(one) and not is_number(one):
            return (
                f"must have an expression for each of its "
                f"{counted(len(list(_flat(value))), 'number')}"
            )
        return compare(one, source.equals, 0.0)
    return _each(value, source, compare)


def _each(value: Any, source: Derived, compare: Callable[..., str]) -> str:
    """The first mistake of a list, one expression for each item that is not absent."""
    expressions = source.expressions
    items = [item for item in value if item != ()] if isinstance(value, tuple) else []
    if len(items) != len(expressions):
        return f"must have {len(expressions)} parts as its source, but has {len(items)}"
    least = 0.0
    for item, expression in zip(items, expressions, strict=True):
        one = item[0] if isinstance(item, tuple) else item
        wrong = compare(one, expression, least)
        if wrong:
            return wrong
        least = getattr(one, "below", None) or 0.0
        if least and not any(Amount(least).same(said) for said in amounts_in(source.text)):
            return f"must have pieces that end where its source says, but one ends at {least:g}"
    return ""


def _rounds_to(found: Any, given: Any) -> Any:
    """Whether a number that is given to some digits is the rounded one that was found."""
    if np.ndim(found) or np.ndim(given) or not given:
        return np.isclose(found, given, 2e-4, 1e-9)
    digits = len(f"{float(given):.12e}".split("e")[0].rstrip("0").replace(".", "").lstrip("-"))
    step = 10.0 ** (np.floor(np.log10(abs(given))) - digits + 1)
    return abs(found - given) <= min(step / 2, _MOST_ROUNDING * abs(given)) * (1 + 1e-9)


def _lookup(root: Block, block: Block, x: Any) -> Callable[[str], Amount]:
    """Amounts by name: variables of curves, fields of the block, of another or the only one."""

    def of(name: str) -> Amount:
        if name == "g":
            return Amount(x)
        if name == "G":
            reference = of("reference_S")
            return Amount(x * reference.value, reference.powers)
        unit = unit_of_name(name)
        found = list(_fields(root, name))
        if "." not in name and is_number(getattr(block, name, None)):
            found = [getattr(block, name)]
        if len(found) != 1:
            raise ValueError(f"names {name}, which is not the name of one number")
        return Amount(found[0] * unit.value, unit.powers)

    return of


def _fields(block: Block, name: str, prefix: str = "") -> Iterator[float]:
    """Numbers of that name, or at that path."""
    for field in type(block).model_fields:
        value, path = getattr(block, field), prefix + field
        if is_number(value) and name in (field, path):
            yield value
        if isinstance(value, Block):
            yield from _fields(value, name, f"{path}.")
