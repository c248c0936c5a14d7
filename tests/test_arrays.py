"""Arrays of NumPy's kind: normal numbers from a table, and what a namespace does."""

import numpy as np
import pytest
from scipy.stats import kstest

from neurosim.arrays import NUMPY, namespace_of, one_minus


def drawn(shape, dtype=np.float64, seed=0, generator=np.random.default_rng):
    out = np.empty(shape, dtype)
    NUMPY.normals(generator(seed)).fill(out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_numbers_have_the_normal_distribution(dtype):
    z = drawn(1_000_000, dtype)
    assert z.dtype == dtype
    assert kstest(z, "norm").pvalue > 1e-3
    # Five sigma of the mean, the variance and the fourth moment of a million draws.
    assert abs(z.mean()) < 5e-3
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / 1e6)
    assert abs(np.mean(z.astype(float) ** 4) - 3) < 5 * np.sqrt(96 / 1e6)


def test_the_table_behind_them_has_exactly_the_variance_of_one():
    from neurosim.arrays import _quantiles

    table = _quantiles(np.dtype(np.float64))
    assert np.mean(table**2) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(table, -table[::-1], atol=1e-12)
    assert 4.2 < table[-1] < 4.4


def test_neighbouring_draws_know_nothing_of_each_other():
    z = drawn(400_000)
    for lag in (1, 2, 3, 4, 5, 256):
        for power in (1, 2):
            a, b = z[:-lag] ** power, z[lag:] ** power
            assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(len(a))


def test_a_generator_gives_the_same_numbers_again_and_another_gives_others():
    np.testing.assert_array_equal(drawn((3, 5)), drawn((3, 5)))
    assert (drawn(1000) != drawn(1000, seed=1)).mean() > 0.99


def test_generators_of_32_bits_are_as_normal():
    z = drawn(200_000, generator=lambda seed: np.random.Generator(np.random.MT19937(seed)))
    assert kstest(z, "norm").pvalue > 1e-3


def test_a_namespace_is_the_module_of_an_array():
    x = np.array([1.0, 3.0])
    assert namespace_of(x) is np
    one_minus(x)
    np.testing.assert_array_equal(x, [0.0, -2.0])
