"""Whether the chips of a sweep fit what they are to learn, asked before anything is computed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from neurosim.arguments import answer
from neurosim.blocks.block import Block
from neurosim.chip.die import data_sheet
from neurosim.errors import DataError, NeurosimError, ProfileError
from neurosim.host import Experiment
from neurosim.host.sampler import check_mode
from neurosim.profile import Profile
from neurosim.runs import Trained
from neurosim.runs.beginning import half_trained, left_untuned
from neurosim.sweeps.points import Point

__all__ = ["Made", "check_deployed", "check_fits", "left_behind"]


class Made(NamedTuple):
    """The chips that a point trains and programs, what they are shown, and how one is sampled."""

    chips: Sequence[Profile]
    experiment: Experiment
    sampled: Profile
    mode: str | None


def check_fits(points: Iterable[Made]) -> None:
    """Refuse a sweep of which every point would fail at its task; one that would not is enough.

    Raises
    ------
    DataError
        The data, the layers or the sources of no point's chips are those of its task.
    """
    asked: dict[object, str | None] = {}
    first = None
    for point in points:
        texts = (_asked(asked, chip, point.experiment) for chip in point.chips)
        wrong = next((text for text in texts if text), None) or _unsampled(asked, point)
        if wrong is None:
            return
        first = first or wrong
    if first is not None:
        raise DataError(
            f"At least one point must learn and be judged, but every one would fail: {first} In a "
            "sweep a field is a path, such as profile.sources or experiment.dataset."
        )


def check_deployed(
    deploy: Profile, profile: Profile, experiment: Experiment, changes: Container[str]
) -> None:
    """Refuse a chip that cannot hold what one of `profile` has learned.

    Raises
    ------
    ProfileError
        It has other layers; or it has no tuning, and no path of `changes` leaves that out.
    """
    if deploy.layers != profile.layers:
        raise ProfileError(
            f"The chip that weights are programmed into must have the layers of the trained "
            f"one, {list(profile.layers)}, but {deploy.name} has {list(deploy.layers)}; vary "
            "what leaves them."
        )
    meant = "deploy.tuning" in changes or "profile.tuning" in changes
    if experiment.learning.tuned and deploy.tuning is None and not meant:
        raise ProfileError(
            "deploy.tuning: must be stated where what oscillators are tuned to was learned, but "
            f"{deploy.name} has none; state it, or give the path null to leave it out."
        )


def left_behind(points: Iterable[Point], laws: Sequence[type[Block]]) -> list[str]:
    """What to say of trainings that begin with runs that were stopped, or had been tuned."""
    begun = {point.training.start for point in points if point.training is not None}
    runs = sorted(start for start in begun if start is not None and not start.is_file())
    said = []
    for start in runs:
        trained = Trained.of(start, laws)
        if trained.chip.bank.tuned.acts:
            said.append(left_untuned(str(start)))
        if trained.stopped:
            said.append(half_trained(str(start), trained.stopped))
    return said


def _unsampled(known: dict[object, str | None], point: Made) -> str | None:
    """Why a chip cannot be sampled so."""
    if not point.experiment.task.has_paths:
        return None
    chip = point.sampled
    key = repr((chip.name, chip.current_sense is None, point.mode))
    if key not in known:
        try:
            check_mode(data_sheet(chip, chip.network, None), point.mode)
            known[key] = None
        except DataError as error:
            known[key] = error.in_file
    return known[key]


def _asked(known: dict[object, str | None], chip: Profile, experiment: Experiment) -> str | None:
    """Why a chip cannot be shown its task; those that differ in nothing else are asked once."""
    data = experiment.dataset, experiment.scale
    recipe = experiment.task, data, experiment.batch, experiment.labels
    key = repr((chip.name, chip.layers, chip.sources, chip.host, recipe))
    if key not in known:
        sheet = data_sheet(chip, chip.network, None)
        try:
            answer(experiment.task, "lessons", experiment.images(), experiment, sheet)
            known[key] = None
        except NeurosimError as error:
            known[key] = error.in_file
    return known[key]
