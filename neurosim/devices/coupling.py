"""Programmable devices that make couplings and biases: range, levels, encoding."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from neurosim.arguments import answer
from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Cubic, IdleSiemens, ParasiticFarad
from neurosim.blocks.words import IDEAL
from neurosim.devices.levels import Levels, nearest
from neurosim.devices.wires import Wires

__all__ = ["CouplingDevice", "Target"]

Array = NDArray[np.float64]


class Target(NamedTuple):
    """Conductances to program, [S]; `n_clipped` weights lay beyond the full scale."""

    plus_S: Array
    minus_S: Array
    n_clipped: int


class CouplingDevice(Sourced):
    r"""A pair of conductances G+ and G- for one signed weight.

    .. math:: dG = G^+ - G^- = w\,g, \qquad G^\pm \in [g_\min,\; g_\min + w_\max g]

    with g the conductance of weight 1 (the leak of a node). A device by itself is the weight that
    it conducts, :math:`G = w\,g` from g_min up: no weight is negative.

    Parameters
    ----------
    encoding : {"one_sided", "complementary", "single"}
        How a pair holds a weight. `one_sided`: one device carries it, the other idles at g_min.
        `complementary`: G+ + G- is constant, so that the load of a node does not depend on weights.
        Where levels are not equally spaced in conductance each device takes its nearest level,
        and the sum is off by up to half a spacing of levels at G+ and half a one at G-.
        `single`: there is no G-; for nodes that resistors join.
    full_scale : float
        Largest weight w_max.
    idle_S : float
        g_min, the conductance of a device at level 0.
    levels : int, EvenResistance, LevelTable or None
        Conductances of one device: the number of equally spaced ones, or a law of
        `neurosim.devices.levels`; None is a continuum.
    directions : {"shared", "separate"}
        Whether one device serves both directions of a coupling, or two (written alike, each with
        its own mismatch and noise: not reciprocal).
    cubic_per_V2 : float
        k of a device's current G v (1 + k v^2): above 0 it stiffens, below 0 it saturates. Writes
        and tables mean the conductance at small voltages.
    parasitic_F : float
        Capacitance that each coupling, both devices of its pair and their wires, adds to the node
        that it hangs on, its bias too: n couplings make it C + (n + 1) C_p.
    wires : Wires or None
        Wires of the crossbars that the couplings are, see `neurosim.devices.wires`.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.load_profile("cmos_rc_6bit").coupling.levels
    32
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "parasitic_F", "wires")

    encoding: Literal["one_sided", "complementary", "single"]
    full_scale: Annotated[float, Field(gt=0)]
    idle_S: IdleSiemens = 0.0
    levels: Levels = None
    directions: Literal["shared", "separate"] = "shared"
    cubic_per_V2: Cubic = 0.0
    parasitic_F: ParasiticFarad = 0.0
    wires: Annotated[Wires | None, IDEAL] = None

    @model_validator(mode="after")
    def _resistance_is_finite(self) -> CouplingDevice:
        if getattr(self.levels, "needs_idle", False) and not self.idle_S:
            text = "must be above 0 S where levels are equally spaced in resistance"
            raise BlockError([(("idle_S",), text)])
        return self

    @property
    def separate(self) -> bool:
        """Whether each direction of a coupling has devices of its own."""
        return self.directions == "separate"

    @property
    def single(self) -> bool:
        """Whether a weight is one device and no pair."""
        return self.encoding == "single"

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the devices of a weight."""
        return ("plus",) if self.single else ("plus", "minus")

    def least(self, unit_S: float) -> float:
        """Smallest weight that can be programmed."""
        return self.idle_S / unit_S if self.single else -self.full_scale

    def step(self, unit_S: float) -> float | None:
        """Between two neighbouring weights; None where levels are not even, or there are none."""
        if not isinstance(self.levels, int):
            return None
        # The two devices of a complementary pair move against each other.
        ways = 2 if self.encoding == "complementary" else 1
        low = self.idle_S / unit_S if self.single else 0.0
        return ways * (self.full_scale - low) / (self.levels - 1)

    def n_beyond(self, weight: Array) -> int:
        """How many weights are larger than the full scale, or negative where a device is single."""
        low = 0.0 if self.single else -self.full_scale
        return int(np.count_nonzero((weight < low) | (weight > self.full_scale)))

    def target(self, weight: Array, unit_S: float) -> Target:
        """Nearest programmable pair for each weight; `unit_S` is the conductance of weight 1.

        What a single device cannot hold because it never quite shuts counts as no clipping.
        """
        w, n_clipped = np.clip(weight, self.least(unit_S), self.full_scale), self.n_beyond(weight)
        if self.single:
            ladder = self.levels_S(unit_S)
            plus_S = w * unit_S if ladder is None else ladder[nearest(ladder, w * unit_S)]
            return Target(plus_S, np.zeros_like(plus_S), n_clipped)
        if self.encoding == "one_sided":
            plus, minus = np.maximum(w, 0.0), np.maximum(-w, 0.0)
        else:
            plus, minus = (self.full_scale + w) / 2, (self.full_scale - w) / 2
        if isinstance(self.levels, int):
            step = self.full_scale / (self.levels - 1)
            # Half-way values go up in G+ and down in G-.
            up, down = np.floor(plus / step + 0.5), np.ceil(minus / step - 0.5)
            if self.encoding == "complementary":
                # Not rounded by itself: the sum must stay constant where weights lie half-way.
                down = self.levels - 1 - up
            plus, minus = up * step, down * step
        plus_S, minus_S = self.idle_S + plus * unit_S, self.idle_S + minus * unit_S
        ladder = None if isinstance(self.levels, int) else self.levels_S(unit_S)
        if ladder is not None:
            plus_S = ladder[nearest(ladder, plus_S)]
            minus_S = ladder[nearest(ladder, minus_S, up=False)]
        return Target(plus_S, minus_S, n_clipped)

    def range_S(self, unit_S: float) -> float:
        """Span of one device above its idle conductance [S]."""
        return self.full_scale * unit_S - (self.idle_S if self.single else 0.0)

    def levels_S(self, unit_S: float) -> Array | None:
        """Conductance of every level, ascending; None for a continuum [S]."""
        if self.levels is None:
            return None
        if isinstance(self.levels, int):
            if self.single:
                return np.linspace(self.idle_S, self.full_scale * unit_S, self.levels)
            step = self.full_scale / (self.levels - 1)
            even_S: Array = self.idle_S + np.arange(self.levels, dtype=np.float64) * step * unit_S
            return even_S
        values_S: Array = answer(self.levels, "values", self.idle_S, self.range_S(unit_S))
        return values_S

    def level(self, conductance_S: Array, unit_S: float) -> NDArray[np.int64]:
        """Level code of each target conductance (levels must be finite)."""
        ladder = self.levels_S(unit_S)
        if ladder is None:
            raise ValueError(
                "CouplingDevice.level needs a finite number of levels, but it is ideal."
            )
        return nearest(ladder, conductance_S)

    def nominal_load_S(self, unit_S: float) -> float:
        """Sum G+ + G- of a pair that holds weight 0, or of a device that is shut [S]."""
        if self.single:
            return self.idle_S
        extra = self.full_scale * unit_S if self.encoding == "complementary" else 0.0
        return 2 * self.idle_S + extra
