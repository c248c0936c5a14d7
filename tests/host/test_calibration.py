"""Calibration finds what fabrication gave the die, and takes it off the readings."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.data import PairSource, load_digits
from neurosim.host import (
    CalibratedChip,
    Experiment,
    FlowSettings,
    Trainer,
    calibrate,
    free_phase,
    initial_weights,
)
from neurosim.host.phases import flow_loss
from neurosim.profile import load_profile
from neurosim.runs import Run, evaluate, resume, train
from neurosim.streams import Streams
from neurosim.yaml_files import with_values

IDEAL_SENSE = load_profile("ideal_hopfield").current_sense.model_dump(mode="json")
FLOW = FlowSettings(settle_tau=20.0, beta=4e-3)
QUIET = {"thermal.temperature_K": "ideal", "settling.engine": "transient", "adc.bits": 16}
BOARD = {"current_sense": "none", "mismatch.offset_V": "5 mV", "mismatch.spring": 0.05}


def die(seed=1, **changes):
    changes = {k.replace("__", "."): v for k, v in changes.items()}
    return Chip(with_values(load_profile("cmos_rc_6bit"), QUIET | BOARD | changes), seed)


def test_it_finds_the_offset_of_every_visible_buffer():
    chip = die(adc__noise="ideal")
    found = calibrate(chip, FLOW)
    visible = chip.die.layers.visible
    expected = chip.die._offset_V[visible]
    # Of 16 bits over 320 mV a step is 10 uV; the sources' own noise of 0.2 mV is averaged.
    np.testing.assert_allclose(found.offset_V[visible], expected, atol=5 * 0.2e-3 / np.sqrt(256))
    np.testing.assert_allclose(found.gain[visible], 1, atol=2e-3)


def test_it_finds_the_stiffness_that_each_node_has():
    chip = die(adc__noise="ideal", dac__noise_V="ideal")
    found = calibrate(chip, FLOW)
    leak = chip.die._leak_S[chip.die.layers.visible] / chip.profile.node.leak_S
    np.testing.assert_allclose(found.spring, chip.die.spring_factor / leak, rtol=5e-3)


def test_an_ideal_chip_needs_no_correction():
    chip = Chip(load_profile("ideal_hopfield"))
    found = calibrate(chip, FLOW, rows=8)
    np.testing.assert_allclose(found.offset_V, 0, atol=1e-6)
    np.testing.assert_allclose(found.gain, 1, atol=1e-5)
    np.testing.assert_allclose(found.spring, 1, atol=1e-3)


def test_without_an_ammeter_it_brings_the_measured_loss_to_the_true_one():
    images, _ = load_digits()
    batch = PairSource(images, 128, Streams(0), prefetch=False).batch_at(0)
    losses = {}
    for name in ("plain", "calibrated", "true"):
        chip = die() if name != "true" else die(current_sense=IDEAL_SENSE)
        host = CalibratedChip(chip, calibrate(chip, FLOW)) if name == "calibrated" else chip
        weights = initial_weights(chip.data_sheet.layers, 0.1, np.random.default_rng(0))
        chip.program(weights)
        velocity = free_phase(host, batch.x_t, FLOW)[2]
        losses[name] = flow_loss(velocity, batch.u_t, batch.t)[0]
    # Offsets of 5 mV are 0.05 units and, times alpha lambda = 30, 2.25 of the loss.
    assert losses["plain"] - losses["true"] > 1
    assert abs(losses["calibrated"] - losses["true"]) < 0.1 * (losses["plain"] - losses["true"])


def test_a_calibrated_run_resumes_to_the_same_bits_and_is_judged_as_calibrated(tmp_path):
    profile = with_values(
        load_profile("cmos_rc_6bit"), BOARD | {"layers": (64, 6), "settling.step_tau": 1.0}
    )
    experiment = Experiment(updates=4, batch=16, calibrate=True, flow={"settle_tau": 3.0})
    whole = train(profile, experiment, tmp_path / "whole")

    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile, experiment, tmp_path / "cut", progress=stop)
    cut = resume(tmp_path / "cut")
    for key, value in whole.load()["chip"].items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, cut.load()["chip"][key])
    host = Run.open(tmp_path / "whole").host_chip()
    assert isinstance(host, CalibratedChip)
    assert host.data_sheet.spring_factor is not None
    assert np.isfinite(evaluate(whole, 20)[0]["flow_loss"])


def test_the_trainer_measures_before_it_programs_the_start():
    images, _ = load_digits()
    chip = die()
    trainer = Trainer(chip, Experiment(updates=1, batch=8, calibrate=True), images)
    assert chip.ledger.programs == 3
    assert isinstance(trainer.chip, CalibratedChip)
