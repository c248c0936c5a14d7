"""Text of whatever origin, made safe for where it goes: a terminal, a page, a comment in code.

Hidden characters are those that nobody sees but programs obey: control characters, line separators,
marks of writing direction and other formats, and halves of surrogate pairs, which no file can hold.
(Joiners, of which many scripts and emoji are made, are none.)
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from unicodedata import category

__all__ = [
    "comment",
    "counted",
    "has_hidden",
    "in_columns",
    "one_digit",
    "one_line",
    "printable",
    "quoted",
    "two_digits",
]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
_NOT_PRINTED_ASCII = re.compile(r"[^ -~]")
# Between the characters of what C or Verilog would obey within a comment, trigraphs among them.
_MARKS = re.compile(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=\?)(?=\?)")


def _is_hidden(character: str) -> bool:
    return category(character) in _HIDDEN and character not in _JOINERS


def _without_hidden(text: str, instead: Callable[[str], str]) -> str:
    return _NOT_PRINTED_ASCII.sub(lambda c: instead(c[0]) if _is_hidden(c[0]) else c[0], text)


def _escaped(text: str, kept: str) -> str:
    return _without_hidden(text, lambda c: c if c in kept else _escape(c))


def _escape(character: str) -> str:
    """As JSON, YAML, C and Python write it."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def has_hidden(text: str) -> bool:
    """Whether a text has a hidden character, line breaks and tabs among them."""
    return any(map(_is_hidden, _NOT_PRINTED_ASCII.findall(text)))


def one_line(text: str) -> str:
    r"""The text with every hidden character as an escape.

    Examples
    --------
    >>> print(one_line("red \x1b[31m\ntext"))
    red \u001b[31m\u000atext
    """
    return _escaped(text, kept="")


def in_columns(lines: Sequence[Sequence[str]], left: int = 0) -> str:
    """Cells under each other, those of the first `left` columns flush left, the others right.

    Examples
    --------
    >>> print(in_columns([["way", "C/g"], ["alone", "8"]], left=1))
    way    C/g
    alone    8
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """The text with every hidden character as an escape but line breaks (LF) and tabs."""
    return _escaped(text, kept="\n\t")


def comment(text: object) -> str:
    r"""The text as part of a comment on one line of C, Verilog, SPICE or YAML.

    Hidden characters are spaces; what would end or begin a comment, a trigraph or a last backslash
    is broken.

    Examples
    --------
    >>> comment("a */ int b; /*\n.end")
    'a * / int b; / * .end'
    """
    plain = _without_hidden(str(text), lambda _: " ")
    return _MARKS.sub(" ", plain).rstrip("\\ ")


def counted(n: int, what: str) -> str:
    """A number of things, as many as it says.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row"), counted(0, "class")
    ('1 row', '2,000 rows', '0 classes')
    """
    ending = "" if n == 1 else "es" if what.endswith("s") else "s"
    return f"{n:,} {what}{ending}"


def one_digit(value: float) -> str:
    """A number of one digit, written out.

    Examples
    --------
    >>> one_digit(12.3), one_digit(0.0456)
    ('10', '0.05')
    """
    return f"{float(f'{value:.1g}'):g}"


def two_digits(value: float) -> str:
    """A number of two digits; a large one whole.

    Examples
    --------
    >>> two_digits(0.123), two_digits(4321.0)
    ('0.12', '4,321')
    """
    return f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"


def quoted(path: Path) -> str:
    """The path as a word of a command that a shell understands, and takes for no option.

    Examples
    --------
    >>> quoted(Path("my run")), quoted(Path("-run"))
    ("'my run'", './-run')
    """
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
