"""Files that people write, damaged by the hundred, each read by every command that takes it.

Profiles, experiments, plans of sweeps, data sets, images to complete, tables of measurements and of
faulty cells, weights to begin with, and tables of formats that cannot be read back. Each is read
and gives finite numbers, or is refused by one line; within 20 s of work, with no file half written.
"""

from __future__ import annotations

import gzip
import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
import yaml

from answers import answer
from commands import run, train_only
from damage import CHANGES, damage
from neurosim.blocks.files import dump_block
from neurosim.chip import Chip
from neurosim.host import initial_weights
from neurosim.profile import load_profile, shipped_profiles
from neurosim.runs import Run
from neurosim.tables import FORMATS, table, write_table
from neurosim.tables.formats import READABLE

pytestmark = pytest.mark.campaign
TREE = Path(__file__).parents[2]
SMALL = ("--updates", 1, "--batch", 4, "--settle-tau", 1)


def changed(path: Path, rng: random.Random) -> str:
    """Damage the one file of a folder; of two seeds in three by one change of its text."""
    if rng.random() < 1 / 3:
        return damage(path.parent, rng)
    change = rng.choice(CHANGES)
    path.write_bytes(change(path.read_bytes(), rng) or b"x")
    return f"{path.name}: {change.__name__}"


def finite(tree) -> bool:
    """Whether every number of a tree is one."""
    if isinstance(tree, dict):
        return all(map(finite, tree.values()))
    if isinstance(tree, list):
        return all(map(finite, tree))
    return not isinstance(tree, float) or bool(np.isfinite(tree))


def only(folder: Path, name: str, data: bytes) -> Path:
    """A file alone in a folder."""
    (folder / "in").mkdir()
    (folder / "in" / name).write_bytes(data)
    return folder / "in" / name


@pytest.mark.parametrize("seed", range(500))
def test_a_damaged_profile_has_finite_numbers_or_is_refused(tmp_path, seed):
    rng = random.Random(seed)
    name = rng.choice(sorted(shipped_profiles()))
    whole = (TREE / "hardware_profiles" / f"{name}.yaml").read_bytes()
    path = only(tmp_path, "p.yaml", whole)
    said = changed(path, rng)
    if answer(tmp_path, said, "profiles", "check", path):
        assert finite(load_profile(path).model_dump(mode="json")), said
        # What is right to check is right to make a chip of.
        small = load_profile(path).with_value("layers", (6, 5, 4))
        chip = Chip(small)
        chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(0)))
        assert np.isfinite(chip.devices_S).all(), said


EXPERIMENT = b"""updates: 3
batch: 4
seed: 2
learning_rate: 2e-3
schedule: cosine
optimizer: adam
momentum: [0.9, 0.999]
average: 0.5
clip: 1.0
flow: {stiffness: 15, alpha: 2, beta: 4e-3, settle_tau: 1, phases: centred}
sampling: {mode: spring, t_end: 0.1, dt: 0.05}
contrast: {weight: 0.5, t_end: 0.1, begin: 0.5, rows: 2}
dataset: digits
pairing: batch
times: late
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A small chip's profile."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.yaml"
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
    path.write_text(dump_block(profile))
    return path


def trains(tmp_path: Path, said: str, *words: object) -> None:
    """Train on what was damaged; numbers of what was accepted are finite."""
    out = tmp_path / "out"
    asked = (*words, "--out", out)
    if answer(tmp_path, said, *asked, run=lambda _train, *rest: train_only(*rest)):
        assert np.isfinite(Run.open(out).metrics()["flow_loss"]).all(), said
        assert np.isfinite(Run.open(out).weights().vector).all(), said


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_experiment_trains_or_is_refused(tmp_path, tiny, seed):
    rng = random.Random(seed)
    path = only(tmp_path, "e.yaml", EXPERIMENT)
    said = changed(path, rng)
    trains(tmp_path, said, "train", "--profile", tiny, "--experiment", path, *SMALL)


SWEEP = b"""name: settling
summary: How long?
base: {profile: cmos_rc_6bit, experiment: {updates: 4, batch: 8, learning_rate: 2e-3}}
sampling: {n: 20, mode: free-running, t_end: 0.1}
axes:
  - {path: experiment.flow.settle_tau, values: [5, 10]}
  - {path: sampling.settle_tau, log: {start: 0.5, stop: 100, points: 3}}
  - paired:
      - {path: sampling.mode, values: [spring, free-running]}
      - {path: sampling.t_end, values: [0.1, 0.2]}
  - {random: {points: 2, seed: 0, axes: [{path: profile.adc.bits, values: [4, 8]}]}}
  - name: chip
    cases:
      as it is: {}
      4-bit weights: {deploy.weight_bits: 4}
      a day old: {sampling.age_s: 86400}
replicas: 2
measure: [frechet_feature, coverage, flow_loss]
"""


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_plan_of_a_sweep_lists_its_points_or_is_refused(tmp_path, seed):
    rng = random.Random(seed)
    path = only(tmp_path, "s.yaml", SWEEP)
    said, told = changed(path, rng), []

    def listing(*command):
        told.append(run(*command))
        return told[-1]

    if answer(tmp_path, said, "sweep", path, "--dry-run", "--json", run=listing):
        assert finite(json.loads(told[0].stdout)["points"]), said


def images(kind: str) -> tuple[str, bytes, Path]:
    """A data set of 40 images of eight by eight in one of three forms."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (40, 8, 8)).astype(np.uint8)
    if kind == "idx":
        head = struct.pack(">BBBB", 0, 0, 8, 3) + struct.pack(">3I", 40, 8, 8)
        return "d-idx3-ubyte.gz", gzip.compress(head + grey.tobytes(), mtime=0), Path()
    import io

    stream = io.BytesIO()
    values = grey if kind == "grey" else grey / 127.5 - 1
    np.savez(stream, images=values, labels=rng.integers(0, 3, 40))
    return "d.npz", stream.getvalue(), Path()


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_data_set_is_learned_or_refused(tmp_path, tiny, seed):
    rng = random.Random(seed)
    name, data, _ = images(rng.choice(["idx", "grey", "floats"]))
    path = only(tmp_path, name, data)
    said = changed(path, rng)
    trains(tmp_path, said, "train", "--profile", tiny, "--dataset", path, *SMALL)


def incomplete(kind: str) -> tuple[str, bytes]:
    import io

    rng = np.random.default_rng(0)
    known = np.where(rng.random((3, 64)) < 0.5, rng.uniform(-1, 1, (3, 64)), np.nan)
    if kind == "csv":
        rows = (",".join("" if np.isnan(v) else f"{v:.3f}" for v in row) for row in known)
        return "k.csv", ("\n".join(rows) + "\n").encode()
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, known)
    else:
        np.savez(stream, images=np.nan_to_num(known), known=np.isfinite(known))
    return f"k.{kind}", stream.getvalue()


@pytest.mark.parametrize("seed", range(200))
def test_damaged_images_are_completed_or_refused(tmp_path, begun, seed):
    rng = random.Random(seed)
    path = only(tmp_path, *incomplete(rng.choice(["csv", "npy", "npz"])))
    said, out = changed(path, rng), tmp_path / "x.csv"
    asked = ("sample", begun, "--inpaint", path, "--t-end", 0.02, "--out", out)
    if answer(tmp_path, said, *asked):
        assert "nan" not in out.read_text().lower(), said


def measured(kind: str) -> bytes:
    rng = random.Random(0)
    if kind == "ramp":
        rows = [
            f"update,{d},,,{way},{k},{1e-6 + 1e-5 * abs(start - 0.97**k) * (1 + 0.01 * d)}"
            for way, start in (("up", 1), ("down", 0))
            for d in range(4)
            for k in range(60)
        ]
    elif kind == "drift":
        rows = [f"drift,{k},1e-5,{t},,,{1e-5 * t**-0.05 * rng.gauss(1, 0.01)}"
                for k in range(6) for t in (1, 10, 100, 1000)]  # fmt: skip
    else:
        rows = [f"write,,{k * 1e-6},,,,{k * 1e-6 * rng.gauss(1, 0.02)}"
                for k in range(1, 6) for _ in range(20)]  # fmt: skip
    head = "kind,device,target_S,time_s,direction,pulses,conductance_S"
    return "\n".join([head, *rows, ""]).encode()


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_table_of_measurements_is_fitted_or_refused(tmp_path, seed):
    rng = random.Random(seed)
    path = only(tmp_path, "m.csv", measured(rng.choice(["ramp", "drift", "write"])))
    said, out = changed(path, rng), tmp_path / "fitted.yaml"
    if answer(tmp_path, said, "profiles", "fit", path, "--to", out):
        assert finite(yaml.safe_load(out.read_text())), said


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_table_of_faulty_cells_is_used_or_refused(tmp_path, begun, seed):
    rng = random.Random(seed)
    rows = [f"{k % 3},{k * 7 % 66},{k * 5 % 66},0.{k}" for k in range(1, 10)]
    path = only(tmp_path, "f.csv", "\n".join(["tile,row,column,weight", *rows, ""]).encode())
    said = changed(path, rng)
    asked = ("export", begun, "--to", tmp_path / "w.csv", "--tile", "66x66", "--faulty", path)
    answer(tmp_path, said, *asked)


@pytest.mark.parametrize("seed", range(100))
def test_a_run_begins_with_the_weights_of_a_damaged_one_or_not(tmp_path, begun, tiny, seed):
    import shutil

    rng = random.Random(seed)
    folder = shutil.copytree(begun, tmp_path / "first")
    said = damage(folder, rng)
    trains(tmp_path, said, "train", "--profile", tiny, "--from", folder, *SMALL)


@pytest.mark.parametrize("seed", range(100))
def test_a_table_that_cannot_be_read_back_is_refused_damaged_or_not(tmp_path, seed):
    rng = random.Random(seed)
    name = rng.choice(sorted(set(FORMATS) - set(READABLE)))
    if name == "nir":
        pytest.importorskip("nir", reason='needs pip install ".[export]"')
    path = tmp_path / f"w{FORMATS[name].suffixes[0]}"
    chip = Chip(load_profile("ideal_hopfield").with_value("layers", (6, 5, 4)))
    write_table(table(chip), path)
    said = changed(only(tmp_path, path.name, path.read_bytes()), rng)
    assert not answer(tmp_path, said, "import", tmp_path / "in" / path.name)
    assert not answer(
        tmp_path, said, "plan", tmp_path / "in" / path.name, "--to", tmp_path / "p.csv"
    )


def test_nothing_of_this_is_refused_while_it_is_whole(tmp_path, begun, tiny):
    def put(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    experiment, sweep = put("e.yaml", EXPERIMENT), put("s.yaml", SWEEP)
    words = ["--profile", tiny, *SMALL]
    done = train_only(*words, "--experiment", experiment, "--out", tmp_path / "a")
    assert done.exit_code == 0, done.output
    assert run("sweep", sweep, "--dry-run").exit_code == 0
    for kind in ("idx", "grey", "floats"):
        name, data, _ = images(kind)
        done = train_only(*words, "--dataset", put(name, data), "--out", tmp_path / kind)
        assert done.exit_code == 0, done.output
    for kind in ("csv", "npy", "npz"):
        done = run(
            "sample", begun, "--inpaint", put(*incomplete(kind)), "--t-end", 0.02,
            "--out", tmp_path / "x.csv",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    for kind in ("ramp", "drift", "write"):
        done = run("profiles", "fit", put("m.csv", measured(kind)), "--to", tmp_path / "b.yaml")
        assert done.exit_code == 0, done.output
