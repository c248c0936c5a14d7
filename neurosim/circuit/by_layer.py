"""One law for the visible nodes and another for all others; and which words of a file make laws."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.circuit.amplified import Gradient, Hopfield
from neurosim.circuit.laws import Law, Oscillating
from neurosim.circuit.oscillator import Oscillator
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.resistive import Resistive
from neurosim.contrasts import Contrast
from neurosim.errors import DataError

__all__ = ["ByLayer", "NodeLaw"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]

_OneLaw = Annotated[Law, one_of(Hopfield, Gradient, of=Law, short=True)]


class ByLayer(Block):
    """One law for the visible nodes and another for all others.

    Where one puts out fewer voltages than the other, the missing ones are 0 V: a coupling between
    both sees the first outputs of each. The whole descends a co-content if both laws do.

    Parameters
    ----------
    law : {"by_layer"}
        Names this law.
    visible, hidden : Law
        Law of the nodes of layer 0, and of the others.

    Examples
    --------
    >>> ByLayer(visible="gradient", hidden="hopfield")
    ByLayer(visible=Gradient(), hidden=Hopfield())
    """

    law: Literal["by_layer"] = "by_layer"
    visible: _OneLaw
    hidden: _OneLaw

    @model_validator(mode="after")
    def _no_phases(self) -> Self:
        """Oscillators have no leak, and springs of their own kind: all nodes are such, or none."""
        found = [
            ((name,), "must not oscillate, for phases have no leaks; take Oscillator for all nodes")
            for name in ("visible", "hidden")
            if isinstance(getattr(self, name), Oscillating)
        ]
        if found:
            raise BlockError(found)
        return self

    @property
    def n_outputs(self) -> int:
        """The larger number of both."""
        return max(self.visible.n_outputs, self.hidden.n_outputs)

    @property
    def unit_weights(self) -> bool:
        """Whether both laws have it, and as many outputs."""
        both = self.visible.unit_weights and self.hidden.unit_weights
        return both and self.visible.n_outputs == self.hidden.n_outputs

    @property
    def unit_metric(self) -> bool:
        """Whether both laws have it."""
        return self.visible.unit_metric and self.hidden.unit_metric

    def _parts(self, amplifiers: Amplifiers) -> list[tuple[Law, Amplifiers, slice]]:
        (below, first), (above, second) = amplifiers.parts
        return [(self.visible, below, first), (self.hidden, above, second)]

    def _joined(self, parts: list[Outputs], u_V: Array) -> Outputs:
        """Outputs of both, the missing ones 0."""
        sizes = [part[0].shape for part in parts]
        return tuple(
            np.concatenate(
                [p[k] if k < len(p) else np.zeros(s) for p, s in zip(parts, sizes, strict=True)],
                axis=-1,
            ).astype(u_V.dtype, copy=False)
            for k in range(self.n_outputs)
        )

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Those of each."""
        parts = self._parts(amplifiers)
        return self._joined([law.outputs_V(a, u_V[..., at]) for law, a, at in parts], u_V)

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Those of each."""
        parts = self._parts(amplifiers)
        return self._joined([law.weights(a, u_V[..., at]) for law, a, at in parts], u_V)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """Those of each."""
        parts = self._parts(amplifiers)
        slopes = [law.weight_slopes_per_V(a, u_V[..., at]) for law, a, at in parts]
        return self._joined(slopes, u_V)

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """That of each."""
        parts = self._parts(amplifiers)
        return np.concatenate([law.metric(a, u_V[..., at]) for law, a, at in parts], axis=-1)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """That of each."""
        source_V = np.broadcast_to(source_V, u_V.shape)
        parts = self._parts(amplifiers)
        pulls = [law.pull_V2(a, u_V[..., at], source_V[..., at]) for law, a, at in parts]
        return np.concatenate(pulls, axis=-1)

    def contrast(self) -> Contrast:
        """That of both laws.

        Raises
        ------
        DataError
            They have different ones: no kind is that of a coupling between both.
        """
        kinds = self.visible.contrast(), self.hidden.contrast()
        if kinds[0] != kinds[1]:
            raise DataError(
                "ByLayer needs laws of one contrast for a host to learn by, but has "
                f"{type(kinds[0]).__name__} and {type(kinds[1]).__name__}; write a law of your own "
                "that says what its couplings have."
            )
        return kinds[0]

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        for law, part, at in self._parts(amplifiers):
            k = law.n_outputs
            own = None if weights is None or law.unit_weights else weights[:k, at]
            law.apply(part, u_V[at], work[at], outputs[:k, at], own)
            outputs[k:, at] = 0
            if weights is not None:
                weights[k:, at] = 0
                if law.unit_weights:
                    weights[:k, at] = 1


# Of a profile's node: a word alone, where the law has nothing else to say.
NodeLaw = Annotated[
    Law, one_of(Hopfield, Gradient, ByLayer, Resistive, Oscillator, of=Law, short=True)
]
