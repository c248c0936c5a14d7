"""Bounds on the gradient: global, by tile, by weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.blocks.files import dump_block, parse_block
from neurosim.errors import ProfileError
from neurosim.host import Clip, Experiment
from neurosim.host.clip import clipped
from neurosim.network import Weights


def random(shape=(10, 7), n_bias=17, seed=0):
    rng = np.random.default_rng(seed)
    return Weights(rng.standard_normal(shape), rng.standard_normal(n_bias))


def norm(*parts):
    return np.sqrt(sum((p**2).sum() for p in parts))


def test_no_clip_changes_nothing():
    g = random()
    assert clipped(g, None) is g
    assert clipped(g, Clip(per="global", value=1e9)) is g


def test_the_global_clip_keeps_the_direction_and_bounds_the_norm_of_everything():
    g = random()
    out = clipped(g, Clip(per="global", value=0.5))
    assert norm(out.coupling, out.bias) == pytest.approx(0.5)
    factor = 0.5 / norm(g.coupling, g.bias)
    np.testing.assert_allclose(out.coupling, factor * g.coupling)
    np.testing.assert_allclose(out.bias, factor * g.bias)


def test_a_clip_by_weight_saturates_each_by_itself():
    g = random()
    out = clipped(g, Clip(per="weight", value=0.7))
    np.testing.assert_array_equal(out.coupling, np.clip(g.coupling, -0.7, 0.7))
    np.testing.assert_array_equal(out.bias, np.clip(g.bias, -0.7, 0.7))


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(1, 15), st.integers(1, 15)),
    st.floats(0.01, 10),
)
def test_a_clip_by_tile_is_the_global_one_of_each_tile(shape, tile, value):
    g = random(shape, sum(shape))
    out = clipped(g, Clip(per="tile", value=value, tile=tile))
    for i in range(0, shape[0], tile[0]):
        for j in range(0, shape[1], tile[1]):
            box = np.s_[i : i + tile[0], j : j + tile[1]]
            factor = min(1, value / norm(g.coupling[box]))
            np.testing.assert_allclose(out.coupling[box], factor * g.coupling[box], rtol=1e-12)
    for i in range(0, sum(shape), tile[0]):
        part = g.bias[i : i + tile[0]]
        factor = min(1, value / norm(part))
        np.testing.assert_allclose(out.bias[i : i + tile[0]], factor * part, rtol=1e-12)


def test_a_gradient_of_zeros_stays_what_it_is():
    zeros = Weights(np.zeros((4, 4)), np.zeros(8))
    for per in ("global", "tile", "weight"):
        assert not clipped(zeros, Clip(per=per, value=1.0)).coupling.any()


def test_an_experiment_reads_a_number_a_block_or_nothing():
    for text, clip in (
        ("clip: 2.5", Clip(per="global", value=2.5)),
        (
            "clip: {per: tile, value: 0.4, tile: [32, 64]}",
            Clip(per="tile", value=0.4, tile=(32, 64)),
        ),
        ("clip: null", None),
        ("seed: 3", Clip(per="global", value=1.0)),
    ):
        experiment = parse_block(text, Experiment, "mine.yaml")
        assert experiment.clip == clip
        assert parse_block(dump_block(experiment), Experiment, "mine.yaml") == experiment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip: -1", "clip: must be above 0"),
        ("clip: {per: row, value: 1}", "clip.per: must be one of 'global', 'tile', 'weight'"),
        ("clip: {per: tile}", "clip.value: missing"),
        ("clip: much", "clip: must be a block of fields"),
    ],
)
def test_a_clip_that_makes_no_sense_is_refused_with_its_place(text, message):
    with pytest.raises(ProfileError, match=message):
        parse_block(text, Experiment, "mine.yaml")
