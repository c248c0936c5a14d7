"""The YAML file of a sweep: what it starts from, what varies, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.names import Name
from neurosim.blocks.quantities import SecondFromZero, SettleTau
from neurosim.chip.interface import Others
from neurosim.host import Experiment
from neurosim.host.settings import Mode, SampleStep
from neurosim.metrics import classifier_of
from neurosim.sweeps.axes import DOTTED, AnyAxis, Cases, columns_of

__all__ = [
    "COSTS",
    "Base",
    "Figure",
    "Sampling",
    "Sweep",
    "figures_of",
    "is_judged_alike",
    "not_measured",
    "ruler_of",
    "usual_of",
]

Figure = Literal[
    "flow_loss",
    "frechet_feature",
    "frechet_pixel",
    "nn_two_sample",
    "w2",
    "precision",
    "recall",
    "density",
    "coverage",
    "class_entropy",
    "smallest_class",
    "nearest_distance",
    "accuracy",
    "test_accuracy",
    "explained",
    "test_explained",
    "loss",
    "test_loss",
    "energy_per_decision_J",
    "time_per_decision_s",
]
# By the classifier of digits.
_OF_DIGITS: tuple[Figure, ...] = ("frechet_feature", "class_entropy", "smallest_class")
_OF_CLASSES: tuple[Figure, ...] = ("test_accuracy", "accuracy")
_OF_NUMBERS: tuple[Figure, ...] = ("test_explained", "explained")
# Of samples, behind what ranks them.
_OF_FLOWS: tuple[Figure, ...] = ("nn_two_sample", "precision", "recall", "coverage", "flow_loss")
_OF_ANSWERS: tuple[Figure, ...] = (
    "test_loss",
    "loss",
    "energy_per_decision_J",
    "time_per_decision_s",
)
COSTS = (
    "sample_tau",
    "sample_time_s",
    "sample_energy_J",
    "training_time_s",
    "training_energy_J",
    "adc_clipped",
    "difference_clipped",
    "ammeter_clipped",
    "correlator_clipped",
    "dac_clipped",
    "injector_clipped",
    "weights_clipped",
)
Recipe = Annotated[
    Annotated[Experiment, Tag("block")] | Annotated[str, Tag("file")],
    Discriminator(lambda value: "file" if isinstance(value, str) else "block"),
]


def figures_of(recipe: Experiment) -> tuple[Figure, ...]:
    """What an evaluation of what this recipe trains can say, of all that a sweep may measure."""
    task, own = recipe.task, (*_OF_CLASSES, *_OF_NUMBERS)
    if task.has_paths:
        foreign = _OF_DIGITS if ruler_of(recipe.dataset) not in _OF_DIGITS else ()
        others = {*own, *_OF_ANSWERS, *foreign}
        return tuple(name for name in get_args(Figure) if name not in others)
    # A task that does not say which it has may have any.
    said = getattr(task, "figures", own)
    return (*(name for name in own if name.removeprefix("test_") in said), *_OF_ANSWERS)


def is_judged_alike(one: Experiment, other: Experiment) -> bool:
    """Whether the same figures can be said of what two recipes train."""
    return (one.task, one.dataset, one.scale) == (other.task, other.dataset, other.scale)


def ruler_of(dataset: str) -> Figure:
    """What samples are ranked by: features of the classifier of digits where these were learned."""
    return "w2" if classifier_of(dataset) is None else "frechet_feature"


def usual_of(
    recipes: Sequence[Experiment], flows: Sequence[Figure] = _OF_FLOWS
) -> tuple[Figure, ...]:
    """What is measured of chips of these recipes where nothing is asked for.

    Of flows that is what ranks samples of all of them, and then `flows`.
    """
    offered = dict.fromkeys(name for recipe in recipes for name in figures_of(recipe))
    if not any(recipe.task.has_paths for recipe in recipes):
        return tuple(offered)
    rulers = {ruler_of(recipe.dataset) for recipe in recipes if recipe.task.has_paths}
    return (rulers.pop() if len(rulers) == 1 else "w2", *flows)


def not_measured(measure: Sequence[Figure], recipes: Sequence[Experiment]) -> list[str]:
    """A line for figures that no point can have: they are of other tasks, or of digits alone."""
    offered = dict.fromkeys(name for recipe in recipes for name in figures_of(recipe))
    if not offered:
        return []
    names = ", ".join(dict.fromkeys(type(recipe.task).__name__ for recipe in recipes))
    lost = [name for name in measure if name not in offered]
    are = "is none" if len(lost) == 1 else "are none"
    flows = any(recipe.task.has_paths for recipe in recipes)
    of = " of images that are no digits" if flows and {*lost} & {*_OF_DIGITS} else ""
    said = (
        f"measure: must be figures of the task {names}{of}, but {' and '.join(lost)} {are}; choose "
        f"from {', '.join(offered)}."
    )
    return [said] if lost else []


class Base(Block):
    """What all points start from: a recipe to train by, or a run that is trained.

    Parameters
    ----------
    profile : str, optional
        Name of a shipped profile, or a path.
    experiment : Experiment or str, optional
        Training recipe, as a block or a file; the default recipe where there is none.
    start : str, optional
        A run folder whose weights training begins with, or an .npz or .safetensors file of plain
        arrays W0, b0, ...
    run : str, optional
        A run folder instead of all these.
    """

    profile: str | None = None
    experiment: Recipe | None = None
    start: str | None = None
    run: str | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Base:
        names = ("profile", "experiment", "start")
        extra = [name for name in names if getattr(self, name) is not None]
        if self.run is not None and extra:
            text = f"must stand alone, for it is trained already, but {extra[0]} is given too"
            raise BlockError([(("run",), text)])
        return self


class Sampling(Block):
    """How samples are drawn from a trained chip.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Of their starting noise.
    mode, t_end, dt, hidden_start : optional
        Instead of the experiment's.
    settle_tau : float, optional
        Settling time of a phase in units of C / g, instead of the experiment's.
    die : int, optional
        Seed of the chip that the trained weights are programmed into; that of training if absent.
    age_s : float
        Time that passes between programming and sampling. A sweep over ages has no refresh.
    """

    unwritten: ClassVar[tuple[str, ...]] = ("hidden_start",)

    n: Annotated[int, Field(ge=7)] = 1000
    seed: Annotated[int, Field(ge=0)] = 0
    mode: Mode | None = None
    t_end: Annotated[float, Field(ge=1e-9, le=100)] | None = None
    dt: SampleStep | None = None
    hidden_start: Others | None = None
    settle_tau: SettleTau | None = None
    die: Annotated[int, Field(ge=0)] | None = None
    age_s: SecondFromZero = 0.0


class Sweep(Block):
    """Every combination of the steps of its axes (the grid), each `replicas` times.

    Parameters
    ----------
    name : str
        Of the output folder and the report.
    summary : str
        What is asked.
    base : Base
    sampling : Sampling
        Where no axis says otherwise.
    axes : tuple of Axis, Paired, Random or Cases
    replicas : int
        Repetitions of each point with other seeds: of chip, training and samples, or where a run
        is given of samples alone.
    measure : tuple of str
        Figures of the evaluation; the first ranks points. Left out or empty, those that suit what
        is learned: see `usual_of`.
    """

    name: Name
    summary: str = ""
    base: Base
    sampling: Sampling = Sampling()
    axes: tuple[AnyAxis, ...] = ()
    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    measure: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _cases_have_columns_of_their_own(self) -> Self:
        """A label under another column's name would be lost, or shown as what a path holds."""
        measured = self.measure or get_args(Figure)
        own = {"point", "key", "replica", "error", *measured, *COSTS}
        found: list[tuple[tuple[int | str, ...], str]] = []
        for k, axis in enumerate(self.axes):
            if not isinstance(axis, Cases):
                continue
            others = {name for other in self.axes[:k] for name in columns_of(other)}
            others |= {n for a in self.axes if not isinstance(a, Cases) for n in columns_of(a)}
            if axis.name in own | others:
                text = f"must not be another column of the table, but is {axis.name!r}"
            elif axis.name.startswith(tuple(f"{root}." for root in DOTTED)):
                text = f"must not be a path, but is {axis.name!r}"
            else:
                continue
            found.append((("axes", k, "name"), f"{text}; give another name"))
        if found:
            raise BlockError(found)
        return self
