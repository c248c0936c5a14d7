"""Which blocks a type allows, and which of them a tree of values is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from neurosim.blocks.document import Location

__all__ = [
    "Choices",
    "called",
    "class_at",
    "classes_in",
    "classes_of",
    "has_defaults",
    "is_inside",
    "is_lost",
    "own_classes",
    "word_of_class",
    "wrong_word",
]


class Choices:
    """Mark of a type that says which blocks it may be."""

    classes: tuple[type[BaseModel], ...]


def classes_in(annotation: Any) -> list[type[BaseModel]]:
    """Blocks that a type allows, however deep in unions and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    marks = getattr(annotation, "__metadata__", ())
    named = [cls for mark in marks if isinstance(mark, Choices) for cls in mark.classes]
    return named or [cls for part in get_args(annotation) for cls in classes_in(part)]


def classes_of(field: FieldInfo) -> list[type[BaseModel]]:
    """Blocks that a field may hold."""
    named = [cls for mark in field.metadata if isinstance(mark, Choices) for cls in mark.classes]
    return named or classes_in(field.annotation)


def class_at(cls: type[BaseModel], path: Location, tree: Any) -> type[BaseModel] | None:
    """Class of the block at `path` below `cls`; of several, the likeliest."""
    found = [cls]
    for key in path:
        if isinstance(key, str):  # An item of a list has the field's own classes.
            field = _likeliest(found, tree).model_fields.get(key)
            found = classes_of(field) if field else []
        if not found:
            return None
        tree = tree[key] if is_inside(tree, key) else None
    return _likeliest(found, tree)


def _likeliest(classes: list[type[BaseModel]], tree: Any) -> type[BaseModel]:
    """The class whose law or kind the tree names, or else that with most of its keys, or fewest."""
    given = tree if isinstance(tree, dict) else {}

    def fit(one: type[BaseModel]) -> tuple[int, int, int]:
        fields = {key: one.model_fields[key] for key in given if key in one.model_fields}
        named = sum(given[key] in get_args(field.annotation) for key, field in fields.items())
        return named, len(fields), -len(one.model_fields) if fields else 0

    return max(classes, key=fit)


def own_classes(block: BaseModel) -> Iterator[type[BaseModel]]:
    """Classes of the blocks inside that are none of those their fields name."""
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if isinstance(value, BaseModel):
            if type(value) not in classes_of(field):
                yield type(value)
            yield from own_classes(value)


def word_of_class(cls: type[BaseModel], key: str) -> str:
    """By which a file names a class; no word where it has none, or several."""
    field = cls.model_fields.get(key)
    words = () if field is None or get_origin(field.annotation) is not Literal else field.annotation
    found = get_args(words)
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""


def called(part: object) -> str:
    """What a part is called in a message: the word by which a file names it, or its class."""
    cls = type(part)
    if not issubclass(cls, BaseModel):
        return cls.__name__
    words = (word_of_class(cls, key) for key in cls.model_fields)
    return next((word for word in words if word), cls.__name__)


def wrong_word(cls: type[BaseModel], shipped: Sequence[type[BaseModel]], key: str) -> str | None:
    """What is wrong with the word at `key` of a class of one's own; None where nothing is."""
    word, name = word_of_class(cls, key), cls.__name__
    advice = f'write {key}: Literal["my_word"] = "my_word" in {name}'
    taken = [one.__name__ for one in shipped if word_of_class(one, key) == word]
    if not word:
        wanted, said = "a word by which files name it, a Literal", "is none"
    elif taken:
        wanted, said = "a word of its own", f"is '{word}', that of {taken[0]}"
    else:
        return None
    return f"must have {wanted}, but {name}.{key} {said}; {advice}"


def is_lost(cls: type[BaseModel], field: FieldInfo) -> str | None:
    """What is wrong with a `cls` where a file says the fields of one class, and not which."""
    shipped = classes_in(field.annotation)
    chosen = any(isinstance(mark, Choices) for mark in field.metadata)
    if chosen or cls in shipped or not issubclass(cls, tuple(shipped)):
        return None
    wanted = " or ".join(one.__name__ for one in shipped)
    return (
        f"must be {wanted} itself, but is {cls.__name__}, a class made from it, which no file can "
        f"name; give a {wanted} with other fields"
    )


def has_defaults(cls: type[BaseModel]) -> bool:
    """Whether a file of the block may leave out every field."""
    stated: tuple[str, ...] = getattr(cls, "must_state", tuple)()
    return not stated and not any(field.is_required() for field in cls.model_fields.values())


def is_inside(tree: Any, part: str | int) -> bool:
    """Whether a tree has something at a key, or a list at an index."""
    if isinstance(tree, dict):
        return part in tree
    return isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)
