"""What a netlist may have besides its plain list of elements: blocks, and sources of noise."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann

from neurosim.circuit import DrivenCircuit
from neurosim.circuit.gain import fastest_turn
from neurosim.errors import DataError
from neurosim.netlists.passive import ends_of
from neurosim.network import Layers

__all__ = ["hierarchical", "noise_step_s", "with_noise"]

_NODE = re.compile(r"\b([a-z]{1,2}\d+)\b")
_ELEMENT = re.compile(r"[A-Z]+(\d+)(?:_(\d+))?\Z")
_PINS_A_LINE = 16
# The noise is sampled so many times in the shortest time constant of a node.
_SAMPLES = 10


def _broken(head: str, pins: list[str], tail: str = "") -> list[str]:
    """One statement over as many lines as its pins need."""
    parts = [pins[k : k + _PINS_A_LINE] for k in range(0, len(pins), _PINS_A_LINE)]
    lines = [head, *(f"+ {' '.join(part)}" for part in parts)]
    return [*lines, f"+ {tail}"] if tail else lines


def hierarchical(text: str, layers: Layers) -> str:
    """The netlist with a subcircuit for each layer and for each crossbar between two layers.

    ``layer_h1`` holds what belongs to single nodes (capacitors, leaks, amplifiers, biases, springs)
    and ``crossbar_w0`` the couplings between layers 0 and 1, so that a block can be replaced by
    another circuit with the same pins. Outside, nodes keep their names.

    Parameters
    ----------
    text : str
        Of `neurosim.tables.netlist`.
    layers : Layers
    """
    names, layer_of = layers.names(), layers.layer_of
    title, *rest = text.splitlines()
    blocks: dict[str, list[str]] = {f"layer_{name}": [] for name in names}
    blocks |= {f"crossbar_w{k}": [] for k in range(len(names) - 1)}
    commands = []
    for line in rest:
        match = _ELEMENT.match(line.split(maxsplit=1)[0])
        if match is None:
            commands.append(line)
        elif match[2] is None:
            blocks[f"layer_{names[layer_of[int(match[1])]]}"].append(line)
        else:
            ends = layer_of[int(match[1])], layer_of[int(match[2])]
            blocks[f"crossbar_w{min(ends)}"].append(line)
    used = {name: set(_NODE.findall("\n".join(lines))) for name, lines in blocks.items()}
    shared = Counter(node for nodes in used.values() for node in nodes)
    out, calls = [title], []
    for name, lines in blocks.items():
        if not lines:
            continue
        seen = [node for node in used[name] if node[0] in "uv" or shared[node] > 1]
        pins = sorted(seen, key=_letters_and_number)
        out += [*_broken(f".subckt {name}", pins), *lines, f".ends {name}"]
        calls += _broken(f"X{name}", pins, name)
    return "\n".join([*out, *calls, *commands, ""])


def _letters_and_number(node: str) -> tuple[str, int]:
    letters = node.rstrip("0123456789")
    return letters, int(node[len(letters) :])


def noise_step_s(system: DrivenCircuit) -> float:
    """Time between two samples of the noise: a tenth of the shortest time constant C / (D + K).

    Of oscillators it is a tenth of the time in which the fastest phase may turn by a radian towards
    where it rests, and of ones that nothing pulls a tenth of tau.
    """
    if system.circuit.oscillating:
        spring_S = np.zeros(system.circuit.n_nodes)
        spring_S[system.springs.at] = system.springs.soft_S
        turn = fastest_turn(system.circuit, spring_S, system.tau_s)
        return system.tau_s / max(turn, 1.0) / _SAMPLES
    decay_S = system.circuit.decay_S.copy()
    decay_S[system.springs.at] += system.springs.soft_S
    return float(np.min(system.circuit.capacitance_F / decay_S)) / _SAMPLES


def with_noise(text: str, system: DrivenCircuit, step_s: float | None = None) -> str:
    r"""The netlist of a transient with the noise of every node as a TRNOISE current source.

    ngspice joins independent Gaussian samples, a time h apart, by straight lines. Their one-sided
    density below 1 / h is :math:`S = 2 \sigma^2 h`, so that a white density S needs

    .. math:: \sigma = \sqrt{S / (2 h)}

    and its 1/f samples (Kasdin, Proc. IEEE 83, 802 (1995)) of amplitude A have
    :math:`A^2 / (\pi f)`, from 1 / t_end on. The variance at a node of time constant T falls short
    of that of white noise by 7/15 h / T to first order: 5 % at the fastest node with the default
    step. Each run of ngspice draws anew.

    Parameters
    ----------
    text : str
        Of `neurosim.tables.netlist`.
    system : DrivenCircuit
        With a temperature; what it says of noise is what a transient integrates.
    step_s : float, optional
        Time h between samples.

    Raises
    ------
    DataError
        The profile has no temperature, or the netlist is of an operating point.
    """
    if system.temperature_K is None:
        raise DataError(
            "A netlist with noise needs a temperature, but thermal.temperature_K of this profile "
            "is ideal; leave --noise out, or state one."
        )
    if "\n.tran" not in text:
        raise DataError(
            "A netlist with noise needs a transient, but is of an operating point; leave --noise "
            "out, or ask for a transient."
        )
    h = noise_step_s(system) if step_s is None else step_s
    # du = b dW in time units of tau is a current of density 2 (b C)^2 / tau.
    white_A = system.noise_V * system.circuit.capacitance_F / np.sqrt(system.tau_s * h)
    between: list[str] = []
    if system.circuit.passive:
        white_A, between = _of_resistors(system, white_A, h)
    flicker_A = system.flicker_V * system.circuit.capacitance_F / system.tau_s
    lines = []
    for i, (white, flicker) in enumerate(zip(white_A, flicker_A, strict=True)):
        if white or flicker:
            kind = f"1 {np.sqrt(np.pi) * flicker:.9g}" if flicker else "0 0"
            lines.append(f"IN{i} 0 u{i} DC 0 TRNOISE({white:.9g} {h:.9g} {kind})")
    lines += between
    head, mark, tail = text.partition("\n.options")
    return "\n".join([head, *lines]) + mark + tail


def _of_resistors(
    system: DrivenCircuit, white_A: NDArray[np.float64], h: float
) -> tuple[NDArray[np.float64], list[str]]:
    """What is left to each node, and the noise that each coupling brings from one to another."""
    circuit = system.circuit
    n_even, coupling_S = circuit.layers.n_even, circuit.couplings.plus_S
    per_S = 2 * Boltzmann * (system.temperature_K or 0.0) / h
    lines = []
    for row, j in np.argwhere(coupling_S).tolist():
        sigma_A, (above, below) = np.sqrt(per_S * coupling_S[row, j]), ends_of(circuit, row, j)
        lines.append(
            f"IN{row + n_even}_{j} {below} {above} DC 0 TRNOISE({sigma_A:.9g} {h:.9g} 0 0)"
        )
    shared = circuit.noisy_S - circuit.biases.sum_S
    own = np.sqrt(np.maximum(white_A**2 - per_S * shared, 0.0))
    return own, lines
