"""The network without hardware that a chip's circuit stands for, in the oracle's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from neurosim.circuit import Amplifier, Gradient, Hopfield, Law, Silu, Tanh
from neurosim.errors import DataError
from neurosim.ideal import Activation, IdealNetwork
from neurosim.ideal import Law as IdealLaw
from neurosim.network import Layers, Weights

__all__ = ["ideal_network", "is_known"]

_LAWS: Mapping[type, IdealLaw] = MappingProxyType({Hopfield: "hopfield", Gradient: "gradient"})
_ACTIVATIONS: Mapping[type, Activation] = MappingProxyType({Tanh: "tanh", Silu: "silu"})


def is_known(layers: Layers, law: Law, amplifier: Amplifier) -> bool:
    """Whether the oracle has this law, this amplifier and this pattern."""
    return type(law) in _LAWS and type(amplifier) in _ACTIVATIONS and layers.pattern is None


def ideal_network(layers: Layers, weights: Weights, law: Law, amplifier: Amplifier) -> IdealNetwork:
    """The oracle's network of this law and this ideal amplifier of hidden nodes.

    Raises
    ------
    DataError
        The oracle knows no such law or amplifier.
    """
    for part, known in ((law, _LAWS), (amplifier, _ACTIVATIONS)):
        if type(part) not in known:
            raise DataError(
                f"The exact gradient is known for {' and '.join(k.__name__ for k in known)}, but "
                f"this chip has {type(part).__name__}; choose a profile with one of them."
            )
    words = _LAWS[type(law)], _ACTIVATIONS[type(amplifier)]
    return IdealNetwork.from_weights(layers, weights, *words)
