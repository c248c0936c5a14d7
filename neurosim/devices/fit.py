r"""Blocks of a hardware profile from measured devices: writes, drift, and pulse by pulse.

Every number comes with its standard error. Which law is taken is decided by the residuals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import chi2

from neurosim.devices.measurements import KINDS, Measurements
from neurosim.errors import DataError

__all__ = ["DeviceFit", "Part", "fit_devices"]

Array = NDArray[np.float64]

# A polynomial is accepted where chi squared leaves it at least this chance.
_PLAUSIBLE = 0.01
_MOST_DEGREE = 3


@dataclass(frozen=True)
class Part:
    """One block of a profile, as fitted.

    Attributes
    ----------
    name : str
        Block of the profile.
    block : dict
        Its fields, as YAML says them; numbers in SI units.
    errors : dict
        Standard error of each fitted number, in the same places.
    n : int
        Readings that it stands on.
    curves : list
        For a picture: (x, measured, fitted, label) of each curve.
    x_label, y_label : str
    """

    name: str
    block: dict[str, Any]
    errors: dict[str, Any]
    n: int
    curves: list[tuple[Array, Array, Array, str]]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class DeviceFit:
    """What was fitted, and the range of conductances that was seen."""

    parts: list[Part]
    low_S: float
    high_S: float


def fit_devices(data: Measurements) -> DeviceFit:
    """Fit every kind of measurement that the table has.

    Raises
    ------
    DataError
        There are too few readings of a kind to fit it.
    """
    fits: dict[str, Callable[[dict[str, Array]], Part]] = {
        "write": _fit_write,
        "drift": _fit_drift,
        "update": _fit_update,
    }
    parts = [fit(getattr(data, kind)) for kind, fit in fits.items() if getattr(data, kind)]
    seen = [getattr(data, k)["conductance_S"] for k in KINDS if getattr(data, k)]
    every = np.concatenate(seen)
    return DeviceFit(parts, float(every.min()), float(every.max()))


def _need(enough: bool, kind: str, what: str) -> None:
    if not enough:
        raise DataError(f"A fit of {kind} needs {what}; measure more, or leave {kind} out.")


def _fit_write(table: dict[str, Array]) -> Part:
    """Spread of writes as a polynomial of the target, of the least degree that is plausible."""
    targets, which = np.unique(table["target_S"], return_inverse=True)
    error_S = table["conductance_S"] - table["target_S"]
    counts = np.bincount(which)
    _need(counts.min() >= 5, "write", "at least 5 writes of each target")
    reference_S = float(targets.max())
    sigma = np.array([error_S[which == k].std(ddof=1) for k in range(len(targets))]) / reference_S
    sigma_error, x = sigma / np.sqrt(2 * (counts - 1)), targets / reference_S
    for degree in range(min(_MOST_DEGREE, len(targets) - 1) + 1):
        powers = np.vander(x, degree + 1, increasing=True) / sigma_error[:, None]
        coefficients, *_ = np.linalg.lstsq(powers, sigma / sigma_error, rcond=None)
        misfit = float(np.sum((powers @ coefficients - sigma / sigma_error) ** 2))
        freedom = len(targets) - degree - 1
        if freedom == 0 or chi2.sf(misfit, freedom) > _PLAUSIBLE:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(powers.T @ powers)))
    fine = np.vander(x, degree + 1, increasing=True) @ coefficients
    block = {
        "reference_S": reference_S,
        "noise": {"polynomial": coefficients.tolist()},
        "verify": "none",
        "pulses": 1,
        "pulse_s": "ideal",
        "pulse_J": "ideal",
    }
    return Part(
        "write", block, {"noise": {"polynomial": errors.tolist()}}, len(error_S),
        [(targets, reference_S * sigma, reference_S * fine, "standard deviation")],
        "target (S)", "write error (S)",
    )  # fmt: skip


def _by_device(table: dict[str, Array]) -> list[NDArray[np.bool_]]:
    return [table["device"] == name for name in np.unique(table["device"])]


def _fit_drift(table: dict[str, Array]) -> Part:
    """Power law or logarithm of time, whichever leaves less."""
    time_s, g_S = table["time_s"], table["conductance_S"]
    _need(bool((time_s > 0).all() and (g_S > 0).all()), "drift", "times and conductances above 0")
    start_s = float(time_s.min())
    slopes, starts, shifts, left = [], [], [], np.zeros(2)
    for rows in _by_device(table):
        log_t = np.log(time_s[rows] / start_s)
        _need(len(np.unique(log_t)) >= 3, "drift", "at least 3 times of each device")
        power = np.polynomial.polynomial.polyfit(log_t, np.log(g_S[rows]), 1)
        line = np.polynomial.polynomial.polyfit(log_t, g_S[rows], 1)
        left += [
            np.sum((g_S[rows] - np.exp(power[0] + power[1] * log_t)) ** 2),
            np.sum((g_S[rows] - line[0] - line[1] * log_t) ** 2),
        ]
        slopes.append(-power[1])
        starts.append(line[0])
        shifts.append(line[1])
    n = len(slopes)
    _need(n >= 5, "drift", "at least 5 devices")
    times = np.unique(time_s)
    mean_S = np.array([g_S[time_s == t].mean() for t in times])
    if left[0] <= left[1]:
        nu, reference_S = np.array(slopes), float(table["target_S"].max())
        block: dict[str, Any] = {
            "law": "power", "start_s": start_s, "reference_S": reference_S,
            "exponent": float(nu.mean()), "exponent_spread": float(nu.std(ddof=1)),
        }  # fmt: skip
        errors = {"exponent": float(nu.std(ddof=1) / np.sqrt(n)),
                  "exponent_spread": float(nu.std(ddof=1) / np.sqrt(2 * (n - 1)))}  # fmt: skip
        fitted = mean_S[0] * (times / times[0]) ** -nu.mean()
    else:
        shift = np.array(shifts)
        block = {
            "law": "log", "start_s": start_s, "shift_S": float(shift.mean()),
            "spread_S": "ideal", "spread_growth_S": float(shift.std(ddof=1)),
        }  # fmt: skip
        errors = {"shift_S": float(shift.std(ddof=1) / np.sqrt(n)),
                  "spread_growth_S": float(shift.std(ddof=1) / np.sqrt(2 * (n - 1)))}  # fmt: skip
        fitted = np.mean(starts) + shift.mean() * np.log(times / start_s)
    curves = [(times, mean_S, fitted, f"mean, law {block['law']}")]
    return Part("drift", block, errors, len(g_S), curves, "time (s)", "conductance (S)")


def _linear_steps(p: Array, n: NDArray[np.intp], sign: int) -> Array:
    """Conductance after n pulses of a linear step from one end."""
    low, high, states, gamma = p[0], p[1], p[2], p[3 if sign > 0 else 4]
    place, path = (0.0 if sign > 0 else 1.0), []
    for _ in range(int(n.max()) + 1):
        path.append(place)
        s = 2 * place - 1
        place = np.clip(place + sign * (1 - sign * gamma * s) / states, 0.0, 1.0)
    reached: Array = low + (high - low) * np.array(path)[n]
    return reached


def _soft_steps(p: Array, n: NDArray[np.intp], sign: int) -> Array:
    """The same with steps proportional to the distance from the bound."""
    low, high, states = p[:3]
    gone = 1 - (1 - 1 / states) ** n
    reached: Array = low + (high - low) * gone if sign > 0 else high - (high - low) * gone
    return reached


def _fit_update(table: dict[str, Array]) -> Part:
    """Mean response to pulses by both laws; the noise of a step from its scatter."""
    g_S, n = table["conductance_S"], table["pulses"].astype(np.intp)
    up = table["direction"] == "up"
    _need(bool(up.any() and (~up).any()), "update", "up and down pulses")
    _need(int(n.max()) >= 5, "update", "at least 5 pulses each way")
    low, high, most = float(g_S.min()), float(g_S.max()), float(n.max())
    scale = high - low

    def residuals(law: Any) -> Callable[[Array], Array]:
        def of(p: Array) -> Array:
            model = np.where(up, law(p, n, 1), law(p, n, -1))
            return np.asarray((model - g_S) / scale)

        return of

    # Ends and states by soft bounds, then the slopes of a linear step beside them.
    soft = least_squares(
        residuals(_soft_steps), [low, high, most / 2],
        bounds=([0, low, 1.5], [high, 4 * high, 1e6]), x_scale=[scale, scale, most],
    )  # fmt: skip
    linear = least_squares(
        residuals(_linear_steps), [low, high, most, 0.1, 0.1],
        bounds=([0, low, 1.5, -0.99, -0.99], [high, 4 * high, 1e6, 0.99, 0.99]),
        x_scale=[scale, scale, most, 1, 1],
    )  # fmt: skip
    best, law = (soft, _soft_steps) if soft.cost <= 1.05 * linear.cost else (linear, _linear_steps)
    variance = 2 * best.cost / max(len(g_S) - len(best.x), 1)
    errors = np.sqrt(np.diag(np.linalg.pinv(best.jac.T @ best.jac)) * variance)
    names = ("low_S", "high_S", "states", "gamma_up", "gamma_down")
    found = dict(zip(names, best.x.tolist(), strict=False))
    block: dict[str, Any] = {
        "law": "soft_bounds" if law is _soft_steps else "linear_step",
        "pair": "both", "refresh_at": "ideal", "states": found["states"],
    }  # fmt: skip
    if law is _linear_steps:
        block |= {"gamma_up": found["gamma_up"], "gamma_down": found["gamma_down"]}
    cycle, cycle_error = _cycle_noise(table, best.x, law)
    block |= {"asymmetry": "ideal", "cycle_noise": cycle, "cycle_noise_additive": "ideal"}
    block |= {"step_spread": "ideal", "bound_spread": "ideal", "asymmetry_spread": "ideal"}
    uncertain = dict(zip(names, errors.tolist(), strict=False)) | {"cycle_noise": cycle_error}
    uncertain = {name: value for name, value in uncertain.items() if name in block}
    curves = []
    for sign, chosen, label in ((1, up, "up"), (-1, ~up, "down")):
        counts = np.unique(n[chosen])
        mean_S = np.array([g_S[chosen & (n == k)].mean() for k in counts])
        curves.append((counts.astype(float), mean_S, law(best.x, counts, sign), label))
    return Part("pulse", block, uncertain, len(g_S), curves, "pulses", "conductance (S)")


def _cycle_noise(table: dict[str, Array], p: Array, law: Any) -> tuple[float, float]:
    """Scatter of single steps over the mean step there, and its standard error."""
    ratios = []
    for rows in _by_device(table):
        for direction, sign in (("up", 1), ("down", -1)):
            chosen = rows & (table["direction"] == direction)
            order = np.argsort(table["pulses"][chosen])
            n = table["pulses"][chosen].astype(np.intp)[order]
            if n.size < 2:
                continue
            steps = np.diff(table["conductance_S"][chosen][order])
            expected = np.diff(law(p, n, sign))
            single = (np.diff(n) == 1) & (np.abs(expected) > 0.1 * np.abs(expected).max(initial=0))
            ratios.append(steps[single] / expected[single] - 1)
    every = np.concatenate(ratios)
    _need(len(every) >= 10, "update", "at least 10 single pulses one after another")
    value = float(every.std(ddof=1))
    return value, value / np.sqrt(2 * (len(every) - 1))
