"""The weights that the host of a training keeps, for another chip or another training."""

from __future__ import annotations

from typing import Any

from neurosim.errors import RunError
from neurosim.network import Weights
from neurosim.profile import Profile

__all__ = ["kept_weights", "start_weights"]


def kept_weights(trainer_state: dict[str, Any], profile: Profile) -> Weights | None:
    """What a host last meant its chip to hold, shadow weights or their average, if it keeps any."""
    kept = trainer_state.get("optimizer", {})
    vector = kept.get("average", kept.get("weights"))
    layers = profile.network
    return None if vector is None else Weights.of_vector(vector, (layers.n_odd, layers.n_even))


def start_weights(kept: Weights | None, name: str) -> Weights:
    """Weights that another training may begin with.

    Raises
    ------
    RunError
        There are none.
    """
    if kept is None:
        raise RunError(
            f"{name} must be a run whose host keeps the weights, but it keeps none; start "
            "from one that trained with learning.mode shadow."
        )
    return kept
