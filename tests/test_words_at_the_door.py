"""Inside, things are objects: no code asks which of the shipped ones it has before it.

The syntax trees say where a thing is told apart by its word or its class: by a comparison, by `in`,
by `match` or by `isinstance`; and where a table goes from words or classes to something else. A
kind of thing is one more entry of `KINDS`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import neurosim
from neurosim.blocks.block import Block
from neurosim.circuit import (
    Imperfect,
    amplified,
    amplifiers,
    by_layer,
    diodes,
    oscillator,
    outputs,
    resistive,
)
from neurosim.converters import readout
from neurosim.devices import drift, levels, pulses
from neurosim.host import answers, asymmetric, coupled, descents, flow, gradep, injected
from neurosim.solvers import engines

PACKAGE = Path(neurosim.__file__).parent


@dataclass(frozen=True)
class Kind:
    """A kind of thing that comes in several classes.

    Attributes
    ----------
    modules : where the shipped classes are
    key : the field in which each of them has its word
    names : names of variables, fields and keys that hold one
    shared : words of theirs that other things have too
    maps : files besides their own that may have tables from their classes to something else
    """

    modules: tuple[ModuleType, ...]
    key: str
    names: frozenset[str]
    shared: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()

    @cached_property
    def classes(self) -> frozenset[str]:
        """The shipped ones."""
        return frozenset(cls.__name__ for cls in self.shipped)

    @cached_property
    def shipped(self) -> list[type]:
        """Every class of the modules that is no Protocol."""
        return [
            value
            for module in self.modules
            for value in vars(module).values()
            if isinstance(value, type) and value.__module__ == module.__name__
            if not getattr(value, "_is_protocol", False) and issubclass(value, Block | Imperfect)
        ]

    @cached_property
    def words(self) -> frozenset[str]:
        """What files call them, less what other things are called too."""
        fields = [cls.model_fields.get(self.key) for cls in self.shipped if issubclass(cls, Block)]
        words = [get_args(field.annotation) for field in fields if field]
        return frozenset(word for found in words for word in found) - self.shared

    @cached_property
    def homes(self) -> frozenset[str]:
        """Files that may tell them apart: their own, the netlist's texts, and the oracle's."""
        own = {Path(m.__file__).relative_to(PACKAGE).as_posix() for m in self.modules}
        return frozenset(own | {"netlists/texts.py", "ideal/activations.py", "ideal/network.py"})


# Other programs, other formats and the oracle have something of their own for each class.
OTHERS = {"analysis/oracle.py", "bench/peers.py", "bench/train.py"}
OTHERS |= {"tables/equations.py", "tables/nir_graph.py"}
KINDS = {
    # `gradient` is a way of sampling too.
    "law": Kind(
        (amplified, by_layer, resistive, oscillator),
        "law",
        frozenset({"law"}),
        frozenset({"gradient"}),
        frozenset(OTHERS),
    ),
    "amplifier": Kind(
        (amplifiers, outputs),
        "amplifier",
        frozenset({"amplifier", "activation"}),
        # `linear` is a scale and a way between points of a table too.
        frozenset({"linear"}),
        frozenset(OTHERS),
    ),
    "diode": Kind(
        (diodes,),
        "diode",
        frozenset({"diode"}),
        # A word of every profile, and what a sweep and a picture have.
        frozenset({"ideal", "points"}),
        frozenset({"netlists/passive.py", "tables/equations.py"}),
    ),
    "engine": Kind(
        (engines,),
        "engine",
        frozenset({"engine", "settling"}),
        maps=frozenset({"bench/settle.py", "bench/train.py"}),
    ),
    "device": Kind(
        (drift, pulses, levels),
        "law",
        frozenset({"law"}),
        # Of a scale, of a curve, of what noise is counted by, and of a column of measurements.
        frozenset({"log", "table", "power", "conductance", "resistance"}),
        frozenset(),
    ),
    "readout": Kind((readout,), "kind", frozenset({"readout"})),
    # `flow` is a field and a word of every day.
    "task": Kind((flow, answers), "task", frozenset({"task"}), frozenset({"flow"})),
    "rule": Kind((gradep, coupled, injected, asymmetric), "rule", frozenset({"rule"})),
    "optimizer": Kind((descents,), "optimizer", frozenset({"optimizer"})),
}


@cache
def texts(node: ast.AST) -> frozenset[str]:
    """Constant texts of an expression or a pattern."""
    constants = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return frozenset(value for value in constants if type(value) is str)


@cache
def names(node: ast.AST) -> frozenset[str]:
    """Names of variables and attributes, and texts that are keys or names of attributes."""
    found = set(texts(node))
    for n in ast.walk(node):
        if isinstance(n, ast.Name):
            found.add(n.id)
        elif isinstance(n, ast.Attribute):
            found.add(n.attr)
    return frozenset(found)


def told_apart(node: ast.AST, kind: Kind) -> bool:
    """Whether a node of a tree tells things of this kind apart."""
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        plain = (ast.Constant, ast.Tuple, ast.List, ast.Set)
        words = set().union(*(texts(o) for o in operands if isinstance(o, plain)))
        asked = set().union(*(names(o) for o in operands if not isinstance(o, plain)))
        classes = set().union(*map(names, operands)) & kind.classes
        return bool(classes or words & kind.words or (words and asked & kind.names))
    if isinstance(node, ast.Match):
        patterns = [case.pattern for case in node.cases]
        words = set().union(*map(texts, patterns))
        classes = set().union(*map(names, patterns)) & kind.classes
        return bool(classes or words & kind.words or (words and names(node.subject) & kind.names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        asks = node.func.id in {"isinstance", "issubclass"} and len(node.args) > 1
        return asks and bool(names(node.args[1]) & kind.classes)
    return False


def tabulated(node: ast.AST, kind: Kind) -> bool:
    """Whether a node is a table that has things of this kind for its keys."""
    if not isinstance(node, ast.Dict):
        return False
    keys = [key for key in node.keys if key is not None]
    words = {key.value for key in keys if isinstance(key, ast.Constant)}
    classes = {key.id for key in keys if isinstance(key, ast.Name)}
    return bool(words & kind.words or classes & kind.classes)


@cache
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    """Of the syntax tree of a file, those that may tell things apart."""
    telling = ast.Compare, ast.Match, ast.Call, ast.Dict
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, telling))


def found(source: str, where: str, kind: Kind) -> Iterator[int]:
    """Lines of a file that tell things apart where that file must not."""
    for node in nodes_of(source):
        if where not in kind.homes and told_apart(node, kind):
            yield node.lineno
        if where not in kind.homes | kind.maps and tabulated(node, kind):
            yield node.lineno


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_told_apart_by_its_word_or_its_class(kind):
    bad = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in found(
            path.read_text("utf-8"), path.relative_to(PACKAGE).as_posix(), KINDS[kind]
        )
    ]
    assert not bad, f"a {kind} is told apart: {', '.join(bad)}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_knows_shipped_classes_with_words_and_only_files_that_are_there(kind):
    for path in KINDS[kind].homes | KINDS[kind].maps:
        assert (PACKAGE / path).is_file()
    assert len(KINDS[kind].classes) > 1
    assert KINDS[kind].words


@pytest.mark.parametrize(
    "line",
    [
        'if node.law == "gradient": pass',
        'if "gradient" != law: pass',
        'x = 1 if profile["law"] == "gradeint" else 2',
        'if getattr(node, "law") == "gradient": pass',
        'if word in ("hopfield", "other"): pass',
        'if law in {"gradient"}: pass',
        'match node.law:\n    case "gradient": pass',
        "match law:\n    case circuit.Gradient(): pass",
        "match x:\n    case Hopfield() | Gradient(): pass",
        "if isinstance(law, Gradient): pass",
        "if isinstance(x, (int, laws.Hopfield)): pass",
        "if type(law) is Gradient: pass",
        "if type(law) in (Gradient, Hopfield): pass",
        "if law == Gradient(): pass",
        "{Gradient: 1, Hopfield: 2}[type(law)]",
        '{"hopfield": 1}[law]',
    ],
)
def test_the_search_finds_a_law_that_is_told_apart(line):
    assert list(found(line, "chip/chip.py", KINDS["law"]))


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("engine", 'if profile.settling.engine == "operating_point": pass'),
        ("engine", "if isinstance(engine, OperatingPoint): pass"),
        ("device", "if isinstance(profile.drift, Leak): pass"),
        ("device", 'if pulse.law in ("soft_bounds",): pass'),
        ("readout", 'if readout.kind == "cds": pass'),
        ("readout", "match readout:\n    case DoubleSampling(): pass"),
        ("amplifier", "x = isinstance(a, UnitAmplifier)"),
        ("task", 'if experiment.task.task == "flow": pass'),
        ("task", "if isinstance(how.task, Classify): pass"),
        ("optimizer", 'if experiment.optimizer == "adam": pass'),
    ],
)
def test_the_search_finds_other_things_that_are_told_apart(kind, line):
    assert list(found(line, "chip/chip.py", KINDS[kind]))


@pytest.mark.parametrize(
    "line",
    [
        'if sampling.mode == "gradient": pass',
        "if law.unit_weights: pass",
        "if law in laws: pass",
        "if isinstance(law, Law): pass",
        'title = f"{law}"',
        "law = Gradient()",
        'match mode:\n    case "gradient": pass',
        '{"gradient": 1}[mode]',
    ],
)
def test_the_search_leaves_other_things_alone(line):
    assert not list(found(line, "chip/chip.py", KINDS["law"]))


def test_a_table_is_for_the_rooms_that_have_one_and_a_question_is_not():
    line = "{Gradient: 1}\nif isinstance(law, Gradient): pass"
    assert list(found(line, "bench/peers.py", KINDS["law"])) == [2]
    assert not list(found(line, "netlists/texts.py", KINDS["law"]))


def test_a_plain_search_finds_no_word_compared_outside_the_reader_and_the_oracle():
    told = re.compile(r"(law|engine|kind|amplifier) *(==|!=) *[\"']")
    package = Path(neurosim.__file__).parent
    rooms = [package / name for name in ("blocks", "ideal")]
    lines = [
        f"{file.relative_to(package)}: {line.strip()}"
        for file in sorted(package.rglob("*.py"))
        if not any(file.is_relative_to(room) for room in rooms)
        for line in file.read_text("utf-8").splitlines()
        if told.search(line)
    ]
    assert not lines
