"""What the host is asked to do: the algorithm's settings, as a block of a YAML file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurosim.chip.interface import DataSheet
from neurosim.config import Block

__all__ = ["Experiment", "FlowSettings", "Mode", "SamplingSettings"]

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

    def on(self, sheet: DataSheet) -> FlowSettings:
        """Settings with the chip's advice where none was given."""
        return self.model_copy(
            update={
                "beta": self.beta if self.beta is not None else sheet.advised_beta,
                "settle_tau": (
                    self.settle_tau if self.settle_tau is not None else sheet.advised_settle_tau
                ),
            }
        )


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


class Experiment(Block):
    """One training run.

    Parameters
    ----------
    updates, batch : int
        Number of weight updates and of presentations in each.
    optimizer : {"adam", "sgd"}
    learning_rate : float
    schedule : {"constant", "cosine"}
        `cosine` decays the rate to zero over the run.
    momentum : tuple of float
        Decay rates of Adam's two moments.
    clip : float or None
        Largest norm of the gradient of all parameters together; None does not clip.
    gain : float
        Of the Xavier-normal initial weights.
    dataset : {"digits"}
    seed : int
        Of the die, the initial weights, the data and every noise.
    flow : FlowSettings
    sampling : SamplingSettings
    """

    updates: Count = 2000
    batch: Count = 512
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Positive = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    momentum: tuple[Decay, Decay] = (0.9, 0.95)
    clip: Positive | None = 1.0
    gain: Positive = 0.5
    dataset: Literal["digits"] = "digits"
    seed: Annotated[int, Field(ge=0)] = 0
    flow: FlowSettings = FlowSettings()
    sampling: SamplingSettings = SamplingSettings()
