"""Laws and amplifiers of one's own, defined here alone: what the package asks of them is enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from own_parts import Arctan, Phase, Stiffening

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from law_properties import ROWS, check_law, check_reading
from neurosim.circuit import ByLayer, DrivenCircuit, Hopfield, Springs, Tanh
from neurosim.errors import DataError
from neurosim.netlists import Characteristic, LawText, has_ngspice, netlist, run_ngspice
from neurosim.solvers import OperatingPoint, Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
TIGHT = Transient(rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "law", [Phase(), Stiffening(), ByLayer(visible=Hopfield(), hidden=Phase())], ids=repr
)
@pytest.mark.parametrize("loading", [0, 0.3])
def test_a_law_of_ones_own_has_every_property_of_a_shipped_one(
    make_circuit, make_springs, law, loading
):
    circuit = make_circuit(law, loading=loading)
    check_law(circuit, make_springs(circuit, ROWS))


@pytest.mark.every(2)
@pytest.mark.parametrize("law", [Hopfield(), Stiffening()], ids=repr)
@pytest.mark.parametrize("mismatch", [0, 0.1])
def test_an_amplifier_of_ones_own_does_in_every_law_with_errors_and_without(
    make_circuit, make_springs, law, mismatch
):
    circuit = make_circuit(law, Arctan(UNIT_V), mismatch=mismatch)
    check_law(circuit, make_springs(circuit, ROWS))


@pytest.mark.parametrize("law", [Phase(), Stiffening()], ids=repr)
def test_a_law_of_ones_own_says_what_a_host_makes_of_its_readings(make_circuit, law):
    """An oscillator is read by its phase, and puts out more than that."""
    circuit = make_circuit(law)
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    reads_phase = isinstance(law, Phase)
    check_reading(circuit, u_V, u_V if reads_phase else circuit.output_V(u_V))


def test_two_laws_of_different_contrasts_have_none_in_common():
    with pytest.raises(DataError, match=r"one contrast .* Product and CosineOfDifference"):
        ByLayer(visible=Hopfield(), hidden=Phase()).contrast()


def coupling_matrix(circuit):
    """DG between all nodes, symmetric."""
    matrix = np.zeros((circuit.n_nodes, circuit.n_nodes))
    matrix[circuit.layers.odd, circuit.layers.even] = circuit.couplings.delta_S
    return matrix + matrix.T


def test_phases_pull_each_other_by_the_sine_of_their_difference(make_circuit):
    circuit = make_circuit(Phase())
    u_V = UNIT_V * np.random.default_rng(0).standard_normal(circuit.n_nodes)
    phase, g = u_V / UNIT_V, coupling_matrix(circuit)
    difference = phase[None, :] - phase[:, None]
    # The rail of the biases stands at phase 0.
    current_A = UNIT_V * np.sum(g * np.sin(difference), axis=1) - circuit.bias_A * np.sin(phase)
    np.testing.assert_allclose(circuit.current_A(u_V), current_A - circuit.leak_S * u_V, rtol=1e-12)
    coupled_W = -(UNIT_V**2) * np.sum(g * np.cos(difference)) / 2
    rail_W = -UNIT_V * circuit.bias_A @ np.cos(phase)
    power_W = coupled_W + rail_W + circuit.leak_S @ u_V**2 / 2
    assert circuit.co_content_W(u_V) == pytest.approx(power_W)


def test_a_voltage_and_a_phase_couple_by_the_cosine(make_circuit):
    circuit = make_circuit(ByLayer(visible=Hopfield(), hidden=Phase()), sizes=(3, 4))
    u_V = UNIT_V * np.random.default_rng(1).standard_normal(7)
    below_V, phase = u_V[:3], u_V[3:] / UNIT_V
    g, drive_A = coupling_matrix(circuit)[:3, 3:], circuit.current_A(u_V) + circuit.leak_S * u_V
    np.testing.assert_allclose(drive_A[:3], g @ (UNIT_V * np.cos(phase)) + circuit.bias_A[:3])
    above_A = -np.sin(phase) * (g.T @ below_V + circuit.bias_A[3:])
    np.testing.assert_allclose(drive_A[3:], above_A, rtol=1e-12)


@pytest.mark.parametrize("law", [Phase(), Stiffening()], ids=repr)
def test_it_settles_by_a_transient_and_to_the_operating_point(make_circuit, make_springs, law):
    circuit = make_circuit(law, w=0.2)
    system = DrivenCircuit(circuit, make_springs(circuit, rows=6), TAU_S)
    start = np.zeros((6, circuit.n_nodes))
    long = settle(system, start, 200 * TAU_S, TIGHT)
    assert long.residual.max() < 1e-6
    point = settle(system, start, 1.0, OperatingPoint())
    assert not point.refused.any()
    # Newton's steps, not a transient alone, have brought it there.
    assert point.n_steps > 0
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-6 * UNIT_V)


@pytest.mark.slow
def test_both_outputs_of_a_phase_may_lag(make_circuit, make_springs):
    circuit, rows = make_circuit(Phase(), w=0.2), 3
    springs, start = make_springs(circuit, rows), np.zeros((rows, circuit.n_nodes))
    rest = settle(DrivenCircuit(circuit, springs, TAU_S), start, 100 * TAU_S, TIGHT).u_V
    lagging = DrivenCircuit(replace(circuit, amplifier_tau_s=0.2 * TAU_S), springs, TAU_S)
    every = np.concatenate([start, *circuit.outputs_V(start)], axis=1)
    late = settle(lagging, every, 100 * TAU_S, TIGHT).u_V
    expected = np.concatenate([rest, *circuit.outputs_V(rest)], axis=1)
    np.testing.assert_allclose(late, expected, atol=1e-7 * UNIT_V)
    assert lagging.noise_V.shape == (3 * circuit.n_nodes,)


def test_what_reads_one_output_refuses_a_law_of_two(make_circuit):
    circuit = make_circuit(Phase())
    with pytest.raises(DataError, match="needs a law of one output, but Phase has 2; ask for outp"):
        circuit.output_V(np.zeros((1, circuit.n_nodes)))


def netlist_of(circuit, springs, **options):
    start = 0.5 * UNIT_V * np.random.default_rng(3).standard_normal(circuit.n_nodes)
    return start, netlist(circuit, springs, 0, start, 4 * TAU_S, TAU_S / 100, **options)


def test_a_netlist_refuses_what_it_has_no_text_for_in_one_line(make_circuit, make_springs):
    for law, amplifier, said in (
        (Phase(), "tanh", r"needs a law .*, Oscillator, but got Phase; give one as"),
        (Hopfield(), Arctan(UNIT_V), r"needs an amplifier .*, but got Arctan; give one as"),
    ):
        circuit = make_circuit(law, amplifier)
        with pytest.raises(DataError, match=said) as error:
            netlist_of(circuit, make_springs(circuit, 1))
        assert "\n" not in str(error.value)


def test_at_the_command_line_a_table_is_named_where_a_law_has_no_text(make_circuit, make_springs):
    circuit = make_circuit(Phase(), "tanh")
    with pytest.raises(DataError) as error:
        netlist_of(circuit, make_springs(circuit, 1))
    assert "; export a table, such as weights.csv, or " in error.value.at_command_line


def test_a_subclass_does_not_pass_for_its_shipped_parent(make_circuit, make_springs):
    class Twice(Tanh):
        def output_V(self, u_V):
            return 2 * super().output_V(u_V)

    circuit = make_circuit(Hopfield(), Twice(UNIT_V))
    with pytest.raises(DataError, match="needs an amplifier that it has a text for"):
        netlist_of(circuit, make_springs(circuit, 1))


def stiffening_lines(node, amplifier, scale_S):
    metric = f"(1+v(u{node})*v(u{node})/{UNIT_V**2:.17g})"
    weight = f"{amplifier.factor * scale_S:.17g}*{amplifier.slope}/{metric}"
    return [
        f"BI{node} 0 u{node} I=v(w{node})*{weight}",
        f"RW{node} w{node} 0 {1 / scale_S:.17g}",
    ]


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")
def test_ngspice_solves_a_law_and_an_amplifier_of_ones_own_from_texts_that_are_handed_in(
    make_circuit, make_springs
):
    circuit = make_circuit(Stiffening(), Arctan(UNIT_V), w=0.2, mismatch=0.05)
    springs = make_springs(circuit, rows=1)
    texts = {
        Stiffening: LawText("stiffening", "w", stiffening_lines),
        Arctan: lambda a, z: Characteristic(f"{a.unit_V:.17g}*atan({z})", f"1/(1+({z})*({z}))"),
    }
    start, text = netlist_of(circuit, springs, also=texts)
    _, wave_V = run_ngspice(text)
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), start[None], 4 * TAU_S, TIGHT)
    np.testing.assert_allclose(wave_V[-1], ours.u_V[0], atol=1e-4 * UNIT_V)


def test_no_spring_at_all_leaves_a_phase_to_its_neighbours(make_circuit):
    """Two identical oscillators without a leak meet at one phase if they attract each other."""
    circuit = make_circuit(Phase(), sizes=(1, 1))
    alone = replace(
        circuit,
        leak_S=np.zeros(2),
        biases=replace(circuit.biases, plus_S=np.zeros(2), minus_S=np.zeros(2)),
        couplings=replace(circuit.couplings, plus_S=np.array([[LEAK_S]]), minus_S=np.zeros((1, 1))),
    )
    system = DrivenCircuit(alone, Springs(np.zeros(1), np.zeros((1, 1))), TAU_S)
    start = UNIT_V * np.array([[0.4, 2.1]])
    ended = settle(system, start, 60 * TAU_S, TIGHT).u_V / UNIT_V
    np.testing.assert_allclose(ended, [[1.25, 1.25]], atol=1e-6)
