"""The device bank of a chip: what writes count, what they leave alone, and resuming."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.profile import load_profile

SIZES = (16, 40, 40)
# The window is half of the deviation of a write, 1 % of 6 uS.
WINDOW_S, MOST = 3e-8, 4
# P(|z| <= 1/2) of a standard normal z, from a printed table.
INSIDE = 0.382925
SOURCE = "assumed: a test"
VERIFY = {"window_S": WINDOW_S, "most_pulses": MOST, "unreachable": "ideal"}
WRITE = {
    "reference_S": 6e-6, "noise": 0.01, "verify": VERIFY, "pulses": 1,
    "pulse_s": "1 us", "pulse_J": "1 pJ", "source": SOURCE,
}  # fmt: skip
FAULTS = {"stuck_low": 0.05, "stuck_high": 0.05, "dead": 0.05, "open": 0.05, "source": SOURCE}
# Complementary pairs: no device is ever fully off, so every write is noisy.
BASE = {"layers": SIZES, "coupling.encoding": "complementary", "coupling.idle_S": "1 uS"}


def chip(seed=3, **changes):
    return Chip(load_profile("ideal_hopfield").with_values(BASE | changes), seed)


def weights(on, seed):
    return initial_weights(on.die.layers, 0.5, np.random.default_rng(seed))


def programmed(on, *seeds):
    for seed in seeds:
        on.program(weights(on, seed))
    return on


def test_the_ledger_counts_the_pulses_and_the_failures_of_verify_loops():
    ledger = programmed(chip(write=WRITE), 1, 2).ledger
    n, miss = ledger.device_writes, 1 - INSIDE
    assert n > 5000
    failures, mean = miss**MOST, (1 - miss**MOST) / INSIDE
    assert abs(ledger.writes_failed - n * failures) < 5 * np.sqrt(n * failures * (1 - failures))
    # A number between 1 and MOST deviates by at most half of what is between.
    assert abs(ledger.write_pulses - n * mean) < 5 * np.sqrt(n) * (MOST - 1) / 2


def test_a_faulty_device_uses_up_its_verify_loop_unless_it_sits_in_the_window():
    on = programmed(chip(write=WRITE | {"noise": "ideal"}, faults=FAULTS), 1)
    start = on.ledger.copy()
    before_S = on.bank.target_S
    programmed(on, 2)
    written = on.bank.target_S != before_S
    misses = np.abs(on.bank.written_S - on.bank.target_S) > WINDOW_S
    n_missed = np.count_nonzero(misses & written)
    assert n_missed > 500
    assert not (misses & (on.bank.faulty.kind == 0)).any()
    assert on.ledger.writes_failed - start.writes_failed == n_missed
    pulses = np.count_nonzero(written) + (MOST - 1) * n_missed
    assert on.ledger.write_pulses - start.write_pulses == pulses


@pytest.mark.parametrize("verify", ["none", VERIFY])
def test_a_write_without_noise_is_no_write_block_to_the_last_bit(verify):
    plain = programmed(chip(), 1, 2)
    block = programmed(chip(write=WRITE | {"noise": "ideal", "verify": verify}), 1, 2)
    np.testing.assert_array_equal(plain.bank.written_S, block.bank.written_S)
    np.testing.assert_array_equal(plain.circuit.couplings.delta_S, block.circuit.couplings.delta_S)
    assert block.ledger.write_pulses == plain.ledger.write_pulses == block.ledger.device_writes


def test_turning_the_noise_of_writes_on_leaves_every_other_draw_alone():
    noise = {"mismatch.leak": 0.01, "mismatch.coupling": 0.02, "mismatch.source": SOURCE}
    quiet, noisy = (
        programmed(chip(write=block, faults=FAULTS, **noise), 1) for block in ("ideal", WRITE)
    )
    np.testing.assert_array_equal(quiet.circuit.leak_S, noisy.circuit.leak_S)
    np.testing.assert_array_equal(quiet.die._device_factor, noisy.die._device_factor)
    for mine, other in zip(quiet.bank.faulty, noisy.bank.faulty, strict=True):
        np.testing.assert_array_equal(mine, other)
    works = (quiet.bank.faulty.kind == 0) & (quiet.bank.target_S != chip().bank.target_S)
    assert (quiet.bank.written_S != noisy.bank.written_S)[works].all()


def test_a_restored_chip_writes_the_bits_of_the_one_that_went_on():
    first = programmed(chip(write=WRITE, faults=FAULTS), 1, 2)
    second = chip(write=WRITE, faults=FAULTS)
    second.restore(first.state())
    for on in (first, second):
        programmed(on, 3)
    np.testing.assert_array_equal(first.bank.written_S, second.bank.written_S)
    assert first.ledger == second.ledger


def test_a_write_leaves_devices_alone_whose_target_has_not_changed():
    on = programmed(chip(write=WRITE), 1)
    held_S, n_written = on.bank.written_S, on.ledger.device_writes
    programmed(on, 1)
    np.testing.assert_array_equal(on.bank.written_S, held_S)
    assert on.ledger.device_writes == n_written


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-9])
def test_a_target_that_is_no_conductance_is_refused_and_nothing_is_written(value):
    chip = Chip(load_profile("cmos_rc_6bit").with_value("layers", (3, 5, 4)))
    before = [vector.copy() for vector in chip.programmed_S()]
    target_S = before[0].copy()
    target_S[2] = value
    with pytest.raises(DataError, match="needs 94 finite conductances of at least 0 S"):
        chip.write(target_S)
    for old, new in zip(before, chip.programmed_S(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert chip.ledger.programs == 0


def test_every_write_draws_its_errors_anew():
    """Of two writes to the same targets: as large each, and without correlation."""
    on = programmed(chip(write=WRITE | {"verify": "none"}), 1)
    target_S = on.bank.target_S
    first_S = on.bank.written_S - target_S
    on.refresh()
    second_S = on.bank.written_S - target_S
    present = on.die.devices.present
    first_S, second_S = first_S[present], second_S[present]
    n = first_S.size
    assert first_S.std() == pytest.approx(second_S.std(), rel=0.1)
    # A sample correlation of independent numbers has the standard deviation 1 / sqrt(n).
    assert abs(np.corrcoef(first_S, second_S)[0, 1]) < 5 / np.sqrt(n)
    other = programmed(chip(seed=4, write=WRITE | {"verify": "none"}), 1)
    assert not np.array_equal(other.bank.written_S, on.bank.written_S)
