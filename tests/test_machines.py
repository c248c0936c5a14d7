"""A batch settled by PyTorch: the same as by NumPy, law by law; and words for machines."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from commands import train_only
from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from neurosim.arrays import NUMPY
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit, Springs
from neurosim.data import PairSource
from neurosim.errors import DataError
from neurosim.host import FlowSettings, present
from neurosim.machines import arrays_on
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import FlickerSource, OperatingPoint, Transient, settle
from neurosim.streams import Streams

TAU_S = CAPACITANCE_F / LEAK_S
has_torch = importlib.util.find_spec("torch") is not None
by_torch = pytest.mark.skipif(not has_torch, reason="PyTorch, the extra gpu, is not installed")


def test_the_processor_is_numpy():
    assert arrays_on("cpu") is NUMPY
    assert not NUMPY.whole


@pytest.mark.parametrize("word", ["gpu", "cuda:x", "", "mps"])
def test_another_word_is_refused_with_those_that_there_are(word):
    with pytest.raises(DataError, match=f"must be cpu, cuda, cuda:1 or torch, but is '{word}'"):
        arrays_on(word)


@pytest.mark.skipif(has_torch, reason="PyTorch is installed")
def test_without_pytorch_a_gpu_says_what_to_install():
    with pytest.raises(DataError, match="needs PyTorch, which is not installed; install"):
        Chip("ideal_hopfield", device="cuda")


@by_torch
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="must be a GPU that PyTorch"):
        arrays_on("cuda:99")


CASES = {
    "float32": (Transient(rtol=1e-5, precision="float32"), 1e-6),
    "float64": (Transient(rtol=1e-5), 1e-12),
    "operating point": (OperatingPoint(precision="float32"), 1e-6),
}


@pytest.mark.every(3)
@by_torch
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("amplifier", ["tanh", "silu", "linear"])
@pytest.mark.parametrize("case", CASES)
def test_both_settle_alike(make_circuit, make_springs, law, amplifier, case):
    engine, tolerance = CASES[case]
    mismatch = 0.1 if case == "float64" else 0.0
    circuit = make_circuit(law, amplifier, sizes=(6, 10, 8), w=0.15, mismatch=mismatch)
    if case == "float64":
        circuit = replace(circuit, cubic_per_V2=2.0)
    system = DrivenCircuit(circuit, make_springs(circuit, rows=20), TAU_S)
    start = np.zeros((20, circuit.n_nodes))
    ours, theirs = (
        settle(system, start, 8 * TAU_S, engine, arrays=arrays)
        for arrays in (NUMPY, arrays_on("torch"))
    )
    assert ours.n_evaluations == theirs.n_evaluations
    np.testing.assert_allclose(theirs.u_V, ours.u_V, atol=tolerance * UNIT_V)
    np.testing.assert_allclose(theirs.residual, ours.residual, atol=20 * tolerance)


@by_torch
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("held", [False, True])
def test_both_see_the_same_noise(make_circuit, make_springs, precision, held):
    circuit = make_circuit(sizes=(6, 10, 8), w=0.15, mismatch=0.1)
    springs = make_springs(circuit, rows=20)
    if held:
        stiffness = np.where(np.arange(6) < 2, np.inf, springs.conductance_S)
        springs = Springs(stiffness, springs.target_V)
    system = DrivenCircuit(circuit, springs, TAU_S, 300.0, 2.0, 1e6)

    def ends(arrays):
        flicker = FlickerSource(1e-3, 0.5, lambda k: np.random.default_rng([2, k]))
        start = np.zeros((20, circuit.n_nodes))
        start[:, :6] = springs.target_V
        for settles in range(3):
            start = settle(
                system, start, 5 * TAU_S, Transient(precision=precision), arrays=arrays,
                noise_of=lambda k, s=settles: np.random.default_rng([s, k]), flicker=flicker,
            ).u_V  # fmt: skip
        return start

    tolerance = 1e-6 if precision == "float32" else 1e-11
    np.testing.assert_allclose(ends(arrays_on("torch")), ends(NUMPY), atol=tolerance * UNIT_V)


@by_torch
def test_what_is_kept_from_a_settle_changes_no_later_one(make_circuit, make_springs):
    """Circuits of one shape, in turn, and the same again on fresh arrays."""
    from neurosim.torch_arrays import TorchArrays

    def ends(arrays_of):
        found = []
        for seed in (0, 1, 0, 2):
            circuit = make_circuit(sizes=(6, 10, 8), w=0.15, mismatch=0.1, seed=seed)
            for stiffness in (10.0, 20.0):
                springs = make_springs(circuit, rows=9, stiffness=stiffness, seed=seed)
                system = DrivenCircuit(circuit, springs, TAU_S, 300.0 if seed else None)
                start = np.zeros((9, circuit.n_nodes))
                found.append(
                    settle(
                        system, start, 3 * TAU_S, Transient(), arrays=arrays_of(),
                        noise_of=np.random.default_rng,
                    ).u_V
                )  # fmt: skip
        return found

    kept = TorchArrays("cpu")
    again, fresh = ends(lambda: kept), ends(lambda: TorchArrays("cpu"))
    assert kept.pool
    np.testing.assert_array_equal(again, fresh)


@by_torch
@pytest.mark.parametrize("law", ["separate law", "pole"])
def test_what_has_no_coordinates_of_its_own_is_refused_in_one_line(make_circuit, make_springs, law):
    from neurosim.circuit import ByLayer, Gradient, Hopfield

    circuit = make_circuit(ByLayer(visible=Hopfield(), hidden=Gradient()))
    start = np.zeros((4, circuit.n_nodes))
    if law == "pole":
        circuit = replace(make_circuit(), amplifier_tau_s=TAU_S)
        start = np.zeros((4, 2 * circuit.n_nodes))
    system = DrivenCircuit(circuit, make_springs(circuit), TAU_S)
    with pytest.raises(DataError, match="settle it on the processor") as failure:
        settle(system, start, TAU_S, Transient(), arrays=arrays_on("torch"))
    assert "\n" not in str(failure.value)


@by_torch
@pytest.mark.parametrize("profile", ["ideal_hopfield", "ideal_gradient", "cmos_rc_6bit"])
def test_a_gradient_is_the_same_on_both(profile):
    chip_of = load_profile(profile).with_values({"layers": (16, 12, 10), "adc.bits": "ideal"})
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (40, 16))
    batch = PairSource(images, 30, Streams(0), prefetch=False).batch_at(0)
    gradients = []
    for device in ("cpu", "torch"):
        chip = Chip(chip_of, 0, Transient(rtol=1e-5), device=device)
        layers = chip.data_sheet.layers
        coupling = 0.1 * np.random.default_rng(1).standard_normal(layers.present.shape)
        chip.program(Weights(coupling * layers.present, np.zeros(layers.n_nodes)))
        flow = FlowSettings().on(chip.data_sheet)
        shown = present(chip, batch.x_t, batch.u_t, flow)
        gradients.append(shown.gradient.vector)
    size = np.abs(gradients[0]).max()
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-6 * size)


def test_the_word_for_a_machine_reaches_every_chip_that_a_command_makes(tmp_path, monkeypatch):
    """Train, go on, sample and sweep, each with a word that no machine has."""
    from click.testing import CliRunner

    from neurosim.cli import main

    plain = ["--profile", "ideal_hopfield", "--layers", "64,8", "--updates", "1", "--batch", "8"]
    plain += ["--settle-tau", "1", "--out", str(tmp_path / "run")]
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "name: small\nbase: {run: run}\nsampling: {n: 7, settle_tau: 1}\n"
        "axes: [{path: sampling.n, values: [7]}]\nmeasure: [flow_loss]\n"
    )
    assert train_only(*plain).exit_code == 0
    commands = [
        ["train", *plain[:-1], str(tmp_path / "other")],
        ["train", *plain, "--resume"],
        ["sample", str(tmp_path / "run"), "-n", "2"],
        ["sweep", str(plan), "--out", str(tmp_path / "sweep"), "--workers", "1"],
    ]
    for command in commands:
        result = CliRunner().invoke(main, [*command, "--device", "abacus"])
        assert result.exit_code != 0, command
        told = result.output + "".join(p.read_text() for p in tmp_path.glob("sweep/results.csv"))
        assert "must be cpu, cuda, cuda:1 or torch, but is 'abacus'" in told, command
