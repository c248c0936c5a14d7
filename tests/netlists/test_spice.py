"""The exported netlist, solved by ngspice, against our own solvers."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest

from bench_points import POINTS_V
from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, as_law
from neurosim.chip import Chip
from neurosim.circuit import Circuit, DrivenCircuit, Linear, Measured, Pairs, Springs
from neurosim.devices import Wires
from neurosim.errors import ConvergenceError, DataError, NeurosimError
from neurosim.host import initial_weights
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint, Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
LAWS = ["hopfield", "gradient"]
AMPLIFIERS = ["tanh", "silu", "linear"]
# mismatch, loading, separate devices for each direction, clamped
KINDS = [(0, 0, False, False), (0.05, 0.3, True, False), (0.05, 0, False, True)]
CASES = [(law, amp, *kind) for law in LAWS for amp in AMPLIFIERS for kind in KINDS]
CASES += [(law, Measured(UNIT_V, points_V=POINTS_V), *KINDS[1]) for law in LAWS]
# Two points of the slope that change places by 0.3 mV, and an end that is down by 0.1 mV.
NOISY_V = sorted(
    [*POINTS_V, (0.012, 0.0071), (0.012 + 1e-4, 0.0068), (0.6, POINTS_V[-1][1] - 1e-4)]
)
TIGHT = Transient(rtol=1e-10, atol=1e-12)
FINE = Transient(rtol=1e-8, atol=1e-10)

needs_ngspice = pytest.mark.skipif(
    not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice"
)


def start_of(circuit, springs):
    u_V = UNIT_V * np.random.default_rng(3).standard_normal((1, circuit.n_nodes))
    if springs.clamped:
        u_V[:, circuit.layers.visible] = springs.target_V
    return u_V


@pytest.fixture
def make_case(make_circuit, make_springs):
    """Circuit, springs of one row and a start."""

    def make(law, amplifier, mismatch=0.0, loading=0.0, separate=False, clamped=False):
        # Weak enough for linear nodes, which nothing limits, to be stable.
        circuit = make_circuit(
            law, amplifier, w=0.2, mismatch=mismatch, loading=loading, separate=separate
        )
        springs = make_springs(circuit, rows=1, stiffness=np.inf if clamped else 15.0)
        return circuit, springs, start_of(circuit, springs)

    return make


def settled_V(circuit, springs, u_V, time_s, settings=TIGHT):
    result = settle(DrivenCircuit(circuit, springs, TAU_S), u_V, time_s, settings)
    assert not result.diverged.any()
    return result.u_V[0]


def waveform_error_V(circuit, springs, u_V, time_s, wave_V, points):
    """Largest difference at some of ngspice's own times."""
    picked = np.linspace(1, len(time_s) - 1, points).astype(int)
    errors_V, at_s = [], 0.0
    for k in picked:
        u_V, at_s = settled_V(circuit, springs, u_V, time_s[k] - at_s, FINE)[None], time_s[k]
        errors_V.append(np.abs(u_V[0] - wave_V[k]).max())
    return max(errors_V)


@pytest.mark.every(6)
@needs_ngspice
@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading", "separate", "clamped"), CASES)
def test_the_operating_point_in_ngspice_is_where_our_transient_ends(
    make_case, law, amplifier, mismatch, loading, separate, clamped
):
    circuit, springs, u_V = make_case(law, amplifier, mismatch, loading, separate, clamped)
    expected = settled_V(circuit, springs, u_V, 150 * TAU_S)
    time_s, found = run_ngspice(netlist(circuit, springs, 0, u_V[0]))
    assert time_s is None
    # Newton stops at changes below 1e-6 of a voltage and converges quadratically; 0.1 uV for 0.1 V.
    np.testing.assert_allclose(found, [expected], rtol=0, atol=1e-7)


@pytest.mark.every(6)
@needs_ngspice
@pytest.mark.parametrize(("law", "amplifier", "mismatch", "loading", "separate", "clamped"), CASES)
def test_the_waveform_in_ngspice_is_our_transient(
    make_case, law, amplifier, mismatch, loading, separate, clamped
):
    circuit, springs, u_V = make_case(law, amplifier, mismatch, loading, separate, clamped)
    text = netlist(circuit, springs, 0, u_V[0], 5 * TAU_S, TAU_S / 100)
    time_s, wave_V = run_ngspice(text)
    assert time_s[-1] == pytest.approx(5 * TAU_S)
    # A first step of Euler's method and a step of 0.16 spring time constants give up to 10 uV.
    assert waveform_error_V(circuit, springs, u_V, time_s, wave_V, 8) < 2e-5


@needs_ngspice
@pytest.mark.parametrize(("law", "points_V"), [(LAWS[0], POINTS_V), (LAWS[1], NOISY_V)])
def test_measured_buffers_of_visible_nodes_are_in_the_netlist(make_case, law, points_V):
    """Of points that noise lets fall the netlist has the smoothed curve."""
    circuit, springs, u_V = make_case(law, "tanh", mismatch=0.05, loading=0.3)
    circuit = replace(circuit, visible=Measured(UNIT_V, points_V=points_V))
    _, found = run_ngspice(netlist(circuit, springs, 0, u_V[0]))
    expected = settled_V(circuit, springs, u_V, 150 * TAU_S)
    np.testing.assert_allclose(found, [expected], rtol=0, atol=1e-7)


@needs_ngspice
def test_a_smaller_step_and_tolerance_bring_the_waveform_nearer(make_case):
    circuit, springs, u_V = make_case("gradient", "tanh")
    errors = []
    for step_s, reltol in ((TAU_S / 100, 1e-4), (TAU_S / 400, 1e-8)):
        text = netlist(circuit, springs, 0, u_V[0], 2 * TAU_S, step_s, reltol)
        errors.append(waveform_error_V(circuit, springs, u_V, *run_ngspice(text), 8))
    # Trapezoidal rule, order 2: a quarter of the step has 1/16 of the error.
    assert errors[1] < errors[0] / 10


@needs_ngspice
@pytest.mark.parametrize("law", LAWS)
def test_an_amplifier_that_leaves_its_rail_does_so_in_ngspice_too(law):
    """Node 1 starts beyond the rail, where phi' = 0, and comes to rest within."""
    layers, ones = Layers((1, 1)), np.ones(2)
    circuit = Circuit(
        layers, as_law(law), Linear(UNIT_V), Linear(UNIT_V, rail_V=0.05), CAPACITANCE_F * ones,
        LEAK_S * ones, Pairs(np.array([[0.4 * LEAK_S]]), np.zeros((1, 1))),
        Pairs(np.array([0.0, 0.2 * LEAK_S]), np.zeros(2)), UNIT_V,
    )  # fmt: skip
    springs, u_V = Springs(np.zeros(1), np.zeros((1, 1))), np.array([[0.0, 0.08]])
    time_s, wave_V = run_ngspice(netlist(circuit, springs, 0, u_V[0], 3 * TAU_S, TAU_S / 200))
    # One step across the jump of phi' may see either side: 1/200 of a rate of 0.02 V per tau.
    settings = Transient(rtol=1e-7, atol=1e-9)
    for k in (np.argmin(np.abs(time_s - 0.3 * TAU_S)), -1):
        expected = settled_V(circuit, springs, u_V, time_s[k], settings)
        np.testing.assert_allclose(wave_V[k], expected, atol=1e-4)


@needs_ngspice
def test_the_netlist_of_a_crossbar_behind_wires_has_what_they_leave_of_it():
    found = {}
    for wires in ("ideal", Wires(segment_Ohm=500.0)):
        profile = load_profile("ideal_hopfield").with_values({"layers": (6, 8, 5)})
        chip = Chip(profile.with_value("coupling.wires", wires))
        chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(0)))
        target_V = UNIT_V * np.random.default_rng(1).standard_normal((1, 6))
        springs = Springs(np.full(6, 15 * LEAK_S), target_V)
        u_V = np.zeros((1, 19))
        _, spice_V = run_ngspice(netlist(chip.circuit, springs, 0, u_V[0]))
        tau_s = chip.profile.node.tau_s
        ours_V = settled_V(chip.circuit, springs, u_V, tau_s, OperatingPoint())
        np.testing.assert_allclose(spice_V, [ours_V], rtol=0, atol=1e-7)
        found[str(wires)] = spice_V
    bare_V, wired_V = found.values()
    assert np.abs(bare_V - wired_V).max() > 1e-3 * UNIT_V


@pytest.mark.parametrize(("law", "per_node"), [("hopfield", 3), ("gradient", 5)])
def test_the_netlist_has_every_element_once(make_case, law, per_node):
    circuit, springs, u_V = make_case(law, "tanh")
    lines = netlist(circuit, springs, 0, u_V[0]).splitlines()
    elements = [line.split()[0] for line in lines[1:] if line[0] != "."]
    assert len(set(elements)) == len(elements)
    n, k = circuit.n_nodes, circuit.layers.n_visible
    couplings = 2 * np.count_nonzero(circuit.layers.present)
    assert len(elements) == per_node * n + couplings + n + 2 * k
    assert sum(name.startswith("G") for name in elements) == couplings
    assert lines[-2:] == [".op", ".end"]


def test_the_netlist_leaves_out_what_is_zero(make_case):
    circuit, _, u_V = make_case("hopfield", "tanh")
    free = Springs(np.zeros(3), np.zeros((1, 3)))
    text = netlist(circuit, free, 0, u_V[0])
    assert not re.findall(r"^(VS|RK)", text, re.MULTILINE)


def test_a_clamp_is_a_source_without_a_resistor_and_the_node_starts_there(make_case):
    circuit, springs, u_V = make_case("hopfield", "tanh", clamped=True)
    text = netlist(circuit, springs, 0, u_V[0] + 1.0, TAU_S, TAU_S / 10)
    assert f"\nVS0 u0 0 {springs.target_V[0, 0]:.17g}\n" in text
    assert f"\n.ic v(u0)={springs.target_V[0, 0]:.17g}\n" in text
    assert "\nRK" not in text


def test_wrong_shapes_and_steps_are_refused(make_case):
    circuit, springs, u_V = make_case("hopfield", "tanh")
    with pytest.raises(DataError, match=r"shape \(12,\), but got \(1, 12\)"):
        netlist(circuit, springs, 0, u_V)
    with pytest.raises(DataError, match="needs step_s above 0 s"):
        netlist(circuit, springs, 0, u_V[0], 1e-6)


def test_a_missing_ngspice_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert not has_ngspice()
    with pytest.raises(NeurosimError, match="apt-get install ngspice"):
        run_ngspice("* nothing\n.end\n")


@needs_ngspice
def test_a_failure_of_ngspice_shows_its_last_lines():
    with pytest.raises(ConvergenceError, match="its last lines:\n"):
        run_ngspice("* wrong\nR1 a 0 1\nQ nonsense\n.op\n.end\n")


@needs_ngspice
def test_a_time_limit_ends_ngspice(make_case):
    circuit, springs, u_V = make_case("hopfield", "tanh")
    with pytest.raises(ConvergenceError, match="must finish within"):
        run_ngspice(netlist(circuit, springs, 0, u_V[0], 1.0, TAU_S), timeout_s=0.5)


@needs_ngspice
@pytest.mark.slow
@pytest.mark.parametrize("name", ["ideal_hopfield", "ideal_gradient"])
def test_a_network_of_many_bowls_settles_alike_in_ngspice(name, record_property):
    chip = Chip(load_profile(name).with_value("layers", (64, 48, 48)))
    layers = chip.die.layers
    # 1.5: many operating points, so that only the right path ends in the right one.
    chip.program(initial_weights(layers, 1.5, np.random.default_rng(0)))
    circuit, tau_s = chip.circuit, chip.profile.node.tau_s
    assert tau_s == pytest.approx(TAU_S)
    target_V = UNIT_V * np.random.default_rng(1).standard_normal((1, layers.n_visible))
    springs = Springs(np.full(layers.n_visible, 15 * LEAK_S), target_V)
    u_V = np.zeros((1, layers.n_nodes))
    u_V[:, layers.visible] = target_V

    text = netlist(circuit, springs, 0, u_V[0], 15 * tau_s, tau_s / 10, reltol=1e-4)
    assert text.count("\nG") == 2 * (64 * 48 + 48 * 48)
    began = time.perf_counter()
    time_s, wave_V = run_ngspice(text)
    tran_s = time.perf_counter() - began
    error_V = waveform_error_V(circuit, springs, u_V, time_s, wave_V, 8)
    # 1e-4 of up to 1 V a step, which paths that part amplify; reltol 1e-5 has 4e-5 V (72 s).
    assert error_V < 1e-3

    exact = settled_V(circuit, springs, u_V, tau_s, OperatingPoint())
    began = time.perf_counter()
    _, point = run_ngspice(netlist(circuit, springs, 0, exact))
    op_s = time.perf_counter() - began
    np.testing.assert_allclose(point, [exact], rtol=0, atol=1e-7)
    measured = {"op_s": op_s, "tran_s": tran_s, "op_V": np.abs(point - exact).max()}
    for key, value in (measured | {"tran_V": error_V}).items():
        record_property(key, float(value))
    print(name, measured, error_V, len(time_s))


@needs_ngspice
@pytest.mark.parametrize("law", LAWS)
def test_a_circuit_with_some_nodes_held_and_some_free_runs_alike_in_ngspice(make_circuit, law):
    circuit = make_circuit(law, sizes=(4, 5, 4), w=0.2, mismatch=0.05)
    target_V = UNIT_V * np.random.default_rng(1).standard_normal((1, 4))
    springs = Springs(np.array([np.inf, 0.0, np.inf, 15 * LEAK_S]), target_V)
    u_V = UNIT_V * np.random.default_rng(3).standard_normal((1, circuit.n_nodes))
    u_V[:, [0, 2]] = target_V[:, [0, 2]]
    text = netlist(circuit, springs, 0, u_V[0], 5 * TAU_S, TAU_S / 100)
    assert len(re.findall(r"^VS", text, re.MULTILINE)) == 3
    time_s, wave_V = run_ngspice(text)
    # As above: a first step of Euler's method.
    assert waveform_error_V(circuit, springs, u_V, time_s, wave_V, 8) < 2e-5
