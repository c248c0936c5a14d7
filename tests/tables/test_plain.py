"""Weights from elsewhere: what is understood, what is refused, and what they do on a chip."""

from __future__ import annotations

import numpy as np
import pytest

from commands import one_line, run, train_only
from neurosim.chip import Chip
from neurosim.errors import DataError, RunError
from neurosim.host import Experiment, FlowSettings, decide
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.runs import Run, repeat, train
from neurosim.tables.plain import plain_arrays, plain_weights

SIZES = (4, 3, 2)
LAYERS = Layers(SIZES)


def arrays(sizes=SIZES, seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    found = {f"W{k}": rng.standard_normal(shape) / 4 for k, shape in enumerate(pairs)}
    return found | {f"b{k}": rng.standard_normal(n) / 4 for k, n in enumerate(sizes[1:])}


def saved(folder, name="weights.npz", **changes):
    path, found = folder / name, arrays() | changes
    np.savez(path, **{key: value for key, value in found.items() if value is not None})
    return path


def test_arrays_as_pytorch_keeps_them_are_the_matrices_and_the_biases_of_their_outputs(tmp_path):
    given = arrays()
    weights = plain_weights(saved(tmp_path), LAYERS)
    for k in range(2):
        np.testing.assert_array_equal(weights.matrix(LAYERS, k), given[f"W{k}"])
        np.testing.assert_array_equal(weights.bias[LAYERS.nodes(k + 1)], given[f"b{k}"])
    np.testing.assert_array_equal(weights.bias[LAYERS.nodes(0)], np.zeros(4))


def test_transposed_matrices_are_known_by_their_shapes(tmp_path):
    given = arrays()
    path = saved(tmp_path, W0=given["W0"].T, W1=given["W1"].T)
    np.testing.assert_array_equal(plain_weights(path, LAYERS).matrix(LAYERS, 0), given["W0"])


def test_a_square_matrix_is_turned_as_the_others_are(tmp_path):
    layers, given = Layers((4, 3, 3)), arrays((4, 3, 3))
    turned = {name: a.T for name, a in given.items()}
    weights = plain_weights(saved(tmp_path, **turned), layers)
    np.testing.assert_array_equal(weights.matrix(layers, 1), given["W1"])


@pytest.mark.parametrize("order", ["out-in", "in-out"])
def test_matrices_that_are_all_square_need_an_order(tmp_path, order):
    layers, given = Layers((3, 3, 3)), arrays((3, 3, 3))
    path = saved(tmp_path, **given)
    with pytest.raises(DataError, match=r"order of the axes must be known.*start_order=out-in"):
        plain_weights(path, layers)
    wanted = given["W0"] if order == "out-in" else given["W0"].T
    np.testing.assert_array_equal(plain_weights(path, layers, order).matrix(layers, 0), wanted)


def test_an_order_that_shapes_contradict_is_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"W0 must have shape \(4, 3\), in-out as was said, but has"
    ):
        plain_weights(saved(tmp_path), LAYERS, "in-out")


def test_one_bias_more_than_matrices_are_those_of_all_layers(tmp_path):
    given = {f"b{k}": np.full(n, float(k)) for k, n in enumerate(SIZES)}
    weights = plain_weights(saved(tmp_path, **given), LAYERS)
    for k in range(3):
        assert set(weights.bias[LAYERS.nodes(k)]) == {float(k)}


def test_without_biases_they_are_zero(tmp_path):
    weights = plain_weights(saved(tmp_path, b0=None, b1=None), LAYERS)
    assert not weights.bias.any()


def test_safetensors_hold_the_same(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "weights.safetensors"
    library.save_file(arrays(), path)
    weights = plain_weights(path, LAYERS)
    np.testing.assert_array_equal(weights.vector, plain_weights(saved(tmp_path), LAYERS).vector)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"W0": np.zeros((3, 5))}, r"W0 must have shape \(3, 4\) or \(4, 3\), but has \(3, 5\)"),
        ({"W1": np.zeros((3, 2))}, r"W1 must have shape .* the same way for all, but has \(3, 2\)"),
        ({"b1": np.zeros(3)}, r"b1 must have shape \(2,\), one value a node, but has \(3,\)"),
        ({"W1": None}, r"must hold W0 to W1 for layers 4-3-2.*but holds W0, b0, b1"),
        ({"b0": None}, r"must hold W0 to W1 for layers 4-3-2.*but holds W0, W1, b1"),
        ({"fc.weight": np.zeros(1)}, r"but holds W0, W1, b0, b1, fc.weight"),
        ({"b0": np.array([0, np.nan, 0])}, r"b0 must be of finite numbers, but has NaN"),
        ({"W0": np.full((3, 4), "x")}, r"W0 must be of finite numbers, but is of <U1"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(tmp_path, changes, text):
    with pytest.raises(DataError, match=text) as caught:
        plain_weights(saved(tmp_path, **changes), LAYERS)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_damaged_or_no_such_file(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"must hold arrays W0, b0, ..., but cannot be read"):
        plain_weights(path, LAYERS)
    with pytest.raises(DataError, match=r"must be an .npz or .safetensors file of arrays"):
        plain_weights(tmp_path / "none.npz", LAYERS)
    assert plain_arrays(tmp_path / "none.npz") is None


def test_a_stiff_spring_answers_what_the_feed_forward_net_does(tmp_path):
    given, stiffness = arrays(), 1e4
    profile = load_profile("ideal_hopfield").with_values({"layers": SIZES, "sources": (0, -1)})
    chip = Chip(profile)
    chip.program(plain_weights(saved(tmp_path), LAYERS))
    x = np.random.default_rng(1).uniform(-1, 1, (5, 4))
    held = np.arange(6) < 4
    flow = FlowSettings(stiffness=stiffness, alpha=(1 + stiffness) / stiffness, settle_tau=30)
    said = decide(chip, np.hstack([x, np.zeros((5, 2))]), flow, None, held)[:, 4:]
    hidden = np.tanh(x @ given["W0"].T + given["b0"])
    # What answers give back, and how far their springs bend, falls as 1 / stiffness.
    np.testing.assert_allclose(said, hidden @ given["W1"].T + given["b1"], atol=1e-3)


CLASSIFY = ["--profile", "cmos_rc_6bit", "--task", "classify", "--layers", "64,12,10"]


def net(folder, scale=0.1):
    rng = np.random.default_rng(0)
    path = folder / "net.npz"
    made = {"W0": rng.standard_normal((12, 64)), "W1": rng.standard_normal((10, 12))}
    np.savez(path, **{name: scale * a for name, a in made.items()})
    return path


def test_a_training_begins_with_them_clips_them_counts_them_and_is_repeated(tmp_path):
    path, out = net(tmp_path, 0.3), tmp_path / "run"
    result = train_only(*CLASSIFY, "--updates", 1, "--from", path, "--out", out)
    assert result.exit_code == 0, result.output
    with np.load(path) as given:
        beyond = sum(int((np.abs(a) > 0.6).sum()) for a in given.values())
    assert f"{beyond} weights clipped to -0.6 to 0.6, which devices of cmos_rc" in result.stderr
    made = Run.open(out)
    assert made.facts["start_clipped"] == beyond
    assert made.load()["chip"]["ledger"]["weights_clipped"] == beyond
    assert repeat(out).same
    net(tmp_path, 0.1)
    with pytest.raises(RunError, match=r"must be the file that .* began with, but is gone or has"):
        repeat(out)


def test_weights_that_single_devices_cannot_hold_are_counted_and_said_by_both_commands(tmp_path):
    path = tmp_path / "net.npz"
    rng = np.random.default_rng(0)
    given = {"W0": rng.standard_normal((4, 128)), "W1": 3 * rng.standard_normal((10, 4))}
    np.savez(path, **given)
    lost = sum(int(((a < 0) | (a > 4)).sum()) for a in given.values())
    chip = ["--profile", "ideal_resistive", "--task", "classify", "--layers", "128,4,10"]
    said = f"{lost} weights clipped to 0 to 4, which devices of ideal_resistive hold"
    result = train_only(*chip, "--updates", 1, "--from", path, "--out", tmp_path / "run")
    assert said in result.stderr, result.output
    assert Run.open(tmp_path / "run").facts["start_clipped"] == lost
    assert said.replace("weights ", "") in run("import", path, *chip).stdout


def test_python_takes_the_file_too(tmp_path):
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 12, 10), "sources": (0, -1)}
    )
    how = Experiment.suited("classify").with_values({"updates": 1, "learning_rate": 1e-12})
    path = net(tmp_path)
    trained = train(profile, how, start=path)
    begun = plain_weights(path, profile.network)
    np.testing.assert_allclose(trained.weights.vector, begun.vector, atol=1e-9)


def test_a_chip_is_programmed_from_them_and_can_be_evaluated(tmp_path):
    out = tmp_path / "copy"
    result = run("import", net(tmp_path), *CLASSIFY, "--out", out)
    assert result.exit_code == 0, result.output
    assert "974 couplings and biases" in result.stdout
    assert f"try: neurosim evaluate {out}" in result.stdout
    opened = Run.open(out)
    assert opened.experiment.flow.beta == 0.2
    assert opened.profile.sources == (0, -1)


def test_plain_arrays_need_a_profile_and_tables_no_order(tmp_path):
    path = net(tmp_path)
    assert "say nothing of a chip; give --profile" in one_line(run("import", path))
    table = tmp_path / "table.npz"
    run("import", path, *CLASSIFY, "--out", tmp_path / "copy")
    assert run("export", tmp_path / "copy", "--to", table).exit_code == 0
    assert "--order is for plain arrays" in one_line(run("import", table, "--order", "out-in"))
    wrong = one_line(train_only(*CLASSIFY, "--from", table, "--out", tmp_path / "no"))
    assert "must be an .npz or .safetensors file of arrays" in wrong


def test_a_table_of_a_classifier_is_a_classifier_again(tmp_path):
    out, table = tmp_path / "copy", tmp_path / "table.csv"
    run("import", net(tmp_path), *CLASSIFY, "--out", out)
    run("export", out, "--to", table)
    result = run("import", table, "--out", tmp_path / "again")
    assert f"try: neurosim evaluate {tmp_path / 'again'}" in result.stdout
    first, again = Run.open(out), Run.open(tmp_path / "again")
    assert (again.experiment.task, again.experiment.flow) == (
        first.experiment.task,
        first.experiment.flow,
    )
