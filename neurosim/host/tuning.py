r"""Learning what each oscillator is tuned to: its locking S and its natural frequency.

Both have contrasts of their own node alone, for the energy per K is :math:`-\tfrac{S}{2}
\cos 2\theta - \tfrac{\omega}{K} \theta`: with both nudged phases read,

.. math::
    \frac{\partial C}{\partial S_i} \approx
        - \frac{\cos 2\theta_i^+ - \cos 2\theta_i^-}{4 \beta}, \qquad
    \frac{\partial C}{\partial (\omega_i / K)} \approx - \frac{\theta_i^+ - \theta_i^-}{2 \beta}

averaged over the batch. Whatever rule has led the phases, these are of the same readings. The host
keeps both in full precision, within what the chip can be tuned to, from 0 on; optimiser and rate
are those of the weights, without the clip and without an average.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.errors import DataError
from neurosim.host.experiment import Experiment
from neurosim.host.gradep import Estimate
from neurosim.host.phases import Presentation
from neurosim.network import Layers
from neurosim.tuned import TUNED, Tuned

__all__ = ["Tuner", "blank_tuner_state", "tuned_gradient", "tuner_of"]

Array = NDArray[np.float64]


def tuned_gradient(found: Estimate) -> Tuned:
    """Gradient by what every node is tuned to, of the two nudged phases of a presentation.

    Raises
    ------
    DataError
        The rule has read no such phases.
    """
    if not isinstance(found, Presentation) or len(found.outputs) != 3:
        raise DataError(
            "learning.tuned needs a rule that reads two nudged phases, as gradep and asymmetric do,"
            f" but the rule's {type(found).__name__} has none; take one of these."
        )
    _, high, low = found.outputs
    good = np.isfinite(high).all(axis=1) & np.isfinite(low).all(axis=1)
    if not good.any():
        return Tuned.zeros(high.shape[1])
    high, low = high[good], low[good]
    turned = np.angle(np.exp(1j * (high - low))).mean(axis=0)
    locked = (np.cos(2 * high) - np.cos(2 * low)).mean(axis=0)
    return Tuned(-locked / 2 / found.distance, -turned / found.distance)


class Tuner:
    """What a host tunes the oscillators of a chip to.

    Parameters
    ----------
    chip : ChipInterface
        One that can be tuned.
    experiment : Experiment
        Its `learning.tuned`, optimizer and momentum.

    Attributes
    ----------
    tuned : Tuned
    """

    def __init__(self, chip: ChipInterface, experiment: Experiment) -> None:
        sheet = chip.data_sheet
        if not sheet.has_tuning:
            raise DataError(
                f"learning.tuned needs a chip whose oscillators can be tuned, but {sheet.name} has "
                "none; state `tuning` in its profile, or leave it out."
            )
        most = {"sync": sheet.most_sync, "detuning": sheet.most_detuning}
        self._most = {name: float(most[name] or np.inf) for name in TUNED}
        self._chip, self._experiment = chip, experiment
        self._restore(blank_tuner_state(sheet.layers, experiment))
        chip.tune(self.tuned)

    def _restore(self, state: dict[str, Any]) -> None:
        self.tuned = Tuned(*(state[name] for name in TUNED))
        self._memories = {name: dict(memory) for name, memory in state["memories"].items()}
        self._n_steps = int(state["n_steps"])

    def learn(self, found: Estimate, rate: float) -> None:
        """Go against the gradient of an estimate, and program the chip."""
        gradient, values = tuned_gradient(found), dict[str, Array]()
        self._n_steps += 1
        how = self._experiment
        for name in TUNED:
            now = getattr(self.tuned, name)
            if name in self._memories:
                slope, memory = getattr(gradient, name), self._memories[name]
                way = how.optimizer.direction(slope, memory, self._n_steps, how.momentum)
                now = np.clip(now - rate * way, -self._most[name], self._most[name])
            values[name] = now
        self.tuned = Tuned(**values)
        if self._n_steps % how.learning.every == 0 or self._n_steps == how.updates:
            self._chip.tune(self.tuned)

    def state(self) -> dict[str, Any]:
        """Everything that later steps depend on, besides the chip's own state."""
        values = {name: getattr(self.tuned, name) for name in TUNED}
        memories = {name: dict(memory) for name, memory in self._memories.items()}
        return values | {"memories": memories, "n_steps": self._n_steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._restore(state)


def tuner_of(chip: ChipInterface, experiment: Experiment) -> Tuner | None:
    """What tunes the chip, where the experiment asks for it."""
    return Tuner(chip, experiment) if experiment.learning.tuned else None


def blank_tuner_state(layers: Layers, experiment: Experiment) -> dict[str, Any]:
    """State of a `Tuner` before any update."""
    n, how = layers.n_nodes, experiment.learning.tuned
    memories = {name: experiment.optimizer.memory(n) for name in how}
    return {name: np.zeros(n) for name in TUNED} | {"memories": memories, "n_steps": 0}
