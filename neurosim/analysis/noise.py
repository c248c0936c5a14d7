r"""What each source alone does to a read and to the gradient, and the best beta for a chip.

With g_k the gradient measured in repeat k, r_k that of the same chip without the source, both of
the same batch, and e_k = g_k - r_k,

.. math::
    \mathrm{SNR} = \frac{|\bar g|^2 - s^2 / K}{s^2}, \qquad
    s^2 = \frac{1}{K - 1} \sum_k |e_k - \bar e|^2, \qquad
    \mathrm{bias}^2 = \frac{|\bar e|^2 - s^2 / K}{|\bar r|^2}.

s^2 is the variance of one estimate. How much of a source the phases share shows in the difference
of the two nudged ones: `left` is its rms over sqrt(2) of that of one phase, 1 where they are
independent and 0 where all cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.imperfections import Source, ideal, only, present
from neurosim.analysis.observe import Conditions, Observed, Told
from neurosim.contrasts import within_half_a_turn
from neurosim.profile import Profile
from neurosim.solvers import Engine, Noise, OperatingPoint

__all__ = ["ALL", "BETA", "SETTLE", "Figures", "Point", "Progress", "Row", "ledger", "scan_beta"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

BETA, SETTLE, ALL = "finite beta", "finite settling time", "all together"
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)


@dataclass(frozen=True)
class Figures:
    """How good a measured gradient is.

    Attributes
    ----------
    cosine : float
        Of one estimate to the exact gradient at the weights that the host asks for; the mean.
    cosine_held : float
        The same at the weights that the devices hold: what measuring it has cost.
    cosine_of_mean : float
        Of the mean of all estimates to the mean of the exact gradients at the weights held.
    bias, noise : float
        What all repeats have in common, and standard deviation, over the gradient's norm.
    snr_dB : float or None
        None where nothing varies or the signal is lost in it.
    """

    cosine: float
    cosine_held: float
    cosine_of_mean: float
    bias: float
    noise: float
    snr_dB: float | None


@dataclass(frozen=True)
class Row:
    """Effect of one source.

    Attributes
    ----------
    name, drawn, phases : str
        As in `Source`; of beta and the settling time `setting`.
    visible_V, hidden_V : float
        Rms deviation of a read at the end of the free phase [V].
    velocity : float
        Rms deviation of the measured velocity, in the host's units.
    left : float or None
        Share of the deviation that the nudged phases do not share; None without any.
    rows_lost : int
        Rows of which a phase failed.
    gradient : Figures
    """

    name: str
    drawn: str
    phases: str
    visible_V: float
    hidden_V: float
    velocity: float
    left: float | None
    rows_lost: int
    gradient: Figures


@dataclass(frozen=True)
class Point:
    """The gradient of the whole chip at one beta."""

    beta: float
    gradient: Figures


def ledger(conditions: Conditions, progress: Progress = lambda done, total: None) -> list[Row]:
    """One row for beta, for the settling time, for each source that the profile has, and for all.

    Beta and settling time are those of `conditions` throughout: the row of beta has no other
    imperfection, that of the settling time has both, and every source comes on top of them.
    """
    return _Ledger(conditions, progress).rows()


def scan_beta(
    conditions: Conditions,
    shares: Sequence[float] = SHARES,
    progress: Progress = lambda done, total: None,
) -> list[Point]:
    """The gradient against beta, every source on.

    Betas are these shares of the largest that leaves the spring of the negative phase passive and
    that the chip's stiffest spring allows.
    """
    flow, profile, found = conditions.flow, conditions.profile, []
    most = flow.stiffness
    if profile.spring.max_S is not None:
        most = min(most, profile.spring.max_S / profile.node.leak_S - flow.stiffness)
    betas = np.array(shares) * most / (flow.alpha * flow.stiffness) ** 2
    held: list[Array] | None = None
    for done, beta in enumerate(betas, 1):
        got = conditions.observe_all(profile, beta=float(beta))
        held = held or _exact_held(conditions, got)
        exact = conditions.exact_for(got)
        found.append(Point(float(beta), _figures(got, exact, exact, held)))
        progress(done, len(betas))
    return found


class _Ledger:
    """Observations of every variant, each made once."""

    def __init__(self, conditions: Conditions, progress: Progress) -> None:
        self._conditions, self._progress = conditions, progress
        self._profile = conditions.profile
        self._sources = present(self._profile)
        self._seen: dict[str, list[Observed]] = {}

    def rows(self) -> list[Row]:
        """The table."""
        exact, rest, finite = self._conditions.exact, self._rest, self._finite
        rows = [
            self._row(BETA, "setting", "common", rest, rest, exact),
            self._row(SETTLE, "setting", "common", finite, rest, exact),
        ]
        for source in self._sources:
            got, base = self._alone(source), self._base(source)
            without = [one.gradient for one in base]
            rows.append(self._row(source.name, source.drawn, source.phases, got, base, without))
        got = self._observe(ALL, self._profile)
        exact = self._conditions.exact_for(got)
        return [*rows, self._row(ALL, "", "", got, self._beside(self._profile), exact)]

    def _observe(self, name: str, profile: Profile, engine: Engine | None = None) -> list[Observed]:
        if name not in self._seen:
            self._seen[name] = self._conditions.observe_all(profile, engine=engine)
            settings = 4 if _has_noise(self._profile) else 3
            self._progress(len(self._seen), len(self._sources) + settings)
        return self._seen[name]

    @cached_property
    def _bare(self) -> Profile:
        return ideal(self._profile)

    @cached_property
    def _rest(self) -> list[Observed]:
        return self._observe(BETA, self._bare, OperatingPoint())

    @cached_property
    def _finite(self) -> list[Observed]:
        return self._observe(SETTLE, self._bare)

    def _beside(self, profile: Profile) -> list[Observed]:
        """The chip without any source, in the steps that `profile` takes."""
        if not _has_noise(profile):
            return self._finite
        silent = Told(self._profile.settling, Noise(None))
        return self._observe("silent", self._bare, silent)

    def _alone(self, source: Source) -> list[Observed]:
        variant = only(self._profile, source.name)
        still = Told(self._profile.settling, None) if source.quiet else None
        return self._observe(source.name, variant, still)

    def _base(self, source: Source) -> list[Observed]:
        """The chip without the source: with the range and bits that it needs, without any noise."""
        if source.quiet:
            return self._finite
        variant = only(self._profile, source.name)
        if _has_noise(variant):
            return self._beside(variant)
        wanted = set(source.needs)
        needed = [s for s in self._sources if wanted and {*s.fields, *s.needs} == wanted]
        return self._alone(needed[0]) if needed else self._finite

    def _row(
        self,
        name: str,
        drawn: str,
        phases: str,
        got: list[Observed],
        base: list[Observed],
        reference: list[Array],
    ) -> Row:
        """Effect of `got` against the reads of `base` and the gradients of `reference`."""
        conditions = self._conditions
        n, unit_V = self._profile.layers[0], self._profile.node.unit_V
        moved = np.stack([a.outputs - b.outputs for a, b in zip(got, base, strict=True)])
        if self._profile.node.oscillating:
            moved = within_half_a_turn(moved)
        velocity = np.stack([a.velocity - b.velocity for a, b in zip(got, base, strict=True)])
        free, *nudged = np.moveaxis(moved, 1, 0)
        exact = conditions.exact_for(got)
        return Row(
            name=name,
            drawn=drawn,
            phases=phases,
            visible_V=unit_V * _rms(free[..., :n]),
            hidden_V=unit_V * _rms(free[..., n:]),
            velocity=_rms(velocity),
            left=_left(*nudged) if nudged else None,
            rows_lost=sum(seen.rows_lost for seen in got),
            gradient=_figures(got, reference, exact, _exact_held(conditions, got)),
        )


def _has_noise(profile: Profile) -> bool:
    """Whether there is noise in the dynamics."""
    return profile.thermal.temperature_K is not None


def _left(positive: Array, negative: Array) -> float | None:
    """Share of what moves either phase that is left in their difference; 1 if independent."""
    one, both = _rms(np.stack([positive, negative])), _rms(positive - negative)
    return both / (np.sqrt(2) * one) if one else None


def _exact_held(conditions: Conditions, got: list[Observed]) -> list[Array]:
    """Exact gradients at the weights that the devices of each chip hold."""
    asked, exact, found = conditions.weights.vector, conditions.exact_for(got), []
    for k, seen in enumerate(got):
        same = np.allclose(seen.held.vector, asked, rtol=1e-9, atol=1e-12)
        found.append(exact[k] if same else conditions.exact_at(seen.held, k, seen.waves))
    return found


def _figures(
    got: list[Observed], reference: list[Array], exact: list[Array], held: list[Array]
) -> Figures:
    """Figures of merit of measured gradients."""
    g, r = np.stack([seen.gradient for seen in got]), np.stack(reference)
    error, repeats = g - r, len(g)
    variance = float(np.sum((error - error.mean(axis=0)) ** 2) / (repeats - 1))
    signal = float(np.sum(g.mean(axis=0) ** 2)) - variance / repeats
    bias2 = max(float(np.sum(error.mean(axis=0) ** 2)) - variance / repeats, 0.0)
    size2 = float(np.sum(r.mean(axis=0) ** 2))
    return Figures(
        cosine=_mean_cosine(g, exact),
        cosine_held=_mean_cosine(g, held),
        cosine_of_mean=_cosine(g.mean(axis=0), np.mean(held, axis=0)),
        bias=float(np.sqrt(bias2 / size2)),
        noise=float(np.sqrt(variance / size2)),
        snr_dB=float(10 * np.log10(signal / variance)) if variance > 0 < signal else None,
    )


def _mean_cosine(a: Array, b: list[Array]) -> float:
    return float(np.mean([_cosine(one, other) for one, other in zip(a, b, strict=True)]))


def _cosine(a: Array, b: Array) -> float:
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 0.0


def _rms(x: Array) -> float:
    """Of the values that are there: rows that failed are NaN."""
    good = x[np.isfinite(x)]
    return float(np.sqrt(np.mean(good**2))) if good.size else float("nan")
