"""What each cause does to a chip at given weights: the chip without it, and it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.causes import Cause, alone, causes_of, switched_off
from neurosim.analysis.counting import Count, Progress
from neurosim.analysis.extents import FINER, Extent, advice_on, narrowed, too_wide
from neurosim.analysis.figures import moved_by_nudge
from neurosim.analysis.imperfections import ideal
from neurosim.analysis.losses import NAN, Effect, Losses, cosine, drawing_loss
from neurosim.analysis.observe import Conditions, Observed, Told
from neurosim.converters.quantise import lsb
from neurosim.errors import NeurosimError
from neurosim.profile import Profile
from neurosim.solvers import Engine, Noise, OperatingPoint

__all__ = ["LOST", "Drawn", "Effects"]

Array = NDArray[np.float64]
# Rows that a variant of the chip draws.
Drawn = Callable[[Profile, Engine | None], Array]

# What beta is multiplied by, and the settling time and C_x/C_h, in search of better ones; the
# latter to 60 at least.
_BETAS = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_LONGER = (2.0, 4.0)
_LARGER, _ENOUGH = 4.0, 60.0
# A target that a nudge moves by less than this of a step of the DAC is rounded back.
LOST = 0.5
# Of the most that is lost, a single cause that saves less hides behind another one.
_MASKED = 0.5
# A cause of so much of a loss rules it, if it is not next to nothing.
_RULES, _LEAST = 0.5, 0.02
# A stronger nudge is advised for a cause of whose loss of the gradient it saves this much.
_NUDGED = 0.5
# What each loss counts: neither learning nor samples feel how velocities are read.
_COUNTS = Losses(1.0, 1.0, 0.5)


class Effects:
    """Variants of a chip, each measured once.

    Parameters
    ----------
    conditions : Conditions
    drawn : callable, optional
        Draws rows from a variant; without it velocities of the presented rows are compared.
    progress : callable, optional
        Called with variants done and their total.
    """

    def __init__(
        self,
        conditions: Conditions,
        drawn: Drawn | None = None,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self.conditions, self._drawn, self.count = conditions, drawn, Count(progress)
        self._profile = conditions.profile
        self._causes, self._found = causes_of(self._profile), list[Effect]()
        self.count.expect(len(self._causes) + 2 + (drawn is not None))

    @cached_property
    def whole_seen(self) -> list[Observed]:
        """Every batch presented to the chip as it is."""
        return self._observe(self._profile)

    @cached_property
    def ideal_seen(self) -> list[Observed]:
        """Every batch presented to the chip without any cause."""
        return self._observe(self.bare)

    @cached_property
    def rest_seen(self) -> list[Observed]:
        """The same, settled for ever."""
        return self.conditions.observe_all(self.bare, engine=OperatingPoint())

    @cached_property
    def whole(self) -> Losses:
        """Of the chip as it is."""
        return self._losses(self._profile, self.whole_seen)

    @cached_property
    def ideal(self) -> Losses:
        """Of the chip without any cause, with its own settings."""
        return self._losses(self.bare, self.ideal_seen)

    def all(self) -> list[Effect]:
        """Every cause of the profile and every setting, the costliest first."""
        self.whole, self.ideal  # noqa: B018  # measured first
        settings = [self._done(look()) for look in self._settings()]
        causes = [self._done(self._without(cause)) for cause in self._causes]
        if any(self._masked([*settings, *causes])):
            # Without bits and noise a range that is too wide does nothing by itself.
            self.count.expect(sum(not effect.wide for effect in causes))
            causes = [
                effect if effect.wide else replace(effect, alone=self._alone(cause))
                for effect, cause in zip(causes, self._causes, strict=True)
            ]
        weighed = self._weighed([*settings, *causes])
        return sorted(weighed, key=lambda effect: -effect.rank)

    def so_far(self) -> list[Effect]:
        """What `all` has measured if it was stopped, the costliest first."""
        weighed = self._weighed(self._found) if self._found else []
        return sorted(weighed, key=lambda effect: -effect.rank)

    def _done(self, effect: Effect) -> Effect:
        """Itself, which is counted and kept for `so_far`."""
        self._found.append(effect)
        self.count.step()
        return effect

    def _settings(self) -> list[Callable[[], Effect]]:
        found = [self._beta, self._settling]
        return found if self._drawn is None else [*found, self._released]

    def _masked(self, found: list[Effect]) -> list[bool]:
        """Of each loss, whether no cause saves much of what is lost, as where two are as bad."""
        return [
            max(getattr(self.whole, name) - getattr(effect.without, name) for effect in found)
            < _MASKED * (getattr(self.whole, name) - getattr(self.ideal, name))
            for name in Losses._fields
        ]

    def _weighed(self, found: list[Effect]) -> list[Effect]:
        """With what each costs: what its absence saves.

        Where causes are masked it is the mean of that and of what each costs alone. What may make
        up for causes has as its own what it saves beyond the costliest of them. Where a stronger
        nudge was measured to make up for much of a cause, that is advised too.
        """
        masked = self._masked(found)
        costs = [self._costs(effect, masked) for effect in found]
        kept = [cost for effect, cost in zip(found, costs, strict=True) if not effect.makes_up]
        most = np.nanmax([np.zeros(len(Losses._fields)), *kept], axis=0)
        whole, weighed = np.array(self.whole), []
        nudged = {cause.name for cause in self._causes if cause.nudge}
        saved = self._saved_by_nudge(found)
        for effect, cost in zip(found, costs, strict=True):
            beyond = cost - most if effect.makes_up else cost
            rules = cost >= np.maximum(_RULES * whole, _LEAST)
            # A setting rules where there is nothing that it could make up for.
            rules &= beyond > most if effect.makes_up else True
            weight, own = (float(np.nanmax([0.0, *(part * _COUNTS)])) for part in (cost, beyond))
            how: dict[str, Any] = {"weight": weight, "rules": bool(np.any(rules))}
            if effect.name in nudged and 0 < _NUDGED * cost[0] <= saved:
                how["advice"] = f"{effect.advice}, or raise flow.beta"
            weighed.append(replace(effect, **how, own=own if effect.makes_up else None))
        return weighed

    def _costs(self, effect: Effect, masked: list[bool]) -> Array:
        """Of each loss, what the effect costs; NaN where that was not measured."""
        cost: Array = np.array(self.whole) - np.array(effect.without)
        if effect.alone is not None:
            by_itself = np.array(effect.alone) - np.array(self.ideal)
            cost = np.where(masked, (cost + by_itself) / 2, cost)
        return cost

    def _without(self, cause: Cause) -> Effect:
        wide = self._wide.get(cause.name.split()[0], ())
        told = wide if cause.ranges else ()
        variant = narrowed(self._profile, told) if told else switched_off(self._profile, cause)
        seen, advice = self._observe(variant), advice_on(cause, wide)
        losses = self._losses(variant, seen)
        makes_up = bool(wide) and cause.name in FINER
        how: dict[str, Any] = {"seen": seen, "variant": variant, "wide": told}
        return Effect(cause.name, advice, losses, makes_up=makes_up, **how)

    @cached_property
    def _wide(self) -> dict[str, tuple[Extent, ...]]:
        """Ranges that are too wide, by their converter."""
        return too_wide(self.conditions, self.ideal_seen[0])

    def _alone(self, cause: Cause) -> Losses:
        variant = alone(self._profile, cause)
        losses = self._losses(variant, self._observe(variant))
        self.count.step()
        return losses

    def _beta(self) -> Effect:
        """The nudge at the best of some other strengths, as far as the chip can set them."""
        now, found = float(self.conditions.flow.beta or 0.0), {}
        for factor in _BETAS:
            if factor < 1 and self.dac_steps(factor * now) < LOST:
                continue
            try:
                got = self._observe(self._profile, beta=factor * now)
            except NeurosimError:
                continue
            found[factor * now] = self._gradient(got)
        best = min(found, key=found.__getitem__, default=now)
        way = "raise" if best > now else "lower"
        without = self.whole._replace(gradient=found.get(best, self.whole.gradient))
        return Effect(
            "beta", f"{way} flow.beta from {now:g} to {best:g}", without, best=best, makes_up=True
        )

    def _saved_by_nudge(self, found: list[Effect]) -> float:
        """What a stronger nudge saves of the gradient; 0 where none does."""
        now = float(self.conditions.flow.beta or 0.0)
        stronger = [e for e in found if e.name == "beta" and e.best is not None and e.best > now]
        return sum(self.whole.gradient - effect.without.gradient for effect in stronger)

    def dac_steps(
        self, beta: float, stiffness: float | None = None, bits: int | None = None
    ) -> float:
        """By how many steps of the DAC a nudge moves its target, as it is or of so many bits."""
        dac, flow = self._profile.dac, self.conditions.flow
        if dac.bits is None or dac.range_V is None:
            return float("inf")
        stiffness = flow.stiffness if stiffness is None else stiffness
        step = lsb(dac.range_V, dac.bits if bits is None else bits) / self._profile.node.unit_V
        return moved_by_nudge(beta, flow.alpha, stiffness) * self.conditions.velocity / step

    def _settling(self) -> Effect:
        """Each phase settled for longer."""
        now = float(self.conditions.flow.settle_tau or 0.0)
        found: dict[float, tuple[Losses, list[Observed]]] = {}
        for factor in _LONGER:
            got = self._observe(self._profile, settle_tau=factor * now)
            drawing = None if self._drawn is None else self.whole.drawing
            found[factor * now] = self._losses_of(got, drawing), got
        best = min(found, key=lambda tau: float(np.nansum(found[tau][0])))
        return Effect(
            "settling time",
            f"raise flow.settle_tau from {now:g} to {best:g}",
            found[best][0],
            seen=found[best][1],
            best=best,
            makes_up=True,
        )

    def _released(self) -> Effect:
        """Visible nodes released on larger capacitors."""
        node = self._profile.node
        larger_F = max(_LARGER * node.release_capacitance_F, _ENOUGH * node.capacitance_F)
        ratio, variant = (
            larger_F / node.capacitance_F,
            self._profile.with_value("node.release_capacitance_F", larger_F),
        )
        drawing = self._drawing(variant)
        return Effect(
            "C_x/C_h",
            f"raise node.release_capacitance_F to {ratio:g} times capacitance_F",
            self.whole._replace(drawing=drawing),
            variant=variant,
            best=ratio,
        )

    @cached_property
    def bare(self) -> Profile:
        """The chip without any cause."""
        return ideal(self._profile)

    def engine(self, profile: Profile) -> Engine | None:
        """Silent steps where the noise of the chip is off: what differs is noise alone."""
        temperature = self._profile.thermal.temperature_K
        if temperature is None or profile.thermal.temperature_K is not None:
            return None
        return Told(self._profile.settling, Noise(None))

    def _observe(self, profile: Profile, **how: float) -> list[Observed]:
        return self.conditions.observe_all(profile, engine=self.engine(profile), **how)

    def _losses(self, profile: Profile, got: list[Observed]) -> Losses:
        return self._losses_of(got, None if self._drawn is None else self._drawing(profile))

    def _losses_of(self, got: list[Observed], drawing: float | None) -> Losses:
        """With the loss of what is drawn, or None where that is velocities."""
        velocity = self._rows_of(got)
        drawn, read = (velocity, NAN) if drawing is None else (drawing, velocity)
        return Losses(self._gradient(got), drawn, read)

    def _gradient(self, got: list[Observed]) -> float:
        pairs = zip(got, self.conditions.exact_for(got), strict=True)
        return 1 - float(np.mean([cosine(seen.gradient, exact) for seen, exact in pairs]))

    def _rows_of(self, got: list[Observed]) -> float:
        pairs = zip(got, self.rest_seen, strict=True)
        return float(np.mean([drawing_loss(seen.velocity, rest.velocity) for seen, rest in pairs]))

    def _drawing(self, profile: Profile) -> float:
        assert self._drawn is not None
        return drawing_loss(self._drawn(profile, self.engine(profile)), self.exact_rows)

    @cached_property
    def exact_rows(self) -> Array:
        """What is drawn without hardware: on capacitors so large that all hidden nodes follow."""
        assert self._drawn is not None
        node = self.bare.node
        largest_F = max(8 * node.release_capacitance_F, 240 * node.capacitance_F)
        slow = self.bare.with_value("node.release_capacitance_F", largest_F)
        return self._drawn(slow, None)
