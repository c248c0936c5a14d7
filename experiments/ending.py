"""How a script of an experiment ends: a mistake is one line, and what is kept goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from neurosim.errors import NeurosimError

__all__ = ["ran"]


def ran(main: Callable[[], None], *, keeps: bool = True) -> None:
    """Run `main`; end the process with one line where it refuses something or is interrupted.

    `keeps` says whether the same command goes on with what is kept; with --quick nothing is.
    """
    name = Path(sys.argv[0]).name
    try:
        main()
    except NeurosimError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        kept = keeps and "--quick" not in sys.argv
        told = "the same command goes on with what is kept" if kept else "nothing was kept"
        print(f"{name}: stopped; {told}.", file=sys.stderr)
        sys.exit(130)
