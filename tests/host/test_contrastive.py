"""The contrastive stage against SciPy's integration of the oracle's dynamics."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Contrast, Experiment, FlowSettings, Trainer, initial_weights
from neurosim.host.contrastive import energy_contrast
from neurosim.ideal import IdealNetwork
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient

SIZES, KAPPA = (5, 7, 6), 6.0
STAGE = Contrast(t_end=1.3, clip=False)
T_END = STAGE.t_end
LAYERS = Layers(SIZES)
EXACT = Transient(rtol=1e-8, atol=1e-11)
FLOW = FlowSettings(beta=1e-3, settle_tau=20.0)
CORRELATOR = {
    "kind": "correlator", "bits": "ideal", "range": "ideal", "auto_range": False, "noise": "ideal",
    "gain_spread": "ideal", "offset_V": "ideal", "source": "ideal",
}  # fmt: skip


def profile(law="hopfield", **changes):
    small = {"layers": SIZES, "node.release_capacitance_F": f"{KAPPA} pF"}
    return load_profile(f"ideal_{law}").with_values(small | changes)


def presented(seed=0, rows=4):
    rng = np.random.default_rng(seed)
    weights = initial_weights(LAYERS, 0.9, rng)
    return weights, rng.uniform(-1, 1, (rows, 5)), rng.standard_normal((rows, 5))


def on_chip(of, stage=STAGE, seed=0):
    weights, images, x_0 = presented(seed)
    chip = Chip(of, engine=EXACT)
    chip.program(weights)
    found, lost = energy_contrast(chip, images, x_0, FLOW, stage)
    assert lost == 0
    return found.vector, chip


def integrated(network, x, time_tau, visible_rate):
    """States after a time from (x, h = 0), the visible nodes at this rate of their own."""
    start = np.zeros((len(x), LAYERS.n_nodes)) if x.shape[1] == 5 else x.copy()
    start[:, :5] = x[:, :5]

    def rate(_, flat):
        found = network.velocity_field(flat.reshape(start.shape))
        found[:, :5] *= visible_rate
        return found.ravel()

    path = solve_ivp(rate, (0, time_tau), start.ravel(), "DOP853", rtol=1e-9, atol=1e-11)
    return path.y[:, -1].reshape(start.shape)


@pytest.mark.every(6)
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_it_is_the_difference_of_the_oracles_energy_gradients(law, clip):
    weights, images, x_0 = presented()
    activation = {"hopfield": "tanh", "gradient": "silu"}[law]
    network = IdealNetwork.from_weights(LAYERS, weights, law, activation)
    clamped, begun = (integrated(network, x, FLOW.settle_tau, 0.0) for x in (images, x_0))
    drawn = integrated(network, begun, T_END * FLOW.alpha * KAPPA, 1 / KAPPA)
    assert np.abs(drawn[:, :5]).max() > 1.1
    if clip:
        drawn = integrated(network, np.clip(drawn[:, :5], -1, 1), FLOW.settle_tau, 0.0)
    exact = network.energy_gradient(clamped).vector - network.energy_gradient(drawn).vector
    stage = Contrast(t_end=T_END, clip=clip)
    np.testing.assert_allclose(on_chip(profile(law), stage)[0], exact, atol=1e-7)


def test_a_step_against_it_lowers_the_energy_of_images_below_that_of_samples():
    weights, images, x_0 = presented()

    def gap(of):
        network = IdealNetwork.from_weights(LAYERS, of, "hopfield", "tanh")
        begun = integrated(network, x_0, FLOW.settle_tau, 0.0)
        clamped = integrated(network, images, FLOW.settle_tau, 0.0)
        return network.energy(clamped).mean() - network.energy(begun).mean()

    # Samples of no generation time are the noise itself: the gap is a plain function of weights.
    chip = Chip(profile(), engine=EXACT)
    chip.program(weights)
    found, _ = energy_contrast(chip, images, x_0, FLOW, Contrast(t_end=1e-9, clip=False))
    step = 1e-4
    moved = type(weights)(
        weights.coupling - step * found.coupling, weights.bias - step * found.bias
    )
    fallen = (gap(weights) - gap(moved)) / step
    assert fallen == pytest.approx(np.sum(found.vector**2), rel=1e-2)


@pytest.mark.slow
def test_correlators_find_what_the_host_finds_from_readings():
    by_host, _ = on_chip(profile())
    on_die, chip = on_chip(profile(readout=CORRELATOR))
    np.testing.assert_allclose(on_die, by_host, atol=1e-14)
    assert chip.ledger.correlator_conversions == by_host.size


@pytest.mark.every(2)
@pytest.mark.parametrize("clip", [False, True])
def test_it_takes_settles_of_images_noise_and_clipped_samples_and_one_free_run(clip):
    _, chip = on_chip(profile(), Contrast(t_end=T_END, clip=clip))
    sheet, settles = chip.data_sheet, 3 if clip else 2
    assert chip.ledger.settles == settles + 1
    alone_s = T_END * FLOW.alpha * sheet.release_tau_s
    assert chip.ledger.settle_time_s == pytest.approx(
        4 * (settles * FLOW.settle_tau * sheet.tau_s + alone_s)
    )


@pytest.mark.parametrize("rows", [None, 3])
def test_training_joins_it_at_its_share_of_the_updates_with_its_rows(rows):
    images, _ = load_digits()
    contrast = {"weight": 2.0, "t_end": 1.0, "begin": 0.5, "rows": rows, "clip": False}
    short = {"updates": 4, "batch": 8, "flow": FlowSettings(settle_tau=2.0)}
    chip = Chip(profile().with_values({"layers": (64, 8, 6)}))
    sheet = chip.data_sheet
    norms, times_s = [], [0.0]
    for update in Trainer(chip, Experiment(**short, contrast=contrast), images):
        norms.append(update.contrast_norm)
        times_s.append(chip.ledger.settle_time_s)
    assert norms[:2] == [0.0, 0.0]
    assert min(norms[2:]) > 0
    flow_s, _, both_s, _ = np.diff(times_s)
    alone_s = contrast["t_end"] * FLOW.alpha * sheet.release_tau_s
    added_s = (rows or 8) * (2 * short["flow"].settle_tau * sheet.tau_s + alone_s)
    assert both_s - flow_s == pytest.approx(added_s)
