"""Tables as labs have them: other separators and decimal marks, blanks, comments, units, names."""

from pathlib import Path

import numpy as np
import pytest

from commands import one_line, run
from neurosim.devices.fit import read_measurements

CASE = Path(__file__).with_name("05_semicolon_and_blanks")
FILES = sorted(path.name for path in CASE.iterdir())
WRITES = read_measurements(CASE / "case.csv").write


def same(path, columns=None, rtol=1e-12):
    found = read_measurements(path, columns).write
    for name in ("target", "conductance"):
        np.testing.assert_allclose(found[name], WRITES[name], rtol=rtol)


@pytest.mark.parametrize("name", FILES)
def test_every_spelling_of_one_table_is_read_as_the_same_numbers(name):
    same(CASE / name)
    assert run("profiles", "fit", CASE / name).exit_code == 0


def spelt(header, row, *, lead="", sep=",", encoding="utf-8", end="\n"):
    """The same writes in another spelling; `row` makes cells of a target and a conductance [S]."""
    pairs = zip(WRITES["target"], WRITES["conductance"], strict=True)
    lines = [sep.join(header), *(sep.join(row(t, g)) for t, g in pairs)]
    return (lead + end.join(lines) + end).encode(encoding)


def comma(x):
    return f"{x:.12g}".replace(".", ",")


def point(x):
    return f"{x:.12g}"


@pytest.mark.parametrize(
    "data",
    [
        spelt(["Target (µS)", "G (uS)"], lambda t, g: [point(1e6 * t), point(1e6 * g)]),
        spelt(["target [uS]", "G [nS]"], lambda t, g: [point(1e6 * t), point(1e9 * g)]),
        spelt(["target_uS", "G_nS"], lambda t, g: [point(1e6 * t), point(1e9 * g)]),
        spelt(["Target (µS)", "G (µS)"], lambda t, g: [comma(1e6 * t), comma(1e6 * g)], sep=";",
              encoding="cp1252"),
        spelt(["Target (µS)", "G (µS)"], lambda t, g: [comma(1e6 * t), comma(1e6 * g)], sep="\t",
              encoding="utf-16"),
        spelt(["target (S)", "G (S)"], lambda t, g: [point(t), point(g)], lead="\ufeff",
              end="\r\n"),
        spelt(["target (S)", "G (S)", "note"], lambda t, g: [point(t), point(g), '"a, b"']),
        spelt(["# target (uS)", "G (uS)"], lambda t, g: [point(1e6 * t), point(1e6 * g)],
              lead="# made by a script\n"),
        spelt(["target (uS)", "G (uS)"], lambda t, g: [point(1e6 * t), point(1e6 * g)],
              lead="\n\n% sample 7\n// wafer 3\n"),
        spelt(["target", "G"], lambda t, g: [f"{point(1e6 * t)} uS", f"{point(1e6 * g)} uS"])
        .replace(b"target,G", b"target (S),G (S)"),
    ],
    ids=["micro", "brackets", "suffix", "cp1252", "utf-16", "mark", "quotes", "savetxt", "comments",
         "units in cells"],
)  # fmt: skip
def test_more_spellings(tmp_path, data):
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    same(path, {"conductance": "G"})


def test_a_resistance_is_one_over_a_conductance(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes(spelt(["target (S)", "R (kOhm)"], lambda t, g: [point(t), point(1e-3 / g)]))
    same(path, {"resistance": "R"}, rtol=1e-9)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (spelt(["target (S)", "G (S)"], lambda t, g: [comma(t), comma(g)]),
         "must have 2 cells as its header has, but has 3; where numbers have decimal commas"),
        (spelt(["target (S)", "conductance (S)"], lambda t, g: ["1.234,5", comma(g)], sep=";"),
         "target must be a finite number, but is '1.234,5'"),
        (spelt(["target (S)", "conductivity (S)"], lambda t, g: [point(t), point(g)]),
         "must have a column conductance (S) or resistance (Ohm), but its header is "
         "'target (S)', 'conductivity (S)', separated by commas; name the columns with --columns"),
        (spelt(["target (S)", "conductance"], lambda t, g: [point(t), point(g)]),
         "the column 'conductance' must have a unit, but has none"),
        (spelt(["target (S)", "conductance (A)"], lambda t, g: [point(t), point(g)]),
         "must be in S, with a prefix or without, but is in A"),
        (spelt(["target (S)", "conductance (S)", "conductance (uS)"],
               lambda t, g: [point(t), point(g), point(g)]),
         "must have one column for conductance"),
        (b"PK\x03\x04\0\0\0", "must be a table of text, but is none; save it as CSV"),
        (b"", "must have a header and a row for each reading, but has none"),
        (b"target (S),conductance (S)\n", "must have a row for each reading, but has none"),
        (spelt(["conductance (S)"], lambda t, g: [point(g)]), "a column target (of writes), time"),
        (spelt(["target (S)", "conductance (S)"], lambda t, g: [point(t), "1_0e-6"]),
         "conductance must be a finite number, but is '1_0e-6'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_was_found(tmp_path, data, said):
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    assert said in one_line(run("profiles", "fit", path))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("conductance", "--columns must be such as pulses=n,conductance=G"),
        ("conductivity=G", "names 'conductivity'; did you mean conductance?"),
        ("conductance=H", "must have the column 'H' for conductance, but has"),
        ("conductance=G,conductance=G", "--columns must be such as"),
    ],
)
def test_a_column_that_is_not_there_is_named(tmp_path, columns, said):
    path = tmp_path / "m.csv"
    path.write_bytes(spelt(["target (S)", "G (S)"], lambda t, g: [point(t), point(g)]))
    assert said in one_line(run("profiles", "fit", path, "--columns", columns))


def test_units_may_be_said_with_the_columns(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes(spelt(["aim", "G"], lambda t, g: [point(1e6 * t), point(1e6 * g)]))
    same(path, {"target": "aim (uS)", "conductance": "G (uS)"})


@pytest.mark.parametrize(("up", "down"), [("SET", "RESET"), ("LTP", "LTD"), ("up", "Down"),
                                          ("potentiation", "depression")])  # fmt: skip
def test_both_directions_have_the_names_that_labs_give_them(tmp_path, up, down):
    rows = [f"{k};{way};{5 + s * k}" for way, s in ((up, 1), (down, -1)) for k in range(3)]
    path = tmp_path / "m.csv"
    path.write_text("\n".join(["pulses;direction;conductance (uS)", *rows]))
    assert list(read_measurements(path).update["direction"]) == ["up"] * 3 + ["down"] * 3


@pytest.mark.parametrize(("head", "scale"), [
    ("time_min", 60), ("time_h", 3600), ("time_minutes", 60), ("time (day)", 86400),
    ("time_ms", 1e-3),
])  # fmt: skip
def test_a_time_may_be_in_any_unit_after_the_name_and_makes_the_table_one_of_drift(
    tmp_path, head, scale
):
    path = tmp_path / "t.csv"
    path.write_text(f"device,target_uS,{head},G_MS,conductance_uS\na,10,5,1,9.5\n", "utf-8")
    found = read_measurements(path)
    assert found.drift["time"].tolist() == pytest.approx([5 * scale])
    assert "not used: 1 column, 'G_MS'" in found.remarks
