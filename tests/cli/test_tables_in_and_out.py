"""Tables as commands write and read them: whose place they take, and which sheet is theirs."""

import itertools
import json
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from commands import one_line, run, train_only
from neurosim.tables import read_table
from neurosim.tables.formats import sheet_path
from tools import posix


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two chips of one profile, another die each."""
    folder = tmp_path_factory.mktemp("dies")
    options = ["--profile", "rram_cmo_hfox", "--layers", "64,12,10", "--updates", "1"]
    for seed in (3, 9):
        place = ["--batch", "16", "--settle-tau", "2", "--seed", seed, "--out", folder / str(seed)]
        assert train_only(*options, *place).exit_code == 0
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@posix
def test_an_export_writes_through_a_link_and_keeps_modes(plain, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "w.csv").write_text("old\n")
    (tmp_path / "disk" / "w.csv").chmod(0o660)
    (tmp_path / "w.csv").symlink_to("disk/w.csv")
    assert run("export", plain, "--to", tmp_path / "w.csv").exit_code == 0
    assert (tmp_path / "w.csv").is_symlink()
    assert (tmp_path / "disk" / "w.csv").read_text().startswith("kind,layer,row")
    assert stat.S_IMODE((tmp_path / "disk" / "w.csv").stat().st_mode) == 0o660
    read_table(tmp_path / "w.csv")


@posix
@pytest.mark.parametrize("command", ["export", "plan", "sample", "fit", "noise"])
def test_every_command_that_writes_refuses_a_read_only_file_before_it_works(
    plain, tmp_path, command
):
    suffix = {"sample": "png", "fit": "yaml", "noise": "png"}.get(command, "csv")
    path = tmp_path / f"gold.{suffix}"
    path.write_text("gold")
    path.chmod(0o444)
    words = {
        "export": ["export", plain, "--to", path],
        "plan": ["plan", plain, "--to", path],
        "sample": ["sample", plain, "-n", 7, "--out", path],
        "fit": ["profiles", "fit", tmp_path / "none.csv", "--to", path],
        "noise": ["profiles", "noise", "ideal_hopfield", "--figure", path],
    }[command]
    assert f"{path} must be open to be written, but is read-only" in one_line(run(*words))
    assert contents(tmp_path) == {path.name: b"gold"}


@pytest.mark.parametrize("closed", ["w.csv", "w.sheet.json"])
def test_an_export_that_fails_changes_neither_table_nor_sheet(runs, tmp_path, monkeypatch, closed):
    assert run("export", runs / "3", "--to", tmp_path / "w.csv").exit_code == 0
    before, replace = contents(tmp_path), Path.replace

    def full(self, target):
        if target.name == closed:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    line = one_line(run("export", runs / "9", "--to", tmp_path / "w.csv"))
    assert "must be writable, but is not (No space left on device)" in line
    assert contents(tmp_path) == before


@pytest.mark.parametrize("suffix", ["csv", "hex"])
def test_the_sheet_of_another_die_is_refused(runs, tmp_path, suffix):
    for seed in (3, 9):
        run("export", runs / str(seed), "--to", tmp_path / f"{seed}.{suffix}")
    mine, theirs = (sheet_path(tmp_path / f"{seed}.{suffix}") for seed in (3, 9))
    mine.write_bytes(theirs.read_bytes())
    table = tmp_path / f"3.{suffix}"
    assert "data sheet was written for, but is another" in one_line(run("import", table))
    # Where the profile is given its numbers are taken, as those of no known die.
    assert run("import", table, "--profile", runs / "3" / "profile.yaml").exit_code == 0
    assert read_table(table, profile=run_profile(runs)).sheet["die_seed"] == -1


def run_profile(runs):
    from neurosim.profile import load_profile

    return load_profile(str(runs / "3" / "profile.yaml"))


def test_a_table_and_memories_of_one_name_have_sheets_of_their_own(runs, tmp_path):
    run("export", runs / "3", "--to", tmp_path / "w.csv")
    run("export", runs / "9", "--to", tmp_path / "w.hex", "--tile", "20x20")
    assert "die 3" in run("import", tmp_path / "w.csv").stdout
    assert "die 9" in run("import", tmp_path / "w.hex").stdout
    # Version 0.1.0 had one sheet for both.
    sheet_path(tmp_path / "w.hex").rename(tmp_path / "w.sheet.json")
    assert "die 9" in run("import", tmp_path / "w.hex").stdout


def test_the_die_of_a_sheet_belongs_to_its_table(runs, tmp_path):
    run("export", runs / "3", "--to", tmp_path / "w.csv")
    sheet = tmp_path / "w.sheet.json"
    sheet.write_text(sheet.read_text().replace('"die_seed": 3', '"die_seed": 9'))
    assert "is another or has been changed" in one_line(run("import", tmp_path / "w.csv"))


def test_a_table_whose_sheet_is_a_link_to_itself_is_refused(plain, tmp_path):
    (tmp_path / "w.csv").write_text("old")
    (tmp_path / "w.sheet.json").symlink_to("w.csv")
    line = one_line(run("export", plain, "--to", tmp_path / "w.csv"))
    assert "must be a file of its own, but is the same as another of" in line
    assert (tmp_path / "w.csv").read_text() == "old"


def test_a_name_as_long_as_the_system_takes_can_be_exported(plain, tmp_path):
    for stem in ("a" * 120, "\u6f22" * 76):
        assert run("export", plain, "--to", tmp_path / f"{stem}.csv").exit_code == 0
        assert run("import", tmp_path / f"{stem}.csv").exit_code == 0
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda text: ("\ufeff" + text).encode(), "974 couplings and biases"),
        (lambda text: text.replace("\n", "\r\n").encode(), "974 couplings and biases"),
        (lambda text: (text + ",,,,,,,\n\n").encode(), "974 couplings and biases"),
        (lambda text: text.replace(",", ";").encode(), "save it with commas between cells"),
        (lambda text: text.encode("utf-16"), "must be text in UTF-8, but its byte 0 is not; save"),
    ],
    ids=["mark", "crlf", "empty rows", "semicolons", "utf-16"],
)
def test_a_table_that_a_spreadsheet_saved_is_read_or_told_how_to_save(runs, tmp_path, change, text):
    path = tmp_path / "w.csv"
    run("export", runs / "3", "--to", path)
    path.write_bytes(change(path.read_text()))
    result = run("import", path)
    assert text in result.output
    assert result.exit_code in (0, 2)


@pytest.mark.parametrize("name", ["checkpoint.npz", "weights/../checkpoint.npz"])
def test_a_file_that_a_run_cannot_do_without_is_not_written_over(plain, tmp_path, name):
    copy = shutil.copytree(plain, tmp_path / "copy")
    (copy / "weights").mkdir()
    before = (copy / "checkpoint.npz").read_bytes()
    assert "but is a run's own; give another" in one_line(run("export", copy, "--to", copy / name))
    assert (copy / "checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_one_changed_number_is_seen(runs, tmp_path, suffix):
    path = tmp_path / f"w.{suffix}"
    run("export", runs / "3", "--to", path)
    number = f"{read_table(path).blocks['W1']['achieved_plus_S'][3, 4]:.17g}"
    text = path.read_text()
    assert number in text
    path.write_text(text.replace(number, f"{1.001 * float(number):.17g}"))
    assert "has been changed; export it again, or give --profile" in one_line(run("import", path))


def test_a_table_of_version_0_1_0_has_no_digest_and_is_read(runs, tmp_path):
    run("export", runs / "3", "--to", tmp_path / "w.csv")
    sheet = json.loads((tmp_path / "w.sheet.json").read_text())
    del sheet["table_sha256"]
    (tmp_path / "w.sheet.json").write_text(json.dumps(sheet))
    assert "die 3" in run("import", tmp_path / "w.csv").stdout


def edited(runs, tmp_path, edit):
    """The one line of importing a table whose JSON was edited, without its digest."""
    path = tmp_path / "w.json"
    run("export", runs / "3", "--to", path)
    tree = json.loads(path.read_text())
    del tree["sheet"]["table_sha256"]
    edit(tree["sheet"], {name: table for name, table in tree["blocks"].items()})
    path.write_text(json.dumps(tree))
    return one_line(run("import", path))


def put(column, value):
    def edit(sheet, blocks):
        blocks["W0"][column][1][2] = value

    return edit


def swap(a, b):
    def edit(sheet, blocks):
        for block in blocks.values():
            block[a], block[b] = block[b], block[a]

    return edit


def sheet_says(key, value):
    return lambda sheet, blocks: sheet.update({key: value})


def flip(sheet, blocks):
    flag = blocks["W0"]["fault_plus"]
    flag[0][0] = 0 if flag[0][0] else 3


def add(column):
    def edit(sheet, blocks):
        for block in blocks.values():
            block[column] = block["weight"]

    return edit


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (put("achieved_plus_S", 1e12), "achieved_plus_S must be at most 0.0009"),
        (put("present_minus_S", 1e12), "present_minus_S must be at most 0.0009"),
        (put("achieved_plus_S", 5e-4), "achieved_plus_S must be within a write of target_plus_S"),
        (put("present_plus_S", float("nan")), "present_plus_S must be finite and not below 0"),
        (put("weight", float("inf")), "weight must be finite"),
        (put("fault_plus", 4), "fault_plus must be that of die 3"),
        (flip, "fault_plus must be that of die 3"),
        (swap("achieved_plus_S", "achieved_minus_S"), "must be within a write of target_plus_S"),
        (swap("target_plus_S", "target_minus_S"), "must be that of code_plus"),
        (swap("code_plus", "code_minus"), "must be that of code_plus"),
        (add("back_plus_S"), "must have no column back_plus_S"),
        (add("fault_back_minus"), "must have no column fault_back_minus"),
        (add("address"), "must have no column address"),
        (sheet_says("unit_S", 1.0), "its unit_S is not"),
        (sheet_says("layers", {"x": 64, "h1": 10, "h2": 12}), "its layers is not"),
        (sheet_says("level_S", [0.0, 1.0]), "its level_S is not"),
        (sheet_says("die_seed", True), "its die_seed is True"),
        (sheet_says("die_seed", -7), "its die_seed is -7"),
        (sheet_says("tiling", {"size": [1, 2, 3], "tiles": []}), "the size and the lines of each"),
        (sheet_says("tiling", 7), "the size and the lines of each"),
    ],
    ids=itertools.count(),
)
def test_a_table_that_contradicts_its_profile_sheet_or_die_is_refused(runs, tmp_path, edit, text):
    assert text in edited(runs, tmp_path, edit)


@pytest.mark.every(4)
@pytest.mark.parametrize(
    "layers",
    [None, 3, [], {}, {"x": "64"}, {"x": 64}, {"x": 10**9, "h1": 10**9}, {"y": 64, "z": 2}],
)
@pytest.mark.parametrize("suffix", ["csv", "mem", "hex"])
def test_layers_of_a_sheet_that_are_none_take_no_memory(runs, tmp_path, suffix, layers):
    path = tmp_path / f"w.{suffix}"
    run("export", runs / "3", "--to", path)
    holder = path if suffix == "mem" else sheet_path(path)
    old = json.dumps(json.loads('{"x": 64, "h1": 12, "h2": 10}'))
    text = holder.read_text() if suffix == "mem" else json.dumps(json.loads(holder.read_text()))
    assert old in text
    holder.write_text(text.replace(old, json.dumps(layers), 1))
    assert str(path.with_suffix("")) in one_line(run("import", path))


def test_rows_that_name_other_nodes_than_their_cell_are_refused(runs, tmp_path):
    path = tmp_path / "w.csv"
    run("export", runs / "3", "--to", path)
    path.write_text(path.read_text().replace("x[5],h1[2]", "x[5],h1[3]"))
    assert "must have h1[2] as to_node, but has 'h1[3]'" in one_line(run("import", path))


@pytest.mark.parametrize("kind", ["complex128", "bool", "U1", "O"])
def test_a_column_of_another_type_than_numbers_is_refused(runs, tmp_path, kind):
    path = tmp_path / "w.npz"
    run("export", runs / "3", "--to", path)
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["W0_weight"] = np.ones(arrays["W0_weight"].shape).astype(kind)
    np.savez(path, **arrays)
    assert "w.npz" in one_line(run("import", path))


def test_a_tiled_table_whose_addresses_are_not_its_tiles_is_refused(runs, tmp_path):
    path = tmp_path / "w.json"
    run("export", runs / "3", "--to", path, "--tile", "20x20")
    assert run("import", path).exit_code == 0
    tree = json.loads(path.read_text())
    del tree["sheet"]["table_sha256"]
    first = tree["sheet"]["tiling"]["tiles"][0]
    first["row_lines"] = first["row_lines"][::-1]
    path.write_text(json.dumps(tree))
    assert "address must be that of the sheet's tiling" in one_line(run("import", path))
    first["row_lines"] = [0] * len(first["rows"])
    path.write_text(json.dumps(tree))
    assert "each in a place of its own" in one_line(run("import", path))


def test_a_damaged_matlab_file_is_refused_before_a_reader_that_it_would_crash(runs, tmp_path):
    path = tmp_path / "w.mat"
    run("export", runs / "3", "--to", path)
    whole = path.read_bytes()
    for at in range(100, len(whole), len(whole) // 40):
        path.write_bytes(whole[:at] + b"[[[[" * 5000 + whole[at:])
        assert "w.mat" in one_line(run("import", path))


def test_a_matlab_file_without_checksums_says_how_to_save_it(runs, tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "w.mat", {"W0_weight": np.zeros((12, 64))})
    assert "without a checksum; save it with -v7" in one_line(run("import", tmp_path / "w.mat"))
