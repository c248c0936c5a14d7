"""Folders are whole or absent, and one process at a time works in them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from killing import Killed, killed_at
from neurosim.errors import RunError
from neurosim.folders import clear_temporary, exists, is_free, locked, made_whole, real
from tools import posix


def make(path):
    with made_whole(path, f"{path} is taken.") as folder:
        (folder / "a.txt").write_text("whole")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path):
    with made_whole(tmp_path / "deep" / "x", "taken") as folder:
        (folder / "a.txt").write_text("whole")
        assert not (tmp_path / "deep" / "x").exists()
    assert (tmp_path / "deep" / "x" / "a.txt").read_text() == "whole"
    assert names(tmp_path / "deep") == ["x"]


def test_a_folder_that_fails_leaves_nothing(tmp_path):
    def fail():
        with made_whole(tmp_path / "x", "taken") as folder:
            (folder / "a.txt").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(tmp_path) == []


@pytest.mark.parametrize("inside", [[], [".lock"]])
def test_an_empty_folder_may_be_filled(tmp_path, inside):
    (tmp_path / "x").mkdir()
    for name in inside:
        (tmp_path / "x" / name).touch()
    assert is_free(tmp_path / "x")
    make(tmp_path / "x")
    assert names(tmp_path / "x") == ["a.txt"]


@posix
def test_a_folder_may_be_named_by_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "x").symlink_to(tmp_path / "far")
    make(tmp_path / "x")
    assert names(tmp_path / "far") == ["a.txt"]
    assert (tmp_path / "x").is_symlink()


def test_what_exists_is_never_touched(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("x", "file"):
        with pytest.raises(RunError, match="is taken"):
            make(tmp_path / name)
    assert (names(tmp_path), names(tmp_path / "x")) == (["file", "x"], ["mine"])


def test_the_folder_that_one_is_in_is_not_replaced_under_ones_feet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="is the one in use"):
        make(tmp_path)
    assert tmp_path.exists()


@posix
@pytest.mark.parametrize("name", ["loop", "loop/x", "n" * 300, "file/x"])
def test_a_place_where_no_folder_can_be_is_named(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="must be"):
        make(tmp_path / name)


@posix
def test_no_name_makes_looking_fail(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for name in ("loop", "n" * 300, "a\0b"):
        assert not exists(tmp_path / name)
    for name in ("loop", "a\0b"):
        with pytest.raises(RunError, match="must be a place"):
            real(tmp_path / name)


def test_a_kill_at_any_step_leaves_all_or_nothing_and_the_next_making_clears_it(tmp_path):
    for step in range(100):
        place = tmp_path / str(step)
        place.mkdir()
        with killed_at(step) as died:
            make(place / "x")
        if not died:
            break
        assert not exists(place / "x") or names(place / "x") == ["a.txt"]
        if not exists(place / "x"):
            make(place / "x")
            assert names(place) == ["x"]
    assert step > 3


def test_folders_in_the_making_of_other_names_stay(tmp_path):
    for name in (".x.y.7.tmp", ".y.7.tmp", ".x.tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / ".x.7.tmp").mkdir()
    make(tmp_path / "x")
    assert names(tmp_path) == [".x.tmp", ".x.y.7.tmp", ".y.7.tmp", "x"]


def test_a_held_lock_is_said_at_once_and_free_after_its_holder_dies(tmp_path):
    path = tmp_path / ".lock"
    code = (
        "import sys, time; from pathlib import Path; from neurosim.folders import locked\n"
        "with locked(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="someone is here"), locked(path, "someone is here."):
        pass
    holder.kill()
    holder.communicate()
    with locked(path, "someone is here."):
        pass


@pytest.mark.parametrize("path", ["/proc/x.lock", "{}/none/x.lock", "{}"])
def test_a_lock_that_cannot_be_made_is_not_waited_for(tmp_path, path):
    with pytest.raises(RunError, match="can be locked"), locked(Path(path.format(tmp_path))):
        pass


def test_what_a_kill_left_goes_and_what_others_write_now_stays(tmp_path):
    old, new = tmp_path / ".report.html.7.tmp", tmp_path / ".samples.png.8.tmp"
    for path in (old, new, tmp_path / ".run.json.9.tmp", tmp_path / "run.json"):
        path.touch()
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    clear_temporary(tmp_path, ["run.json"])
    assert names(tmp_path) == [".samples.png.8.tmp", "run.json"]


def test_a_process_that_is_killed_changes_nothing_more(tmp_path):
    with killed_at(1) as died:
        (tmp_path / "a").mkdir()
        try:
            (tmp_path / "b").mkdir()
        finally:
            with pytest.raises(Killed):
                (tmp_path / "a").rmdir()
    assert died
    assert names(tmp_path) == ["a"]
