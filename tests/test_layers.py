"""Imports point down only, whatever their place in a file."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import neurosim

PACKAGE = Path(neurosim.__file__).parent

# From the ground up; modules of one layer do not import each other.
LAYERS = [
    {"errors", "streams", "safe_text"},
    {"outputs", "folders"},
    {"files", "network"},
    {"blocks"},
    {"circuit", "solvers", "devices", "converters", "data", "ideal"},
    {"metrics", "netlists", "profile"},
    {"chip"},
    {"host", "tables"},
    {"analysis"},
    {"runs"},
    {"sweeps"},
    {"report", "bench"},
    {"cli"},
]
HOST_MAY_IMPORT = {
    "chip.interface",
    "data",
    "network",
    "blocks",
    "errors",
    "streams",
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


def test_no_module_needs_what_one_system_alone_has():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert "fcntl" not in text, path
        # There it is guarded, for all who ask.
        assert "sched_getaffinity" not in text or path.name == "settle.py", path


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


def test_no_two_files_import_each_other_in_a_circle():
    """A package's face, which only hands names on, is no link: what it hands on is."""
    files = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for _, path in modules()
    }
    arrows = {
        name: {target for target in imports(path) if target in files}
        for name, path in files.items()
        if not name.endswith("__init__")
    }
    try:
        tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        raise AssertionError(f"circle: {' -> '.join(error.args[1])}") from None


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
    assert imports(PACKAGE / "ideal.py") <= {"errors", "network"}


def test_solvers_know_no_circuit():
    for part, path in modules():
        if part == "solvers":
            tops = {target.split(".")[0] for target in imports(path)}
            assert tops <= {"solvers", "blocks", "errors"}, path.name
