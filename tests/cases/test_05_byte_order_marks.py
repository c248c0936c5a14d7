"""A byte-order mark, as editors of Windows write it, changes nothing wherever a text is read."""

import pytest

from commands import run
from neurosim.blocks.files import load_block
from neurosim.host import Experiment
from neurosim.profile import load_profile, shipped_profiles
from neurosim.sweeps import Sweep

MARKS = [("utf-8-sig", "utf-8"), ("utf-16", "utf-16")]
marks = pytest.mark.parametrize("encoding", [name for name, _ in MARKS])


@marks
def test_a_profile(tmp_path, encoding):
    path = tmp_path / "p.yaml"
    path.write_text(shipped_profiles()["cmos_rc_6bit"].read_text("utf-8"), encoding=encoding)
    assert load_profile(path) == load_profile("cmos_rc_6bit")
    assert run("profiles", "check", path).exit_code == 0


@marks
def test_an_experiment(tmp_path, encoding):
    path = tmp_path / "e.yaml"
    path.write_text("updates: 3\nbatch: 8\n", encoding=encoding)
    assert load_block(path, Experiment) == Experiment(updates=3, batch=8)


@marks
def test_a_sweep(tmp_path, encoding):
    path = tmp_path / "s.yaml"
    text = (
        "name: s\nsummary: A question.\nbase: {profile: ideal_hopfield, experiment: {updates: 1}}\n"
        "axes: [{path: experiment.flow.settle_tau, values: [1, 2]}]\n"
    )
    path.write_text(text, encoding=encoding)
    assert load_block(path, Sweep).name == "s"


@pytest.mark.parametrize("name", ["w.csv", "w.json", "w.mem", "w.hex"])
@pytest.mark.slow
def test_a_weight_table_and_its_sheet(plain, tmp_path, name):
    path = tmp_path / name
    options = [] if name.endswith((".csv", ".json")) else ["--profile", "cmos_rc_6bit"]
    run_of = plain
    if options:
        run_of = tmp_path / "run"
        words = [
            "--profile",
            "cmos_rc_6bit",
            "--layers",
            "64,6,5",
            "--updates",
            "1",
            "--batch",
            "8",
        ]
        assert run("train", *words, "--settle-tau", "1", "--out", run_of).exit_code == 0
    assert run("export", run_of, "--to", path).exit_code == 0
    before = run("import", path).stdout
    assert before
    for file in tmp_path.iterdir():
        if file.is_file():
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert run("import", path).stdout == before


@marks
def test_a_table_of_measurements(tmp_path, encoding):
    path = tmp_path / "m.csv"
    rows = [f"1e-6,{1 + k / 100}e-6" for k in range(6)]
    path.write_text("\n".join(["target (S),conductance (S)", *rows]), encoding=encoding)
    assert run("profiles", "fit", path).exit_code == 0


@marks
def test_addresses_of_tiles(tmp_path, encoding):
    from neurosim.files import read_rows

    path = tmp_path / "t.csv"
    path.write_text("tile,row,column\n1,2,3\n", encoding=encoding)
    assert read_rows(path, ["tile", "row", "column"]) == [
        (2, {"tile": "1", "row": "2", "column": "3"})
    ]
