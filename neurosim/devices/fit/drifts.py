r"""Drift in the logarithm of time: a power law, or a line where devices also rise.

Each device gives a slope over :math:`L = \ln (t / t_0)` by least squares, of ln G for the power
law and of G for the logarithm, with a standard error from what its own readings leave. The spread
of the slopes among devices is theirs less what the noise of reading adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc

from neurosim.devices.fit.ageing import LogFit, PowerFit
from neurosim.devices.fit.lines import Aged, Lines
from neurosim.devices.fit.part import Curve, Part, need
from neurosim.devices.fit.series import series_of

__all__ = ["fit_drift"]

_LEAST_DEVICES = 5
_LEAST_TIMES = 3
_PLAUSIBLE = 0.01


def fit_drift(table: dict[str, Any]) -> Part:
    """Power law, or logarithm of time where devices rise or where it leaves less."""
    data = _aged(table)
    power, line = PowerFit(data), LogFit(data)
    ratio = line.lines.left / power.lines.left if power.lines.left else np.inf
    cuts_off = power.cuts_off
    chosen = power if ratio >= 1 and not cuts_off else line
    part = chosen.part()
    part.facts["left_log_over_power"] = float(ratio) if np.isfinite(ratio) else None
    part.notes.append(f"{len(data.every)} series; {_left(ratio, power.lines.left)}")
    if ratio >= 1 and cuts_off:
        part.notes.append(
            "a power law leaves less, but its exponent is cut off at 0: some devices would not rise"
        )
    if part.block[chosen.spread] == 0:
        part.warnings.append(
            f"drift.{chosen.spread} is at its bound, 0: no spread among devices is told from the "
            f"noise of reading; it may be {2 * part.errors[chosen.spread]:.2g}"
        )
    times, which = np.unique(data.time_s, return_inverse=True)
    mean_S = np.bincount(which, data.conductance_S) / np.bincount(which)
    fitted_S = chosen.mean_S(np.log(times / times[0]))
    part.curves.append(Curve(times, mean_S, fitted_S, f"mean, law {part.block['law']}"))
    _misfit(part, data, chosen.lines)
    return part


def _left(ratio: float, of_power: float) -> str:
    """What the logarithm leaves, over what the power law does; it may be beyond any number."""
    if not of_power:
        return "the power law leaves nothing"
    if not np.isfinite(ratio):
        return "the logarithm leaves more than 1e+300 times what the power law does"
    return f"the logarithm leaves {ratio:.3g} of what the power law does"


def _aged(table: dict[str, Any]) -> Aged:
    """The readings, if there are enough of them.

    Raises
    ------
    DataError
        There are not.
    """
    time_s, g_S = table["time"], table["conductance"]
    for column, unit in ((time_s, "s"), (g_S, "S")):
        low = np.flatnonzero(column <= 0)
        where = f"{column[low[0]]:g} {unit} in line {table['line'][low[0]]}" if low.size else ""
        need(not low.size, "drift", f"times and conductances above 0, but has {where}")
    need(bool((table["target"] > 0).all()), "drift", "targets above 0 S")
    every = series_of(table, "time", "drift")
    need(len(every) >= _LEAST_DEVICES, "drift", f"at least {_LEAST_DEVICES} devices")
    many = all(len(np.unique(time_s[rows])) >= _LEAST_TIMES for rows in every)
    need(many, "drift", f"at least {_LEAST_TIMES} times of each device")
    targets = np.array([table["target"][rows[0]] for rows in every])
    return Aged(every, targets, time_s, g_S)


def _misfit(part: Part, data: Aged, lines: Lines) -> None:
    """Chi squared of the means at each time, and the worst of them."""
    times, which = np.unique(data.time_s, return_inverse=True)
    counts = np.bincount(which)
    z = np.bincount(which, lines.rest) / np.sqrt(counts) / (lines.noise or 1.0)
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
    if chdtrc(freedom, chi_squared) < _PLAUSIBLE:
        part.warnings.append(
            f"the mean drift is no straight line over ln t (chi squared {chi_squared:.0f} on "
            f"{freedom} degrees of freedom); look at the picture, or write a table drift"
        )
