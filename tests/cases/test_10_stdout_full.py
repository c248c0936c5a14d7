"""Standard output that cannot take what is printed: one line, and nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
PROGRAM = "from neurosim.cli import main; main()"

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")


def printed_to(stdout, *words):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("profiles",),
        ("profiles", "show", "cmos_rc_6bit"),
        ("profiles", "check", "cmos_rc_6bit", "--json"),
        ("--help",),
        ("--version",),
        ("profiles", "--json"),
        ("export", "RUN", "--to", "-", "--format", "csv"),
        ("plan", "RUN", "--to", "-"),
        pytest.param(
            ("sample", "RUN", "-n", "2", "--t-end", "0.05", "--out", "-"), marks=pytest.mark.slow
        ),
        ("sweep", "experiments/smoke.yaml", "--dry-run"),
        pytest.param(("report", "RUN"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
@pytest.mark.slow
def test_a_full_disk_is_one_line(plain, words):
    with FULL.open("w") as full:
        done = printed_to(full, *(plain if word == "RUN" else word for word in words))
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("neurosim: Standard output must be writable, but is not (No space left")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_file_that_is_written_is_kept_where_its_line_cannot_be_printed(plain, tmp_path):
    with FULL.open("w") as full:
        done = printed_to(full, "export", plain, "--to", tmp_path / "w.csv")
    assert done.returncode == 2
    assert (tmp_path / "w.csv").read_text().startswith("kind,layer")


@pytest.mark.slow
def test_a_pipe_that_is_closed_is_no_mistake():
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -c '{PROGRAM}' profiles | head -n 1"],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
