"""What the numbers of a table make of a network: the equation of each element, as text.

With these, the columns and the data sheet somebody who has never seen this program can write the
circuit down and solve it: `tests/tables/test_deck.py` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from neurosim.blocks.block import Block
from neurosim.blocks.trees import plain
from neurosim.circuit import (
    Gradient,
    Hopfield,
    IdealDiode,
    Linear,
    Measured,
    PointsDiode,
    Resistive,
    ShockleyDiode,
    Silu,
    Tanh,
)
from neurosim.profile import Profile

__all__ = ["circuit_of"]

_LAWS: Mapping[type, str] = MappingProxyType({Hopfield: "1", Gradient: "dv/du", Resistive: "1"})
# Current I through a diode at the voltage v across it.
_DIODES: Mapping[type, str] = MappingProxyType(
    {
        IdealDiode: "any that holds v at 0 V; none below",
        ShockleyDiode: "v = slope_V ln(1 + I / saturation_A) + series_Ohm I",
        PointsDiode: "straight lines between points, and on beyond the first and the last",
    }
)
_WIRES = (
    "G+ and G- of couplings reach a node through wires of segment_Ohm from cell to cell, from a"
    " row's driver to its first cell and from a column's last cell to the node: two rows a driving"
    " node, its rails +v and -v, a column a driven one; arrays of at most so many rows and columns"
    " as the profile's coupling.wires has; what reaches is that of the driver's voltage at 1 V and"
    " all columns at 0 V"
)
_SIDES = (
    "nodes of layers without sources: of each the first half, rounded up, gains I(-u), the others"
    " lose I(u)"
)
# Of z = gain (u + offset_V) / unit_V.
_AMPLIFIERS: Mapping[type, str] = MappingProxyType(
    {
        Linear: "f unit_V z, with z between -+visible_rail_V / unit_V where that is no null",
        Tanh: "f unit_V tanh(z)",
        Silu: "10 f unit_V tanh(z / (1 + exp(-z)) / 10)",
        Measured: "f s(unit_V z), s the monotone cubic spline through points_V of the profile's"
        " amplifier (node.buffer of visible nodes, node.amplifier of hidden ones), with slope 0 at"
        " both ends and constant beyond them; where outputs fall, each run of points that isotonic"
        " regression pools is one at their mean (the first and last go on level to their ends), or"
        " level where straight lines through those means move it more than three times as far as it"
        " strays",
    }
)
_EQUATIONS: Mapping[str, str] = MappingProxyType(
    {
        "node": "capacitance_F du/dt = w (sum of dG_ij d(v_j) over its neighbours j"
        " + dG_b d(reference_V)) - (leak_S + loading L) u + K (V - u)",
        "conductance": "G+ = factor_plus present_plus_S, or factor_plus achieved_plus_S where no"
        " column says what it is at present; factor_plus is 1 where there is no such column;"
        " G- likewise; dG = G+ - G-; dG_b that of the bias",
        "direction": "separate directions: these columns are of the device that drives the node in"
        " the layer of odd number; that of even number is driven by a device of the columns with"
        " `back`. Shared: one device drives both. In a CSV table from_node is the node in the lower"
        " layer, whichever way devices drive",
        "device": "d(v) = v (1 + cubic_per_V2 v^2)",
        "load": "L = sum of G+ + G- of all devices that drive the node, its bias among them",
        "input": "z = gain (u + offset_V) / unit_V",
        "attenuation": "f = 1 / (1 + output_Ohm M / 2), M the sum of G+ + G- of all couplings that"
        " the node drives",
        "spring": "K = spring stiffness unit_S of a free phase,"
        " spring (stiffness +- k) unit_S of a nudged one, k = beta (alpha stiffness)^2",
        "source": "V = unit_V x of a free phase,"
        " unit_V (x +- k / (stiffness +- k) y / (alpha stiffness)) of a nudged one, for an image x"
        " on its way with the velocity y; a DAC rounds both",
        "velocity": "alpha stiffness (v / unit_V - x), of the visible nodes of a free phase",
    }
)
# Of nodes that are phases, in place of those above; radians are volts over unit_V.
_PHASES: Mapping[str, str] = MappingProxyType(
    {
        "node": "capacitance_F du/dt = unit_V (sum of dG_ij sin((u_j - u) / unit_V - angle_rad)"
        " over its neighbours j + dG_b sin(-u / unit_V - angle_rad)"
        " + K sin((V - u) / unit_V - angle_rad) - sync unit_S sin(2 u / unit_V))"
        " + capacitance_F unit_V w; leak_S is the conductance of weight 1 and takes no current",
        "ramp": "sync rises in steps to its value within ramp_s after the nodes were set",
        "frequency": "w, 2 pi times a draw of standard deviation detuning_Hz for each node of a"
        " die: no column has it",
        "velocity": "alpha stiffness sin((u - V) / unit_V + angle_rad), of the visible nodes of a"
        " free phase",
        "output": "the phase u / unit_V, read within half a turn",
    }
)
# The same of graded oscillators; those left out are as above.
_GRADED: Mapping[str, str] = MappingProxyType(
    {
        "radian": "U = unit_V / visible_rad of a node in layer 0, unit_V of others; t = u / U",
        "node": "capacitance_F du/dt = cos(t + angle_rad) (sum of dG_ij U_j sin(t_j) over its"
        " neighbours j + dG_b unit_V) + sin(t + angle_rad) (sum of dG_ij U_j (1 - cos(t_j))"
        " - field unit_S U) + K U sin(V / U - t - angle_rad) - sync unit_S U sin(2 t)"
        " + capacitance_F U w; leak_S is the conductance of weight 1 and takes no current",
        "velocity": "alpha stiffness U sin((u - V) / U + angle_rad) / unit_V, of the visible nodes"
        " of a free phase",
        "output": "u / unit_V, read within half a turn, pi U / unit_V either way",
    }
)
# Of resistors with amplifiers between their layers; those left out are as above.
_BETWEEN: Mapping[str, str] = MappingProxyType(
    {
        "node": "capacitance_F du/dt = sum of the currents of its couplings"
        " + dG_b (reference_V - u) - leak_S u + K (V - u)",
        "coupling": "of node i and j, one layer above: I = dG_ij (A_i (u_i + o_i) - u_j) into j,"
        " -I / A_i into i",
        "amplifier": "A_i = between.gain gain and o_i = offset_V of a node that has a layer on"
        " either side, 1 and 0 of others; where amplifier_tau_s is no 0, it sees q_i for u_i,"
        " amplifier_tau_s dq/dt = u - q",
        "weight": "w = 1, see coupling",
    }
)


def circuit_of(profile: Profile) -> dict[str, Any]:
    """Design values of the elements and their equations, as plain JSON values."""
    node = profile.node
    law, below, above = node.law, node.visible_amplifier, node.hidden_amplifier
    bare, between = node.passive or node.oscillating, node.lifting(profile.network)
    return {
        "loading": node.load_share,
        "output_Ohm": node.output_Ohm,
        "cubic_per_V2": profile.coupling.cubic_per_V2,
        "visible_rail_V": getattr(node.buffer, "rail_V", node.visible_rail_V),
        "amplifier_tau_s": node.amplifier_tau_s,
        "equations": {
            **_EQUATIONS,
            **({} if profile.coupling.wires is None else {"wires": _WIRES}),
            **({} if node.oscillating else {"weight": f"w = {_said(_LAWS, law)}"}),
            "visible output": "v = u" if bare else f"v = {_said(_AMPLIFIERS, below)}",
            "hidden output": "v = u" if bare else f"v = {_said(_AMPLIFIERS, above)}",
            **(_PHASES if node.oscillating else {}),
            **(_GRADED if getattr(law, "graded", None) is not None else {}),
            **({} if getattr(law, "interaction", None) is None else {"interaction": _HARMONICS}),
            **({} if between is None else _BETWEEN),
        },
        **({} if between is None else {"between": {"gain": between.gain}}),
        **_diode_of(profile),
        **_phases_of(profile),
    }


# Where waveform and phase response are stated: what stands for the three sines of couplings.
_HARMONICS = (
    "of couplings and springs, and with k = 1 alone of the bias, -sin((u - u_j) / unit_V +"
    " angle_rad)"
    " is the sum over k of A_k P_k / (A_1 P_1) cos(k (u - u_j) / unit_V + rho_k - alpha_k), for"
    " pairs (A_k, alpha_k) of oscillator.interaction.waveform and (P_k, rho_k) of response"
)


def _phases_of(profile: Profile) -> dict[str, Any]:
    """Of a chip whose nodes are phases: the numbers of their law."""
    law = profile.node.law
    if not profile.node.oscillating or not isinstance(law, Block):
        return {}
    return {"oscillator": _numbers(plain(law.model_dump()))}


def _numbers(block: Mapping[str, Any]) -> dict[str, Any]:
    """What is no word and no source of a block and of those inside it."""
    words = ("source", "law")
    return {
        key: _numbers(value) if isinstance(value, Mapping) else value
        for key, value in block.items()
        if key not in words
    }


def _diode_of(profile: Profile) -> dict[str, Any]:
    """Of a chip whose nodes have diodes to ground: their current, where they are, their numbers."""
    shunts = profile.node.shunts(profile.network, profile.network.nodes_of(profile.sources))
    if shunts is None:
        return {}
    numbers = plain(shunts.diode.model_dump()) if isinstance(shunts.diode, Block) else {}
    said = {"current": _said(_DIODES, shunts.diode), "where": _SIDES}
    return {"diode": said | {k: v for k, v in numbers.items() if k not in ("source", "diode")}}


def _said(texts: Mapping[type, str], made: object) -> str:
    """Of a class of one's own its name, for nobody else knows its equation."""
    return texts.get(type(made), f"that of the class {type(made).__name__}, which is not shipped")
