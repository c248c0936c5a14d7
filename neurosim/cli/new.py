"""The command `neurosim profiles new`. Heavy packages are imported inside."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from neurosim.cli.common import FOLDER, check_output, say
from neurosim.safe_text import quoted

if TYPE_CHECKING:
    from neurosim.profile import Profile

__all__ = ["new"]


class _Question(NamedTuple):
    """What is asked of one field, and how it may be answered."""

    path: str
    text: str
    ways: str = ""
    choices: tuple[str, ...] = ()


_QUESTIONS = (
    _Question("name", "Name"),
    _Question("summary", "What it is, in a line"),
    _Question("layers", "Sizes of the layers, the visible one first"),
    _Question(
        "node.law", "How couplings drive a node", ": hopfield or gradient", ("hopfield", "gradient")
    ),
    _Question("node.unit_V", "Voltage that is 1, where a tanh saturates"),
    _Question("node.leak_S", "Leak of a node, the conductance of weight 1"),
    _Question("node.capacitance_F", "Capacitance of a node"),
    _Question("node.release_capacitance_F", "Capacitance of a visible node that is released"),
    _Question("coupling.full_scale", "Largest weight"),
    _Question("coupling.levels", "Levels of a device", ", or ideal"),
    _Question("write.noise", "Noise of a write, over the full conductance", ", or ideal"),
    _Question("dac.bits", "Bits of the DACs", ", or ideal"),
    _Question("adc.bits", "Bits of the ADCs", ", or ideal"),
    _Question("mismatch.coupling", "Mismatch of couplings, a standard deviation", ", or ideal"),
    _Question("thermal.temperature_K", "Temperature", ", or ideal for no noise"),
    _Question("supply.amplifier_W", "Power of an amplifier"),
)
_BACK, _OWN = "<", "my own design"
# Answers to these are text.
_TEXTS = ("name", "summary")
# Columns of the file.
_WIDE = 100


_HEAD = """\
# Written by `neurosim profiles new` from answers and, where none was given, as {base} has it.
# The sources say which numbers are assumed: put your own in their place, and where they come from.
# Check it with: neurosim profiles check {file}
#   - A number is in SI units, or text with a prefix and its unit: 1.0e-5 and `10 uS` are the same.
#   - `ideal` says that there is no such effect.
# A comment is the first sentence on its field. The rest is in the JSON schema, which editors show,
# {schema}
# and is told in Python, as by help(neurosim.Node).
"""


@click.command("new")
@click.argument("file", type=FOLDER, metavar="FILE.yaml")
@click.option(
    "--like",
    default="cmos_rc_6bit",
    show_default=True,
    metavar="NAME_OR_PATH",
    help="The profile whose numbers are offered, and stay where nothing is asked.",
)
def new(file: Path, like: str) -> None:
    """Write a profile of your own from up to 17 questions.

    Enter takes what is offered, < goes back to the question before. Numbers take units, as in
    2.5 pF; numbers whose source derives them from others follow. What you give has the source that
    you name at the end; what you do not is said to be assumed, as in the profile that you began
    from. Above each field of the file stands what it is.
    """  # fmt: skip
    from neurosim.blocks.adopted import adopted
    from neurosim.blocks.names import as_name
    from neurosim.errors import DataError
    from neurosim.outputs import write_text
    from neurosim.profile import load_profile

    if file == Path("-"):
        raise DataError("A profile must be written to a file, but is asked for on standard output.")
    check_output(file, as_json=False, suffixes={".yaml", ".yml"})
    if file.exists():
        raise DataError(f"{file} must be a new file, but exists; give another.")
    base = load_profile(like)
    begun = {"name": as_name(file.stem), "summary": f"As {base.name}, but ..."}
    profile = base.with_values(begun | {"description": ""})
    say(f"Enter takes what is offered; {_BACK} goes back to the question before.", err=True)
    try:
        profile, given, source = _answers(profile)
    except click.Abort:
        raise DataError(
            "The questions must be answered to the end, but were stopped; nothing was written."
        ) from None
    profile = adopted(profile, base.name, dict.fromkeys(given, source))
    write_text(file, _text(profile, base, given, file))
    say(f"{file}: written; see what follows from it with: neurosim profiles check {quoted(file)}")


def _answers(profile: Profile) -> tuple[Profile, list[str], str]:
    """The profile with all answers, the fields that were given, and where numbers come from."""
    given: list[str] = []
    before: list[tuple[int, Profile, list[str]]] = []
    at, told = 0, dict[str, str]()
    while True:
        while at < len(_QUESTIONS):
            question = _QUESTIONS[at]
            if _offered(profile, question.path) is None:
                at += 1
                continue
            answered = _asked(profile, question, told)
            if answered is None:
                at, profile, given = before.pop() if before else (at, profile, given)
                continue
            before.append((at, profile, given))
            changed, is_given = answered
            at, profile = at + 1, changed
            given = [*given, question.path] if is_given else given
        source = _prompt("Where your numbers come from", _OWN)
        if source != _BACK:
            return profile, given, source or _OWN
        at, profile, given = before.pop()


def _text(profile: Profile, base: Profile, given: list[str], file: Path) -> str:
    """The file: each field has a comment that says what it is; what was asked for, also whose."""
    from neurosim.blocks.explained import explained
    from neurosim.blocks.files import dump_block
    from neurosim.blocks.splice import commented
    from neurosim.blocks.words import as_written
    from neurosim.profile import shipped_profiles

    comments = {
        path: _fitting(text, path, _offered(profile, path))
        for path, text in explained(profile, as_written(profile)).items()
    }
    for path, text, *_ in _QUESTIONS:
        value, there = _offered(profile, path), _offered(base, path)
        if value is None or path in _TEXTS:
            continue
        whose = f"as {base.name} has it"
        if path in given:
            whose = "given at `profiles new`"
        elif value != there:
            whose = f"follows from what was given, as in {base.name}"
        comments[path] = f"{text}: {value} ({whose})"
    schema = next(iter(shipped_profiles().values())).with_name("schema.json")
    head = _HEAD.format(base=base.name, file=quoted(file), schema=quoted(schema))
    text = commented(dump_block(profile), comments, str(file))
    return head + re.sub(r"^# ", "\n# ", text, flags=re.MULTILINE)


def _fitting(text: str, path: str, value: str | None) -> str:
    """A comment that fits its line, with the value where a unit says more than the number below."""
    said = f": {value}" if value and re.fullmatch(r"-?[\d.]+ \w+", value) else ""
    room = _WIDE - len("# ") - 2 * path.count(".") - len(said)
    return textwrap.shorten(text, room, placeholder=" ...") + said


def _prompt(text: str, offered: str) -> str:
    """An answer; empty where what is offered is taken."""
    asked = f"{text} [{offered}]"
    return str(click.prompt(asked, default="", show_default=False, err=True)).strip()


def _asked(
    profile: Profile, question: _Question, told: dict[str, str]
) -> tuple[Profile, bool] | None:
    """The profile with one answer, asked again until it is one; whether one was given.

    None where the question before is wanted again. What was `told` of this one is offered.
    """
    from neurosim.blocks.sources import followed
    from neurosim.errors import ProfileError

    before = told.get(question.path)
    offered = before or str(_offered(profile, question.path))
    while True:
        answer = _prompt(question.text + question.ways, offered)
        if answer == _BACK:
            return None
        if not answer and before is None:
            return profile, False
        answer = answer or str(before)
        if question.choices and answer not in question.choices:
            said = f"must be {' or '.join(question.choices)}, but is {answer}; other kinds of nodes"
            say(f"{question.path}: {said} begin from a profile that has them: --like.", err=True)
            continue
        value = [int(n) for n in answer.split(",")] if _is_list(answer) else answer
        try:
            read = value if question.path in _TEXTS else _number(value)
            changed = followed(profile.with_values({question.path: read}))
            told[question.path] = answer
            read_as = str(_offered(changed, question.path))
            if answer not in (read, read_as) and not _is_list(answer):
                say(f"{question.path}: {answer} is read as {read_as}.", err=True)
            return changed, True
        except ProfileError as error:
            said = str(error)
            if not said.startswith(question.path):
                said = f"{question.path}: {answer} does not go with what follows from it: {said}"
            say(said, err=True)


def _is_list(answer: str) -> bool:
    return "," in answer and all(part.strip().isdecimal() for part in answer.split(","))


def _number(value: Any) -> Any:
    """Text that is a bare number as one; anything else as it is."""
    if not str(value).isascii() or "_" in str(value):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError):
            continue
    return value


def _offered(profile: Profile, path: str) -> str | None:
    """A field as a person would write it; None where the block is not there, or it is a curve."""
    from neurosim.blocks.units import format_value
    from neurosim.blocks.words import as_written

    found: Any = as_written(profile)
    for key in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    if isinstance(found, dict) or (isinstance(found, list) and path != "layers"):
        return None
    return found if isinstance(found, str) else format_value(path, found)
