"""What `neurosim train` begins with: the experiment, what its data are, what will be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.cli.common import say
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Experiment
    from neurosim.profile import Profile

__all__ = ["before", "experiment_of", "memory_line", "of_file"]


def experiment_of(
    path: Path | None, options: dict[str, Any], laws: tuple[type[Block], ...]
) -> Experiment:
    """Experiment from a file, with what the options say instead."""
    from neurosim.blocks.files import load_block
    from neurosim.data.sets import dataset_name
    from neurosim.host import Experiment, Labels

    task = options["task"]
    if path is not None:
        base = load_block(path, Experiment, laws=laws)
        own = getattr(base.task, "task", None)
        base = base if task in (None, own) else base.with_value("task", task)
    else:
        base = Experiment() if task is None else Experiment.suited(task)
    places = {"flow.settle_tau": "settle_tau", "flow.beta": "beta"}
    names = ("updates", "batch", "seed", "calibrate", "dataset", "scale")
    places |= {name: name for name in names}
    changes = {path: options[name] for path, name in places.items() if options[name] is not None}
    if options["labels"] and base.labels is None:
        changes["labels"] = Labels()
    experiment = base.with_values(changes)
    return experiment.model_copy(update={"dataset": dataset_name(experiment.dataset)})


def of_file(experiment: Experiment) -> Experiment:
    """The same with as many classes as a file has, if no number is stated; says what was read."""
    from neurosim.data.grounds import said_of_ground

    data, task = experiment.images(), experiment.task
    ground = said_of_ground(data.images) if Path(data.name).is_dir() else ""
    shown = f"; what they show is {ground}" if ground else ""
    say(f"{data.name}: {counted(len(data.images), 'row')}, {data.scaling}{shown}", err=True)
    stated: set[str] = getattr(task, "model_fields_set", set())
    if data.labels is None or not hasattr(task, "classes") or "classes" in stated:
        return experiment
    return experiment.with_value("task.classes", max(2, int(data.labels.max()) + 1))


def before(profile: Profile, experiment: Experiment) -> list[str]:
    """What will be wrong with a training that has not begun; said then, and not once more."""
    from neurosim.analysis.suited import stand_in, unsuited
    from neurosim.data.grounds import odd_pictures
    from neurosim.data.sets import NAMED
    from neurosim.runs.watchdogs import overlap

    task = experiment.task
    found = [unsuited(profile, task), stand_in(profile)]
    if experiment.dataset not in NAMED:
        data = experiment.images()
        found = [*odd_pictures(data), overlap(task, data), *found]
    return [said for said in found if said is not None]


def memory_line(profile: Profile, experiment: Experiment) -> str:
    """What a batch takes."""
    from neurosim.solvers import memory_estimate_bytes

    layers = profile.network
    size = memory_estimate_bytes(experiment.batch, layers.n_nodes, layers.n_odd * layers.n_even)
    return f"batches of {experiment.batch}: about {size / 1e9:.1f} GB of memory"
