"""Channels of a converter: offset, gain, INL, sharing; and ranges that follow what is read."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.converters import Adc, ChannelErrors, Channels, CurrentSense, Dac, lsb
from neurosim.errors import ProfileError
from neurosim.profile import load_profile
from neurosim.streams import Streams

SOURCE = "assumed: a test"
N = 40_000


def channels(**changes):
    return Channels(**({"source": SOURCE} | changes))


def fabricated(n=N, bits=8, seed=0, **changes):
    streams = Streams(seed)
    return channels(**changes).fabricate(n, bits, streams.generator)


def adc(**changes):
    base = {"visible_range_V": 0.4, "hidden_range_V": 0.1, "source": SOURCE}
    return Adc(**(base | changes))


def rng(seed=0):
    return np.random.default_rng(seed)


def z_of_deviation(values, sigma):
    return (values.std() / sigma - 1) * np.sqrt(2 * values.size)


def test_a_ramp_is_quantised_with_the_variance_of_a_step_squared_over_twelve():
    ramp = np.linspace(-0.4, 0.4, 2_000_001)
    error = adc(bits=6).read(ramp, ramp.size, rng()).value - ramp
    # Bennett 1948; the ramp's own step adds a relative 1e-5.
    assert np.mean(error**2) / (lsb(0.4, 6) ** 2 / 12) == pytest.approx(1, rel=1e-4)


def test_channels_without_any_error_are_the_identity_bit_for_bit():
    v_V = rng().standard_normal((50, 30))
    errors = fabricated(30)
    assert errors == ChannelErrors()
    dac = Dac(range_V=9.0, channels=channels(), source=SOURCE)
    sense = CurrentSense(range_A=9.0, channels=channels(), source=SOURCE)
    reader = adc(visible_range_V=9.0, hidden_range_V=9.0, channels=channels())
    for got in (
        dac.drive(v_V, rng(), errors),
        sense.read(v_V, errors).value,
        reader.read(v_V, 10, rng(), errors).value,
    ):
        np.testing.assert_array_equal(got, v_V)


def test_offsets_are_the_stated_share_of_the_range_and_do_not_depend_on_the_input():
    errors = fabricated(offset=0.005)
    at_zero = errors.apply(np.zeros(N), 0.4)
    at_half = errors.apply(np.full(N, 0.2), 0.4) - 0.2
    np.testing.assert_allclose(at_half, at_zero, atol=1e-15)
    assert abs(z_of_deviation(at_zero, 0.005 * 0.4)) < 5
    assert abs(at_zero.mean() / (0.005 * 0.4) * np.sqrt(N)) < 5


def test_offsets_in_volts_are_the_same_over_every_range_and_over_none():
    errors = fabricated(offset_V="3 mV")
    for full_scale in (0.1, 0.4, None):
        at_half = errors.apply(np.full(N, 0.05), full_scale) - 0.05
        assert abs(z_of_deviation(at_half, 3e-3)) < 5
        assert abs(at_half.mean() / 3e-3 * np.sqrt(N)) < 5


def test_gain_errors_have_the_stated_deviation_and_leave_zero_alone():
    errors = fabricated(gain=0.01)
    assert not errors.apply(np.zeros(N), 0.4).any()
    ratio = errors.apply(np.full(N, 0.2), 0.4) / 0.2
    assert abs(z_of_deviation(ratio, 0.01)) < 5
    assert abs((ratio.mean() - 1) / 0.01 * np.sqrt(N)) < 5


def test_the_inl_of_each_channel_has_the_stated_peak_and_is_zero_at_both_ends():
    bits, range_V, n = 8, 0.4, 200
    errors = fabricated(n, bits, inl_lsb=1.5)
    ramp = np.linspace(-range_V, range_V, 20_001)[:, None]
    inl = (errors.apply(np.broadcast_to(ramp, (20_001, n)), range_V) - ramp) / lsb(range_V, bits)
    np.testing.assert_allclose(np.abs(inl).max(axis=0), 1.5, rtol=1e-6)
    np.testing.assert_allclose(inl[[0, -1]], 0, atol=1e-9)
    # A bow and an S: a polynomial of third order, and no two channels alike.
    fit = np.polynomial.polynomial.polyfit(ramp[:, 0] / range_V, inl, 3)
    rest = inl - np.polynomial.polynomial.polyval(ramp[:, 0] / range_V, fit).T
    assert np.abs(rest).max() < 1e-9
    assert np.ptp(inl[10_000]) > 1


def test_the_inl_of_a_fine_ramp_is_seen_in_the_codes():
    """As a data sheet measures it: centres of the codes against the line through both ends."""
    bits, range_V = 8, 0.4
    errors = fabricated(1, bits, inl_lsb=2)
    reader = adc(bits=bits, visible_range_V=range_V)
    ramp = np.linspace(-range_V, range_V, 200_001)[:, None]
    codes = np.rint(reader.read(ramp, 1, rng(), errors).value / lsb(range_V, bits))[:, 0]
    centres = np.array([ramp[codes == c].mean() for c in range(-120, 121)])
    inl = np.arange(-120, 121) - centres / lsb(range_V, bits)
    # The inverse of the curve is off by the peak times its slope, 2 x 5.2 x 2/254 at most.
    assert np.abs(inl).max() == pytest.approx(2, abs=0.2)


def test_nodes_that_share_a_converter_share_its_errors_in_turn():
    errors = fabricated(10, count=4, offset=0.01, gain=0.01, inl_lsb=1)
    for part in (errors.gain, errors.offset, errors.inl):
        np.testing.assert_array_equal(part[..., 0:4], part[..., 4:8])
        np.testing.assert_array_equal(part[..., 0:2], part[..., 8:10])
        assert len(np.unique(part[..., :4])) == part[..., :4].size


def test_one_error_of_the_channels_leaves_the_draws_of_the_others_unchanged():
    every = fabricated(50, offset=0.01, offset_V=1e-3, gain=0.02, inl_lsb=1)
    np.testing.assert_array_equal(every.offset_V, fabricated(50, offset_V=1e-3).offset_V)
    np.testing.assert_array_equal(every.offset, fabricated(50, offset=0.01).offset)
    np.testing.assert_array_equal(every.gain, fabricated(50, gain=0.02).gain)
    np.testing.assert_array_equal(every.inl, fabricated(50, inl_lsb=1).inl)


def test_a_row_is_read_over_the_smallest_range_that_holds_it():
    bits, v_V = 8, rng().uniform(-1, 1, (400, 64))
    v_V *= 0.4 * np.exp2(-rng(1).uniform(0, 9, (400, 1)))
    out = adc(bits=bits, auto_range=True).read(v_V, 64, rng())
    assert out.n_clipped == 0
    # The range is at most twice the peak, itself known to half a step of the full range.
    peak = np.abs(v_V).max(axis=1, keepdims=True)
    allowed = lsb(2 * (peak + lsb(0.4, bits)), bits) / 2
    assert (np.abs(out.value - v_V) <= allowed * (1 + 1e-9)).all()
    fixed = adc(bits=bits).read(v_V, 64, rng()).value
    small = peak[:, 0] < 0.4 / 2**4
    ratio = np.std((out.value - v_V)[small]) / np.std((fixed - v_V)[small])
    assert ratio < 1 / 4


def test_ranging_sees_no_other_row_and_each_group_has_a_range_of_its_own():
    bits, v_V = 8, rng().uniform(-0.01, 0.01, (3, 20))
    reader = adc(bits=bits, auto_range=True)
    alone = reader.read(v_V[:1], 10, rng()).value
    loud = v_V.copy()
    loud[1:] *= 30
    np.testing.assert_array_equal(reader.read(loud, 10, rng()).value[:1], alone)
    loud = v_V.copy()
    loud[:, 10:] *= 9
    np.testing.assert_array_equal(reader.read(loud, 10, rng()).value[:, :10],
                                  reader.read(v_V, 10, rng()).value[:, :10])  # fmt: skip


def test_a_row_that_failed_stays_nan_and_the_largest_is_read_over_the_full_range():
    v_V = np.array([[np.nan, 0.1], [0.5, 0.1], [0.0, 0.0]])
    out = adc(bits=8, auto_range=True).read(v_V, 2, rng())
    assert np.isnan(out.value[0, 0])
    np.testing.assert_allclose(out.value[1], [0.4, 0.1], atol=lsb(0.4, 8) / 2)
    assert not out.value[2].any()
    assert out.n_clipped == 1


IDEAL = load_profile("ideal_hopfield")
EIGHT_BITS = {"adc.bits": 8, "adc.visible_range_V": 0.4, "adc.hidden_range_V": 0.1}
EIGHT_BITS |= {"dac.bits": 8, "dac.range_V": 0.4, "current_sense.bits": 8}
EIGHT_BITS |= {"current_sense.range_A": 1e-5}
STRAYING = {"count": "per_node", "offset": 0.01, "gain": 0.02, "inl_lsb": 1, "source": SOURCE}


def test_a_dies_converters_are_drawn_at_fabrication_each_from_its_own_stream():
    stray = {f"{name}.channels": STRAYING for name in ("dac", "adc", "current_sense")}
    whole = Chip(IDEAL.with_values(EIGHT_BITS | stray), seed=3)
    again = Chip(IDEAL.with_values(EIGHT_BITS | stray), seed=3)
    for name in ("dac", "adc", "current_sense"):
        attribute = name.replace("current_", "") + "_errors"
        alone = Chip(IDEAL.with_values(EIGHT_BITS | {f"{name}.channels": STRAYING}), seed=3)
        for other in (alone, again):
            got, wanted = getattr(other.die, attribute), getattr(whole.die, attribute)
            np.testing.assert_array_equal(got.offset, wanted.offset)
            np.testing.assert_array_equal(got.inl, wanted.inl)
        assert getattr(Chip(IDEAL.with_values(EIGHT_BITS)).die, attribute) is None
    assert not np.array_equal(whole.die.adc_errors.offset[:64], whole.die.dac_errors.offset)
    other = Chip(IDEAL.with_values(EIGHT_BITS | stray), seed=4)
    assert not np.array_equal(other.die.adc_errors.gain, whole.die.adc_errors.gain)


def test_the_host_knows_the_dacs_codes_and_not_its_errors():
    exact = Chip(IDEAL.with_values(EIGHT_BITS))
    stray = Chip(IDEAL.with_values(EIGHT_BITS | {"dac.channels": STRAYING}))
    target_V = rng().uniform(-0.3, 0.3, (5, 64))
    for chip in (exact, stray):
        chip.precharge(target_V)
    np.testing.assert_array_equal(exact.drive(target_V, 1e-4), stray.drive(target_V, 1e-4))
    assert not np.array_equal(exact.u_V, stray.u_V)


def test_each_reading_of_a_ranging_adc_takes_two_conversions():
    for auto, factor in ((False, 1), (True, 2)):
        chip = Chip(IDEAL.with_values(EIGHT_BITS | {"adc.auto_range": auto}))
        chip.precharge(np.full((4, 64), 0.01))
        chip.read()
        assert chip.ledger.adc_conversions == factor * 4 * chip.die.layers.n_nodes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"adc.auto_range": True},
            "adc.auto_range: must be false where bits is ideal, but is true",
        ),
        ({"adc.channels": STRAYING | {"inl_lsb": "ideal"}}, "adc.channels.offset: needs a finite"),
        ({"dac.channels": STRAYING | {"offset": "ideal"}}, "dac.channels.inl_lsb: counts steps"),
        ({"adc.channels": STRAYING | {"count": 0}}, "adc.channels.count"),
        (
            {"current_sense.channels": STRAYING | {"offset_V": "1 mV"}},
            "current_sense.channels.offset_V: must be ideal, for an ammeter has none in volts, but",
        ),
        ({"adc.channels": STRAYING | {"gain": 0.5}}, "adc.channels.gain"),
    ],
)
def test_errors_that_have_no_meaning_are_refused(changes, message):
    with pytest.raises(ProfileError, match=message):
        IDEAL.with_values(changes)
