r"""Which conductances a device can be set to.

============ ====================================== ============================
levels       conductance of level k                 typical of
============ ====================================== ============================
N            :math:`G_0 + k\,\Delta/(N - 1)`        switched unit conductances
resistance   :math:`1/(R_0 - k(R_0 - R_N)/(N - 1))` digital potentiometers
table        any, ascending                         measured devices
============ ====================================== ============================

G_0 = 1 / R_0 is the idle conductance and Delta the range above it. N alone is law `conductance`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import IdleSiemens
from neurosim.blocks.words import IDEAL

__all__ = ["EvenConductance", "EvenResistance", "LevelLaw", "LevelTable", "Levels", "nearest"]

Array = NDArray[np.float64]
# Far beyond any device, so that a list of them is short; more are a continuum, ideal.
_MOST = 2**24
Count = Annotated[int, Field(ge=2, le=_MOST)]


@runtime_checkable
class LevelLaw(Protocol):
    """Conductances that one device can be set to.

    A law that has none where the idle conductance is 0 has `needs_idle = True`.
    """

    def values(self, idle_S: float, range_S: float) -> Array:
        """Conductance of every level, ascending [S]."""
        ...


class EvenConductance(Block):
    """Levels equally spaced in conductance; a profile may write their number alone.

    Parameters
    ----------
    law : {"conductance"}
        Names this law.
    count : int
        Number of levels.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.EvenConductance(count=64)
    EvenConductance(count=64)
    """

    stated: ClassVar[bool] = True

    law: Literal["conductance"] = "conductance"
    count: Count

    def values(self, idle_S: float, range_S: float) -> Array:
        """Conductance of every level, ascending [S]."""
        return np.linspace(idle_S, idle_S + range_S, self.count)


class EvenResistance(Block):
    """Levels equally spaced in resistance.

    Parameters
    ----------
    law : {"resistance"}
        Names this law.
    count : int
        Number of levels.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.EvenResistance(count=64)
    EvenResistance(count=64)
    """

    stated: ClassVar[bool] = True
    needs_idle: ClassVar[bool] = True

    law: Literal["resistance"] = "resistance"
    count: Count

    def values(self, idle_S: float, range_S: float) -> Array:
        """Conductance of every level, ascending [S]."""
        resistance_Ohm: Array = np.linspace(1 / idle_S, 1 / (idle_S + range_S), self.count)
        return 1 / resistance_Ohm


class LevelTable(Block):
    """Levels as measured.

    Parameters
    ----------
    law : {"table"}
        Names this law.
    values_S : tuple of float
        Conductance of each level, ascending.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.LevelTable(values_S=(0.0, 3e-6, 1e-5))
    LevelTable(values_S=(0.0, 3e-06, 1e-05))
    """

    stated: ClassVar[bool] = True

    law: Literal["table"] = "table"
    values_S: Annotated[tuple[IdleSiemens, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _ascend(self) -> LevelTable:
        if any(b <= a for a, b in pairwise(self.values_S)):
            raise BlockError([(("values_S",), "must be ascending, but are not")])
        return self

    def values(self, idle_S: float, range_S: float) -> Array:
        """Conductance of every level, ascending [S]; the nominal range makes no difference."""
        del idle_S, range_S
        return np.array(self.values_S, dtype=np.float64)


def _shortest(value: Any) -> Any:
    """Equally spaced conductances as their number alone, however they were written."""
    return value.count if isinstance(value, EvenConductance) else value


Levels = Annotated[
    Count | LevelLaw | None,
    one_of(EvenConductance, EvenResistance, LevelTable, of=LevelLaw),
    AfterValidator(_shortest),
    IDEAL,
]


def nearest(ladder: Array, conductance_S: Array, *, up: bool = True) -> NDArray[np.int64]:
    """Number of the level nearest to each conductance; half-way values go up, or down.

    Half-way is what rounding cannot tell from it: within 1e-12 of the spacing.
    """
    middle = (ladder[1:] + ladder[:-1]) / 2
    margin = (-1e-12 if up else 1e-12) * np.diff(ladder)
    return np.searchsorted(middle + margin, conductance_S, side="right").astype(np.int64)
