"""Arguments of another type than they are said to be: what must hold, what it is, what to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from neurosim.errors import DataError

__all__ = ["check_fields", "checked", "must_be", "shown"]

P = ParamSpec("P")
R = TypeVar("R")

_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    NoneType: "None",
    Path: "a path",
    Callable: "a function",
    Mapping: "a mapping",
    Sequence: "a list",
}
_NUMBERS: dict[Any, Any] = {int: Integral, float: Real}
_LONGEST = 60


def shown(value: object) -> str:
    """A value of any kind as a message has room for it, in one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def must_be(value: object, kinds: Any, what: str, do: str) -> None:
    """Refuse a value that is none of `kinds`, a class or a union of classes.

    A number may be one of NumPy's, a float may be whole, and neither is true or false. A text is no
    list.

    Raises
    ------
    DataError
        "`what` must be ..., but is ...; `do`."

    Examples
    --------
    >>> must_be(3, str | None, "A name", "give one in quotes")
    Traceback (most recent call last):
        ...
    neurosim.errors.DataError: A name must be a text or None, but is 3; give one in quotes.
    """
    parts = _parts(kinds)
    if any(_is(value, part) for part in parts):
        return
    words = [_word(part) for part in parts]
    one_of = " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
    raise DataError(f"{what} must be {one_of}, but is {shown(value)}; {do}.")


def checked(**advice: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: arguments are of the types that the annotations say.

    Parameters
    ----------
    **advice : str
        What to do, by argument; of the others "see help" of the function.

    Examples
    --------
    >>> @checked(n="give one such as 100")
    ... def draw(n: int) -> int:
    ...     return n
    >>> draw("many")
    Traceback (most recent call last):
        ...
    neurosim.errors.DataError: draw.n must be a whole number, but is 'many'; give one such as 100.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        owner = function.__qualname__.removesuffix(".__init__")
        signature = inspect.signature(function)
        # At the first call: names of modules may be defined below.
        hints = cache(lambda: get_type_hints(function))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name, value in signature.bind(*args, **kwargs).arguments.items():
                if name in hints():
                    do = advice.get(name, f"see help({owner})")
                    must_be(value, hints()[name], f"{owner}.{name}", do)
            return function(*args, **kwargs)

        return call

    return decorate


def check_fields(block: Any, **advice: str) -> None:
    """As `checked`, of the fields that a dataclass was made with."""
    name, hints = type(block).__name__, get_type_hints(type(block))
    for field in fields(block):
        if field.init:
            do = advice.get(field.name, f"see help({name})")
            must_be(getattr(block, field.name), hints[field.name], f"{name}.{field.name}", do)


def _parts(kinds: Any) -> list[Any]:
    """The kinds of a union, each a class or the values of a Literal."""
    # An alias by `type X = ...`, as NumPy 2.5 has them, stands for its value.
    meant = getattr(get_origin(kinds) or kinds, "__value__", None)
    if meant is not None:
        return _parts(meant)
    origin = get_origin(kinds)
    if origin in (Union, UnionType):
        return [part for kind in get_args(kinds) for part in _parts(kind)]
    return [kinds if origin is Literal or origin is None else origin]


def _is(value: object, kind: Any) -> bool:
    """Whether a value is of a kind."""
    unknown = getattr(kind, "_is_protocol", False) and not _answers(kind)
    if kind is Any or unknown:
        return True
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if kind is Callable:
        return callable(value)
    if isinstance(value, bool):
        return kind in (bool, object)
    if isinstance(value, str | bytes):
        return kind is not Sequence and isinstance(value, kind)
    return isinstance(value, _NUMBERS.get(kind, kind))


def _answers(protocol: Any) -> bool:
    """Whether a Protocol can be asked if a value is of it."""
    return bool(getattr(protocol, "_is_runtime_protocol", False))


def _word(kind: Any) -> str:
    """A kind as a message says it."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    # NumPy, which is slow to load, need not be there.
    name = str(getattr(kind, "__name__", kind)).replace("ndarray", "array")
    return _WORDS.get(kind) or f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
