"""How a script of an experiment ends: a mistake is one line, and what is kept goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from neurosim.errors import NeurosimError

__all__ = ["ran"]


def ran(main: Callable[[], None]) -> None:
    """Run `main`; end the process with one line where it refuses something or is interrupted."""
    name = Path(sys.argv[0]).name
    try:
        main()
    except NeurosimError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command goes on with what is kept.", file=sys.stderr)
        sys.exit(130)
