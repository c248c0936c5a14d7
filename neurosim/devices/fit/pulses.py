"""The pulse block from ramps: how a device steps, and how devices and pulses differ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtrc

from neurosim.devices.fit.dynamics import Dynamics, fit_dynamics
from neurosim.devices.fit.laws import Devices, before_the_end, devices_of, is_soft, nominal_of
from neurosim.devices.fit.part import Curve, Estimate, Part, root
from neurosim.devices.fit.ramps import Ramps, ramps_of
from neurosim.devices.fit.spread import Spread, spread_of
from neurosim.errors import DataError
from neurosim.safe_text import counted

__all__ = ["fit_update"]

_LEAST_DEVICES = 3
# Share of the mean step by which devices still move at the end of a ramp, where its bound is none.
_GOING = 0.5
# Two kinds of noise that are so correlated, and known to less than this share of their sum, cannot
# be told apart; nor by a logarithm of the likelihood that differs by less.
_ALIKE = 0.7
_VAGUE = 0.3
_MUCH = 2.0
_BINS = 10
_LIMITS = {
    "states": (1.0, np.inf), "gamma_up": (-1.0, 1.0), "gamma_down": (-1.0, 1.0),
    "asymmetry": (-0.99, 0.99), "bound_spread": (0.0, 0.99),
}  # fmt: skip
_PLAUSIBLE = 0.01


class _Noise(NamedTuple):
    """Noise of a step in proportion to it, and over the nominal one; None: not told apart."""

    cycle: Estimate | None
    additive: Estimate | None


class _Fit(NamedTuple):
    """A law's fit, with the ramps that it stands on; `alike`: two kinds of noise as one."""

    ramps: Ramps
    found: Dynamics
    alike: bool
    devices: Devices
    soft: bool


def fit_update(table: dict[str, Any]) -> Part:
    """Law of the step, its spread among devices and its noise; bounds and noise of a reading."""
    ramps = ramps_of(table)
    try:
        fit = _fit(ramps)
    except (FloatingPointError, np.linalg.LinAlgError):
        raise DataError(
            "update: ramps must have steps that a law can follow, but some device's do not move or "
            "run away; leave that device out, or look at the table."
        ) from None
    part = _block(_fitted(fit), fit.soft, len(table["line"]))
    _report_bounds(part, fit)
    _report_misfit(part, fit.ramps, fit.found)
    part.curves.extend(_curves(fit.ramps, fit.found))
    return part


def _fit(ramps: Ramps) -> _Fit:
    """Linear steps between hard bounds; where they vanish at these, soft bounds."""
    # A trial may run away; what is kept is finite.
    with np.errstate(all="ignore"):
        every = _dynamics(ramps)
        short = before_the_end(ramps, every[0])
        cut = np.isfinite(short.g).sum() < np.isfinite(ramps.g).sum()
        found = _dynamics(short) if cut else every
    devices = devices_of(short, found[0], soft=False)
    if is_soft(devices):
        return _Fit(ramps, *every, devices_of(ramps, every[0], soft=True), True)
    return _Fit(short, *found, devices, False)


def _dynamics(ramps: Ramps) -> tuple[Dynamics, bool]:
    """The fit, and whether two kinds of noise could not be told apart in it.

    Then all of it is taken to be in proportion to the step, unless that is much less likely.
    """
    both = fit_dynamics(ramps)
    cycle, additive = both.noise[:2]
    errors = np.sqrt(np.diag(both.noise_covariance))[:2]
    told = -both.noise_covariance[0, 1] < _ALIKE * errors[0] * errors[1]
    if told or errors.max() < _VAGUE * (cycle + additive):
        return both, False
    single = [fit_dynamics(ramps, (kind, 2)) for kind in (0, 1)]
    better = single[1].likelihood > single[0].likelihood + _MUCH
    return single[int(better)], True


def _noise(fit: _Fit) -> _Noise:
    found = fit.found
    errors = np.sqrt(np.diag(found.noise_covariance))
    cycle = root(found.noise[0], errors[0])
    ratio = nominal_of(fit.ramps, found, fit.devices)
    additive = root(found.noise[1] * ratio**2, errors[1] * ratio**2)
    if not fit.alike:
        return _Noise(cycle, additive)
    return _Noise(cycle, None) if errors[0] else _Noise(None, additive)


class _Population(NamedTuple):
    """Mean and spread of each number among devices; `states` from them."""

    of: dict[str, Spread]
    range: float
    bound_spread: Estimate
    step_spread: Estimate
    states: Estimate


def _population(devices: Devices) -> _Population:
    of = {name: spread_of(y, devices.errors[name]) for name, y in devices.values.items()}
    size = of["high"].mean[0].value - of["low"].mean[0].value
    bounds = [of[name].variance for name in ("low", "high")]
    variance = sum(v.value for v in bounds) / 2 / size**2
    bound_spread = root(variance, float(np.hypot(bounds[0].error, bounds[1].error)) / 2 / size**2)
    # Devices are log-normal in the step: mean 1, and ln (1 + sigma^2) in the logarithm.
    s2 = of["log_step"].variance
    step_spread = root(float(np.expm1(s2.value)), float(np.exp(s2.value)) * s2.error)
    log_states = of["log_states"].mean[0]
    many = len(devices.values["low"]) >= _LEAST_DEVICES
    correction = variance - s2.value / 2 if many else 0.0
    states = float(np.exp(log_states.value + correction))
    error = states * float(np.hypot(log_states.error, s2.error / 2 if many else 0.0))
    return _Population(of, size, bound_spread, step_spread, Estimate(states, error))


def _fitted(fit: _Fit) -> dict[str, Any]:
    """Each number of the block with its error, or why it is not fitted."""
    found, noise, ramps = _population(fit.devices), _noise(fit), fit.ramps
    gammas = () if fit.soft else ("gamma_up", "gamma_down")
    few = f"not fitted: a spread needs {_LEAST_DEVICES} devices, and there are {len(ramps.devices)}"
    many = len(ramps.devices) >= _LEAST_DEVICES
    alike = "not fitted: on these ramps it cannot be told from {}"
    return {
        "states": found.states,
        **{name: found.of[name].mean[0] for name in gammas},
        "asymmetry": found.of["asymmetry"].mean[0],
        "cycle_noise": noise.cycle or alike.format("cycle_noise_additive"),
        "cycle_noise_additive": noise.additive or alike.format("cycle_noise"),
        "step_spread": found.step_spread if many else few,
        "bound_spread": found.bound_spread if many else few,
        "asymmetry_spread": found.of["asymmetry"].sigma if many else few,
    }


def _block(fitted: dict[str, Any], soft: bool, n: int) -> Part:
    known = {name: f for name, f in fitted.items() if isinstance(f, Estimate)}
    assumed = {name: f for name, f in fitted.items() if isinstance(f, str)}
    within = {name: np.clip(f.value, *_LIMITS.get(name, (0, np.inf))) for name, f in known.items()}
    values: dict[str, Any] = {name: float(value) for name, value in within.items()}
    law = "soft_bounds" if soft else "linear_step"
    block = {"law": law, "pair": "both", "refresh_at": "ideal", **values}
    block |= dict.fromkeys(assumed, "ideal")
    errors = {name: f.error for name, f in known.items()}
    refresh = {"refresh_at": "pairs that go both ways need no refresh"}
    part = Part(
        "pulse", block, errors, assumed | refresh, n, [], "pulses", "conductance (S)"
    )  # fmt: skip
    beyond = [name for name, f in known.items() if f.value != values[name]]
    nothing = [name for name, value in values.items() if value == 0]
    part.facts["at_bound"] = beyond + nothing
    part.warnings.extend(
        f"pulse.{name} comes out as {known[name].value:.3g} and is held at {values[name]:g}"
        for name in beyond
    )
    part.notes.extend(
        f"{name} is at its bound, 0; it may be {2 * errors[name]:.2g}" for name in nothing
    )
    part.notes.extend(f"{name} {reason}" for name, reason in assumed.items())
    return part


def _report_bounds(part: Part, fit: _Fit) -> None:
    """The device's own range, and the noise of a reading: the block has no place for them."""
    ramps, found, devices = fit.ramps, fit.found, fit.devices
    for name in ("low", "high"):
        mean = spread_of(devices.values[name], devices.errors[name]).mean[0]
        value_S = ramps.low_S + ramps.range_S * mean.value
        part.facts[f"{name}_S"] = [value_S, ramps.range_S * mean.error]
    reading = root(found.noise[2], float(np.sqrt(found.noise_covariance[2, 2])))
    noise_S, error_S = (ramps.range_S * x for x in reading)
    part.facts.update(
        reading_noise_S=[noise_S, error_S], devices=len(ramps.devices), ramps=len(ramps.g),
        converged=found.converged,
    )  # fmt: skip
    low, high = part.facts["low_S"], part.facts["high_S"]
    part.notes.append(
        f"{counted(len(ramps.devices), 'device')}, {counted(len(ramps.g), 'ramp')}; "
        f"noise of a reading {noise_S:.2g} +- "
        f"{error_S:.1g} S, which cycle_noise is without"
    )
    part.notes.append(
        f"bounds of the devices: {low[0]:.4g} +- {low[1]:.1g} S and {high[0]:.4g} +- {high[1]:.1g} "
        "S; states, gammas and spreads are over this range: coupling.idle_S should be the lower, "
        "and coupling.full_scale the difference over node.leak_S"
    )
    if (going := _at_the_ends(ramps)) > _GOING:
        part.warnings.append(
            f"ramps end while a pulse still moves devices by {going:.0%} of the mean step, and "
            "bounds are taken to be there; where devices go further, take more pulses each way"
        )
    if low[0] < 0:
        part.warnings.append("the lower bound comes out below 0 S; take more pulses down")
    if not found.converged:
        part.warnings.append(
            "the fit of the pulses has not come to rest; numbers are its last ones"
        )


def _at_the_ends(ramps: Ramps) -> float:
    """Step of a pulse over the last tenth of each ramp, over that of the whole ramp; the mean."""
    ends, whole = list[float](), list[float]()
    for g, n in zip(ramps.g, ramps.n, strict=True):
        read = np.flatnonzero(np.isfinite(g))
        last, first = read[-1], read[0]
        late = read[max(len(read) - 1 - max(len(read) // 10, 1), 0)]
        ends.append((g[last] - g[late]) / (n[last] - n[late]))
        whole.append((g[last] - g[first]) / (n[last] - n[first]))
    return float(np.mean(ends) / np.mean(whole))


def _report_misfit(part: Part, ramps: Ramps, found: Dynamics) -> None:
    """Whether steps are linear in the conductance: what readings add to what was foretold."""
    z = found.seen.error / np.sqrt(found.seen.variance)
    worst, chi_squared, used = ("", 0.0), 0.0, 0
    for way, chosen in (("up", ~ramps.down), ("down", ramps.down)):
        place = ramps.n[chosen, 1:]
        edges = np.nanquantile(place, np.linspace(0, 1, _BINS + 1))
        at = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, _BINS - 1)
        for k in range(_BINS):
            inside = z[chosen][(at == k) & np.isfinite(place)]
            if inside.size:
                mean = float(inside.sum() / np.sqrt(inside.size))
                chi_squared, used = chi_squared + mean**2, used + 1
                if abs(mean) > abs(worst[1]):
                    worst = (f"pulses {edges[k]:.0f} to {edges[k + 1]:.0f} {way}", mean)
    freedom = max(used - 4, 1)
    part.facts.update(
        chi_squared=chi_squared, freedom=freedom,
        worst_misfit={"where": worst[0], "standard_errors": worst[1]},
    )  # fmt: skip
    part.notes.append(
        f"chi squared of the mean steps {chi_squared:.1f} on {freedom} degrees of freedom; worst "
        f"at {worst[0]}, {worst[1]:+.1f} standard errors"
    )
    if chdtrc(freedom, chi_squared) < _PLAUSIBLE:
        part.warnings.append(
            f"steps are no linear function of the conductance (chi squared {chi_squared:.0f} on "
            f"{freedom} degrees of freedom, worst at {worst[0]}): neither soft_bounds nor "
            "linear_step fits; look at the picture"
        )


def _curves(ramps: Ramps, found: Dynamics) -> list[Curve]:
    """Mean of all ramps at each count, measured and by their own steps from where they start."""
    curves = []
    a, b = (x[ramps.group][:, None] for x in (found.steps, found.slopes))
    n = ramps.n - ramps.n[:, :1]
    with np.errstate(over="ignore"):
        flat = np.abs(b) < 1e-9
        gone = np.where(flat, n, (1 - (1 - b) ** n) / np.where(flat, 1.0, b))
    fitted = ramps.g[:, :1] + (a - b * (ramps.g[:, :1] - 0.5)) * gone
    for way, chosen in (("up", ~ramps.down), ("down", ramps.down)):
        counts = np.unique(ramps.n[chosen][np.isfinite(ramps.n[chosen])])
        means = []
        for place in (ramps.g, fitted):
            y = 1 - place if way == "down" else place
            means.append(np.array([np.nanmean(y[chosen][ramps.n[chosen] == k]) for k in counts]))
        measured, drawn = (ramps.low_S + ramps.range_S * mean for mean in means)
        curves.append(Curve(counts, measured, drawn, way))
    return curves
