"""Where a network comes to rest: a transient until it nearly does, then Newton's method near by."""

from __future__ import annotations

import itertools
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

__all__ = ["Dynamics", "rest"]

Array = NDArray[np.float64]

_CHUNK_TAU = 25.0
_HAND_OVER = 1e-7  # times 1 + lambda: largest rate of change where Newton's method begins
_AT_REST = 1e-13  # times 1 + lambda: largest rate of change where it ends
_REACH = 0.1  # Newton may carry no node further than this from where the transient left it


class Dynamics(Protocol):
    """States (..., n) that move, under a spring to x_t (..., n_visible)."""

    def velocity_field(self, states: Array, x_t: Array | None = None, spring: float = 0.0) -> Array:
        """Rate of change per tau of states (..., n)."""

    def jacobian(self, states: Array, spring: float = 0.0) -> Array:
        """Derivative of the velocity field, shape (..., n, n)."""


def rest(net: Dynamics, states: Array, x_t: Array, spring: float, limit_tau: float) -> list[int]:
    """Bring states (rows, n) to rest, in place; which rows did not come to it."""
    for elapsed_tau in itertools.count(0.0, _CHUNK_TAU):
        rate = net.velocity_field(states, x_t, spring)
        moving = np.abs(rate).max(axis=1) > _HAND_OVER * (1 + spring)
        if elapsed_tau >= limit_tau or not moving.any():
            break
        states[moving] = _transient(net, states[moving], x_t[moving], spring)
    rows = range(len(states))
    return [i for i in rows if moving[i] or not _polish(net, states[i], x_t[i], spring)]


def _transient(net: Dynamics, states: Array, x_t: Array, spring: float) -> Array:
    """States (rows, n) after a chunk of time."""

    def rate(_: float, flat: Array) -> Array:
        return net.velocity_field(flat.reshape(states.shape), x_t, spring).ravel()

    span = (0, _CHUNK_TAU)
    path = solve_ivp(rate, span, states.ravel(), "DOP853", span[1:], rtol=1e-9, atol=1e-9)
    end: Array = path.y[:, -1].reshape(states.shape)
    return end


def _polish(net: Dynamics, state: Array, x_t: Array, spring: float) -> bool:
    """Newton's method on one state (n,), in place; whether it came to rest near by."""
    origin = state.copy()
    for _ in range(20):
        rate = net.velocity_field(state, x_t, spring)
        if np.abs(rate).max() <= _AT_REST * (1 + spring):
            return True
        try:
            state -= np.linalg.solve(net.jacobian(state, spring), rate)
        except np.linalg.LinAlgError:
            break
        if not np.abs(state - origin).max() <= _REACH:
            break
    return False
