"""Imports point down only, whatever their place in a file."""

from __future__ import annotations

import ast
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import neurosim

PACKAGE = Path(neurosim.__file__).parent

# From the ground up; modules of one layer do not import each other.
LAYERS = [
    {"errors", "memory", "safe_text", "signals", "threads"},
    {"arguments", "outputs", "folders", "frames", "arrays", "processes", "streams"},
    {"files", "network", "torch_arrays", "tuned"},
    {"blocks", "contrasts", "machines"},
    {"circuit", "solvers", "devices", "converters", "data", "ideal", "patterns"},
    {"law_agreement"},
    {"agreement"},
    {"metrics", "netlists", "profile"},
    {"chip"},
    {"host", "tables"},
    {"analysis"},
    {"runs"},
    {"sweeps"},
    {"report", "bench"},
    {"cli"},
    {"__main__"},
]
PLAIN = {"blocks", "arrays", "errors", "memory", "processes", "threads"}
HOST_MAY_IMPORT = {
    "chip.interface",
    "data",
    "network",
    "tuned",
    "blocks",
    "arguments",
    "errors",
    "safe_text",
    "streams",
    "threads",
    "host",
}


def layer_of(part: str) -> int:
    return next(k for k, names in enumerate(LAYERS) if part in names)


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, without the leading `neurosim.`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    assert "neurosim" not in found, f"{path} imports the package itself, not a module of it"
    return {name.removeprefix("neurosim.") for name in found if name.startswith("neurosim.")}


def modules() -> list[tuple[str, Path]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in paths]


def test_every_module_has_a_layer():
    named = set().union(*LAYERS)
    assert {part for part, _ in modules()} - {"__init__"} == named


def test_imports_point_down_only():
    upward = []
    for part, path in modules():
        if part == "__init__":
            continue
        for target in imports(path):
            to = target.split(".")[0]
            down = layer_of(to) < layer_of(part)
            if to != part and not down:
                upward.append(f"{path.relative_to(PACKAGE)} -> {target}")
    assert not upward, "\n".join(upward)


def links(tree: ast.AST, files: Collection[str]) -> set[str]:
    """Files, by their dotted names, whose content one needs; a package's is its `__init__`.

    `from a import b` needs the file `a.b` where there is one, else `a`, the face of a package that
    hands `b` on.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                found.add(inside if inside in files else node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found & set(files)


def circle(sources: dict[str, str]) -> list[str]:
    """Files, by their dotted names, that import each other in a circle, the first one twice."""
    arrows = {name: links(ast.parse(text), sources) for name, text in sources.items()}
    try:
        tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        return error.args[1][::-1]
    return []


def test_no_two_files_import_each_other_in_a_circle():
    sources = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path.read_text("utf-8")
        for _, path in modules()
    }
    assert not (found := circle(sources)), " -> ".join(found)


FACE = {"p": "from p.a import f\nfrom p.b import g", "p.a": "", "p.b": ""}


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"p": "from p.a import f", "p.a": "from p import b", "p.b": ""}, []),
        (FACE | {"p.b": "from p.a import f"}, []),
        (FACE | {"p.b": "from p import a"}, []),
        (FACE | {"p.b": "from p import f"}, ["p", "p.b"]),
        (FACE | {"p.b": "def h():\n    from p import f"}, ["p", "p.b"]),
        (FACE | {"q": "from p import g", "p.a": "import q"}, ["p", "p.a", "q"]),
        ({"p": "", "p.a": "from p import b", "p.b": "from p import a"}, ["p.a", "p.b"]),
    ],
)
def test_a_circle_is_seen_through_submodules_and_faces(sources, found):
    seen = circle(sources)
    assert sorted(set(seen)) == found
    assert not seen or seen[0] == seen[-1]


def test_the_host_imports_nothing_of_the_simulator_but_the_chip_interface():
    for part, path in modules():
        if part != "host":
            continue
        for target in imports(path):
            allowed = any(
                target == name or target.startswith(name + ".") for name in HOST_MAY_IMPORT
            )
            assert allowed, f"{path.name} imports {target}"


def test_the_oracle_shares_no_code_with_the_simulator():
    for part, path in modules():
        if part == "ideal":
            tops = {target.split(".")[0] for target in imports(path)}
            assert tops <= {"ideal", "errors", "network"}, path.name


def test_solvers_know_no_circuit():
    for part, path in modules():
        if part == "solvers":
            tops = {target.split(".")[0] for target in imports(path)}
            assert tops <= {"solvers", *PLAIN}, path.name
