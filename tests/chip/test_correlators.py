"""Accumulators of products: the sums of the host, with the errors that are stated."""

import numpy as np
import pytest

from neurosim.analysis.problem import shipped_weights
from neurosim.chip import Chip
from neurosim.chip.correlators import Correlators
from neurosim.converters import Correlator
from neurosim.data import PairSource, load_digits
from neurosim.errors import DataError, ProfileError
from neurosim.host import FlowSettings, present
from neurosim.ideal import IdealNetwork
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.streams import Streams

IDEAL = load_profile("ideal_hopfield")
LAYERS = Layers((64, 128, 128))
UNIT_V = 0.1
EXACT = {
    "kind": "correlator", "gain_spread": "ideal", "offset_V": "ideal", "noise": "ideal",
    "bits": "ideal", "range": "ideal", "auto_range": False, "source": "assumed: a test",
}  # fmt: skip


def correlators(seed=0, **changes):
    return Correlators(Correlator(**changes), LAYERS, UNIT_V, Streams(seed))


def outputs(rows=4, seed=0):
    return 0.05 * np.random.default_rng(seed).standard_normal((2, rows, LAYERS.n_nodes))


def sums(of, plus_V, minus_V):
    of.add(plus_V, +1)
    of.add(minus_V, -1)
    return of.read()


def expected(plus_V, minus_V):
    """Term by term, without the order of the implementation."""
    product = np.zeros((LAYERS.n_odd, LAYERS.n_even))
    for plus, minus in zip(plus_V, minus_V, strict=True):
        product += np.outer(plus[LAYERS.odd], plus[LAYERS.even])
        product -= np.outer(minus[LAYERS.odd], minus[LAYERS.even])
    return np.where(LAYERS.present, product, 0), UNIT_V * (plus_V - minus_V).sum(axis=0)


def pack(weights):
    return np.concatenate([weights.coupling[LAYERS.present], weights.bias])


def test_sums_are_those_of_the_products_of_both_phases_over_all_batches():
    of, batches = correlators(), [outputs(4, 0), outputs(3, 1)]
    for plus_V, minus_V in batches:
        of.add(plus_V, +1)
        of.add(minus_V, -1)
    got, rows, n_clipped = of.read()
    coupling, bias = (
        sum(np.array(expected(*b)[0]) for b in batches),
        sum(expected(*b)[1] for b in batches),
    )
    np.testing.assert_allclose(got.coupling, coupling, atol=1e-15)
    np.testing.assert_allclose(got.bias, bias, atol=1e-15)
    assert (rows, n_clipped) == (7, 0)
    again, rows, _ = of.read()
    assert rows == 0
    assert not pack(again).any()


def test_a_row_that_failed_in_either_phase_is_in_no_sum():
    plus_V, minus_V = outputs(6)
    broken_plus, broken_minus = plus_V.copy(), minus_V.copy()
    broken_plus[1], broken_minus[4] = np.nan, np.nan
    got, rows, _ = sums(correlators(), broken_plus, broken_minus)
    keep = [0, 2, 3, 5]
    wanted, _, _ = sums(correlators(), plus_V[keep], minus_V[keep])
    assert rows == 4
    np.testing.assert_array_equal(pack(got), pack(wanted))


def test_gains_have_the_stated_spread_and_belong_to_the_die():
    plus_V, minus_V = outputs()
    exact = pack(sums(correlators(), plus_V, minus_V)[0])
    got = pack(sums(correlators(gain_spread=0.1), plus_V, minus_V)[0])
    ratio = got / exact
    # Log-normal: the deviation of its deviation from the fourth moment, 3 + 16 s^2 + ...
    s2 = 0.1**2
    z_deviation = (ratio.std() / 0.1 - 1) / np.sqrt((2 + 16 * s2) / 4 / ratio.size)
    assert abs((ratio.mean() - 1) / 0.1 * np.sqrt(ratio.size)) < 5
    assert abs(z_deviation) < 5
    again = pack(sums(correlators(gain_spread=0.1), *outputs(seed=5))[0])
    np.testing.assert_allclose(
        again / pack(sums(correlators(), *outputs(seed=5))[0]), ratio, rtol=1e-9
    )
    assert not np.array_equal(got, pack(sums(correlators(1, gain_spread=0.1), plus_V, minus_V)[0]))


def test_offsets_of_the_inputs_act_on_the_change_of_the_other_input():
    of, offset_V = correlators(offset_V="2 mV"), 2e-3
    # What does not change between the phases leaves no trace, offsets or not.
    still, _, _ = sums(of, *([outputs()[0]] * 2))
    np.testing.assert_allclose(pack(still), 0, atol=1e-15)
    # Only node j changes, by d, while every output is 0 V otherwise: sums are d times the offset.
    plus_V, minus_V = np.zeros((2, 1, LAYERS.n_nodes))
    plus_V[0, LAYERS.even] = 0.01
    got, _, _ = sums(of, plus_V, minus_V)
    drawn = got.coupling[LAYERS.present] / 0.01
    z = (drawn.std() / offset_V - 1) * np.sqrt(2 * drawn.size)
    assert abs(z) < 5
    assert abs(drawn.mean() / offset_V * np.sqrt(drawn.size)) < 5
    # Of a bias: the second input is the reference with its offset.
    of_bias = got.bias[LAYERS.even] / 0.01 - UNIT_V
    assert abs((of_bias.std() / offset_V - 1) * np.sqrt(2 * of_bias.size)) < 5


def test_noise_grows_with_the_root_of_the_products_that_are_summed():
    rows, noise = 50, 0.01
    plus_V, minus_V = outputs(rows)
    exact = pack(sums(correlators(), plus_V, minus_V)[0])
    of = correlators(noise=noise)
    first, second = (pack(sums(of, plus_V, minus_V)[0]) - exact for _ in range(2))
    sigma_V2 = noise * UNIT_V**2 * np.sqrt(2 * rows)
    for drawn in (first, second):
        assert abs((drawn.std() / sigma_V2 - 1) * np.sqrt(2 * drawn.size)) < 5
    correlation = np.mean(first * second) / sigma_V2**2 * np.sqrt(first.size)
    assert abs(correlation) < 5


def test_one_error_leaves_the_draws_of_the_others_unchanged():
    plus_V, minus_V = outputs()
    exact = pack(sums(correlators(), plus_V, minus_V)[0])
    noise = pack(sums(correlators(noise=0.01), plus_V, minus_V)[0]) - exact
    gained = pack(sums(correlators(gain_spread=0.1), plus_V, minus_V)[0])
    both = pack(sums(correlators(gain_spread=0.1, noise=0.01), plus_V, minus_V)[0])
    np.testing.assert_allclose(both - gained, noise, atol=1e-15)


def test_sums_are_read_to_half_a_step_and_clip_at_the_range():
    plus_V, minus_V = outputs()
    exact = pack(sums(correlators(), plus_V, minus_V)[0]) / UNIT_V**2
    limit = np.quantile(np.abs(exact), 0.9)
    got, _, n_clipped = sums(correlators(bits=8, range=limit), plus_V, minus_V)
    assert n_clipped == np.count_nonzero(np.abs(exact) > limit)
    error = np.abs(pack(got) / UNIT_V**2 - np.clip(exact, -limit, limit))
    assert error.max() <= limit / 254 * (1 + 1e-9)
    # A range a hundred times too large, halved until it fits.
    wide = {"bits": 8, "range": 100 * np.abs(exact).max()}
    fixed = pack(sums(correlators(**wide), plus_V, minus_V)[0]) / UNIT_V**2
    ranged = pack(sums(correlators(**wide, auto_range=True), plus_V, minus_V)[0]) / UNIT_V**2
    assert np.abs(fixed - exact).max() > 0.1 * np.abs(exact).max()
    # The peak is known to half a step of the wide range, 0.4 of it; the range at most doubles.
    assert np.abs(ranged - exact).max() <= 2 * 1.8 * np.abs(exact).max() / 254


def test_phases_come_in_turn_with_the_same_rows():
    of, (plus_V, minus_V) = correlators(), outputs()
    with pytest.raises(DataError, match=r"needs the sign \+1 here"):
        of.add(minus_V, -1)
    of.add(plus_V, +1)
    with pytest.raises(DataError, match=r"needs the sign -1 here"):
        of.add(plus_V, +1)
    with pytest.raises(DataError, match="and 4 rows, but got -1 and 3"):
        of.add(minus_V[:3], -1)
    with pytest.raises(DataError, match="between the phases"):
        of.read()


def digits(rows):
    images, _ = load_digits()
    return PairSource(images, rows, Streams(0), prefetch=False).batch_at(0)


def estimate(changes, rows=32, beta=1.25e-3, phases="centred"):
    chip, data = (
        Chip(IDEAL.with_values({"settling.engine": "operating_point"} | changes)),
        digits(rows),
    )
    chip.program(shipped_weights("hopfield", "trained"))
    shown = present(chip, data.x_t, data.u_t, FlowSettings(beta=beta, settle_tau=30, phases=phases))
    return pack(shown.gradient), chip


@pytest.mark.every(2)
@pytest.mark.parametrize("hold", ["capacitor", "none"])
@pytest.mark.parametrize("phases", ["centred", "one-sided"])
def test_ideal_correlators_give_the_hosts_gradient_to_rounding(phases, hold):
    by_host, _ = estimate({"node.hold": hold}, rows=8, phases=phases)
    on_chip, chip = estimate({"node.hold": hold, "readout": EXACT}, rows=8, phases=phases)
    # Sums of 16 products of order 1, rounded at 1e-16, over 2 beta and 8 rows.
    np.testing.assert_allclose(on_chip, by_host, atol=16 * 3e-16 / (1.25e-3 * 8))
    # Nudged outputs stay on the chip: one round of node voltages, one of the ammeter, the sums.
    visible, nodes = LAYERS.n_visible, LAYERS.n_nodes
    ledger = chip.ledger
    assert (ledger.adc_conversions, ledger.ammeter_conversions) == (8 * nodes, 8 * visible)
    assert ledger.correlator_conversions == by_host.size


@pytest.mark.slow
@pytest.mark.parametrize("bits", [6, 8])
def test_at_the_papers_beta_few_bits_are_enough_for_sums(bits):
    data, weights = digits(32), shipped_weights("hopfield", "trained")
    network = IdealNetwork.from_weights(LAYERS, weights, "hopfield", "tanh")
    truth = pack(network.cost_gradient(data.x_t, data.u_t, 15.0, 2.0))

    def cosine(changes):
        got, _ = estimate(changes)
        return got @ truth / (np.linalg.norm(got) * np.linalg.norm(truth))

    ranges = {"adc.visible_range_V": "400 mV", "adc.hidden_range_V": "100 mV", "adc.bits": bits}
    readout = EXACT | {"bits": bits, "range": 1.0, "auto_range": True}
    assert cosine(ranges) < 0.75
    assert cosine(ranges | {"readout": readout}) > 0.99


def test_a_chip_with_correlators_resumes_to_the_same_bits():
    noisy = {"readout": EXACT | {"noise": 0.01, "gain_spread": 0.05}, "layers": (5, 7, 6)}
    profile, rng = IDEAL.with_values(noisy), np.random.default_rng(0)
    x_t, u_t = rng.standard_normal((2, 3, 5))
    flow = FlowSettings(beta=1e-3, settle_tau=5)

    def step(chip):
        return present(chip, x_t, u_t, flow).contrast.coupling

    whole, first = Chip(profile, 2), Chip(profile, 2)
    step(whole)
    wanted = step(whole)
    unlike = step(first)
    resumed = Chip(profile, 2)
    resumed.restore(first.state())
    np.testing.assert_array_equal(step(resumed), wanted)
    assert not np.array_equal(unlike, wanted)


def test_a_chip_without_correlators_refuses_and_says_so_on_its_data_sheet():
    chip = Chip(IDEAL)
    assert not chip.data_sheet.has_correlator
    assert Chip(IDEAL.with_values({"readout": EXACT})).data_sheet.has_correlator
    chip.precharge(np.zeros((1, 64)))
    with pytest.raises(DataError, match="correlate needs correlators"):
        chip.correlate(1)
    with pytest.raises(DataError, match="read_correlator needs correlators"):
        chip.read_correlator()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 8}, "readout.bits: needs a finite range"),
        (
            {"auto_range": True},
            "readout.auto_range: must be false where bits is ideal, but is true",
        ),
        ({"kind": "corelator"}, "readout.kind: must be one of cds, correlator, but is 'corelator'"),
        ({"gain": 64}, "readout.gain: unknown field"),
    ],
)
def test_a_readout_that_has_no_meaning_is_refused(change, message):
    with pytest.raises(ProfileError, match=message):
        IDEAL.with_values({"readout": EXACT | change})
