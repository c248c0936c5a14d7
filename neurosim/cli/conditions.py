"""What `neurosim profiles noise` presents: its weights, its data, its rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.cli.profile_for import profile_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurosim.analysis import Conditions
    from neurosim.blocks.block import Block
    from neurosim.host import Experiment, Supervised
    from neurosim.network import Weights
    from neurosim.profile import Profile
    from neurosim.tuned import Tuned

    Array = NDArray[np.float64]

__all__ = ["conditions_of"]

# Of random weights, and how many images are made up.
_GAIN = 0.5
_MADE_UP = 512


def conditions_of(
    name: str,
    run: Path | None,
    how: tuple[int, int, str],
    laws: tuple[type[Block], ...],
    given: dict[str, Any],
) -> tuple[Conditions, str]:
    """What is presented, and whose weights and images these are."""
    from neurosim.analysis import Conditions
    from neurosim.analysis.suited import recipe_for, unsuited, with_answers
    from neurosim.blocks.units import parse_duration
    from neurosim.cli.common import warn
    from neurosim.errors import DataError
    from neurosim.host import FlowSettings
    from neurosim.profile import load_profile
    from neurosim.runs import Run

    batch, seeds, age = how
    trained = None if run is None else Run.open(run, laws)
    experiment = None if trained is None else trained.experiment
    if experiment is None and given["task"] is None:
        asked = _asked(given, recipe_for(load_profile(name, laws=laws)))
    else:
        asked = _asked(given, experiment)
    if not asked.task.has_paths:
        # Springs where the answers are, whatever the profile has; layers that the data ask for.
        layers = given["layers"] or (None if trained is None else trained.profile.layers)
        given = given | {"task": asked.task, "layers": layers}
    profile = profile_for(name, given | {"engine": None}, laws, asked.task)
    if not asked.task.has_paths and given["layers"] is None:
        profile = with_answers(profile, _supervised(asked), asked.images())
    if wrong := unsuited(profile, asked.task):
        warn([wrong])
    try:
        age_s = parse_duration(age)
    except ValueError as error:
        raise DataError(f"--age {error}.") from None
    kept = None if trained is None else trained.weights()
    weights, whose = _shipped(profile) if kept is None else (kept, f"weights of {run}")
    written = f"weights written {age.strip()} ago; {whose}"
    tuned = None
    if trained is not None and trained.experiment.learning.tuned and profile.tuning is not None:
        tuned = trained.chip().bank.tuned
    if not asked.task.has_paths:
        return _answers(profile, weights, asked, (batch, seeds, age_s), tuned, written)
    flow = FlowSettings() if experiment is None else asked.flow
    images, of = _images(profile.layers[0])
    shown: dict[str, Any] = {"images": images, "tuned": tuned}
    return Conditions(profile, weights, flow, batch, seeds, age_s, **shown), f"{written}; {of}"


def _asked(given: dict[str, Any], trained: Experiment | None) -> Experiment:
    """Task, rule and settings: those of a run, or those of the options, with what suits them."""
    from neurosim.errors import DataError
    from neurosim.host import Experiment
    from neurosim.host.rules import suited_to

    task, changes = given["task"], {k: given[k] for k in ("rule", "dataset", "scale") if given[k]}
    base = trained or (Experiment() if task is None else Experiment.suited(task))
    if trained is not None and task is not None:
        base = trained.with_value("task", task)
    if base.task.has_paths and changes:
        raise DataError(
            f"--{next(iter(changes))} is of a task with answers, but a flow has none; give --task "
            "classify."
        )
    if given["rule"]:
        changes |= suited_to(given["rule"])
    return base.with_values(changes)


def _supervised(asked: Experiment) -> Supervised:
    """The task, which must be one of inputs and answers."""
    from neurosim.blocks.classes import called
    from neurosim.errors import DataError
    from neurosim.host import Supervised

    if not isinstance(asked.task, Supervised):
        raise DataError(
            "The task must be a Supervised one for its noise to be said, but is "
            f"{called(asked.task)}; make a class of your own from neurosim.host.Supervised."
        )
    return asked.task


def _answers(
    profile: Profile,
    weights: Weights,
    asked: Experiment,
    how: tuple[int, int, float],
    tuned: Tuned | None,
    written: str,
) -> tuple[Conditions, str]:
    """What is presented of a task with answers."""
    from neurosim.analysis import AnswerConditions

    conditions = AnswerConditions(
        profile,
        weights,
        asked.flow,
        *how,
        task=_supervised(asked),
        rule=asked.rule,
        data=asked.images(),
        tuned=tuned,
    )
    task, rule = (
        getattr(part, key, "own") for part, key in ((asked.task, "task"), (asked.rule, "rule"))
    )
    return conditions, f"{written}; {task} {asked.dataset} by {rule}"


def _shipped(profile: Profile) -> tuple[Weights, str]:
    """A trained ideal chip's weights where they fit, else random ones; and what they are."""
    from neurosim.analysis.problem import LAWS, trained_weights
    from neurosim.host import initial_weights
    from neurosim.profile import load_profile
    from neurosim.streams import Streams

    law = getattr(profile.node.law, "law", "")
    if law in LAWS and profile.network == load_profile(f"ideal_{law}").network:
        return trained_weights(profile), "weights of a trained ideal chip"
    rng = Streams(0).generator("weights")
    shape = "-".join(map(str, profile.layers))
    text = f"random weights: trained ones of {shape} are not shipped; --weights RUN takes a run's"
    lowest = profile.coupling.least(profile.node.leak_S)
    return initial_weights(profile.network, _GAIN, rng, lowest), text


def _images(n_pixels: int) -> tuple[Array, str]:
    """Digits of so many pixels, or made-up images where there are none; and what they are."""
    import numpy as np

    from neurosim.data.sets import DIGITS, load_dataset

    for name, side in DIGITS.items():
        if side**2 == n_pixels:
            return load_dataset(name).images, f"images of {name}"
    made = np.random.default_rng(0).uniform(-1, 1, (_MADE_UP, n_pixels))
    return made, f"made-up images of {n_pixels} pixels"
