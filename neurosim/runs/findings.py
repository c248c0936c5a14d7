"""What spoils a trained chip, and the sentences that say how much."""

from __future__ import annotations

import math

from pydantic import Field

from neurosim.blocks.records import Record

__all__ = ["IMPLAUSIBLE", "SPRING", "STOPPED", "Figures", "Finding"]

IMPLAUSIBLE, SPRING, STOPPED = "implausible number", "soft spring", "generation time"

# Of a loss, or of what a share lacks of 1: less is no gap.
_NO_GAP = 0.05
# Of the gradient's cosine, below the ideal chip's: from where a training may have learned less by
# it, and from where it has.
_WORSE, _SPOILT = 0.1, 0.3


class Finding(Record):
    """One cause.

    Attributes
    ----------
    cause : str
    measured : str
        A figure with its unit, and what it is compared with.
    advice : str
        What to change in the profile or the recipe.
    weight : float
        What it costs, in units of the losses of `neurosim.analysis.effects`; of a setting, what it
        saves beyond the causes that it may make up for.
    cosine, error : float or None
        Of the gradient and of what is drawn, without the cause; None where it was not measured.
    velocity : float or None
        Error of the velocities that the host reads, where samples are drawn without them.
    quality : float or None
        The run's own figure without the cause, where it is among the first.
    cosine_alone, error_alone : float or None
        Of a chip that is ideal but for this cause, where several causes hide each other.
    bought : str
        What was measured of the advice, where it is none of these figures.
    instead : str
        Of a setting, the value that it was measured with in place of the run's own.
    """

    cause: str
    measured: str
    advice: str
    weight: float
    cosine: float | None = None
    error: float | None = None
    velocity: float | None = None
    quality: float | None = None
    cosine_alone: float | None = None
    error_alone: float | None = None
    bought: str = ""
    instead: str = ""

    @property
    def row(self) -> str:
        """Its name in a table of chips without a cause."""
        return f"{self.cause} ({self.instead} instead)" if self.instead else self.cause

    @property
    def is_switched_off(self) -> bool:
        """Whether the chip was measured without the cause."""
        return self.cosine is not None or self.error is not None


class Figures(Record):
    """What spoils a trained chip, the worst first, and what is said of it.

    Attributes
    ----------
    name, chip : str
        Of the run and of its profile.
    drawn : {"samples", "velocities", "answers"}
        What is drawn.
    first : list of Finding
        The two or three that matter.
    others : list of Finding
        What costs less, the costliest first.
    fine : list of str
        What was looked at and costs next to nothing, or less than a tenth of the costliest.
    notes : list of str
        What is to be known beside it, such as that the training was stopped.
    cosine, error : float or None
        Of the gradient that the chip measures to the exact one of the same weights, and of what it
        draws or answers, root mean square over that of the same without hardware; these and all
        below are None where a profile's numbers are so implausible that nothing was measured.
    velocity, velocity_ideal : float or None
        Error of the velocities that the host reads, where samples are drawn without them.
    cosine_ideal, error_ideal : float or None
        The same of the ideal chip, which settles as long and is nudged as far.
    quality_name : str
        The run's own figure: flow loss, or such as test accuracy.
    quality, quality_ideal : float or None
        That of the chip, and of the ideal one with the same weights.
    quality_rows : int or None
        Rows that a share, such as an accuracy, is of; None of others.
    complete : bool
        Whether every cause was tried; else none is first.
    """

    name: str
    chip: str
    drawn: str
    first: list[Finding]
    others: list[Finding] = Field(default_factory=list)
    fine: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    cosine: float | None = None
    error: float | None = None
    velocity: float | None = None
    cosine_ideal: float | None = None
    error_ideal: float | None = None
    velocity_ideal: float | None = None
    quality_name: str = ""
    quality: float | None = None
    quality_ideal: float | None = None
    quality_rows: int | None = None
    complete: bool = True

    @property
    def as_ideal(self) -> bool:
        """Whether the chip does to the last bit what an ideal one with its settings does."""
        pairs = [(self.cosine, self.cosine_ideal), (self.error, self.error_ideal)]
        pairs += [(self.velocity, self.velocity_ideal), (self.quality, self.quality_ideal)]
        return all(here == ideal for here, ideal in pairs)

    def headline(self) -> str:
        """How far the chip is from the same network without hardware, in one sentence or two."""
        if self.cosine is None or self.error is None:
            return "Its numbers are so far from any chip's that nothing was measured."
        gradient = f"Its gradient has a cosine of {self.cosine:.2f} to the exact one of the same"
        if self.as_ideal:
            quality = "" if self.quality is None else (
                f" The {self.quality_name} is {self.quality:.3g}."
            )  # fmt: skip
            return (
                f"{gradient} weights, and its {self.drawn} are {self.error:.0%} off what they "
                "would be if nodes were given all the time that they need: no imperfection of this "
                f"chip takes anything away{', only what is set of it' if self.first else ''}."
                f"{quality}"
            )
        quality = ""
        if self.quality is not None:
            rows = "" if self.quality_rows is None else (
                f", of {self.quality_rows} rows by a draw of noise of their own,"
            )  # fmt: skip
            quality = f" The {self.quality_name}{rows} is {self.quality:.3g} (on the ideal chip "
            quality += f"with the same weights: {self.quality_ideal:.3g})."
        return (
            f"{gradient} weights (on an ideal chip with the same settings: "
            f"{self.cosine_ideal:.2f}). Its {self.drawn} are {self.error:.0%} off those of "
            f"the same network without hardware (on the ideal chip: {self.error_ideal:.0%})."
            f"{quality}"
        )

    def verdict(self) -> str:
        """Whether hardware sets the run's own figure, and whether a first cause accounts for it."""
        if self.quality is None or self.quality_ideal is None:
            return ""
        if self.as_ideal:
            return f"What was learned sets the {self.quality_name}{self._stood_in_its_way()}."
        sign = -self._better
        gap = sign * (self.quality - self.quality_ideal)
        if gap <= self._no_gap(self.quality, self.quality_ideal):
            no_better = f"With these weights the ideal chip's {self.quality_name} is no better: "
            return f"{no_better}{self._spoilt() or f'what was learned sets it{self._learned_by()}'}"
        saved = [sign * (self.quality - f.quality) for f in self.first if f.quality is not None]
        if max(saved, default=0.0) >= gap / 2:
            return ""
        few, others = {
            0: ("No cause by itself saves", "many small ones do"),
            1: ("The first cause by itself saves less than", "the rest is of smaller ones"),
        }.get(len(self.first), ("None of the first causes by itself saves", "several together do"))
        return f"{few} half of what the {self.quality_name} loses to the ideal chip: {others}."

    def _spoilt(self) -> str:
        """What the chip does to the learning, or to what is drawn, that its own figure hides."""
        here, ideal = self.cosine or 0.0, self.cosine_ideal or 0.0
        if here < ideal - _SPOILT:
            return (
                f"the chip has spoilt what was learned, for its gradient has {self._cosines}. Mend "
                "that, and train again."
            )
        error, error_ideal = self.error or 0.0, self.error_ideal or 0.0
        if error > error_ideal + _SPOILT:
            return (
                f"the weights have made up for this chip, for its {self.drawn} are {error:.0%} "
                f"off, the ideal chip's {error_ideal:.0%}. Mend that, and train again."
            )
        mended = {n: f.error for n, f in enumerate(self.first, 1) if f.error is not None}
        best = min(mended, key=mended.__getitem__, default=0)
        if best and error - mended[best] > max(_WORSE, error / 2):
            return (
                f"what was learned sets it. But the {self.drawn} are {error:.0%} off, and "
                f"{mended[best]:.0%} with cause {best} mended."
            )
        return ""

    @property
    def _cosines(self) -> str:
        here, ideal = self.cosine or 0.0, self.cosine_ideal or 0.0
        return f"a cosine of {here:.2f} where the ideal chip's has {ideal:.2f}"

    def _learned_by(self) -> str:
        """What of the learning it may have been: of a chip with a good gradient not the chip."""
        if self._learned_less:
            return f"{self._stood_in_its_way()}."
        if (self.cosine or 0.0) < (self.cosine_ideal or 0.0) - _WORSE:
            return (
                f" (recipe, updates, network, or the chip's gradient, which has {self._cosines}), "
                "not how the chip holds it."
            )
        return f"{self._stood_in_its_way()}, not the chip that holds it."

    @property
    def _learned_less(self) -> bool:
        """Whether what comes first was not switched off, but has kept the training from more."""
        if not self.first or self.first[0].cause in {IMPLAUSIBLE, STOPPED}:
            return False
        return not self.first[0].is_switched_off

    def _stood_in_its_way(self) -> str:
        """What comes first of the learning, or else all that it may have been."""
        if not self._learned_less:
            return " (recipe, updates, network)"
        return f". Of all that was looked at, the {self.first[0].cause} stood most in its way"

    def _no_gap(self, quality: float, ideal: float) -> float:
        """The largest gap between two figures that is none.

        Of a share q it is a part of what it lacks of 1, however near it is to 1, and at least the
        standard error sqrt(q (1 - q) / n) of n rows, of whichever of the two has the larger.
        """
        if "loss" in self.quality_name:
            return _NO_GAP * abs(ideal)
        spread = 0.0
        if self.quality_rows is not None:
            spread = max(q * (1 - q) for q in (quality, ideal)) / self.quality_rows
        return max(_NO_GAP * (1 - ideal), math.sqrt(max(spread, 0.0)))

    def bought(self, finding: Finding) -> str:
        """What a finding would buy, as it was measured; what stays as it is goes without saying."""
        if finding.bought:
            return finding.bought
        found = [
            ("cosine", "{:.2f}", self.cosine, finding.cosine, 1.0),
            (f"{self.drawn} off", "{:.0%}", self.error, finding.error, -1.0),
            ("velocities off", "{:.0%}", self.velocity, finding.velocity, -1.0),
            (self.quality_name, "{:.3g}", self.quality, finding.quality, self._better),
        ]
        said, gains, dearer = list[str](), list[float](), False
        is_measured = any(now is not None and then is not None for _, _, now, then, _ in found)
        for name, form, now, then, better in found:
            if now is not None and then is not None:
                before, after = form.format(now), form.format(then)
                if before != after:
                    said.append(f"{name} from {before} to {after}")
                    gained = better * (then - now)
                    if name == self.quality_name and abs(gained) <= self._no_gap(now, then):
                        continue
                    dearer |= name == self.quality_name and gained < 0
                    gains.append(gained)
        if is_measured and not said:
            return "by itself it changes none of these figures in the digits that are shown"
        if gains and max(gains) < 0:
            said.append("which is worse: by itself it buys nothing")
            if len(self.first) + len(self.others) > 1:
                said[-1] += ", so mend the other causes first"
        elif dearer and len(gains) > 1:
            said.append("for these weights have made up for it: train again without it")
        return ", ".join(said)

    @property
    def _better(self) -> float:
        """The sign of a change of the run's own figure that is for the better."""
        return -1.0 if "loss" in self.quality_name else 1.0
