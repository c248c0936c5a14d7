"""What the package offers, and the runs that it takes by name."""

import numpy as np
import pytest

import neurosim as ns


def test_everything_that_the_package_offers_can_be_imported():
    for name in ns.__all__:
        assert callable(getattr(ns, name))


def test_blocks_of_a_profile_are_made_from_what_differs_from_none():
    profile = ns.load_profile("ideal_hopfield").with_values(
        {
            "adc": ns.Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1),
            "mismatch": ns.Mismatch(leak=0.03),
            "write": ns.Write(reference_S=6e-6, noise=0.01),
        }
    )
    assert profile.adc.bits == 6
    assert ns.Chip(profile, 1).profile.mismatch == ns.Mismatch(leak=0.03)


@pytest.mark.parametrize("kind", [str, ns.Run.open])
def test_a_run_is_drawn_from_judged_and_exported_by_its_path_or_opened(plain, tmp_path, kind):
    x, _ = ns.sample(kind(plain), 3, t_end=0.1)
    again, _ = ns.sample(plain, 3, t_end=0.1)
    np.testing.assert_array_equal(x, again)
    result, _ = ns.evaluate(kind(plain), 20, t_end=0.1, floors=False)
    assert result["n"] == 20
    rows = ns.export_weights(kind(plain), str(tmp_path / "w.csv"))
    assert rows == ns.export_weights(ns.Run.open(plain).chip(), tmp_path / "again.csv")
    assert (tmp_path / "w.csv").read_text() == (tmp_path / "again.csv").read_text()
