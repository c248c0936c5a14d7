"""A training that is made longer than it was meant to be."""

from __future__ import annotations

from collections.abc import Sequence

from neurosim.blocks.files import dump_block
from neurosim.errors import RunError
from neurosim.outputs import write_text
from neurosim.runs.run import Run
from neurosim.safe_text import counted

__all__ = ["extended", "had_ended"]


def extended(run: Run, updates: int) -> Run:
    """The run with more updates to do, whether it has ended or not; nobody else may train in it.

    From here on all that depends on the number of updates, as the learning rate of a cosine
    schedule and the beginning of a contrastive stage, is that of the longer training. What was
    done stays as it is, and run.json says where it was made longer. Where it had ended with the
    average of its weights, the chip is first programmed with the weights themselves: one write
    more than a training of that length has.

    Raises
    ------
    RunError
        `updates` are not more than it has.
    """
    before = run.experiment.updates
    if updates <= before:
        raise RunError(
            f"{run.path} must be made longer than its {counted(before, 'update')}, but "
            f"{updates:,} are "
            "asked for; give more, or train into a new folder."
        )
    tree = run.load()
    n_done = int(tree["trainer"]["n_done"])
    # Each step leaves a run that can be gone on with: the checkpoint belongs to either length.
    run.save(tree["chip"], tree["trainer"])
    run.note(extended=[*run.facts.get("extended", []), (n_done, before)])
    experiment = run.experiment.with_value("updates", updates)
    write_text(run.path / "experiment.yaml", dump_block(experiment))
    return Run(run.path, run.profile, experiment)


def had_ended(extended: Sequence[Sequence[int]], n_done: int) -> bool:
    """Whether a training that was made longer, as run.json says where, had ended at an update."""
    return any(at == before == n_done for at, before in extended)
