"""What the package offers, and the runs that it takes by name."""

import numpy as np
import pytest

import neurosim as ns


def test_everything_that_the_package_offers_can_be_imported():
    for name in ns.__all__:
        assert callable(getattr(ns, name))


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
