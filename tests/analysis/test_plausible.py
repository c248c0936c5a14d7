"""What is odd or of no effect in a profile that is valid."""

import json

import numpy as np
import pytest

from commands import one_line, run
from neurosim.analysis.plausible import ODD, WARNINGS, mistakes_in, numbers_of, warnings_in
from neurosim.blocks.files import dump_block
from neurosim.circuit import Oscillator
from neurosim.devices import PowerLaw, TableDrift, Verify, Write
from neurosim.errors import ProfileError
from neurosim.profile import load_profile, shipped_profiles
from shipped import each_kind

CHIP = load_profile("cmos_rc_6bit")
RRAM = load_profile("rram_neurram_130nm")


@each_kind
def test_a_shipped_profile_has_no_mistakes_and_nothing_odd(name):
    profile = load_profile(name)
    assert mistakes_in(profile) == []
    assert warnings_in(profile) == []


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"drift": PowerLaw(start_s=1, reference_S=4e-5, exponent=0.01, exponent_spread=0.03)},
         "drift.exponent_spread: 37% of the devices come out with an exponent below 0"),
        ({"drift": PowerLaw(start_s=1, reference_S=4e-5, exponent=0.1, exponent_spread=-0.01)},
         "drift.exponent_spread: must be at least 0"),
        ({"drift": TableDrift(reference_S=4e-5, times_s=(0, 1), shift=(0, 0), spread=(0.2, 0.1))},
         "drift.spread.1: must be at least the spread at the first time"),
        ({"drift": TableDrift(reference_S=4e-5, times_s=(0, 1), shift=(0, 0), spread=(0, -0.1))},
         "drift.spread.1: must be at least 0"),
        ({"write": Write(reference_S=4e-5, noise={"polynomial": [0.03, -0.05]})},
         "write.noise: must be at least 0 over the couplings' range, but is -0.02 at 40 uS"),
        ({"device_noise.short_term": -0.01}, "device_noise.short_term: must be at least 0"),
    ],
)  # fmt: skip
def test_what_the_model_would_cut_off_is_warned_of(tmp_path, changes, text):
    profile = RRAM.with_values(changes)
    assert any(text in line for line in warnings_in(profile))
    assert mistakes_in(profile) == []
    path = tmp_path / "p.yaml"
    path.write_text(dump_block(profile))
    result = run("profiles", "check", path)
    assert result.exit_code == 0
    assert text in result.stderr


def test_a_cell_that_leaks_before_it_is_refreshed_is_warned_of():
    """It keeps exp(-t / tau): of five time constants less than a hundredth."""
    cells = load_profile("cap_cell_14nm")
    assert not any("refresh" in line for line in warnings_in(cells))
    fast = cells.with_values({"drift.tau_s": 2e-4, "host.refresh_s": 1e-3})
    (said,) = [line for line in warnings_in(fast) if "refresh" in line]
    assert said.startswith("host.refresh_s: a cell loses 99% before it is refreshed after 1 ms")


def test_what_a_warning_says_is_what_the_model_does():
    """Devices of a negative exponent stay where they are; by the logarithm they would rise."""
    law = PowerLaw(start_s=1, reference_S=1e-5, exponent={"polynomial": [0.03, -0.05]})
    one = np.full(3, 1e-5)
    assert (law.aged(one, one, np.full(3, 1e4), np.zeros(3)) == one).all()


def test_an_exponent_that_is_cut_off_somewhere_is_refused_by_the_check():
    law = PowerLaw(start_s=1, reference_S=4e-5, exponent={"polynomial": [0.03, -0.05]})
    rising = RRAM.with_value("drift", law)
    text = "drift.exponent: must be at least 0 over the couplings' range, but is -0.02 at 40 uS"
    (line,) = mistakes_in(rising)
    assert line.startswith(text)
    assert not any("drift.exponent:" in line for line in warnings_in(rising))


def test_an_exponent_that_is_cut_off_everywhere_is_refused():
    with pytest.raises(ProfileError, match=r"exponent: must be at least 0, .* write `law: log`"):
        PowerLaw(start_s=1, reference_S=4e-5, exponent=-0.03)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"adc.visible_range_V": "20 mV"}, "adc.visible_range_V is 0.2 of a unit, so that most"),
        ({"dac.range_V": "30 mV"}, "dac.range_V is 0.3 of a unit, so that most values clip; raise"),
        ({"adc.hidden_range_V": "30 mV"}, "adc.hidden_range_V is 0.3 of a unit, so that most"),
        ({"thermal.temperature_K": 27}, "thermal.temperature_K is 27 K: is it in degrees Celsius?"),
        ({"adc.noise": 0.3}, "adc.noise is 0.3 of the range, more than what is read"),
        ({"node.bandwidth_Hz": "1 MHz"}, "node.bandwidth_Hz: amplifiers follow within 1.6 time"),
        ({"host.settle_tau": 0.5}, "host.settle_tau is 0.5: nodes are read before they settle"),
        ({"mismatch.offset_V": "50 mV"}, "mismatch.offset_V is 0.5 of a unit; raise node.unit_V"),
        ({"mismatch.coupling": 0.8}, "mismatch.coupling is 80%: is it a relative deviation?"),
        ({"mismatch.gain": 0.5}, "mismatch.gain is 50%: is it a relative deviation?"),
        ({"node.visible_rail_V": "10 mV"}, "node.visible_rail_V is 0.1 of a unit; raise it"),
    ],
)
def test_figures_out_of_the_way_are_warned_of_with_what_to_do(changes, text):
    assert CHIP.node.unit_V == 0.1
    assert any(line.startswith(text) for line in warnings_in(CHIP.with_values(changes)))


def test_devices_that_would_hold_no_weight_are_warned_of():
    """Each is one number of a device, in the wrong unit or as a percentage."""
    cmo = load_profile("rram_cmo_hfox")
    for changes, text in (
        ({"device_noise.short_term": 900}, "device_noise: a conductance fluctuates by 900 uS"),
        ({"device_noise.flicker": 100}, "device_noise: a conductance fluctuates by"),
        (
            {"write.noise": {"polynomial": [0, 40, -39.8]}},
            "write.noise: a write misses by 904.5 uS",
        ),
        ({"drift.shift_S": "-8.9 uS"}, "drift: within a day a mean device goes by"),
        ({"pulse.cycle_noise": 130}, "pulse.cycle_noise is 130 times what it spreads"),
        ({"pulse.step_spread": 25}, "pulse.step_spread is 25 times what it spreads"),
        ({"write.reference_S": "9 nS"}, "write.reference_S is 9 nS, orders of magnitude"),
    ):
        lines = warnings_in(cmo.with_values(changes))
        assert any(line.startswith(text) for line in lines), (text, lines)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"write.reference_S": 10.0}, "write.reference_S is 10 S, orders of magnitude beside"),
        ({"device_noise.reference_S": 40.0}, "device_noise.reference_S is 40 S"),
        ({"node.leak_S": "10 MS"}, "node.leak_S is 10 MS; chips have 100 fS to 100 mS"),
        ({"node.capacitance_F": "1 aF"}, "node.capacitance_F is 1 aF; chips have"),
        ({"node.capacitance_F": "1 F"}, "node: the time constant capacitance_F / leak_S is"),
        ({"dac.range_V": "2 kV"}, "dac.range_V is 2 kV; chips have 1 nV to 100 V"),
        ({"supply.adc_J": "20 kJ"}, "supply.adc_J is 20 kJ"),
        ({"write.noise": 1.5}, "write.noise: a write misses by 60 uS, beyond all of"),
        ({"write": Write(reference_S=4e-5, noise=0.1, verify=Verify(window_S=2e-3, most_pulses=9))},
         "write.verify.window_S is 2 mS, beyond all of"),
        ({"drift": {"law": "log", "start_s": 1, "shift_S": "-89 uS", "spread_S": "ideal",
                    "spread_growth_S": "ideal", "source": "assumed: a test"}},
         "drift.shift_S is -89 uS, beyond all of the couplings'"),
        ({"drift": {"law": "leak", "tau_s": 1, "tau_spread": "ideal", "rest_S": "1 mS",
                    "source": "assumed: a test"}}, "drift.rest_S is 1 mS, beyond all of"),
        ({"coupling.levels": {"law": "table", "values_S": [1e-9, 2e-9, 3e-9]}},
         "coupling.levels are 1 nS to 3 nS, and the couplings' 1 uS to 40 uS"),
        ({"layers": (65, 12, 10)}, "layers: the digits that are shipped have 64, 256, 784"),
    ],
)  # fmt: skip
def test_what_is_odd_is_warned_of(changes, text):
    profile = RRAM.with_values(changes)
    assert any(text in line for line in warnings_in(profile)), warnings_in(profile)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"angle_rad": -1.7}, "node.law.angle_rad is -1.7 rad; from a quarter turn, 1.57 rad, pos"),
        ({"sync": 20}, "node.law.sync is 20, more than all couplings of a node pull with, 14:"),
        ({"sync": 1, "ramp_s": "1 us"},
         "node.law.ramp_s is 1 us, longer than a settle of 424 ns: phases are read before"),
        ({"detuning_Hz": "100 MHz"}, "node.law.detuning_Hz is 100 MHz, beyond the 52.5"),
    ],
)  # fmt: skip
def test_what_is_odd_of_oscillators_is_warned_of(changes, text):
    law = {"linewidth_Hz": 1e4} | changes
    ring = load_profile("oim_ring_65nm").with_values(
        {"layers": (4, 6, 2), "node.law": Oscillator.model_validate(law)}
    )
    [found] = [line for line in warnings_in(ring) if line.startswith("node.law")]
    assert text in found
    risen = {"node.law.sync": 20, "node.law.ramp_s": 1e-7}
    assert not [line for line in warnings_in(ring.with_values(risen)) if "node.law.sync" in line]


def test_a_gain_between_layers_that_no_amplifier_has_is_warned_of():
    plain = load_profile("ideal_resistive").with_values({"layers": (64, 12, 12, 10)})
    for gain, told in ((100, 0), (1e9, 1)):
        lines = warnings_in(plain.with_value("node.law.gain", gain))
        assert len([line for line in lines if "node.law.gain is 1e+09" in line]) == told


def test_what_training_would_stop_at_is_a_mistake():
    soft = RRAM.with_value("spring.max_S", "1 uS")
    (line,) = mistakes_in(soft)
    assert line.startswith("train would stop: The spring with its nudge must be at most")
    # A chip of numbers far from any is made, and not run.
    assert mistakes_in(soft.with_value("node.capacitance_F", "1 F")) == [line]
    assert mistakes_in(RRAM.with_value("node.capacitance_F", "1 F")) == []
    assert mistakes_in(soft.with_value("spring.max_S", "0.01 pS"))


def test_a_chip_for_answers_is_tried_with_answers():
    chip = load_profile("rram_1t1r_resistive").with_value("layers", (20, 6, 4))
    assert mistakes_in(chip) == []
    assert not any("pixels" in line for line in warnings_in(chip))
    (line,) = mistakes_in(chip.with_value("spring.max_S", "1 pS"))
    assert line.startswith("train would stop: The spring with its nudge must be at most")


def test_a_network_too_large_for_a_trial_is_not_tried():
    large = CHIP.with_value("layers", (64, 900, 2_300))
    assert mistakes_in(large.with_value("spring.max_S", "1 uS")) == []


def test_every_number_of_a_profile_is_looked_at():
    seen = dict((path, value) for path, _, value in numbers_of(RRAM))
    assert seen["node.leak_S"] == RRAM.node.leak_S
    assert seen["drift.times_s.1"] == RRAM.drift.times_s[1]
    assert "coupling.full_scale" in seen


def test_a_check_is_one_more_function():
    for check in (*ODD, *WARNINGS):
        assert all(isinstance(line, str) for line in check(CHIP))


@pytest.mark.slow
def test_all_shipped_profiles_are_checked_at_once(tmp_path):
    result = run("profiles", "check", "--all")
    assert result.exit_code == 0
    assert result.stdout.count(": valid (") == len(shipped_profiles())
    # What is beyond a limit is in tests/analysis/test_limits.py.
    (warned,) = result.stderr.splitlines()
    assert warned.startswith("bss2_65nm: warning: dac: ")
    path = tmp_path / "p.yaml"
    path.write_text(
        dump_block(load_profile("ideal_thermal").with_value("node.capacitance_F", "1 aF"))
    )
    found = json.loads(run("profiles", "check", path, "ideal_hopfield", "--json").stdout)
    assert [record["valid"] for record in found] == [True, True]
    assert len(found[0]["warnings"]) > len(found[1]["warnings"]) == 0


def test_of_several_profiles_the_good_ones_are_named_beside_the_bad(tmp_path):
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    result = run("profiles", "check", tmp_path / "bad.yaml", "ideal_hopfield")
    assert result.exit_code == 2
    assert "ideal_hopfield: valid" in result.stdout
    assert "bad.yaml:1:1" in result.stderr


@pytest.mark.parametrize("name", ["cmos_rc_6bit", "board_resistive", "oim_ring_65nm"])
def test_what_a_check_prints_is_at_most_80_columns_wide(name):
    lines = run("profiles", "check", name).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.lstrip().startswith("a nudge moves its target by") for line in lines) == 1


def test_no_profile_at_all_is_one_line():
    assert "Name a profile" in one_line(run("profiles", "check"))


WIRES = {"rows": 256, "columns": 256, "source": "assumed: a test"}
CHANNELS = {"count": "per_node", "offset": "ideal", "gain": "ideal", "inl_lsb": "ideal"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"coupling.parasitic_F": "20 fF"}, "makes nodes up to 4.86 times as slow as C/g"),
        (
            {"coupling.wires": WIRES | {"segment_Ohm": "1 kOhm"}},
            "behind 384 kOhm of wire, 2.3 times the resistance",
        ),
        (
            {"adc.channels": CHANNELS | {"offset_V": "3 V", "source": "assumed: a test"}},
            "adc.channels.offset_V is 3 V, beyond all of the range of 320 mV",
        ),
    ],
)
def test_what_a_layout_leaves_nothing_of_is_warned_of(changes, said):
    assert any(said in line for line in warnings_in(CHIP.with_values(changes)))
    half = {"coupling.parasitic_F": "1 fF", "coupling.wires": WIRES | {"segment_Ohm": "2 Ohm"}}
    assert not [line for line in warnings_in(CHIP.with_values(half)) if "coupling." in line]
