"""The commands of profiles: which there are, what a check finds in one, and what one spends."""

import json
import re

import pytest

from commands import TINY, one_line, run


def test_profiles_lists_name_law_and_summary_as_json():
    rows = json.loads(run("profiles", "--json").stdout)
    listed = run("profiles").stdout.splitlines()
    begun = [line.split()[:2] for line in listed[:-2] if not line.startswith(" ")]
    assert begun == [[r["name"], r["law"]] for r in rows]
    assert all(row["summary"] in " ".join(" ".join(listed).split()) for row in rows)
    assert max(map(len, listed)) <= 80
    assert {"ideal_gradient", "ideal_hopfield", "cmos_rc_6bit"} <= {row["name"] for row in rows}
    assert all({"name", "law", "summary"} <= row.keys() for row in rows)


def test_a_check_says_where_numbers_come_from_and_warns_of_one_that_does_not_come_out(tmp_path):
    good = " ".join(run("profiles", "check", "sonos_40nm").stdout.split())
    assert re.search(
        r"\d+ of \d+ numbers follow from quantities in their source: node.unit_V, ", good
    )
    assert re.search(r"\d+ of \d+ numbers stand in their source: ", good)
    assert re.search(r"\d+ of \d+ numbers are assumed: node.leak_S, ", good)
    kinds = json.loads(run("profiles", "check", "sonos_40nm", "--json").stdout)["numbers"]
    assert kinds["cited"] == kinds["stated in code"] == []
    text, bad = run("profiles", "show", "sonos_40nm").stdout, tmp_path / "bad.yaml"
    bad.write_text(text.replace("max_S: 2.67 mS", "max_S: 2.76 mS"))
    warned = run("profiles", "check", bad)
    assert warned.exit_code == 0
    said = "bad.yaml: warning: spring.max_S: must be 100 * leak_S = 0.00267, but is 0.00276, by "
    assert said in warned.stderr
    assert "leave out that `equals` and say in the text where the number is from" in warned.stderr
    assert run("profiles", "check", bad, "--strict").exit_code == 1


@pytest.mark.slow
def test_a_number_that_others_follow_from_may_be_changed_and_both_commands_take_it(tmp_path):
    """The ADC's noise is a quarter of a step by its source: a line says so, and how to go on."""
    text, mine = run("profiles", "show", "cmos_rc_6bit").stdout, tmp_path / "mine.yaml"
    changed = text.replace("adc:\n  bits: 8", "adc:\n  bits: 6")
    mine.write_text(changed)
    checked = run("profiles", "check", mine)
    assert checked.exit_code == 0
    (line,) = checked.stderr.splitlines()
    assert "adc.noise: must be 2 / (2^bits - 2) / 4 = 0.00806452, but is 0.002" in line
    done = run("train", "--profile", mine, *TINY, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    old = 'text: "assumed: a quarter of an LSB, 2 / (2^bits - 2) / 4 of the range"\n'
    equals = '      equals: "2 / (2^bits - 2) / 4"\n'
    assert old + equals in changed
    mine.write_text(
        changed.replace(f"\n      {old}{equals}", ' "assumed: as measured at 8 bits"\n')
    )
    assert run("profiles", "check", mine, "--strict").exit_code == 0, checked.stderr


def test_what_training_would_stop_at_is_refused(tmp_path):
    text, bad = run("profiles", "show", "cmos_rc_6bit").stdout, tmp_path / "bad.yaml"
    bad.write_text(text.replace("  max_S: 1 mS", "  max_S: 1 uS"))
    assert run("train", "--profile", bad, *TINY, "--out", tmp_path / "run").exit_code == 2
    line = one_line(run("profiles", "check", bad))
    assert "train would stop: The spring with its nudge must be at most" in line


def test_a_check_fits_a_terminal():
    for name in ("board_resistive", "cap_cell_14nm"):
        lines = run("profiles", "check", name).stdout.splitlines()
        assert max(map(len, lines)) <= 80
        assert len(lines) > 10


@pytest.mark.parametrize("read", [True, False])
def test_a_warning_of_a_check_fits_a_terminal_and_is_a_line_of_a_log(tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neurosim.cli.common.is_read", lambda err: read)
    text = run("profiles", "show", "cmos_rc_6bit").stdout
    (tmp_path / "odd.yaml").write_text(text.replace("capacitance_F: 1 pF", "capacitance_F: 1 mF"))
    lines = run("profiles", "check", "odd.yaml").stderr.splitlines()
    first = next(line for line in lines if line.startswith("odd.yaml: warning: "))
    assert (len(first) <= 80) == (max(map(len, lines)) <= 80) == read
    assert "is 100 s; mind the prefixes of both" in " ".join(" ".join(lines).split())


def test_profiles_side_by_side_fit_a_terminal_with_blocks_under_one_another():
    for names in (("cmos_rc_6bit", "rram_cmo_hfox"), ("rram_cmo_hfox", "oim_lc_board")):
        lines = run("profiles", "diff", *names).stdout.splitlines()
        assert max(map(len, lines)) <= 80
    found = run("profiles", "diff", "cmos_rc_6bit", "rram_cmo_hfox").stdout.splitlines()
    at = next(k for k, line in enumerate(found) if line.startswith("pulse "))
    block = [found[at][42:], *(line.strip() for line in found[at + 1 : at + 6])]
    assert found[at + 1].startswith(" " * 42)
    assert " ".join(block).startswith("pair both, refresh_at ideal, states 100, asymmetry ideal, ")


def test_a_shown_profile_checks_as_valid(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(run("profiles", "show", "cmos_rc_6bit").stdout)
    assert run("profiles", "check", path).exit_code == 0
    assert json.loads(run("profiles", "show", path, "--json").stdout)["adc"]["bits"] == 8


def test_a_chip_that_answers_shows_its_decisions():
    words = ["profiles", "energy", "oim_ring_65nm", "--layers", "64,4,10"]
    shown = run(*words).stdout
    assert shown.splitlines()[0].split() == ["settle", "update", "training", "decision"]
    assert "A decision is a row that settles for 5 tau and is read." in shown
    assert "Of layers of 64-4-10 nodes. An update presents 64 rows; a training run has 600" in shown
    found = json.loads(run(*words, "--updates", 6, "--json").stdout)
    assert found["training"]["time_s"] == pytest.approx(6 * found["update"]["time_s"])


def test_an_energy_table_is_of_the_layers_that_are_asked_for_or_says_of_which():
    words = ["profiles", "energy", "cmos_rc_6bit", "--task", "classify", "--layers"]
    said = one_line(run(*words, "32,4,7"))
    assert "must begin with 64 and end with 10" in said
    assert "are 32,4,7; give 64,4,10." in said
    assert "Of layers of 64-4-10 nodes." in run(*words, "64,4,10").stdout


def test_the_times_of_the_energy_table_are_of_everything_and_its_parts_add_up():
    table = json.loads(run("profiles", "energy", "cmos_rc_6bit", "--json").stdout)
    shown = run("profiles", "energy", "cmos_rc_6bit").stdout.splitlines()
    assert [line.split()[0] for line in shown[1:6]] == [
        "time", "settling", "driving", "reading", "writing"
    ]  # fmt: skip
    for row in table.values():
        assert row["time_s"] == pytest.approx(sum(row["parts_s"].values()))
    # One settle of 10 tau, a drive to precharge and one to clamp, 1.2 * 2 * 30 tau, a reading.
    sample = table["sample, free-running"]
    assert sample["parts_s"]["settle_time_s"] == pytest.approx(8.2e-6)
    assert sample["time_s"] == pytest.approx(8.2e-6 + 2 * 100e-9 + 256e-9)
