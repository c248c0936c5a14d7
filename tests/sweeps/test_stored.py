"""The files of a sweep's folder: they belong together after any kill, and damage is one line."""

import json
import shutil

import pytest

from commands import one_line, run
from killing import killed_at
from neurosim.errors import RunError
from neurosim.folders import is_free
from neurosim.sweeps import Sweep, SweepFolder
from neurosim.sweeps.stored import read_result
from neurosim.sweeps.work import Task, train_once
from tiny_sweeps import begin, table
from tools import posix

AXIS = {"path": "sampling.t_end", "values": [1.0, 1.2]}
BASE = {"name": "t", "base": {"profile": "ideal_hopfield"}}
SMALL = Sweep(**BASE, axes=[AXIS])
OTHER = {"path": "deploy", "values": ["cmos_rc_6bit", "ideal_hopfield"]}
LARGE = Sweep(**BASE, axes=[AXIS, OTHER], summary="grown")


def told(folder):
    """Everything that a report says of a plan, as one value."""
    found = SweepFolder.open(folder)
    listed = [(point.index, point.key, tuple(point.settings)) for point in found.points]
    return found.sweep, listed, [profile.name for profile in found.profiles()]


def told_or_refused(folder):
    """The same, or the line that says why not."""
    try:
        return told(folder)
    except RunError as error:
        return str(error)


@pytest.mark.campaign
def test_a_new_sweep_killed_at_any_step_is_whole_or_absent(tmp_path):
    SweepFolder.create(tmp_path / "whole", LARGE)
    for step in range(100):
        place = tmp_path / str(step)
        place.mkdir()
        with killed_at(step) as died:
            SweepFolder.create(place / "x", LARGE)
        if not died:
            break
        if not is_free(place / "x"):
            assert told(place / "x") == told(tmp_path / "whole")
        SweepFolder.create(place / "x", LARGE, resume=True)
        assert told(place / "x") == told(tmp_path / "whole")
        assert {path.name for path in place.iterdir()} <= {"x", ".x.lock"}
    assert step > 10


@pytest.mark.campaign
def test_a_sweep_killed_while_it_grows_is_one_or_the_other_or_says_that_it_is_neither(tmp_path):
    plans = {}
    for name, sweep in (("small", SMALL), ("large", LARGE)):
        SweepFolder.create(tmp_path / name, sweep)
        plans[name] = told(tmp_path / name)
    torn = 0
    for step in range(100):
        out = shutil.copytree(tmp_path / "small", tmp_path / str(step))
        with killed_at(step) as died:
            SweepFolder.create(out, LARGE, resume=True)
        if not died:
            break
        found = told_or_refused(out)
        torn += isinstance(found, str)
        assert found in plans.values() or "was stopped while its plan was changed" in found
        SweepFolder.create(out, LARGE, resume=True)
        assert told(out) == plans["large"]
    assert torn > 0
    assert step > 3


def test_a_folder_of_version_0_1_0_has_no_digests_and_opens(tmp_path):
    SweepFolder.create(tmp_path / "x", LARGE)
    wanted, path = told(tmp_path / "x"), tmp_path / "x" / "sweep.json"
    path.write_text(
        json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "files"})
    )
    assert told(tmp_path / "x") == wanted


def test_a_plan_that_stays_is_not_written_again(tmp_path):
    folder = SweepFolder.create(tmp_path / "x", SMALL).path
    files = [folder / "sweep.yaml", *(folder / "profiles").iterdir()]
    before = [file.stat().st_mtime_ns for file in files]
    SweepFolder.create(folder, SMALL, resume=True)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_jobs_of_an_array_that_begin_at_once_make_one_folder(tmp_path, monkeypatch):
    """One finds the name free, and another has taken it when it comes to make the folder."""
    first = SweepFolder.create(tmp_path / "x", SMALL)
    seen = []

    def late(path):
        seen.append(path)
        return len(seen) == 1 or is_free(path)

    monkeypatch.setattr("neurosim.sweeps.stored.is_free", late)
    second = SweepFolder.create(tmp_path / "x", SMALL, shared=True)
    assert [point.key for point in first.points] == [point.key for point in second.points]
    assert len(seen) == 2


SWEEP_JSON = [
    ({"points": 3}, "points: must be a list, but is 3"),
    ({"points": [[0, "x", {}]]}, "points.0.1: must be text"),
    ({"points": [[0, "../../../etc/pass", {}]]}, "points.0.1: must be text"),
    ({"points": [[0]]}, "points.0"),
    ({"points": [[0, "0" * 16, {"a": [1]}]]}, "points.0.2.a: must be"),
    ({"points": [[0, "0" * 16, {"a": float("nan")}]]}, "points.0.2.a: must be"),
    ({"points": [[1, "0" * 16, {}]]}, "must be rows of one table in order, but row 0 is not"),
    (
        {"points": [[0, "0" * 16, {"a": 1}], [1, "1" * 16, {"b": 1}]]},
        "must be rows of one table in order, but row 1 is not",
    ),
    ({"versions": {"numpy": None}}, "versions.numpy: must be text"),
    ({"files": {"../../secret.yaml": ""}}, "files"),
    ({"files": {"sweep.yaml": "0"}}, "must be what sweep.json was written for, but is not"),
    ({"files": {"profiles/none.yaml": "0"}}, "must be what sweep.json was written for"),
    ([], "must be a JSON object, but is []"),
]


@pytest.mark.every(3)
@pytest.mark.parametrize(("change", "line"), SWEEP_JSON)
def test_a_damaged_list_of_points_is_named_and_mended_by_the_same_command(tmp_path, change, line):
    out = SweepFolder.create(tmp_path / "x", SMALL).path
    path, wanted = out / "sweep.json", told(out)
    tree = json.loads(path.read_text())
    path.write_text(json.dumps(tree | change if isinstance(change, dict) else change))
    assert line in one_line(run("report", out))
    SweepFolder.create(out, SMALL, resume=True)
    assert told(out) == wanted


KEY = "0123456789abcdef"
COSTS = dict.fromkeys(("sample_tau", "sample_time_s", "sample_energy_J"), 1.0)
RESULTS = [
    ({"error": 3}, "error: must be text, but is 3"),
    ({"figures": [1]}, "figures: must be a mapping"),
    ({"figures": COSTS | {"w2": "low"}}, "figures.w2: must be"),
    ({"figures": COSTS | {"w2": float("nan")}}, "figures.w2: must be"),
    ({"figures": COSTS | {"w2": None}}, "figures.w2: must be"),
    ({"figures": {"w2": 1.0}}, "figures must have sample_tau, but do not"),
    ({"host": 3}, "host: must be a mapping"),
    ({"host": {"wall_s": []}}, "host.wall_s: must be"),
    ({"key": "f" * 16}, f"must be the result of point {KEY}, but is that of ffff"),
    ({"key": 7}, "key: must be text, but is 7"),
]


@pytest.mark.parametrize(("change", "line"), RESULTS)
def test_a_damaged_result_of_a_point_is_named(tmp_path, change, line):
    good = {"key": KEY, "figures": COSTS | {"w2": 1.0}, "error": ""}
    path = tmp_path / "points" / f"{KEY}.json"
    path.parent.mkdir()
    path.write_text(json.dumps(good))
    assert read_result(tmp_path, KEY) == good | {"host": {}}
    path.write_text(json.dumps(good | change))
    with pytest.raises(RunError) as failure:
        read_result(tmp_path, KEY)
    assert line in str(failure.value)
    assert "delete it, and go on with --resume." in str(failure.value)


@posix
def test_a_result_that_is_no_file_is_named(tmp_path):
    path = tmp_path / "points" / f"{KEY}.json"
    assert read_result(tmp_path, KEY) is None
    path.mkdir(parents=True)
    with pytest.raises(RunError, match="must be a JSON object"):
        read_result(tmp_path, KEY)
    path.rmdir()
    path.symlink_to(path.name)
    with pytest.raises(RunError, match="must be a JSON object"):
        read_result(tmp_path, KEY)


def test_figures_that_are_not_finite_are_an_error_of_their_point(tiny, tmp_path, monkeypatch):
    file, sweep = tiny
    judged = {"w2": float("nan"), "coverage": 0.5}

    def evaluated(trained, n, **options):
        return judged | {"spent": trained.chip.ledger.totals()}, None

    monkeypatch.setattr("neurosim.sweeps.work.evaluate", evaluated)
    one = sweep.model_copy(update={"axes": sweep.axes[:0]})
    folder = begin((file, one), tmp_path / "out")
    [row] = folder.rows()
    assert row["error"].startswith("All figures of a point must be finite, but w2 is nan")
    assert b"nan" not in table(folder.path).replace(b"w2 is nan", b"")


def test_a_training_that_was_killed_in_the_making_leaves_nothing_beside_it(serial, tmp_path):
    point = serial.points[0]
    trained = tmp_path / "trained"
    (trained / f".{point.training.key}.77.tmp").mkdir(parents=True)
    train_once(Task(point, tmp_path))
    kept = {point.training.key, f"{point.training.key}.lock"}
    assert {path.name for path in trained.iterdir()} <= kept


def test_what_a_killed_sweep_left_goes_when_it_goes_on(tmp_path):
    out = SweepFolder.create(tmp_path / "x", SMALL).path
    for name in (
        ".sweep.json.77.tmp",
        ".results.csv.77.tmp",
        "profiles/.ideal_hopfield.yaml.7.tmp",
    ):
        (out / name).touch()
    (out / "points" / f".{KEY}.json.8.tmp").touch()
    SweepFolder.create(out, SMALL, resume=True)
    # A point's file may be in the writing by another job.
    assert [path.name for path in out.rglob("*.tmp")] == [f".{KEY}.json.8.tmp"]


def test_a_point_that_another_process_did_again_is_shown_as_it_is_now(tmp_path):
    """Of jobs that share a folder one may find a point failed, and another do it again."""
    folder = SweepFolder.create(tmp_path / "sweep", SMALL)
    first, second = folder.points
    figures = dict.fromkeys(folder.sweep.measure, 1.0) | COSTS
    place = folder.path / "points" / f"{second.key}.json"
    place.parent.mkdir(exist_ok=True)
    for error in ("It failed.", ""):
        found = {} if error else figures
        result = {"key": second.key, "figures": found, "error": error, "host": {"wall_s": 1.0}}
        place.write_text(json.dumps(result))
        assert [row["error"] for row in folder.rows()] == [error]
        assert (second in folder.left()) == bool(error)
    assert first in folder.left()
