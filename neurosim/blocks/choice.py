"""Fields that hold one of several blocks: a word of a file says which, an object says it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from neurosim.blocks.block import Block
from neurosim.blocks.document import Document, shown
from neurosim.blocks.mistakes import BlockError, a_block, mistakes_of, nearest
from neurosim.blocks.words import Reading

__all__ = ["one_of"]


class one_of:  # noqa: N801  # read as a word of an annotation
    """Mark of a field that holds one of several blocks, told apart in files by the text at `key`.

    Each class names itself: ``law: Literal["leak"] = "leak"``. In Python the field takes any block
    of these classes and of the type `of`; a file names one of a class of your own by its word,
    where the reader has been taught the class.

    Parameters
    ----------
    *classes : type
        Blocks that a file can name.
    key : str
        Field with their words.
    of : type, optional
        Protocol or base class of blocks of one's own.
    """

    def __init__(self, *classes: type[BaseModel], key: str = "law", of: type | None = None) -> None:
        self.classes = classes
        self._key, self._of = key, of
        self._words = tuple(_word(cls, key) for cls in classes)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        allowed = get_args(source)
        # What is no block at all, as the number of levels.
        numbers = [part for part in allowed if int in (part, *get_args(part))]
        types = dict(zip(["number"], numbers, strict=False))
        types |= dict(zip(self._words, self.classes, strict=True))
        choices = {word: handler.generate_schema(one) for word, one in types.items()}

        def tag(value: Any) -> str:
            inside = isinstance(value, Mapping)
            word = value.get(self._key) if inside else getattr(value, self._key, None)
            return word if word in self._words else next(iter(choices))

        one = core_schema.with_info_wrap_validator_function(
            self._read,
            core_schema.tagged_union_schema(choices, tag),
            serialization=core_schema.simple_ser_schema("any"),
        )
        return core_schema.nullable_schema(one) if type(None) in allowed else one

    def _read(self, value: Any, handler: Any, info: Any) -> Any:
        if isinstance(value, Mapping):
            word = value.get(self._key)
            if word not in self._words:
                return self._own(value, word, info.context)
        elif isinstance(value, Block):
            return self._fitting(value)
        return handler(value)

    def _own(self, tree: Mapping[str, Any], word: Any, context: Any) -> Any:
        """A block of a class of one's own, which the reader has been taught."""
        for cls in context.laws if isinstance(context, Reading) else ():
            if word == _word(cls, self._key):
                return self._fitting(_read_own(cls, tree, context))
        said = f"but is {shown(word)}" if self._key in tree else "but is missing"
        text = f"must be one of {', '.join(self._words)}, {said}"
        if isinstance(word, str) and not nearest(word, self._words, 0.75):
            text += f"; a {self._key} of your own is read with laws=[its class]"
        raise BlockError([((self._key,), text)])

    def _fitting(self, value: Any) -> Any:
        """A block, refused where it is not of the type."""
        own_types = () if self._of is None else (self._of,)
        if isinstance(value, Block) and isinstance(value, (*self.classes, *own_types)):
            return value
        wanted = ", ".join(cls.__name__ for cls in self.classes)
        own = "".join(f" or a block that is {a_block(one)}" for one in own_types)
        raise ValueError(f"must be one of {wanted}{own}, but is {a_block(type(value))}")


def _read_own(cls: type[BaseModel], tree: Mapping[str, Any], context: Reading) -> BaseModel:
    try:
        return cls.model_validate(tree, context=context)
    except ValidationError as failure:
        found = mistakes_of(failure, cls, Document(None, tree))
        raise BlockError([(mistake.path, mistake.text) for mistake in found]) from None


def _word(cls: type[BaseModel], key: str) -> str:
    """By which a file names a class; no word where it has none, or several."""
    field = cls.model_fields.get(key)
    words = () if field is None else get_args(field.annotation)
    return str(words[0]) if len(words) == 1 else ""
