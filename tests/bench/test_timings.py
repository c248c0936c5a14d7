"""How long does each part of a training take? ``python -m pytest --benchmark-only tests/bench``.

Seconds are of the machine that prints them: compare rows of one run. `neurosim bench` has the
errors and the work beside the times, and other programs.
"""

import pytest

from neurosim.analysis.problem import LAWS, make_problem, shipped_weights
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Experiment, Trainer
from neurosim.profile import load_profile, shipped_profiles
from neurosim.solvers import OperatingPoint, Transient, settle

ROWS = 256


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("engine", [Transient(), OperatingPoint()], ids=["transient", "operating"])
def test_time_of_a_free_phase(benchmark, law, engine):
    problem = make_problem(law, "trained", ROWS)
    got = benchmark(settle, problem.system, problem.start_V, problem.time_s, engine, n_threads=1)
    assert got.u_V.shape == problem.start_V.shape


@pytest.mark.parametrize("name", ["ideal_hopfield", "cmos_rc_6bit"])
def test_time_of_an_update(benchmark, name):
    chip = Chip(load_profile(name), n_threads=1)
    trainer = iter(Trainer(chip, Experiment(updates=1000, batch=64), load_digits()[0]))
    assert benchmark.pedantic(next, (trainer,), rounds=5, warmup_rounds=1).update == 6


def test_time_of_programming(benchmark):
    chip = Chip(load_profile("cmos_rc_6bit"))
    benchmark(chip.program, shipped_weights("hopfield", "trained"))
    assert chip.programmed_S()[1].max() > 0


def test_time_of_reading_a_profile(benchmark):
    path = shipped_profiles()["cmos_rc_6bit"]
    assert benchmark(load_profile, path).name == "cmos_rc_6bit"
