r"""Drift in the logarithm of time: a power law, or a line where devices also rise.

Each device gives a slope over :math:`L = \ln (t / t_0)` by least squares, of ln G for the power
law and of G for the logarithm, with a standard error from what its own readings leave. The spread
of the slopes among devices is theirs less what the noise of reading adds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from neurosim.devices.fit.part import Array, Curve, Part, need
from neurosim.devices.fit.series import series_of
from neurosim.devices.fit.spread import Spread, spread_of

__all__ = ["fit_drift"]

_LEAST_DEVICES = 5
_LEAST_TIMES = 3
_PLAUSIBLE = 0.01
_MOST_DEGREE = 2
# The power law's exponent is cut off at 0: at most this share of devices may fall to that.
_MOST_CUT = 0.01


class _Fits(NamedTuple):
    """Both laws over the series of rows, and the target of each."""

    every: list[NDArray[np.intp]]
    targets: Array
    power: _Lines
    line: _Lines


class _Lines(NamedTuple):
    """Slopes over ln (t / t_0), their standard errors and starts; noise of a reading, and misfit.

    `left` is the mean square, over the conductance, of what the lines leave.
    """

    slopes: Array
    errors: Array
    starts: Array
    noise: float
    left: float


def fit_drift(table: dict[str, Any]) -> Part:
    """Power law, or logarithm of time where devices rise or where it leaves less."""
    time_s, g_S = table["time"], table["conductance"]
    need(bool((time_s > 0).all() and (g_S > 0).all()), "drift", "times and conductances above 0")
    need(bool((table["target"] > 0).all()), "drift", "targets above 0 S")
    every = series_of(table, "time", "drift")
    need(len(every) >= _LEAST_DEVICES, "drift", f"at least {_LEAST_DEVICES} devices")
    many = all(len(np.unique(time_s[rows])) >= _LEAST_TIMES for rows in every)
    need(many, "drift", f"at least {_LEAST_TIMES} times of each device")
    start_s, targets = float(time_s.min()), np.array([table["target"][rows[0]] for rows in every])
    log_t, x = np.log(time_s / start_s), targets / targets.max()
    found = _Fits(
        every, targets, _lines(every, log_t, np.log(g_S), np.ones_like(g_S)),
        _lines(every, log_t, g_S, g_S),
    )  # fmt: skip
    nu = _over_target(x, -found.power.slopes, found.power.errors)
    if found.power.left <= found.line.left and not _rising(nu, x):
        part = _power(nu, found.power, start_s, float(targets.max()))
    else:
        part = _log(spread_of(found.line.slopes, found.line.errors), found.line, start_s)
    part = replace(part, n=len(g_S), curves=[_curve(part, found, time_s, g_S)])
    _report(part, found)
    _misfit(part, found, table, log_t)
    return part


def _curve(part: Part, found: _Fits, time_s: Array, g_S: Array) -> Curve:
    """The mean of all devices, measured and by the law from where it starts."""
    times, which = np.unique(time_s, return_inverse=True)
    mean_S, log_t = np.bincount(which, g_S) / np.bincount(which), np.log(times / times[0])
    if part.block["law"] == "log":
        fitted = found.line.starts.mean() + part.block["shift_S"] * log_t
    else:
        starts = np.exp(found.power.starts)
        exponent = part.block["exponent"]
        powers = exponent["polynomial"] if isinstance(exponent, dict) else [exponent]
        nu = np.polynomial.polynomial.polyval(found.targets / found.targets.max(), powers)
        fitted = np.array([np.mean(starts * np.exp(-nu * log)) for log in log_t])
    return Curve(times, mean_S, fitted, f"mean, law {part.block['law']}")


def _lines(every: list[NDArray[np.intp]], log_t: Array, y: Array, unit: Array) -> _Lines:
    """A line through each device's readings; all share the noise of a reading."""
    slopes, inverse, starts, squares, relative, freedom = [], [], [], 0.0, 0.0, 0
    for rows in every:
        x = log_t[rows] - log_t[rows].mean()
        slope = float(x @ y[rows] / (x @ x))
        rest = y[rows] - y[rows].mean() - slope * x
        slopes.append(slope)
        inverse.append(1 / float(x @ x))
        starts.append(float(y[rows].mean() - slope * log_t[rows].mean()))
        squares += float(rest @ rest)
        relative += float(np.sum((rest / unit[rows]) ** 2))
        freedom += len(rows) - 2
    noise = float(np.sqrt(squares / freedom))
    errors = noise * np.sqrt(np.array(inverse))
    return _Lines(np.array(slopes), errors, np.array(starts), noise, relative / freedom)


def _over_target(x: Array, nu: Array, errors: Array) -> Spread:
    """Mean and spread of the exponent; the mean as a polynomial of the least plausible degree."""
    levels = np.unique(x)
    each = spread_of(nu, errors, (x[:, None] == levels).astype(float))
    for degree in range(min(_MOST_DEGREE, len(levels) - 1) + 1):
        powers = np.vander(x, degree + 1, increasing=True)
        root_w = np.sqrt(each.weights)
        mean = np.linalg.lstsq(powers * root_w[:, None], nu * root_w, rcond=None)[0]
        misfit = float(np.sum(each.weights * (nu - powers @ mean) ** 2)) - each.left
        freedom = len(levels) - degree - 1
        if freedom == 0 or chi2.sf(misfit, freedom) > _PLAUSIBLE:
            break
    return spread_of(nu, errors, powers)


def _rising(nu: Spread, x: Array) -> bool:
    """Whether so many devices rise that a power law, cut off at 0, would lose them."""
    mean = np.polynomial.polynomial.polyval(np.unique(x), [m.value for m in nu.mean])
    error = nu.mean[0].error if len(nu.mean) == 1 else nu.sigma.value / np.sqrt(nu.freedom)
    cut = norm.cdf(-mean / nu.sigma.value) if nu.sigma.value else np.zeros_like(mean)
    return bool((mean <= 3 * error).any() or (cut > _MOST_CUT).any())


def _power(nu: Spread, lines: _Lines, start_s: float, reference_S: float) -> Part:
    values, errors = [m.value for m in nu.mean], [m.error for m in nu.mean]
    constant = len(values) == 1
    block = {
        "law": "power", "start_s": start_s, "reference_S": reference_S,
        "exponent": values[0] if constant else {"polynomial": values},
        "exponent_spread": nu.sigma.value,
    }  # fmt: skip
    errors_of = {
        "exponent": errors[0] if constant else {"polynomial": errors},
        "exponent_spread": nu.sigma.error,
    }
    facts = {"reading_noise": lines.noise}
    notes = [
        f"noise of a reading {100 * lines.noise:.2g} % of it, which exponent_spread is without"
    ]
    return _part(block, errors_of, {}, facts, notes)


def _log(shift: Spread, lines: _Lines, start_s: float) -> Part:
    block = {
        "law": "log", "start_s": start_s, "shift_S": shift.mean[0].value, "spread_S": "ideal",
        "spread_growth_S": shift.sigma.value,
    }  # fmt: skip
    errors = {"shift_S": shift.mean[0].error, "spread_growth_S": shift.sigma.error}
    assumed = {"spread_S": "not fitted: what devices have at start_s is the error of their write"}
    facts = {"reading_noise_S": lines.noise}
    notes = [f"noise of a reading {lines.noise:.2g} S, which spread_growth_S is without"]
    return _part(block, errors, assumed, facts, notes)


def _part(
    block: dict[str, Any], errors: dict[str, Any], assumed: dict[str, str], facts: dict[str, Any],
    notes: list[str],
) -> Part:  # fmt: skip
    return Part("drift", block, errors, assumed, 0, [], "time (s)", "conductance (S)",
                facts=facts, notes=notes)  # fmt: skip


def _report(part: Part, found: _Fits) -> None:
    """What was chosen, what else might have been, and how well it fits."""
    ratio = found.line.left / found.power.left if found.power.left else np.inf
    part.facts["left_log_over_power"] = float(ratio) if np.isfinite(ratio) else None
    part.notes.append(
        f"{len(found.every)} series; the logarithm leaves {ratio:.3g} of what the power law does"
    )
    law = part.block["law"]
    if law == "log" and ratio > 1:
        part.notes.append(
            "a power law leaves less, but its exponent is cut off at 0: some devices would not rise"
        )
    if law == "log" and len(np.unique(found.targets)) > 1:
        by_target = (found.targets[:, None] == np.unique(found.targets)).astype(float)
        each = spread_of(found.line.slopes, found.line.errors, by_target)
        same = spread_of(found.line.slopes, found.line.errors)
        mean = same.mean[0].value
        misfit = float(np.sum(each.weights * (found.line.slopes - mean) ** 2)) - each.left
        if chi2.sf(misfit, by_target.shape[1] - 1) < _PLAUSIBLE:
            shown = "; ".join(
                f"{t:.3g} S: {m.value:.2g}"
                for t, m in zip(np.unique(found.targets), each.mean, strict=True)
            )
            part.warnings.append(
                f"drift.shift_S differs between targets, the block has one ({shown})"
            )
    name = "exponent_spread" if law == "power" else "spread_growth_S"
    if part.block[name] == 0:
        part.warnings.append(
            f"drift.{name} is at its bound, 0: no spread among devices is told from the noise of "
            f"reading; it may be {2 * part.errors[name]:.2g}"
        )


def _misfit(part: Part, found: _Fits, table: dict[str, Any], log_t: Array) -> None:
    """Chi squared of the means at each time, and the worst of them."""
    power = part.block["law"] == "power"
    lines = found.power if power else found.line
    y = np.log(table["conductance"]) if power else table["conductance"]
    rest = np.full(len(y), np.nan)
    for rows, slope, start in zip(found.every, lines.slopes, lines.starts, strict=True):
        rest[rows] = y[rows] - start - slope * log_t[rows]
    times, which = np.unique(table["time"], return_inverse=True)
    counts = np.bincount(which)
    mean = np.bincount(which, rest) / counts
    z = mean * np.sqrt(counts) / (lines.noise or 1.0)
    chi_squared, freedom = float(z @ z), len(times) - 2
    worst = int(np.argmax(np.abs(z)))
    part.facts.update(
        chi_squared=chi_squared, freedom=freedom,
        worst_misfit={"time_s": float(times[worst]), "standard_errors": float(z[worst])},
    )  # fmt: skip
    part.notes.append(
        f"chi squared of the means at each time {chi_squared:.1f} on {freedom} degrees of freedom; "
        f"worst at {times[worst]:.3g} s, {z[worst]:+.1f} standard errors"
    )
    if chi2.sf(chi_squared, freedom) < _PLAUSIBLE:
        part.warnings.append(
            f"the mean drift is no straight line over ln t (chi squared {chi_squared:.0f} on "
            f"{freedom} degrees of freedom); look at the picture, or write a table drift"
        )
