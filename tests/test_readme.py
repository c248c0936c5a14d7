"""The README's program runs and prints what it says."""

import re
import subprocess
import sys
from pathlib import Path

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


def test_every_command_in_the_readme_is_one_the_program_has():
    from neurosim.cli import main

    used = set(re.findall(r"^neurosim (\w+)", README, re.M))
    assert used <= set(main.commands)
    assert {"train", "sample", "evaluate", "export", "profiles"} <= used
