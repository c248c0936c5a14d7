r"""A cycle of an oscillator as it was measured or simulated, as Fourier series.

A table has three columns: a phase, the waveform there, and the phase response (PPV) there. The
series of harmonics up to K,

.. math:: f(\theta) \approx f_0 + \sum_{k=1}^{K} A_k \cos(k\theta + \alpha_k),

are those of least squares; f_0 acts on no coupling. K is as large as the widest gap between two
phases allows, :math:`K < \pi / \max \Delta\theta` (Nyquist), at most 16; at its end harmonics are
left out that turn a node by less than a thousandth of what the first does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.lab_table import Column, LabTable, read_table
from neurosim.errors import DataError

__all__ = ["MOST", "Series", "harmonics_of", "read_cycle"]

Array = NDArray[np.float64]
Series = tuple[tuple[float, float], ...]

# Harmonics of a series, and what one that is left out may turn, over what the first does.
MOST, _LEAST = 16, 1e-3
_TURNS = {None: 1.0, "rad": 1.0, "deg": np.pi / 180, "turn": 2 * np.pi}
# By how much of itself a turn may be passed or missed, as by one of four digits.
_ROUND = 1e-4


def read_cycle(path: Path) -> tuple[Series, Series]:
    """Harmonics of the waveform and of the phase response in a table.

    The phase is in radians, or in what its header says: ``phase (deg)``, ``phase (turn)``. The
    other two are in any unit.

    Raises
    ------
    DataError
        The file cannot be read, has other than three columns, phases do not rise or pass a turn,
        or are too few.
    """
    table = read_table(path, headed=False)
    if len(table.headers) != 3:
        raise DataError(
            f"{path} must have three columns, a phase, a waveform and a phase response, but has "
            f"{len(table.headers)}."
        )
    turn = _unit_of_phases(table)
    names = "phase", "waveform", "response"
    rows = [[table.number(row, k, names[k], None, "") for k in range(3)] for row in table.rows]
    theta, waveform, response = np.array(rows).T
    theta = theta * turn
    wrong = np.flatnonzero(np.diff(theta) <= 0)
    if len(wrong):
        raise table.wrong(table.rows[wrong[0] + 1], "phases must rise from row to row; sort them")
    if theta[-1] - theta[0] > 2 * np.pi * (1 + _ROUND):
        raise DataError(
            f"{path} must have phases of one cycle, but they cover "
            f"{(theta[-1] - theta[0]) / (2 * np.pi):.6g}; leave out the others, or say their unit "
            "in the header, as in phase (deg)."
        )
    try:
        return harmonics_of(theta, waveform, response)
    except ValueError as error:
        raise DataError(f"{path}: {error}.") from None


def _unit_of_phases(table: LabTable) -> float:
    unit = Column.of(table.headers[0]).unit
    if unit not in _TURNS:
        raise DataError(
            f"{table.path} must have phases in rad, deg or turn, but its header is "
            f"{table.headers[0]!r}."
        )
    return _TURNS[unit]


def harmonics_of(theta: Array, waveform: Array, response: Array) -> tuple[Series, Series]:
    """Harmonics of both at these phases [rad], which rise over a turn at most.

    Raises
    ------
    ValueError
        Phases are too far apart for one harmonic.

    Examples
    --------
    >>> theta = np.arange(12) * np.pi / 6
    >>> waveform, response = harmonics_of(theta, 2 * np.cos(theta), np.sin(theta))
    >>> [f"{size:.3f} {phase:.3f}" for size, phase in (*waveform, *response)]
    ['2.000 0.000', '1.000 -1.571']
    """
    whole = theta[-1] - theta[0] >= 2 * np.pi * (1 - _ROUND)
    if whole:  # The last is the first.
        theta, waveform, response = theta[:-1], waveform[:-1], response[:-1]
    gaps = np.diff(np.append(theta, theta[0] + 2 * np.pi))
    # Half of the phases are those of the highest harmonic, of which one part cannot be told.
    most = min(MOST, int(np.ceil(np.pi / gaps.max() * (1 - 1e-9))) - 1)
    if most < 1:
        raise ValueError(
            "phases must be less than half a turn apart, also from the last to the first, but "
            f"some are {np.degrees(gaps.max()):.3g} degrees apart"
        )
    angles = np.outer(theta, np.arange(1, most + 1))
    columns = np.hstack([np.ones((len(theta), 1)), np.cos(angles), np.sin(angles)])
    fitted = np.linalg.lstsq(columns, np.stack([waveform, response], axis=1), rcond=None)[0]
    cosine, sine = fitted[1 : most + 1], fitted[most + 1 :]
    size, phase = np.hypot(cosine, sine), np.arctan2(-sine, cosine)
    turned = size[:, 0] * size[:, 1]
    kept = int(np.flatnonzero(turned >= _LEAST * turned[0])[-1]) + 1
    series = [
        tuple(zip(size[:kept, n].tolist(), phase[:kept, n].tolist(), strict=True)) for n in (0, 1)
    ]
    return series[0], series[1]
