"""The energy ledger: every item by its formula, and how good the running estimate is."""

import numpy as np
import pytest

from neurosim.analysis import FORMULAS, energy_table
from neurosim.analysis.problem import shipped_weights
from neurosim.chip import Chip
from neurosim.circuit.power import dissipation_W
from neurosim.data import PairSource, load_digits
from neurosim.errors import DataError
from neurosim.host import FlowSettings, present
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile, shipped_profiles
from neurosim.streams import Streams

CMOS = load_profile("cmos_rc_6bit")


def presented(profile, rows=16):
    chip = Chip(profile)
    chip.program(shipped_weights("hopfield", "trained"))
    images, _ = load_digits()
    batch = PairSource(images, rows, Streams(0), prefetch=False).batch_at(0)
    before = chip.ledger.copy()
    present(chip, batch.x_t, batch.u_t, FlowSettings().on(chip.data_sheet))
    return chip, chip.ledger.since(before)


def test_converters_amplifiers_and_control_cost_their_price_times_their_use():
    rows, n = 16, 320
    chip, spent = presented(CMOS, rows)
    supply, settle_s = CMOS.supply, 3 * rows * 10 * CMOS.node.tau_s
    # Four drives a row: precharge and three springs; three reads of all nodes and one of currents.
    assert spent["dac_J"] == pytest.approx(4 * rows * 64 * supply.dac_J)
    assert spent["adc_J"] == pytest.approx(rows * (3 * n + 64) * supply.adc_J)
    assert spent["read_time_s"] == pytest.approx(rows * 4 * supply.read_s)
    assert spent["drive_time_s"] == pytest.approx(rows * 4 * supply.drive_s)
    on_s = settle_s + spent["read_time_s"] + spent["drive_time_s"]
    assert spent["time_s"] == pytest.approx(on_s)
    assert spent["amplifiers_J"] == pytest.approx(n * supply.amplifier_W * on_s)
    assert spent["controller_J"] == pytest.approx(supply.controller_W * on_s)
    assert spent["energy_J"] == pytest.approx(sum(chip.ledger.energy_items().values()), rel=0.01)


def test_writes_cost_their_pulses_and_take_their_time():
    chip = Chip(CMOS)
    layers = Layers(CMOS.layers)
    chip.program(Weights(0.3 * layers.present, np.full(layers.n_nodes, 0.3)))
    ledger, written = chip.ledger, layers.present.sum() + layers.n_nodes
    assert ledger.write_pulses == written
    assert ledger.writes_J == pytest.approx(written * CMOS.write.pulse_J)
    rounds = np.ceil(written / CMOS.supply.writes_at_once)
    assert ledger.write_time_s == pytest.approx(rounds * CMOS.write.pulse_s)
    assert ledger.controller_J == pytest.approx(CMOS.supply.controller_W * ledger.write_time_s)


@pytest.mark.parametrize("time_tau", [5, 10, 30])
@pytest.mark.parametrize("stage", ["start", "trained"])
def test_the_running_estimate_is_near_the_integral_along_the_settle(stage, time_tau):
    quiet = CMOS.with_value("thermal.temperature_K", "ideal")
    images, _ = load_digits()
    x_t = PairSource(images, 32, Streams(0), prefetch=False).batch_at(0).x_t
    time_s = time_tau * CMOS.node.tau_s

    def driven():
        chip = Chip(quiet)
        chip.program(shipped_weights("hopfield", stage))
        chip.precharge(x_t * CMOS.node.unit_V)
        chip.drive(x_t * CMOS.node.unit_V, 15 * CMOS.node.leak_S)
        return chip

    def power_W(chip):
        return dissipation_W(chip.circuit, chip.system().springs, chip.u_V).total.sum()

    piecewise, whole = driven(), driven()
    ends_s = time_s * np.linspace(0, 1, 81) ** 2
    powers = [power_W(piecewise)]
    for piece_s in np.diff(ends_s):
        piecewise.settle(float(piece_s))
        powers.append(power_W(piecewise))
    before = whole.ledger.copy()
    whole.settle(time_s)
    spent = whole.ledger.since(before)
    estimate_J = spent["couplings_J"] + spent["springs_J"] + spent["leaks_J"]
    assert estimate_J == pytest.approx(np.trapezoid(powers, ends_s), rel=0.1)


def test_without_a_supply_only_the_circuit_and_its_writes_cost_anything():
    _, spent = presented(CMOS.with_value("supply", "ideal"))
    assert spent["couplings_J"] > 0
    assert not any(spent[f"{item}_J"] for item in ("amplifiers", "controller", "dac", "adc"))


def test_the_supply_changes_no_voltage_and_no_weight():
    with_it, without = (presented(p)[0] for p in (CMOS, CMOS.with_value("supply", "ideal")))
    np.testing.assert_array_equal(with_it.u_V, without.u_V)
    np.testing.assert_array_equal(with_it.programmed_S()[1], without.programmed_S()[1])


@pytest.mark.parametrize("name", shipped_profiles())
def test_the_table_of_every_profile_adds_up(name):
    profile = load_profile(name)
    table = energy_table(profile, rows=8, batch=100, updates=10)
    for row in table.values():
        assert row["energy_J"] == pytest.approx(sum(row["items_J"].values()))
        assert row["time_s"] == pytest.approx(sum(row["parts_s"].values()))
        assert row["items_J"].keys() == FORMULAS.keys()
        assert np.isfinite(row["energy_J"])
    assert table["training"]["energy_J"] == pytest.approx(10 * table["update"]["energy_J"])
    assert table["sample, spring"]["time_s"] > table["sample, free-running"]["time_s"]


def test_a_chip_of_another_image_size_is_refused():
    with pytest.raises(DataError, match="needs 64 visible nodes"):
        energy_table(CMOS.with_value("layers", (16, 8)))
