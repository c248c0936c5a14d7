"""Chips as they are programmed, in ngspice and in our own solvers."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import Experiment, FlowSettings, initial_weights
from neurosim.netlists import has_ngspice, run_ngspice
from neurosim.profile import load_profile
from neurosim.runs import Run, run_netlist, validate_spice
from neurosim.runs.validation import compare, presented
from neurosim.solvers import Transient, settle
from trainings import train

pytestmark = pytest.mark.skipif(
    not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice"
)

LAWS = {"hopfield": "tanh", "gradient": "silu"}
# The most that leaves a leak at a node whose pairs always conduct is less.
SHARE = {"one_sided": 1.0, "complementary": 0.1}
# Of a full scale of 1 V; a unit is a tenth of that here.
POINT, TRANSIENT = 1e-6, 2e-4
# Every fifth one, which has all of each kind among them; the slow run has all.
CASES = [
    pytest.param(seed, *case, marks=() if seed % 5 == 0 else pytest.mark.slow)
    for seed, case in enumerate(
        itertools.product(LAWS, SHARE, [0, 0.05, 0.3], ["shared", "separate"])
    )
]


def system_of(chip, seed):
    """The chip's circuit without noise, its springs at a random input, and the start."""
    rng = np.random.default_rng(seed)
    chip.program(initial_weights(chip.die.layers, 0.8, rng))
    target_V = chip.data_sheet.unit_V * rng.standard_normal((1, chip.die.layers.n_visible))
    chip.precharge(target_V)
    chip.drive(target_V, 15 * chip.data_sheet.unit_S)
    return replace(chip.system(), temperature_K=None), chip.u_V.copy()


@pytest.mark.every(5)
@pytest.mark.parametrize(("seed", "law", "encoding", "loading", "directions"), CASES)
def test_a_small_random_chip_is_the_same_circuit_in_ngspice(
    seed, law, encoding, loading, directions
):
    sizes = tuple(np.random.default_rng(seed).integers(2, 6, size=2 + seed % 3).tolist())
    chip = Chip(load_profile("cmos_rc_6bit").with_values({
        "layers": sizes, "node.law": law, "node.amplifier": LAWS[law],
        "node.loading": loading * SHARE[encoding],
        "coupling.encoding": encoding, "coupling.directions": directions,
        "thermal.temperature_K": "ideal",
    }), seed)  # fmt: skip
    system, start_V = system_of(chip, seed)
    # Separate directions have no potential to descend: a long transient finds where it rests.
    exact = Transient(rtol=1e-8, atol=1e-10)
    rest_V = settle(system, start_V, 200 * system.tau_s, exact).u_V[0]
    found = compare(system, 0, start_V[0], rest_V, 4 * system.tau_s, 1e-6)
    point_V, transient_V, points, beyond_V = found
    assert beyond_V == 0
    assert point_V < POINT * system.unit_V
    assert transient_V < TRANSIENT * system.unit_V
    assert points > 50


@pytest.fixture
def tiny(tmp_path):
    """A run folder of a small chip that holds weights."""
    profile = load_profile("cmos_rc_6bit").with_values({"layers": (64, 6, 4)})
    chip = Chip(profile)
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(1)))
    experiment = Experiment(flow=FlowSettings(settle_tau=2.0))
    return Run.create(tmp_path / "run", profile, experiment, (chip.state(), {"n_done": 0}))


@pytest.mark.slow
def test_a_run_is_validated_at_several_inputs(tiny):
    said = []
    found = validate_spice(tiny, rows=2, report=said.append)
    assert found["operating_point_max_diff_V"] < POINT * found["unit_V"]
    assert 0 < found["transient_max_diff_V"] < TRANSIENT * found["unit_V"]
    assert len(said) == 2 * found["rows"] == 4


def test_where_a_transient_has_no_ideal_diodes_it_is_said_how_far_off_that_is(tmp_path):
    """A node is 1/21 as far beyond 0 V as without its diode; the operating point is ngspice's."""
    profile = load_profile("ideal_resistive").with_values({"layers": (6, 4, 2), "sources": (0, -1)})
    chip = Chip(profile)
    low = chip.data_sheet.lowest
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(1), low))
    data = tmp_path / "rows.csv"
    numbers = np.random.default_rng(0).uniform(-1, 1, (20, 5))
    np.savetxt(data, numbers, delimiter=",", header="a,b,c,d,e", comments="")
    how = Experiment.suited("regress").with_values(
        {"dataset": str(data), "batch": 4, "task.n_answers": 2, "flow.settle_tau": 3.0}
    )
    facts = {"dataset_sha256": how.images().digest}
    run = Run.create(tmp_path / "run", profile, how, (chip.state(), {"n_done": 0}), **facts)
    found = validate_spice(run)
    assert found["operating_point_max_diff_V"] < 1e-5 * found["unit_V"]
    beyond_V = found["transient_beyond_diodes_V"]
    assert beyond_V > 1e-3
    assert found["transient_max_diff_V"] >= 0.5 * beyond_V
    [said] = found["warnings"]
    assert f"go up to {beyond_V:.3g} V beyond 0 V" in said


@pytest.mark.slow
def test_the_netlist_of_a_run_runs_flat_in_blocks_and_with_noise(tiny):
    ends = []
    for options in ({}, {"blocks": True}, {"noise": True, "row": 1}, {"noise": True, "row": 1}):
        time_s, u_V = run_ngspice(run_netlist(tiny, **options))
        assert time_s[-1] == pytest.approx(2e-7)
        ends.append(u_V[-1])
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-6)
    # Noise of some 0.1 mV, drawn anew in each run.
    assert 1e-6 < np.abs(ends[3] - ends[2]).max() < 5e-3
    text = run_netlist(tiny, blocks=True)
    assert "\n* nodes: x 0 to 63, h1 68 to 73, h2 64 to 67; u<i> capacitor" in text
    assert "\n* profile cmos_rc_6bit, checksum " in text
    assert run_netlist(tiny, analysis="op").endswith(".op\n.end\n")


def test_an_input_does_not_depend_on_how_many_are_asked_for(tiny):
    few, many = (presented(tiny, rows)[1].springs.target_V for rows in (2, 5))
    np.testing.assert_array_equal(few, many[:2])
    with pytest.raises(DataError, match="has 512 inputs, but 513 are asked for"):
        presented(tiny, 513)


# The chip of the second has the law of ideal_hopfield, and devices besides.
@pytest.mark.campaign
@pytest.mark.parametrize("name", ["ideal_gradient", "cmos_rc_6bit"])
def test_the_trained_published_network_is_the_same_circuit_in_ngspice(tmp_path, name):
    changes = {"settling.engine": "operating_point", "thermal.temperature_K": "ideal"}
    profile = load_profile(name).with_values(changes)
    # Transients are compared over eight tau, in which circuits move; where they rest, by itself.
    short = Experiment(updates=30, batch=128, flow={"settle_tau": 8.0})
    found = validate_spice(train(profile, short, tmp_path / "run"))
    assert found["operating_point_max_diff_V"] < POINT * found["unit_V"]
    assert found["transient_max_diff_V"] < TRANSIENT * found["unit_V"]
