"""Names in a sweep: of its profiles' files, its columns, and the files of its points."""

import csv
import json

import pytest

from neurosim.blocks.files import dump_block, parse_block
from neurosim.errors import ProfileError, RunError
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep, SweepFolder
from neurosim.sweeps.work import read_result

BASE = "name: s\nbase: {profile: ideal_hopfield}\naxes:\n"


def refused(axes):
    with pytest.raises(ProfileError) as caught:
        parse_block(BASE + axes, Sweep, "s.yaml")
    [line] = str(caught.value).splitlines()
    assert line.isprintable()
    return line


def written(tmp_path, *changes):
    """Names of the files, and the profiles, of a sweep over profiles with these changes."""
    files = []
    for k, change in enumerate(changes):
        files.append(tmp_path / f"{k}.yaml")
        files[-1].write_text(dump_block(load_profile("ideal_hopfield").with_values(change)))
    axis = {"path": "profile", "values": [str(file) for file in files]}
    sweep = Sweep(name="s", base={"experiment": {"updates": 1}}, axes=[axis])
    folder = SweepFolder.create(tmp_path / "out", sweep)
    return [p.stem for p in sorted((folder.path / "profiles").iterdir())], folder.profiles()


def test_two_profiles_of_one_name_are_both_kept(tmp_path):
    names, profiles = written(tmp_path, {"layers": (64, 5)}, {"layers": (64, 6)})
    assert names[0].startswith("ideal_hopfield-")
    assert names[1] == "ideal_hopfield"
    assert {profile.layers for profile in profiles} == {(64, 5), (64, 6)}


def test_names_that_differ_in_case_alone_are_no_one_file_on_any_system(tmp_path):
    names, profiles = written(tmp_path, {"name": "A"}, {"name": "a"}, {"name": "b"})
    assert len({name.lower() for name in names}) == 3
    assert {profile.name for profile in profiles} == {"A", "a", "b"}


def test_the_same_profile_from_two_files_is_kept_once(tmp_path):
    assert written(tmp_path, {}, {})[0] == ["ideal_hopfield"]


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ('{name: "a\\rb", cases: {x: {}}}', "4:10: axes.0.name: must be one line of text"),
        ('{name: n, cases: {"a\\e[2J": {}}}', "must be one line of text"),
        ('{path: "a\\nb", values: [1]}', "4:10: axes.0.path: must be one line of text"),
        ("{name: point, cases: {x: {}}}", "4:10: axes.0.name: must not be another column of the"),
        ("{name: error, cases: {x: {}}}", "axes.0.name: must not be another column"),
        ("{name: replica, cases: {x: {}}}", "axes.0.name: must not be another column"),
        ("{name: coverage, cases: {x: {}}}", "axes.0.name: must not be another column"),
        ("{name: sample_tau, cases: {x: {}}}", "axes.0.name: must not be another column"),
        ("{name: profile.adc.bits, cases: {x: {}}}", "axes.0.name: must not be a path"),
    ],
)
def test_a_column_or_label_that_would_be_something_else_is_refused(axis, message):
    assert message in refused(f"- {axis}\n")


@pytest.mark.parametrize(
    "other",
    [
        "{name: way, cases: {y: {}}}",
        "{path: way, values: [1]}",
        "{paired: [{path: way, values: [1]}, {path: z, values: [1]}]}",
        "{random: {points: 1, axes: [{path: way, values: [1]}]}}",
    ],
)
def test_two_axes_of_one_column_are_refused(other):
    cases = "{name: way, cases: {x: {}}}"
    assert "axes.1.name: must not be another" in refused(f"- {cases}\n- {cases}\n")
    assert ".name: must not be another column" in refused(f"- {cases}\n- {other}\n")
    assert ".name: must not be another column" in refused(f"- {other}\n- {cases}\n")


def test_text_of_an_axis_is_one_cell_of_the_table(tmp_path):
    file = tmp_path / "a\rb\u2028.yaml"
    file.write_text(dump_block(load_profile("ideal_hopfield")))
    axis = {"path": "profile", "values": [str(file), "ideal_hopfield"]}
    folder = SweepFolder.create(tmp_path / "out", Sweep(name="s", base={}, axes=[axis]))
    for point in folder.points:
        costs = dict.fromkeys(("sample_tau", "sample_time_s", "sample_energy_J"), 1.0)
        result = {"key": point.key, "figures": costs, "error": "", "host": {}}
        (folder.path / "points" / f"{point.key}.json").write_text(json.dumps(result))
    folder.write_tables()
    with (folder.path / "results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["profile"] for row in rows] == [
        f"{tmp_path}/a\\u000db\\u2028.yaml",
        "ideal_hopfield",
    ]


@pytest.mark.parametrize("key", ["../x", "a/b", "..", "", "/tmp/x"])
def test_a_point_whose_key_is_a_path_is_not_looked_up(tmp_path, key):
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "points").mkdir()
    if key in {"..", ""}:
        assert read_result(tmp_path, key) is None
        return
    with pytest.raises(RunError, match="is a path"):
        read_result(tmp_path, key)
