"""The network as SPICE text, and what ngspice makes of it: an independent solver of one circuit.

Node i of `Layers` has three SPICE nodes: ``u<i>`` its capacitor, ``v<i>`` its amplifier's output
and, under the `gradient` law, ``w<i>`` the sum of the currents that its couplings and bias deliver.

.. code-block:: text

    C<i>      u 0           capacitor C_i, IC = start
    RL<i>     u 0           leak and loading, 1 / D_i
    BV<i>     v 0  V=       amplifier, phi(gain (v(u) + offset))
    G<i>_<j>  0 u  v<j> 0   coupling dG_ij from node j into node i
    I<i>      0 u           bias current
    IJ<i>     0 u           injected current
    VS<i>, RK<i>            spring: a source behind 1 / K_i, or the source alone for a clamp
    RW<i>     w 0           `gradient` only: couplings and bias end in w, where this resistor makes
    BI<i>     0 u  I=       a voltage of their sum, which enters u multiplied by phi'(u)

Under a passive law nodes have no ``v``, and couplings are resistors: see `netlists.passive`; of
oscillators ``u<i>`` is the phase: see `netlists.oscillating`.

Sign convention: a SPICE current source drives its current from the first node *through the source*
to the second. ``0 u`` therefore charges node u, and a coupling ``0 u v 0 dG`` with dG > 0 charges u
when v(v) > 0.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Circuit, Springs
from neurosim.errors import ConvergenceError, DataError, NeurosimError
from neurosim.netlists.oscillating import oscillating_lines
from neurosim.netlists.passive import POLE_OHM, passive_lines
from neurosim.netlists.texts import LawText, amplifier_text, law_text

__all__ = ["has_ngspice", "netlist", "run_ngspice"]

Array = NDArray[np.float64]

# Absolute tolerances of voltages, currents and charges, as a share of their units.
_ATOL = 1e-9
_LOG_LINES, _NAMES_A_LINE = 12, 16


def _scale_S(circuit: Circuit) -> float:
    """Typical conductance."""
    return float(circuit.decay_S.max()) or float(circuit.leak_S.max()) or 1.0


def _amplifiers(circuit: Circuit, law: LawText, u_V: Array, also: Mapping[type, Any]) -> list[str]:
    """Amplifier of every node, and what its law adds."""
    start_V, scale_S, lines = circuit.output_V(u_V), _scale_S(circuit), []
    for i in range(circuit.n_nodes):
        hidden = i >= circuit.layers.n_visible
        amplifier = circuit.hidden if hidden else circuit.visible
        text = amplifier_text(amplifier, i - hidden * circuit.layers.n_visible, i, also)
        if circuit.amplifier_tau_s:
            farad = circuit.amplifier_tau_s / POLE_OHM
            lines.append(f"BV{i} x{i} 0 V={text.output}")
            lines.append(f"RA{i} x{i} v{i} {POLE_OHM:g}")
            lines.append(f"CA{i} v{i} 0 {farad:.17g} IC={start_V[i]:.17g}")
        else:
            lines.append(f"BV{i} v{i} 0 V={text.output}")
        lines += law.lines(i, text, scale_S)
    return lines


def _couplings(circuit: Circuit, into: str) -> list[str]:
    """One linear voltage-controlled current source for each direction of each coupling."""
    n_even, lines = circuit.layers.n_even, []
    forward, back = circuit.couplings.delta_S, circuit.back.delta_S
    for row, j in np.argwhere(forward).tolist():
        i = row + n_even
        lines.append(f"G{i}_{j} 0 {into}{i} v{j} 0 {forward[row, j]:.17g}")
    for row, j in np.argwhere(back).tolist():
        i = row + n_even
        lines.append(f"G{j}_{i} 0 {into}{j} v{i} 0 {back[row, j]:.17g}")
    for i in np.flatnonzero(circuit.bias_A).tolist():
        lines.append(f"I{i} 0 {into}{i} {circuit.bias_A[i]:.17g}")
    return lines


def _springs(springs: Springs, row: int) -> list[str]:
    """Sources and resistors of the nodes that have them; none where K = 0."""
    lines, parts = [], (springs.numbers, springs.conductance_S, springs.target_V[row])
    for i, k, v in zip(*parts, strict=True):
        if np.isinf(k):
            lines.append(f"VS{i} u{i} 0 {v:.17g}")
        elif k > 0:
            lines += [f"VS{i} t{i} 0 {v:.17g}", f"RK{i} u{i} t{i} {1 / k:.17g}"]
    return lines


def _analysis(
    circuit: Circuit, u_V: Array, t_end_s: float | None, step_s: float | None, reltol: float
) -> list[str]:
    """Options, what to save and what to compute."""
    volt = _ATOL * circuit.amplifiers.unit_V
    lines = [
        f".options reltol={reltol:g} vntol={volt:.6g} abstol={volt * _scale_S(circuit):.6g} "
        f"chgtol={volt * circuit.capacitance_F.max():.6g}",
        ".options method=trap trtol=1 itl1=500 itl4=50",
    ]
    names = [f"v(u{i})" for i in range(circuit.n_nodes)]
    for k in range(0, len(names), _NAMES_A_LINE):
        lines.append(f".save {' '.join(names[k : k + _NAMES_A_LINE])}")
    preset = ".nodeset" if t_end_s is None else ".ic"
    lines += [f"{preset} {name}={v:.17g}" for name, v in zip(names, u_V, strict=True)]
    if t_end_s is None:
        return [*lines, ".op"]
    if step_s is None or not 0 < step_s <= t_end_s:
        raise DataError(
            f"netlist needs step_s above 0 s and at most t_end_s, {t_end_s:g} s, but it is "
            f"{step_s}; a hundredth of a time constant is fine."
        )
    return [*lines, f".tran {step_s:.17g} {t_end_s:.17g} 0 {step_s:.17g} uic"]


def netlist(
    circuit: Circuit,
    springs: Springs,
    row: int,
    start_V: Array,
    t_end_s: float | None = None,
    step_s: float | None = None,
    reltol: float = 1e-6,
    injected_A: Array | None = None,
    also: Mapping[type, Any] = MappingProxyType({}),
) -> str:
    """The network of one row as flat SPICE text.

    Parameters
    ----------
    circuit : Circuit
    springs : Springs
    row : int
        Row of `springs`.
    start_V : ndarray, shape (n_nodes,)
        Node voltages at the start; a clamped node starts at its source.
    t_end_s : float, optional
        Length of the transient; None asks for the operating point that Newton finds from the
        start, which need not be the one that the circuit would settle to.
    step_s : float, optional
        Longest step of the transient; ngspice shortens it where its tolerance asks for that.
    reltol : float
        ngspice's relative tolerance. A transient of 64-128-128 takes five times as long with 1e-6,
        and errs by a few uV, as with 1e-4, where it errs by less than 0.1 mV.
    injected_A : ndarray, shape (n_nodes,), optional
        Constant current into each node, beside those of its couplings.
    also : mapping from type to LawText or AmplifierText
        Texts of laws and amplifiers of your own, by their class: see `neurosim.netlists.texts`.
    """
    if start_V.shape != (circuit.n_nodes,):
        raise DataError(
            f"netlist needs start_V of shape ({circuit.n_nodes},), but got {start_V.shape}."
        )
    if circuit.cubic_per_V2:
        raise DataError(
            "A SPICE netlist needs devices with a linear characteristic, but cubic_per_V2 is "
            f"{circuit.cubic_per_V2:g}; state coupling.cubic_per_V2 as ideal."
        )
    u_V = start_V.copy()
    u_V[springs.held_nodes] = springs.target_V[row, springs.held]
    law, sizes = law_text(circuit.law, also), "-".join(map(str, circuit.layers.sizes))
    transient = t_end_s is not None
    lines = [f"* neurosim: {law.name} network {sizes}, row {row}; SI units"]
    loads_S = circuit.leak_S if circuit.passive else circuit.decay_S
    for i, (c, d) in enumerate(zip(circuit.capacitance_F, loads_S, strict=True)):
        lines.append(f"C{i} u{i} 0 {c:.17g} IC={u_V[i]:.17g}")
        if d > 0:
            lines.append(f"RL{i} u{i} 0 {1 / d:.17g}")
    if circuit.oscillating:
        lines += oscillating_lines(circuit, springs, row, also, transient=transient)
    elif circuit.passive:
        lines += passive_lines(circuit, u_V, also)
    else:
        lines += [*_amplifiers(circuit, law, u_V, also), *_couplings(circuit, law.into)]
    if not circuit.oscillating:
        lines += _springs(springs, row)
    if injected_A is not None:
        numbers = np.flatnonzero(injected_A).tolist()
        lines += [f"IJ{i} 0 {law.into}{i} {injected_A[i]:.17g}" for i in numbers]
    lines += _analysis(circuit, u_V, t_end_s, step_s, reltol)
    return "\n".join([*lines, ".end", ""])


def has_ngspice() -> bool:
    """Whether the program ngspice is on the path."""
    return shutil.which("ngspice") is not None


def _read_raw(raw: bytes) -> tuple[list[str], Array]:
    """Names of the variables and their values (points, variables) of ngspice's binary file."""
    head, _, body = raw.partition(b"Binary:\n")
    lines = head.decode().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    n, points = int(fields["No. Variables"]), int(fields["No. Points"])
    first = lines.index("Variables:") + 1
    names = [line.split()[1].lower() for line in lines[first : first + n]]
    return names, np.frombuffer(body, np.float64, n * points).reshape(points, n)


def run_ngspice(text: str, timeout_s: float = 600.0) -> tuple[Array | None, Array]:
    """What ngspice computes from a text of `netlist`.

    Returns
    -------
    time_s : ndarray, shape (points,), or None
        Times of ngspice's own steps; None for an operating point.
    u_V : ndarray, shape (points, n_nodes)
        Node voltages in the order of `Layers`; one point for an operating point.

    Raises
    ------
    NeurosimError
        ngspice is not installed, fails, or takes longer than `timeout_s`.
    """
    program = shutil.which("ngspice")
    if program is None:
        raise NeurosimError(
            "A netlist is run by the program ngspice, but it is not on the path; install it, for "
            "example with `apt-get install ngspice`."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "net.cir"), Path(folder, "out.raw")
        source.write_text(text, "ascii")
        command = [program, "-n", "-b", "-r", str(out), str(source)]
        try:
            done = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ConvergenceError(
                f"ngspice must finish within {timeout_s:g} s, but did not; allow a longer time "
                "or a larger step."
            ) from error
        log = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode or "aborted" in log or not out.exists():
            last = "\n".join(log.strip().splitlines()[-_LOG_LINES:])
            raise ConvergenceError(f"ngspice must finish, but failed; its last lines:\n{last}")
        names, values = _read_raw(out.read_bytes())
    columns = {name: k for k, name in enumerate(names)}
    n_nodes = sum(name.startswith("v(u") for name in names)
    u_V = values[:, [columns[f"v(u{i})"] for i in range(n_nodes)]]
    return (values[:, columns["time"]] if "time" in columns else None), u_V
