"""Netlists of oscillators, solved by ngspice, against our own solvers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from oscillators import TAU_S, driven, oscillators, random_oscillators

import neurosim as ns
from commands import run as command
from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from neurosim.circuit import Graded, Interaction, Springs
from neurosim.circuit.interaction import Harmonics
from neurosim.errors import DataError
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.netlists.oscillating import WAVES
from neurosim.netlists.variants import hierarchical, with_noise
from neurosim.runs.validation import compare
from neurosim.solvers import OperatingPoint, Transient, settle

TIGHT = Transient(rtol=1e-9, atol=1e-12)
TABLE = Interaction(
    waveform=((1.2, 0.3), (0.5, 1.0), (0.2, -0.4)),
    response=((0.7, 1.6), (0.6, 0.1), (0.3, 2.0)),
)
KINDS = {
    "plain": {"sync": 0.2, "detuning": 0.05},
    "angle": {"angle": 0.3, "sync": 0.1},
    "table": {"interaction": TABLE},
    "graded": {"graded": Graded(visible_rad=0.4, field=1.2), "angle": 0.1},
}

needs_ngspice = pytest.mark.skipif(
    not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice"
)


def case(kind, held=False):
    """Circuit, springs of two rows on the visible nodes, and a start."""
    circuit = random_oscillators(**KINDS[kind])
    if kind == "graded":
        circuit = replace(circuit, locking=replace(circuit.locking, radian_V=circuit.radian_V))
    rng, n = np.random.default_rng(1), circuit.layers.n_visible
    target_V = UNIT_V * rng.standard_normal((2, n))
    springs = Springs(np.full(n, np.inf if held else 1.5 * LEAK_S), target_V)
    start_V = UNIT_V * rng.standard_normal((2, circuit.n_nodes))
    if held:
        start_V[:, circuit.layers.visible] = target_V
    return circuit, springs, start_V


@needs_ngspice
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_waveform_in_ngspice_is_our_transient(kind, held):
    circuit, springs, start_V = case(kind, held)
    span_s = 4 * TAU_S
    text = netlist(circuit, springs, 1, start_V[1], span_s, 0.01 * TAU_S, reltol=1e-7)
    time_s, wave_V = run_ngspice(text)
    system, before_s, u_V = driven(circuit, springs), 0.0, start_V
    for k in np.linspace(1, len(time_s) - 1, 5).astype(int):
        u_V = settle(system, u_V, time_s[k] - before_s, TIGHT).u_V
        before_s = time_s[k]
        np.testing.assert_allclose(wave_V[k], u_V[1], atol=3e-5 * UNIT_V)


@needs_ngspice
@pytest.mark.parametrize("kind", ["plain", "graded"])
def test_the_operating_point_in_ngspice_is_where_phases_rest(kind):
    circuit, springs, start_V = case(kind)
    rest_V = settle(driven(circuit, springs), start_V, 1.0, OperatingPoint()).u_V[0]
    _, point_V = run_ngspice(netlist(circuit, springs, 0, rest_V + 0.01 * UNIT_V, reltol=1e-9))
    np.testing.assert_allclose(point_V[0], rest_V, atol=1e-6 * UNIT_V)


@needs_ngspice
def test_a_locking_rises_in_the_same_steps():
    circuit = random_oscillators(sync=2.0)
    circuit = replace(circuit, locking=replace(circuit.locking, ramp_s=2 * TAU_S))
    springs = Springs(np.zeros(0), np.zeros((1, 0)), np.zeros(0, np.intp))
    start_V = UNIT_V * np.random.default_rng(2).standard_normal((1, circuit.n_nodes))
    text = netlist(circuit, springs, 0, start_V[0], 3 * TAU_S, 0.002 * TAU_S, reltol=1e-7)
    _, wave_V = run_ngspice(text)
    u_V = start_V
    for stage, part_s in driven(circuit, springs).stages(0.0, 3 * TAU_S):
        u_V = settle(stage, u_V, part_s, TIGHT).u_V
    # ngspice has edges of the steps within one of its own, a five-hundredth of tau.
    np.testing.assert_allclose(wave_V[-1], u_V[0], atol=2e-3 * UNIT_V)


@needs_ngspice
def test_blocks_do_not_change_what_ngspice_computes():
    circuit, springs, start_V = case("table")
    text = netlist(circuit, springs, 0, start_V[0], 2 * TAU_S, 0.05 * TAU_S)
    blocks = hierarchical(text, circuit.layers)
    assert ".subckt layer_h1" in blocks
    assert ".subckt crossbar_w1" in blocks
    plain, split = (run_ngspice(one)[1][-1] for one in (text, blocks))
    np.testing.assert_allclose(split, plain, atol=1e-7 * UNIT_V)


@needs_ngspice
def test_a_phase_by_itself_diffuses_as_its_linewidth_says():
    """<theta^2> = 2 D t; of 400 oscillators within four times its standard error of 7 %."""
    linewidth_Hz, span_s = 1e-3 / TAU_S, 4 * TAU_S
    circuit = oscillators((200, 200), np.zeros((200, 200)), 0.0, linewidth_Hz=linewidth_Hz)
    springs = Springs(np.zeros(0), np.zeros((1, 0)), np.zeros(0, np.intp))
    system = replace(driven(circuit, springs), temperature_K=300.0)
    text = netlist(circuit, springs, 0, np.zeros(400), span_s, 0.1 * TAU_S)
    _, wave_V = run_ngspice(with_noise(text, system))
    expected = 2 * np.pi * linewidth_Hz * span_s
    assert np.mean((wave_V[-1] / UNIT_V) ** 2) == pytest.approx(expected, rel=0.28)


def test_the_netlist_has_every_element_once():
    circuit, springs, start_V = case("plain")
    text = netlist(circuit, springs, 0, start_V[0])
    names = re.findall(r"^([A-Z]+\d+(?:_\d+)?) ", text, re.MULTILINE)
    assert len(names) == len(set(names))
    n = circuit.n_nodes
    couplings = 2 * np.count_nonzero(circuit.couplings.delta_S)
    for letters, count in (
        ("C", n), ("BCA", n), ("BSA", n), ("RXA", n), ("RYA", n), ("BI", n), ("BL", n),
        ("GCA", couplings), ("GSA", couplings), ("RL", 0),
    ):  # fmt: skip
        assert sum(re.fullmatch(rf"{letters}\d+(_\d+)?", name) is not None for name in names) == (
            count
        ), letters
    assert f"C0 u0 0 {CAPACITANCE_F:.17g}" in text


def test_waves_of_ones_own_need_a_text(monkeypatch):
    circuit, springs, start_V = case("plain")
    monkeypatch.setattr("neurosim.netlists.oscillating.WAVES", {})
    with pytest.raises(DataError, match=r"needs waves that it has a text for.*Harmonics: function"):
        netlist(circuit, springs, 0, start_V[0])
    texts = {Harmonics: WAVES[Harmonics]}
    assert "BCA0 ca0" in netlist(circuit, springs, 0, start_V[0], also=texts)


@needs_ngspice
def test_a_rising_locking_is_validated_in_its_steps():
    circuit, springs, start_V = case("plain")
    locking = replace(circuit.locking, ramp_s=2 * TAU_S)
    system = driven(replace(circuit, locking=locking), springs)
    rest_V = settle(driven(circuit, springs), start_V, 1.0, OperatingPoint()).u_V
    found = compare(system, 0, start_V[0], rest_V[0], 3 * TAU_S, reltol=1e-6)
    assert found.operating_point_V < 1e-6 * UNIT_V
    # Within one of ngspice's steps at the edges of the rise.
    assert found.transient_V < 5e-3 * UNIT_V


@pytest.mark.slow
@needs_ngspice
@pytest.mark.parametrize("name", ["oim_ring_65nm", "oim_lc_board", "ideal_oscillator_flow"])
def test_a_trained_machine_is_exported_and_validated(name, tmp_path):
    profile = ns.load_profile(name).with_value("layers", (64, 10, 8))
    if name != "ideal_oscillator_flow":
        profile = profile.with_value("sources", (0, -1)).with_value("layers", (64, 12, 10))
        recipe = ns.Experiment.suited(ns.Classify()).with_values({"updates": 2, "batch": 8})
    else:
        recipe = ns.Experiment(updates=2, batch=8)
    run = ns.train(profile, recipe, keep=tmp_path / "run")
    assert run is not None
    file = tmp_path / "net.cir"
    done = command("export", tmp_path / "run", "--to", file)
    assert done.exit_code == 0, done.output
    _, wave_V = run_ngspice(file.read_text())
    assert np.isfinite(wave_V).all()
    done = command("export", tmp_path / "run", "--to", file, "--analysis", "op")
    assert done.exit_code == 0, done.output
    _, point_V = run_ngspice(file.read_text())
    # At rest near where phases began, not turns away.
    assert np.abs(point_V - wave_V[-1]).max() < 2 * np.pi
    done = command("export", tmp_path / "run", "--to", file, "--noise")
    if name == "ideal_oscillator_flow":
        assert "needs a temperature" in done.stderr
    else:
        assert done.exit_code == 0, done.output
        assert "TRNOISE" in file.read_text()
    done = command("validate", tmp_path / "run", "--spice")
    assert done.exit_code == 0, done.output
