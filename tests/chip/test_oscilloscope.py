"""A probe on every node: it records a settle, and hides nothing of the chip from the host."""

import inspect

import numpy as np
import pytest

from neurosim.chip import Chip, ChipInterface
from neurosim.chip.oscilloscope import Oscilloscope
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient

SIZES = (5, 7, 6)
CALLS = sorted(
    name
    for name, value in vars(ChipInterface).items()
    if inspect.isfunction(value) and name[0] != "_"
)


def driven(rows=3, points=None):
    """A chip ready to settle from its targets, with an oscilloscope or bare."""
    profile = load_profile("ideal_hopfield").with_value("layers", SIZES)
    chip = Chip(profile, engine=Transient(rtol=1e-8, atol=1e-11))
    chip.program(initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0)))
    probed = chip if points is None else Oscilloscope(chip, points=points, row=1)
    target_V = 0.1 * np.random.default_rng(1).standard_normal((rows, SIZES[0]))
    probed.precharge(target_V)
    probed.drive(target_V, 15.0 * chip.data_sheet.unit_S)
    return chip, probed


class Answers:
    """A chip that answers each call with its name, and writes down what it was asked."""

    data_sheet = "data sheet"

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        def call(*args):
            self.asked.append((name, args))
            return name

        return call


@pytest.mark.parametrize("name", [name for name in CALLS if name != "settle"])
def test_every_call_of_the_interface_reaches_the_chip_with_its_arguments(name):
    chip = Answers()
    parameters = list(inspect.signature(getattr(ChipInterface, name)).parameters)[1:]
    answer = getattr(Oscilloscope(chip), name)(*parameters)
    assert chip.asked == [(name, tuple(parameters))]
    gives = inspect.signature(getattr(ChipInterface, name)).return_annotation
    assert answer == (None if gives in (None, "None") else name)


def test_its_data_sheet_is_the_chips():
    assert Oscilloscope(Answers()).data_sheet == "data sheet"


def test_a_settle_in_pieces_ends_where_one_settle_ends():
    bare, _ = driven()
    probed, scope = driven(points=12)
    time_s = 3 * bare.data_sheet.tau_s
    bare.settle(time_s)
    scope.settle(time_s)
    np.testing.assert_allclose(probed.u_V, bare.u_V, atol=1e-8)
    assert probed.ledger.settle_time_s == pytest.approx(bare.ledger.settle_time_s)


def test_the_trace_is_of_its_row_from_the_start_to_the_end_of_each_settle():
    chip, scope = driven(points=4)
    start_V, tau_s = chip.output_V[1], chip.data_sheet.tau_s
    scope.settle(2 * tau_s)
    middle_V = chip.output_V[1]
    scope.settle(tau_s)
    trace = scope.trace()
    assert trace.layers == Layers(SIZES)
    assert trace.phase_ends_s == pytest.approx((2 * tau_s, 3 * tau_s))
    # Quadratically closer together at the start of each; the moment between two settles twice.
    quadratic = np.array([0, 1 / 16, 1 / 4, 9 / 16, 1])
    np.testing.assert_allclose(trace.time_s / tau_s, [*(2 * quadratic), *(2 + quadratic)])
    assert trace.output_V.shape == (10, sum(SIZES))
    np.testing.assert_array_equal(
        trace.output_V[[0, 4, 5, 9]], [start_V, middle_V, middle_V, chip.output_V[1]]
    )
