"""Named random streams."""

import numpy as np

from neurosim.streams import Streams


def test_a_stream_depends_on_seed_name_and_indices_alone():
    draw = Streams(3).generator("thermal", 1, 2).standard_normal(4)
    np.testing.assert_array_equal(draw, Streams(3).generator("thermal", 1, 2).standard_normal(4))


def test_streams_of_other_names_seeds_or_indices_differ():
    firsts = [
        Streams(seed).generator(name, *index).standard_normal()
        for seed in (0, 1)
        for name in ("thermal", "adc")
        for index in ((), (0,), (1,), (0, 0))
    ]
    assert len(set(firsts)) == len(firsts)
