"""Figures beyond their limits: what is said of each, and that shipped chips have none but one."""

import re

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from commands import run
from neurosim.analysis import Conditions, figures
from neurosim.analysis.limits import beyond_limits
from neurosim.analysis.plausible import warnings_in
from neurosim.analysis.problem import trained_weights
from neurosim.blocks.files import dump_block
from neurosim.blocks.units import parse_quantity
from neurosim.data import load_digits
from neurosim.devices import Leak
from neurosim.host import FlowSettings
from neurosim.profile import load_profile
from shipped import shipped

CHIP = load_profile("cmos_rc_6bit")
LEAK = Leak(tau_s=1e-6, source="assumed: a test")


@shipped
def test_the_only_shipped_chip_beyond_a_limit_is_the_one_of_5_bit_inputs(name):
    """BrainScaleS-2's own DACs: `experiments/00_profiles` has what they do to the gradient."""
    found = beyond_limits(load_profile(name))
    if name != "bss2_65nm":
        assert found == []
        return
    (line,) = found
    assert line.startswith("dac: a nudge moves its target by 0.078 steps, so that about 70% of th")
    # No beta that leaves the negative phase a spring moves it by half a step.
    assert line.endswith("give it finer steps (more dac.bits, a narrower dac.range_V)")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"node.release_capacitance_F": "1 pF"},
         "node.release_capacitance_F: C_x / C_h is 1, so that hidden nodes lag behind the pixels of"
         " a chip that draws by itself; from 30 on they follow: raise it to 30 pF"),
        ({"host.beta": 1e-3}, "dac: a nudge moves its target by 0.09 steps, so that about 100% "
         "of the targets stay at one code for both of its signs; give it finer steps (more "
         "dac.bits, a narrower dac.range_V), or raise host.beta"),
        ({"current_sense.range_A": "500 nA"}, "current_sense.range_A is a velocity of 1, so that a "
         "third of those of digits or more clip; raise it to 3 uA, or lower node.leak_S"),
        ({"node.capacitance_F": "1 fF", "node.release_capacitance_F": "30 fF"},
         "node.capacitance_F: thermal noise kT/C is 1.6 times what a nudge moves its target by, so "
         "that more noise than signal is in the mean of the 512 rows of an update; raise it, "
         "node.unit_V or host.beta"),
        ({"current_sense.bits": 3}, "current_sense.bits: a step of the ammeter is a velocity of 2, "
         "where those of digits are 1.2 rms, so that each is read 48% off; give it more bits"),
        ({"coupling.levels": 4}, "coupling.levels: a step of a weight is 0.2, where weights of "
         "trained networks are 0.05 rms; with steps of 0.2 a chip drew no better than"),
        ({"write.noise": 0.1}, "write.noise: a write misses by 0.06 of a weight of 1, where "
         "weights of trained networks are 0.05 rms; write more exactly"),
        ({"supply.driver.most_A": "1 uA"}, "supply.driver.most_A: an amplifier of 1 uA does not "
         "carry its array: the busiest output delivers 8.06 uA where weights are 7%"),
        ({"supply.driver.rail_V": "0.4 V"}, "supply.driver.rail_V: outputs of 0.5 V must lie"),
        ({"write.pulse_s": "1 s", "supply.writes_at_once": 1}, "supply.writes_at_once: writing the "
         "array takes 49.8 ks, and a training writes hundreds of times; raise it, or shorten"),
        ({"drift": LEAK}, "drift: a cell loses 100% within the 512 rows of an update, 1.54 ms, "
         "and no refresh comes before its end; take cells that hold longer, or smaller batches"),
        ({"drift": LEAK, "host.refresh_s": 1e-8}, "drift: a cell loses 100% within the 512 rows"),
        ({"drift": LEAK.with_value("tau_s", 1.0)}, "host.refresh_s: a cell loses 95% within a "
         "training of 2000 updates, 3.07 s, where its weight stays; state a time within which"),
    ],
)  # fmt: skip
def test_a_figure_beyond_its_limit_is_said_with_what_to_do(tmp_path, changes, text):
    chip = CHIP.with_values(changes)
    (line,) = [line for line in beyond_limits(chip) if line.startswith(text.partition(":")[0][:9])]
    assert line.startswith(text)
    (tmp_path / "p.yaml").write_text(dump_block(chip))
    assert text in run("profiles", "check", tmp_path / "p.yaml").stderr


def test_a_refresh_that_comes_too_late_is_told_once():
    """A cell that is refreshed in time by its own number, and not within an update, and neither."""
    tau_s = 1e-3
    for refresh_s, place in ((1e-4, "drift"), (1e-2, "host.refresh_s")):
        leaky = {"drift": LEAK.with_value("tau_s", tau_s), "host.refresh_s": refresh_s}
        chip = CHIP.with_values(leaky)
        lines = [*warnings_in(chip), *beyond_limits(chip)]
        (said,) = [line for line in lines if "a cell loses" in line]
        assert said.startswith(f"{place}: a cell loses")
        assert "no refresh comes" in said


def test_a_nudge_of_half_a_step_gives_both_signs_codes_of_their_own():
    """Targets anywhere in a step, moved by x steps either way: 1 - 2 x of them keep one code."""
    anywhere = np.linspace(0, 1, 10_001)
    for steps in (0.078, 0.26, 0.5):
        one_code = np.mean(np.round(anywhere + steps) == np.round(anywhere - steps))
        assert one_code == pytest.approx(1 - 2 * steps, abs=1e-3)


def test_a_chip_that_answers_draws_nothing_by_itself():
    board = load_profile("board_resistive").with_value("node.release_capacitance_F", "1 nF")
    assert figures.release_ratio(board) < 10
    assert beyond_limits(board) == []


def test_the_limit_of_noise_is_where_half_of_a_gradient_is_noise():
    """Of 128 rows, by the same noise over the nudge in their mean: a cosine of about 0.7."""
    chip, rows = load_profile("ideal_thermal").with_value("host.beta", 8e-3), 128
    flow = FlowSettings(beta=8e-3, settle_tau=10)
    times = figures.noise_V(chip) / (figures.nudge(chip) * chip.node.unit_V)
    less = (times / (0.04 * np.sqrt(rows))) ** 2
    noisy = chip.with_values(
        {f"node.{name}": less * getattr(chip.node, name)
         for name in ("capacitance_F", "release_capacitance_F")}
    )  # fmt: skip
    conditions = Conditions(noisy, trained_weights(noisy), flow, batch=rows, repeats=2)
    seen, exact = conditions.observe_all(noisy), conditions.exact
    for one, other in zip(seen, exact, strict=True):
        cosine = one.gradient @ other / np.linalg.norm(one.gradient) / np.linalg.norm(other)
        assert 0.6 < cosine < 0.9


def test_the_advised_capacitance_reaches_what_it_says_with_parasitics_too():
    changes = {"node.release_capacitance_F": 1e-12, "coupling.parasitic_F": 5e-14}
    profile = CHIP.with_values(changes)
    (said,) = (line for line in beyond_limits(profile) if "C_x / C_h" in line)
    advised_F = parse_quantity(re.search(r"raise it to ([\d.]+ pF)", said)[1], "F")
    assert figures.release_ratio(profile) < 10
    mended = profile.with_value("node.release_capacitance_F", advised_F)
    assert figures.release_ratio(mended) == pytest.approx(30, rel=0.01)


@pytest.mark.parametrize("beta", [1.5e-3, 3e-3, 5e-3])
def test_targets_stay_at_one_code_as_often_as_said_of_real_digits(beta):
    """Targets of digits by NumPy's rounding; velocities of digits are not quite normal."""
    chip = CHIP.with_value("host.beta", beta)
    (said,) = [line for line in beyond_limits(chip) if line.startswith("dac:")]
    share = float(re.search(r"about (\d+)%", said)[1]) / 100
    flow, rng = FlowSettings(beta=beta), np.random.default_rng(0)
    x1, _ = load_digits()
    x0 = rng.standard_normal(x1.shape)
    u_t = x1 - x0[linear_sum_assignment(-x1 @ x0.T)[1]]
    step = 2 * chip.dac.range_V / (2**chip.dac.bits - 2) / chip.node.unit_V
    k = flow.beta * (flow.alpha * flow.stiffness) ** 2
    codes = [
        np.round(
            sign * k / (flow.stiffness + sign * k) * u_t / (flow.alpha * flow.stiffness) / step
        )
        for sign in (1, -1)
    ]
    assert np.mean((codes[0] == 0) & (codes[1] == 0)) == pytest.approx(share, abs=0.1)
