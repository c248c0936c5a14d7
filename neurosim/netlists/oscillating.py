"""SPICE text of coupled oscillators: the voltage of a node is its phase.

A phase model and no schematic of a ring or a tank: what ngspice solves is the equation of the law,
with its own method. For each wave that a node puts out, ``a`` of the first pair, ``b`` of the
second:

.. code-block:: text

    C<i>        u 0           capacitor C_i: K = g / C is the rate of a coupling of weight 1
    BCA<i>      ca<i> 0  V=   first wave that node i puts out, of its phase v(u) / radian
    BSA<i>      sa<i> 0  V=   second wave, in quadrature
    GCA<i>_<j>  0 xa<i>  ca<j> 0    coupling dG_ij into the sum of first waves; GSA into ya<i>
    IRCA<i>     0 xa<i>       what the reference injects: bias and field
    ISCA<i>     0 xa<i>       what the source of a soft spring injects
    RXA<i>      xa<i> 0       makes a voltage of the sum, RYA of the other
    BI<i>       0 u  I=       the sums, each multiplied by what the node feels at its phase
    BL<i>       u 0  I=       sub-harmonic locking
    ID<i>       0 u           natural frequency against the reference
    VS<i>       u 0           a source that holds the phase
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Circuit, Springs
from neurosim.circuit.graded import Degrees
from neurosim.circuit.interaction import Harmonics
from neurosim.circuit.locking import STEPS, Locking
from neurosim.errors import DataError

__all__ = ["WAVES", "WaveText", "oscillating_lines"]

Array = NDArray[np.float64]
# From waves and the text of a phase in radians: what a node sends, over the voltage of a radian,
# and what it feels, an expression for each wave.
WaveText = Callable[[Any, str], tuple[Sequence[str], Sequence[str]]]


def _harmonics(waves: Harmonics, phase: str) -> tuple[list[str], list[str]]:
    sent, felt = list[str](), list[str]()
    for wave in waves.waves:
        cosine, sine = (f"{name}({wave.number:d}*({phase}))" for name in ("cos", "sin"))
        odd, even = f"({wave.odd:.17g})", f"({wave.even:.17g})"
        sent += [f"{wave.out:.17g}*{cosine}", f"{wave.out:.17g}*{sine}"]
        felt += [f"({even}*{cosine}-{odd}*{sine})", f"({even}*{sine}+{odd}*{cosine})"]
    return sent, felt


def _degrees(waves: Degrees, phase: str) -> tuple[list[str], list[str]]:
    turned = f"{phase}+({waves.angle_rad:.17g})" if waves.angle_rad else phase
    return [f"sin({phase})", f"(1-cos({phase}))"], [f"cos({turned})", f"sin({turned})"]


WAVES: Mapping[type, WaveText] = MappingProxyType({Harmonics: _harmonics, Degrees: _degrees})


def _pair(k: int) -> tuple[str, str, str]:
    """Letters of output number k: of its wave, of its sum, and both as an element has them."""
    letter = chr(ord("a") + k // 2)
    wave, total = f"{'cs'[k % 2]}{letter}", f"{'xy'[k % 2]}{letter}"
    return wave, total, wave.upper()


def _given(names: str, sums_A: Array) -> list[str]:
    """Currents into the sums of every output, (n_outputs, n_nodes)."""
    return [
        f"{names}{_pair(k)[2]}{i} 0 {_pair(k)[1]}{i} {sums_A[k, i]:.17g}"
        for k, i in np.argwhere(sums_A).tolist()
    ]


def _locking(locking: Locking, transient: bool) -> list[str]:
    """What each node loses to the second harmonic, which may rise in steps, and its frequency."""
    rise, lines = "", list[str]()
    if locking.ramp_s and transient:
        rise = f"*min(1,(floor(time*{STEPS / locking.ramp_s:.17g})+0.5)/{STEPS})"
    radian_V = np.broadcast_to(locking.radian_V, len(locking.sync_S))
    for i in np.flatnonzero(locking.sync_S).tolist():
        size_A, turn = radian_V[i] * locking.sync_S[i], 2 / radian_V[i]
        lines.append(f"BL{i} u{i} 0 I={size_A:.17g}*sin({turn:.17g}*v(u{i})){rise}")
    for i in np.flatnonzero(locking.detuning_A).tolist():
        lines.append(f"ID{i} 0 u{i} {locking.detuning_A[i]:.17g}")
    return lines


def oscillating_lines(
    circuit: Circuit, springs: Springs, row: int, also: Mapping[type, Any], *, transient: bool
) -> list[str]:
    """Waves, couplings, what is injected, and locking of a circuit of oscillators.

    Parameters
    ----------
    circuit : Circuit
    springs : Springs
    row : int
        Row of `springs`.
    also : mapping from type to WaveText
        Texts of further classes of waves.
    transient : bool
        Whether a locking rises in time; at an operating point it is all there.

    Raises
    ------
    DataError
        No text is known of the waves.
    """
    waves = getattr(circuit.law, "waves", circuit.law)
    write = also.get(type(waves)) or WAVES.get(type(waves))
    if write is None:
        name = type(waves).__name__
        raise DataError(
            "A SPICE netlist of oscillators needs waves that it has a text for, "
            f"{', '.join(cls.__name__ for cls in WAVES)}, but got {name}; give one as "
            f"netlist(..., also={{{name}: function}})."
        )
    n, scale_S = circuit.n_nodes, float(circuit.leak_S.mean())
    radian_V, lines = np.broadcast_to(circuit.radian_V, n), list[str]()
    for i in range(n):
        sent, felt = write(waves, f"{1 / radian_V[i]:.17g}*v(u{i})")
        turns = []
        for k, (output, weight) in enumerate(zip(sent, felt, strict=True)):
            wave, total, name = _pair(k)
            lines.append(f"B{name}{i} {wave}{i} 0 V={radian_V[i]:.17g}*{output}")
            lines.append(f"R{total.upper()}{i} {total}{i} 0 {1 / scale_S:.17g}")
            turns.append(f"v({total}{i})*{weight}")
        lines.append(f"BI{i} 0 u{i} I={scale_S:.17g}*({'+'.join(turns)})")
    ways = ((circuit.couplings.delta_S, False), (circuit.back.delta_S, True))
    for k in range(len(circuit.fixed_A)):
        wave, total, name = _pair(k)
        for conductance_S, goes_back in ways:
            for place, even in np.argwhere(conductance_S).tolist():
                odd = place + circuit.layers.n_even
                i, j = (even, odd) if goes_back else (odd, even)
                value = conductance_S[place, even]
                lines.append(f"G{name}{i}_{j} 0 {total}{i} {wave}{j} 0 {value:.17g}")
    lines += _given("IR", circuit.fixed_A)
    sources_A = circuit.source_sums_A(springs)
    if sources_A is not None:
        lines += _given("IS", sources_A[:, row])
    if circuit.locking is not None:
        lines += _locking(circuit.locking, transient)
    held = springs.held_nodes.tolist()
    targets_V = springs.target_V[row, springs.held]
    return lines + [f"VS{i} u{i} 0 {v:.17g}" for i, v in zip(held, targets_V, strict=True)]
