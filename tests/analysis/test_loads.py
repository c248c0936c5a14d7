"""What outputs deliver, and how far that is from what the shipped chips do."""

import numpy as np
import pytest

from neurosim.analysis.loads import load_notes, load_warnings, noise_gain, output_load_A
from neurosim.analysis.problem import shipped_weights
from neurosim.chip import Chip
from neurosim.data import PairSource, load_digits
from neurosim.profile import load_profile
from neurosim.streams import Streams
from shipped import shipped

CMO = load_profile("rram_cmo_hfox")


def test_the_busiest_output_drives_every_pair_on_it():
    # 128 + 64 pairs of 8 uS each idle, and 82.2 uS more at full scale, at 62.5 mV.
    assert output_load_A(CMO, 0.0) == pytest.approx(192 * 16e-6 * 62.5e-3)
    assert output_load_A(CMO, 1.0) == pytest.approx(192 * (16e-6 + 82.2e-6) * 62.5e-3)
    assert noise_gain(CMO, 0.0) == pytest.approx(1 + 192 * 16 / 137)


def test_between_resistors_the_sources_of_inputs_deliver():
    """128 couplings of full scale at 40 x 50 mV and their idle; of the answers' layer none."""
    board = load_profile("board_resistive")
    full_S = board.coupling.full_scale * board.node.leak_S
    upward = board.layers[1]
    assert output_load_A(board, 1.0) == pytest.approx(upward * full_S * 40 * 0.05, rel=0.05)
    (note,) = load_notes(board)
    assert note.startswith("a driver of inputs of 46 mA carries no full weights")
    lifted = board.with_values(
        {"layers": (128, 64, 64, 10), "node.law.gain": 4.0, "node.source": "assumed: a test"}
    )
    assert output_load_A(lifted, 1.0) == pytest.approx(64 * full_S * 40 * 0.05, rel=0.05)


def test_trained_weights_load_a_mean_output_with_135_uA_and_a_busy_one_with_twice_as_much():
    quiet = CMO.with_values({"thermal.temperature_K": "ideal", "device_noise": "ideal"})
    chip, node = Chip(quiet), CMO.node
    chip.program(shipped_weights("hopfield", "trained"))
    x_t = PairSource(load_digits()[0], 32, Streams(0), prefetch=False).batch_at(0).x_t
    chip.precharge(x_t * node.unit_V)
    chip.drive(x_t * node.unit_V, 15 * node.leak_S)
    chip.settle(10 * node.tau_s)
    circuit, layers = chip.circuit, chip.circuit.layers
    load_S = np.empty(layers.n_nodes)
    load_S[layers.even] = (circuit.couplings.plus_S + circuit.couplings.minus_S).sum(axis=0)
    load_S[layers.odd] = (circuit.couplings.plus_S + circuit.couplings.minus_S).sum(axis=1)
    delivered_A = np.abs(chip.output_V) * load_S
    assert delivered_A.mean() == pytest.approx(135e-6, rel=0.05)
    # What notes go by is near the 99th percentile.
    assert output_load_A(CMO) == pytest.approx(np.quantile(delivered_A, 0.99), rel=0.1)


def test_an_amplifier_that_cannot_carry_its_array_is_told_with_what_it_would_have_to():
    (told,) = load_warnings(CMO.with_value("supply.driver.most_A", 46e-6))
    said = "supply.driver.most_A: an amplifier of 46 uA does not carry its array: the busiest outp"
    assert told.startswith(said)
    assert "delivers 261 uA where weights are 7% of the full scale" in told
    assert "1.18 mA where all are the full scale; raise it, or lower node.leak_S" in told
    fair = CMO.with_value("supply.driver.most_A", 0.5e-3)
    assert load_notes(fair)[0].startswith("an amplifier of 500 uA carries no full weights")
    assert load_warnings(fair) == []
    assert load_notes(CMO.with_value("supply.driver", "ideal"))[0].startswith("supply.driver is id")
    (low,) = load_warnings(CMO.with_value("supply.driver.rail_V", 0.2))
    assert low.startswith("supply.driver.rail_V: outputs of 0.25 V must lie within the rails of")


def test_receptive_fields_load_the_amplifiers_that_they_leave_out_less():
    full = load_profile("cmos_rc_6bit").with_value("layers", (64, 64, 128))
    local = full.with_value("pattern", {"pattern": "local", "reach": 1})
    pairs = [profile.network.couplings_per_node.max() - 1 for profile in (local, full)]
    assert pairs[0] < 0.8 * pairs[1]
    assert output_load_A(local) == pytest.approx(output_load_A(full) * pairs[0] / pairs[1])


def test_amplifiers_between_layers_drive_what_is_above_them_at_a_times_the_voltage():
    changes = {"layers": (128, 64, 64, 10), "host.input_gain": 1.0}
    board = load_profile("board_resistive").with_values(changes)
    plain = board.with_value("node.source", board.node.source | {"law": "assumed: for this test"})
    lifted = plain.with_value("node.law.gain", 4)
    assert output_load_A(lifted) == pytest.approx(4 * output_load_A(plain))
    low = lifted.with_value("supply.driver.rail_V", 3 * plain.node.unit_V)
    said = f"outputs of {4 * plain.node.unit_V:g} V must lie within the rails of"
    assert any(said in line for line in load_warnings(low))


@shipped
def test_every_shipped_amplifier_carries_its_array_within_its_rails(name):
    assert load_warnings(load_profile(name)) == []
    assert "supply.driver is ideal" not in " ".join(load_notes(load_profile(name)))
