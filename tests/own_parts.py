"""Parts of one's own, defined here alone; tests use them, and hand this file to ``--laws``."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.quantities import Second
from neurosim.circuit import UnitAmplifier
from neurosim.contrasts import CosineOfDifference, Product
from neurosim.host import Batch, Supervised, Verdict, present
from neurosim.network import next_layers
from neurosim.solvers import finish
from neurosim.streams import Streams


class Phase(Block):
    """Oscillators: u is a phase, unit_V one radian; each puts out its cosine and its sine."""

    n_outputs: ClassVar[int] = 2
    unit_weights: ClassVar[bool] = False
    unit_metric: ClassVar[bool] = True

    law: Literal["phase"] = "phase"

    def outputs_V(self, amplifiers, u_V):
        phase = u_V / amplifiers.unit_V
        return amplifiers.unit_V * np.cos(phase), amplifiers.unit_V * np.sin(phase)

    def weights(self, amplifiers, u_V):
        phase = u_V / amplifiers.unit_V
        return -np.sin(phase), np.cos(phase)

    def weight_slopes_per_V(self, amplifiers, u_V):
        phase = u_V / amplifiers.unit_V
        return -np.cos(phase) / amplifiers.unit_V, -np.sin(phase) / amplifiers.unit_V

    def metric(self, amplifiers, u_V):
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers, u_V, source_V):
        return 0.5 * (u_V - source_V) ** 2

    def contrast(self):
        return CosineOfDifference()

    def apply(self, amplifiers, u_V, work, outputs, weights):
        np.multiply(u_V, 1 / amplifiers.unit_V, out=work)
        np.cos(work, out=outputs[0])
        np.sin(work, out=outputs[1])
        np.negative(outputs[1], out=weights[0])
        weights[1] = outputs[0]


class Stiffening(Block):
    """Nodes that take less of their couplings' sum the further they stand from 0 V.

    w = phi' / m with the metric m = 1 + stiffness (u / unit)^2: neither is 1.

    Parameters
    ----------
    law : {"stiffening"}
    stiffness : float
    """

    n_outputs: ClassVar[int] = 1
    unit_weights: ClassVar[bool] = False
    unit_metric: ClassVar[bool] = False

    law: Literal["stiffening"] = "stiffening"
    stiffness: Annotated[float, Field(ge=0)] = 1.0

    def outputs_V(self, amplifiers, u_V):
        return (amplifiers.output_V(u_V),)

    def weights(self, amplifiers, u_V):
        return (amplifiers.slope(u_V) / self.metric(amplifiers, u_V),)

    def weight_slopes_per_V(self, amplifiers, u_V):
        m, rise = self.metric(amplifiers, u_V), 2 * self.stiffness * u_V / amplifiers.unit_V**2
        return (amplifiers.curvature_per_V(u_V) / m - amplifiers.slope(u_V) * rise / m**2,)

    def metric(self, amplifiers, u_V):
        return 1 + self.stiffness * (u_V / amplifiers.unit_V) ** 2

    def pull_V2(self, amplifiers, u_V, source_V):
        plain = u_V**2 / 2 - source_V * u_V
        bent = u_V**4 / 4 - source_V * u_V**3 / 3
        return plain + self.stiffness * bent / amplifiers.unit_V**2

    def contrast(self):
        return Product()

    def apply(self, amplifiers, u_V, work, outputs, weights):
        amplifiers.apply(u_V, work, outputs[0], weights[0])
        np.multiply(u_V, 1 / amplifiers.unit_V, out=work)
        work *= work
        work *= self.stiffness
        work += 1
        weights[0] /= work


class Arctan(UnitAmplifier):
    """v = unit_V arctan(u / unit_V)."""

    amplifier: Literal["arctan"] = "arctan"

    def output_V(self, u_V):
        return self.unit_V * np.arctan(u_V / self.unit_V)

    def slope(self, u_V):
        return 1 / (1 + (u_V / self.unit_V) ** 2)

    def curvature_per_V(self, u_V):
        return -2 * u_V / self.unit_V**2 * self.slope(u_V) ** 2

    def integral_V2(self, u_V):
        z = u_V / self.unit_V
        return self.unit_V**2 * (z * np.arctan(z) - np.log1p(z**2) / 2)

    def apply(self, z, out, slope):
        np.arctan(z, out=out)
        if slope is not None:
            z *= z
            z += 1
            np.divide(1, z, out=slope)


class Halves(Sourced):
    """Conductances that halve in equal times."""

    at_write: ClassVar[bool] = False

    law: Literal["halves"] = "halves"
    half_s: Second

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return written_S * 0.5 ** (elapsed_s / self.half_s)

    def scale_s(self):
        return self.half_s


class Euler(Block):
    """Explicit Euler in equal steps; no noise."""

    noise_step_tau: ClassVar[None] = None

    engine: Literal["euler"] = "euler"
    step_tau: Annotated[float, Field(gt=0, le=0.1)] = 0.02

    @property
    def along_the_way(self):
        return self

    def run(self, rate_of, u_V, span, system, noise):
        rate, u_V = rate_of(np.arange(len(u_V))), u_V.T.copy()
        n_steps = math.ceil(span / self.step_tau)
        for _ in range(n_steps):
            u_V += span / n_steps * rate(u_V, np.empty_like(u_V))
        return finish(rate, u_V, n_steps, n_steps, system.unit_V, failed=False)


class Wired(Block):
    """Every second pixel to each node of layer 1, and a skip from layer 0 to layer 3."""

    pattern: Literal["wired"] = "wired"
    stride: int = 2

    def links(self, sizes):
        node, pixel = np.ogrid[: sizes[1], : sizes[0]]
        local = (node + pixel) % self.stride == 0
        return next_layers(sizes) | {(0, 1): local, (0, 3): np.ones((sizes[3], sizes[0]), bool)}


class Chopped(Sourced):
    """Differences that are amplified tenfold, and held without noise."""

    gain_spread: ClassVar[float] = 0.0

    kind: Literal["chopped"] = "chopped"
    gain: Annotated[float, Field(ge=1)] = 10.0

    def sample_noise_V(self, temperature_K):
        return 0.0

    def amplify(self, difference_V, factor, rng):
        return self.gain * difference_V * factor


class Even(Supervised):
    """Whether a digit is even: 1, or -1."""

    task: Literal["even"] = "even"

    def examples(self, data):
        return data.images, np.where(data.labels[:, None] % 2, -1.0, 1.0)


class Complete(Block):
    """The right half of an image, from its left half; a task without the base class."""

    has_paths: ClassVar[bool] = False

    task: Literal["complete"] = "complete"

    def lessons(self, data, recipe, sheet):
        return Halved(data.images, recipe.batch, Streams(recipe.seed))


class Halved:
    """Images whose left half is held."""

    def __init__(self, images, n_rows, streams):
        self._images, self._n_rows, self._streams = images, n_rows, streams
        self.held = np.arange(images.shape[1]) % 8 < 4

    def batch_at(self, update):
        rows = self._streams.generator("rows", update).permutation(len(self._images))
        images = self._images[rows[: self._n_rows]]
        return Batch(np.where(self.held, images, 0.0), np.where(self.held, 0.0, images))

    def judge(self, velocity, batch):
        wrong = (velocity - batch.wanted)[:, ~self.held]
        return Verdict(float(np.mean(wrong**2)), figures={"worst": float(np.abs(wrong).max())})

    def exams(self):
        return {"first_": self.batch_at(0)}

    def __enter__(self):
        return self

    def __exit__(self, kind, exc, tb):
        pass


class Doubled(Block):
    """Twice the gradient, as a rule of one's own."""

    rule: Literal["doubled"] = "doubled"

    def estimate(self, chip, batch, flow, held, calibration):
        return Twice(present(chip, batch.targets, batch.wanted, flow, calibration, held))


class Twice:
    """An estimate with twice the gradient."""

    def __init__(self, shown):
        self.velocity, self.rows_lost = shown.velocity, shown.rows_lost
        self.gradient = 2 * shown.gradient


class Signs(Block):
    """Steps of one size each, against the sign of a running mean."""

    optimizer: Literal["signs"] = "signs"

    def memory(self, n_parameters):
        return {"mean": np.zeros(n_parameters)}

    def direction(self, gradient, memory, step, momentum):
        memory["mean"] = momentum[0] * memory["mean"] + (1 - momentum[0]) * gradient
        return np.sign(memory["mean"])
