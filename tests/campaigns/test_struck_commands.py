"""Commands that are killed, stopped or out of room, at any moment and of any size.

Afterwards the same command ends with the same bits as one that nothing happened to; what was said
is one clear line, and no file is half written.
"""

import random
import shutil
import signal
import time

import pytest

from commands import run
from processes import ended, start, struck, was_stopped
from tools import posix

pytestmark = [pytest.mark.campaign, posix]
TRAIN = ("train", "--profile", "cmos_rc_6bit", "--layers", "64,12,10", "--updates", 25)
TRAIN += ("--batch", 32, "--settle-tau", 2)
WAYS = {"terminated": signal.SIGTERM, "interrupted": signal.SIGINT}


def took(*words):
    """Seconds that a command takes when nothing happens to it."""
    began_s = time.monotonic()
    status, lines = ended(start(*words))
    assert status == 0, lines
    return time.monotonic() - began_s


def bits(folder):
    """What a run leaves but for the clock on the wall and its own paths."""
    found = {"checkpoint.npz": (folder / "checkpoint.npz").read_bytes()}
    rows = (folder / "metrics.csv").read_text().splitlines()
    found["metrics.csv"] = [row.rpartition(",")[0] for row in rows]
    for name in ("weights.csv", "weights.sheet.json", "samples.png"):
        found[name] = (folder / name).read_bytes()
    return found


def crumbs(folder):
    return [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".partial"))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing happened to, and how long it took."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return out, took(*TRAIN, "--out", out)


def again(*words):
    """The command once more, in this process."""
    done = run(*words)
    assert done.exit_code == 0, done.output


def goes_on(out, whole):
    """The same command with --resume ends as the run that nothing happened to."""
    again(*TRAIN, "--out", out, "--resume")
    assert bits(out) == bits(whole)
    assert not crumbs(out)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("k", range(20))
def test_a_training_that_is_stopped_goes_on_to_the_same_bits(tmp_path, whole, way, k):
    """Every second time in its first second."""
    expected, longest_s = whole
    seconds = random.Random(k).uniform(0.0, 1.0 if k % 2 else longest_s)
    out = tmp_path / "run"
    status, lines = struck(seconds, WAYS[way], *TRAIN, "--out", out)
    if was_stopped(status, lines, WAYS[way]) and lines and "go on with" in lines[-1]:
        assert out.is_dir()
    goes_on(out, expected)


@pytest.mark.parametrize(
    "room", [10, 300, 1000, 3000, 5000, 20_000, 60_000, 10**5, 2 * 10**5, 10**6]
)
def test_a_training_on_a_full_disk_says_one_line_and_goes_on(tmp_path, whole, room):
    out = tmp_path / "run"
    status, lines = ended(start(*TRAIN, "--out", out, room=room))
    if status:
        assert status == 2, lines
        assert "must be writable" in lines[-1] or "that can be made" in lines[-1], lines
    assert not crumbs(tmp_path)
    goes_on(out, whole[0])


EXPORT = {"a table": "w.csv", "one file": "w.npz", "a netlist": "w.cir"}


@pytest.fixture(scope="module")
def exported(whole, tmp_path_factory):
    """What each export writes, and how long it takes."""
    folder, found = tmp_path_factory.mktemp("exported"), {}
    for kind, name in EXPORT.items():
        (folder / kind).mkdir()
        seconds = took("export", whole[0], "--to", folder / kind / name)
        found[kind] = contents(folder / kind), seconds
    return found


def contents(folder):
    """Every file but hidden ones, which are locks and what a killed process left in the writing."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


@pytest.mark.parametrize("k", range(20))
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_export_that_is_struck_leaves_the_old_files_or_the_new_ones(
    tmp_path, whole, exported, number, k
):
    rng = random.Random(k)
    kind = rng.choice(sorted(EXPORT))
    expected, longest_s = exported[kind]
    for name in expected:
        (tmp_path / name).write_bytes(b"old")
    words = ("export", whole[0], "--to", tmp_path / EXPORT[kind])
    status, lines = struck(rng.uniform(0.0, 1.2 * longest_s), number, *words)
    was_stopped(status, lines, number)
    left = contents(tmp_path)
    assert left.keys() == expected.keys()
    assert all(data in (b"old", expected[name]) for name, data in left.items())
    if number != signal.SIGKILL:
        assert not crumbs(tmp_path)
    again(*words)
    assert contents(tmp_path) == expected


@pytest.mark.parametrize("k", range(20))
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_report_that_is_struck_leaves_whole_files(tmp_path, whole, number, k):
    folder = shutil.copytree(whole[0], tmp_path / "run")
    rng, before = random.Random(k), contents(folder)
    status, lines = struck(rng.uniform(0.0, 12.0), number, "report", folder)
    was_stopped(status, lines, number)
    after = contents(folder)
    assert number == signal.SIGKILL or not crumbs(folder)
    assert after.keys() == before.keys()
    for name in before:
        assert after[name] == before[name] or name in ("report.html", "loss.png", "settle.png")
        assert after[name], name
    again("report", folder)
    assert contents(folder)["samples.png"] == before["samples.png"]


@pytest.mark.parametrize(
    "room", [10, 500, 1000, 5000, 10_000, 30_000, 50_000, 10**5, 2 * 10**5, 10**7]
)
@pytest.mark.parametrize("words", ["report", "export"])
def test_a_full_disk_leaves_the_old_files_of_a_report_or_an_export(tmp_path, whole, words, room):
    folder = shutil.copytree(whole[0], tmp_path / "run")
    before = contents(folder)
    asked = (
        ("report", folder) if words == "report" else ("export", folder, "--to", folder / "w.csv")
    )
    status, lines = ended(start(*asked, room=room))
    assert status in (0, 2), lines
    assert not crumbs(tmp_path)
    if status == 2:
        assert "must be writable" in lines[-1], lines
        assert contents(folder) == before
