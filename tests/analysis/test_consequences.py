"""What `profiles check` says follows from a profile, against hand calculations."""

import json

import numpy as np
import pytest
from scipy.stats import truncnorm

import neurosim as ns
from commands import run
from neurosim.analysis.consequences import consequences
from neurosim.analysis.figures import missed_weight
from neurosim.data import PairSource, load_digits
from neurosim.profile import load_profile
from neurosim.streams import Streams
from shipped import shipped


def test_the_sizes_of_a_chip_are_those_of_a_hand_calculation():
    """1 pF over 10 uS; +-320 mV in 2^8 - 2 steps; k = 8e-3 (2 x 15)^2 = 7.2; kT = 4.14e-21 J."""
    found = dict(consequences(load_profile("cmos_rc_6bit")))
    assert found["time constant C/g"] == "100 ns"
    assert found["C_x / C_h"] == "30"
    assert found["a step of a weight"].startswith(f"{0.6 / 31:.3g};")
    assert found["a step of the ADC, visible"].startswith(f"{640 / 254:.3g} mV, 0.025")
    away = 7.2 / (15 + 7.2) * 1.2 / 30
    assert found["a nudge moves its target by"].startswith(
        f"{away:.2g} of a unit, {away / (6.4 / 254):.2g} steps"
    )
    assert found["thermal noise kT/C"].startswith("64.4 uV, 0.00064")
    assert found["one write of a device"] == "10 ns"
    assert found["a write misses by"] == (
        f"0.006 of a weight of 1, a standard deviation where it is largest; {0.006 * 31 / 0.6:.2g} "
        "of its steps; if all 193 of a node miss so, it moves by "
        f"{0.006 * np.sqrt(193):.2g} of a unit"
    )


@pytest.mark.parametrize("window", [1e-4, 0.3, 1.0, 4.0, 30.0])
def test_a_write_that_is_repeated_misses_by_what_its_window_leaves(window):
    """That of a normal between +-window, by SciPy's, or uniform; one of 1 % of 6 uS by itself."""
    verify = ns.Verify(window_S=window * 6e-8, most_pulses=100)
    chip = load_profile("cmos_rc_6bit").with_value("write.verify", verify)
    spread = window / np.sqrt(3) if window < 0.01 else truncnorm.std(-window, window)
    assert missed_weight(chip) == pytest.approx(0.006 * spread, rel=1e-6)


def test_writing_the_array_takes_all_its_devices_at_so_many_at_a_time():
    """64-128-128 has 24,576 couplings and 320 biases of two devices each, 384 at a time."""
    rram = load_profile("rram_cmo_hfox")
    assert rram.supply.writes_at_once == 384
    writes = np.ceil(2 * (64 * 128 + 128 * 128 + 320) / 384)
    pulse_s = rram.write.pulses * rram.write.pulse_s
    assert (
        dict(consequences(rram))["writing the array of 64-128-128"]
        == f"{1e3 * writes * pulse_s:.3g} ms"
    )


def test_the_velocity_of_digits_is_that_of_batches_of_any_size():
    """Pairs by the least sum of squares, of 32 to 512 rows: 1.2 to the two digits that are said."""
    images = load_digits()[0]
    for rows in (32, 128, 512):
        pairs = PairSource(images, rows, Streams(0), prefetch=False)
        velocity = np.sqrt(np.mean(pairs.batch_at(0).u_t ** 2))
        assert velocity == pytest.approx(1.2, abs=0.05)


def test_the_devices_of_a_complementary_pair_step_against_each_other():
    pair = load_profile("cmos_rc_6bit").with_value("coupling.encoding", "complementary")
    target = pair.coupling.target(np.linspace(-0.6, 0.6, 4001), 1.0)
    reached = np.unique(np.round(target.plus_S - target.minus_S, 9))
    said = dict(consequences(pair))["a step of a weight"]
    assert said.startswith(f"{np.diff(reached).min():.3g};")


def test_the_nudge_is_that_of_the_task_that_the_chip_is_for():
    """Answers of 1 on a spring of 1, beta 0.2: 0.2 / 1.2 of a unit; +-32.767 units in 2^16 - 2."""
    chip = load_profile("board_resistive")
    found = dict(consequences(chip))
    assert found["made for"] == "answers, each input on two nodes, the second of opposite sign"
    step = 2 * chip.dac.range_V / (2**chip.dac.bits - 2) / chip.node.unit_V
    assert found["a nudge moves its target by"] == (
        f"0.17 of a unit, {0.2 / 1.2 / step:.2g} steps of the DAC, at a beta of an answer of 0.2"
    )
    assert "made for" not in dict(consequences(load_profile("cmos_rc_6bit")))


def test_steps_are_beside_their_range_and_those_of_the_ammeter_are_velocities():
    """+-320 mV in 2^8 - 2 steps; a velocity of 1 at alpha 2 is 10 uS x 100 mV / 2 = 500 nA."""
    found = dict(consequences(load_profile("cmos_rc_6bit")))
    for name in ("a step of the ADC, visible", "a step of the DAC"):
        assert found[name] == "2.52 mV, 0.025 of a unit; 254 steps over +-320 mV"
    said = f"{6e3 / 254:.3g} nA, a velocity of {6 / 254 * 2:.2g}; 254 steps over +-3 uA"
    assert found["a step of the ammeter"] == said
    # 128 + 64 pairs of 0.6 x 10 uS at 100 mV; the model of a load is of tests/analysis/test_loads.
    assert found["the busiest output delivers"] == (
        f"{0.07 * 192 * 0.6:.3g} uA of 45.8 uA; where all weights are full {192 * 0.6:.3g} uA"
    )
    blind = load_profile("cmos_rc_6bit").with_value("current_sense", None)
    assert "a step of the ammeter" not in dict(consequences(blind))


def test_steps_of_phases_are_in_radians_of_their_own_nodes():
    """Half a turn either way in 2^8 - 2 steps, of visible nodes that stand for 1 at 0.4 rad too."""
    half_turn = {"adc.visible_range_V": np.pi / 0.4, "adc.hidden_range_V": np.pi}
    chip = load_profile("ideal_oscillator_flow").with_values(
        half_turn | {"adc.bits": 8, "dac.bits": 8, "dac.range_V": np.pi / 0.4}
        | {f"{block}.source": "assumed: a test" for block in ("adc", "dac")}
    )  # fmt: skip
    found, step = dict(consequences(chip)), 2 * np.pi / 254
    for name in ("a step of the ADC, visible", "a step of the ADC, hidden", "a step of the DAC"):
        assert found[name] == f"{step:.2g} rad; 254 steps over +-3.1 rad"


@shipped
def test_every_shipped_chip_has_its_sizes_and_nothing_of_effects_that_it_lacks(name):
    profile, found = load_profile(name), dict(consequences(load_profile(name)))
    assert ("a step of the DAC" in found) is (profile.dac.bits is not None)
    noise = "a phase diffuses by" if profile.node.oscillating else "thermal noise kT/C"
    assert (noise in found) is (profile.thermal.temperature_K is not None)


def test_the_command_has_them_for_people_and_programs():
    said = run("profiles", "check", "cmos_rc_6bit")
    record = json.loads(run("profiles", "check", "cmos_rc_6bit", "--json").stdout)
    for what, value in record["follows"].items():
        assert what in said.output
        assert value in " ".join(said.output.split())
    assert record["follows"]["C_x / C_h"] == "30"


def test_what_couplings_hang_on_the_nodes_is_said():
    """1 pF a node; 129 terminals of 1 fF on a node of 64-128-128's outer layers, 193 within."""
    slow = load_profile("cmos_rc_6bit").with_value("coupling.parasitic_F", "1 fF")
    found = dict(consequences(slow))
    # 194 fF hang on nodes of the first hidden layer, 130 fF on those of the other two.
    assert found["C_x / C_h"] == f"{30.129 / (1 + (0.193 + 0.129) / 2):.3g}"
    assert found["couplings' own capacitance"] == "nodes are 1.13 to 1.19 times as slow as C/g"
    assert "couplings' own capacitance" not in dict(consequences(load_profile("cmos_rc_6bit")))
