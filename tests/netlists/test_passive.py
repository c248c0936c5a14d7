"""ngspice on networks of resistors and diodes: an independent solver of the same circuits."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from resistors import POINTS, SHOCKLEY, TAU_S, lifted, random_network, rest_of
from scipy.constants import Boltzmann

from conftest import LEAK_S, UNIT_V, strayed
from neurosim.circuit import DrivenCircuit, IdealDiode, Pairs
from neurosim.errors import DataError
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.netlists.variants import hierarchical, with_noise
from neurosim.solvers import Transient, settle

pytestmark = pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")

SIZES = ((6, 8, 3), (5, 6, 7, 2), (9, 12, 4), (3, 5, 4, 6, 2))
# The scale of a diode: that in which its current grows e times.
SCALE_V = SHOCKLEY.slope_V


def network(seed, diode):
    """One of 20, each of other sizes, conductances and inputs."""
    rng = np.random.default_rng(seed)
    return random_network(rng, diode, SIZES[seed % len(SIZES)], rows=1)


def start_of(circuit, springs):
    start_V = np.zeros((1, circuit.n_nodes))
    start_V[:, springs.held_nodes] = springs.target_V[:, springs.held]
    return start_V


@pytest.mark.parametrize("seed", range(20))
def test_operating_points_are_ngspices(seed):
    """Ten with Shockley diodes by ngspice's own model, ten with ideal ones."""
    diode = SHOCKLEY if seed % 2 else IdealDiode()
    circuit, springs = network(seed, diode)
    ours_V = rest_of(circuit, springs).u_V[0]
    text = netlist(circuit, springs, 0, ours_V + 0.01, reltol=1e-9)
    _, theirs_V = run_ngspice(text)
    assert np.abs(theirs_V[-1] - ours_V).max() < 1e-3 * SCALE_V


def network_with_amplifiers(seed, diode):
    """The same with amplifiers between layers, each with a gain and an offset of its own."""
    circuit, springs = network(seed, diode)
    rng, n = np.random.default_rng(seed), circuit.n_nodes
    gain, offset_V = np.exp(0.1 * rng.standard_normal(n)), 0.1 * UNIT_V * rng.standard_normal(n)
    return strayed(lifted(circuit, 3.0), gain=gain, offset_V=offset_V), springs


@pytest.mark.parametrize("seed", range(4))
def test_operating_points_with_amplifiers_between_layers_are_ngspices(seed):
    """Voltage sources forth and current sources back, which no formula of ours is in."""
    circuit, springs = network_with_amplifiers(seed, SHOCKLEY if seed % 2 else IdealDiode())
    ours_V = rest_of(circuit, springs).u_V[0]
    text = netlist(circuit, springs, 0, ours_V + 0.01, reltol=1e-9)
    for written in (text, hierarchical(text, circuit.layers)):
        _, theirs_V = run_ngspice(written)
        assert np.abs(theirs_V[-1] - ours_V).max() < 1e-3 * SCALE_V


def check_transient(seed, diode, network=network):
    circuit, springs = network(seed, diode)
    start_V, end_s = start_of(circuit, springs), TAU_S
    time_s, wave_V = run_ngspice(netlist(circuit, springs, 0, start_V[0], end_s, end_s / 400))
    system = DrivenCircuit(circuit, springs, TAU_S)
    engine = Transient(rtol=1e-6, atol=1e-8)
    for share in (0.02, 0.1, 0.4, 1.0):
        ours_V = settle(system, start_V, share * end_s, engine).u_V[0]
        at = [np.interp(share * end_s, time_s, node_V) for node_V in wave_V.T]
        # Its steps of a 400th of the time follow jumps of some volts to 1e-3 V.
        np.testing.assert_allclose(ours_V, at, atol=0.05 * SCALE_V)


@pytest.mark.parametrize("network", [network, network_with_amplifiers])
def test_a_transient_is_ngspices(network):
    check_transient(1, SHOCKLEY, network)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "diode"), [(2, SHOCKLEY), (3, POINTS), (5, None), (6, SHOCKLEY)])
def test_further_transients_are_ngspices(seed, diode):
    check_transient(seed, diode)


@pytest.mark.slow
def test_a_batch_settles_a_hundred_times_as_fast_a_row_as_ngspice():
    rng = np.random.default_rng(0)
    circuit, springs = random_network(rng, SHOCKLEY, (128, 128, 10), gain=1.0, rows=1000)
    started_s = time.perf_counter()
    ours = rest_of(circuit, springs)
    ours_s = (time.perf_counter() - started_s) / 1000
    assert not ours.refused.any()
    text = netlist(circuit, springs, 0, np.zeros(circuit.n_nodes))
    started_s = time.perf_counter()
    _, theirs_V = run_ngspice(text)
    theirs_s = time.perf_counter() - started_s
    np.testing.assert_allclose(ours.u_V[0], theirs_V[-1], atol=1e-3 * SCALE_V)
    print(f"{1e6 * ours_s:.0f} us a row, ngspice {theirs_s:.2f} s: {theirs_s / ours_s:,.0f} times")
    assert theirs_s > 100 * ours_s


def test_blocks_do_not_change_what_ngspice_computes():
    circuit, springs = network(2, SHOCKLEY)
    text = netlist(circuit, springs, 0, np.zeros(circuit.n_nodes), reltol=1e-9)
    blocks = hierarchical(text, circuit.layers)
    (_, flat_V), (_, block_V) = run_ngspice(text), run_ngspice(blocks)
    np.testing.assert_allclose(block_V, flat_V, atol=1e-6)


@pytest.mark.slow
def test_ngspices_noise_of_every_resistor_leaves_no_correlation_of_two_nodes():
    """Hot enough to stand out of the solver's error, and short of white noise by 5 % (variants)."""
    circuit, springs = random_network(np.random.default_rng(0), None, (1, 1), rows=1)
    springs = replace(springs, conductance_S=np.full(2, LEAK_S), target_V=np.zeros((1, 2)))
    circuit = replace(circuit, biases=Pairs(np.zeros(2), np.zeros(2)))
    hot = DrivenCircuit(circuit, springs, TAU_S, temperature_K=3e6)
    text = netlist(circuit, springs, 0, np.zeros(2), 600 * TAU_S, TAU_S / 40)
    time_s, wave_V = run_ngspice(with_noise(text, hot))
    even = np.arange(10 * TAU_S, time_s[-1], TAU_S / 10)
    waves = np.stack([np.interp(even, time_s, wave) for wave in wave_V.T])
    scale = np.sqrt(Boltzmann * 3e6 / circuit.capacitance_F)
    found = np.cov(waves / scale[:, None])
    # Some 1,000 independent samples: 4 standard errors of a variance are 0.18.
    np.testing.assert_allclose(found, np.eye(2), atol=0.2)


@pytest.mark.slow
def test_ngspices_noise_behind_an_amplifier_is_that_of_the_lyapunov_equation():
    """A node between held ones: kT/C (G_below + g + G_above / A^2) / (all of it)."""
    circuit, springs = random_network(np.random.default_rng(0), None, (1, 1, 1), rows=1)
    springs = replace(springs, conductance_S=np.full(2, np.inf), target_V=np.zeros((1, 2)))
    circuit = lifted(replace(circuit, biases=Pairs(np.zeros(3), np.zeros(3))), 4.0)
    hot = DrivenCircuit(circuit, springs, TAU_S, temperature_K=3e6)
    text = netlist(circuit, springs, 0, np.zeros(3), 1200 * TAU_S, TAU_S / 40)
    time_s, wave_V = run_ngspice(with_noise(text, hot))
    even = np.arange(10 * TAU_S, time_s[-1], TAU_S / 10)
    wave_V = np.interp(even, time_s, wave_V[:, 2])
    below_S, above_S = circuit.couplings.plus_S[0]
    cold = (below_S + circuit.leak_S[2] + above_S / 16) / circuit.decay_S[2]
    found = np.var(wave_V) * circuit.capacitance_F[2] / (Boltzmann * 3e6)
    # Some 1,000 independent samples: 4 standard errors are 0.18 of it.
    assert found == pytest.approx(cold, rel=0.2)
    assert cold < 0.8


def test_pairs_are_refused_in_one_line():
    circuit, springs = network(0, SHOCKLEY)
    paired = replace(circuit, loading=0.5)
    with pytest.raises(DataError, match="needs single devices and a loading of 1") as error:
        netlist(paired, springs, 0, np.zeros(circuit.n_nodes))
    assert "\n" not in str(error.value)
