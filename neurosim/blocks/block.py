"""Blocks of a profile or an experiment: frozen, checked, and silent about nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from neurosim.blocks.document import Document, Location
from neurosim.blocks.mistakes import (
    BlockError,
    class_at,
    has_defaults,
    mistakes_of,
    nearest,
)
from neurosim.errors import ProfileError

__all__ = ["Block", "Sourced", "holds_number", "is_number", "one_of", "plain"]


class Block(BaseModel):
    """A group of parameters; unknown keys, missing keys and later changes are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false, which are also 1 and 0 in Python, where a number may be."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and {int, float} & _types_in(field.annotation):
            raise ValueError(f"must not be true or false, but is {str(value).lower()}")
        return value

    def with_values(
        self, changes: Mapping[str, Any], *, root: str = "", also: Iterable[str] = ()
    ) -> Self:
        """Copy with several changes, checked anew when all are made.

        Parameters
        ----------
        changes : mapping from str to object
            New values by path: ``{"thermal.temperature_K": "ideal", "adc.bits": 6}``.
        root : str
            Name of the block, which leads its paths in messages.
        also : iterable of str
            Names beside its paths that a misspelt one may stand for.

        Raises
        ------
        ProfileError
            There is no such path, or the changed block is not valid.
        """
        tree, lead = self.model_dump(mode="python"), f"{root}." if root else ""
        for path, value in changes.items():
            known = list(_paths(tree))
            if path not in known:
                near = nearest(path, [*known, *also])
                hint = (
                    f"did you mean '{lead}{near}'?"
                    if near
                    else f"the fields are {', '.join(tree)}."
                )
                hint = _turned_off(type(self), tree, path) or f"there is no such field; {hint}"
                raise ProfileError(f"{lead}{path}: {hint}")
            tree = _changed(tree, path, plain(value))
        try:
            return type(self).model_validate(tree)
        except ValidationError as failure:
            found = mistakes_of(failure, type(self), Document(None, tree))
            raise ProfileError("\n".join(f"{lead}{mistake}" for mistake in found)) from None

    def with_value(self, path: str, value: Any) -> Self:
        """Copy with one change: ``profile.with_value("adc.bits", 6)``. See `with_values`."""
        return self.with_values({path: value})


def _types_in(annotation: Any) -> set[type]:
    """Types that an annotation names, however deep in unions and tuples."""
    parts = get_args(annotation)
    if not parts:
        return {annotation} if isinstance(annotation, type) else set()
    return set().union(*map(_types_in, parts))


def holds_number(value: Any) -> bool:
    """Whether a value is a number other than 0, or holds one that no source of its own covers."""
    if isinstance(value, Block):
        inside = {name: getattr(value, name) for name in type(value).model_fields}
        return holds_number(inside)
    if isinstance(value, Mapping):
        return "source" not in value and any(holds_number(v) for v in value.values())
    if isinstance(value, tuple | list):
        return any(holds_number(v) for v in value)
    return is_number(value) and value != 0


def _check_source(value: Any) -> Any:
    """A text, or a mapping of texts, each of which says something."""
    texts = list(value.values()) if isinstance(value, Mapping) else [value]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("must be text, or a mapping from this block's fields to texts")
    if any(re.fullmatch(r"assumed\s*:?\s*", text.strip(), re.IGNORECASE) for text in texts):
        raise ValueError("must give the reason of an assumption, as in 'assumed: <reason>'")
    return value


class Sourced(Block):
    """A block of a hardware profile: every number states where it comes from.

    Parameters
    ----------
    source : str or dict
        One text for the whole block, or one for each field that holds a number. A paper, a DOI, a
        data sheet, or ``assumed: <reason>``; ``ideal`` where no effect has a number.
    """

    source: Annotated[str | dict[str, str], BeforeValidator(_check_source)]

    @model_validator(mode="after")
    def _numbers_have_sources(self) -> Self:
        fields = [name for name in type(self).model_fields if name != "source"]
        numbers = [name for name in fields if holds_number(getattr(self, name))]
        if isinstance(self.source, str):
            missing = numbers if self.source.strip().lower() == "ideal" else []
            unknown = []
        else:
            missing = [name for name in numbers if name not in self.source]
            unknown = [name for name in self.source if name not in fields]
        advice = "a paper, a DOI, a data sheet, or 'assumed: <reason>'"
        found: list[tuple[Location, str]] = [
            (("source",), f"must say where {name} comes from: {advice}") for name in missing
        ]
        found += [
            (("source", name), f"must name a field of this block: {', '.join(fields)}")
            for name in unknown
        ]
        if found:
            raise BlockError(found)
        return self


def one_of(laws: tuple[str, ...], key: str = "law", other: str = "") -> tuple[Any, Any]:
    """For a field that holds one of several blocks, told apart by the text at `key`.

    Returns
    -------
    discriminator : pydantic.Discriminator
        Which block a value belongs to, by the `Tag` of its law; `other` for what is no block.
    check : pydantic.BeforeValidator
        Refuses a block without a known law in plain words.
    """

    def tag(value: Any) -> str:
        law = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
        return law if law in laws else other or laws[0]

    def named(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get(key) not in laws:
            said = f"but is {value[key]!r}" if key in value else "but is missing"
            raise BlockError([((key,), f"must be one of {', '.join(laws)}, {said}")])
        return value

    return Discriminator(tag), BeforeValidator(named)


def is_number(value: Any) -> bool:
    """Whether a field's value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: Any) -> Any:
    """The same value made of dicts (sources last), lists and Python's own scalars."""
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: item[0] == "source")
        return {key: plain(v) for key, v in items}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    # NumPy's numbers, as a sweep over an array hands them in.
    return value.tolist() if hasattr(value, "tolist") else value


def _paths(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted paths of all fields."""
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def _changed(tree: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Copy of `tree` with another value at `path`.

    A number that changes comes from another source from then on: it was set here.
    """
    out = dict(tree)
    key, _, rest = path.partition(".")
    if rest:
        out[key] = _changed(out[key], rest, value)
        return out
    old, source = out[key], out.get("source")
    out[key] = value
    if source and key != "source" and old != value and (is_number(old) or old == "ideal"):
        if not isinstance(source, Mapping):
            source = {name: source for name, v in tree.items() if holds_number(v)}
        out["source"] = {**source, key: f"assumed: set in place of {old}"}
    return out


def _turned_off(cls: type[BaseModel], tree: dict[str, Any], path: str) -> str | None:
    """What to do where `path` leads into a block that is off; None where it does not."""
    keys, value = path.split("."), cast(Any, tree)
    for k, key in enumerate(keys[:-1], 1):
        value = value.get(key) if isinstance(value, Mapping) else None
        inside = class_at(cls, tuple(keys[:k]), tree)
        if value in (None, "ideal") and inside is not None and keys[k] in inside.model_fields:
            on = f"`{key}: {{}}` turns it on"
            way = on if has_defaults(inside) else f"give {key} with all its fields"
            return f"{key} is {value or 'off'} there; {way}"
    return None
