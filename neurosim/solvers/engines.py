"""Engines: how a settle is computed, which is no property of a chip.

A chip takes any object of the Protocol `Engine`. `Transient` and `OperatingPoint` are blocks, which
a file can hold; `Settling` says which word makes which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol, get_args, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.solvers.flicker import Noise
from neurosim.solvers.noisy import LONGEST_STEP, noisy
from neurosim.solvers.operating_point import FIRST_TAU, operating_point
from neurosim.solvers.system import System
from neurosim.solvers.transient import Chunk, RateOf, Tolerances, transient

__all__ = ["METHODS", "Engine", "Method", "OperatingPoint", "Settling", "Transient"]

Array = NDArray[np.float64]
Method = Literal["ETD4", "RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]
METHODS: tuple[Method, ...] = get_args(Method)
Precision = Literal["float64", "float32"]
# Below these tolerances the rounding of single precision shows.
_SINGLE_RTOL, _SINGLE_ATOL = 1e-4, 1e-6
Relative = Annotated[float, Field(gt=0, lt=1)]
Absolute = Annotated[float, Field(gt=0)]


@runtime_checkable
class Engine(Protocol):
    """What a chip asks of an engine; one of one's own needs no more."""

    @property
    def noise_step_tau(self) -> float | None:
        """Longest time in tau for which it holds noise; None: it integrates no noise."""

    @property
    def along_the_way(self) -> Engine:
        """The engine for a state that is looked at before it rests; itself, where it integrates."""

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """Let a block of rows run.

        Parameters
        ----------
        rate_of : callable
            Right-hand side for some rows of the block.
        u_V : ndarray, shape (rows, n)
            Where they start.
        span : float
            Settling time in tau.
        system : System
            For its unit voltage and the sizes of its noise.
        noise : Noise or None
            What the noise is drawn from; None where the system has none.
        """


class Transient(Block):
    """Integrates for the settling time; with noise, where the system has any.

    It follows no ideal diode: of a network of resistors it takes each for a conductance of 20 times
    what else is on its node, which then goes 1/21 as far beyond 0 V as it would without.

    Parameters
    ----------
    engine : {"transient"}
        Names this engine.
    method : str
        Solver of a system without noise: ETD4 (ours, exact in leaks and springs) or any of SciPy's.
        Noise is integrated beside ETD4 alone, by the same step on a fixed ramp of lengths.
    rtol, atol : float
        Relative and absolute tolerance without noise; `atol` in units of the amplifiers' unit
        voltage.
    precision : {"auto", "float64", "float32"}
        Of ETD4 and of steps with noise: float32 takes about half the time, and its rounding, 1e-7
        of a voltage a step, stays far below the default tolerances. `auto` is float32 where `rtol`
        is at least 1e-4 and `atol` at least 1e-6, else float64.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Chip("ideal_hopfield", engine=ns.Transient(rtol=1e-6)).engine
    Transient(rtol=1e-06)
    """

    # It notes nothing of what it ran: other processes may run it. A subclass says so for itself.
    travels: ClassVar[bool] = True

    engine: Literal["transient"] = "transient"
    method: Method = "ETD4"
    rtol: Relative = 1e-3
    atol: Absolute = 1e-5
    precision: Literal["auto"] | Precision = "auto"

    @model_validator(mode="after")
    def _precision_has_a_solver(self) -> Transient:
        if self.precision == "float32" and self.method != "ETD4":
            text = f"must be float64 with {self.method}; only ETD4 integrates in float32"
            raise BlockError([(("precision",), text)])
        return self

    def __str__(self) -> str:
        return f"transient by {self.method}"

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What `precision` is."""
        if self.precision != "auto":
            return np.dtype(self.precision)
        single = self.method == "ETD4" and self.rtol >= _SINGLE_RTOL and self.atol >= _SINGLE_ATOL
        return np.dtype(np.float32 if single else np.float64)

    @property
    def noise_step_tau(self) -> float | None:
        """The longest step; None by one of SciPy's solvers."""
        return LONGEST_STEP if self.method == "ETD4" else None

    @property
    def along_the_way(self) -> Transient:
        """Itself."""
        return self

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """Integrate a block of rows for `span` time constants."""
        if noise is not None:
            return noisy(rate_of, u_V, span, self.dtype, system, noise)
        tolerances = Tolerances(self.rtol, self.atol, self.dtype)
        return transient(rate_of, u_V, span, self.method, tolerances, system.unit_V)


class OperatingPoint(Block):
    """Settles for an infinite time; for systems without noise.

    Parameters
    ----------
    engine : {"operating_point"}
        Names this engine.
    rtol, atol : float
        Tolerances, before they are widened threefold, of the transient that chooses where a row
        comes to rest; its end is as accurate with any.
    precision : {"auto", "float64", "float32"}
        Of that transient, `auto` as of `Transient`; the end is found in float64 with any.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Chip("ideal_hopfield", engine=ns.OperatingPoint()).engine
    OperatingPoint()
    """

    # A file that names no engine is a transient's.
    model_config = ConfigDict(json_schema_extra={"required": ["engine"]})

    travels: ClassVar[bool] = True
    # What `first` refuses is few rows of each chunk: `rest` takes those of all chunks together.
    gathers: ClassVar[bool] = True

    engine: Literal["operating_point"] = "operating_point"
    rtol: Relative = 1e-3
    atol: Absolute = 1e-5
    precision: Literal["auto"] | Precision = "auto"

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """That of the end, float64."""
        return np.dtype(np.float64)

    def __str__(self) -> str:
        return "operating_point"

    @property
    def noise_step_tau(self) -> None:
        """None: where a system with noise comes to rest is no question."""
        return None

    @property
    def along_the_way(self) -> Transient:
        """The transient of these tolerances, by ETD4."""
        return Transient(rtol=self.rtol, atol=self.atol, precision=self.precision)

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """Settle a block of rows to where they would stand after infinite time."""
        del span, noise
        return operating_point(rate_of, u_V, self._tolerances, system.unit_V)

    def first(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """As `run`, but rows that one short transient does not bring to rest are refused."""
        del span, noise
        return operating_point(rate_of, u_V, self._tolerances, system.unit_V, longest=FIRST_TAU)

    def rest(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """As `run`, of rows from where `first` has left them."""
        del span, noise
        return operating_point(rate_of, u_V, self._tolerances, system.unit_V, elapsed=FIRST_TAU)

    @property
    def _tolerances(self) -> Tolerances:
        return Tolerances(self.rtol, self.atol, self.along_the_way.dtype)


def _as_written_now(value: Any) -> Any:
    """What earlier versions wrote: noise was an engine with a step, RKC a method."""
    if not isinstance(value, Mapping):
        return value
    now = {"engine": "transient", **{k: v for k, v in value.items() if k != "step_tau"}}
    if now["engine"] == "stochastic":
        now |= {"engine": "transient", "method": "ETD4"}
    if now.get("method") == "RKC":
        now["method"] = "ETD4"
    if now["engine"] == "operating_point":
        now = {key: v for key, v in now.items() if key != "method"}
    return now


Settling = Annotated[
    Transient | OperatingPoint | Engine,
    one_of(Transient, OperatingPoint, key="engine", of=Engine),
    BeforeValidator(_as_written_now),
]
