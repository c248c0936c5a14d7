"""What parts are called in messages: by their words, never by how Python writes them."""

import pytest

import neurosim as ns
from neurosim.blocks.classes import called


class Mine(ns.Classify):
    """A task without a word of its own."""


class Plain:
    """No block at all."""


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (ns.Classify(classes=3), "classify"),
        (ns.Flow(), "flow"),
        (ns.Adam(), "adam"),
        (ns.load_profile("board_resistive").node.law, "resistive"),
        (ns.Adc(), "Adc"),
        (Plain(), "Plain"),
    ],
)
def test_a_part_is_called_by_its_word_or_its_class(part, word):
    assert called(part) == word


def test_a_part_of_ones_own_is_called_by_the_word_that_it_inherits():
    assert called(Mine()) == "classify"
