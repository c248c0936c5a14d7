"""Systems with known answers, as the engines ask for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass
class Field:
    """du/ds = N(u) - decay u for rows of any function N(u, rows)."""

    function: object
    decay: np.ndarray
    index: np.ndarray | None = None

    def nonlinear(self, u_V, out):
        out[...] = self.function(u_V.T, self.index).T
        return out

    def __call__(self, u_V, out):
        self.nonlinear(u_V, out)
        out -= self.decay[:, None] * u_V
        return out


@dataclass
class Rows:
    """A batch of one field; `function` also gets the numbers of the rows."""

    function: object
    decay: np.ndarray
    noise_V: np.ndarray | None = None
    tau_s: float = 1e-7
    unit_V: float = 1.0
    flicker_V: np.ndarray | None = None

    def __post_init__(self):
        if self.noise_V is None:
            self.noise_V = np.zeros(len(self.decay))
        if self.flicker_V is None:
            self.flicker_V = np.zeros(len(self.decay))

    def rate(self, rows, dtype=np.float64):
        return Field(self.function, self.decay, np.asarray(rows))


def linear_chain(n=5, coupling=0.4, fast=16.0):
    """Stable linear system with one fast node: N(u) = A u, with its matrix A - diag(decay)."""
    a = coupling * (np.eye(n, k=1) + np.eye(n, k=-1))
    decay = np.ones(n)
    decay[0] = fast
    return Rows(lambda u, _rows: u @ a.T, decay), a - np.diag(decay)


def with_noise(system, noise):
    return replace(system, noise_V=np.full(len(system.decay), noise))
