"""What the host is asked to do: the algorithm's settings, as a block of a YAML file."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError
from neurosim.data import Dataset, Pairing, Scale, Times, load_dataset
from neurosim.host.clip import Clip, ClipOrNumber
from neurosim.host.contrastive import Contrast
from neurosim.host.descents import Adam, Optimiser
from neurosim.host.gradep import ContinualLaw
from neurosim.host.rules import GradEP, Rule
from neurosim.host.settings import (
    Count,
    Decay,
    FlowSettings,
    LearningRate,
    Positive,
    SamplingSettings,
)
from neurosim.host.tasks import Flow, Labels, Task
from neurosim.tuned import TunedWord

__all__ = ["Experiment", "Learning"]


class Learning(Block):
    r"""Where the weights are kept, and how they change; see `neurosim.host.learning`.

    Parameters
    ----------
    mode : {"shadow", "in_memory"}
        `shadow`: the host keeps weights in full precision and programs the chip with them.
        `in_memory`: the devices hold the only copy and take pulses.
    every : int
        Shadow weights: updates from one programming to the next. The last update programs too.
    pulses : {"sign", "stochastic", "accumulate"}
        In memory: how the host turns a direction d, times the learning rate, into pulses of the
        weight step that the data sheet states. `sign`: one pulse where \|d\| is above the
        threshold, whatever the learning rate. `stochastic`: a random whole number with the mean
        rate \|d\| / step. `accumulate`: the host adds up rate d and takes whole steps off it.
    threshold : float
        Of `sign`, as a share of the root mean square of d over all parameters.
    most : int
        Most pulses that a pair takes at one update.
    tuned : tuple of {"sync", "detuning"}
        Shadow weights: what else learns, of each oscillator by itself, from 0 on: its sub-harmonic
        locking, its natural frequency. See `neurosim.host.tuning`.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Learning(mode="in_memory", pulses="sign")
    Learning(mode='in_memory', pulses='sign')
    """

    unwritten: ClassVar[tuple[str, ...]] = ("tuned",)

    mode: Literal["shadow", "in_memory"] = "shadow"
    every: Count = 1
    pulses: Literal["sign", "stochastic", "accumulate"] = "stochastic"
    threshold: Annotated[float, Field(ge=0, le=100)] = 0.0
    most: Annotated[int, Field(ge=1, le=10_000)] = 10
    tuned: tuple[TunedWord, ...] = ()

    @model_validator(mode="after")
    def _fields_belong_to_the_mode(self) -> Learning:
        wrong = []
        if self.mode == "in_memory" and self.every != 1:
            wrong.append(("every", "is for mode shadow: pulses change the devices at each update"))
        if self.mode == "in_memory" and self.tuned:
            wrong.append(("tuned", "is for mode shadow: no pulse tunes an oscillator"))
        if self.threshold and (self.mode, self.pulses) != ("in_memory", "sign"):
            wrong.append(("threshold", "is for mode in_memory with pulses sign"))
        if wrong:
            raise BlockError([((field,), f"{text}; leave it out") for field, text in wrong])
        return self


class Experiment(Block):
    """One training run.

    Parameters
    ----------
    task : TaskLaw
        What is learned: flow, classify, regress or your own, see `neurosim.host.tasks`.
    rule : RuleLaw
        How a batch becomes a gradient: gradep or your own, see `neurosim.host.gradep`.
    updates, batch : int
        Number of weight updates and of presentations in each.
    pairing : {"batch", "epoch"}
        Whether noise is paired with each batch's images, or with all images at once, of which
        batches are then parts (see `neurosim.data.pairs`).
    times : {"uniform", "logit_normal", "late"}
        Distribution of the flow times that are shown (see `neurosim.data.flow_times`);
        the flow loss of an update is over these.
    optimizer : DescentLaw
        adam, sgd or your own, see `neurosim.host.descents`.
    learning_rate : float
    schedule : {"constant", "cosine"}
        `cosine` decays the rate to zero over the run, or over each stage that has its own rate.
    momentum : tuple of float
        Decay rates of Adam's two moments.
    average : float
        Decay rate, an update, of a running mean of the shadow weights, which the chip is programmed
        with at the end; 0 programs the last weights.
    clip : Clip or float or None
        Bound on the gradient: a number is the largest norm of all parameters together, a block
        may keep it local (see `neurosim.host.clip`); None does not clip.
    learning : Learning
    gain : float
        Of the Xavier-normal initial weights.
    calibrate : bool
        Whether the host measures the die before training (see `neurosim.host.calibration`).
    dataset : str
        Name or file of the images: see `neurosim.data.sets`.
    scale : {"auto", "minmax", "none"}
        How a file's numbers become pixels from -1 to 1: see `neurosim.data.scaling`.
    labels : Labels or None
        Whether classes are learned with the images, to be asked for by class; None learns images
        alone.
    seed : int
        Of the die, the initial weights, the data and every noise.
    flow : FlowSettings
    contrast : Contrast or None
        A contrastive second stage; None matches the flow alone.
    sampling : SamplingSettings

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(updates=400, batch=256, flow={"beta": 5e-3}).flow.beta
    0.005
    >>> ns.Experiment().with_value("flow.settle_tau", 30)
    Experiment(flow=FlowSettings(settle_tau=30.0))
    """

    unwritten: ClassVar[tuple[str, ...]] = ("task", "rule", "scale")

    task: Task = Flow()
    rule: Rule = GradEP()
    updates: Count = 2000
    batch: Count = 512
    pairing: Pairing = "batch"
    times: Times = "uniform"
    optimizer: Optimiser = Adam()
    learning_rate: LearningRate = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    momentum: tuple[Decay, Decay] = (0.9, 0.95)
    average: Decay = 0.0
    clip: ClipOrNumber = Clip(per="global", value=1.0)
    learning: Learning = Learning()
    gain: Positive = 0.5
    calibrate: bool = False
    dataset: Annotated[str, Field(min_length=1)] = "digits"
    scale: Scale = "auto"
    labels: Labels | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    flow: FlowSettings = FlowSettings()
    contrast: Contrast | None = None
    sampling: SamplingSettings = SamplingSettings()

    @classmethod
    def suited(cls, task: Task | str) -> Experiment:
        """An experiment with the settings that suit a task, which may be its word.

        Examples
        --------
        >>> import neurosim as ns
        >>> ns.Experiment.suited("classify").flow
        FlowSettings(stiffness=1.0, alpha=1.0, beta=0.2, settle_tau=5.0)
        """
        plain = cls().with_value("task", task)
        return plain.with_values(dict(getattr(plain.task, "suits", {})))

    def images(self) -> Dataset:
        """What is learned, loaded anew.

        Raises
        ------
        DataError
            See `neurosim.data.load_dataset`.
        """
        return load_dataset(self.dataset, self.scale)

    @property
    def contrast_begins(self) -> int:
        """First update (from 0) of the contrastive stage; their number if there is none."""
        if self.contrast is None:
            return self.updates
        return math.ceil(self.contrast.begin * self.updates)

    @model_validator(mode="after")
    def _rules_that_change_weights_do_so_in_memory(self) -> Experiment:
        if not isinstance(self.rule, ContinualLaw):
            return self
        wrong: list[tuple[tuple[str, ...], str]] = []
        if self.learning.mode != "in_memory":
            wrong.append((("learning", "mode"), "must be in_memory"))
        if getattr(self.optimizer, "remembers", True):
            wrong.append((("optimizer",), "must be sgd"))
        if self.contrast is not None:
            wrong.append((("contrast",), "must be left out"))
        if wrong:
            name = getattr(self.rule, "rule", type(self.rule).__name__)
            why = f"with the rule {name}, which changes weights while it measures"
            raise BlockError([(place, f"{text} {why}") for place, text in wrong])
        return self

    @model_validator(mode="after")
    def _averages_are_of_shadow_weights(self) -> Experiment:
        if self.average and self.learning.mode == "in_memory":
            text = "is for learning.mode shadow: devices that take pulses hold no average"
            raise BlockError([(("average",), f"{text}; leave it out")])
        if self.contrast is not None and not self.task.has_paths:
            text = "needs paths from noise to images, as the task flow has them; leave it out"
            raise BlockError([(("contrast",), text)])
        return self
