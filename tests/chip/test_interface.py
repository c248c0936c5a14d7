"""A host that talks to the interface alone can be put before a recording of a chip."""

import inspect

import numpy as np
import pytest

from neurosim.chip import Chip, ChipInterface, DataSheet
from neurosim.chip.oscilloscope import Oscilloscope
from neurosim.host import FlowSettings, initial_weights, present
from neurosim.profile import load_profile

SIZES = (5, 6, 3)
SOURCE = "assumed: a test"
AMMETER = {"bits": "ideal", "range_A": "ideal", "channels": "ideal", "source": SOURCE}
INJECTORS = {"layers": [1, -1], "bits": 8, "range_A": "10 uA", "noise_A": "1 nA", "source": SOURCE}
BASE = {"layers": SIZES, "sources": [0, -1], "current_sense": AMMETER, "injectors": INJECTORS}
PROFILE = load_profile("cmos_rc_6bit").with_values(BASE)
CALLS = [name for name in vars(ChipInterface) if not name.startswith("_") and name != "data_sheet"]


def copied(value):
    """As it is now, whatever is done to the original later."""
    return value.copy() if hasattr(value, "copy") else value


class Recorder:
    """A chip that offers exactly the calls of the interface and keeps what each one gave."""

    def __init__(self, chip):
        self._chip, self.tape = chip, [("data_sheet", (), chip.data_sheet)]

    @property
    def data_sheet(self):
        return self._chip.data_sheet

    def __getattr__(self, name):
        assert name in CALLS, f"the host asked for `{name}`, which no chip offers"

        def call(*args):
            given = tuple(copied(arg) for arg in args)
            self.tape.append((name, given, copied(getattr(self._chip, name)(*args))))
            return copied(self.tape[-1][2])

        return call


class Playback:
    """What a chip said once, to a host that asks the same again."""

    def __init__(self, tape):
        self.data_sheet, self._left = tape[0][2], list(tape[1:])

    def __getattr__(self, name):
        assert name in CALLS, f"the host asked for `{name}`, which no chip offers"

        def call(*args):
            recorded, given, answer = self._left.pop(0)
            assert name == recorded
            for mine, theirs in zip(args, given, strict=True):
                np.testing.assert_equal(
                    getattr(mine, "vector", mine), getattr(theirs, "vector", theirs)
                )
            return copied(answer)

        return call

    @property
    def ended(self):
        return not self._left


def flow(chip, rng):
    """A flow's presentation, as the shipped host does it."""
    x, u = rng.uniform(-1, 1, (2, 4, SIZES[0]))
    shown = present(chip, x, u, FlowSettings(beta=1e-2, settle_tau=5.0))
    return [shown.velocity, *shown.outputs[1:]]


def classifier(chip, rng):
    """Inputs held, answers on springs of their own and nudged; one answer is not nudged at all."""
    sheet = chip.data_sheet
    inputs, answers = sheet.columns(0), sheet.columns(-1)
    target_V, held = np.zeros((4, sheet.n_sources)), np.zeros(sheet.n_sources, dtype=bool)
    target_V[:, inputs], held[inputs] = rng.uniform(-1, 1, (4, SIZES[0])) * sheet.unit_V, True
    spring_S = np.zeros(sheet.n_sources)
    spring_S[answers] = [0.5 * sheet.unit_S, 0.5 * sheet.unit_S, 0.0]
    chip.precharge(target_V[:, inputs])
    chip.drive(target_V, spring_S, held)
    chip.settle(5 * sheet.tau_s)
    free, current_A = chip.read((-1,)), chip.sense()
    chip.store()
    found = [free, current_A]
    for sign in (1, -1):
        chip.recall()
        target_V[:, answers] = 0.1 * sign * sheet.unit_V
        chip.drive(target_V, (1 + 0.1 * sign) * spring_S, held)
        chip.settle(5 * sheet.tau_s)
        found.append(sheet.contrast.derivative(chip.read() / sheet.unit_V, sheet.layers).vector)
    return found


def corrected(chip, rng):
    """Answers rigid, then rounds of currents that depend on what was read."""
    sheet = chip.data_sheet
    both = rng.uniform(-0.5, 0.5, (4, sheet.n_sources)) * sheet.unit_V
    chip.precharge(both)
    chip.clamp(both)
    chip.settle(3 * sheet.tau_s)
    found = [chip.sense()]
    for _ in range(2):
        read = chip.read((1, -1)) / sheet.unit_V
        found.append(chip.inject(0.2 * read * sheet.unit_S * sheet.unit_V))
        chip.settle(3 * sheet.tau_s)
    chip.clamp(both, np.arange(sheet.n_sources) < 2)
    chip.settle(sheet.tau_s)
    return [*found, chip.read_visible()]


@pytest.mark.parametrize("host", [flow, classifier, corrected])
def test_a_host_finds_the_same_on_a_recording_as_on_the_chip(host):
    chip = Chip(PROFILE)
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(0)))
    recorder = Recorder(chip)
    live = host(recorder, np.random.default_rng(1))
    playback = Playback(recorder.tape)
    again = host(playback, np.random.default_rng(1))
    assert playback.ended
    for mine, theirs in zip(live, again, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert np.isfinite(mine).all()


def test_a_host_that_asks_for_anything_else_is_found_out():
    chip = Chip(PROFILE)
    recorder = Recorder(chip)
    classifier(recorder, np.random.default_rng(1))
    with pytest.raises(AssertionError, match="which no chip offers"):
        _ = Playback(recorder.tape).u_V
    with pytest.raises(AssertionError):
        classifier(Playback(recorder.tape), np.random.default_rng(2))


@pytest.mark.parametrize("cls", [Chip, Oscilloscope])
@pytest.mark.parametrize("name", CALLS)
def test_a_chip_and_an_instrument_before_it_take_every_call_as_the_interface_has_it(cls, name):
    """Python checks a Protocol's names, not the names and defaults of parameters."""
    ours, theirs = (inspect.signature(getattr(c, name)).parameters for c in (cls, ChipInterface))
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


def test_what_a_new_data_sheet_says_is_what_an_old_one_meant():
    """A sheet that lists no sources is of a chip that drives its visible nodes alone."""
    sheet = Chip("cmos_rc_6bit").data_sheet
    old = {name: getattr(sheet, name) for name in inspect.signature(DataSheet).parameters}
    for name in ("source_layers", "injector_layers", "max_injected_A", "contrast"):
        del old[name]
    assert DataSheet(**old) == sheet
    assert (sheet.n_sources, sheet.n_injectors) == (sheet.layers.n_visible, 0)
    assert sheet.columns(0) == sheet.layers.visible
