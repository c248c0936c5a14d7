"""Engines: what a file may say, what noise asks of them, and one of one's own."""

import ast
import math
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

import neurosim
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.circuit.gain import gain
from neurosim.cli.common import ENGINE
from neurosim.errors import DataError
from neurosim.host import Experiment, FlowSettings, Trainer, initial_weights
from neurosim.profile import load_profile
from neurosim.solvers import (
    Noise,
    OperatingPoint,
    Settling,
    Transient,
    finish,
    settle,
)
from neurosim.solvers.field import field_of
from neurosim.solvers.noisy import ramp, stepped
from systems import linear_chain, with_noise

TAU_S = 1e-7
SIZES = (6, 5, 4)
NOISY = with_noise(linear_chain()[0], 0.1)


@dataclass(frozen=True)
class Euler:
    """Explicit Euler in equal steps, without noise."""

    step_tau: float = 0.02
    noise_step_tau = None
    ran: list = field(default_factory=list)

    @property
    def along_the_way(self):
        return self

    def run(self, rate_of, u_V, span, system, noise):
        assert noise is None
        self.ran.append(span)
        rate, u_V = rate_of(np.arange(len(u_V))), u_V.T.copy()
        n_steps = math.ceil(span / self.step_tau)
        for _ in range(n_steps):
            u_V += span / n_steps * rate(u_V, np.empty_like(u_V))
        return finish(rate, u_V, n_steps, n_steps, system.unit_V, failed=False)


def small(name="ideal_hopfield"):
    return load_profile(name).with_value("layers", SIZES)


def two_updates(engine):
    chip = Chip(small(), 0, engine)
    images = np.random.default_rng(0).uniform(-1, 1, (40, SIZES[0]))
    experiment = Experiment(updates=2, batch=32, flow=FlowSettings(settle_tau=30.0))
    updates = list(Trainer(chip, experiment, images))
    return [update.flow_loss for update in updates], chip.programmed_S()[0]


@pytest.mark.slow
def test_an_engine_of_ones_own_trains_a_chip():
    engine = Euler()
    loss, weights_S = two_updates(engine)
    exact, exact_S = two_updates(Transient(rtol=1e-8, atol=1e-11))
    # Two updates of three phases, in two chunks or one; all three rest where the rate is zero.
    assert len(engine.ran) >= 6
    np.testing.assert_allclose(loss, exact, rtol=1e-4)
    np.testing.assert_allclose(weights_S, exact_S, atol=1e-3 * exact_S.max())
    assert loss[0] != loss[1]


def test_a_chip_with_noise_refuses_an_engine_that_integrates_none():
    profile = load_profile("ideal_thermal").with_value("layers", SIZES)
    for engine in (Euler(), OperatingPoint(), Transient(method="RK45")):
        chip = Chip(profile, 0, engine)
        chip.precharge(np.zeros((2, SIZES[0])))
        chip.drive(np.zeros((2, SIZES[0])), 1e-4)
        with pytest.raises(
            DataError, match=r"must integrate it, but .* does not; take .* a linewidth"
        ) as failure:
            chip.settle(1e-6)
        assert "\n" not in str(failure.value)


@dataclass(frozen=True)
class Resting(Euler):
    """An engine that has another for what is looked at on its way."""

    way: Euler = field(default_factory=Euler)

    @property
    def along_the_way(self):
        return self.way


def test_a_released_chip_is_settled_by_the_engine_for_the_way():
    engine = Resting()
    chip = Chip(small(), 0, engine)
    chip.precharge(np.zeros((1, SIZES[0])))
    for _ in range(2):
        chip.drive(np.zeros((1, SIZES[0])), 1e-4)
        chip.settle(1e-7)
        chip.release()
        chip.settle(1e-6)
    assert len(engine.ran) == len(engine.way.ran) == 2


def test_the_way_to_an_operating_point_is_a_transient_of_its_tolerances():
    point = OperatingPoint(rtol=1e-6, atol=1e-9, precision="float32")
    assert point.along_the_way == Transient(rtol=1e-6, atol=1e-9, precision="float32")
    transient = Transient(method="RK45")
    assert transient.along_the_way is transient


def test_a_system_without_noise_draws_no_random_number():
    asked = []

    def noise_of(chunk):
        asked.append(chunk)
        return np.random.default_rng(chunk)

    quiet, u = linear_chain()[0], np.zeros((3, 5))
    for engine in (Transient(), Transient(method="RK45"), OperatingPoint()):
        settle(quiet, u, TAU_S, engine, noise_of=noise_of)
        np.testing.assert_array_equal(asked, [])
    settle(NOISY, u, TAU_S, Transient(), noise_of=noise_of)
    assert asked == [0]


def on_the_ramp(system, u, span, rng=None):
    """The steps of noise, made here."""
    dtype = Transient().dtype
    field = field_of(system.rate(np.arange(len(u)), dtype), dtype)
    path = Noise(rng).path(system, field, len(u))
    return stepped(field, u, ramp(span), path, system.unit_V).u_V


def test_noise_is_integrated_on_the_ramp_with_the_kicks_of_a_brownian_path():
    u = np.random.default_rng(1).standard_normal((4, 5))
    got = settle(NOISY, u, 2 * TAU_S, Transient(), noise_of=lambda k: np.random.default_rng(7))
    expected = on_the_ramp(NOISY, u, 2.0, np.random.default_rng(7))
    np.testing.assert_array_equal(got.u_V, expected)
    assert got.n_steps == 3
    assert np.abs(got.u_V - on_the_ramp(NOISY, u, 2.0)).min() > 0


def test_silence_takes_the_steps_of_noise_and_adds_none():
    u = np.random.default_rng(1).standard_normal((4, 5))

    def rate_of(rows, dtype=np.float64):
        return NOISY.rate(rows, dtype)

    silent = Transient().run(rate_of, u, 1.0, NOISY, Noise(None))
    np.testing.assert_array_equal(silent.u_V, on_the_ramp(NOISY, u, 1.0))


@pytest.mark.parametrize("w", [0.1, 1.0])
def test_strong_couplings_take_shorter_steps_that_no_spring_changes(make_circuit, make_springs, w):
    circuit = make_circuit(sizes=(6, 10, 8), w=w)
    start, steps = np.zeros((3, circuit.n_nodes)), set()
    for stiffness in (0.0, 15.0, 40.0):
        springs = make_springs(circuit, rows=3, stiffness=stiffness)
        system = DrivenCircuit(circuit, springs, TAU_S, 300.0)
        got = settle(system, start, 10 * TAU_S, Transient(), noise_of=np.random.default_rng)
        steps.add(got.n_steps)
    longest = min(1.0, 1.5 / gain(circuit, TAU_S))
    assert steps == {len(ramp(10.0, longest))}
    assert (longest < 1) == (w == 1.0)


# What files say

read = TypeAdapter(Settling).validate_python


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, Transient()),
        ({"rtol": 1e-4}, Transient(rtol=1e-4)),
        ({"engine": "transient", "method": "RK45"}, Transient(method="RK45")),
        ({"engine": "operating_point", "rtol": 1e-4}, OperatingPoint(rtol=1e-4)),
        # Written by earlier versions:
        ({"engine": "transient", "rtol": 1e-4, "step_tau": 0.25}, Transient(rtol=1e-4)),
        ({"engine": "stochastic", "step_tau": 0.1}, Transient()),
        ({"engine": "stochastic", "method": "RK45"}, Transient()),
        ({"engine": "transient", "method": "RKC", "atol": 1e-7}, Transient(atol=1e-7)),
        (
            {"engine": "operating_point", "method": "RKC", "step_tau": 0.25, "atol": 1e-7},
            OperatingPoint(atol=1e-7),
        ),
    ],
)
def test_a_file_of_today_and_one_of_0_1_0_are_read(said, meant):
    assert read(said) == meant


def test_the_command_line_offers_the_words_that_a_file_may_say():
    assert [read({"engine": word}).engine for word in ENGINE.choices] == list(ENGINE.choices)
    with pytest.raises(ValidationError, match=f"one of {', '.join(ENGINE.choices)}, but is 'x'"):
        read({"engine": "x"})


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_implicit_methods_form_the_jacobian_of_a_row_and_not_of_a_batch(method):
    """128 rows of 15 nodes would have one of 1,920 x 1,920: 29 MB, and as much for each factor."""
    chip = Chip(small())
    chip.program(initial_weights(chip.data_sheet.layers, 1.0, np.random.default_rng(4)))
    chip.precharge(0.1 * np.random.default_rng(2).standard_normal((128, SIZES[0])))
    system, fine = chip.system(), {"rtol": 1e-6, "atol": 1e-9}
    exact = settle(system, chip.u_V, 2 * TAU_S, Transient(method="DOP853", **fine)).u_V
    tracemalloc.start()
    found = settle(system, chip.u_V, 2 * TAU_S, Transient(method=method, **fine), n_threads=1)
    _, peak_B = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(found.u_V, exact, atol=1e-5 * chip.data_sheet.unit_V)
    assert not found.diverged.any()
    assert peak_B < 10e6


@pytest.mark.parametrize("said", [{"engine": "operating_point", "methd": "RK45"}, {"step": 1}])
def test_a_field_that_an_engine_has_not_is_refused(said):
    with pytest.raises(ValidationError, match="extra_forbidden"):
        read(said)


def test_an_engine_is_changed_by_its_word_and_changed_back():
    profile = small()
    fine = profile.with_values({"settling.rtol": 1e-6, "settling.method": "RK45"})
    point = fine.with_value("settling.engine", "operating_point")
    assert point.settling == OperatingPoint(rtol=1e-6)
    assert point.with_value("settling.engine", "transient").settling == Transient(rtol=1e-6)


def compared_to_a_word(node):
    """Whether a comparison holds something called engine against a text."""
    sides = [node.left, *node.comparators]
    named = any(getattr(side, "attr", getattr(side, "id", "")) == "engine" for side in sides)
    texts = [part for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant)]
    return named and any(isinstance(part.value, str) for part in texts)


def asks_for_a_class(node):
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return "isinstance" in names and names & {"Transient", "OperatingPoint"}


@pytest.mark.slow
def test_only_the_solvers_know_which_engines_there_are():
    package, found = Path(neurosim.__file__).parent, []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            asked = isinstance(node, ast.Compare) and compared_to_a_word(node)
            asked |= isinstance(node, ast.Call) and bool(asks_for_a_class(node))
            if asked and path.parent.name not in {"blocks", "solvers"}:
                found.append(f"{path.relative_to(package)}:{node.lineno}")
    assert found == []
    [wrong] = ast.parse("settling.engine == 'stochastic'").body
    assert compared_to_a_word(wrong.value)
