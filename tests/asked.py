"""A chip that is asked for digits, and what a rule measures of it, for tests of rules."""

from __future__ import annotations

import numpy as np

from neurosim.analysis import Answering
from neurosim.chip import Chip
from neurosim.converters import Injectors
from neurosim.data import load_dataset
from neurosim.host import Classify, FlowSettings, free_phase, initial_weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint

EXACT = OperatingPoint()
PLACES = {
    "last": {"layers": (64, 20, 10), "sources": (0, -1)},
    "beside": {"layers": (74, 20)},
    "two hidden layers": {"layers": (64, 16, 12, 10), "sources": (0, -1)},
}


def with_injectors(profile, *layers):
    return profile.with_value("injectors", Injectors(layers=layers))


def squared(said, wanted):
    return said - wanted


class Asked:
    """A chip with random weights of some size, and digits that are shown to it."""

    def __init__(
        self,
        place,
        law="ideal_hopfield",
        rows=6,
        gain=1.0,
        *,
        changes=None,
        layers=None,
        engine=EXACT,
    ):
        answers = "beside" if place == "beside" else "last"
        profile = load_profile(law).with_values(PLACES[place] | (changes or {}))
        profile = with_injectors(profile, *(layers or [0 if answers == "beside" else -1]))
        self.chip, self.task = Chip(profile, engine=engine), Classify(answers=answers)
        rng = np.random.default_rng(0)
        self.weights = initial_weights(profile.network, gain, rng)
        self.chip.program(self.weights)
        inputs, wanted = self.task.examples(load_dataset("digits"))
        self.batch = self.task.batch(inputs[:rows], wanted[:rows])
        self.held = np.arange(self.batch.targets.shape[1]) < 64
        self.wanted = self.batch.wanted[:, ~self.held]

    def flow(self, beta, phases="centred"):
        settings = FlowSettings(stiffness=1.0, alpha=1.0, beta=beta, settle_tau=80.0, phases=phases)
        return settings.on(self.chip.data_sheet)

    def measured(self, rule, beta, phases="centred"):
        flow = self.flow(beta, phases)
        return rule.estimate(self.chip, self.batch, flow, self.held, None).gradient

    def answering(self):
        free_phase(self.chip, self.batch.targets, self.flow(0.1), None, self.held)
        system = self.chip.system()
        return Answering(system.circuit, self.chip.u_V, system.springs, 1.0)

    def learned(self, weights):
        """The vector without biases of held inputs, which change nothing."""
        bias = weights.bias.copy()
        bias[:64] = 0.0
        return np.concatenate([weights.coupling.ravel(), bias])


def cosine(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def error(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))
