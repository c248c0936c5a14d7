"""Netlists with blocks and with noise, in ngspice."""

import re

import numpy as np
import pytest
from scipy.constants import Boltzmann
from scipy.linalg import solve_continuous_lyapunov
from scipy.signal import periodogram

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, errors_of, signed_pairs
from neurosim.circuit import Circuit, DrivenCircuit, Hopfield, Linear, Springs
from neurosim.errors import DataError
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.netlists.variants import hierarchical, noise_step_s, with_noise
from neurosim.network import Layers

TAU_S = CAPACITANCE_F / LEAK_S
# Noise is linear in the square root of the temperature: a hot one stands out of the solver's error.
HOT_K = 3e6

needs_ngspice = pytest.mark.skipif(
    not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice"
)


def start_of(circuit, seed=3):
    return UNIT_V * np.random.default_rng(seed).standard_normal(circuit.n_nodes)


@needs_ngspice
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("sizes", [(3, 5), (3, 5, 4, 2)])
def test_blocks_do_not_change_what_ngspice_computes(make_circuit, make_springs, law, sizes):
    circuit = make_circuit(law, "tanh", sizes, mismatch=0.05, loading=0.2, separate=True)
    text = netlist(circuit, make_springs(circuit, 1), 0, start_of(circuit), 3 * TAU_S, TAU_S / 20)
    blocks = hierarchical(text, circuit.layers)
    assert len(re.findall(r"^\.subckt", blocks, re.MULTILINE)) == 2 * len(sizes) - 1
    (flat_s, flat_V), (block_s, block_V) = run_ngspice(text), run_ngspice(blocks)
    assert flat_V.shape[1] == block_V.shape[1] == circuit.n_nodes
    # The order of the equations differs, and with it rounding: far below reltol = 1e-6.
    for node in range(circuit.n_nodes):
        found = np.interp(flat_s, block_s, block_V[:, node])
        np.testing.assert_allclose(found, flat_V[:, node], rtol=0, atol=1e-6 * UNIT_V)


def test_blocks_hold_every_element_once_and_the_couplings_apart(make_circuit, make_springs):
    circuit = make_circuit("gradient", "silu", (3, 5, 4))
    text = netlist(circuit, make_springs(circuit, 1), 0, start_of(circuit))
    blocks = hierarchical(text, circuit.layers)

    def elements(of):
        return sorted(line for line in of.splitlines() if re.match(r"[A-WYZ]+\d", line))

    assert elements(blocks) == elements(text)
    body = re.search(r"\.subckt crossbar_w1\n(.*?)\.ends", blocks, re.DOTALL)[1]
    couplings = re.findall(r"^G(\d+)_(\d+)", body, re.MULTILINE)
    ends = {tuple(sorted(map(int, pair))) for pair in couplings}
    assert ends == {(i, j) for i in range(3, 7) for j in range(7, 12)}


def noisy_V(text, circuit, grid_s, runs):
    """Node voltages at the times of a grid in several runs, (runs, times, nodes)."""
    out = []
    for _ in range(runs):
        time_s, u_V = run_ngspice(text)
        out.append([np.interp(grid_s, time_s, u_V[:, k]) for k in range(circuit.n_nodes)])
    return np.array(out).transpose(0, 2, 1)


@pytest.mark.slow
@needs_ngspice
def test_the_covariance_of_a_linear_network_is_that_of_the_lyapunov_equation(make_circuit):
    """A C + C A^T + B = 0 for du = A u dt + noise of intensity B, by SciPy."""
    circuit = make_circuit("hopfield", "linear", (2, 4, 3), w=0.25, loading=0.3, mismatch=0.1)
    n, springs = circuit.n_nodes, Springs(np.full(2, 2 * LEAK_S), np.zeros((1, 2)))
    system = DrivenCircuit(circuit, springs, TAU_S, HOT_K, amplifier_excess=1.5)
    decay_S = circuit.decay_S + np.r_[np.full(2, 2 * LEAK_S), np.zeros(n - 2)]
    coupled = np.zeros((n, n))
    odd, even = circuit.layers.odd, circuit.layers.even
    coupled[odd, even] = circuit.couplings.delta_S
    coupled[even, odd] = circuit.couplings.delta_S.T
    a = (coupled * errors_of(circuit).gain - np.diag(decay_S)) / circuit.capacitance_F[:, None]
    total_S = circuit.leak_S * 2.5 + circuit.load_S + (decay_S - circuit.decay_S)
    b = 2 * Boltzmann * HOT_K * total_S / circuit.capacitance_F**2
    expected = solve_continuous_lyapunov(a, -np.diag(b))

    end_s, step_s = 400 * TAU_S, noise_step_s(system)
    text = with_noise(netlist(circuit, springs, 0, np.zeros(n), end_s, step_s, 1e-3), system)
    # Samples 10 tau apart are independent: the slowest mode is well within 2 tau.
    assert -1 / np.linalg.eigvals(a).real.max() < 2 * TAU_S
    u_V = noisy_V(text, circuit, np.arange(20, 400, 10) * TAU_S, runs=6).reshape(-1, n)
    u_V = u_V - u_V.mean(axis=0)
    # Whitened, each variance is that of (len(u_V) - 1) draws; the fastest node is 5 % short.
    white = np.linalg.solve(np.linalg.cholesky(expected), u_V.T)
    variance = np.sum(white**2) / (white.size - n)
    spread = np.sqrt(2 / white.size)
    assert 0.95 - 5 * spread < variance < 1 + 5 * spread
    # A node without its own share of noise would be far below.
    each = np.var(white, axis=1)
    assert (np.abs(each - 0.975) < 0.025 + 5 * np.sqrt(2 / len(u_V))).all()


@pytest.mark.slow
@needs_ngspice
def test_the_flicker_noise_has_the_density_that_the_engine_asks_for():
    """One node, corner far above the band: S_u = a^2 / f over the leak squared."""
    layers, ones = Layers((1, 1)), np.ones(2)
    circuit = Circuit(
        layers, Hopfield(), Linear(UNIT_V), Linear(UNIT_V), CAPACITANCE_F * ones, LEAK_S * ones,
        signed_pairs(np.zeros((1, 1))), signed_pairs(np.zeros(2)), UNIT_V,
    )  # fmt: skip
    springs = Springs(np.zeros(1), np.zeros((1, 1)))
    corner_Hz = 1e9
    system = DrivenCircuit(circuit, springs, TAU_S, HOT_K, 1.0, corner_Hz)
    end_s, step_s = 400 * TAU_S, TAU_S / 5
    text = with_noise(
        netlist(circuit, springs, 0, np.zeros(2), end_s, step_s, 1e-3), system, step_s
    )
    grid_s = np.arange(0, end_s, step_s)
    u_V = noisy_V(text, circuit, grid_s, runs=12)
    f_Hz, density = periodogram(u_V, 1 / step_s, window="hann", detrend=False, axis=1)
    # Of a band far above 1 / end_s, and where straight lines between samples lose at most 2 %.
    band = (f_Hz > 5 / end_s) & (f_Hz < 0.3 / TAU_S)
    admittance_S = LEAK_S + 2j * np.pi * f_Hz[band] * CAPACITANCE_F
    area_A2 = density[:, band] * (f_Hz[band] * np.abs(admittance_S) ** 2)[:, None]
    expected = 4 * Boltzmann * HOT_K * LEAK_S * corner_Hz
    # A periodogram's ordinates are exponential; Hann's window ties each to its neighbours.
    spread = 5 * np.sqrt(1.5 / area_A2.size)
    assert area_A2.mean() / expected == pytest.approx(1, abs=0.04 + spread)


def test_a_clamped_node_and_an_ideal_profile_have_no_noise(make_circuit, make_springs):
    circuit = make_circuit()
    clamped = make_springs(circuit, 1, stiffness=np.inf)
    text = netlist(circuit, clamped, 0, start_of(circuit), TAU_S, TAU_S / 10)
    noisy = with_noise(text, DrivenCircuit(circuit, clamped, TAU_S, 300.0))
    sources = re.findall(r"^IN(\d+) 0 u\1 DC 0 TRNOISE\(", noisy, re.MULTILINE)
    assert [int(k) for k in sources] == list(range(3, 12))
    with pytest.raises(DataError, match="needs a temperature"):
        with_noise(text, DrivenCircuit(circuit, clamped, TAU_S))
    with pytest.raises(DataError, match="needs a transient"):
        with_noise(netlist(circuit, clamped, 0, start_of(circuit)),
                   DrivenCircuit(circuit, clamped, TAU_S, 300.0))  # fmt: skip
