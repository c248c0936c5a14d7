"""Outputs under load and devices that are not linear: formulas, derivatives, ngspice."""

from dataclasses import replace

import numpy as np
import pytest

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, errors_of, strayed
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.errors import DataError
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint, Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
LAWS = ["hopfield", "gradient"]
TIGHT = Transient(rtol=1e-9, atol=1e-12)


def changed(circuit, kind):
    factor = 0.7 + 0.3 * np.random.default_rng(5).random(circuit.n_nodes)
    # At one unit the current of a device is 30 % above a straight line.
    if kind == "cubic":
        return replace(circuit, cubic_per_V2=0.3 / UNIT_V**2)
    old = errors_of(circuit)
    return strayed(circuit, gain=old.gain, offset_V=old.offset_V, attenuation=factor)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["attenuation", "cubic"])
def test_the_current_is_the_stated_formula_device_by_device(make_circuit, law, kind):
    circuit = changed(make_circuit(law, mismatch=0.05, separate=True), kind)
    u = UNIT_V * np.random.default_rng(1).standard_normal(circuit.n_nodes)
    errors, k = errors_of(circuit), circuit.cubic_per_V2
    z = errors.gain * (u + errors.offset_V)
    visible = np.arange(circuit.n_nodes) < circuit.layers.n_visible
    v = errors.attenuation * np.where(visible, z, UNIT_V * np.tanh(z / UNIT_V))
    slope = errors.attenuation * errors.gain * np.where(visible, 1, 1 / np.cosh(z / UNIT_V) ** 2)
    odd, even = (
        np.arange(circuit.n_nodes)[part] for part in (circuit.layers.odd, circuit.layers.even)
    )
    drive = np.zeros(circuit.n_nodes)
    for a, i in enumerate(odd):
        for b, j in enumerate(even):
            drive[i] += circuit.couplings.delta_S[a, b] * v[j] * (1 + k * v[j] ** 2)
            drive[j] += circuit.back.delta_S[a, b] * v[i] * (1 + k * v[i] ** 2)
    reference = circuit.reference_V
    drive += circuit.biases.delta_S * reference * (1 + k * reference**2)
    if law == "gradient":
        drive *= slope
    expected = drive - circuit.decay_S * u
    np.testing.assert_allclose(circuit.current_A(u), expected, rtol=1e-12, atol=1e-22)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["attenuation", "cubic"])
def test_the_jacobian_is_the_derivative_of_the_current(make_circuit, make_springs, law, kind):
    circuit = changed(make_circuit(law, "silu", mismatch=0.05), kind)
    springs, rng = make_springs(circuit, rows=1), np.random.default_rng(2)
    u, d = UNIT_V * rng.standard_normal((2, 1, circuit.n_nodes))
    h = 1e-6
    finite = (circuit.current_A(u + h * d, springs) - circuit.current_A(u - h * d, springs)) / (
        2 * h
    )
    exact = circuit.jacobian_vector_A(u, d, springs)
    np.testing.assert_allclose(exact, finite, rtol=1e-6, atol=1e-9 * np.abs(finite).max())


@pytest.mark.parametrize("law", LAWS)
def test_an_attenuated_circuit_still_descends_its_co_content(make_circuit, make_springs, law):
    circuit = changed(make_circuit(law, mismatch=0.05), "attenuation")
    springs, rng = make_springs(circuit, rows=1), np.random.default_rng(3)
    u, d = UNIT_V * rng.standard_normal((2, 1, circuit.n_nodes))
    h = 1e-5
    ends = [circuit.co_content_W(u + s * h * d, springs)[0] for s in (1, -1)]
    power = -np.sum(circuit.metric(u) * circuit.current_A(u, springs) * d)
    assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(power, rel=1e-6)


def test_a_potential_is_not_claimed_where_none_is_known(make_circuit):
    circuit = changed(make_circuit(), "cubic")
    with pytest.raises(DataError, match="needs devices that are linear"):
        circuit.co_content_W(np.zeros((1, circuit.n_nodes)))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["attenuation", "cubic"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_engines_integrate_the_same_current(make_circuit, make_springs, law, kind, precision):
    circuit = changed(make_circuit(law, w=0.2, mismatch=0.05), kind)
    springs = make_springs(circuit, rows=3)
    system = DrivenCircuit(circuit, springs, TAU_S)
    u = UNIT_V * np.random.default_rng(4).standard_normal((3, circuit.n_nodes))
    rate = system.rate(slice(0, 3), np.dtype(precision))
    got = rate(np.ascontiguousarray(u.T).astype(precision), np.empty(u.T.shape, precision)).T
    expected = circuit.current_A(u, springs) * TAU_S / circuit.capacitance_F
    tolerance = 1e-12 if precision == "float64" else 2e-6
    np.testing.assert_allclose(got, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["attenuation", "cubic"])
def test_the_operating_point_is_where_the_long_transient_ends(make_circuit, make_springs, kind):
    circuit = changed(make_circuit(w=0.2, mismatch=0.05), kind)
    springs = make_springs(circuit, rows=4)
    system, u = DrivenCircuit(circuit, springs, TAU_S), np.zeros((4, circuit.n_nodes))
    point = settle(system, u, 1.0, OperatingPoint(rtol=1e-6, atol=1e-9))
    long = settle(system, u, 200 * TAU_S, TIGHT)
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-6 * UNIT_V)


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")
@pytest.mark.parametrize("law", LAWS)
def test_ngspice_agrees_where_outputs_are_loaded(make_circuit, make_springs, law):
    circuit = changed(make_circuit(law, w=0.2, mismatch=0.05), "attenuation")
    springs = make_springs(circuit, rows=1)
    start = 0.5 * UNIT_V * np.random.default_rng(3).standard_normal((1, circuit.n_nodes))
    time_s = 4 * TAU_S
    _, wave_V = run_ngspice(netlist(circuit, springs, 0, start[0], time_s, TAU_S / 100))
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), start, time_s, TIGHT)
    np.testing.assert_allclose(wave_V[-1], ours.u_V[0], atol=1e-4 * UNIT_V)


def test_a_netlist_refuses_devices_that_it_cannot_express(make_circuit, make_springs):
    circuit = changed(make_circuit(), "cubic")
    with pytest.raises(DataError, match="needs devices with a linear characteristic"):
        netlist(circuit, make_springs(circuit, rows=1), 0, np.zeros(circuit.n_nodes))


def chip_of(**changes):
    changes = {"layers": (4, 6, 5)} | {k.replace("__", "."): v for k, v in changes.items()}
    chip = Chip(load_profile("cmos_rc_6bit").with_values(changes))
    layers, rng = chip.data_sheet.layers, np.random.default_rng(0)
    coupling = 0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, np.zeros(layers.n_nodes)))
    return chip


def test_each_output_loses_what_hangs_on_it():
    chip = chip_of(node__output_Ohm="10 kOhm")
    circuit = chip.circuit
    for b, j in enumerate(range(circuit.n_nodes)[circuit.layers.even]):
        load_S = (circuit.couplings.plus_S + circuit.couplings.minus_S)[:, b].sum()
        assert errors_of(circuit).attenuation[j] == pytest.approx(1 / (1 + 1e4 * load_S / 2))
    assert (errors_of(chip_of().circuit).attenuation == 1).all()


def test_mismatch_by_area_is_pelgroms_law():
    law = {"pelgrom": "4.746 mV", "area_um2": 10}
    chip = chip_of(mismatch__offset_V=law, mismatch__gain={"pelgrom": 0.01, "area_um2": 4})
    assert chip.profile.mismatch.offset_V == pytest.approx(4.746e-3 / np.sqrt(10))
    assert chip.profile.mismatch.gain == pytest.approx(0.005)
    for bad in ({"pelgrom": 0.01}, {"pelgrom": 0.01, "area_um2": 0}):
        with pytest.raises(ValueError, match=r"pelgrom and area_um2|above 0"):
            chip_of(mismatch__gain=bad)
