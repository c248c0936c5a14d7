"""How data are presented to a chip and how samples are drawn, as blocks of a YAML file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.blocks.quantities import Beta, SettleTau
from neurosim.chip.interface import DataSheet, Others

__all__ = [
    "MODES",
    "ChipFlow",
    "Count",
    "Decay",
    "FlowSettings",
    "LearningRate",
    "Mode",
    "Positive",
    "SamplingSettings",
]

Mode = Literal["spring", "gradient", "free-running"]
MODES: tuple[Mode, ...] = ("spring", "gradient", "free-running")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
# Bounds far beyond any use, so that a slip of the pen does not run for days.
LearningRate = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]
SampleStep = Annotated[float, Field(ge=1e-6, le=1)]
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
    hidden_start : {"zero", "random"}
        Where nodes without a source begin a presentation: at 0, or where they happen to be: phases
        anywhere within half a turn, voltages within a unit. The latter needs a hold.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.FlowSettings(beta=5e-3, settle_tau=30)
    FlowSettings(beta=0.005, settle_tau=30.0)
    """

    unwritten: ClassVar[tuple[str, ...]] = ("hidden_start",)

    stiffness: Positive = 15.0
    alpha: Positive = 2.0
    beta: Beta | None = None
    settle_tau: SettleTau | None = None
    phases: Literal["centred", "one-sided"] = "centred"
    hidden_start: Literal["zero", "random"] = "zero"

    @property
    def one_sided(self) -> bool:
        """Whether the second phase has no nudge."""
        return self.phases == "one-sided"

    def on(self, sheet: DataSheet) -> ChipFlow:
        """The presentation on a chip, with its maker's advice where nothing was given."""
        settle_tau = sheet.advised_settle_tau if self.settle_tau is None else self.settle_tau
        return ChipFlow(
            stiffness=self.stiffness,
            alpha=self.alpha,
            beta=sheet.advised_beta if self.beta is None else self.beta,
            settle_tau=settle_tau,
            phases=self.phases,
            hidden_start=self.hidden_start,
            settle_s=settle_tau * sheet.tau_s,
        )


class ChipFlow(FlowSettings):
    """The physics of one presentation on a certain chip: nothing is left open.

    Parameters
    ----------
    settle_s : float
        Settling time of each phase.
    hidden_start : {"zero", "random", "kept"}
        The last where a sampler goes on from its step before.
    """

    hidden_start: Others = "zero"  # type: ignore[assignment]  # a wider choice than a file's
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
    hidden_start : {"zero", "random", "kept"} or None
        Where nodes without a source begin: see `FlowSettings`; kept: from 0 at the first step, and
        where the step before has left them at the others (a free run has but one). None: as in
        training.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.SamplingSettings(mode="spring", t_end=1.0)
    SamplingSettings(mode='spring', t_end=1.0)
    """

    unwritten: ClassVar[tuple[str, ...]] = ("hidden_start",)

    mode: Mode = "free-running"
    t_end: Annotated[float, Field(ge=1e-9, le=100)] = 1.2
    dt: SampleStep = 0.01
    hidden_start: Others | None = None
