"""Inside, things are objects: no code asks which of the shipped ones it has before it.

The syntax trees say where a thing is told apart by its word or its class: by a comparison, by `in`,
by `match` or by `isinstance`; and where a table goes from words or classes to something else. A
kind of thing is one more entry of `KINDS`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import neurosim
from neurosim import circuit
from neurosim.chip.words import AMPLIFIERS, LAWS

PACKAGE = Path(neurosim.__file__).parent


@dataclass(frozen=True)
class Kind:
    """A kind of thing that comes in several classes.

    Attributes
    ----------
    module : where the shipped classes are
    names : names of variables, fields and keys that hold one
    words : what files call the shipped ones, less words that other things have too
    classes : the shipped ones
    homes : files that may tell them apart
    maps : files that may besides have tables from their classes to something of their own
    """

    module: ModuleType
    names: frozenset[str]
    words: frozenset[str]
    classes: frozenset[str]
    homes: frozenset[str]
    maps: frozenset[str]


# The reader of a profile's words, the netlist's texts, and the oracle, which shares no code.
EVERYWHERE = {"chip/words.py", "netlists/texts.py", "ideal.py"}
# Other programs, other formats and the oracle have something of their own for each class.
OTHERS = {"analysis/oracle.py", "bench/peers.py", "bench/train.py", "tables/nir_graph.py"}
KINDS = {
    "law": Kind(
        module=circuit.laws,
        names=frozenset({"law"}),
        # `gradient` is a way of sampling too.
        words=frozenset(LAWS) - {"gradient"},
        classes=frozenset({"Hopfield", "Gradient", "ByLayer"}),
        homes=frozenset(EVERYWHERE | {"circuit/laws.py"}),
        maps=frozenset(OTHERS),
    ),
    "amplifier": Kind(
        module=circuit.amplifiers,
        names=frozenset({"amplifier", "activation"}),
        # `linear` is a scale and a way between points of a table too.
        words=frozenset(AMPLIFIERS) - {"linear"},
        classes=frozenset({"Linear", "Tanh", "Silu", "Imperfect"}),
        homes=frozenset(EVERYWHERE | {"circuit/amplifiers.py", "circuit/outputs.py"}),
        maps=frozenset(OTHERS),
    ),
}


def texts(node: ast.AST) -> set[str]:
    """Constant texts of an expression or a pattern."""
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) is str}


def names(node: ast.AST) -> set[str]:
    """Names of variables and attributes, and texts that are keys or names of attributes."""
    found = texts(node)
    for n in ast.walk(node):
        if isinstance(n, ast.Name):
            found.add(n.id)
        elif isinstance(n, ast.Attribute):
            found.add(n.attr)
    return found


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


def found(source: str, where: str, kind: Kind) -> Iterator[int]:
    """Lines of a file that tell things apart where that file must not."""
    for node in ast.walk(ast.parse(source)):
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
def test_the_kind_knows_every_shipped_class_and_only_files_that_are_there(kind):
    for path in KINDS[kind].homes | KINDS[kind].maps:
        assert (PACKAGE / path).is_file()
    module = KINDS[kind].module
    made_there = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
        if not getattr(value, "_is_protocol", False)
    }
    assert made_there
    assert made_there <= KINDS[kind].classes


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
