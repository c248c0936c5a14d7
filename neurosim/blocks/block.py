"""Blocks of a profile or an experiment: frozen, checked, and silent about nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from neurosim.arguments import must_be, shown
from neurosim.blocks.classes import is_lost, own_classes
from neurosim.blocks.document import Document, Location
from neurosim.blocks.mistakes import SOURCES_ARE, BlockError, in_python, mistakes_of, nearest
from neurosim.blocks.origins import STATED_IN_CODE, Derived, checked_source
from neurosim.blocks.signature import PlainSignature
from neurosim.blocks.trees import changed, has, holds_number, paths_in, plain, turned_off, untouched
from neurosim.blocks.words import LEFT_OUT, Reading, as_values, as_written
from neurosim.errors import ProfileError

__all__ = ["Block", "Sourced"]


class Block(BaseModel):  # noqa: PLW1641  # pydantic makes the hash of frozen fields
    """A group of parameters; unknown keys, missing keys and later changes are errors.

    Attributes
    ----------
    stated : bool
        Of the class: whether a file of it states every field, also one that has a default in
        Python.
    may_be_left_out : tuple of str
        Of the class: fields that such a file need not state.
    unwritten : tuple of str
        Of the class: fields that a file says only where they are not at their default.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )
    stated: ClassVar[bool] = False
    may_be_left_out: ClassVar[tuple[str, ...]] = ()
    unwritten: ClassVar[tuple[str, ...]] = ()

    def __init__(self, /, *unnamed: Any, **fields: Any) -> None:
        if unnamed:
            name, first = type(self).__name__, _first_field(type(self))
            raise ProfileError(
                f"{name} must be given its fields by name, but is given {shown(unnamed[0])}; write "
                f"{name}({first}=...)."
            )
        try:
            self.__pydantic_validator__.validate_python(fields, self_instance=self)
        except ValidationError as failure:
            raise ProfileError(in_python(failure, type(self), fields)) from None

    # Blocks inside are made by pydantic itself, so that their mistakes keep their paths.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # pydantic looks for it

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.__signature__ = PlainSignature()  # type: ignore[assignment]  # a descriptor of one

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What differs from the defaults; sources are too long for one line."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name != "source" and (field.is_required() or value != field.default):
                yield name, value

    def __str__(self) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        """Whether all that was given is equal, whatever each has computed and kept of it."""
        if not isinstance(other, Block) or type(self) is not type(other):
            return NotImplemented
        own, others = self.__pydantic_private__, other.__pydantic_private__
        fields = type(self).model_fields
        return own == others and all(getattr(self, name) == getattr(other, name) for name in fields)

    def __dir__(self) -> list[str]:
        """Fields, and what a block itself does; nothing of pydantic's."""
        own = {name for cls in type(self).__mro__ for name in vars(cls) if _is_ours(cls, name)}
        return sorted({*type(self).model_fields, *own})

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        cls = type(self).__name__
        raise ProfileError(
            f"{cls}.{name} must stay as it is, but is given {shown(value)}; make a copy that "
            f"differs: with_value({name!r}, ...)."
        )

    def __delattr__(self, name: str) -> None:
        raise ProfileError(
            f"{type(self).__name__}.{name} must stay as it is, but is to be deleted; make a copy "
            "that differs, by with_value."
        )

    @classmethod
    def must_state(cls) -> tuple[str, ...]:
        """Fields that a file of such a block must state."""
        names = cls.model_fields if cls.stated else ()
        return tuple(
            name for name in names if name not in cls.may_be_left_out and name not in cls.unwritten
        )

    @model_validator(mode="before")
    @classmethod
    def _read_words(cls, tree: Any, info: ValidationInfo) -> Any:
        """Values in place of a file's words."""
        in_file = isinstance(info.context, Reading) and isinstance(tree, Mapping)
        return as_values(cls, tree) if in_file else tree

    @field_validator("*", mode="before")
    @classmethod
    def _is_given_and_no_switch(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what a file could not say, and true and false where a number may be.

        In Python these two are also 1 and 0.
        """
        if value is LEFT_OUT:
            raise PydanticKnownError("missing")
        field = cls.model_fields[info.field_name or ""]
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, bool) and {int, float} & _types_in(field.annotation):
                raise ValueError(f"must not be true or false, but is {str(one).lower()}")
            wrong = is_lost(type(one), field) if isinstance(one, Block) else None
            if wrong is not None:
                raise ValueError(wrong)
        return value

    def with_values(
        self, changes: Mapping[str, Any], *, root: str = "", also: Iterable[str] = ()
    ) -> Self:
        """Copy with several changes, checked anew when all are made.

        Parameters
        ----------
        changes : mapping from str to object
            New values by path: ``{"thermal.temperature_K": "ideal", "adc.bits": 6}``. They are read
            as a file's are: a mapping in place of a block states all its fields. Blocks are taken
            as they are.
        root : str
            Name of the block, which leads its paths in messages.
        also : iterable of str
            Names beside its paths that a misspelt one may stand for.

        Raises
        ------
        ProfileError
            There is no such path, or the changed block is not valid.
        """
        must_be(changes, Mapping, "Changes of a block", 'give values by path, {"adc.bits": 6}')
        for path in changes:
            must_be(path, str, "The path of a change", 'give one such as "adc.bits"')
        tree, lead = as_written(self, whole=True), f"{root}." if root else ""
        lost, made = list[str](), dict[str, Any]()
        for path, value in changes.items():
            if not has(tree, path):
                near = nearest(path, [*paths_in(tree), *also])
                hint = (
                    f"did you mean '{lead}{near}'?"
                    if near
                    else f"the fields are {', '.join(tree)}."
                )
                hint = turned_off(type(self), tree, path) or f"there is no such field; {hint}"
                lost.append(f"{lead}{path or repr(path)}: {hint}")
                continue
            tree, made[path] = changed(tree, path, plain(value)), value
        tree = untouched(tree, self, list(made))
        try:
            new = type(self).model_validate(tree, context=Reading(tuple(own_classes(self))))
        except ValidationError as failure:
            found = mistakes_of(failure, type(self), Document(None, tree))
            lost += [f"{lead}{mistake}" for mistake in found]
        if lost:
            raise ProfileError("\n".join(lost))
        return new

    def with_value(self, path: str, value: Any) -> Self:
        """Copy with one change: ``profile.with_value("adc.bits", 6)``. See `with_values`."""
        return self.with_values({path: value})


def _is_ours(cls: type, name: str) -> bool:
    """Whether a name of a class is for a person to use."""
    return issubclass(cls, Block) and not name.startswith(("_", "model_"))


def _first_field(cls: type[BaseModel]) -> str:
    """The field that a person most likely means to give: no source, and no word of a class."""
    said = [
        name
        for name, field in cls.model_fields.items()
        if name != "source" and get_origin(field.annotation) is not Literal
    ]
    return next(iter([*said, *cls.model_fields]), "field")


def _types_in(annotation: Any) -> set[type]:
    """Types that an annotation names, however deep in unions and tuples."""
    parts = get_args(annotation)
    if not parts:
        return {annotation} if isinstance(annotation, type) else set()
    return set().union(*map(_types_in, parts))


class Sourced(Block):
    """A block of a hardware profile: every number states where it comes from.

    A block that is made in Python is ``stated in code`` unless it says otherwise.

    Parameters
    ----------
    source : str or dict
        One text for the whole block, or one for each field that holds a number. A paper, a DOI, a
        data sheet, or ``assumed: <reason>``; ``ideal`` where no effect has a number. A field's
        source may be ``{text: ..., equals: ...}``, see `neurosim.blocks.origins.Derived`.
    """

    stated: ClassVar[bool] = True

    source: Annotated[str | dict[str, str | Derived], BeforeValidator(checked_source)] = (
        STATED_IN_CODE
    )

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
        found: list[tuple[Location, str]] = [
            (("source",), f"must say where {name} comes from: {SOURCES_ARE}") for name in missing
        ]
        found += [
            (("source", name), f"must name a field of this block: {', '.join(fields)}")
            for name in unknown
        ]
        if found:
            raise BlockError(found)
        return self
