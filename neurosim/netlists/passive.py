"""SPICE text of resistors from node to node, and of the diodes of their nodes, class by class.

.. code-block:: text

    R<i>_<j>  u<i> u<j>     coupling between nodes i and j
    VR<i>, RB<i>            bias: the reference behind a resistor
    EA<i>, VA<i>            amplifier between layers: a<i> stands at gain (u<i> + offset)
    FA<i>     u<i> 0        1 / gain of what the resistors above take from it, which hang on a<i>
    EP, RP, CP<i>           its pole, where it lags: l<i> in place of u<i>
    D<i>      0 u or u 0    Shockley diode of side -1 or +1, by ngspice's own model
    BD<i>     u 0  I=       other diodes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann, elementary_charge, zero_Celsius

from neurosim.circuit import Circuit
from neurosim.circuit.diodes import IdealDiode, PointsDiode, ShockleyDiode
from neurosim.errors import DataError

__all__ = ["DIODES", "POLE_OHM", "ends_of", "passive_lines"]

# Of the pole of an amplifier; nothing but controlled sources hangs on it.
POLE_OHM = 1e3

Array = NDArray[np.float64]
# Lines of one diode from its object, its node and side, and the conductance that is on the node.
DiodeText = Callable[[Any, int, float, float], list[str]]

# ngspice takes diodes to be at this temperature unless it is told otherwise.
_NOMINAL_V = Boltzmann * (zero_Celsius + 27) / elementary_charge
# An ideal diode is a conductance, so many times what is on its node.
_CONDUCTS = 1e7


def _shockley(diode: ShockleyDiode, node: int, side: float, on_S: float) -> list[str]:
    del on_S
    ends = f"u{node} 0" if side > 0 else f"0 u{node}"
    return [
        f"D{node} {ends} diode{node}",
        f".model diode{node} D(IS={diode.saturation_A:.17g} N={diode.slope_V / _NOMINAL_V:.17g} "
        f"RS={diode.series_Ohm:.17g})",
    ]


def _ideal(diode: IdealDiode, node: int, side: float, on_S: float) -> list[str]:
    del diode
    across = f"{side:g}*v(u{node})"
    return [f"BD{node} u{node} 0 I={side * _CONDUCTS * on_S:.17g}*max(0,{across})"]


def _points(diode: PointsDiode, node: int, side: float, on_S: float) -> list[str]:
    del on_S
    across, points = f"({side:g}*v(u{node}))", np.array(diode.points)
    lines = []
    for (v, i), (v_next, i_next) in pairwise(points):
        slope = (i_next - i) / (v_next - v)
        lines.append(f"({i:.17g}+{slope:.17g}*({across}-({v:.17g})))")
    text = lines[-1]
    for line, (v, _) in zip(lines[-2::-1], points[-2:0:-1], strict=True):
        text = f"({across}<({v:.17g})?{line}:{text})"
    return [f"BD{node} u{node} 0 I={side:g}*{text}"]


DIODES: Mapping[type, DiodeText] = MappingProxyType(
    {ShockleyDiode: _shockley, IdealDiode: _ideal, PointsDiode: _points}
)


def ends_of(circuit: Circuit, row: int, column: int) -> tuple[str, str]:
    """SPICE nodes on which the resistor of a crosspoint hangs, at its odd and at its even node."""
    odd, even, between = row + circuit.layers.n_even, column, circuit.between
    if between is None:
        return f"u{odd}", f"u{even}"
    shown = ["a" if lifted else "u" for lifted in between.at[[odd, even]]]
    if between.rises[row, column]:
        return f"u{odd}", f"{shown[1]}{even}"
    return f"{shown[0]}{odd}", f"u{even}"


def _between_lines(circuit: Circuit, u_V: Array) -> list[str]:
    """Amplifiers between layers; none where there are none."""
    between, lines, seen = circuit.between, list[str](), "u"
    if between is None:
        return lines
    for i in np.flatnonzero(between.at).tolist():
        gain, offset_V = float(between.forward[i]), float(between.offset_V[i])
        if circuit.amplifier_tau_s:
            farad, seen = circuit.amplifier_tau_s / POLE_OHM, "l"
            lines += [
                f"EP{i} p{i} 0 u{i} 0 1",
                f"RP{i} p{i} l{i} {POLE_OHM:g}",
                f"CP{i} l{i} 0 {farad:.17g} IC={u_V[i]:.17g}",
            ]
        lines += [
            f"EA{i} a{i} q{i} {seen}{i} 0 {gain:.17g}",
            f"VA{i} q{i} 0 {gain * offset_V:.17g}",
            f"FA{i} u{i} 0 VA{i} {-1 / gain:.17g}",
        ]
    return lines


def passive_lines(circuit: Circuit, u_V: Array, also: Mapping[type, Any]) -> list[str]:
    """Couplings, biases and diodes of a circuit of resistors from node to node.

    Amplifiers that lag begin as at the node voltages `u_V`, (n_nodes,).

    `also` has texts of further classes of diodes.

    Raises
    ------
    DataError
        A coupling has a device to the opposite of an output, or no text is known of the diode.
    """
    if circuit.loading != 1 or circuit.couplings.minus_S.any() or circuit.biases.minus_S.any():
        raise DataError(
            "A SPICE netlist of resistors from node to node needs single devices and a loading of "
            f"1, but the circuit has pairs or a loading of {circuit.loading:g}; take the encoding "
            "single."
        )
    n_even, forward, lines = circuit.layers.n_even, circuit.couplings.plus_S, []
    for row, j in np.argwhere(forward).tolist():
        above, below = ends_of(circuit, row, j)
        lines.append(f"R{row + n_even}_{j} {above} {below} {1 / forward[row, j]:.17g}")
    lines += _between_lines(circuit, u_V)
    biases_S = circuit.biases.plus_S
    for i in np.flatnonzero(biases_S).tolist():
        lines.append(f"VR{i} r{i} 0 {circuit.reference_V:.17g}")
        lines.append(f"RB{i} r{i} u{i} {1 / biases_S[i]:.17g}")
    shunts = circuit.shunts
    if shunts is None:
        return lines
    write = also.get(type(shunts.diode)) or DIODES.get(type(shunts.diode))
    if write is None:
        raise DataError(
            "A SPICE netlist needs a diode that it has a text for, "
            f"{', '.join(cls.__name__ for cls in DIODES)}, but got {type(shunts.diode).__name__}; "
            f"give one as netlist(..., also={{{type(shunts.diode).__name__}: function}})."
        )
    for i in np.flatnonzero(shunts.side).tolist():
        lines += write(shunts.diode, i, float(shunts.side[i]), float(circuit.decay_S[i]))
    return lines
