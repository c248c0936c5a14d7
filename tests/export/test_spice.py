"""The netlist in ngspice, a program that is not ours, against our own engines."""

import numpy as np
import pytest

from neurosim.circuit import DrivenCircuit, Springs
from neurosim.errors import DataError
from neurosim.export.spice import has_ngspice, netlist, run_ngspice
from neurosim.solvers import Settling, settle

TAU_S, UNIT_V = 1e-7, 0.1
needs_ngspice = pytest.mark.skipif(not has_ngspice(), reason="needs ngspice: apt install ngspice")
CASES = [
    (law, amplifier, mismatch, loading)
    for law in ("hopfield", "gradient")
    for amplifier in ("tanh", "silu", "linear")
    for mismatch, loading in ((0.0, 0.0), (0.05, 0.3))
]


def problem(make_circuit, make_springs, law, amplifier, mismatch=0.0, loading=0.0, **others):
    circuit = make_circuit(law, amplifier, (4, 6, 5), 0.2, mismatch, loading, **others)
    springs = make_springs(circuit, rows=2)
    start = np.zeros((2, circuit.n_nodes))
    start[:, : circuit.layers.n_visible] = springs.target_V
    return circuit, springs, start


def test_the_text_has_every_element(make_circuit, make_springs):
    circuit, springs, start = problem(make_circuit, make_springs, "hopfield", "tanh")
    lines = netlist(circuit, springs, 0, start[0]).splitlines()
    count = {letter: sum(line.startswith(letter) for line in lines) for letter in "CGBRV"}
    assert count == {"C": 15, "G": 2 * (4 * 6 + 6 * 5), "B": 15, "R": 15 + 4, "V": 4}


def test_a_start_of_the_wrong_shape_is_refused(make_circuit, make_springs):
    circuit, springs, _ = problem(make_circuit, make_springs, "hopfield", "tanh")
    with pytest.raises(DataError, match=r"shape \(15,\), but got \(3,\)"):
        netlist(circuit, springs, 0, np.zeros(3))


@needs_ngspice
@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading"), CASES)
def test_ngspice_finds_the_same_operating_point(
    make_circuit, make_springs, law, amplifier, mismatch, loading
):
    circuit, springs, start = problem(make_circuit, make_springs, law, amplifier, mismatch, loading)
    ours = settle(
        DrivenCircuit(circuit, springs, TAU_S), start, 400 * TAU_S, Settling(rtol=1e-8, atol=1e-11)
    )
    _, u_V = run_ngspice(netlist(circuit, springs, 1, ours.u_V[1]))
    # ngspice stops where Newton moves no node by more than 1e-6 of its voltage.
    np.testing.assert_allclose(u_V[0], ours.u_V[1], atol=1e-6 * UNIT_V)


@needs_ngspice
@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading"), CASES)
def test_ngspice_draws_the_same_transient(
    make_circuit, make_springs, law, amplifier, mismatch, loading
):
    circuit, springs, start = problem(make_circuit, make_springs, law, amplifier, mismatch, loading)
    system = DrivenCircuit(circuit, springs, TAU_S)
    time_s, u_V = run_ngspice(netlist(circuit, springs, 0, start[0], 5 * TAU_S, TAU_S / 100))
    assert time_s is not None
    for span in (0.1, 0.5, 1.0, 5.0):
        ours = settle(system, start, span * TAU_S, Settling(rtol=1e-8, atol=1e-11)).u_V[0]
        theirs = [np.interp(span * TAU_S, time_s, column) for column in u_V.T]
        # Trapezoidal steps and our linear interpolation between them: (1/100 tau)^2 times 16^2 / 8
        # for a spring of 16 is 3e-3 of what moves, where it moves; a tenth of that remains.
        np.testing.assert_allclose(theirs, ours, atol=2e-3 * UNIT_V)
    np.testing.assert_allclose(u_V[-1], ours, atol=1e-5 * UNIT_V)


@needs_ngspice
def test_clamped_nodes_and_separate_devices_are_in_the_netlist_too(make_circuit, make_springs):
    circuit, springs, start = problem(
        make_circuit, make_springs, "hopfield", "tanh", 0.05, separate=True
    )
    clamp = Springs(np.full(4, np.inf), springs.target_V)
    ours = settle(
        DrivenCircuit(circuit, clamp, TAU_S), start, 100 * TAU_S, Settling(rtol=1e-8, atol=1e-11)
    )
    _, u_V = run_ngspice(netlist(circuit, clamp, 0, ours.u_V[0]))
    np.testing.assert_allclose(u_V[0], ours.u_V[0], atol=1e-6 * UNIT_V)
