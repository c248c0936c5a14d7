"""Fields that hold one of several blocks: a word of a file says which, an object says it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from neurosim.blocks.block import Block
from neurosim.blocks.classes import Choices, word_of_class, wrong_word
from neurosim.blocks.document import Document, Location, shown
from neurosim.blocks.mistakes import BlockError, a_block, mistakes_of, nearest
from neurosim.blocks.words import Reading

__all__ = ["one_of"]


class one_of(Choices):  # noqa: N801  # read as a word of an annotation
    """Mark of a field that holds one of several blocks, told apart in files by the text at `key`.

    Each class names itself: ``law: Literal["leak"] = "leak"``; one may be `told_by` fields that it
    alone has, without its word. In Python the field takes any block
    of these classes and of the type `of`; a file names one of a class of your own by its word,
    where the reader has been taught the class.

    Parameters
    ----------
    *classes : type
        Blocks that a file can name.
    key : str
        Field with their words.
    of : type or tuple of type, optional
        Protocols or base classes of blocks of one's own.
    short : bool
        Whether a file may say the word alone, of a class whose other fields have defaults.
    """

    def __init__(
        self,
        *classes: type[BaseModel],
        key: str = "law",
        of: Any = None,
        short: bool = False,
    ) -> None:
        self.classes, self.key, self.short = classes, key, short
        self._of: tuple[type, ...] = of if isinstance(of, tuple) else (of,) if of else ()
        self._types = (*classes, *self._of)
        self._words = tuple(word_of_class(cls, key) for cls in classes)

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
            word = value.get(self.key) if inside else getattr(value, self.key, None)
            return word if word in self._words else next(iter(choices))

        one = core_schema.with_info_wrap_validator_function(
            self._read,
            core_schema.tagged_union_schema(choices, tag),
            serialization=core_schema.simple_ser_schema("any"),
        )
        return core_schema.nullable_schema(one) if type(None) in allowed else one

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        return {"anyOf": [{"enum": list(self._words)}, found]} if self.short else found

    def _read(self, value: Any, handler: Any, info: Any) -> Any:
        if self.short and not isinstance(value, Mapping | Block):
            word = value.strip() if isinstance(value, str) else value
            return self._of_word({self.key: word}, (), handler, info.context)
        if isinstance(value, Mapping):
            return self._of_word(self._told(value), (self.key,), handler, info.context)
        return self._fitting(value) if isinstance(value, Block) else handler(value)

    def _told(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        """The tree with the word of the one class that its fields tell, where it has none."""
        if self.key in tree:
            return tree
        told = [
            word
            for word, cls in zip(self._words, self.classes, strict=True)
            if any(name in tree for name in getattr(cls, "told_by", ()))
        ]
        return {self.key: told[0], **tree} if len(told) == 1 else tree

    def _of_word(self, tree: Mapping[str, Any], at: Location, handler: Any, context: Any) -> Any:
        """A block of the class that a word names, shipped or one that the reader was taught."""
        word = tree.get(self.key)
        laws = dict.fromkeys(context.laws if isinstance(context, Reading) else ())
        named = [cls for cls in laws if word == word_of_class(cls, self.key)]
        if word in self._words:
            shipped = self.classes[self._words.index(word)]
            named = [shipped, *(cls for cls in named if self._reads(cls, tree, context))]
        elif len(named) > 1:  # A word may name a law of drift and one of pulses.
            named = [cls for cls in named if self._reads(cls, tree, context)] or named
        if len(set(named)) > 1:
            names = " and ".join(cls.__name__ for cls in dict.fromkeys(named))
            raise BlockError([(at, f"must name one class, but {word!r} is the word of {names}")])
        if named:
            return handler(tree) if word in self._words else self._own(named[0], tree, context)
        said = f"but is {shown(word)}" if self.key in tree else "but is missing"
        text = f"must be one of {', '.join(self._words)}, {said}"
        if isinstance(word, str) and not nearest(word, self._words, 0.75):
            text += f"; {self.key} of your own: laws=[its class], or --laws FILE.py"
        raise BlockError([(at, text)])

    def _own(self, cls: type[BaseModel], tree: Mapping[str, Any], context: Reading) -> Any:
        """A block of a class of one's own, refused where it is not of the type."""
        return self._fitting(_read_own(cls, tree, context))

    def _reads(self, cls: type[BaseModel], tree: Mapping[str, Any], context: Reading) -> bool:
        """Whether a class of one's own makes a block of the type of a tree."""
        try:
            return isinstance(_read_own(cls, tree, context), self._types)
        except ValueError:
            return False

    def _fitting(self, value: Any) -> Any:
        """A block, refused where it is not of the type."""
        if isinstance(value, Block) and isinstance(value, self._types):
            cls = type(value)
            wrong = None if cls in self.classes else wrong_word(cls, self.classes, self.key)
            if wrong is not None:
                raise ValueError(wrong)
            return value
        wanted = ", ".join(cls.__name__ for cls in self.classes)
        own = "".join(f" or a block that is {a_block(one)}" for one in self._of)
        raise ValueError(f"must be one of {wanted}{own}, but is {a_block(type(value))}")


def _read_own(cls: type[BaseModel], tree: Mapping[str, Any], context: Reading) -> BaseModel:
    try:
        return cls.model_validate(tree, context=context)
    except ValidationError as failure:
        found = mistakes_of(failure, cls, Document(None, tree))
        raise BlockError([(mistake.path, mistake.text) for mistake in found]) from None
