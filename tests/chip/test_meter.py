"""The energy ledger: every item by its formula, and how good the running estimate is."""

import numpy as np
import pytest

from neurosim.analysis import FORMULAS, energy_table, formulas_of
from neurosim.analysis.energy import on_digits
from neurosim.analysis.problem import shipped_weights
from neurosim.analysis.suited import with_answers
from neurosim.chip import Chip
from neurosim.circuit.power import dissipation_W
from neurosim.converters import Correlator
from neurosim.data import PairSource, load_dataset, load_digits
from neurosim.devices import Supply
from neurosim.errors import DataError
from neurosim.host import (
    ContinualEP,
    Coupled,
    Experiment,
    FlowSettings,
    Sgd,
    Trainer,
    decide,
    present,
)
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile
from neurosim.streams import Streams
from shipped import each_kind

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
    assert spent["dac_J"] == pytest.approx(4 * rows * 64 * supply.dac_step_J * 2**8)
    assert spent["adc_J"] == pytest.approx(rows * (3 * n + 64) * supply.adc_step_J * 2**8)
    assert spent["read_time_s"] == pytest.approx(rows * 4 * supply.read_step_s * 2**8)
    assert spent["drive_time_s"] == pytest.approx(rows * 4 * supply.drive_s)
    on_s = settle_s + spent["read_time_s"] + spent["drive_time_s"]
    assert spent["time_s"] == pytest.approx(on_s)
    # In class A the couplings' heat comes out of the amplifiers' power.
    assert spent["amplifiers_J"] == pytest.approx(
        n * supply.amplifier_W * on_s - spent["couplings_J"]
    )
    assert spent["drivers_J"] == 0
    assert spent["controller_J"] == pytest.approx(supply.controller_W * on_s)
    assert spent["energy_J"] == pytest.approx(sum(chip.ledger.energy_items().values()), rel=0.01)


def changed(path, value):
    """What a presentation spends with one number changed."""
    return presented(CMOS.with_value(path, value))[1]


def test_a_bit_more_doubles_the_energy_of_steps_and_the_time_of_a_ramp():
    before, after = presented(CMOS)[1], changed("adc.bits", 9)
    voltages, currents = 3 * 320 * 16, 64 * 16
    step_J, step_s = CMOS.supply.adc_step_J, CMOS.supply.read_step_s
    assert after["adc_J"] == pytest.approx((voltages * 2**9 + currents * 2**8) * step_J)
    longer_s = after["read_time_s"] - before["read_time_s"]
    assert longer_s == pytest.approx(16 * 3 * (2**9 - 2**8) * step_s)
    assert after["controller_J"] - before["controller_J"] == pytest.approx(
        CMOS.supply.controller_W * longer_s
    )
    assert changed("dac.bits", 10)["dac_J"] == pytest.approx(4 * before["dac_J"])
    # Readings that are exact have no steps, and cost what does not depend on bits.
    exact = changed("adc.bits", "ideal")
    assert exact["adc_J"] == pytest.approx(currents * 2**8 * step_J)
    fixed = presented(CMOS.with_values({"adc.bits": "ideal", "supply.adc_J": 1e-12}))[1]
    assert fixed["adc_J"] - exact["adc_J"] == pytest.approx((voltages + currents) * 1e-12)


def shared(count):
    return {"count": count, "offset": 0, "gain": 0, "inl_lsb": 0, "source": "ideal"}


@pytest.mark.parametrize(("count", "n_turns"), [(320, 1), (160, 2), (100, 4), (1, 320)])
def test_converters_that_nodes_share_take_turns_in_time_and_in_what_works_meanwhile(count, n_turns):
    alone, ledger = (
        presented(CMOS)[1],
        changed("adc.channels", shared(count) | {"source": "a test"}),
    )
    turn_s = CMOS.supply.read_step_s * 2**8
    more_s = 16 * 3 * (n_turns - 1) * turn_s
    assert ledger["read_time_s"] - alone["read_time_s"] == pytest.approx(more_s)
    assert ledger["adc_J"] == alone["adc_J"]
    assert ledger["controller_J"] - alone["controller_J"] == pytest.approx(
        more_s * CMOS.supply.controller_W
    )
    own = ledger["amplifiers_J"] + ledger["couplings_J"]
    more_J = own - alone["amplifiers_J"] - alone["couplings_J"]
    assert more_J == pytest.approx(more_s * 320 * CMOS.supply.amplifier_W)


def test_sources_that_nodes_share_are_set_in_turn():
    alone, ledger = presented(CMOS)[1], changed("dac.channels", shared(10) | {"source": "a test"})
    assert ledger["drive_time_s"] == pytest.approx(7 * alone["drive_time_s"])


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


@pytest.mark.every(9)
@pytest.mark.parametrize("phase", ["free", "nudged"])
@pytest.mark.parametrize("time_tau", [5, 10, 30])
@pytest.mark.parametrize("stage", ["start", "trained"])
def test_the_running_estimate_is_near_the_integral_along_the_settle(stage, time_tau, phase):
    """Of all of it, and of each item by itself."""
    quiet = CMOS.with_values({"thermal.temperature_K": "ideal", "supply": "ideal"})
    images, _ = load_digits()
    batch = PairSource(images, 32, Streams(0), prefetch=False).batch_at(0)
    unit_V, spring_S = CMOS.node.unit_V, 15 * CMOS.node.leak_S
    time_s = time_tau * CMOS.node.tau_s

    def driven():
        chip = Chip(quiet)
        chip.program(shipped_weights("hopfield", stage))
        chip.precharge(batch.x_t * unit_V)
        chip.drive(batch.x_t * unit_V, spring_S)
        if phase == "nudged":
            chip.settle(30 * CMOS.node.tau_s)
            chip.drive((batch.x_t + 0.05 * batch.u_t) * unit_V, 1.01 * spring_S)
        return chip

    def power_W(chip):
        parts = dissipation_W(chip.circuit, chip.system().springs, chip.u_V)
        return [parts.couplings.sum(), parts.springs.sum(), parts.leaks.sum()]

    piecewise, whole = driven(), driven()
    ends_s = time_s * np.linspace(0, 1, 41) ** 2
    powers = [power_W(piecewise)]
    for piece_s in np.diff(ends_s):
        piecewise.settle(float(piece_s))
        powers.append(power_W(piecewise))
    before = whole.ledger.copy()
    whole.settle(time_s)
    spent = whole.ledger.since(before)
    estimates_J = np.array([spent[f"{item}_J"] for item in ("couplings", "springs", "leaks")])
    integrals_J = np.trapezoid(powers, ends_s, axis=0)
    assert estimates_J.sum() == pytest.approx(integrals_J.sum(), rel=0.1)
    np.testing.assert_allclose(estimates_J, integrals_J, rtol=0.2)


def test_without_a_supply_only_the_circuit_and_its_writes_cost_anything():
    _, spent = presented(CMOS.with_value("supply", "ideal"))
    assert spent["couplings_J"] > 0
    items = ("amplifiers", "drivers", "controller", "dac", "adc")
    assert not any(spent[f"{item}_J"] for item in items)


def test_the_supply_changes_no_voltage_and_no_weight():
    with_it, without = (presented(p)[0] for p in (CMOS, CMOS.with_value("supply", "ideal")))
    np.testing.assert_array_equal(with_it.u_V, without.u_V)
    np.testing.assert_array_equal(with_it.programmed_S()[1], without.programmed_S()[1])


@each_kind
def test_the_table_of_every_profile_adds_up(name):
    profile = load_profile(name).with_value("layers", (64, 8, 8))
    table = energy_table(profile, rows=4, batch=100, updates=10)
    for row in table.values():
        assert row["energy_J"] == pytest.approx(sum(row["items_J"].values()))
        assert row["time_s"] == pytest.approx(sum(row["parts_s"].values()))
        assert row["items_J"].keys() == FORMULAS.keys()
        assert np.isfinite(row["energy_J"])
    assert table["training"]["energy_J"] == pytest.approx(10 * table["update"]["energy_J"])
    if "decision" in table:
        # That one says of no part what it takes.
        assert (table["decision"]["energy_J"] > 0) == (name != "ideal_oscillator")
        assert table["decision"]["time_s"] > 0
        assert not any("sample" in action for action in table)
    else:
        assert table["sample, spring"]["time_s"] > table["sample, free-running"]["time_s"]


ANSWERS = Experiment.suited("classify")
SUMS = {"readout": Correlator(bits=8, range=10.0)}


IN_MEMORY = {"rule": ContinualEP(steps=3), "learning.mode": "in_memory", "optimizer": Sgd()}


@pytest.mark.parametrize(
    ("name", "changes", "how"),
    [
        ("cmos_rc_6bit", {}, Experiment(contrast={"begin": 0.5, "rows": 3})),
        ("cmos_rc_6bit", SUMS, Experiment()),
        ("cmos_rc_6bit", SUMS, ANSWERS),
        ("cmos_rc_6bit", {}, ANSWERS.with_value("rule", Coupled())),
        ("ecram_redox", {}, ANSWERS.with_values(IN_MEMORY)),
    ],
    ids=["contrast", "sums", "sums of answers", "coupled", "continual"],
)
def test_an_update_of_the_table_is_the_mean_one_that_a_training_makes(name, changes, how):
    """However many rows the table measures, and whatever is read once a batch."""
    profile = load_profile(name).with_values({"layers": (64, 8, 8)} | changes)
    how = how.with_values({"updates": 2, "batch": 12})
    said = energy_table(profile, rows=5, experiment=how)["training"]
    chip = Chip(on_digits(profile, how))
    trainer = Trainer(chip, how, load_dataset("digits"))
    before = chip.ledger.copy()
    for _ in trainer:
        pass
    spent, was = chip.ledger.since(before), before.energy_items()
    for part in ("settle_time_s", "drive_time_s", "read_time_s"):
        assert said["parts_s"][part] == pytest.approx(spent[part], rel=1e-9)
    for item in ("adc", "dac"):
        paid_J = chip.ledger.energy_items()[item] - was[item]
        assert said["items_J"][item] == pytest.approx(paid_J, rel=1e-9)


def test_a_decision_is_one_row_that_is_driven_settles_and_is_read():
    """From the profile's own times: inputs on 64 nodes, answers on 10, read by its ammeters."""
    answers = Experiment.suited("classify")
    table = energy_table(CMOS.with_value("layers", (64, 8, 8)), rows=4, experiment=answers)
    assert list(table) == ["settle", "update", "training", "decision"]
    parts, tau_s = table["decision"]["parts_s"], CMOS.node.capacitance_F / CMOS.node.leak_S
    assert parts["settle_time_s"] == pytest.approx(5 * tau_s)
    # All sources are set once to charge, once to hold.
    assert parts["drive_time_s"] == pytest.approx(2 * 100e-9)
    assert parts["write_time_s"] == 0
    chip = Chip(with_answers(CMOS, answers.task, load_dataset("digits")))
    rows = answers.task.presented(load_dataset("digits").images[:7], chip.data_sheet)
    before = chip.ledger.copy()
    decide(chip, np.hstack([rows, np.zeros((7, 10))]), answers.flow, held=np.arange(74) < 64)
    assert chip.ledger.since(before)["time_s"] / 7 == pytest.approx(table["decision"]["time_s"])
    assert table["update"]["parts_s"]["settle_time_s"] == pytest.approx(
        64 * 3 * table["settle"]["parts_s"]["settle_time_s"]
    )


@pytest.mark.parametrize("name", ["oim_ring_65nm", "board_resistive", "ideal_resistive"])
def test_machines_that_answer_have_decisions_and_no_samples(name):
    profile = load_profile(name)
    sizes = (profile.layers[0], 6, 10)
    table = energy_table(profile.with_value("layers", sizes), rows=2)
    assert list(table) == ["settle", "update", "training", "decision"]
    assert table["training"]["time_s"] == pytest.approx(600 * table["update"]["time_s"])


def test_a_chip_of_another_image_size_is_refused():
    with pytest.raises(DataError, match="needs 64 visible nodes"):
        energy_table(CMOS.with_value("layers", (16, 8)))


def test_charging_a_node_costs_its_capacitance_times_its_voltage_squared():
    """C V^2 / 2 stays on the capacitor and is lost when it is next discharged."""
    chip = Chip(load_profile("ideal_hopfield"))
    v_V = 0.1 * np.random.default_rng(0).standard_normal((5, 64))
    chip.precharge(v_V)
    node = chip.profile.node
    assert chip.ledger.precharge_J == pytest.approx(node.capacitance_F * np.sum(v_V**2), rel=1e-12)


def test_each_amplifier_between_layers_takes_the_power_of_one():
    """6 + 5 of 16 + 6 + 5 + 3 nodes have one: of hidden layers that have a layer on either side."""
    plain = load_profile("ideal_resistive").with_values(
        {"layers": (16, 6, 5, 3), "sources": (0, -1), "supply": Supply(amplifier_W=1e-6)}
    )
    taken = []
    for gain in ("none", 4.0):
        chip = Chip(plain.with_value("node.law.gain", gain))
        chip.precharge(np.zeros((2, 19)))
        chip.drive(np.zeros((2, 19)), chip.data_sheet.unit_S)
        chip.settle(chip.data_sheet.tau_s)
        taken.append(chip.ledger.amplifiers_J)
    assert taken[1] / taken[0] == pytest.approx((30 + 11) / 30, rel=1e-12)


@pytest.mark.parametrize("name", ["board_resistive", "rram_1t1r_resistive"])
def test_class_ab_sources_of_resistors_take_their_rail_times_their_current(name):
    """By Kirchhoff's law at each source: leaks and diodes are fed by nothing else."""
    quiet = {
        "thermal.temperature_K": "ideal",
        "device_noise": "ideal",
        "settling.engine": "operating_point",
    }
    profile = load_profile(name)
    quiet = {k: v for k, v in quiet.items() if getattr(profile, k, True) is not None}
    profile = profile.with_values(quiet | {"layers": (8, 6, 3), "sources": (0, -1)})
    chip, rng = Chip(profile), np.random.default_rng(0)
    sheet, layers, node = chip.data_sheet, chip.data_sheet.layers, profile.node
    most = profile.coupling.full_scale
    chip.program(Weights(
        most * rng.uniform(0.1, 0.6, layers.present.shape) * layers.present,
        most * rng.uniform(0.1, 0.4, layers.n_nodes),
    ))  # fmt: skip
    held, rows, time_s = np.arange(11) < 8, 4, 1e-3
    target_V = node.unit_V * np.where(held, 20, 1) * rng.standard_normal((rows, 11))
    chip.precharge(target_V)
    chip.drive(target_V, sheet.unit_S, held)
    chip.settle(sheet.tau_s)
    before = chip.ledger.copy()
    chip.settle(time_s)
    spent, u_V = chip.ledger.since(before), chip.u_V
    circuit, springs = chip.circuit, chip.system().springs
    by_hand_A = np.abs((node.unit_V - u_V) * circuit.biases.plus_S).sum(axis=1)
    for i in springs.numbers:
        target = springs.target_V[:, np.flatnonzero(springs.numbers == i)[0]]
        if i < layers.n_visible:
            out_A = circuit.leak_S[i] * target + circuit.biases.plus_S[i] * (target - node.unit_V)
            for k in range(layers.n_odd):
                across_V = target - u_V[:, layers.n_even + k]
                out_A = out_A + circuit.couplings.plus_S[k, i] * across_V
        else:
            out_A = springs.conductance_S[-1] * (target - u_V[:, i])
        by_hand_A += np.abs(out_A)
    wanted_J = profile.supply.driver.rail_V * by_hand_A.sum() * time_s
    items = ("couplings", "springs", "leaks", "drivers")
    assert sum(spent[f"{item}_J"] for item in items) == pytest.approx(wanted_J, rel=1e-4)


def test_formulas_of_energies_are_those_of_the_machine():
    assert formulas_of(load_profile("cmos_rc_6bit")) == FORMULAS
    of_phases = formulas_of(load_profile("oim_lc_board"))
    assert list(of_phases) == list(FORMULAS)
    said = " ".join(text for text, _ in of_phases.values())
    assert "cos of the phase between both ends" in said
    assert not {"v^2", "u)^2", "u^2", "V^2", "rail"} & set(said.split())
    places = [place for _, fields in of_phases.values() for place in fields]
    assert "node.law.amplitude_V" in places
    assert "node.capacitance_F" not in places
