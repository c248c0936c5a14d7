"""What an instrument returns for a reading beyond its range is refused, with its place."""

from pathlib import Path

import pytest

from commands import one_line, run

CASE = Path(__file__).with_name("06_overflow_reading")


def test_the_overflow_of_an_instrument_is_named_with_its_place():
    line = one_line(run("profiles", "fit", CASE / "overflow.csv"))
    assert "overflow.csv:14: conductance must be a reading, but 9.91E+37 is an instrument's" in line


@pytest.mark.parametrize(
    ("unit", "cell", "said"),
    [
        ("S", "9.9e37", "an instrument's overflow"),
        ("S", "-9.9E+37", "an instrument's overflow"),
        ("uS", "9.91E+37", "an instrument's overflow"),
        ("nS", "+9.90000E+37", "an instrument's overflow"),
        ("S", "1e38", "an instrument's overflow"),
        ("S", "9.9E37 S", "an instrument's overflow"),
        ("S", "inf", "must be a finite number"),
        ("S", "NAN", "must be a finite number"),
        ("S", "OVLD", "must be a finite number, but is 'OVLD'"),
        ("S", "", "conductance must be given, but is missing"),
        ("S", "1e999", "must be a finite number"),
    ],
)
def test_other_instruments_and_units_too(tmp_path, unit, cell, said):
    path = tmp_path / "m.csv"
    rows = ["1e-6;1e-6"] * 6
    rows[3] = f"1e-6;{cell}"
    path.write_text("\n".join([f"target (S);conductance ({unit})", *rows]))
    line = one_line(run("profiles", "fit", path))
    assert "m.csv:5: " in line
    assert said in line


def test_an_overflow_of_another_column_is_refused_too(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("device,target_S,time_s,conductance_S\na,1e-5,9.9e37,1e-5\n")
    assert "m.csv:2: time must be a reading" in one_line(run("profiles", "fit", path))
