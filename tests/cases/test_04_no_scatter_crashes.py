"""A table that cannot be fitted ends in one line that names the kind and the place."""

from pathlib import Path

import pytest

from commands import one_line, run

CASE = Path(__file__).with_name("04_no_scatter_crashes")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("flat_ramp.csv", "update: up ramps must raise the conductance, but change it by 0 S"),
        ("one_level_exact.csv", "write: the 8 readings of target 1e-05 S must differ"),
        ("same.csv", "write: the 8 readings of target 1e-05 S must differ"),
        ("stray_pulse_count.csv", "update: pulses must count on within a ramp, but go from 59 to "
                                  "2e+07 in line 242"),
        ("target_zero.csv", "A fit of write needs targets above 0 S"),
    ],
)  # fmt: skip
def test_a_degenerate_table_is_one_line(name, text):
    assert text in one_line(run("profiles", "fit", CASE / name))


def lines(kind, header, rows):
    return "\n".join([f"kind,{header},conductance_S", *(f"{kind},{row}" for row in rows)])


UP = [f"a,up,{k},{1 + k}e-6" for k in range(12)]
DOWN = [f"a,down,{k},{12 - k}e-6" for k in range(12)]
STILL = [f"a,down,{k},{12 if k < 11 else 11.9}e-6" for k in range(12)]
OF_UPDATE = "device,direction,pulses"
TIMES = (1, 10, 100, 1000)


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lines("update", OF_UPDATE, UP + DOWN), None),
        (lines("update", OF_UPDATE, UP + STILL), None),
        (lines("update", OF_UPDATE, [f"a,{way},{k},{1 + (k > 5)}e-6" if way == "up" else
                                     f"a,{way},{k},{2 - (k > 5)}e-6"
                                     for way in ("up", "down") for k in range(12)]), None),
        (lines("update", OF_UPDATE, UP + DOWN[::-1] + DOWN),
         "pulses must go on within a ramp, but device a has 0"),
        (lines("update", OF_UPDATE, UP + UP + DOWN), None),
        (lines("drift", "target_S,time_s,device", [f"1e-5,{t},d{d},1e-5"
                                                   for d in range(6) for t in TIMES]), None),
        (lines("drift", "target_S,time_s,device", [f"1e-5,5,d{d},1e-5" for d in range(6)]),
         "needs at least 3 times of each device"),
        (lines("drift", "target_S,time_s,device", [f"1e-5,{t},d{d},0"
                                                   for d in range(6) for t in TIMES]),
         "times and conductances above 0"),
        (lines("drift", "target_S,time_s,device", [f"1e-5,{t},d{d},{1 + d}e-5"
                                                   for d in range(6) for t in TIMES]), None),
        (lines("write", "target_S", [f"{t}e-6,{t}.{k}e-6" for t in (1, 2) for k in range(5)]),
         None),
        (lines("write", "target_S", [f"1e-6,{k}e-6" for k in range(4)]), "at least 5 writes"),
        (lines("write", "target_S", ["1e-300,1e-300", "1e-300,2e-300"] * 4), None),
        (lines("write", "target_S", [f"1e-5,1.{k}e-5" for k in range(6)]
               + [f"2e-5,2.{k}e{9 if k == 3 else -5}" for k in range(6)]), "look for a slip"),
        (lines("write", "target_S", [f"1e-6,-{k}e-6" for k in range(1, 9)]), "polarity"),
    ],
)  # fmt: skip
def test_other_tables_without_scatter_are_fitted_or_refused_in_one_line(tmp_path, text, said):
    """Exact ramps, a ramp that hardly moves, one single step, no drift at all, one time."""
    path = tmp_path / "m.csv"
    path.write_text(text + "\n")
    result = run("profiles", "fit", path)
    assert "Traceback" not in result.output
    if said is None:
        assert result.exit_code in (0, 2), result.output
        assert "nan" not in result.stdout
        assert "inf" not in result.stdout
    if said is not None or result.exit_code:
        assert (said or "") in one_line(result)
        assert result.stderr.count("\n") == 1
