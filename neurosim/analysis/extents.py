"""Ranges of converters against what arrives at them: one too wide wastes bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.answered import AnswerConditions
from neurosim.analysis.causes import CAUSES, Cause
from neurosim.analysis.observe import Conditions, Observed
from neurosim.blocks.units import format_quantity
from neurosim.converters import Sums
from neurosim.profile import Profile

__all__ = ["FINER", "Extent", "advice_on", "narrowed", "too_wide"]

Array = NDArray[np.float64]

# Of the most that arrives, what a range holds that clips few values.
_CLIPS = 0.8
# A range that wastes a bit or more, and what a narrower one leaves beyond the most that arrives.
_WIDE, _ROOM = 2.0, 1.1
# Causes that a narrower range makes smaller; the noise of a DAC is in volts.
FINER = ("ADC bits", "ADC noise", "DAC bits", "ammeter bits", "correlator bits")


# By the path of a range.
_CONVERTER = {path: cause.name.split()[0] for cause in CAUSES for path in cause.ranges}


class Extent(NamedTuple):
    """A range, and the largest magnitude that arrives on an ideal chip of the same weights.

    Attributes
    ----------
    path : str
        Of the range in the profile.
    what : str
        What is converted.
    range, most : float
    unit : str
        Empty of a number without one.
    """

    path: str
    what: str
    range: float
    most: float
    unit: str

    @property
    def times(self) -> float:
        """The range over what arrives."""
        return self.range / self.most

    @property
    def fitting(self) -> float:
        """A range with a tenth of room."""
        return _ROOM * self.most

    def said(self) -> str:
        """The range beside what arrives, without a full stop."""
        wide, most = (_shown(value, self.unit) for value in (self.range, self.most))
        return (
            f"the range of {wide} for {self.what} is {self.times:.3g} times the most that arrives, "
            f"{most}, which wastes {np.log2(self.times):.2g} bits"
        )


def too_wide(conditions: Conditions, ideal: Observed) -> dict[str, tuple[Extent, ...]]:
    """Ranges that are at least twice what arrives, by the name of their converter.

    A range that fits itself, phases and amplified differences have none; nor has a converter with
    another range that clips much of what arrives, for that comes first.

    Parameters
    ----------
    conditions : Conditions
    ideal : Observed
        Their first batch on the ideal chip.
    """
    if conditions.profile.node.oscillating:
        return {}
    known: dict[str, list[Extent]] = {}
    for extent in (
        *_read(conditions.profile, ideal.outputs),
        *_driven(conditions),
        *_measured(conditions, ideal.velocity),
        *_summed(conditions, ideal),
    ):
        known.setdefault(_CONVERTER[extent.path], []).append(extent)
    wide = {
        name: tuple(e for e in extents if e.times >= _WIDE)
        for name, extents in known.items()
        if all(e.times >= _CLIPS for e in extents)
    }
    return {name: extents for name, extents in wide.items() if extents}


def narrowed(profile: Profile, wide: Sequence[Extent]) -> Profile:
    """The chip with ranges that fit, and as many bits as it had."""
    return profile.with_values({extent.path: extent.fitting for extent in wide})


def advice_on(cause: Cause, wide: Sequence[Extent]) -> str:
    """What to change where a converter has ranges that are too wide, if any."""
    if not wide:
        return cause.advice
    ways = [f"{e.path} to {_shown(e.fitting, e.unit)}" for e in wide]
    narrow = f"narrow {' and '.join(ways)}"
    if cause.ranges:
        return narrow
    return f"{narrow} first, then {cause.advice}" if cause.name in FINER else cause.advice


def _shown(value: float, unit: str) -> str:
    return format_quantity(value, unit, 2) if unit else f"{value:.2g}"


def _extent(
    path: str, what: str, range_: float | None, values: Array, scale: float, unit: str
) -> Iterator[Extent]:
    most = scale * float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    if range_ is not None and most:
        yield Extent(path, what, range_, most, unit)


def _read(profile: Profile, outputs: Array) -> Iterator[Extent]:
    adc, n_visible, unit_V = profile.adc, profile.layers[0], profile.node.unit_V
    if adc.auto_range or profile.readout is not None:
        return
    for layer, nodes, range_V in (
        ("visible", outputs[..., :n_visible], adc.visible_range_V),
        ("hidden", outputs[..., n_visible:], adc.hidden_range_V),
    ):
        yield from _extent(f"adc.{layer}_range_V", f"{layer} nodes", range_V, nodes, unit_V, "V")


def _driven(conditions: Conditions) -> Iterator[Extent]:
    profile, targets = conditions.profile, _targets(conditions)
    scale, range_V = profile.node.unit_V, profile.dac.range_V
    yield from _extent("dac.range_V", "targets", range_V, targets, scale, "V")


def _targets(conditions: Conditions) -> Array:
    if isinstance(conditions, AnswerConditions):
        return conditions.answer_batches[0].targets
    return conditions.batches[0].targets


def _measured(conditions: Conditions, velocity: Array) -> Iterator[Extent]:
    node, sense = conditions.profile.node, conditions.profile.current_sense
    if sense is not None:
        per_unit_A = node.leak_S * node.unit_V / conditions.flow.alpha
        path, range_A = "current_sense.range_A", sense.range_A
        yield from _extent(path, "currents", range_A, velocity, per_unit_A, "A")


def _summed(conditions: Conditions, ideal: Observed) -> Iterator[Extent]:
    """Contrasts of both nudged phases, summed over the rows, in squares of the unit."""
    readout = conditions.profile.readout
    if isinstance(readout, Sums) and not getattr(readout, "auto_range", False):
        range_, rows = getattr(readout, "range", None), len(_targets(conditions))
        sums = rows * ideal.distance
        yield from _extent("readout.range", "sums", range_, ideal.gradient, sums, "")
