"""Weight tables, run folders and sweep folders, damaged by the hundred, each read by a command.

Every one is read as what it was, or refused by one line; nothing else, within 20 s of work, and no
file is left in the writing. A case says its seed: run it alone by its name.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from answers import answer
from commands import run
from damage import damage
from neurosim.blocks.files import dump_block
from neurosim.chip import Chip
from neurosim.host import Experiment, FlowSettings, initial_weights
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep
from neurosim.tables import FORMATS, WeightTable, read_table, table, write_table
from neurosim.tables.formats import READABLE
from neurosim.tables.table import digest

pytestmark = pytest.mark.campaign
TINY = Experiment(updates=4, batch=8, average=0.5, flow=FlowSettings(settle_tau=1.0))


def layers_profile():
    return load_profile("rram_cmo_hfox").with_value("layers", (12, 6, 5))


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, Path]:
    """A folder for each readable format, with a table as that format keeps it."""
    for package in ("h5py", "safetensors"):
        pytest.importorskip(package, reason='needs pip install ".[export]"')
    chip = Chip(layers_profile())
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(4)))
    made: dict[str, Path] = {}
    for name in READABLE:
        made[name] = tmp_path_factory.mktemp(name)
        write_table(table(chip), made[name] / f"w{FORMATS[name].suffixes[0]}")
    return made


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """A folder with a sweep's file and what it made: two points of one training."""
    folder = tmp_path_factory.mktemp("swept")
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
    (folder / "chip.yaml").write_text(dump_block(profile))
    sweep = Sweep(
        name="tiny",
        base={
            "profile": "chip.yaml",
            "experiment": TINY.model_dump(mode="json", exclude_unset=True),
        },
        sampling={"n": 8, "t_end": 0.05},
        axes=[{"path": "deploy.adc.bits", "values": [4, 8]}],
    )
    (folder / "sweep.yaml").write_text(dump_block(sweep))
    done = run("sweep", folder / "sweep.yaml", "--out", folder / "out", "--workers", 1)
    assert done.exit_code == 0, done.output
    return folder


def test_nothing_of_this_is_refused_while_it_is_whole(tables, begun, swept, tmp_path):
    for name, folder in tables.items():
        assert answer(folder, name, "import", next(folder.glob(f"w{FORMATS[name].suffixes[0]}")))
    copy = shutil.copytree(begun, tmp_path / "run")
    for command in of_a_run(copy, tmp_path):
        assert answer(tmp_path, "whole", *command)
    copy = shutil.copytree(swept, tmp_path / "swept")
    for command in of_a_sweep(copy):
        assert answer(tmp_path, "whole", *command)


def of_a_run(folder: Path, beside: Path) -> list[tuple[object, ...]]:
    return [
        ("sample", folder, "-n", 4, "--t-end", 0.05),
        ("evaluate", folder, "-n", 7, "--t-end", 0.05),
        ("export", folder, "--to", beside / "x.csv"),
        ("report", folder),
        ("plan", folder, "--to", beside / "x.csv"),
        ("train", "--resume", "--out", folder),
    ]


def of_a_sweep(folder: Path) -> list[tuple[object, ...]]:
    return [
        ("report", folder / "out"),
        ("sweep", folder / "sweep.yaml", "--out", folder / "out", "--resume", "--workers", 1),
    ]


@pytest.mark.parametrize("seed", range(1000))
def test_a_damaged_weight_table_is_the_same_table_or_refused(tables, tmp_path, seed):
    rng = random.Random(seed)
    name = rng.choice(sorted(tables))
    whole = next(tables[name].glob(f"w{FORMATS[name].suffixes[0]}"))
    folder = shutil.copytree(tables[name], tmp_path / "table")
    said = damage(folder, rng)
    out = ("--out", tmp_path / "new") if rng.random() < 0.3 else ()
    if answer(tmp_path, said, "import", folder / whole.name, *out):
        assert digest(read_table(folder / whole.name)) == digest(read_table(whole)), said


@pytest.mark.parametrize("seed", range(500))
def test_a_damaged_run_folder_gives_numbers_or_is_refused(begun, tmp_path, seed):
    rng = random.Random(seed)
    folder = shutil.copytree(begun, tmp_path / "run")
    said = damage(folder, rng)
    command = rng.choice(of_a_run(folder, tmp_path))
    if answer(tmp_path, said, *command) and command[0] == "export":
        weights: WeightTable = read_table(tmp_path / "x.csv")
        assert all(np.isfinite(v).all() for b in weights.blocks.values() for v in b.values()), said


@pytest.mark.parametrize("seed", range(200))
def test_a_damaged_sweep_folder_goes_on_or_is_refused(swept, tmp_path, seed):
    rng = random.Random(seed)
    folder = shutil.copytree(swept, tmp_path / "swept")
    said = damage(folder, rng)
    table = folder / "out" / "results.csv"
    # A report is made of the points: it needs no table, and leaves alone what is in its place.
    before = table.read_bytes() if table.is_file() else None
    done = answer(tmp_path, said, *rng.choice(of_a_sweep(folder)))
    if done and table.is_file() and table.read_bytes() != before:
        assert "nan" not in table.read_text().lower(), said
