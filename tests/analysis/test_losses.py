"""How far a chip is from the network without hardware, by closed forms."""

import numpy as np
import pytest

from neurosim.analysis.losses import Effect, Losses, cosine, drawing_loss


def test_a_loss_of_a_gradient_and_one_of_rows_are_half_the_square_of_a_small_error():
    rng, error = np.random.default_rng(0), 0.05
    exact = rng.standard_normal((2000, 64))
    away = rng.standard_normal(exact.shape)
    rows = exact + error * away
    # 128,000 draws: half the square of the error to within 1 %.
    assert drawing_loss(rows, exact) == pytest.approx(error**2 / 2, rel=0.01)
    assert 1 - cosine(rows.ravel(), exact.ravel()) == pytest.approx(error**2 / 2, rel=0.02)
    assert Losses(0.3, error**2 / 2).error == pytest.approx(error)
    assert Losses(0.3).cosine == pytest.approx(0.7)
    assert Losses(0.3, 0.0, error**2 / 2).read == pytest.approx(error)


def test_rows_that_diverged_or_went_astray_count_as_one():
    exact = np.ones((4, 3))
    rows = exact.copy()
    rows[0] = np.nan
    rows[1] = 1e9
    assert drawing_loss(rows, exact) == 0.5


def test_what_is_zero_or_lost_has_no_direction():
    assert cosine(np.zeros(3), np.ones(3)) == 0
    assert cosine(np.full(3, np.nan), np.ones(3)) == 0
    assert cosine(np.ones(3), -2 * np.ones(3)) == pytest.approx(-1)


def test_a_setting_that_may_make_up_for_a_cause_comes_after_it_and_what_rules_comes_first():
    def effect(weight, **what):
        return Effect("x", "", Losses(0.1), weight=weight, **what)

    assert effect(0.3).rank > effect(0.4, makes_up=True, own=0.1).rank
    assert effect(0.3).rank < effect(0.7, makes_up=True, own=0.4).rank
    assert effect(0.1, rules=True).rank > effect(1.0).rank
