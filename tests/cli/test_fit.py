"""The command that fits measured devices: blocks, picture, JSON, and what it refuses."""

import json

import numpy as np
import own_parts
import pytest
import yaml

from commands import one_line, run
from lab import drifts, ramps, table, writes
from neurosim.blocks.files import dump_block
from neurosim.devices.drift import PowerLaw
from neurosim.devices.pulses import SoftBounds
from neurosim.profile import load_profile, shipped_profiles


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A table with rows of every kind."""
    rng = np.random.default_rng(5)
    law = PowerLaw(start_s=1, reference_S=25e-6, exponent=0.06, exponent_spread=0.012)
    soft = SoftBounds(states=40, cycle_noise=0.2)
    rows = [*writes(rng, {"polynomial": [0.01, 0.04]}, n=30), *drifts(rng, law, n=20),
            *ramps(soft, n=4, most=60)]  # fmt: skip
    return table(tmp_path_factory.mktemp("lab") / "m.csv", rows)


def test_it_makes_blocks_that_a_profile_takes_and_a_picture(measured, tmp_path):
    blocks, picture = tmp_path / "b.yaml", tmp_path / "f.png"
    result = run("profiles", "fit", measured, "--to", blocks, "--figure", picture)
    assert result.exit_code == 0, result.output
    found = yaml.safe_load(blocks.read_text("utf-8"))
    assert set(found) == {"write", "drift", "pulse"}
    profile = load_profile("cmos_rc_6bit").with_values(found)
    assert profile.drift.exponent_spread
    assert profile.pulse.source["states"] == "measured: m.csv"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_json_has_the_numbers_with_their_errors_and_what_is_assumed(measured):
    found = json.loads(run("profiles", "fit", measured, "--json").stdout)
    assert set(found) == {"write", "drift", "pulse"}
    for part in found.values():
        assert set(part["errors"]) <= set(part["block"])
        assert set(part["assumed"]) <= set(part["block"])
        assert {"readings", "warnings", "chi_squared", "freedom", "worst_misfit"} <= set(part)
    assert found["pulse"]["high_S"][0] == pytest.approx(11e-6, rel=0.02)


def test_numbers_that_were_not_fitted_are_ideal_with_a_reason(measured):
    found = json.loads(run("profiles", "fit", measured, "--json").stdout)
    for name, part in found.items():
        ideal = {field for field, value in part["block"].items() if value in ("ideal", "none")}
        assert ideal <= set(part["assumed"]), name


def test_a_profile_keeps_what_it_knows_of_a_write_and_loses_no_comment(measured, tmp_path):
    path = tmp_path / "p.yaml"
    old = shipped_profiles()["rram_neurram_130nm"].read_text("utf-8")
    path.write_text(old, encoding="utf-8")
    assert run("profiles", "fit", measured, "--into", path).exit_code == 0
    was, now = load_profile("rram_neurram_130nm"), load_profile(path)
    for field in ("pulses", "pulse_s", "pulse_J"):
        assert getattr(now.write, field) == getattr(was.write, field)
        assert now.write.source[field] == was.write.source[field]
    assert now.coupling.idle_S == pytest.approx(1e-6, rel=0.1)
    assert now.coupling.range_S(now.node.leak_S) == pytest.approx(10e-6, rel=0.02)
    kept = [line for line in old.splitlines() if line.startswith("#")]
    assert kept == [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("d0,5e-6,-1,5e-6", "2: time must be at least 0, but is -1."),
        ("d0,5e-6,-1 min,5e-6", "2: time must be at least 0, but is -1 min."),
        ("d0,5e-6,--1,5e-6", "2: time must be a finite number, but is '--1'."),
        ("d0,-5e-6,1,5e-6", "2: target must be at least 0, but is -5e-6."),
        ("d0,5e-6,1,-1", "needs times and conductances above 0, but has -1 S in line 2; measure"),
        ("d0,5e-6,0,1e-6", "needs times and conductances above 0, but has 0 s in line 2; measure"),
    ],
)
def test_a_reading_that_is_none_is_named_by_its_line_and_number(tmp_path, row, said):
    path = tmp_path / "m.csv"
    good = [f"d{k},5e-6,{t},{5 + k}e-6" for k in range(6) for t in (1, 10, 100)]
    path.write_text("\n".join(["device,target_S,time_s,conductance_S", row, *good]) + "\n")
    assert said in one_line(run("profiles", "fit", path))


def test_a_law_that_leaves_nothing_is_said_so_and_no_ratio_is_infinite(tmp_path):
    """The logarithm of 1 S is 0 to the last bit."""
    path = tmp_path / "m.csv"
    rows = [f"d{k},1,{t},1" for k in range(6) for t in (1, 10, 100)]
    path.write_text("\n".join(["device,target_S,time_s,conductance_S", *rows]) + "\n")
    result = run("profiles", "fit", path)
    assert "6 series; the power law leaves nothing" in result.stdout
    assert "inf" not in result.stdout


@pytest.mark.parametrize("reading", ["1e-300", "7e-320", "1e-16"])
def test_a_reading_of_next_to_nothing_is_named_and_no_number_is_infinite(tmp_path, reading):
    path = tmp_path / "m.csv"
    rows = [f"d{k},5e-6,{t},{5 + k - t / 300}e-6" for k in range(6) for t in (1, 10, 100)]
    rows[4] = f"d1,5e-6,10,{reading}"
    path.write_text("\n".join(["device,target_S,time_s,conductance_S", *rows]) + "\n")
    result = run("profiles", "fit", path, "--to", tmp_path / "b.yaml")
    assert result.exit_code == 0, result.output
    assert "inf" not in result.output
    said = f"line 6 reads {float(reading):.3g} S, next to nothing beside its target of 5e-06 S"
    assert said in result.stderr


@pytest.mark.parametrize("reading", ["1e-300", "0", "-1e-17"])
def test_a_write_of_next_to_nothing_is_named_before_what_it_does_to_the_fit(tmp_path, reading):
    path = tmp_path / "m.csv"
    rows = [f"{t},{t + (-1) ** k * (t + k) / 99}" for t in (2, 5, 8, 11) for k in range(8)]
    rows[10] = f"5,{reading}"
    path.write_text("\n".join(["target (uS),conductance (uS)", *rows]) + "\n")
    first, *others = json.loads(run("profiles", "fit", path, "--json").stdout)["write"]["warnings"]
    assert first.startswith(f"line 12 reads {1e-6 * float(reading):.3g} S, next to nothing beside ")
    assert "missed all of it; leave it out if it is no reading" in first
    assert any("write.noise is below 0" in other for other in others)


def test_a_step_of_next_to_nothing_is_named_and_a_ramp_may_begin_at_0(tmp_path):
    path = tmp_path / "m.csv"
    rows = [
        f"d{d},up,{n},{10 - 10 * 0.9**n + d / 99 * (n > 0)}" for d in range(3) for n in range(9)
    ]
    header = "device,direction,pulses,conductance (uS)"
    path.write_text("\n".join([header, *rows]) + "\n")
    assert "next to nothing" not in run("profiles", "fit", path).output
    rows[4] = "d0,up,4,1e-300"
    path.write_text("\n".join([header, *rows]) + "\n")
    said = "line 6 reads 1e-306 S, next to nothing beside the median of all readings,"
    assert said in one_line(run("profiles", "fit", path))


@pytest.mark.parametrize("words", [(), ("--to", "b.yaml")])
@pytest.mark.parametrize("screen", [True, False])
def test_a_warning_is_said_once_on_a_screen_and_in_each_of_two_files(
    tmp_path, monkeypatch, words, screen
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neurosim.cli.fit.is_read", lambda err=False: screen)
    rows = [f"5,{5 + (-1) ** k * (k + 1) / 99}" for k in range(8)] + ["5,0"]
    (tmp_path / "m.csv").write_text("\n".join(["target (uS),conductance (uS)", *rows]) + "\n")
    result = run("profiles", "fit", "m.csv", *words)
    in_blocks = result.stdout if not words else (tmp_path / "b.yaml").read_text("utf-8")
    assert in_blocks.count("next to nothing") == 1
    assert result.stderr.count("next to nothing") == (0 if screen and not words else 1)


def test_a_profile_that_would_not_be_valid_is_left_as_it_was(measured, tmp_path):
    """Pairs that rise only; the table has pulses both ways, and one field of the file is wrong."""
    path = tmp_path / "p.yaml"
    text = (
        shipped_profiles()["pcm_hermes_14nm"].read_text("utf-8").replace("beta: 8.0e-3", "beta: 2")
    )
    path.write_text(text, encoding="utf-8")
    assert "host.beta" in one_line(run("profiles", "fit", measured, "--into", path))
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "write"], "has a column of kinds; leave --kind out"),
        (["--into", "none.yaml"], "must be a file that can be read, but is not"),
        (["--to", "x.csv"], "must end in .yaml, .yml"),
        (["--figure", "x.svg"], "must end in .png"),
        (["--into", "-", "--json"], "--json prints an object of its own"),
        (["--into", "-"], "must be a profile's file"),
    ],
)
def test_what_cannot_be_done_is_one_line(measured, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in one_line(run("profiles", "fit", measured, *words))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_one_line(tmp_path):
    assert "cannot be read (No such file" in one_line(run("profiles", "fit", tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "writes"}, "m.csv:2: kind must be one of write, drift, update, but is 'writes'"),
        ({"conductance_S": "x"}, "m.csv:2: conductance must be a finite number"),
        ({"target_S": ""}, "m.csv:2: target must be given"),
        ({"target_S": -1e-6}, "m.csv:2: target must be at least 0, but is -1e-06"),
        ({"kind": "update", "direction": "left", "pulses": 1}, "must be up or down (SET or RESET"),
        ({"kind": "update", "direction": "up", "pulses": 1.5}, "pulses must be a whole number"),
    ],
)
def test_a_bad_cell_is_named_with_its_place(tmp_path, row, said):
    good = {"kind": "write", "target_S": 1e-6, "conductance_S": 1e-6}
    path = table(tmp_path / "m.csv", [good | row])
    assert said in one_line(run("profiles", "fit", path))


def test_a_kind_is_told_by_the_columns_and_can_be_said(tmp_path):
    path = tmp_path / "m.csv"
    rows = [f"1e-6,{1 + k / 100}e-6,{k}" for k in range(6)]
    path.write_text("\n".join(["target (S),conductance (S),time (s)", *rows]))
    assert "A fit of drift needs" in one_line(run("profiles", "fit", path))
    result = run("profiles", "fit", path, "--kind", "write")
    assert result.exit_code == 0
    assert "as the columns tell" not in result.stderr


@pytest.mark.slow
def test_a_profile_of_parts_of_ones_own_takes_blocks_too(measured, tmp_path):
    path = tmp_path / "p.yaml"
    own = load_profile("rram_cmo_hfox").with_values({"node.amplifier": own_parts.Arctan()})
    path.write_text(dump_block(own), encoding="utf-8")
    laws = ["--laws", own_parts.__file__]
    assert run("profiles", "fit", measured, "--into", path, *laws).exit_code == 0
    assert load_profile(path, laws=[own_parts.Arctan]).node.amplifier == own_parts.Arctan()
    assert "--laws FILE.py" in one_line(run("profiles", "fit", measured, "--into", path))
