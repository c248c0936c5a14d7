"""A file is written where it stands: through its links, with its mode, or not at all.

The same for every command that writes a file of the user's choice: a weight table, a plan of
pulses, samples, fitted blocks, a netlist.
"""

import os
import stat

import pytest

from commands import one_line, run
from tools import posix

pytestmark = posix

WRITES = "kind,target_S,conductance_S\n" + "".join(
    f"write,{k * 1e-6},{k * 1e-6 + 1e-8 * ((7 * n + k) % 11 - 5)}\n"
    for k in range(1, 6)
    for n in range(30)
)


@pytest.fixture(params=["table", "plan", "samples", "blocks", "netlist"])
def write(request, plain, tmp_path):
    """A command that writes the file it is given, and its suffix."""
    measured = tmp_path / "measured.csv"
    measured.write_text(WRITES)
    suffix, words = {
        "table": (".csv", ("export", plain, "--to")),
        "plan": (".csv", ("plan", plain, "--to")),
        "samples": (".csv", ("sample", plain, "-n", 2, "--t-end", 0.05, "--out")),
        "blocks": (".yaml", ("profiles", "fit", measured, "--to")),
        "netlist": (".cir", ("export", plain, "--to")),
    }[request.param]
    return suffix, lambda file: run(*words, file)


def test_a_link_stays_a_link_and_its_target_has_the_new_content(write, tmp_path):
    suffix, to = write
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / f"w{suffix}", tmp_path / f"w{suffix}"
    target.write_text("old")
    link.symlink_to(target.relative_to(tmp_path))
    assert to(link).exit_code == 0
    assert link.is_symlink()
    assert target.read_text() not in ("", "old")


def test_a_file_keeps_its_mode(write, tmp_path):
    suffix, to = write
    file = tmp_path / f"m{suffix}"
    file.touch()
    file.chmod(0o660)
    assert to(file).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o660
    assert file.stat().st_size


def read_only(file):
    file.write_text("gold")
    file.chmod(0o444)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (read_only, "is read-only; make it writable, or give another name"),
        (os.mkfifo, "must be a file, but is a FIFO"),
        (os.mkdir, "must be a file, but is a folder"),
    ],
    ids=["read-only", "fifo", "folder"],
)
def test_what_may_not_be_written_is_left_as_it_is(write, tmp_path, make, said):
    suffix, to = write
    file = tmp_path / f"g{suffix}"
    make(file)
    before = file.lstat()
    assert said in one_line(to(file))
    after = file.lstat()
    assert (after.st_mode, after.st_ino, after.st_size) == (
        before.st_mode,
        before.st_ino,
        before.st_size,
    )
