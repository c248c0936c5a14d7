"""The README's program runs and prints what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


# Ends the program where it makes a folder, or opens a file to write, besides the caches of others.
NO_FILES = """
import os, sys
def audit(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if (writes and "null" not in str(args[0])) or event == "os.mkdir":
        os.write(2, f"{event} {args}".encode())
        os._exit(3)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the README's program prints, where it must not write any file."""
    program = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    place = tmp_path_factory.mktemp("readme")
    # Caches of others are made first.
    first = "import matplotlib.font_manager, neurosim as ns, numpy\n" + NO_FILES
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"{first}\nsys.addaudithook(audit)\n{program}"],
        cwd=place, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(place.iterdir())
    return done.stdout


@pytest.mark.slow
def test_the_program_in_the_readme_prints_what_it_says_and_writes_nothing(printed):
    expected = re.search(r"prints\n\n```text\n(.*?)```", README, re.S).group(1)
    numbers = [
        [float(x) for x in re.findall(r"-?\d+\.?\d*(?:e-\d+)?", t)] for t in (printed, expected)
    ]
    assert re.sub(r"[\d.]+", "", printed) == re.sub(r"[\d.]+", "", expected)
    # Bits may differ between machines' linear algebra, and with them what a last digit rounds to.
    assert numbers[0] == pytest.approx(numbers[1], rel=0.01), printed


def test_time_and_energy_in_the_readme_are_those_of_everything():
    """Of all updates on cmos_rc_6bit: three phases each, four drives, four readings."""
    updates, batch = re.search(r"updates=(\d+), batch=(\d+), learning", README).groups()
    shown = re.search(r"in ([\d.]+) ms and (\d+) uJ of the chip", README)
    rows = int(updates) * int(batch)
    settle_s, drives_s, reads_s = 3 * 10 * 100e-9, 4 * 100e-9, 4 * 256e-9
    time_s = rows * (settle_s + drives_s + reads_s)
    converted_J = rows * (4 * 64 * 4e-12 + (3 * 320 + 64) * 5.1e-12)
    energy_J = (320 * 82.5e-6 + 10e-3) * time_s + converted_J
    # Writes take some microseconds, and the couplings' heat 0.2 uJ: below the last digits.
    assert float(shown[1]) == pytest.approx(1e3 * time_s, abs=0.01)
    assert float(shown[2]) == pytest.approx(1e6 * energy_J, abs=1)


def test_every_command_in_the_readme_is_one_the_program_has():
    from neurosim.cli import main

    used = set(re.findall(r"^neurosim (\w+)", README, re.M))
    assert used <= set(main.commands)
    assert {"train", "sample", "evaluate", "export", "profiles"} <= used


@pytest.mark.slow
def test_the_page_on_parts_of_ones_own_runs_as_it_stands(tmp_path):
    page = (Path(__file__).parents[1] / "neurosim" / "EXTENDING.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 8
    program = "\n".join(blocks)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
