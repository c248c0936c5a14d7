"""Heat in a circuit: closed forms, conservation of energy, and ngspice."""

import re
import subprocess
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, errors_of
from neurosim.circuit import DrivenCircuit, Pairs, Springs
from neurosim.circuit.power import dissipation_W
from neurosim.netlists import has_ngspice
from neurosim.solvers import Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
TIGHT = Transient(rtol=1e-9, atol=1e-12)


def supplied_W(circuit, springs, u):
    """Power that the outputs, the rail and the springs' sources deliver, device by device."""
    v, share, total = circuit.output_V(u), circuit.loading, 0.0
    odd, even = circuit.layers.odd, circuit.layers.even

    def device(conductance_S, source_V, node_V):
        return conductance_S * source_V * (source_V - share * node_V)

    for pairs, into, out in ((circuit.couplings, odd, even), (circuit.back, even, odd)):
        plus, minus = (pairs.plus_S, pairs.minus_S)
        if into is even:
            plus, minus = plus.T, minus.T
        for i, u_i in enumerate(u[into]):
            for j, v_j in enumerate(v[out]):
                total += device(plus[i, j], v_j, u_i) + device(minus[i, j], -v_j, u_i)
    reference = circuit.reference_V
    for plus, minus, u_i in zip(circuit.biases.plus_S, circuit.biases.minus_S, u, strict=True):
        total += device(plus, reference, u_i) + device(minus, -reference, u_i)
    for k, target in zip(springs.conductance_S, springs.target_V[0], strict=True):
        total += k * target * target
    stretched = springs.conductance_S * springs.target_V[0]
    return total - stretched @ u[: len(stretched)]


@pytest.mark.parametrize("separate", [False, True])
def test_what_sources_deliver_is_stored_or_turned_into_heat(make_circuit, make_springs, separate):
    """For resistors to passive nodes: sources = heat + u C du/dt, in any state."""
    circuit = make_circuit(loading=1.0, w=0.2, mismatch=0.05, separate=separate)
    springs = make_springs(circuit, rows=1)
    for seed in range(5):
        u = UNIT_V * np.random.default_rng(seed).standard_normal((1, circuit.n_nodes))
        stored_W = float(np.sum(u * circuit.current_A(u, springs)))
        heat_W = float(dissipation_W(circuit, springs, u).total[0])
        assert supplied_W(circuit, springs, u[0]) == pytest.approx(heat_W + stored_W, rel=1e-12)


def test_virtual_grounds_see_the_full_output_across_every_device(make_circuit):
    circuit = make_circuit(loading=0.0)
    u = UNIT_V * np.random.default_rng(1).standard_normal((3, circuit.n_nodes))
    v, odd, even = circuit.output_V(u), circuit.layers.odd, circuit.layers.even
    expected = np.zeros(3)
    for i, j in np.ndindex(circuit.couplings.plus_S.shape):
        pair = circuit.couplings.plus_S[i, j] + circuit.couplings.minus_S[i, j]
        expected += pair * (v[:, even][:, j] ** 2 + v[:, odd][:, i] ** 2)
    expected += (circuit.biases.plus_S + circuit.biases.minus_S).sum() * circuit.reference_V**2
    np.testing.assert_allclose(dissipation_W(circuit, None, u).couplings, expected, rtol=1e-12)


def heat_J(circuit, springs, u_V, time_s, pieces=400):
    """Integral of the dissipation along a transient, by Simpson's rule on graded pieces."""
    ends = time_s * np.linspace(0, 1, pieces + 1) ** 3
    states = [u_V]
    for before, after in pairwise(ends):
        system = DrivenCircuit(circuit, springs, TAU_S)
        states.append(settle(system, states[-1], after - before, TIGHT).u_V)
    power = [dissipation_W(circuit, springs, u).total[0] for u in states]
    x = np.linspace(0, 1, pieces + 1)
    weight = np.ones(pieces + 1) / 3
    weight[1:-1:2], weight[2:-1:2] = 4 / 3, 2 / 3
    return float(np.sum(weight * np.array(power) * 3 * x**2) * time_s / pieces)


def test_charging_a_capacitor_through_a_spring_costs_half_c_v_squared(make_circuit):
    """Whatever the spring's conductance; a small leak takes a share g / K of it."""
    nothing = Pairs(np.zeros(2), np.zeros(2))
    circuit = replace(
        make_circuit(sizes=(1, 1), w=0.0), leak_S=np.full(2, 1e-6 * LEAK_S), biases=nothing
    )
    springs = Springs(np.array([3 * LEAK_S]), np.array([[UNIT_V]]))
    got = heat_J(circuit, springs, np.zeros((1, 2)), 12 * TAU_S)
    assert got == pytest.approx(CAPACITANCE_F * UNIT_V**2 / 2, rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")
def test_the_heat_along_a_transient_is_what_ngspice_integrates(
    make_circuit, make_springs, tmp_path
):
    circuit = make_circuit(loading=1.0, w=0.25, mismatch=0.05)
    springs = make_springs(circuit, rows=1)
    u = 0.5 * UNIT_V * np.random.default_rng(2).standard_normal((1, circuit.n_nodes))
    time_s = 6 * TAU_S
    ours_J = heat_J(circuit, springs, u, time_s)
    path = tmp_path / "heat.cir"
    path.write_text(resistor_netlist(circuit, springs, u[0], time_s))
    done = subprocess.run(
        ["ngspice", "-n", "-b", str(path)], capture_output=True, text=True, check=False
    )
    found = re.search(r"heat\s*=\s*([-+.eE0-9]+)", done.stdout)
    assert found, done.stdout + done.stderr
    # The capacitor of 1 pF integrates watts as amperes: volts times 1e-12 are joules.
    assert float(found[1]) * 1e-12 == pytest.approx(ours_J, rel=0.01)


def resistor_netlist(circuit, springs, u, time_s):
    """Every device a resistor, every output a source, and one source that sums their heat."""
    lines, heat = ["resistors to passive nodes"], []
    layers, n = circuit.layers, circuit.n_nodes
    nodes = np.arange(n)

    def resistor(a, b, conductance_S):
        if conductance_S > 0:
            lines.append(f"R{len(lines)} {a} {b} {1 / conductance_S:.12g}")
            heat.append(f"{conductance_S:.12g}*(v({a})-v({b}))*(v({a})-v({b}))")

    visible = range(n)[layers.visible]
    errors = errors_of(circuit)
    for i in range(n):
        z = f"{errors.gain[i]:.12g}*(v(u{i})+{errors.offset_V[i]:.12g})"
        out = z if i in visible else f"{UNIT_V}*tanh(({z})/{UNIT_V})"
        lines.append(f"Bp{i} p{i} 0 V={out}")
        lines.append(f"Bm{i} m{i} 0 V=-({out})")
        lines.append(f"C{i} u{i} 0 {circuit.capacitance_F[i]:.12g} ic={u[i]:.12g}")
        resistor(f"u{i}", "zero", circuit.leak_S[i])
        resistor(f"u{i}", "ref", circuit.biases.plus_S[i])
        resistor(f"u{i}", "nref", circuit.biases.minus_S[i])
    for a, i in enumerate(nodes[layers.odd]):
        for b, j in enumerate(nodes[layers.even]):
            plus, minus = circuit.couplings.plus_S[a, b], circuit.couplings.minus_S[a, b]
            for into, out in ((i, j), (j, i)):
                resistor(f"u{into}", f"p{out}", plus)
                resistor(f"u{into}", f"m{out}", minus)
    for k, i in enumerate(visible):
        lines.append(f"Vs{k} s{k} 0 {springs.target_V[0, k]:.12g}")
        resistor(f"u{i}", f"s{k}", springs.conductance_S[k])
    rail = circuit.reference_V
    lines += [f"Vr ref 0 {rail}", f"Vn nref 0 {-rail}", "Vz zero 0 0", "Ch heat 0 1p ic=0"]
    for k, term in enumerate(heat):
        lines.append(f"Bh{k} 0 heat I={term}")
    step = time_s / 2000
    lines += [
        ".options reltol=1e-6 abstol=1e-15 vntol=1e-9 gmin=1e-15",
        f".tran {step:.6g} {time_s:.6g} 0 {step:.6g} uic",
        f".meas tran heat find v(heat) at={time_s * 0.999999:.9g}",
        ".end",
    ]
    return "\n".join(lines) + "\n"
