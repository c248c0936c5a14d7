"""Numbers in another unit than their name says are warned of, in a table and in a profile."""

from pathlib import Path

import pytest

from commands import run
from neurosim.profile import shipped_profiles

CASE = Path(__file__).with_name("07_microsiemens_as_siemens")


def test_a_table_in_microsiemens_under_a_header_of_siemens():
    result = run("profiles", "fit", CASE / "uS.csv")
    assert result.exit_code == 0
    assert "40 of 40 readings are above 0.1 S, as that in line 2, and no device's" in result.stderr


def test_one_reading_that_slipped_is_named_with_its_line(tmp_path):
    path = tmp_path / "m.csv"
    rows = [f"1e-6,{1 + k / 100}e-6" for k in range(8)]
    path.write_text("\n".join(["target (S),conductance (S)", *rows, "1e-6,1.02"]))
    assert (
        "1 of 9 readings are above 0.1 S, as that in line 10" in run("profiles", "fit", path).stderr
    )


def test_its_block_in_a_profile(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_bytes(shipped_profiles()["rram_neurram_130nm"].read_bytes())
    assert run("profiles", "fit", CASE / "uS.csv", "--into", path).exit_code == 0
    result = run("profiles", "check", path)
    assert result.exit_code == 0
    assert "write.reference_S is 10 S, orders of magnitude beside the couplings'" in result.stderr
    assert "write.noise: a write misses by" in result.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("ideal_thermal", "  leak_S: 10 uS", "  leak_S: 10 MS", "node.leak_S is 10 MS; chips have"),
        ("ideal_thermal", "  capacitance_F: 1 pF", "  capacitance_F: 1 aF",
         "node.capacitance_F is 1 aF; chips have"),
        ("rram_cmo_hfox", "  shift_S: -89 nS", "  shift_S: -89", "drift.shift_S is -89 S"),
        ("rram_neurram_130nm", "  reference_S: 40 uS\n  noise", "  reference_S: 40\n  noise",
         "write.reference_S is 40 S"),
        ("cap_cell_14nm", "  tau_s: 5 ms", "  tau_s: 5e-15", "drift.tau_s is 5 fs"),
    ],
)  # fmt: skip
def test_a_prefix_that_slipped(tmp_path, name, old, new, said):
    text = shipped_profiles()[name].read_text("utf-8")
    assert old in text
    path = tmp_path / "p.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    result = run("profiles", "check", path)
    assert result.exit_code == 0
    assert said in result.stderr
