"""Files that are whole or absent, whatever stands where they shall go."""

import os
import stat
import time
from pathlib import Path

import pytest

from neurosim.errors import DataError, RunError
from neurosim.outputs import check_writable, write_bytes, write_files, write_text
from tools import posix


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_crumbs(tmp_path):
    path = tmp_path / "f.txt"
    write_text(path, "old")
    with pytest.raises(TypeError):
        write_bytes(path, "not bytes")  # type: ignore[arg-type]  # the failure that is wanted
    assert path.read_text() == "old"
    assert names(tmp_path) == ["f.txt"]


@posix
@pytest.mark.parametrize("depth", [1, 3])
def test_a_link_stays_a_link_and_its_target_gets_the_content(tmp_path, depth):
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "w.csv"
    target.write_text("old")
    last = Path("disk", "w.csv")
    for k in range(depth):
        (tmp_path / f"link{k}").symlink_to(last)
        last = Path(f"link{k}")
    write_text(tmp_path / last, "new")
    assert (tmp_path / last).is_symlink()
    assert (target.read_text(), target.is_symlink()) == ("new", False)


@posix
def test_a_link_to_nothing_yet_makes_what_it_points_to(tmp_path):
    (tmp_path / "link").symlink_to("w.csv")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "w.csv").read_text() == "new"


@posix
@pytest.mark.parametrize("bits", [0o660, 0o600, 0o755, 0o622])
def test_a_file_keeps_its_mode(tmp_path, bits):
    path = tmp_path / "w.csv"
    path.touch()
    path.chmod(bits)
    write_text(path, "new")
    assert mode(path) == bits


def test_a_new_file_has_the_mode_that_the_system_gives(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "w.csv", "new")
    assert mode(tmp_path / "w.csv") == mode(tmp_path / "plain")


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    import socket

    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def make_loop(path):
    path.symlink_to(path)


def make_device(path):
    path.symlink_to("/dev/null")


def make_read_only(path):
    path.write_text("gold")
    path.chmod(0o444)


def make_link_to_read_only(path):
    make_read_only(path.with_name("gold"))
    path.symlink_to("gold")


@posix
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (Path.mkdir, "must be a file, but is a folder"),
        (make_fifo, "must be a file, but is a FIFO"),
        (make_socket, "must be a file, but is a socket"),
        (make_device, "must be a file, but is a device"),
        (make_loop, "or its links lead nowhere"),
        (make_read_only, "must be open to be written, but is read-only"),
        (make_link_to_read_only, "must be open to be written, but is read-only"),
    ],
)
def test_what_is_no_writable_file_is_left_alone(tmp_path, monkeypatch, make, text):
    monkeypatch.chdir(tmp_path)
    path, other = tmp_path / "w.csv", tmp_path / "other.csv"
    make(path)
    before = path.lstat()
    for attempt in (check_writable, lambda p: write_files({other: b"new", p: b"new"})):
        with pytest.raises(DataError, match=text):
            attempt(path)
    assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert not other.exists()


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/stderr"])
def test_a_stream_of_the_system_is_no_file(name):
    with pytest.raises(DataError, match="is a stream; give - for standard output"):
        check_writable(Path(name))


@posix
def test_all_files_of_an_output_come_or_none(tmp_path, monkeypatch):
    a, b, c = (tmp_path / name for name in "abc")
    a.write_text("old a")
    a.chmod(0o640)
    c.write_text("old c")
    replace = Path.replace

    def fails_at_c(self, target):
        if target == c:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_at_c)
    with pytest.raises(RunError, match=r"must be writable, but is not \(No space left on device\)"):
        write_files({a: b"new a", b: b"new b", c: b"new c"})
    assert (a.read_text(), b.exists(), c.read_text()) == ("old a", False, "old c")
    assert mode(a) == 0o640
    assert names(tmp_path) == ["a", "c"]


def test_what_a_killed_writer_left_goes_once_it_is_old(tmp_path):
    old, young = tmp_path / ".w.csv.123.tmp", tmp_path / ".w.csv.124.tmp"
    others = [tmp_path / name for name in (".v.csv.123.tmp", ".w.csv.x.tmp", "w.csv.123.tmp")]
    for path in (old, young, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, (time.time() - 7200,) * 2)
    check_writable(tmp_path / "w.csv")
    assert not old.exists()
    assert all(path.exists() for path in (young, *others))


def test_a_name_as_long_as_the_system_takes_can_be_written(tmp_path):
    path = tmp_path / ("w" * 251 + ".csv")
    write_text(path, "new")
    assert path.read_text() == "new"


def test_two_files_that_are_one_are_refused(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(DataError, match="must be a file of its own, but is the same as another"):
        write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a", "b"]


def test_a_file_in_a_folder_that_is_gone_is_refused(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(DataError, match="must be a file that can be reached"):
        check_writable(Path("w.csv"))
