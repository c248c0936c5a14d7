"""What the words of a profile stand for: the one place where a law or an amplifier is a word."""

from __future__ import annotations

from collections.abc import Callable

from neurosim.circuit import Amplifier, Gradient, Hopfield, Law, Linear, Silu, Tanh
from neurosim.devices import Node

__all__ = ["AMPLIFIERS", "LAWS", "hidden_amplifier_of", "law_of", "visible_amplifier_of"]

LAWS: dict[str, Callable[[], Law]] = {"hopfield": Hopfield, "gradient": Gradient}
AMPLIFIERS: dict[str, Callable[[float], Amplifier]] = {
    "linear": Linear,
    "tanh": Tanh,
    "silu": Silu,
}


def law_of(node: Node) -> Law:
    """The law that a profile's nodes obey."""
    return LAWS[node.law]()


def visible_amplifier_of(node: Node) -> Amplifier:
    """The ideal amplifier of a visible node: a buffer between its rails."""
    return Linear(node.unit_V, node.visible_rail_V)


def hidden_amplifier_of(node: Node) -> Amplifier:
    """The ideal amplifier of a hidden node."""
    return AMPLIFIERS[node.amplifier](node.unit_V)
