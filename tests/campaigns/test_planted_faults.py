"""Forty and more faults, each planted alone in a copy of the tree: the default tests find it.

Each is tried against the file of tests that should find it first; the test that finds it passes
without the fault.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planted import FAULTS, Fault

pytestmark = pytest.mark.campaign
TREE = Path(__file__).parents[2]
PARTS = ("neurosim", "tests", "hardware_profiles", "experiments", "README.md", "pyproject.toml")


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """The tree once more, in which faults come and go."""
    folder = tmp_path_factory.mktemp("planted")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for part in PARTS:
        if (TREE / part).is_dir():
            shutil.copytree(TREE / part, folder / part, ignore=ignored)
        else:
            shutil.copy(TREE / part, folder / part)
    return folder


@pytest.fixture(scope="session")
def outcome(copy, tmp_path_factory):
    """How the tests of a file end in the copy as it is, and the end of what they print."""
    kept = tmp_path_factory.mktemp("kept")

    def run(path, *options):
        words = ("-m", "pytest", str(Path("tests") / path), "-x", "-q", "-n", "0", *options)
        done = subprocess.run(
            [sys.executable, *words, "-o", f"cache_dir={kept / 'failed'}"],
            cwd=copy, capture_output=True, text=True, check=False, timeout=1200,
            env=os.environ | {"PYTHONPATH": str(copy), "PYTHONPYCACHEPREFIX": str(kept / "bytes")},
        )  # fmt: skip
        return done.returncode, done.stdout[-2000:]

    return run


def planted_in(copy, fault: Fault):
    file = copy / "neurosim" / fault.file
    file.write_text(fault.planted((TREE / "neurosim" / fault.file).read_text("utf-8")))
    return file


def test_every_fault_has_its_place_its_name_and_its_tests():
    assert len(FAULTS) >= 40
    assert len({fault.what for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        right = (TREE / "neurosim" / fault.file).read_text("utf-8")
        assert ast.dump(ast.parse(fault.planted(right))) != ast.dump(ast.parse(right)), fault.what
        assert (TREE / "tests" / fault.caught_by).exists(), fault.what


def test_a_fault_whose_place_has_gone_is_an_error():
    with pytest.raises(ValueError, match=r"circuit/circuit.py must have 'gone' exactly once"):
        Fault("x", "circuit/circuit.py", "gone", "", "").planted("text")
    with pytest.raises(ValueError, match="but has it 2 times"):
        Fault("x", "circuit/circuit.py", "gone", "", "").planted("gone gone")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what.replace(" ", "-"))
def test_a_planted_fault_is_caught(copy, outcome, fault):
    file = planted_in(copy, fault)
    try:
        status, said = outcome(fault.caught_by)
    finally:
        shutil.copy(TREE / "neurosim" / fault.file, file)
    # 1: a test failed; anything else is no verdict.
    assert status == 1, f"{fault.what} is not caught by {fault.caught_by}\n{said}"
    status, said = outcome(fault.caught_by, "--last-failed", "--last-failed-no-failures=none")
    assert status == 0, f"{fault.caught_by} fails without any fault\n{said}"
