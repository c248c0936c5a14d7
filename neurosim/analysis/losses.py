r"""How far a chip is from the network without hardware, and what one cause does to that.

Two losses say how far a chip is from the network without hardware that has the same weights:

.. math::
    L_\text{gradient} = 1 - \frac{g \cdot g^*}{|g|\,|g^*|}, \qquad
    L_\text{drawing} = \min\Bigl(1, \frac{|x - x^*|^2}{2\,\overline{|x^*|^2}}\Bigr),

g the gradient that the host measures of a batch, g* the exact one of the weights that it asks for,
x a row that the chip draws (a sample; or the velocity of a row that is presented) and x* the same
without hardware. For small errors across the signal both are half its relative square, so that
they can be ranked together. Rows that diverge count as 1.

Where a chip draws samples by itself, the loss of velocities, of the same form, is a third one: they
are what the flow loss is taken of, but neither learning nor samples feel how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.extents import Extent
from neurosim.analysis.observe import Observed
from neurosim.profile import Profile

__all__ = ["Effect", "Losses", "cosine", "drawing_loss"]

Array = NDArray[np.float64]
# One object, so that tuples which have it are equal.
NAN = float("nan")


class Losses(NamedTuple):
    """Of one variant.

    Attributes
    ----------
    gradient, drawing, velocity : float
        See the module; NaN where it was not measured.
    """

    gradient: float
    drawing: float = NAN
    velocity: float = NAN

    @property
    def cosine(self) -> float:
        """Of the gradient to the exact one."""
        return 1 - self.gradient

    @property
    def error(self) -> float:
        """Of what is drawn, root mean square over that of the exact rows."""
        return float(np.sqrt(2 * self.drawing))

    @property
    def read(self) -> float:
        """Error of velocities as the host reads them, as that of what is drawn."""
        return float(np.sqrt(2 * self.velocity))


@dataclass(frozen=True)
class Effect:
    """One cause, measured.

    Attributes
    ----------
    name, advice : str
    without : Losses
        Of the chip with all but this cause; of a setting, at the best one that was tried.
    alone : Losses or None
        Of a chip that is ideal but for this cause, where it was measured.
    weight : float
        What it costs, in units of the losses: the largest of them, that of velocities by half.
    seen : list of Observed
        Every batch presented to the chip without it; of beta and C_x/C_h none.
    variant : Profile or None
        The chip without it, where that is another chip.
    best : float or None
        Of a setting, the best that was tried.
    wide : tuple of Extent
        Ranges that are too wide: `without` is of the chip with narrower ones.
    makes_up : bool
        Whether it may make up for another cause, as a stronger nudge does for coarse readings, and
        more bits do for a range that is too wide.
    rules : bool
        Whether at least half of one of the losses is its own, and there is nothing half as bad
        that it could make up for.
    own : float or None
        Where it may make up for another cause, what it saves beyond the costliest one that it may,
        in the same loss.
    """

    name: str
    advice: str
    without: Losses
    alone: Losses | None = None
    weight: float = 0.0
    seen: list[Observed] = field(default_factory=list)
    variant: Profile | None = None
    best: float | None = None
    wide: tuple[Extent, ...] = ()
    makes_up: bool = False
    rules: bool = False
    own: float | None = None

    @property
    def counts(self) -> float:
        """What ranks it: the weight, or its own part where it may make up for others."""
        return self.weight if self.own is None else self.own

    @property
    def rank(self) -> float:
        """What counts; what rules comes before all else."""
        return self.counts + (2 if self.rules else 0)


def cosine(a: Array, b: Array) -> float:
    """Of two vectors; 0 where one is zero or not finite."""
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if np.isfinite(size) and size > 0 else 0.0


def drawing_loss(rows: Array, exact: Array) -> float:
    """Half the square of each row's error over the mean square of exact rows, at most 1."""
    error = np.sum((rows - exact) ** 2, axis=1) / (2 * np.nanmean(np.sum(exact**2, axis=1)))
    return float(np.mean(np.where(np.isfinite(error), np.minimum(error, 1.0), 1.0)))
