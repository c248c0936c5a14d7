"""The API pages can be built, and nothing in them is amiss."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "docs.py"


@pytest.mark.slow
def test_the_api_pages_are_built_without_a_warning(tmp_path):
    pytest.importorskip("pdoc")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "neurosim" / "circuit" / "elements.html").read_text("utf-8")
    assert "Springs" in page
