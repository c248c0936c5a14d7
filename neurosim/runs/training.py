"""Train in memory or into a run folder; resume to the same bits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import PydanticSerializationError
from yaml import YAMLError

from neurosim.arguments import checked, shown
from neurosim.blocks.block import Block
from neurosim.blocks.classes import own_classes
from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.trees import plain
from neurosim.chip import Chip, Ledger
from neurosim.errors import RunError
from neurosim.folders import is_free
from neurosim.host import Experiment, Trainer
from neurosim.host.sampler import check_mode
from neurosim.profile import Profile, load_profile
from neurosim.runs.beginning import beginning, half_trained, left_untuned
from neurosim.runs.extending import extended, had_ended
from neurosim.runs.images import check_size
from neurosim.runs.keeping import go_on, updates
from neurosim.runs.metrics import cut_metrics
from neurosim.runs.progress import Progress, shown_by
from neurosim.runs.refusals import stopped, taken
from neurosim.runs.run import Run
from neurosim.runs.trained import Source, Trained
from neurosim.runs.weights import kept_weights
from neurosim.tables.plain import Order

__all__ = ["resume", "train"]


@checked(experiment="give Experiment(updates=...)", chip="give a chip, a profile or its name")
def train(
    chip: Chip | Profile | str | Path,
    experiment: Experiment,
    keep: Path | str | None = None,
    *,
    start: Source | None = None,
    start_order: Order | None = None,
    laws: Sequence[type[Block]] = (),
    progress: Progress | bool | None = None,
    command: str = "",
    n_threads: int | None = None,
    device: str = "cpu",
) -> Trained:
    """Train a chip, in memory or into a folder.

    Parameters
    ----------
    chip : Chip, Profile, name or path
        A chip is trained as it is, and is then the trained one: it goes on from where it stands,
        with its clock, its worn devices and its next draws of noise; only weights begin anew. What
        `Trained.spent` says is of this training alone. Of a profile a new chip is made, the die of
        the experiment's seed.
    experiment : Experiment
    keep : path, optional
        A folder that does not exist yet, or is empty, in which everything is kept; it is made
        whole, with the first checkpoint. It can be opened, resumed and reported.
    start : Trained, Run or path, optional
        A trained chip with whose weights training begins, on whatever chip; or an .npz or
        .safetensors file of arrays W0, b0, ... from elsewhere, see `neurosim.tables.plain`. What
        its oscillators were tuned to is left, with a warning.
    start_order : {"out-in", "in-out"}, optional
        Of the axes of matrices in such a file, where their shapes leave it open.
    laws : sequence of type
        Blocks of your own that a profile's file or the folder of `start` names.
    progress : callable or bool, optional
        Called after each update with it and the total; True shows a bar.
    command : str
        How to repeat the run, for the report.
    n_threads : int, optional
        Threads that settle a batch; results do not depend on it.
    device : str
        Where a new chip settles its batches: ``cpu`` or ``cuda``, see `Chip`.

    Raises
    ------
    RunError
        `keep` exists; or a folder could not make the chip again, for it is of another seed or has
        another engine.
    DataError
        The data do not fit the chip or the batch.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.train("ideal_hopfield", ns.Experiment(updates=2, batch=16))
    >>> trained
    Trained(Chip('ideal_hopfield', seed 0, 64-128-128), 2 updates)
    >>> len(trained.metrics()["flow_loss"])
    2

    ``ns.train(profile, experiment, keep="runs/mine")`` makes the same a run folder.
    """
    if keep is not None and not is_free(Path(keep)):
        raise taken(Path(keep))
    if not isinstance(chip, Chip):
        profile = chip if isinstance(chip, Profile) else load_profile(chip, laws=laws)
        chip = Chip(profile, experiment.seed, n_threads=n_threads, device=device)
    if keep is not None:
        _check_kept(chip, experiment)
    begun = beginning(start, chip.profile, laws, start_order)
    dataset = experiment.images()
    if experiment.task.has_paths:
        check_size(chip.profile, dataset, experiment.labels)
        check_mode(chip.data_sheet, experiment.sampling.mode)
    before, tuned = chip.ledger.copy(), begun.tuned or chip.bank.tuned
    trainer = Trainer(chip, experiment, dataset, begun.weights)
    if tuned.acts and not chip.bank.tuned.same(tuned):
        name = chip.profile.name if begun.tuned is None else begun.name
        warnings.warn(left_untuned(name), stacklevel=3)
    if begun.stopped:
        warnings.warn(half_trained(begun.name, begun.stopped), stacklevel=3)
    with shown_by(progress, "training") as show:
        if keep is None:
            rows: list[dict[str, Any]] = []
            for row in updates(chip, trainer, show):
                rows.append(row)
            history = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
            return _trained(chip, trainer, history=history, took=chip.ledger.since(before))
        facts: dict[str, Any] = {"command": command, "dataset_sha256": dataset.digest}
        precision = getattr(chip.engine, "dtype", "its own precision")
        facts["computed"] = f"{chip.engine} in {precision} on {chip.device}"
        if before != Ledger():
            facts["ledger_before"] = plain(asdict(before))
        return _kept(Path(keep), chip, trainer, facts | begun.facts, show)


def _check_kept(chip: Chip, experiment: Experiment) -> None:
    """Refuse a chip that its folder could not make again."""
    if chip.seed != experiment.seed:
        raise RunError(
            f"A chip that is kept must have the experiment's seed, but has {chip.seed} and the "
            f"experiment {experiment.seed}; give one of them the other's."
        )
    if chip.engine != chip.profile.settling:
        raise RunError(
            f"A chip that is kept must have its profile's engine, but has {shown(chip.engine)}; "
            "give it to the profile, as settling, or leave out keep."
        )
    _check_written(chip.profile, Profile)
    _check_written(experiment, Experiment)


def _check_written(block: Block, cls: type[Block]) -> None:
    """Refuse a block that is another when it is read from its file."""
    name = type(block).__name__
    wrong = f"A {cls.__name__} that is kept must be read from its file as it is, but"
    advice = "keep the values of your own parts in fields, or leave out keep."
    own = [found for found in own_classes(block) if issubclass(found, Block)]
    try:
        text = dump_block(block)
        read = parse_block(text, cls, "its file", laws=own)
        same = read == block
    except (YAMLError, PydanticSerializationError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise RunError(f"{wrong} cannot be ({said}); {advice}") from None
    if not same:
        changed = [key for key in cls.model_fields if getattr(read, key) != getattr(block, key)]
        raise RunError(f"{wrong} {', '.join(changed) or name} would be another; {advice}")


def _trained(chip: Chip, trainer: Trainer, run: Run | None = None, **known: Any) -> Trained:
    """What has been trained, with all that its host knows."""
    weights = kept_weights(trainer.state(), chip.profile)
    experiment = trainer.experiment if run is None else run.experiment
    found = trainer.calibration
    return Trained(chip, experiment, found, run, weights=weights, **known)


def _kept(
    out: Path, chip: Chip, trainer: Trainer, facts: dict[str, Any], progress: Progress | None
) -> Trained:
    """Train into a new folder."""
    if trainer.calibration is not None:
        facts["calibration"] = trainer.calibration.summary()
    states = chip.state(), trainer.state()
    run = Run.create(out, chip.profile, trainer.experiment, states, **facts)
    with run.held():
        if os.path.lexists(run.metrics_path):
            raise RunError(f"{out} must be free to be trained in, but another training was faster.")
        go_on(run, chip, trainer, progress)
    return _trained(chip, trainer, run)


@checked()
def resume(
    out: Run | Path | str,
    *,
    updates: int | None = None,
    laws: Sequence[type[Block]] = (),
    progress: Progress | bool | None = None,
    n_threads: int | None = None,
    device: str = "cpu",
) -> Trained:
    """Go on with a run that was stopped; it ends with the bits of one that never was.

    Parameters
    ----------
    out : Run or path
        The folder that `train` was told to keep.
    updates : int, optional
        Do so many in all, more than the run was begun with: from here on the learning rate of a
        schedule, and when a contrastive stage begins, are those of the longer training. One that
        had ended has written its chip for that: with the same rates its numbers are those of a
        training of the new length if writes are exact and `learning.every` is 1.
    laws : sequence of type
        Blocks of your own that its files name.
    progress, n_threads, device :
        See `train`.

    Raises
    ------
    RunError
        `out` is no run folder, has no checkpoint yet, or another training is in it; or `updates`
        are not more than it has.
    CheckpointError
        Its checkpoint is damaged.

    Examples
    --------
    ``ns.resume("runs/mine")`` after ``ns.train(profile, experiment, keep="runs/mine")`` was
    stopped.
    """
    run = Run.open(out, laws)
    if not os.path.lexists(run.checkpoint) and not os.path.lexists(run.metrics_path):
        raise RunError(stopped(run.path))
    with run.held(), shown_by(progress, "training") as show:
        run = run if updates is None else extended(run, updates)
        chip = Chip(run.profile, run.experiment.seed, n_threads=n_threads, device=device)
        trainer = Trainer(chip, run.experiment, run.dataset)
        run.restore(chip, trainer)
        if had_ended(run.facts.get("extended", []), trainer.n_done):
            trainer.lengthen()
        cut_metrics(run.metrics_path, trainer.n_done)
        go_on(run, chip, trainer, show)
    return _trained(chip, trainer, run)
