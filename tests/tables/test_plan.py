"""The programming plan against loops that are run one by one, and against the chip's own counts."""

import csv

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.profile import load_profile
from neurosim.tables import plan, table, tiled

# One try in three is accepted.
VERIFY = {"window_S": 5e-8, "most_pulses": 4, "unreachable": 0.02}
SLOW = {
    "write.verify": VERIFY, "write.noise": 0.02, "write.pulses": 3, "write.source": "assumed: -",
}  # fmt: skip


def chips_of(sizes=(6, 12, 9), **changes):
    """A profile's chip, its table before and after an update."""
    chip = Chip(load_profile("cmos_rc_6bit").with_values({"layers": sizes} | changes))
    tables = []
    for seed in (1, 2):
        chip.program(initial_weights(chip.die.layers, 0.6, np.random.default_rng(seed)))
        tables.append(table(chip))
    return chip, *tables


def tries_one_by_one(sigma_S, rng):
    """A write-verify loop as the controller runs it: tries, and whether it failed."""
    hopeless = rng.random() < VERIFY["unreachable"]
    for tries in range(1, VERIFY["most_pulses"] + 1):
        if abs(sigma_S * rng.standard_normal()) <= VERIFY["window_S"] and not hopeless:
            return tries, False
    return VERIFY["most_pulses"], True


def test_the_plan_writes_the_devices_that_the_chip_writes():
    chip, before, after = chips_of()
    made = plan(before, after, chip.profile, lanes=1)
    counted = Chip(chip.profile)
    counted.program(initial_weights(chip.die.layers, 0.6, np.random.default_rng(1)))
    first = counted.ledger.device_writes
    assert plan(None, before, chip.profile).facts["devices"] == first
    counted.program(initial_weights(chip.die.layers, 0.6, np.random.default_rng(2)))
    assert made.facts["devices"] == counted.ledger.device_writes - first
    # One pulse of 10 ns and 10 fJ each, one after the other.
    assert made.facts["time_s"] == pytest.approx(1e-8 * made.facts["devices"])
    assert made.facts["energy_J"] == pytest.approx(1e-14 * made.facts["devices"])
    assert made.facts["failures"] == 0


def test_a_wide_window_still_misses_the_devices_that_cannot_be_written():
    wide = SLOW | {"write.verify": VERIFY | {"window_S": 5e-6}}
    chip, before, after = chips_of(**wide)
    made = plan(before, after, chip.profile)
    noisy = np.count_nonzero(made.columns["to_S"])
    assert made.facts["failures"] == pytest.approx(0.02 * noisy)
    expected = 3 * (made.facts["devices"] + 0.02 * noisy * 3)
    assert made.facts["pulses"] == pytest.approx(expected)


def test_without_a_number_of_lanes_as_many_devices_are_written_at_a_time_as_the_chip_writes():
    times = []
    for n in (1, 384):
        chip, _, after = chips_of(**{"supply.writes_at_once": n})
        made = plan(None, after, chip.profile)
        assert made.facts == plan(None, after, chip.profile, n).facts
        assert made.facts["lanes"] == n
        times.append(made.facts["time_s"])
    # No loops of reading and writing again: every pulse counts in a group of its own, or in one.
    assert times[0] == pytest.approx(1e-8 * made.facts["devices"])
    assert times[1] == pytest.approx(1e-8 * made.facts["groups"])


@pytest.mark.parametrize("lanes", [1, 7])
def test_pulses_time_and_failures_are_those_of_loops_run_one_by_one(lanes):
    chip, before, after = chips_of(**SLOW)
    made = plan(before, after, chip.profile, lanes)
    rng, rounds = np.random.default_rng(0), 40
    sigma_S = 0.02 * 6e-6 * (made.columns["to_S"] > 0)
    pulses, failures, groups = [], [], []
    for _ in range(rounds):
        found = [tries_one_by_one(s, rng) if s else (1, False) for s in sigma_S]
        tries = np.array([t for t, _ in found])
        pulses.append(3 * tries.sum())
        failures.append(sum(bad for _, bad in found))
        starts = range(0, len(tries), lanes)
        groups.append(3 * 1e-8 * sum(tries[k : k + lanes].max() for k in starts))
    for key, seen in (("pulses", pulses), ("failures", failures), ("time_s", groups)):
        error = np.std(seen, ddof=1) / np.sqrt(rounds)
        assert abs(made.facts[key] - np.mean(seen)) < 4 * error, key
    assert made.columns["pulses"].sum() == pytest.approx(made.facts["pulses"])
    assert made.facts["energy_J"] == pytest.approx(1e-14 * made.facts["pulses"])


def test_the_ledger_of_a_chip_counts_what_the_plan_expects():
    chip, before, after = chips_of((16, 40, 30), **SLOW)
    expected = sum(plan(*pair, chip.profile).facts["pulses"]
                   for pair in ((None, before), (before, after)))  # fmt: skip
    # A device takes 3 to 12 pulses: a deviation of less than 4.5 each.
    assert abs(chip.ledger.write_pulses - expected) < 4 * 4.5 * np.sqrt(chip.ledger.device_writes)


def test_a_line_says_where_from_and_to_which_window():
    chip, before, after = chips_of(**SLOW)
    made = plan(before, after, chip.profile)
    rows = list(csv.DictReader(made.csv_text().splitlines()))
    assert len(rows) == made.facts["devices"]
    for row in rows[::7]:
        place = (int(row["row"]), *([int(row["column"])] if row["column"] else []))
        column = f"target_{row['device']}_S"
        assert float(row["from_S"]) == before.blocks[row["block"]][column][place]
        assert float(row["to_S"]) == after.blocks[row["block"]][column][place]
        assert int(row["to_code"]) == after.blocks[row["block"]][f"code_{row['device']}"][place]
        assert float(row["highest_S"]) == pytest.approx(float(row["to_S"]) + 5e-8)
        assert float(row["lowest_S"]) == pytest.approx(max(float(row["to_S"]) - 5e-8, 0))
    assert plan(after, after, chip.profile).facts["devices"] == 0


def test_a_plan_of_tiles_goes_from_address_to_address():
    chip, before, after = chips_of()
    made = plan(before, tiled(after, (4, 4))[0], chip.profile)
    assert (np.diff(made.columns["address"]) >= 0).all()
    assert made.facts == plan(before, after, chip.profile).facts


def test_devices_of_both_directions_are_written_and_faulty_ones_are_not():
    faults = {"stuck_low": 0.1, "stuck_high": 0, "dead": 0, "open": 0, "source": "assumed: -"}
    chip, before, after = chips_of(**{"coupling.directions": "separate"})
    made = plan(before, after, chip.profile)
    couplings = made.columns["block"] != "b0"
    assert {"back_plus", "back_minus"} < set(made.columns["device"])
    assert not np.any(np.char.startswith(made.columns["device"][~couplings], "back"))
    chip, before, after = chips_of(**{"coupling.directions": "separate", "faults": faults})
    broken = plan(before, after, chip.profile)
    assert broken.facts["faulty"] > 0
    for name, row, column, device in zip(
        *(broken.columns[key] for key in ("block", "row", "column", "device")), strict=True
    ):
        place = (row,) if column == "" else (row, column)
        assert after.blocks[name][f"fault_{device}"][place] == 0


def test_tables_of_another_profile_are_refused():
    chip, before, _ = chips_of()
    other = chips_of(**{"coupling.full_scale": 0.5})[1]
    with pytest.raises(DataError, match="checksum"):
        plan(before, other, chip.profile)
    with pytest.raises(DataError, match="at least one lane"):
        plan(before, before, chip.profile, 0)
