"""What nodes put out is computed once a state, and never that of another one."""

import copy
import weakref
from dataclasses import asdict

import numpy as np
import pytest

import neurosim as ns
from neurosim.chip.remembered import Remembered, Standing
from neurosim.circuit import Circuit
from neurosim.host import FlowSettings
from neurosim.host.phases import present
from neurosim.network import Weights

MACHINES = {
    "amplifiers": ("ideal_hopfield", {}),
    "amplifiers with an output resistance": ("ideal_hopfield", {"node.output_Ohm": 1e5}),
    "amplifiers that lag": ("ideal_hopfield", {"node.bandwidth_Hz": 1e7}),
    "resistors": ("ideal_resistive", {"sources": (0,)}),
    "resistors, amplifiers between": ("ideal_resistive", {"sources": (0,), "node.law.gain": 2.0}),
    "oscillators": ("ideal_oscillator", {"sources": (0,)}),
}


def weights_of(chip, seed):
    """At random, none of them negative."""
    layers, rng = chip.data_sheet.layers, np.random.default_rng(seed)
    matrices = [rng.uniform(0, 1, (2, 2)) for _ in layers.links]
    return Weights.from_layers(layers, matrices, [rng.uniform(0, 1, 2) for _ in layers.sizes])


def chip_of(machine):
    """Of six nodes."""
    name, changes = MACHINES[machine]
    made = ns.Chip(ns.load_profile(name).with_values({"layers": (2, 2, 2)} | changes))
    made.program(weights_of(made, 0))
    return made


def shown(chip, value):
    return np.full((3, 2), value * chip.data_sheet.unit_V)


def steps(chip):
    """What moves nodes or changes the circuit, one after another."""
    sheet = chip.data_sheet
    yield chip.precharge(shown(chip, 0.3))
    yield chip.drive(shown(chip, 0.5), sheet.unit_S)
    yield chip.settle(2 * sheet.tau_s)
    yield chip.store() if sheet.has_hold else None
    yield chip.clamp(shown(chip, -0.4))
    yield chip.settle(sheet.tau_s)
    yield chip.recall() if sheet.has_hold else None
    # Nearly the same state is another one.
    chip._nodes.u_V = chip.u_V * (1 + 1e-9)
    yield
    yield chip.program(weights_of(chip, 1))
    broken_V = chip.u_V.copy()
    broken_V[1] = np.nan
    chip._nodes.u_V = broken_V
    yield
    yield chip.settle(sheet.tau_s)


def test_an_update_computes_outputs_of_its_four_states_alone(monkeypatch):
    chip, n_computed, reading_V = chip_of("amplifiers"), [], Circuit.reading_V
    monkeypatch.setattr(
        Circuit, "reading_V", lambda circuit, u_V: n_computed.append(1) or reading_V(circuit, u_V)
    )
    rng = np.random.default_rng(0)
    present(chip, *rng.standard_normal((2, 5, 2)), FlowSettings())
    # At the start, at rest, and of both nudges.
    assert len(n_computed) == 4


@pytest.mark.parametrize("machine", [name for name in MACHINES if "lag" not in name])
def test_outputs_are_those_of_the_state_and_the_circuit_of_now(machine):
    chip = chip_of(machine)
    for _ in steps(chip):
        np.testing.assert_array_equal(chip.output_V, chip.circuit.reading_V(chip.u_V))
    assert np.isnan(chip.output_V).all(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_ledger_is_what_it_is_where_nothing_is_remembered(machine, monkeypatch):
    ledgers = []
    for _ in range(2):
        chip = chip_of(machine)
        for _ in steps(chip):
            chip.output_V  # noqa: B018
        ledgers.append(asdict(chip.ledger))
        monkeypatch.setattr(Remembered, "standing", lambda self, circuit, u_V: Standing(u_V, None))
    assert ledgers[0] == ledgers[1]
    assert ledgers[0]["couplings_J"] > 0 or machine == "oscillators"


def test_no_more_than_two_states_and_one_circuit_are_kept():
    chip, states = chip_of("amplifiers"), []
    for value in (0.1, 0.2, 0.3, 0.4):
        chip.precharge(shown(chip, value))
        chip.drive(shown(chip, value), 1e-6)
        chip.settle(1e-7)
        states.append(weakref.ref(chip.u_V))
    assert [state() is None for state in states[:2]] == [True, True]
    circuit = weakref.ref(chip.circuit)
    chip.program(weights_of(chip, 1))
    chip.settle(1e-7)
    assert circuit() is None
    last = weakref.ref(chip.u_V)
    chip.wait(1.0)
    assert last() is None


@pytest.mark.parametrize("machine", MACHINES)
def test_states_are_not_written_to(machine):
    chip = chip_of(machine)
    for _ in steps(chip):
        with pytest.raises(ValueError, match="read-only"):
            chip.u_V[0] = 1.0


def test_a_copy_of_a_chip_remembers_nothing_of_it():
    chip = chip_of("amplifiers")
    chip.precharge(shown(chip, 0.3))
    before_V = chip.output_V
    copied = copy.deepcopy(chip)
    copied.u_V[:] = 0.05
    np.testing.assert_array_equal(copied.output_V, copied.circuit.output_V(copied.u_V))
    np.testing.assert_array_equal(chip.output_V, before_V)
