"""What nodes put out is computed once a state, and never that of another one."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.circuit import Circuit
from neurosim.host import FlowSettings
from neurosim.host.phases import present
from neurosim.network import Weights


def weights_of(chip: ns.Chip, seed: int) -> Weights:
    """At random, within the full scale."""
    layers, rng = chip.data_sheet.layers, np.random.default_rng(seed)
    matrices = [rng.uniform(-1, 1, (2, 2)) for _ in layers.links]
    return Weights.from_layers(layers, matrices, [rng.uniform(-1, 1, 2) for _ in layers.sizes])


@pytest.fixture
def chip() -> ns.Chip:
    """Of six nodes."""
    profile = ns.load_profile("ideal_hopfield").with_values({"layers": (2, 2, 2)})
    made = ns.Chip(profile)
    made.program(weights_of(made, 0))
    return made


def test_an_update_computes_outputs_of_its_four_states_alone(chip, monkeypatch):
    n_computed, reading_V = [], Circuit.reading_V
    monkeypatch.setattr(
        Circuit, "reading_V", lambda circuit, u_V: n_computed.append(1) or reading_V(circuit, u_V)
    )
    rng = np.random.default_rng(0)
    present(chip, *rng.standard_normal((2, 5, 2)), FlowSettings())
    # At the start, at rest, and of both nudges.
    assert len(n_computed) == 4


def test_outputs_are_those_of_the_state_and_the_circuit_of_now(chip):
    def now() -> bool:
        expected = chip.circuit.output_V(chip.u_V)
        return np.array_equal(chip.output_V, expected)

    unit_V = chip.data_sheet.unit_V
    chip.precharge(np.full((3, 2), 0.3 * unit_V))
    assert now()
    chip.drive(np.full((3, 2), 0.5 * unit_V), 1e-6)
    chip.settle(1e-7)
    assert now()
    chip.store()
    chip.clamp(np.full((3, 2), -0.4 * unit_V))
    assert now()
    chip.settle(1e-7)
    chip.recall()
    assert now()
    np.testing.assert_allclose(chip.u_V[0], chip.u_V[1])
    chip.program(weights_of(chip, 1))
    assert now()


def test_a_state_that_outputs_are_known_of_is_not_written_to(chip):
    chip.precharge(np.zeros((3, 2)))
    known = chip.output_V
    for array in (known, chip.u_V):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
