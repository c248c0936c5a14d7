"""Tables of chips whose weights are single devices: no G-, and every format brings them back."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.host import initial_weights
from neurosim.profile import load_profile
from neurosim.tables import export, plan, program_table, read_table, table


def chip_of(name, seed=3):
    chip = Chip(load_profile(name).with_value("layers", (3, 5, 4)), seed)
    rng = np.random.default_rng(0)
    chip.program(initial_weights(chip.die.layers, 0.5, rng, chip.data_sheet.lowest))
    return chip


@pytest.mark.every(3)
@pytest.mark.parametrize("name", ["board_resistive", "rram_1t1r_resistive"])
@pytest.mark.parametrize("suffix", ["csv", "npz", "mem", "hex", "param", "mat"])
def test_what_is_exported_is_programmed_again(tmp_path, name, suffix):
    chip, path = chip_of(name), tmp_path / f"w.{suffix}"
    export(chip, path)
    if suffix == "param":
        assert "_m=" not in path.read_text()
        return
    other = chip_of(name)
    other.program(0 * initial_weights(chip.die.layers, 0.5, np.random.default_rng(1)))
    program_table(other, read_table(path, profile=chip.profile))
    np.testing.assert_allclose(other.programmed_S()[0], chip.programmed_S()[0], rtol=1e-12)
    assert not other.circuit.couplings.minus_S.any()


def test_a_plan_writes_single_devices():
    chip = chip_of("board_resistive")
    made = plan(None, table(chip), chip.profile)
    assert set(made.columns["device"]) == {"plus"}
    assert made.facts["devices"] <= 15 + 20 + 12


def test_a_device_that_is_asked_for_less_than_it_conducts_when_shut_is_shut():
    coupling, unit_S = load_profile("board_resistive").coupling, 1e-3
    asked = np.array([-0.1, 0.0, 0.005, 0.3, 0.7])
    target = coupling.target(asked, unit_S)
    assert (target.plus_S[:3] == coupling.idle_S).all()
    assert target.plus_S[3] == pytest.approx(3e-4, rel=0.06)  # taps are far apart there
    assert target.plus_S[4] == pytest.approx(0.625e-3, rel=1e-3)
    assert target.n_clipped == 2
    assert not target.minus_S.any()
