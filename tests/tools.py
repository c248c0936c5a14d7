"""Programs that tests start: skipped where they are not installed, and what they print."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

posix = pytest.mark.skipif(
    os.name != "posix", reason="only POSIX has such links, modes, streams or signals"
)


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed."""
    return pytest.mark.skipif(
        shutil.which(program) is None,
        reason=f"{program} is not installed; apt-get install {package}",
    )


def printed(*command: Any, cwd: Path) -> str:
    """Standard output of a program that succeeds."""
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
