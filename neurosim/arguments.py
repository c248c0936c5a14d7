"""Arguments of another type than they are said to be: what must hold, what it is, what to do."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from neurosim.errors import DataError, NeurosimError

__all__ = ["answer", "check_fields", "checked", "must_be", "must_be_classes", "shown"]

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


def must_be_classes(values: object, base: type, what: str) -> None:
    """Refuse anything but a list of classes made from `base`.

    Raises
    ------
    DataError
        As said.
    """
    must_be(values, Sequence, what, "give a list of classes, as [Mine]")
    for value in cast(Sequence[object], values):
        if not (isinstance(value, type) and issubclass(value, base)):
            raise DataError(
                f"{what} must hold classes of your own made from {base.__name__}, but holds "
                f"{shown(value)}; give the class itself, as [Mine]."
            )


def answer(part: object, call: str, *given: Any, shape: tuple[int, ...] | None = None) -> Any:
    """What a method of a part, perhaps the user's own, returns; where it fails, the part is named.

    Raises
    ------
    DataError
        It raises something, or returns no array of `shape`.
    """
    name = f"{type(part).__name__}.{call}"
    try:
        found = getattr(part, call)(*given)
    except NeurosimError:
        raise
    except Exception as error:  # Whatever the user's own code raises is told in one line.
        text = " ".join(str(error).split())
        raise DataError(
            f"{name} must return a result, but stops with {type(error).__name__} ({text}); mend it."
        ) from error
    got = getattr(found, "shape", None)
    if shape is not None and got != shape:
        said = shown(found) if got is None else f"one of shape {got}"
        raise DataError(f"{name} must return an array of shape {shape}, but is {said}; mend it.")
    return found


def checked(**advice: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: arguments are of the types that the annotations say.

    Parameters
    ----------
    **advice : str
        What to do, by argument; of the others "see help" of the function. A keyword that it does
        not have, or one that is missing, is told too.

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
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError:
                text = _misfit(signature, args, kwargs, advice)
                raise DataError(f"{owner} must be given {text}") from None
            for name, value in given.items():
                kinds = hints().get(name, Any)
                must_be(value, kinds, f"{owner}.{name}", advice.get(name, f"see help(ns.{owner})"))
                base = _class_in(kinds)
                if base is not None:
                    must_be_classes(value, base, f"{owner}.{name}")
            return function(*args, **kwargs)

        return call

    return decorate


def _misfit(
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    advice: Mapping[str, str],
) -> str:
    """Why arguments do not fit a signature, and what to do."""
    known = {p.name: p for p in signature.parameters.values() if p.name != "self"}
    for name in kwargs:
        if name not in known:
            near = next(iter(difflib.get_close_matches(name, known, 1)), None)
            do = f"did you mean {near!r}?" if near else "leave it out."
            return f"some of {', '.join(known)}, but is given {name!r}; {do}"
    places = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if len(args) > len(places):
        later = ", ".join(f"{p.name}=..." for p in known.values() if p.kind is p.KEYWORD_ONLY)
        n, own = len(places), "self" in signature.parameters
        do = f"give others by name: {later}." if later else "leave the last ones out."
        return f"at most {n - own} arguments without a name, but is given {len(args) - own}; {do}"
    for k, place in enumerate(places):
        if k < len(args) and place.name in kwargs:
            return f"{place.name} once, but is given it by place and by name; leave one out."
        if k >= len(args) and place.default is place.empty and place.name not in kwargs:
            do = advice.get(place.name, f"write {place.name}=...")
            return f"{place.name}, but is not; {do}."
    return f"{', '.join(known)}, but is given others; see its help."


def _class_in(kinds: Any) -> type | None:
    """Class of which the items of a list must be made; None where they are no classes."""
    items = get_args(kinds) if get_origin(kinds) is Sequence else ()
    if not items or get_origin(items[0]) is not type:
        return None
    found: type = get_args(items[0])[0]
    return found


def check_fields(block: Any, **advice: str) -> None:
    """As `checked`, of the fields that a dataclass was made with."""
    name, hints = type(block).__name__, get_type_hints(type(block))
    for field in fields(block):
        if field.init:
            do = advice.get(field.name, f"see help(ns.{name})")
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
