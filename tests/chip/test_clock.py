"""The clock by which devices age, and the parts whose counts a checkpoint holds."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.chip.clock import Clock
from neurosim.host import FlowSettings, initial_weights, present
from neurosim.profile import load_profile


def test_a_batch_is_seen_by_its_middle_row_whose_rows_take_as_long_as_those_before():
    clock = Clock()
    clock.precharge(10.0, rows=5)
    assert clock.now_s == 10.0, "how long a row takes is not known yet"
    clock.settle(2.0)
    clock.settle(1.0)
    assert (clock.now_s, clock.row_s) == (13.0, 3.0)
    clock.precharge(25.0, rows=5)
    assert (clock.now_s, clock.row_s) == (25.0 + 2 * 3.0, 3.0)
    clock.settle(4.0)
    assert clock.row_s == 4.0


def test_a_restored_clock_goes_on_with_the_rows_of_the_batch_before():
    clock = Clock()
    clock.restore(now_s=7.0, row_s=3.0)
    assert clock.now_s == 7.0
    clock.precharge(8.0, rows=3)
    assert clock.now_s == 11.0
    clock.set(20.0)
    assert clock.now_s == 20.0


@pytest.mark.parametrize("name", ["cmos_rc_6bit", "ideal_hopfield"])
def test_every_count_of_a_checkpoint_is_how_often_the_chip_did_it(name):
    """These names are those of checkpoints since version 0.1.0."""
    chip = Chip(load_profile(name).with_value("layers", (5, 7, 6)))
    rng = np.random.default_rng(0)
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, rng))
    present(chip, *rng.standard_normal((2, 4, 5)), FlowSettings(beta=1e-3, settle_tau=2.0))
    state = chip.state()
    assert state["draws"] == {"program": 1, "drive": 4, "settle": 3, "read": 3, "store": 1}
    assert {"target_S", "achieved_S", "ledger", "row_s"} <= set(state)
    twin = Chip(chip.profile)
    twin.restore(state)
    assert twin.state()["draws"] == state["draws"]
