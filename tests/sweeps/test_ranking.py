"""What a table's rows may be called."""

import pytest

from neurosim.sweeps import Group, standing


def groups_of(*rows, figure="w2"):
    """Of a mean, its error and how many rows it is over, each."""
    return [Group((k,), {figure: m}, {figure: e}, n) for k, (m, e, n) in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(1.0, 0.1, 3), (2.0, 0.1, 3)], ("best", "")),
        ([(1.0, 0.1, 3), (1.2, 0.1, 3)], ("lowest", "1 more is as good within the error")),
        ([(1.0, 0.0, 1), (9.0, 0.0, 1)], ("lowest", "one seed, no error known")),
        ([(1.0, 0.1, 3), (9.0, 0.0, 1)], ("lowest", "1 more of one seed, no error known")),
        ([(1.0, 0.1, 3)], ("", "")),
        ([], ("", "")),
    ],
)
def test_best_is_only_what_is_better_beyond_the_error(rows, said):
    assert standing(groups_of(*rows), "w2") == said


@pytest.mark.parametrize(
    ("figure", "word"), [("accuracy", "highest"), ("nn_two_sample", "nearest to 1/2 of")]
)
def test_a_figure_of_one_seed_is_named_by_its_direction(figure, word):
    found = groups_of((0.7, 0.0, 1), (0.6, 0.0, 1), figure=figure)
    assert standing(found, figure)[0] == word
