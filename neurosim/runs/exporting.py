"""The weight table of a run, in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.chip import Chip
from neurosim.host import Experiment
from neurosim.runs.trained import Source, Trained
from neurosim.tables import export

__all__ = ["export_weights", "recipe_of"]


def recipe_of(chip: Chip, experiment: Experiment) -> dict[str, float | str]:
    """How an experiment presents to a chip, for a table's data sheet; of answers, the task too."""
    flow = experiment.flow.on(chip.data_sheet)
    names = ("stiffness", "alpha", "beta", "settle_tau", "phases")
    task = {} if experiment.task.has_paths else {"task": getattr(experiment.task, "task", "own")}
    return {name: getattr(flow, name) for name in names} | task


@checked()
def export_weights(
    source: Chip | Source,
    path: Path | str,
    name: str | None = None,
    laws: Sequence[type[Block]] = (),
) -> int:
    """Write the weight table of a chip or of a trained run's to `path`; the number of its rows.

    Parameters
    ----------
    source : Chip, Trained, Run or path
        A path is that of a run folder.
    path, name :
        See `neurosim.tables.export`, whose errors it raises.
    laws : sequence of type
        Blocks of your own that the files of a run folder name.

    Examples
    --------
    >>> import neurosim as ns
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     ns.export_weights(ns.Chip("ideal_hopfield"), f"{folder}/weights.csv")
    24896
    """
    if isinstance(source, Chip):
        return export(source, Path(path), name)
    trained = Trained.of(source, laws)
    chip = trained.fresh()
    return export(chip, Path(path), name, recipe_of(chip, trained.experiment))
