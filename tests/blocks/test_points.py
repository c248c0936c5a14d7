"""Tables of a bench in place of a list of points: what is read, and what is refused where."""

import numpy as np
import pytest

from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.points import read_points
from neurosim.circuit import Measured
from neurosim.errors import DataError, ProfileError
from neurosim.profile import Profile, load_profile
from shipped import edited

POINTS_V = ((-0.2, -0.1), (-0.1, -0.08), (0.1, 0.08), (0.2, 0.1))
ROWS = "\n".join(f"{u},{v}" for u, v in POINTS_V)


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        f"u,v\n{ROWS}",
        f"# a bench\n# u (V), v (V)\n{ROWS}\n\n",
        "Vin (mV);Vout_mV\n-200;-100\n-100;-80\n100;80\n200;100",
        "u\tv\n-0,2\t-0,1\n-0,1\t-0,08\n0,1\t0,08\n0,2\t0,1",
        "-200 mV,-0.1\n-0.1,-80 mV\n0.1,0.08\n0.2,100 mV",
    ],
)
def test_a_table_has_a_header_or_none_and_volts_or_what_its_header_says(tmp_path, text):
    (tmp_path / "bench.csv").write_text(text)
    np.testing.assert_allclose(read_points(tmp_path / "bench.csv", ("V", "V")), POINTS_V)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("u,v,w\n1,2,3\n", "must have two columns, separated by commas, semicolons or tabs, in V "
         "and V, but has 3"),
        ("-1 -1\n0 0\n1 1\n2 2\n", "must have two columns.*but has 1"),
        ("u,v\n0,0\n0.1,high\n", "bench.csv:3: column 2 must be a finite number, but is 'high'"),
        ("u,v\n0,\n", "bench.csv:2: column 2 must be a finite number, but is ''"),
        ("0,0\n0.1,1e38\n", "bench.csv:2: column 2 must be a reading, but 1e38 is an instrument's"),
        ("u,v\n0,0\n0.2,1\n0.1,2\n", "bench.csv:4: column 1 must rise from row to row, but 0.1 "
         "follows 0.2; sort the rows"),
        ("u,v\n0,0\n0,1\n", "column 1 must rise.*take the mean of those of one input"),
        ("time (s),v\n0,0\n", "must have column 1 in V, but its header is 'time \\(s\\)'"),
        ("", "must have a header and a row for each reading, but has none"),
        ("u,v\n", "must have a row for each reading, but has none"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_points_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "bench.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_points(tmp_path / "bench.csv", ("V", "V"))


def of_table(folder, amplifier):
    """A shipped profile in a folder with another amplifier."""
    text = edited(
        ("  amplifier: tanh", f"  amplifier: {amplifier}"),
        ('    unit_V: "', '    amplifier: "measured: bench.csv"\n    unit_V: "'),
    )
    (folder / "mine.yaml").write_text(text)
    return folder / "mine.yaml"


@pytest.mark.parametrize(
    "amplifier", ["{table: bench.csv}", "{amplifier: measured, table: ../b.csv}"]
)
def test_a_profile_names_a_table_beside_itself_and_is_written_with_its_points(
    tmp_path, monkeypatch, amplifier
):
    folder = tmp_path / "chip"
    folder.mkdir()
    mine = of_table(folder, amplifier)
    for path in (folder / "bench.csv", tmp_path / "b.csv"):
        path.write_text(f"u,v\n{ROWS}")
    monkeypatch.chdir("/")
    profile = load_profile(mine)
    assert profile.node.amplifier == Measured(points_V=POINTS_V)
    assert parse_block(dump_block(profile), Profile, "alone") == profile
    assert "table" not in dump_block(profile.node)


@pytest.mark.parametrize(
    ("amplifier", "said"),
    [
        ("{table: lost.csv}", "node.amplifier.table: .*lost.csv must be a table of text, but"),
        ("{table: three.csv}", "node.amplifier.table: .*three.csv must have at least 4 rows"),
        ("{table: 3}", "node.amplifier.table: must be the path of a table"),
        ("{table: bench.csv, points_V: [[0, 0], [1, 1]]}",
         "node.amplifier.points_V: must be left out where a table is named"),
        ("{amplifier: tanh, table: bench.csv}", "node.amplifier.table: unknown field 'table'"),
        ("measured", "node.amplifier.points_V: missing; they must be stated, or a `table` of them"),
        ("{}", "node.amplifier.amplifier: must be one of tanh, silu, linear, measured, but is mis"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_an_amplifier_is_refused_at_its_line(tmp_path, amplifier, said):
    mine = of_table(tmp_path, amplifier)
    (tmp_path / "bench.csv").write_text(ROWS)
    (tmp_path / "three.csv").write_text("0,0\n1,1\n2,2\n")
    with pytest.raises(ProfileError, match=said) as caught:
        load_profile(mine)
    (line,) = str(caught.value).splitlines()
    at = mine.read_text().partition("  amplifier: ")[0].count("\n") + 1
    assert line.startswith(f"{mine}:{at}:")


def test_in_python_a_table_lies_in_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "bench.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    assert Measured(table="bench.csv") == Measured(points_V=POINTS_V)
