"""Optimisers: which way the weights should go, given their gradient."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of

__all__ = ["Adam", "DescentLaw", "Optimiser", "Sgd"]

Array = NDArray[np.float64]
Memory = dict[str, Array]


@runtime_checkable
class DescentLaw(Protocol):
    """What an experiment asks of an optimiser; one of your own needs no more."""

    def memory(self, n_parameters: int) -> Memory:
        """What it remembers before the first step: arrays by name."""

    def direction(
        self, gradient: Array, memory: Memory, step: int, momentum: tuple[float, float]
    ) -> Array:
        """Vector to go against; what is remembered is renewed in `memory`.

        Parameters
        ----------
        gradient : ndarray, shape (n_parameters,)
            After the clip.
        memory : dict
        step : int
            From 1.
        momentum : tuple of float
            Of the experiment.
        """


class Adam(Block):
    """Averages of the gradient and of its square (Kingma and Ba 2015); steps of about size 1.

    Parameters
    ----------
    optimizer : {"adam"}
        Names this optimiser.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Adam()
    Adam()
    """

    EPSILON: ClassVar[float] = 1e-8

    optimizer: Literal["adam"] = "adam"

    def memory(self, n_parameters: int) -> Memory:
        """Both moments."""
        return {"first": np.zeros(n_parameters), "second": np.zeros(n_parameters)}

    def direction(
        self, gradient: Array, memory: Memory, step: int, momentum: tuple[float, float]
    ) -> Array:
        """See `DescentLaw.direction`."""
        b1, b2 = momentum
        memory["first"] = b1 * memory["first"] + (1 - b1) * gradient
        memory["second"] = b2 * memory["second"] + (1 - b2) * gradient**2
        first = memory["first"] / (1 - b1**step)
        second = memory["second"] / (1 - b2**step)
        return first / (np.sqrt(second) + self.EPSILON)


class Sgd(Block):
    """The gradient itself.

    Parameters
    ----------
    optimizer : {"sgd"}
        Names this optimiser.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Sgd()
    Sgd()
    """

    remembers: ClassVar[bool] = False

    optimizer: Literal["sgd"] = "sgd"

    def memory(self, n_parameters: int) -> Memory:
        """Two moments that are never used, as run folders have had them."""
        return {"first": np.zeros(n_parameters), "second": np.zeros(n_parameters)}

    def direction(
        self, gradient: Array, memory: Memory, step: int, momentum: tuple[float, float]
    ) -> Array:
        """See `DescentLaw.direction`."""
        del memory, step, momentum
        return gradient


# Of an experiment: a word alone, where the optimiser has nothing else to say.
Optimiser = Annotated[DescentLaw, one_of(Adam, Sgd, key="optimizer", of=DescentLaw, short=True)]
