"""Profiles of parts of one's own: they train, are kept in a run folder and in a sweep."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np
import own_parts
import pytest
import yaml
from own_parts import Arctan, Chopped, Euler, Halves, Stiffening, Wired

from commands import run as command
from neurosim.analysis import Conditions
from neurosim.analysis.adjoint import adjoint_gradient
from neurosim.blocks.files import dump_block
from neurosim.blocks.own import blocks_in
from neurosim.blocks.sources import stated_in_code
from neurosim.chip import Chip
from neurosim.converters import Adc
from neurosim.errors import DataError, NeurosimError, ProfileError
from neurosim.host import Experiment, FlowSettings, Trainer, initial_weights
from neurosim.patterns import Local, Skips
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained, evaluate, export_weights, resume, run_netlist, sample, train
from neurosim.streams import Streams

SMALL = load_profile("ideal_hopfield").with_value("layers", (64, 8, 6, 5))
PARTS = {
    "law": {"node.law": Stiffening(stiffness=0.5)},
    "amplifier": {"node.amplifier": Arctan()},
    "drift": {"drift": Halves(half_s=1e-4)},
    "engine": {"settling": Euler()},
    "pattern": {"pattern": Wired()},
    "readout": {"readout": Chopped()},
}
ALL = {path: part for parts in PARTS.values() for path, part in parts.items()}
PARTS["all together"] = ALL
CLASSES = [type(part) for part in ALL.values()]
FILE = Path(own_parts.__file__)
RECIPE = Experiment(updates=2, batch=8, flow=FlowSettings(settle_tau=2.0))
each = pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)


@pytest.mark.every(3)
@each
def test_it_trains_two_updates(parts, rng_images):
    chip = Chip(SMALL.with_values(parts))
    losses = [update.flow_loss for update in Trainer(chip, RECIPE, rng_images)]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    plain = [update.flow_loss for update in Trainer(Chip(SMALL), RECIPE, rng_images)]
    if set(parts) <= {"settling", "readout"}:  # The same, up to their steps and their rounding.
        np.testing.assert_allclose(losses, plain, rtol=0.02)
    else:
        assert losses != plain


@pytest.fixture
def rng_images():
    return np.random.default_rng(0).uniform(-1, 1, (20, 64))


@each
def test_its_file_is_read_by_whoever_knows_the_classes_and_it_goes_to_another_process(
    parts, tmp_path
):
    profile, file = SMALL.with_values(parts), tmp_path / "mine.yaml"
    file.write_text(dump_block(profile))
    assert load_profile(file, laws=CLASSES) == profile
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert profile.with_value("adc.bits", "ideal") == profile
    with pytest.raises(ProfileError) as caught:
        load_profile(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(parts)
    assert all(line.endswith("of your own: laws=[its class], or --laws FILE.py") for line in lines)


@pytest.mark.slow
def test_a_run_of_them_is_opened_sampled_judged_exported_and_gone_on_with(tmp_path):
    profile = SMALL.with_values(ALL | {"pattern": Local(reach=1), "layers": (64, 9, 6)})
    folder = train(profile, RECIPE, tmp_path / "run").run.path
    with pytest.raises(NeurosimError, match="of your own"):
        Run.open(folder)
    assert Run.open(folder, laws=CLASSES).profile == profile
    assert Trained.of(folder, laws=CLASSES).profile == profile
    x, _ = sample(folder, 7, laws=CLASSES)
    result, _ = evaluate(folder, 7, laws=CLASSES, floors=False)
    assert np.isfinite(x).all()
    assert np.isfinite(result["flow_loss"])
    export_weights(folder, tmp_path / "weights.csv", laws=CLASSES)
    assert resume(folder, laws=CLASSES).run.n_done == 2


def test_a_skip_has_no_column_in_a_table_and_its_netlist_has_every_coupling(tmp_path):
    profile = SMALL.with_value("pattern", Skips(between=[(0, 3)]))
    run = train(profile, RECIPE, tmp_path / "run").run
    with pytest.raises(DataError, match=r"couplings of neighbouring layers, but .* the pattern"):
        export_weights(run, tmp_path / "weights.csv")
    text = run_netlist(run)
    layers = profile.network
    skip = layers.crossing(0, 3)
    assert layers.present[skip].all()
    assert not SMALL.network.present[skip].any()
    assert text.count("\nG") == 2 * (layers.present.sum() - SMALL.network.present.sum()) + (
        run_netlist(train(SMALL, RECIPE, tmp_path / "plain").run).count("\nG")
    )


def exact(profile, weights):
    return Conditions(profile, weights, FlowSettings(settle_tau=5.0), batch=6, repeats=2)


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("amplifier", ["tanh", "silu"])
def test_the_generic_adjoint_is_the_oracles_gradient_where_there_is_one(law, amplifier):
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 7, 5), "node.law": law, "node.amplifier": amplifier}
    )
    weights = 2 * initial_weights(profile.network, 0.5, Streams(0).generator("weights"))
    conditions = exact(profile, weights)
    chip = conditions._near_rest(weights, conditions.batches[0])
    flow = conditions.flow
    found = adjoint_gradient(
        chip.circuit, chip.u_V, conditions.batches[0], flow.stiffness, flow.alpha
    )
    # Both rest at 1e-12 of the spring's scale or better; weights near a fold multiply that.
    scale = np.abs(found.vector).max()
    np.testing.assert_allclose(found.vector, conditions.exact[0], rtol=0, atol=1e-9 * scale)


@pytest.mark.every(6)
@pytest.mark.parametrize(
    "parts",
    [PARTS["law"], PARTS["amplifier"], PARTS["pattern"], PARTS["law"] | PARTS["pattern"]],
    ids=repr,
)
def test_the_exact_gradient_of_parts_of_ones_own_is_that_of_finite_differences(parts):
    profile = SMALL.with_values(parts)
    weights = 2 * initial_weights(profile.network, 0.5, Streams(0).generator("weights"))
    conditions = exact(profile, weights)
    batch, flow = conditions.batches[0], conditions.flow

    def cost(vector):
        moved = weights.of_vector(vector, weights.coupling.shape)
        chip = conditions._near_rest(moved, batch)
        x = chip.u_V[:, chip.die.layers.visible] / profile.node.unit_V
        scale = flow.alpha * flow.stiffness
        return 0.5 * np.sum((scale * (x - batch.x_t) - batch.u_t) ** 2, axis=1).mean()

    there = np.flatnonzero(np.append(profile.network.present.ravel(), [True] * 83))
    for k in np.random.default_rng(0).choice(there, 6, replace=False):
        step = np.zeros(weights.vector.size)
        step[k] = 1e-3
        slope = (cost(weights.vector + step) - cost(weights.vector - step)) / 2e-3
        # Central differences: 1e-6 of the third derivative, and the rest is found to 1e-7.
        assert conditions.exact[0][k] == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.slow
def test_the_command_line_takes_a_file_of_ones_own(tmp_path):
    file, out = tmp_path / "mine.yaml", tmp_path / "run"
    parts = ALL | {"pattern": Local(reach=1), "layers": (64, 9, 6), "drift": None}
    file.write_text(dump_block(SMALL.with_values(parts)))
    laws = ["--laws", FILE]
    result = command("profiles", "check", file, *laws)
    said = " ".join(result.output.split())
    assert "have no source but the code that states them: node.law, readout.gain" in said
    few = ["--updates", "2", "--batch", "8", "--settle-tau", "2"]
    assert command("train", "--profile", file, *few, "--out", out, *laws).exit_code == 0
    assert "no source but" not in command("profiles", "check", "cmos_rc_6bit").output
    assert "numbers stated in code" in (out / "report.html").read_text(encoding="utf-8")
    for words in (["evaluate", out, "-n", 7], ["sample", out, "-n", 2], ["report", out]):
        assert command(*words, *laws).exit_code == 0, words
    refused = command("report", out)
    assert refused.exit_code == 2
    assert len(refused.output.splitlines()) == len(parts) - 3
    assert "or --laws FILE.py" in refused.output
    assert command("export", out, "--to", tmp_path / "w.json", *laws).exit_code == 0
    assert command("train", "--resume", "--out", out, *laws).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_takes_it_to_its_workers(tmp_path, workers):
    file = tmp_path / "mine.yaml"
    parts = {"node.law": Stiffening(), "node.amplifier": Arctan(), "layers": (64, 5, 4)}
    file.write_text(dump_block(load_profile("ideal_hopfield").with_values(parts)))
    flow = {"settle_tau": 2.0}
    plan = {
        "name": "own",
        "base": {"profile": "mine.yaml", "experiment": {"updates": 2, "batch": 8, "flow": flow}},
        "sampling": {"n": 7, "t_end": 0.1},
        "axes": [{"path": "profile.node.law.stiffness", "values": [0.5, 1.0]}],
        "measure": ["flow_loss"],
    }
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(plan))
    given = [tmp_path / "sweep.yaml", "--out", tmp_path / "out", "--workers", workers]
    assert command("sweep", *given, "--laws", FILE).exit_code == 0
    with (tmp_path / "out" / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["error"] for row in rows] == ["", ""]
    assert rows[0]["flow_loss"] != rows[1]["flow_loss"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "must define blocks"),
        ("x = y", r"must be a Python file that runs, but stops with NameError \(name 'y'"),
        (None, "must be a Python file, NAME.py, but is none"),
    ],
)
def test_a_file_that_is_none_of_ones_own_parts_is_told_in_one_line(tmp_path, text, said):
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ProfileError, match=said) as caught:
        blocks_in(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        ("pattern", Adc(), "must be one of Full, Skips, Local or a block that is a Pattern"),
        ("pattern", Skips(between=[(0, 2)]), "must couple an even and an odd layer of 0 to 3"),
        ("pattern", Skips(between=[(0, 9)]), "must name two of the layers 0 to 3"),
        ("pattern", Local(reach=1), "needs squares for its first two layers"),
        ("readout", Adc(), "or a block that is a Differences or a block that is a Sums, but is"),
        ("node.law", Adc(), "a block that is a Law, but is an Adc"),
        ("node.amplifier", Adc(), "a block that is a Scalable, but is an Adc"),
    ],
)
def test_what_is_no_such_part_is_refused_in_one_line(path, wrong, said):
    with pytest.raises(ProfileError, match=said) as caught:
        SMALL.with_value(path, wrong)
    assert "\n" not in str(caught.value)


def test_numbers_of_ones_own_parts_are_stated_in_code():
    profile = load_profile("cmos_rc_6bit").with_values(PARTS["law"] | PARTS["readout"])
    assert stated_in_code(profile) == ["node.law", "readout.gain"]
    assert stated_in_code(load_profile("cmos_rc_6bit")) == []


def test_receptive_fields_reach_what_is_near():
    layers = SMALL.with_values({"layers": (64, 16, 5), "pattern": Local(reach=1)}).network
    mask = layers.links[0, 1]
    # Nodes stand between pixels 0 and 1, 2 and 3, ...: two pixels each way.
    assert mask.sum(axis=1).tolist() == [4] * 16
    assert mask[0].reshape(8, 8)[:2, :2].all()
    assert layers.links[1, 2].all()
