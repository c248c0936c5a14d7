"""What the host is asked to do: the algorithm's settings, as a block of a YAML file."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError
from neurosim.chip.interface import DataSheet
from neurosim.data import Pairing, Times
from neurosim.host.clip import Clip, ClipOrNumber

__all__ = [
    "ChipFlow",
    "Contrast",
    "Experiment",
    "FlowSettings",
    "Labels",
    "Learning",
    "Mode",
    "SamplingSettings",
]

Mode = Literal["spring", "gradient", "free-running"]
MODES: tuple[Mode, ...] = ("spring", "gradient", "free-running")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
# Bounds far beyond any use, so that a slip of the pen does not run for days.
SettleTau = Annotated[float, Field(gt=0, le=1e5)]
Beta = Annotated[float, Field(ge=1e-9, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class FlowSettings(Block):
    r"""The physics of one presentation.

    Parameters
    ----------
    stiffness : float
        lambda: the spring's conductance in units of a node's leak.
    alpha : float
        Velocity over displacement is alpha lambda.
    beta : float or None
        Nudge strength: its stiffness is beta (alpha lambda)^2. None takes the chip's advice.
    settle_tau : float or None
        Settling time of each phase in units of C / g. None takes the chip's advice.
    phases : {"centred", "one-sided"}
        Difference of +beta and -beta (error of second order in beta), or of +beta and the free
        phase (first order).
    """

    stiffness: Positive = 15.0
    alpha: Positive = 2.0
    beta: Beta | None = None
    settle_tau: SettleTau | None = None
    phases: Literal["centred", "one-sided"] = "centred"

    def on(self, sheet: DataSheet) -> ChipFlow:
        """The presentation on a chip, with its maker's advice where nothing was given."""
        settle_tau = sheet.advised_settle_tau if self.settle_tau is None else self.settle_tau
        return ChipFlow(
            stiffness=self.stiffness,
            alpha=self.alpha,
            beta=sheet.advised_beta if self.beta is None else self.beta,
            settle_tau=settle_tau,
            phases=self.phases,
            settle_s=settle_tau * sheet.tau_s,
        )


class ChipFlow(FlowSettings):
    """The physics of one presentation on a certain chip: nothing is left open.

    Parameters
    ----------
    settle_s : float
        Settling time of each phase.
    """

    beta: Beta
    settle_tau: SettleTau
    settle_s: Positive


class SamplingSettings(Block):
    """How samples are drawn.

    Parameters
    ----------
    mode : {"spring", "gradient", "free-running"}
        See `neurosim.host.sampler`.
    t_end : float
        Generation time; 1 is where training ends, a little more sharpens.
    dt : float
        Euler step of the host-stepped modes.
    """

    mode: Mode = "free-running"
    t_end: Annotated[float, Field(ge=1e-9, le=100)] = 1.2
    dt: Annotated[float, Field(gt=0, le=1)] = 0.01


class Contrast(Block):
    """A second stage that contrasts images with the chip's own samples, see `host.contrastive`.

    Parameters
    ----------
    weight : float
        Of the difference of energies, beside the flow-matching loss.
    t_end : float
        Generation time of the samples that images are contrasted with.
    begin : float
        Share of the updates after which this joins flow matching.
    learning_rate : float or None
        With which the schedule starts anew when this joins, having ended for flow matching alone;
        None: one schedule for both.
    rows : int or None
        How many of the batch's rows take part, at most the batch, the first ones; None: all.
        Running free takes a chip longer than settling.
    clip : bool
        Whether samples are clipped to [-1, 1] and held there while the hidden nodes settle, so that
        only what will be seen of them is contrasted; if not, the chip is read as it runs.
    """

    weight: Positive = 4.0
    t_end: Annotated[float, Field(ge=1e-9, le=100)] = 1.3
    begin: Annotated[float, Field(ge=0, lt=1)] = 0.5
    learning_rate: Positive | None = None
    rows: Count | None = None
    clip: bool = True


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
    """

    mode: Literal["shadow", "in_memory"] = "shadow"
    every: Count = 1
    pulses: Literal["sign", "stochastic", "accumulate"] = "stochastic"
    threshold: Annotated[float, Field(ge=0, le=100)] = 0.0
    most: Annotated[int, Field(ge=1, le=10_000)] = 10

    @model_validator(mode="after")
    def _fields_belong_to_the_mode(self) -> Learning:
        wrong = []
        if self.mode == "in_memory" and self.every != 1:
            wrong.append(("every", "is for mode shadow: pulses change the devices at each update"))
        if self.threshold and (self.mode, self.pulses) != ("in_memory", "sign"):
            wrong.append(("threshold", "is for mode in_memory with pulses sign"))
        if wrong:
            raise BlockError([((field,), f"{text}; leave it out") for field, text in wrong])
        return self


class Labels(Block):
    """Classes on visible nodes of their own, one for each class, after those of the pixels.

    These nodes are held rigidly at the image's class while its pixels are presented, and at the
    class that is asked for while they flow.

    Parameters
    ----------
    classes : int
    scale : float
        Value of the node of an image's class, in the host's numbers; the others are at 0.
    """

    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    scale: Positive = 3.0


class Experiment(Block):
    """One training run.

    Parameters
    ----------
    updates, batch : int
        Number of weight updates and of presentations in each.
    pairing : {"batch", "epoch"}
        Whether noise is paired with each batch's images, or with all images at once, of which
        batches are then parts (see `neurosim.data.pairs`).
    times : {"uniform", "logit_normal", "late"}
        Distribution of the flow times that are shown (see `neurosim.data.flow_times`);
        the flow loss of an update is over these.
    optimizer : {"adam", "sgd"}
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
    labels : Labels or None
        Whether classes are learned with the images, to be asked for by class; None learns images
        alone.
    seed : int
        Of the die, the initial weights, the data and every noise.
    flow : FlowSettings
    contrast : Contrast or None
        A contrastive second stage; None matches the flow alone.
    sampling : SamplingSettings
    """

    updates: Count = 2000
    batch: Count = 512
    pairing: Pairing = "batch"
    times: Times = "uniform"
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Positive = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    momentum: tuple[Decay, Decay] = (0.9, 0.95)
    average: Decay = 0.0
    clip: ClipOrNumber = Clip(per="global", value=1.0)
    learning: Learning = Learning()
    gain: Positive = 0.5
    calibrate: bool = False
    dataset: Annotated[str, Field(min_length=1)] = "digits"
    labels: Labels | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    flow: FlowSettings = FlowSettings()
    contrast: Contrast | None = None
    sampling: SamplingSettings = SamplingSettings()

    @property
    def contrast_begins(self) -> int:
        """First update (from 0) of the contrastive stage; their number if there is none."""
        if self.contrast is None:
            return self.updates
        return math.ceil(self.contrast.begin * self.updates)

    @model_validator(mode="after")
    def _averages_are_of_shadow_weights(self) -> Experiment:
        if self.average and self.learning.mode == "in_memory":
            text = "is for learning.mode shadow: devices that take pulses hold no average"
            raise BlockError([(("average",), f"{text}; leave it out")])
        return self
