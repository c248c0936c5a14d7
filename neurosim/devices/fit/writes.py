r"""Spread of writes over the target, by maximum likelihood.

Of n_k writes of target k, s_k is their standard deviation about their own mean. With
:math:`\nu_k = n_k - 1` and normal errors, :math:`\nu_k s_k^2 / \sigma_k^2` is chi squared, so that
a polynomial :math:`\sigma_k = \sum_j c_j x_k^j` has the deviance and the Fisher information

.. math::
    D = \sum_k \nu_k \Bigl( \frac{s_k^2}{\sigma_k^2} - 1 - \ln \frac{s_k^2}{\sigma_k^2} \Bigr),
    \qquad I_{ij} = \sum_k \frac{2 \nu_k}{\sigma_k^2}\, x_k^{i + j}.

The weights are those of the fitted sigma: with those of the measured one, targets that happen to
scatter little would count most. Each term of D has the mean :math:`\nu_k (\ln (\nu_k / 2) -
\psi(\nu_k / 2))`, somewhat above 1, by which it is divided (McCullagh and Nelder, Generalized
Linear Models, ch. 8).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, psi, stdtrit

from neurosim.devices.fit.part import Array, Curve, Part, need
from neurosim.errors import DataError
from neurosim.safe_text import counted

__all__ = ["fit_write"]

# A polynomial is accepted where chi squared leaves it at least this chance.
_PLAUSIBLE = 0.01
_MOST_DEGREE = 3
_LEAST_WRITES = 5
# Of normal errors, whatever their spread over the targets, hardly one is so many medians off.
_WILD = 30.0
# A mean error beyond so many of its standard errors is no chance.
_BEYOND = 3.5


class _Spread(NamedTuple):
    """A polynomial, its standard errors, chi squared and degrees of freedom."""

    coefficients: Array
    errors: Array
    chi_squared: float
    freedom: int


def fit_write(table: dict[str, Any]) -> Part:
    """Spread of writes as a polynomial of the target, of the least degree that is plausible."""
    targets, which = np.unique(table["target"], return_inverse=True)
    counts = np.bincount(which)
    need(bool(targets[-1] > 0), "write", "targets above 0 S")
    need(
        bool(counts.min() >= _LEAST_WRITES),
        "write",
        f"at least {_LEAST_WRITES} writes of each target",
    )
    reference_S = float(targets[-1])
    off = (table["conductance"] - table["target"]) / reference_S
    mean = np.bincount(which, off) / counts
    s = np.array([np.std(off[which == k], ddof=1) for k in range(len(targets))], dtype=float)
    for k in np.flatnonzero(s < 1e-12):
        raise DataError(
            f"write: the {counts[k]} readings of target {targets[k]:g} S must differ, but are all "
            "the same; read with more digits, or leave that target out."
        )
    try:
        found = _polynomial(targets / reference_S, s, counts - 1)
    except np.linalg.LinAlgError:
        raise DataError(
            f"write: errors of {reference_S * s.max():.2g} S at {targets[s.argmax()]:.3g} S and of "
            f"{reference_S * s.min():.2g} S at {targets[s.argmin()]:.3g} S have no spread in "
            "common; look for a slip among the readings."
        ) from None
    x = targets / reference_S
    sigma: Array = np.vander(x, len(found.coefficients), increasing=True) @ found.coefficients
    curves = [
        Curve(targets, reference_S * s, reference_S * sigma, "standard deviation"),
        Curve(targets, reference_S * mean, np.zeros_like(targets), "mean error"),
    ]
    part = _block(table, reference_S, found, curves)
    _report_wild(part, table)
    _report_misfit(part, found, targets, s / sigma, counts)
    _report_means(part, targets, reference_S * mean, reference_S * s / np.sqrt(counts), counts)
    return part


def _block(table: dict[str, Any], reference_S: float, found: _Spread, curves: list[Curve]) -> Part:
    block = {
        "reference_S": reference_S,
        "noise": {"polynomial": found.coefficients.tolist()},
        "verify": "none",
        "pulses": 1,
        "pulse_s": "ideal",
        "pulse_J": "ideal",
    }
    assumed = {
        "verify": "a loop is part of the errors measured, not simulated",
        "pulses": "the table does not tell how many a write takes",
        "pulse_s": "not in the table, so writing takes no time",
        "pulse_J": "not in the table, so writing takes no energy",
    }
    part = Part(
        "write", block, {"noise": {"polynomial": found.errors.tolist()}}, assumed,
        len(table["target"]), curves, "target (S)", "write error (S)",
        ("pulses", "pulse_s", "pulse_J"),
    )  # fmt: skip
    x = np.linspace(0, 1, 101)
    least = float(np.polynomial.polynomial.polyval(x, found.coefficients).min())
    if least < 0:
        part.warnings.append(
            "write.noise is below 0 at some conductance beside the targets, where it was not "
            "measured; add targets there"
        )
    part.notes.append("the noise of reading is part of write.noise")
    return part


def _polynomial(x: Array, s: Array, nu: NDArray[Any]) -> _Spread:
    """The polynomial of least degree that is plausible, or the last one."""
    for degree in range(min(_MOST_DEGREE, len(x) - 1) + 1):
        powers = np.vander(x, degree + 1, increasing=True)
        c, information = _most_likely(powers, s, nu)
        ratio = (s / (powers @ c)) ** 2
        terms = nu * (ratio - 1 - np.log(ratio)) / (nu * (np.log(nu / 2) - psi(nu / 2)))
        freedom = len(x) - degree - 1
        variances = np.diag(np.linalg.inv(information))
        # Where its condition takes all digits of a double, what the inverse holds is chance.
        known = np.linalg.cond(information) * np.finfo(float).eps < 1
        if not (known and (variances > 0).all()):
            raise np.linalg.LinAlgError
        found = _Spread(c, np.sqrt(variances), float(terms.sum()), freedom)
        if freedom == 0 or chdtrc(freedom, found.chi_squared) > _PLAUSIBLE:
            break
    return found


def _most_likely(powers: Array, s: Array, nu: NDArray[Any]) -> tuple[Array, Array]:
    """Coefficients by Fisher's scoring, with the information there."""

    def minus_log(c: Array) -> float:
        sigma = powers @ c
        return (
            float(np.sum(nu * (np.log(sigma) + s**2 / (2 * sigma**2))))
            if (sigma > 0).all()
            else np.inf
        )

    c = np.zeros(powers.shape[1])
    c[0] = np.sqrt(np.sum(nu * s**2) / np.sum(nu))
    for _ in range(100):
        sigma = powers @ c
        information = powers.T @ (powers * (2 * nu / sigma**2)[:, None])
        step = np.linalg.solve(information, powers.T @ (nu * (s**2 / sigma**2 - 1) / sigma))
        while minus_log(c + step) > minus_log(c) and np.abs(step).max() > 1e-12 * abs(c).max():
            step = step / 2
        c = c + step
        if np.abs(powers @ step).max() < 1e-10 * (powers @ c).max():
            break
    return c, information


def _report_misfit(
    part: Part, found: _Spread, targets: Array, ratio: Array, counts: NDArray[Any]
) -> None:
    worst = int(np.argmax(np.abs(np.log(ratio)) * np.sqrt(2 * (counts - 1))))
    chance = float(chdtrc(found.freedom, found.chi_squared)) if found.freedom else None
    part.facts.update(
        chi_squared=found.chi_squared, freedom=found.freedom, chance=chance,
        worst_misfit={
            "target_S": float(targets[worst]), "measured_over_fitted": float(ratio[worst])
        },
    )  # fmt: skip
    degree = len(found.coefficients) - 1
    if chance is None:
        part.notes.append(
            f"a polynomial of degree {degree} goes through all "
            f"{counted(len(targets), 'target')}: nothing is "
            "left to test it by"
        )
        return
    part.notes.append(
        f"chi squared of the spread {found.chi_squared:.1f} on {found.freedom} degrees of freedom; "
        f"worst at {targets[worst]:.3g} S, where the measured is {ratio[worst]:.2f} of the fitted"
    )
    if chance < _PLAUSIBLE:
        part.warnings.append(
            f"no polynomial up to degree {degree} is plausible for write.noise (chi squared "
            f"{found.chi_squared:.0f} on {found.freedom} degrees of freedom, chance {chance:.1g}); "
            "write the measured spread as points, see the picture"
        )


def _report_wild(part: Part, table: dict[str, Any]) -> None:
    """Readings that miss their target by very much more than most do."""
    missed_S = np.abs(table["conductance"] - table["target"])
    usual_S = float(np.median(missed_S))
    wild = np.flatnonzero(missed_S > _WILD * usual_S)
    if usual_S and wild.size:
        worst = wild[np.argmax(missed_S[wild])]
        part.warnings.append(
            f"{_missing(wild.size)} target by more than {_WILD:g} times what half of all readings "
            f"do, worst in line {table['line'][worst]}, {table['conductance'][worst]:.3g} S for "
            f"{table['target'][worst]:.3g} S: write.noise is made of that; leave out what is no "
            "device's"
        )


def _missing(n: int) -> str:
    return "1 reading misses its" if n == 1 else f"{counted(n, 'reading')} miss their"


def _report_means(
    part: Part, targets: Array, mean_S: Array, error_S: Array, counts: NDArray[Any]
) -> None:
    part.facts["mean_errors"] = [
        {"target_S": float(t), "mean_error_S": float(m), "error_S": float(e), "writes": int(n)}
        for t, m, e, n in zip(targets, mean_S, error_S, counts, strict=True)
    ]
    shown = "; ".join(
        f"{t:.3g} S: {m:+.2g} +- {e:.1g}" for t, m, e in zip(targets, mean_S, error_S, strict=True)
    )
    part.notes.append(f"mean error of each target (S): {shown}")
    # Of few writes Student's tails are wide.
    limit = -stdtrit(counts - 1, ndtr(-_BEYOND))
    missed = np.flatnonzero(np.abs(mean_S) > limit * error_S)
    if missed.size:
        worst = missed[np.argmax(np.abs(mean_S[missed] / targets[missed]))]
        part.warnings.append(
            f"writes miss {len(missed)} of {counted(len(targets), 'target')} on average, "
            f"{targets[worst]:.3g} S by {mean_S[worst]:+.2g} S, "
            f"{100 * mean_S[worst] / targets[worst]:+.0f} %; the model of a write has no mean "
            "error: correct the targets, and measure again"
        )
