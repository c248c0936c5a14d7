"""The weight table of a run, in a file."""

from __future__ import annotations

from pathlib import Path

from neurosim.chip import Chip
from neurosim.runs.run import Run
from neurosim.tables import export

__all__ = ["export_weights"]


def export_weights(
    source: Chip | Run | Path | str, path: Path | str, name: str | None = None
) -> int:
    """Write the weight table of a chip or of a trained run's to `path`; the number of its rows.

    Parameters
    ----------
    source : Chip or Run or path
        A path is that of a run folder.
    path, name :
        See `neurosim.tables.export`, whose errors it raises.
    """
    chip = source if isinstance(source, Chip) else Run.open(source).chip()
    return export(chip, Path(path), name)
