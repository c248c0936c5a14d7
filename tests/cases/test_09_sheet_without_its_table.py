"""A command that writes several files changes all or none; pairs say who belongs to whom.

The disk is full after so many bytes of one file. Tried on the weight tables of CSV and HEX with
their data sheets, and on the four files of a report.
"""

import shutil

import pytest

from commands import one_line, run, train_only
from neurosim.profile import load_profile
from neurosim.tables import read_table
from processes import ended, start
from tools import posix


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two chips of one profile, of dies 3 and 9."""
    folder, made = tmp_path_factory.mktemp("runs"), []
    options = ("--profile", "cmos_rc_6bit", "--updates", 1, "--batch", 8, "--layers", "64,6,5")
    for seed in (3, 9):
        made.append(folder / f"r{seed}")
        done = train_only(*options, "--settle-tau", 1, "--seed", seed, "--out", made[-1])
        assert done.exit_code == 0, done.output
    return made


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@posix
@pytest.mark.parametrize("name", ["a.csv", "a.hex"])
@pytest.mark.parametrize("files_too_large", ["both", "the larger one"])
@pytest.mark.slow
def test_a_table_for_which_there_is_no_room_leaves_the_old_pair(
    runs, tmp_path, name, files_too_large
):
    assert run("export", runs[0], "--to", tmp_path / name).exit_code == 0
    before = contents(tmp_path)
    sizes = sorted(len(data) for data in before.values())
    room = 500 if files_too_large == "both" else sizes[0] + 200
    assert room < sizes[1]
    status, lines = ended(start("export", runs[1], "--to", tmp_path / name, room=room))
    assert status == 2
    assert lines[-1].endswith("must be writable, but is not (File too large).")
    assert contents(tmp_path) == before
    assert f"die 3{chr(10)}" in run("import", tmp_path / name).stdout


@posix
@pytest.mark.slow
def test_a_report_for_which_there_is_no_room_leaves_the_old_one(runs, tmp_path):
    folder = shutil.copytree(runs[0], tmp_path / "run")
    assert run("report", folder).exit_code == 0
    before = contents(folder)
    status, lines = ended(start("report", folder, room=len(before["report.html"]) - 1000))
    assert (status, len(lines)) == (2, 1)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["a.csv", "a.hex"])
def test_a_table_copied_without_its_sheet_is_refused_beside_another(runs, tmp_path, name):
    for folder, out in zip("ab", runs, strict=True):
        (tmp_path / folder).mkdir()
        assert run("export", out, "--to", tmp_path / folder / name).exit_code == 0
    shutil.copy(tmp_path / "a" / name, tmp_path / "b" / name)
    text = "must be the one that its data sheet was written for, but is another"
    assert text in one_line(run("import", tmp_path / "b" / name))
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
    assert read_table(tmp_path / "b" / name, profile=profile).sheet["die_seed"] == -1
