"""The README's program runs and prints what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_program_in_the_readme_prints_what_it_says():
    program = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    expected = re.search(r"prints\n\n```text\n(.*?)```", README, re.S).group(1)
    got = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    numbers = [[float(x) for x in re.findall(r"\d+\.?\d*", text)] for text in (got, expected)]
    assert len(numbers[0]) == len(numbers[1])
    # Bits may differ between machines' linear algebra, and with them what a last digit rounds to.
    assert all(abs(a - b) < 0.011 for a, b in zip(*numbers, strict=True)), got


def test_time_and_energy_in_the_readme_are_those_of_everything():
    """Two updates of 64 digits on cmos_rc_6bit: three phases each, four drives, four readings."""
    shown = re.search(r"(\d+) settles, ([\d.]+) ms, (\d+) uJ", README)
    rows, settle_s, drives_s, reads_s = 2 * 64, 3 * 10 * 100e-9, 4 * 100e-9, 4 * 256e-9
    time_s = rows * (settle_s + drives_s + reads_s)
    converted_J = rows * (4 * 64 * 4e-12 + (3 * 320 + 64) * 5.1e-12)
    energy_J = (320 * 82.5e-6 + 10e-3) * time_s + converted_J
    # Writes take less than a microsecond, and the couplings' heat 20 nJ: below the last digits.
    assert int(shown[1]) == 6
    assert float(shown[2]) == pytest.approx(1e3 * time_s, abs=0.005)
    assert float(shown[3]) == pytest.approx(1e6 * energy_J, abs=0.5)


def test_every_command_in_the_readme_is_one_the_program_has():
    from neurosim.cli import main

    used = set(re.findall(r"^neurosim (\w+)", README, re.M))
    assert used <= set(main.commands)
    assert {"train", "sample", "evaluate", "export", "profiles"} <= used


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
