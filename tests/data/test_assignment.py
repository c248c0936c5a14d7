"""The cheapest assignment is SciPy's own, whatever the costs."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import neurosim.data.assignment
from neurosim.data import load_digits
from neurosim.data.assignment import cheapest_assignment

COSTS = {
    "noise and digits": lambda rng: -(rng.standard_normal((600, 64)) @ load_digits()[0][:600].T),
    "digits and noise": lambda rng: -(load_digits()[0][:600] @ rng.standard_normal((600, 64)).T),
    "numbers": lambda rng: rng.random((300, 300)),
    "on a line": lambda rng: -np.outer(rng.standard_normal(300), rng.standard_normal(300)),
    "a costly column": lambda rng: rng.random((300, 300)) + 1e6 * (np.arange(300) == 7),
    "a costly row": lambda rng: rng.random((300, 300)) + 1e6 * (np.arange(300) == 7)[:, None],
    "one costly place": lambda rng: rng.random((300, 300)) + np.pad([[1e12]], ((0, 299),) * 2),
    "of many sizes": lambda rng: np.exp(30 * rng.standard_normal((300, 300))),
    "small": lambda rng: 1e-300 * rng.random((300, 300)),
    "of the largest numbers": lambda rng: 1.7e308 * rng.choice([-1, 1], (150, 150)) / 150,
    "some infinite": lambda rng: np.where(rng.random((150, 150)) < 0.1, np.inf, 1.0),
    "few rows": lambda rng: rng.random((20, 20)),
}


@pytest.mark.parametrize("name", COSTS)
def test_it_costs_what_scipys_does(name):
    cost = COSTS[name](np.random.default_rng(0))
    found, exact = cheapest_assignment(cost), linear_sum_assignment(cost)[1]
    rows = np.arange(len(cost))
    np.testing.assert_array_equal(np.sort(found), rows)
    assert cost[rows, found].sum() == pytest.approx(cost[rows, exact].sum(), rel=1e-12)


def test_where_all_costs_are_one_every_assignment_is_right():
    np.testing.assert_array_equal(np.sort(cheapest_assignment(np.ones((200, 200)))), np.arange(200))


def test_of_noise_and_digits_it_is_scipys_permutation_itself():
    cost = COSTS["noise and digits"](np.random.default_rng(1))
    np.testing.assert_array_equal(cheapest_assignment(cost), linear_sum_assignment(cost)[1])


def test_what_is_searched_has_a_cost_of_0_in_nearly_every_row_and_column(monkeypatch):
    """The search is short where nearly all rows find a free column of no cost at once."""
    seen = []

    def spy(cost):
        seen.append(cost)
        return linear_sum_assignment(cost)

    monkeypatch.setattr(neurosim.data.assignment, "linear_sum_assignment", spy)
    cost = COSTS["noise and digits"](np.random.default_rng(2))
    cheapest_assignment(cost)
    (searched,) = seen
    assert searched.min() > -1e-9
    found = linear_sum_assignment(searched)[1]
    left = searched[np.arange(len(cost)), found].mean()
    plain = cost - cost.min(axis=1, keepdims=True)
    plain -= plain.min(axis=0)
    # What the prices leave to the search, in parts of what the least of rows and columns leave.
    assert left < 0.2 * plain[np.arange(len(cost)), found].mean()


def test_the_costs_that_were_given_stay():
    cost = np.random.default_rng(0).random((200, 200))
    before = cost.copy()
    cheapest_assignment(cost)
    np.testing.assert_array_equal(cost, before)
