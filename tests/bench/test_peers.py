"""Other programs solve the problem that ours solves: they end where it ends."""

import numpy as np
import pytest

from neurosim.analysis.problem import LAWS, Problem
from neurosim.bench.peers import PEERS
from neurosim.chip import Chip
from neurosim.data import FlowBatch
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient, settle

SIZES, ROWS = (5, 7, 6), 4
# Of a unit voltage, at a tolerance of 1e-6: ngspice steps by its own, and starts from rounded text.
WITHIN = {"ngspice, a row at a time": 1e-4}


def small_problem(law):
    """A free phase of 3 tau that a small chip does, not yet at rest at its end."""
    chip = Chip(load_profile(f"ideal_{law}").with_value("layers", SIZES))
    chip.program(initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0)))
    target_V = chip.data_sheet.unit_V * np.random.default_rng(1).standard_normal((ROWS, SIZES[0]))
    chip.precharge(target_V)
    chip.drive(target_V, 15 * chip.data_sheet.unit_S)
    batch = FlowBatch(*np.zeros((2, ROWS, SIZES[0])), np.zeros(ROWS))
    return Problem(law, "start", chip, batch, chip.system(), chip.u_V.copy(), 3.0)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_ends_where_our_transient_does(law, name):
    available, run = PEERS[name]
    if not available():
        pytest.skip(f"{name} is not installed")
    problem = small_problem(law)
    fine = Transient(method="DOP853", rtol=1e-10, atol=1e-12)
    ours = settle(problem.system, problem.start_V, problem.time_s, fine)
    wall_s, _, u_V = run(problem, 1e-6)
    assert wall_s > 0
    assert 1 <= len(u_V) <= ROWS
    moved = problem.error(problem.start_V[: len(u_V)], ours.u_V[: len(u_V)])
    assert moved > 0.1
    assert problem.error(u_V, ours.u_V[: len(u_V)]) < WITHIN.get(name, 1e-5)


def test_a_row_alone_needs_fewer_evaluations_than_a_batch_that_waits_for_its_slowest():
    problem = small_problem("hopfield")
    evaluations = {
        name: run(problem, 1e-6)[1] for name, (_, run) in PEERS.items() if "solve_ivp" in name
    }
    # RK45 evaluates six times a step, and once or twice to begin with.
    assert all(30 < n < 1000 for n in evaluations.values())
    assert evaluations["solve_ivp RK45, a row at a time"] <= evaluations["solve_ivp RK45, batched"]
