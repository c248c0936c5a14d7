"""Sources on layers beside the visible one, a spring a node, and currents that are injected."""

import numpy as np
import pytest
from scipy.constants import Boltzmann

from driven import INJECTORS, SIZES, SOURCE, K, N, chip_of, standing, units
from neurosim.chip import Chip
from neurosim.errors import DataError, ProfileError
from neurosim.host import FlowSettings, initial_weights, present
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.network import Layers, Weights
from neurosim.solvers import OperatingPoint, Transient

AT_REST = OperatingPoint()


def test_a_lone_node_stands_where_its_own_spring_and_its_leak_agree():
    """K (V - u) = g u, with a stiffness of its own for every node."""
    rng = np.random.default_rng(0)
    target, stiffness = rng.standard_normal((2, K)), rng.uniform(0.5, 20, K)
    stiffness[1] = stiffness[-1] = 0.0
    u, layers = standing(chip_of(), target, stiffness), Layers(SIZES)
    stand = target * stiffness / (1 + stiffness)
    np.testing.assert_allclose(u[:, layers.nodes(0)], stand[:, : SIZES[0]], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(u[:, layers.nodes(-1)], stand[:, SIZES[0] :], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(u[:, layers.nodes(1)], 0.0)


def test_held_nodes_of_every_layer_with_sources_stand_at_their_sources():
    chip, target = chip_of(), np.random.default_rng(0).standard_normal((2, K))
    one = units(chip)
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(1)))
    chip.precharge(target * one.V)
    np.testing.assert_array_equal(chip.u_V[:, one.last], target[:, one.answers] * one.V)
    chip.clamp(target * one.V)
    chip.settle(one.tau_s)
    held_V = chip.u_V[:, [*range(SIZES[0]), *range(N)[one.last]]]
    np.testing.assert_array_equal(held_V, target * one.V)
    mask = np.arange(K) >= SIZES[0]
    chip.clamp(-target * one.V, mask)
    before_V = chip.u_V[:, : SIZES[0]]
    chip.settle(one.tau_s)
    np.testing.assert_array_equal(chip.u_V[:, one.last], -target[:, one.answers] * one.V)
    slow = chip.system().circuit.capacitance_F[: SIZES[0]]
    assert (slow > chip.circuit.capacitance_F[: SIZES[0]]).all()
    assert (chip.u_V[:, : SIZES[0]] != before_V).all()


@pytest.mark.parametrize("layers", [(4, 6, 3), (4, 6, 5, 3), (4, 3)])
def test_columns_of_targets_are_layer_after_layer_however_nodes_are_stored(layers):
    chip = chip_of(layers=layers, injectors=None)
    one, depth = units(chip), len(layers)
    target = np.zeros((1, layers[0] + layers[-1]))
    target[:, one.answers] = [[0.1, 0.2, 0.3]]
    u = standing(chip, target, 1.0)
    np.testing.assert_allclose(u[0, chip.data_sheet.layers.nodes(depth - 1)], [0.05, 0.1, 0.15])
    assert np.count_nonzero(u) == 3


@pytest.mark.parametrize("name", ["ideal_hopfield", "cmos_rc_6bit", "rram_cmo_hfox"])
def test_a_host_that_drives_the_visible_nodes_alone_sees_no_other_source(name):
    """The other layers' sources let go: the same bits as of a chip that has none."""
    rng = np.random.default_rng(0)
    x, u = rng.uniform(-1, 1, (2, 5, SIZES[0]))
    shown = []
    for changes in ({}, {"sources": [0], "injectors": None}):
        chip = chip_of(name, **changes)
        chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(1)))
        got = present(chip, x, u, FlowSettings(beta=1e-3, settle_tau=5.0))
        chip.release()
        chip.settle(0.1 * chip.data_sheet.release_tau_s)
        shown.append([got.velocity, *got.outputs[1:], chip.u_V])
    for mine, other in zip(*shown, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_current_stands_over_the_leak_and_joins_the_bias():
    """(I + b unit) = g u at a lone node."""
    chip, rng = chip_of(), np.random.default_rng(0)
    layers = chip.data_sheet.layers
    bias = Weights.zeros(layers)
    bias.bias[:] = rng.uniform(-0.5, 0.5, N)
    chip.program(bias)
    currents = rng.uniform(-0.3, 0.3, (2, SIZES[1] + SIZES[2]))
    u = standing(chip, np.zeros((2, K)), 0.0, injected=currents)
    at = chip.die.injectors
    np.testing.assert_allclose(u[:, at], currents + bias.bias[at], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(u[:, : SIZES[0]], np.tile(bias.bias[: SIZES[0]], (2, 1)), rtol=1e-6)
    chip.precharge(np.zeros((2, SIZES[0])))
    chip.drive(np.zeros((2, SIZES[0])), 0.0)
    chip.settle(60 * chip.data_sheet.tau_s)
    u = chip.u_V / chip.data_sheet.unit_V
    np.testing.assert_allclose(u, np.tile(bias.bias, (2, 1)), rtol=1e-6, atol=1e-8)


def test_the_ammeter_says_what_each_source_gives_and_an_injector_takes_over():
    """It is g V for a node that is held, K (V - u) for one on a spring, g V - I with I injected."""
    chip = chip_of()
    one = units(chip)
    held = np.arange(K) == SIZES[0]
    target, current = np.full((1, K), 0.4), np.zeros((1, SIZES[1] + SIZES[2]))
    current[:, chip.data_sheet.injected_columns(-1)] = 0.1
    standing(chip, target, 3.0, held, current)
    got = chip.sense() / one.A
    np.testing.assert_allclose(got[0, : SIZES[0]], 3 * (0.4 - 0.3), rtol=1e-6)
    np.testing.assert_allclose(got[0, SIZES[0]], 0.4 - 0.1, rtol=1e-6)
    sprung = (3 * 0.4 + 0.1) / 4
    np.testing.assert_allclose(got[0, SIZES[0] + 1 :], 3 * (0.4 - sprung), rtol=1e-6)
    standing(chip, target[:, : SIZES[0]], 3.0)
    assert chip.sense().shape == (1, SIZES[0])


def test_an_injector_has_codes_a_range_and_noise():
    bits, range_A, noise_A = 4, 1e-6, 1e-8
    stated = {"bits": bits, "range_A": range_A, "noise_A": noise_A, "source": SOURCE}
    chip = chip_of(injectors=INJECTORS | stated)
    assert (chip.data_sheet.max_injected_A, chip.data_sheet.injector_layers) == (range_A, (1, 2))
    rows, n = 4000, SIZES[1] + SIZES[2]
    chip.precharge(np.zeros((rows, SIZES[0])))
    asked_A = np.full((rows, n), 2.0e-6)
    asked_A[:, 1:] = 0.31e-6
    nominal_A = chip.inject(asked_A)
    step_A = 2 * range_A / (2**bits - 2)
    np.testing.assert_allclose(nominal_A[:, 0], range_A)
    np.testing.assert_allclose(nominal_A[:, 1:], 2 * step_A)
    assert (chip.ledger.injector_clipped, chip.ledger.dac_clipped) == (rows, 0)
    assert chip.ledger.injector_conversions == rows * n
    assert chip.ledger.dac_conversions == rows * SIZES[0]
    error_A = chip.system().injected_A[:, chip.die.injectors] - nominal_A
    z = (error_A.std() / noise_A - 1) * np.sqrt(2 * error_A.size)
    assert abs(z) < 4
    twin = Chip(chip.profile, chip.seed)
    twin.restore(chip.state())
    both = []
    for one in (chip, twin):
        one.precharge(np.zeros((2, SIZES[0])))
        one.inject(np.zeros((2, n)))
        both.append(one.system().injected_A)
    np.testing.assert_array_equal(*both)
    assert (both[0][:, chip.die.injectors] != 0).all()


def test_the_noise_of_a_node_on_a_spring_is_kt_over_c_whatever_its_stiffness():
    """Equipartition: a spring damps as much as it shakes."""
    kelvin = {"temperature_K": 300.0, "amplifier_excess": "ideal"}
    kelvin |= {"flicker_corner_Hz": "ideal", "source": SOURCE}
    chip, rows = chip_of(thermal=kelvin), 4000
    stiffness = np.array([0.0, 1, 2, 4, 0, 3, 9])
    u = standing(chip, np.zeros((rows, K)), stiffness, tau=12.0)
    sigma = np.sqrt(Boltzmann * 300 / chip.profile.node.capacitance_F) / chip.data_sheet.unit_V
    z = (u.std(axis=0) / sigma - 1) * np.sqrt(2 * rows)
    assert np.abs(z).max() < 4.5


def test_the_ledger_has_the_heat_of_every_spring_and_the_conversions_of_sources_in_use():
    chip, rows = chip_of(supply=None), 2
    one = units(chip)
    target, held = np.full((rows, K), 0.3), np.arange(K) < 2
    stiffness = np.array([0, 0, 0, 2, 1, 0, 5.0])
    u = standing(chip, target, stiffness, held)
    before = chip.ledger.copy()
    chip.drive(target * one.V, stiffness * one.S, held)
    assert chip.ledger.dac_conversions - before.dac_conversions == rows * (2 + 3)
    chip.settle(3 * one.tau_s)
    at = [3, *range(N)[one.last]]
    power_W = np.sum(stiffness[3:] * (0.3 - u[:, at]) ** 2) * one.S * one.V**2
    spent_J = chip.ledger.springs_J - before.springs_J
    assert spent_J == pytest.approx(power_W * 3 * one.tau_s, rel=1e-6)
    reads = chip.ledger.adc_conversions
    assert chip.read((-1,)).shape == (rows, SIZES[-1])
    assert chip.ledger.adc_conversions - reads == rows * SIZES[-1]


def test_reading_some_layers_gives_what_reading_all_gives_there():
    """Each node has the converter and the range of its own."""
    channels = {"count": "per_node", "offset": 0.01, "gain": 0.02, "inl_lsb": 0.5}
    chip = chip_of("cmos_rc_6bit", adc__channels=channels | {"source": SOURCE}, adc__noise="ideal")
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(1)))
    standing(chip, np.random.default_rng(0).standard_normal((4, K)), 5.0)
    layers, whole = chip.data_sheet.layers, chip.read()
    for chosen in [(0,), (-1,), (1,), (0, 2), (0, 1, 2)]:
        np.testing.assert_array_equal(chip.read(chosen), whole[:, layers.nodes_of(chosen)])
    np.testing.assert_array_equal(chip.read_visible(), whole[:, layers.visible])


@pytest.mark.every(4)
@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice")
@pytest.mark.parametrize("name", ["cmos_rc_6bit", "ideal_gradient"])
@pytest.mark.parametrize("layers", [(4, 6, 3), (4, 6, 5, 3)])
def test_ngspice_agrees_on_held_inputs_answers_with_springs_and_injected_currents(name, layers):
    tight = Transient(rtol=1e-10, atol=1e-12)
    chip = chip_of(name, layers=layers, engine=tight, thermal__temperature_K="ideal")
    sheet, one, rng = chip.data_sheet, units(chip), np.random.default_rng(2)
    chip.program(initial_weights(sheet.layers, 0.5, rng))
    n, held = sheet.n_sources, np.arange(sheet.n_sources) < layers[0]
    current = 0.2 * rng.standard_normal((1, sheet.n_injectors))
    standing(chip, rng.uniform(-1, 1, (1, n)), rng.uniform(0.5, 5, n), held, current, tau=120.0)
    system = chip.system()
    text = netlist(system.circuit, system.springs, 0, chip.u_V[0], injected_A=system.injected_A[0])
    assert np.abs(run_ngspice(text)[1] - chip.u_V).max() < 1e-6 * one.V


# What is refused


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sources": [0, 3]}, r"sources: must name layers from 0 to 2, .* -1, but is \[0, 3\]"),
        ({"sources": [-1]}, r"sources: must name layer 0, whose nodes the host charges"),
        ({"injectors": INJECTORS | {"layers": [5], "source": SOURCE}}, "layers: must name layers"),
        ({"injectors": INJECTORS | {"bits": 6, "source": SOURCE}}, "needs a finite range"),
        (
            {"injectors": INJECTORS | {"range_Hz": "1 kHz", "source": SOURCE}},
            "range_Hz: must be ideal where nodes are voltages, .* but is 1 kHz; state range_A",
        ),
        ({"injectors": INJECTORS | {"layers": [], "source": SOURCE}}, "injectors.layers"),
    ],
)
def test_a_profile_says_what_is_wrong_with_its_sources(changes, match):
    with pytest.raises(ProfileError, match=match):
        chip_of(**changes)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda c: c.drive(np.zeros((2, 5)), 1e-6), r"shape \(rows, 4 or 7\), but have \(2, 5\)"),
        (lambda c: c.drive(np.zeros((2, 7)), np.ones(4)), "one for each of 7 nodes"),
        (lambda c: c.drive(np.zeros((2, 7)), -np.ones(7)), "between 0 S and inf S, but got -1 S"),
        (lambda c: c.drive(np.zeros((2, 7)), np.full(7, np.nan)), "but got nan S"),
        (
            lambda c: c.clamp(np.zeros((2, 7)), np.ones(4, bool)),
            "have one value for each of 7 driven nodes",
        ),
        (lambda c: c.inject(np.zeros((2, 3))), r"currents of shape \(2, 9\), .* got \(2, 3\)"),
        (lambda c: c.read((3,)), "numbers from 0 to 2"),
        (lambda c: c.data_sheet.columns(1), "Layer 1 must have voltage sources.* the layers 0, 2"),
        (lambda c: c.data_sheet.injected_columns(0), "Layer 0 must have injectors"),
    ],
)
def test_a_chip_says_what_is_wrong_with_a_drive(call, match):
    chip = chip_of()
    chip.precharge(np.zeros((2, SIZES[0])))
    with pytest.raises(DataError, match=match):
        call(chip)


def test_a_chip_without_injectors_says_so():
    chip = chip_of(injectors=None)
    assert chip.data_sheet.injector_layers == ()
    with pytest.raises(DataError, match="needs injectors, but ideal_hopfield has none"):
        chip.inject(np.zeros((0, 0)))
    with pytest.raises(DataError, match="has them on no layer"):
        chip.data_sheet.injected_columns(0)


def test_the_contrast_of_a_flow_is_that_of_the_data_sheet():
    chip = chip_of()
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    shown = present(chip, *rng.uniform(-1, 1, (2, 3, SIZES[0])), FlowSettings(beta=1e-3))
    sheet = chip.data_sheet
    parts = [sheet.contrast.derivative(v, sheet.layers) for v in shown.outputs[1:]]
    found = shown.gradient
    np.testing.assert_array_equal(found.vector, ((parts[0] - parts[1]) / 2e-3).vector)
