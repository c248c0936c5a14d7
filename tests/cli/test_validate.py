"""`neurosim validate` says how far another program is from ours; it must be told which."""

import json

import pytest

from commands import one_line, run
from neurosim.blocks.units import format_quantity
from neurosim.netlists import has_ngspice

needs_ngspice = pytest.mark.skipif(
    not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice"
)


def test_it_needs_to_know_against_what(plain):
    assert "needs --spice, to say against what" in one_line(run("validate", plain))


@needs_ngspice
def test_ngspice_finds_the_same_voltages_of_a_trained_chip(plain):
    shown = run("validate", plain, "--spice", "--rows", 2)
    assert shown.exit_code == 0, shown.output
    result = json.loads(run("validate", plain, "--spice", "--rows", 2, "--json").stdout)
    assert (result["profile"], result["unit_V"]) == ("ideal_hopfield", 0.1)
    # Of a unit voltage 1e-6 and 2e-3: Newton's and the trapezoidal rule's tolerances.
    assert 0 < result["operating_point_max_diff_V"] < 1e-7
    assert 0 < result["transient_max_diff_V"] < 2e-4
    assert result["transient_points"] > 10
    assert shown.stdout.startswith("ideal_hopfield, 2 rows: worst node differs by ")
    for name in ("operating_point_max_diff_V", "transient_max_diff_V"):
        assert f"by {format_quantity(result[name], 'V', 3)} at" in shown.stdout
