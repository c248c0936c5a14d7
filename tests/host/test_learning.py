"""Learning modes: what the host sends to the chip, and that each of them learns."""

from types import SimpleNamespace

import numpy as np
import pytest

from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.records import check_like
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.errors import DataError, ProfileError
from neurosim.host import Experiment, FlowSettings, Learning, Optimizer, Trainer, blank_state
from neurosim.host.learning import InMemory, ShadowWeights, learner
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile

STEP = 0.05
SHAPE, N_BIAS = (60, 50), 110
PULSE = {
    "law": "linear_step", "pair": "both", "refresh_at": "ideal", "states": 1000,
    "gamma_up": 0.1153, "gamma_down": 0.5085, "asymmetry": "ideal", "cycle_noise": 0.3,
    "cycle_noise_additive": "ideal", "step_spread": 0.1, "bound_spread": 0.025,
    "asymmetry_spread": "ideal",
    "source": "Tang et al., IEDM (2018), as fitted by aihwkit's EcRam preset",
}  # fmt: skip


class Recorder:
    """A chip that keeps what it is told."""

    def __init__(self, pulse_weight=STEP):
        self.data_sheet = SimpleNamespace(
            pulse_weight=pulse_weight, full_scale=4.0, lowest=-4.0, name="a recorder"
        )
        self.programmed, self.pulsed = [], []

    def program(self, weights):
        self.programmed.append(weights)

    def pulse(self, counts):
        self.pulsed.append(counts)


def gradient(seed=0):
    rng = np.random.default_rng(seed)
    return Weights(rng.standard_normal(SHAPE), rng.standard_normal(N_BIAS))


def start():
    return Weights(np.zeros(SHAPE), np.zeros(N_BIAS))


def in_memory(pulses="stochastic", optimizer="sgd", seed=0, **learning):
    return Experiment(
        optimizer=optimizer,
        clip=None,
        seed=seed,
        learning=Learning(mode="in_memory", pulses=pulses, **learning),
    )


def sent(experiment, gradients, rate=0.01):
    chip = Recorder()
    made = InMemory(chip, start(), experiment)
    for update, g in enumerate(gradients):
        made.learn(g, rate, update)
    return chip.pulsed


def test_shadow_weights_are_programmed_at_each_kth_update_and_at_the_last():
    chip, experiment = Recorder(), Experiment(updates=7, learning=Learning(every=3))
    made, plain = ShadowWeights(chip, start(), experiment), Optimizer(start(), experiment, 4.0)
    shadows = []
    for update in range(7):
        made.learn(gradient(update), 1e-3, update)
        plain.step(gradient(update), 1e-3)
        shadows.append(plain.weights)
    assert len(chip.programmed) == 3
    for programmed, k in zip(chip.programmed, (2, 5, 6), strict=True):
        np.testing.assert_array_equal(programmed.coupling, shadows[k].coupling)


def test_sign_gives_one_pulse_against_each_gradient_above_the_threshold():
    g = gradient()
    (counts,) = sent(in_memory("sign"), [g], rate=1e-9)
    np.testing.assert_array_equal(counts.coupling, -np.sign(g.coupling))
    (counts,) = sent(in_memory("sign", threshold=1.5), [g])
    rms = np.sqrt((np.sum(g.coupling**2) + np.sum(g.bias**2)) / (g.coupling.size + N_BIAS))
    expected = np.where(np.abs(g.bias) > 1.5 * rms, -np.sign(g.bias), 0)
    np.testing.assert_array_equal(counts.bias, expected)


def test_the_sign_of_adam_is_that_of_the_momentum():
    first = gradient()
    reversed_weakly = Weights(-0.1 * first.coupling, -0.1 * first.bias)
    _, counts = sent(in_memory("sign", "adam"), [first, reversed_weakly])
    np.testing.assert_array_equal(counts.coupling, -np.sign(first.coupling))


def test_stochastic_counts_have_the_mean_that_the_rate_asks_for():
    """Whole numbers with a mean m and the variance f (1 - f), f the fraction of m."""
    g, n = Weights(np.full(SHAPE, 1.3), np.full(N_BIAS, -11.3)), SHAPE[0] * SHAPE[1]
    (counts,) = sent(in_memory(), [g], rate=0.01)
    for got, mean in ((counts.coupling, -0.26), (counts.bias, 2.26)):
        f = mean % 1
        assert set(np.unique(got)) <= {np.floor(mean), np.ceil(mean)}
        assert got.mean() == pytest.approx(mean, abs=5 * np.sqrt(f * (1 - f) / got.size))
    assert n > 1000


def test_stochastic_counts_repeat_with_the_seed_and_differ_from_update_to_update():
    g = Weights(np.full(SHAPE, 1.3), np.zeros(N_BIAS))
    one, other = sent(in_memory(seed=1), [g, g]), sent(in_memory(seed=1), [g, g])
    np.testing.assert_array_equal(one[1].coupling, other[1].coupling)
    assert (one[0].coupling != one[1].coupling).any()
    assert (sent(in_memory(seed=2), [g])[0].coupling != one[0].coupling).any()


def test_accumulated_counts_lose_less_than_a_step():
    gradients = [gradient(k) for k in range(30)]
    pulsed = sent(in_memory("accumulate"), gradients, rate=0.01)
    wanted = -0.01 * sum(g.coupling for g in gradients)
    total = STEP * sum(counts.coupling for counts in pulsed)
    assert np.abs(total - wanted).max() < STEP * (1 + 1e-9)


@pytest.mark.parametrize("pulses", ["stochastic", "accumulate"])
def test_a_pair_takes_no_more_pulses_than_the_most(pulses):
    g = Weights(np.full(SHAPE, 1e3), np.full(N_BIAS, -1e3))
    (counts,) = sent(in_memory(pulses, most=4), [g])
    assert (counts.coupling == -4).all()
    assert (counts.bias == 4).all()


def test_learning_in_memory_needs_devices_that_take_pulses():
    with pytest.raises(DataError, match="a recorder has none; state `pulse`"):
        learner(Recorder(pulse_weight=None), start(), in_memory())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning: {mode: in_memory, every: 4}", "learning.every: is for mode shadow"),
        ("learning: {threshold: 1}", "learning.threshold: is for mode in_memory with pulses sign"),
        ("learning: {mode: cloud}", "learning.mode: must be one of 'shadow', 'in_memory'"),
    ],
)
def test_settings_that_do_nothing_are_refused(text, message):
    with pytest.raises(ProfileError, match=message):
        parse_block(text, Experiment, "mine.yaml")


def test_learning_comes_back_from_yaml():
    experiment = in_memory("sign", threshold=0.5, most=3)
    assert parse_block(dump_block(experiment), Experiment, "mine.yaml") == experiment


def small(pulses=True):
    changes = {"layers": (64, 32), "coupling.full_scale": 1.0}
    if pulses:
        changes["pulse"] = PULSE
    return load_profile("ideal_hopfield").with_values(changes)


MODES = {
    "every": Learning(every=4),
    "sign": Learning(mode="in_memory", pulses="sign", threshold=1.0),
    "stochastic": Learning(mode="in_memory", pulses="stochastic"),
    "accumulate": Learning(mode="in_memory", pulses="accumulate"),
}


@pytest.mark.every(6)
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_lowers_the_loss(mode):
    experiment = Experiment(
        updates=60, batch=24, learning_rate=4e-3, learning=MODES[mode],
        flow=FlowSettings(settle_tau=8.0),
    )  # fmt: skip
    trainer = Trainer(Chip(small()), experiment, load_digits()[0])
    loss = [update.flow_loss for update in trainer]
    # An untrained net reads 2.6; the mean over the last ten is well below where it starts.
    assert np.mean(loss[-10:]) < 0.5 * np.mean(loss[:3])


def test_in_memory_the_devices_hold_the_only_copy():
    experiment = in_memory().model_copy(update={"updates": 2, "batch": 8})
    trainer = Trainer(Chip(small()), experiment, load_digits()[0])
    with pytest.raises(DataError, match="the devices hold"):
        trainer.weights  # noqa: B018  # a property that refuses


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"average": 0.9},
        {"optimizer": "sgd"},
        {"calibrate": True},
        {"learning": Learning(mode="in_memory", pulses="sign")},
        {"learning": Learning(mode="in_memory", pulses="accumulate")},
    ],
)
def test_a_blank_state_is_like_that_of_a_trainer(settings):
    profile = load_profile("ideal_hopfield").with_values({"layers": (64, 6, 5), "pulse": PULSE})
    experiment = Experiment(batch=8, flow=FlowSettings(settle_tau=2.0), **settings)
    trainer = Trainer(Chip(profile), experiment, load_digits()[0])
    blank = blank_state(Layers(profile.layers), experiment)
    check_like(trainer.state(), blank, "a trainer")
    check_like(blank, trainer.state(), "a blank one")
