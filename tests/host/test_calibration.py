"""What a calibration finds out about a die, against the die itself; and what it is good for."""

import numpy as np
import pytest

from conftest import errors_of
from neurosim.chip import Chip, ChipInterface
from neurosim.errors import ConvergenceError
from neurosim.host import (
    Calibration,
    Experiment,
    FlowSettings,
    SamplingSettings,
    Trainer,
    calibrate,
    draw_samples,
    free_phase,
    present,
)
from neurosim.host.readings import compared
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile
from neurosim.runs import Run
from neurosim.solvers import Transient
from trainings import resume, train

IDEAL, CMOS = (
    load_profile(name).with_value("layers", (64, 40, 24))
    for name in ("ideal_hopfield", "cmos_rc_6bit")
)
FLOW = FlowSettings()
N = CMOS.layers[0]


def mismatched(**sigmas):
    """The ideal chip with this mismatch alone."""
    return IDEAL.with_values({f"mismatch.{k}": v for k, v in sigmas.items()} | {
        "mismatch.source": "assumed: a test"
    })  # fmt: skip


def test_an_ideal_chip_is_found_ideal():
    found = calibrate(Chip(IDEAL), FLOW)
    np.testing.assert_allclose(found.offset, 0, atol=1e-12)
    np.testing.assert_allclose(found.gain, 1, atol=1e-9)
    np.testing.assert_allclose(found.stiffness, 1, atol=1e-6)
    np.testing.assert_allclose(found.reach, 3)


def test_without_noise_the_visible_half_of_a_die_is_found_exactly():
    profile = mismatched(offset_V="2 mV", spring=0.05, leak=0.05)
    chip = Chip(profile.with_value("settling.precision", "float64"), seed=4)
    found, unit_V = calibrate(chip, FLOW), IDEAL.node.unit_V
    offset = errors_of(chip.circuit).offset_V / unit_V
    np.testing.assert_allclose(found.offset[:N], offset[:N], atol=1e-9)
    # Ten time constants leave exp(-10 (1 + K / g)) of the start, K / g from 15 / 8 on.
    np.testing.assert_allclose(found.stiffness, chip.die.spring_factor, rtol=1e-6)
    # Hidden nodes read tanh of their offset; a cubic leaves 2/15 b^5, 0.4 % at the ends.
    np.testing.assert_allclose(found.offset[N:], np.tanh(offset[N:]), rtol=0.01)


def test_a_hidden_nodes_gain_is_that_of_leak_and_amplifier():
    """Slope of tanh(a b / g) at zero is a / g; the cubic's truncation is alike in all to 1 %."""
    chip = Chip(mismatched(gain=0.05, leak=0.05), seed=4)
    slope = (errors_of(chip.circuit).gain / chip.circuit.leak_S)[N:]
    np.testing.assert_allclose(calibrate(chip, FLOW).gain[N:], slope / slope.mean(), rtol=2e-3)


@pytest.mark.slow
def test_a_realistic_die_is_found_within_its_converters_steps():
    """8-bit converters, noise and mismatch at once; errors over their expected size per node."""
    chip, rows = Chip(CMOS, seed=3), 1024
    found, unit_V = calibrate(chip, FLOW, rows=rows), CMOS.node.unit_V
    step = 2 * CMOS.adc.visible_range_V / (2**8 - 2) / unit_V
    noise = CMOS.adc.noise * CMOS.adc.visible_range_V / unit_V
    # DAC and ADC share a grid, so that a quarter of a step of noise leaves 0.1 of a step.
    sigma = np.hypot(0.1 * step, np.hypot(noise, step / np.sqrt(12)) / np.sqrt(rows))
    z = (found.offset - errors_of(chip.circuit).offset_V / unit_V)[:N] / sigma
    assert np.abs(z).max() < 5
    assert np.mean(z**2) < 1 + 5 * np.sqrt(2 / N)
    # A slope's error: a step of the ammeter over sqrt(12 rows) and the ladder's spread sqrt(3);
    # 1 / s spreads over 1 / K by some 0.16 over six springs, at s of 0.65 at least.
    sense = CMOS.current_sense
    sense_step = 2 * sense.range_A / (2**8 - 2) / (CMOS.node.leak_S * unit_V)
    slope_error = sense_step / np.sqrt(12 * 3 * rows)
    sigma = slope_error / 0.65**2 / (0.16 * np.sqrt(6))
    z = (found.stiffness - chip.die.spring_factor) / sigma
    assert np.abs(z).max() < 5
    assert np.mean(z**2) < 1 + 5 * np.sqrt(2 / N)
    assert found.stiffness.std() > 10 * sigma


def test_a_reading_that_clips_has_a_reach():
    profile = IDEAL.with_values({
        "adc.visible_range_V": "180 mV", "adc.hidden_range_V": "100 mV", "adc.bits": 10,
        "adc.source": "assumed: a test",
    })  # fmt: skip
    found = calibrate(Chip(profile), FLOW)
    np.testing.assert_allclose(found.reach, 1.8, atol=6 / 1023 + 1.8 / 511)
    np.testing.assert_allclose(found.gain[:N], 1, atol=1e-3)


@pytest.mark.slow
def test_springs_count_as_nominal_where_stray_couplings_hide_them():
    chip = Chip(load_profile("ecram_redox"), seed=3)
    np.testing.assert_array_equal(calibrate(chip, FLOW).stiffness, 1)


def images(rows):
    return np.random.default_rng(5).uniform(-1, 1, (rows, N))


def no_ammeter(seed=2):
    profile = mismatched(offset_V="3 mV", gain=0.05).with_values({"current_sense": "none"})
    return Chip(profile, seed)


def test_a_velocity_from_readings_is_that_of_the_springs_once_offsets_are_known():
    chip, x = no_ammeter(), images(8)
    found = calibrate(chip, FLOW)
    flow = FLOW.on(chip.data_sheet)
    chip.program(small_weights(chip))
    anchor, _, raw = free_phase(chip, x, flow)
    truth = 30 * (chip.u_V[:, :N] / IDEAL.node.unit_V - anchor)
    _, outputs, corrected = free_phase(chip, x, flow, found)
    np.testing.assert_allclose(corrected, truth, atol=1e-7)
    # 3 % of a unit, times alpha lambda of 30; a z-score of the spread of 64 offsets.
    error = (raw - truth)[0]
    assert abs(error.std() / 0.9 - 1) < 5 / np.sqrt(2 * N)
    np.testing.assert_array_equal(outputs, chip.read() / IDEAL.node.unit_V)


def small_weights(chip):
    layers, rng = chip.data_sheet.layers, np.random.default_rng(1)
    coupling = 0.1 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    return Weights(coupling, 0.1 * rng.standard_normal(layers.n_nodes))


def test_samples_are_read_without_the_offsets_of_the_readings():
    chip, x = no_ammeter(), images(4)
    found = calibrate(chip, FLOW)
    chip.program(small_weights(chip))
    drawn = draw_samples(chip, x, FLOW, SamplingSettings(t_end=0.1), calibration=found)
    np.testing.assert_allclose(drawn, chip.u_V[:, :N] / IDEAL.node.unit_V, atol=1e-9)


class Drives:
    """A chip that keeps the targets of its springs."""

    def __init__(self, chip):
        self._chip, self.targets = chip, []

    def __getattr__(self, name):
        assert name in dir(ChipInterface), f"the host asked for `{name}`, which no chip offers"
        return getattr(self._chip, name)

    def drive(self, target_V, conductance_S, held=None):
        self.targets.append(target_V)
        return self._chip.drive(target_V, conductance_S)


def test_nudges_aim_at_the_displacement_that_each_spring_turns_into_the_wanted_current():
    """K_i (x_target - x_t) = u_t / alpha: the same current, whatever the spring."""
    chip = Chip(mismatched(spring=0.05), seed=6)
    found, drives = calibrate(chip, FLOW), Drives(chip)
    flow, x, u = FLOW.on(chip.data_sheet), images(3), images(3)
    present(drives, x, u, flow, found)
    unit_V, k = IDEAL.node.unit_V, flow.beta * 30**2
    away = (drives.targets[1] - drives.targets[0]) / unit_V * (15 + k) / k
    np.testing.assert_allclose(15 * chip.die.spring_factor * away, u / 2, rtol=1e-5)


def test_a_calibration_that_finds_nothing_changes_nothing():
    chip, x = no_ammeter(), images(3)
    layers, n = chip.data_sheet.layers, chip.data_sheet.layers.n_nodes
    nothing = Calibration(np.zeros(n), np.ones(n), np.ones(N), np.full(N, 3.0))
    flow, shown = FLOW.on(chip.data_sheet), []
    chip.program(small_weights(chip))
    for calibration in (None, nothing):
        shown.append(present(chip, x, -x, flow, calibration))
    for one, other in zip(*([s.velocity, *s.outputs] for s in shown), strict=True):
        np.testing.assert_array_equal(one, other)
    assert layers.n_nodes == n


@pytest.mark.slow
def test_the_contrast_of_raw_readings_is_exact_on_a_die_with_offsets_and_gains():
    """Against finite differences of the die's own cost; with them taken out it is wrong."""
    sizes, unit_V = (3, 4, 3), IDEAL.node.unit_V
    profile = mismatched(offset_V="15 mV", gain=0.2).with_values({"layers": sizes})
    chip = Chip(profile, seed=1, engine=Transient(rtol=1e-9, atol=1e-12))
    layers = Layers(sizes)
    rng = np.random.default_rng(0)
    flow = FlowSettings(beta=1e-4, settle_tau=60)
    start = Weights(0.3 * layers.present, 0.2 * rng.standard_normal(layers.n_nodes))
    x, u = rng.uniform(-1, 1, (1, 3)), rng.uniform(-1, 1, (1, 3))

    def cost(weights):
        chip.program(weights)
        anchor, _, _ = free_phase(chip, x, flow)
        return 0.5 * np.sum((30 * (chip.u_V[:, :3] / unit_V - anchor) - u) ** 2)

    def difference(step):
        high = Weights(start.coupling + step.coupling, start.bias + step.bias)
        low = Weights(start.coupling - step.coupling, start.bias - step.bias)
        return (cost(high) - cost(low)) / 2e-4

    truth = []
    for place in zip(*np.nonzero(layers.present), strict=True):
        step = np.zeros_like(start.coupling)
        step[place] = 1e-4
        truth.append(difference(Weights(step, np.zeros(layers.n_nodes))))
    chip.program(start)
    shown = present(chip, x, u, flow)
    o = errors_of(chip.circuit).offset_V / unit_V
    parts = [(v - o) / errors_of(chip.circuit).gain for v in shown.outputs[1:]]

    def error(contrast):
        got = contrast.coupling[layers.present] / (2 * flow.beta)
        return np.linalg.norm(got - truth) / np.linalg.norm(truth)

    assert error(shown.contrast) < 1e-3
    assert error(compared(chip, *parts)[0]) > 0.05


def test_rows_that_never_settle_are_an_error_of_one_line():
    class Broken(Drives):
        def read_visible(self):
            return np.full_like(self._chip.read_visible(), np.nan)

    with pytest.raises(ConvergenceError, match="at least 3 rows that settle"):
        calibrate(Broken(Chip(IDEAL)), FLOW, rows=16)


TINY = {"updates": 4, "batch": 16, "calibrate": True, "flow": FlowSettings(settle_tau=1.0)}


def small(profile):
    return profile.with_values({"layers": (64, 12, 10)})


@pytest.mark.slow
def test_a_calibrated_run_keeps_what_it_found_and_counts_what_it_cost(tmp_path):
    run = train(small(CMOS), Experiment(**TINY), tmp_path / "run")
    again = Chip(small(CMOS), seed=0)
    trainer = Trainer(again, Experiment(**TINY), images(20))
    for name, value in trainer.calibration.state().items():
        np.testing.assert_array_equal(run.calibration().state()[name], value)
    assert run.facts["calibration"] == trainer.calibration.summary()
    # One ladder of readings, six of currents, fifteen biases; then three settles an update.
    assert run.facts["ledger"]["settles"] == 1 + 6 + 15 + 3 * 4
    assert Run.open(run.path).calibration() is not None
    without = train(small(CMOS), Experiment(**TINY | {"calibrate": False}), tmp_path / "plain")
    assert without.calibration() is None
    assert "calibration" not in without.facts


@pytest.mark.slow
def test_a_calibrated_run_resumes_to_the_same_bits(tmp_path):
    whole = train(small(CMOS), Experiment(**TINY), tmp_path / "whole")

    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small(CMOS), Experiment(**TINY), tmp_path / "cut", progress=stop)
    resumed = resume(tmp_path / "cut")
    weights = [r.load()["trainer"]["optimizer"]["weights"] for r in (whole, resumed)]
    np.testing.assert_array_equal(*weights)
    assert whole.facts["ledger"] == resumed.facts["ledger"]
