"""The three phases, and that the host measures nothing but what a controller could."""

import numpy as np
import pytest

from neurosim.chip import Chip, ChipInterface
from neurosim.errors import DataError
from neurosim.host import Experiment, FlowSettings, Trainer, free_phase, initial_weights, present
from neurosim.ideal import IdealNetwork
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient

SIZES = (5, 7, 6)


class Recorder:
    """A chip that offers exactly the calls of the interface and writes down each one."""

    def __init__(self, chip):
        self._chip, self.calls, self.read_by_host = chip, [], []

    def __getattr__(self, name):
        if name not in dir(ChipInterface):
            raise AssertionError(f"the host asked for `{name}`, which no chip offers")
        value = getattr(self._chip, name)
        if not callable(value):
            self.calls.append((name, None))
            self.read_by_host.append(name)
            return value

        def call(*args):
            result = value(*args)
            self.calls.append((name, args))
            if result is not None:
                self.read_by_host.append((name, np.shape(result)))
            return result

        return call


def chip_of(name="ideal_hopfield", engine=None, **changes):
    profile = load_profile(name).with_value("layers", SIZES)
    for path, value in changes.items():
        profile = profile.with_value(path.replace("__", "."), value)
    return Chip(profile, engine=engine)


def programmed(chip, seed=0):
    weights = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(seed))
    chip.program(weights)
    return weights


def test_one_training_step_reads_the_data_sheet_and_three_rounds_of_node_voltages():
    images = np.random.default_rng(0).uniform(-1, 1, (20, SIZES[0]))
    recorder = Recorder(chip_of())
    experiment = Experiment(updates=1, batch=8)
    trainer = Trainer(recorder, experiment, images)
    recorder.calls.clear()
    recorder.read_by_host.clear()
    next(iter(trainer))
    n_nodes, n_visible = sum(SIZES), SIZES[0]
    measured = [item for item in recorder.read_by_host if item != "data_sheet"]
    assert measured == [
        ("drive", (8, n_visible)),
        ("read", (8, n_nodes)),
        ("sense", (8, n_visible)),
        ("drive", (8, n_visible)),
        ("read", (8, n_nodes)),
        ("drive", (8, n_visible)),
        ("read", (8, n_nodes)),
    ]
    order = [name for name, _ in recorder.calls if name != "data_sheet"]
    assert order == [
        *("precharge", "drive", "settle", "read", "sense", "store"),
        *("drive", "settle", "read", "recall", "drive", "settle", "read"),
        "program",
    ]


READOUTS = {
    "cds": {
        "kind": "cds", "gain": 64, "capacitance_F": "100 fF", "gain_spread": "ideal",
        "noise_V": "ideal", "source": "assumed: a test",
    },
    "correlator": {
        "kind": "correlator", "gain_spread": "ideal", "offset_V": "ideal", "noise": "ideal",
        "bits": "ideal", "range": "ideal", "auto_range": False, "source": "assumed: a test",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "hold"),
    [
        *((kind, "capacitor") for kind in ("plain", "cds", "correlator")),
        *((kind, "none") for kind in ("plain", "correlator")),
    ],
)
def test_the_host_calls_what_the_data_sheet_offers_and_nothing_else(kind, hold):
    readout = READOUTS.get(kind, "plain")
    recorder = Recorder(chip_of(readout=readout, node__hold=hold))
    programmed(recorder)
    recorder.calls.clear()
    x_t, u_t = np.random.default_rng(1).standard_normal((2, 4, SIZES[0]))
    present(recorder, x_t, u_t, FlowSettings(beta=1e-3, settle_tau=5.0))
    nudged = {"plain": "read", "cds": "read_difference", "correlator": "correlate"}[kind]
    back = ["recall"] if hold == "capacitor" else ["precharge", "drive", "settle"]
    assert [name for name, _ in recorder.calls if name != "data_sheet"] == [
        *("precharge", "drive", "settle", "read", "sense"),
        *(["store"] if hold == "capacitor" else []),
        *("drive", "settle", nudged, *back, "drive", "settle", nudged),
        *(["read_correlator"] if kind == "correlator" else []),
    ]
    signs = [args for name, args in recorder.calls if name == "correlate"]
    assert signs == ([(1,), (-1,)] if kind == "correlator" else [])


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("name", "law", "activation"),
    [("ideal_gradient", "gradient", "silu"), ("ideal_hopfield", "hopfield", "tanh")],
)
def test_the_displacement_is_the_velocity_of_the_energy(name, law, activation):
    """It is -alpha dE/dx at rest, where the oracle's own field without a spring is -dE/dx."""
    chip = chip_of(name, engine=Transient(rtol=1e-9, atol=1e-12))
    network = IdealNetwork.from_weights(Layers(SIZES), programmed(chip), law, activation)
    x_t = np.random.default_rng(1).standard_normal((4, SIZES[0]))
    flow = FlowSettings(settle_tau=100.0)
    _, outputs, velocity = free_phase(chip, x_t, flow)
    rest = network.equilibrium(x_t, 15.0)
    visible = network.layers.visible
    np.testing.assert_allclose(outputs[:, visible], rest[:, visible], atol=1e-6)
    field = network.velocity_field(rest)[:, visible]
    assert np.abs(field).max() > 0.1
    np.testing.assert_allclose(velocity, flow.alpha * field, atol=1e-6)


def test_the_velocity_is_the_same_from_the_ammeter_and_from_the_voltages():
    with_sense, without = chip_of(), chip_of(current_sense=None)
    x_t = np.random.default_rng(1).standard_normal((4, SIZES[0]))
    velocities = []
    for chip in (with_sense, without):
        programmed(chip)
        velocities.append(free_phase(chip, x_t, FlowSettings(settle_tau=20.0))[2])
    np.testing.assert_allclose(*velocities, rtol=1e-9)


def test_a_chip_that_cannot_hold_its_state_repeats_the_free_phase():
    x_t, u_t = np.random.default_rng(1).standard_normal((2, 4, SIZES[0]))
    flow, shown = FlowSettings(beta=1e-3, settle_tau=30.0), []
    for hold in ("capacitor", "none"):
        chip = chip_of(node__hold=hold)
        programmed(chip)
        shown.append(present(chip, x_t, u_t, flow))
        assert chip.ledger.settles == (3 if hold == "capacitor" else 4)
    np.testing.assert_array_equal(shown[0].outputs[2], shown[1].outputs[2])


def test_a_nudge_stiffer_than_its_spring_is_refused():
    chip = chip_of()
    programmed(chip)
    x = np.zeros((1, SIZES[0]))
    with pytest.raises(DataError, match=r"must be below .* = 0.0167, but is 0.02"):
        present(chip, x, x, FlowSettings(beta=0.02, settle_tau=1.0))


def test_what_settings_leave_open_is_the_chip_s_advice():
    chip = chip_of()
    advised = FlowSettings().on(chip.data_sheet)
    assert (advised.beta, advised.settle_tau) == (1.25e-3, 30.0)
    assert advised.settle_s == 30.0 * chip.data_sheet.tau_s
    assert FlowSettings(beta=0.01, settle_tau=2.0).on(chip.data_sheet).beta == 0.01
    programmed(chip)
    x = np.zeros((1, SIZES[0]))
    present(chip, x, x, FlowSettings())
    assert chip.ledger.settle_time_s == pytest.approx(3 * advised.settle_s)


def test_a_nudge_displaces_the_voltage_that_the_dac_delivers_not_the_one_asked_for():
    """Three-bit sources: codes are 0.5 apart, so that both differ by up to 0.25."""
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (6, 5, 4), "dac.bits": 3, "dac.range_V": 0.15}
    )
    chip, asked = Chip(profile), []
    drive = chip.drive

    def recorded(target_V, conductance_S, held=None):
        asked.append(target_V / chip.data_sheet.unit_V)
        return drive(target_V, conductance_S, held)

    chip.drive = recorded
    rng = np.random.default_rng(0)
    x_t, u_t = rng.uniform(-1, 1, (2, 8, 6))
    flow = FlowSettings(beta=4e-3, settle_tau=1.0).on(chip.data_sheet)
    present(chip, x_t, u_t, flow)
    scale = flow.alpha * flow.stiffness
    nudge, codes = flow.beta * scale**2, 0.5 * np.round(x_t / 0.5)
    assert np.abs(codes - x_t).max() > 0.2
    for sign in (1, -1):
        target = codes + sign * nudge / (flow.stiffness + sign * nudge) * u_t / scale
        assert min(np.abs(got - target).max() for got in asked) < 1e-12
