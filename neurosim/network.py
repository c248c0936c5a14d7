"""Which node is where: a layered network as one rectangular crossbar.

Layers couple only to their neighbours, so even layers talk only to odd ones and every coupling of
the network lies in ONE rectangle of shape (odd nodes, even nodes). Nodes are stored in that order,
even layers first: for layers 64-128-128 the state is ``[x | h2 | h1]`` and the crossbar 128 x 192.
A `Pattern` may couple any even layer with any odd one, in full or node by node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import answer
from neurosim.errors import DataError

__all__ = ["Layers", "Pattern", "Weights", "next_layers"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@runtime_checkable
class Pattern(Protocol):
    """Which nodes of a layered network are coupled; frozen, so that it can be compared."""

    def links(self, sizes: tuple[int, ...]) -> Mapping[tuple[int, int], Mask]:
        """Masks (nodes of the higher layer, nodes of the lower one) of each pair of layers.

        One layer of each pair (lower, higher) is even, the other odd.
        """


def next_layers(sizes: tuple[int, ...]) -> dict[tuple[int, int], Mask]:
    """Links of each layer to the next in full."""
    pairs = pairwise(sizes)
    return {(k, k + 1): np.ones((b, a), dtype=bool) for k, (a, b) in enumerate(pairs)}


@dataclass(frozen=True)
class Layers:
    """Sizes of the layers, visible first, and where their nodes and couplings are stored.

    Parameters
    ----------
    sizes : tuple of int
    pattern : Pattern, optional
        Which nodes are coupled; by default each node with every node of the next layer.

    Examples
    --------
    >>> layers = Layers((64, 128, 128))
    >>> layers.n_nodes, layers.n_even, layers.n_odd
    (320, 192, 128)
    >>> layers.nodes(1), layers.nodes(2)
    (slice(192, 320, None), slice(64, 192, None))
    """

    sizes: tuple[int, ...]
    pattern: Pattern | None = None

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise DataError(
                f"Layers.sizes must be at least two positive sizes, but is {self.sizes}; "
                "give the visible layer first, for example (64, 128, 128)."
            )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return sum(self.sizes)

    @property
    def n_even(self) -> int:
        """Number of nodes in layers 0, 2, 4, ...; they come first."""
        return sum(self.sizes[::2])

    @property
    def n_odd(self) -> int:
        """Number of nodes in layers 1, 3, 5, ..."""
        return sum(self.sizes[1::2])

    @property
    def n_visible(self) -> int:
        """Number of visible nodes (layer 0); they are the first of all."""
        return self.sizes[0]

    @property
    def visible(self) -> slice:
        """The visible nodes."""
        return slice(0, self.sizes[0])

    @property
    def hidden(self) -> slice:
        """All other nodes."""
        return slice(self.sizes[0], self.n_nodes)

    @property
    def even(self) -> slice:
        """Nodes of the even layers."""
        return slice(0, self.n_even)

    @property
    def odd(self) -> slice:
        """Nodes of the odd layers."""
        return slice(self.n_even, self.n_nodes)

    def names(self) -> tuple[str, ...]:
        """Names of the layers: x, h1, h2, ..."""
        return ("x", *(f"h{k}" for k in range(1, len(self.sizes))))

    def nodes(self, layer: int) -> slice:
        """Where the nodes of `layer` are stored; -1 is the last layer."""
        layer = layer + len(self.sizes) if layer < 0 else layer
        start = sum(self.sizes[layer % 2 : layer : 2]) + (self.n_even if layer % 2 else 0)
        return slice(start, start + self.sizes[layer])

    @cached_property
    def layer_of(self) -> NDArray[np.intp]:
        """Layer of every node, (n_nodes,)."""
        found = np.empty(self.n_nodes, np.intp)
        for layer in range(len(self.sizes)):
            found[self.nodes(layer)] = layer
        return found

    def numbers(self, chosen: Iterable[int]) -> tuple[int, ...]:
        """Layers counted from 0, in their order, each once; -1 is the last one.

        Raises
        ------
        DataError
            There is no such layer.
        """
        depth, numbers = len(self.sizes), tuple(chosen)
        wrong = [k for k in numbers if not -depth <= k < depth]
        if wrong:
            raise DataError(
                f"Layers of a network of {depth} must be named by numbers from 0 to {depth - 1}, "
                f"or from the last one, -1, but one is {wrong[0]}."
            )
        return tuple(sorted({k % depth for k in numbers}))

    def nodes_of(self, chosen: Iterable[int]) -> NDArray[np.intp]:
        """Numbers of the nodes of some layers, one layer after another."""
        parts = [np.arange(self.n_nodes)[self.nodes(k)] for k in self.numbers(chosen)]
        return np.concatenate([*parts, np.zeros(0, np.intp)])

    def crossing(self, low: int, high: int) -> tuple[slice, slice]:
        """Rows (odd) and columns (even) of the crossbar that couple two layers."""
        odd, even = (high, low) if low % 2 == 0 else (low, high)
        rows = self.nodes(odd)
        return slice(rows.start - self.n_even, rows.stop - self.n_even), self.nodes(even)

    @cached_property
    def links(self) -> dict[tuple[int, int], Mask]:
        """Pairs of layers (lower, higher) that are coupled, each with its mask; by the higher one.

        Raises
        ------
        DataError
            The pattern's masks do not fit the layers.
        """
        if self.pattern is None:
            return next_layers(self.sizes)
        found, depth = dict(answer(self.pattern, "links", self.sizes)), len(self.sizes)
        for (low, high), mask in found.items():
            known = 0 <= low < high < depth and (high - low) % 2 == 1
            shape = (self.sizes[high], self.sizes[low]) if known else None
            if not known or np.shape(mask) != shape or np.asarray(mask).dtype != bool:
                raise DataError(
                    f"{self.pattern!r} must couple an even and an odd layer of 0 to {depth - 1}, "
                    f"the lower one first, by a mask of bool{f' of shape {shape}' * known}, but "
                    f"couples {low} and {high} by one of shape {np.shape(mask)}."
                )
        return dict(sorted(found.items(), key=lambda item: item[0][::-1]))

    @property
    def only_next(self) -> bool:
        """Whether layers are coupled to their neighbours alone."""
        return all(high == low + 1 for low, high in self.links)

    @cached_property
    def present(self) -> Mask:
        """Crosspoints that hold a coupling, shape (n_odd, n_even)."""
        mask = np.zeros((self.n_odd, self.n_even), dtype=bool)
        for (low, high), found in self.links.items():
            mask[self.crossing(low, high)] = found if low % 2 == 0 else found.T
        mask.setflags(write=False)
        return mask

    @cached_property
    def couplings_per_node(self) -> Array:
        """Couplings of each node, and its bias, shape (n_nodes,)."""
        per_node = 1.0 + np.concatenate([self.present.sum(axis=0), self.present.sum(axis=1)])
        per_node.setflags(write=False)
        return per_node


class Weights:
    """The host's dimensionless parameters: one coupling matrix and one bias a node.

    All of them are one vector, couplings first, of which `coupling` and `bias` are views; sums,
    differences and multiples are Weights again.

    Parameters
    ----------
    coupling : ndarray, shape (n_odd, n_even)
        Weight between odd node i and even node j (the same in both directions); zero where the
        layers are not neighbours.
    bias : ndarray, shape (n_nodes,)
        Bias of each node, in the order of `Layers`.

    Attributes
    ----------
    vector : ndarray, shape (n_odd n_even + n_nodes,)

    Examples
    --------
    >>> w = Weights(np.ones((2, 3)), np.zeros(5))
    >>> (w - 0.5 * w).coupling[0]
    array([0.5, 0.5, 0.5])
    """

    def __init__(self, coupling: Array, bias: Array) -> None:
        self.vector: Array = np.concatenate([np.ravel(coupling), bias])
        self._shape = np.shape(coupling)

    @classmethod
    def of_vector(cls, vector: Array, shape: tuple[int, ...]) -> Weights:
        """Of one vector, which is not copied; `shape` is that of the couplings."""
        out = cls.__new__(cls)
        out.vector, out._shape = vector, shape
        return out

    @classmethod
    def zeros(cls, layers: Layers) -> Weights:
        """All zero."""
        return cls(np.zeros((layers.n_odd, layers.n_even)), np.zeros(layers.n_nodes))

    @classmethod
    def from_layers(cls, layers: Layers, matrices: list[Array], biases: list[Array]) -> Weights:
        """Of the matrix of each of `layers.links`, (higher, lower), and the bias of each layer."""
        out = cls.zeros(layers)
        for (low, high), matrix in zip(layers.links, matrices, strict=True):
            out.coupling[layers.crossing(low, high)] = matrix if low % 2 == 0 else matrix.T
        for k, vector in enumerate(biases):
            out.bias[layers.nodes(k)] = vector
        return out

    @property
    def coupling(self) -> Array:
        """Couplings, (n_odd, n_even)."""
        return self.vector[: math.prod(self._shape)].reshape(self._shape)

    @property
    def bias(self) -> Array:
        """Biases, (n_nodes,)."""
        return self.vector[math.prod(self._shape) :]

    @property
    def norm(self) -> float:
        """Square root of the sum of all squares."""
        return float(np.linalg.norm(self.vector))

    def copy(self) -> Weights:
        """With a vector of its own."""
        return Weights.of_vector(self.vector.copy(), self._shape)

    def __add__(self, other: Weights) -> Weights:
        return Weights.of_vector(self.vector + other.vector, self._shape)

    def __sub__(self, other: Weights) -> Weights:
        return Weights.of_vector(self.vector - other.vector, self._shape)

    def __mul__(self, factor: float) -> Weights:
        return Weights.of_vector(self.vector * factor, self._shape)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Weights:
        return Weights.of_vector(self.vector / divisor, self._shape)

    def __repr__(self) -> str:
        sizes = f"{' x '.join(map(str, self._shape))} couplings, {len(self.bias)} biases"
        return f"Weights({sizes}, norm {self.norm:.3g})"

    def matrix(self, layers: Layers, k: int) -> Array:
        """W_k, shape (n_{k+1}, n_k): the couplings between layers k and k + 1."""
        block = self.coupling[layers.crossing(k, k + 1)]
        return block if k % 2 == 0 else block.T
