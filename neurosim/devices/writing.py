r"""Writing a device: the error of one write, and the loop that checks and repeats it.

One pulse leaves :math:`G = G_t + \sigma(G_t)\, z` with a standard normal z. A write-verify loop
repeats it until :math:`|G - G_t| \le w`. With :math:`p = \operatorname{erf}(w / \sigma\sqrt 2)`
the pulses it takes are geometric with mean 1/p, cut off at `most_pulses`, and what it accepts is
the normal law truncated to the window (Joshi et al., Nat. Commun. 11, 2473 (2020); Wan et al.,
Nature 608, 504 (2022), Methods). Drawn at each write of a device that is not fully off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtr, ndtri

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.quantities import Joule, Siemens, Sigma, Wait
from neurosim.blocks.words import Word
from neurosim.devices.curves import Curve, evaluate, negative

__all__ = ["Verify", "Write", "Written"]

Array = NDArray[np.float64]


class Written(NamedTuple):
    """What a write left behind, and what it took; all of one shape."""

    conductance_S: Array
    pulses: NDArray[np.int64]
    failed: NDArray[np.bool_]


class Verify(Block):
    """A write-verify loop.

    Parameters
    ----------
    window_S : float
        Largest deviation from the target that it accepts.
    most_pulses : int
        After so many it gives up and leaves the last try.
    unreachable : float
        Share of writes that no number of pulses brings into the window.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Verify(window_S=1e-7, most_pulses=10)
    Verify(window_S=1e-07, most_pulses=10)
    """

    stated: ClassVar[bool] = True

    window_S: Siemens
    most_pulses: Annotated[int, Field(ge=1)]
    unreachable: Sigma = 0.0

    def of_faulty(
        self, target_S: Array, held_S: Array
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Tries, and whether all fail, for devices that hold what they hold whatever is written."""
        failed = np.abs(held_S - target_S) > self.window_S
        return np.where(failed, self.most_pulses, 1), failed


class Write(Sourced):
    """How a conductance is written.

    Parameters
    ----------
    reference_S : float
        Conductance at which x = 1, and unit of `noise`.
    noise : Curve
        Standard deviation of one write over x, the target.
    verify : Verify or None
        Loop that repeats writes; none: each write is one try, `noise` what it leaves.
    pulses : float
        Pulses of one try.
    pulse_s : float
        Duration of one pulse.
    pulse_J : float
        Energy of one pulse.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Write(reference_S=6e-6, noise=0.01)
    Write(reference_S=6e-06, noise=(Piece(polynomial=(0.01,)),))
    """

    reference_S: Siemens
    noise: Curve = ()
    verify: Annotated[Verify | None, Word("none", or_null=True)] = None
    pulses: Annotated[float, Field(ge=1)] = 1.0
    pulse_s: Wait = 0.0
    pulse_J: Joule = 0.0

    def sigma_S(self, target_S: Array) -> Array:
        """Standard deviation of one try [S]."""
        spread = evaluate(self.noise, target_S / self.reference_S)
        return self.reference_S * np.maximum(spread, 0.0)

    def cut_off(self, conductance_S: Array) -> Iterator[tuple[str, str]]:
        """Fields of which something is cut off at 0 at such conductances, and what must hold."""
        way = "such devices would be written without error: measure there, or state `least: 0`"
        yield from negative("noise", self.noise, conductance_S, self.reference_S, way)

    def write(self, target_S: Array, rng: np.random.Generator) -> Written:
        """Conductances that a write of these targets leaves, never below 0 S."""
        on = target_S > 0
        sigma_S = np.where(on, self.sigma_S(target_S), 0.0)
        once = np.ones(target_S.shape, dtype=np.int64)
        if self.verify is None:
            if not sigma_S.any():
                return Written(target_S, once, np.zeros(target_S.shape, dtype=bool))
            error_S, pulses = sigma_S * rng.standard_normal(target_S.shape), once
            failed = np.zeros(target_S.shape, dtype=bool)
        else:
            error_S, pulses, failed = self._verified(self.verify, sigma_S, on, rng)
        return Written(np.where(on, np.maximum(target_S + error_S, 0.0), 0.0), pulses, failed)

    def _verified(
        self, verify: Verify, sigma_S: Array, on: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[Array, NDArray[np.int64], NDArray[np.bool_]]:
        """Error, tries and failure of each device, without running the loop."""
        noisy = sigma_S > 0
        width = verify.window_S / np.where(noisy, sigma_S, verify.window_S)
        share = np.where(noisy, 1 - 2 * ndtr(-width), 1.0)
        tries = rng.geometric(np.maximum(share, 1e-12))
        failed = (tries > verify.most_pulses) | (rng.random(sigma_S.shape) < verify.unreachable)
        failed &= on & noisy
        u, below = rng.random(sigma_S.shape), ndtr(-width)
        inside = ndtri(below + u * share)
        # Beyond some 37 sigma the tail underflows: its edge is then all of it.
        tail = ndtri(np.maximum(below * np.minimum(2 * u, 2 - 2 * u), np.finfo(float).tiny))
        outside = np.where(u < 0.5, -1, 1) * np.maximum(-tail, width)
        error_S = sigma_S * np.where(noisy, np.where(failed, outside, inside), 0.0)
        return error_S, np.where(failed, verify.most_pulses, tries), failed
