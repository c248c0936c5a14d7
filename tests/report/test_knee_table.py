"""The table of a study of settling, where some ways of drawing have a bound."""

import numpy as np

from neurosim.report.knee_table import knee_table
from neurosim.sweeps.knees import knees

TAU = (3.0, 10.0, 30.0, 100.0)


def rows(way, figure, seeds):
    return [
        {"drawn": f"{way}, {tau:g}", "replica": seed, "error": "", "sample_tau": tau,
         "w2": float(y), "sample_time_s": 1e-6 * tau, "sample_energy_J": 1e-9 * tau,
         "deploy.release_ratio": tau / 3}
        for seed in range(seeds) for tau, y in zip(TAU, figure, strict=True)
    ]  # fmt: skip


def test_a_way_whose_longest_samples_alone_are_enough_has_a_bound():
    falling, settled = 100 / np.array(TAU), [9.0, 3.0, 1.0, 1.0]
    every = rows("alone", settled, 3) + rows("stepped", falling, 2)
    found = knees(every, "drawn", "w2")
    head, cells = knee_table(found, every, "w2", {"one Gaussian": {"w2": 2.0}, "other": {}})
    assert head == ["drawn", "C/g", "95 %", "time", "energy", "set to", "best"]
    assert cells[0][0] == "alone"
    assert cells[0][-1] == "1"
    assert cells[0][-2].startswith("C_x/C_h ")
    # A fifth above 1, on a curve of 1 / tau that ends at 100.
    assert cells[1] == ["stepped", ">= 83.3", "", "83.3 us", "83.3 nJ", "", "1"]
    assert cells[2:] == [["one Gaussian", "", "", "", "", "", "2"]]
    alone = {"alone": found["alone"]}
    assert knee_table(alone, every, "w2", {})[0][2] == "95 % of 3 seeds"
