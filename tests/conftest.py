"""Small circuits and profiles that several tests use."""

from __future__ import annotations

import datetime
import gc
import math
import random
import signal
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from commands import run, train_only
from neurosim import processes
from neurosim.circuit import (
    Circuit,
    Gradient,
    Hopfield,
    Linear,
    Pairs,
    Silu,
    Springs,
    Tanh,
    imperfect,
)
from neurosim.host import Experiment, FlowSettings
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.signals import NUMBERS
from trainings import train

# How many examples a property is tried on: in the default run, the slow one and the campaigns.
EXAMPLES = {"slow": 12, "campaign": 50}
settings.register_profile("quick", max_examples=6, deadline=None)
for _run, _most in EXAMPLES.items():
    settings.register_profile(_run, max_examples=_most, deadline=None)

UNIT_V, LEAK_S, CAPACITANCE_F = 0.1, 1e-5, 1e-12


def pytest_addoption(parser):
    today = datetime.date.today().strftime("%Y%m%d")
    parser.addoption(
        "--tenth",
        nargs="?",
        const=today,
        metavar="SEED",
        help="of each campaign a tenth of the cases, drawn by this seed (today's date)",
    )


def pytest_configure(config):
    # Work is counted where it is done: in this process, but for the tests of the others.
    processes._MOST_DEATHS = 0
    chosen = config.option.markexpr
    settings.load_profile(chosen if chosen in EXAMPLES else "quick")
    # A job in the background is started with some signals ignored, which its children would be too.
    for number in NUMBERS:
        if signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Every core for the whole suite; this process alone for what is asked for by name."""
    return 0 if config.args_source is config.ArgsSource.ARGS else None


def pytest_report_header(config):
    seed = config.option.tenth
    return f"campaigns: a tenth of the cases, --tenth {seed}" if seed else None


def pytest_ignore_collect(collection_path, config):
    """The campaigns' thousands of cases are read only where they may run."""
    beside = "not campaign" in config.option.markexpr or config.option.markexpr == "slow"
    return True if beside and collection_path.name == "campaigns" else None


def pytest_collection_finish():
    """What is there by now stays: that it is looked through each time is a tenth of the run."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """The slow run and whole campaigns repeat the properties; `every` and `--tenth` thin cases."""
    seen = defaultdict(int)
    for item in items:
        every = item.get_closest_marker("every")
        if every:
            test = item.nodeid.partition("[")[0]
            if seen[test] % every.args[0]:
                item.add_marker("slow")
            seen[test] += 1
    chosen = config.option.markexpr
    if chosen == "slow" or (chosen == "campaign" and config.option.tenth is None):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(chosen)
    if config.option.tenth is None:
        return
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("campaign"):
            cases[item.nodeid.partition("[")[0]].append(item)
    rng = random.Random(config.option.tenth)
    # Of nine cases or fewer, one or none.
    kept = {
        id(item)
        for group in cases.values()
        for item in rng.sample(group, math.floor(len(group) / 10 + rng.random()))
    }
    dropped = [item for group in cases.values() for item in group if id(item) not in kept]
    config.hook.pytest_deselected(items=dropped)
    gone = {id(item) for item in dropped}
    items[:] = [item for item in items if id(item) not in gone]


def signed_pairs(signed_S: np.ndarray, idle_S: float = 0.0) -> Pairs:
    """One-sided pairs of a signed conductance."""
    return Pairs(np.maximum(signed_S, 0) + idle_S, np.maximum(-signed_S, 0) + idle_S)


def as_law(law):
    """A law, or that of a word."""
    shipped = {"hopfield": Hopfield, "gradient": Gradient}
    return shipped[law]() if isinstance(law, str) else law


class Errors(NamedTuple):
    """Of the amplifiers of all nodes."""

    gain: np.ndarray
    offset_V: np.ndarray
    attenuation: np.ndarray


def errors_of(circuit):
    """The errors of a circuit's amplifiers, node by node."""
    k = circuit.layers.n_visible
    parts = [(circuit.visible, k), (circuit.hidden, circuit.n_nodes - k)]
    ideal = {"gain": 1.0, "offset_V": 0.0, "attenuation": 1.0}
    return Errors(
        *(
            np.concatenate([np.broadcast_to(getattr(a, name, value), n) for a, n in parts])
            for name, value in ideal.items()
        )
    )


def strayed(circuit, **errors):
    """The circuit with these errors of its amplifiers, arrays of all nodes, in place of its own."""
    n, k = circuit.n_nodes, circuit.layers.n_visible
    every = {"gain": np.ones(n), "offset_V": np.zeros(n), "attenuation": np.ones(n)} | errors
    below, above = ({name: a[at] for name, a in every.items()} for at in (slice(k), slice(k, n)))
    bases = [getattr(a, "base", a) for a in (circuit.visible, circuit.hidden)]
    return replace(
        circuit,
        visible=imperfect(bases[0], **below),
        hidden=imperfect(bases[1], **above),
    )


@pytest.fixture
def make_circuit():
    """Random circuit of any law, amplifier and imperfection; weights of standard deviation w."""

    def make(
        law="hopfield",
        amplifier="tanh",
        sizes=(3, 5, 4),
        w=0.3,
        mismatch=0.0,
        loading=0.0,
        seed=0,
        separate=False,
    ):
        rng = np.random.default_rng(seed)
        layers = Layers(sizes)
        n = layers.n_nodes
        box = (layers.n_odd, layers.n_even)

        def near(value, shape):
            return value * np.exp(mismatch * rng.standard_normal(shape))

        def couplings():
            signed = w * LEAK_S * rng.standard_normal(box) * layers.present
            return signed_pairs(signed)

        shipped = {"tanh": Tanh, "silu": Silu, "linear": Linear}
        ideal = shipped[amplifier](UNIT_V) if isinstance(amplifier, str) else amplifier
        circuit = Circuit(
            layers=layers,
            law=as_law(law),
            visible=Linear(UNIT_V),
            hidden=ideal,
            capacitance_F=near(CAPACITANCE_F, n),
            leak_S=near(LEAK_S, n),
            couplings=couplings(),
            biases=signed_pairs(0.3 * LEAK_S * rng.standard_normal(n)),
            reference_V=UNIT_V,
            loading=loading,
            back_couplings=couplings() if separate else None,
        )
        gain, offset_V = near(1.0, n), mismatch * UNIT_V * rng.standard_normal(n)
        return strayed(circuit, gain=gain, offset_V=offset_V)

    return make


@pytest.fixture
def make_springs():
    """Springs to random voltages for some rows of a circuit."""

    def make(circuit, rows=4, stiffness=15.0, seed=1):
        k = circuit.layers.n_visible
        target_V = UNIT_V * np.random.default_rng(seed).standard_normal((rows, k))
        return Springs(np.full(k, stiffness * LEAK_S), target_V)

    return make


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A folder made by `neurosim train`: a small chip, no classes."""
    out = tmp_path_factory.mktemp("cli") / "plain"
    options = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--updates", "2"]
    result = train_only(*options, "--batch", "16", "--settle-tau", "2", "--out", out)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """A run that was stopped after two of four updates, and judged."""
    out = tmp_path_factory.mktemp("begun") / "run"

    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    flow = FlowSettings(settle_tau=1.0)
    with pytest.raises(KeyboardInterrupt):
        train(
            load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5)),
            Experiment(updates=4, batch=8, average=0.5, flow=flow),
            out,
            progress=stop,
        )
    assert run("evaluate", out, "-n", 7).exit_code == 0
    return out
