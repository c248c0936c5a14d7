"""The command line: what it prints, what it leaves, and how it fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from commands import TINY, one_line, run, train_only
from neurosim.tables.formats import FORMATS, NETLIST, READABLE
from tools import posix

PARAMETERS = 64 * 12 + 12 * 10 + 86


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder made by `neurosim train`, with everything in it."""
    out = tmp_path_factory.mktemp("cli") / "run"
    result = run("train", "--profile", "ideal_hopfield", *TINY, "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_every_command_explains_itself():
    names = [
        "quickstart", "profiles", "train", "sample", "evaluate", "export", "import", "plan",
        "validate", "report",
    ]  # fmt: skip
    overview = run("--help").stdout
    for name in names:
        assert name in overview
        assert run(name, "--help").exit_code == 0


def test_help_does_not_wait_for_numpy():
    code = "import sys, neurosim.cli; sys.exit(any(m in sys.modules for m in ('numpy', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_train_leaves_a_whole_run_folder(trained):
    made = {p.name for p in trained.iterdir()}
    assert {
        "metrics.csv", "profile.yaml", "experiment.yaml", "checkpoint.npz", "samples.png",
        "weights.csv", "report.html",
    } <= made  # fmt: skip
    assert not [name for name in made if name.endswith(".tmp")]


@pytest.mark.parametrize("suffix", ["png", "npz", "csv"])
def test_sample_writes_the_file_it_was_asked_for(trained, tmp_path, suffix):
    out = tmp_path / f"x.{suffix}"
    result = run("sample", trained, "-n", 3, "--t-end", 0.1, "--out", out, "--json")
    assert json.loads(result.stdout)["n"] == 3
    assert out.stat().st_size > 100


def test_evaluate_prints_one_object(plain, tmp_path):
    judged = shutil.copytree(plain, tmp_path / "run")
    result = json.loads(run("evaluate", judged, "-n", 100, "--json").stdout)
    assert result["n"] == 100
    assert result["baselines"].keys() == {"real", "noisy", "gaussian"}
    assert (judged / "evaluation.json").exists()


def test_export_writes_the_table(trained, tmp_path):
    result = run("export", trained, "--to", tmp_path / "w.csv", "--json")
    assert json.loads(result.stdout)["rows"] == PARAMETERS


@pytest.mark.parametrize("suffix", ["csv", "npz", "mat"])
def test_import_makes_a_run_whose_chip_draws_the_same_samples(trained, tmp_path, suffix):
    table, copy = tmp_path / f"w.{suffix}", tmp_path / "copy"
    assert run("export", trained, "--to", table).exit_code == 0
    same = ["--experiment", trained / "experiment.yaml"]
    result = json.loads(run("import", table, "--out", copy, *same, "--json").stdout)
    assert (result["rows"], result["profile"]) == (PARAMETERS, "ideal_hopfield")
    for folder in (trained, copy):
        args = ["-n", 2, "--t-end", 0.1, "--out", tmp_path / f"{folder.name}.csv"]
        assert run("sample", folder, *args).exit_code == 0
    assert (tmp_path / "run.csv").read_text() == (tmp_path / "copy.csv").read_text()


def test_export_and_import_name_the_formats_that_they_take():
    for command, names in (("export", [*FORMATS, NETLIST]), ("import", READABLE)):
        text = " ".join(run(command, "--help").stdout.split())
        assert f"Instead of the suffix: {', '.join(names)}." in text


def test_export_maps_onto_tiles_and_avoids_faulty_cells(trained, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("tile,row,column,weight\n0,0,5,\n")
    args = ["export", trained, "--to", tmp_path / "w.csv", "--tile", "14x34", "--faulty", bad]
    result = json.loads(run(*args, "--spare", "1x1", "--json").stdout)
    assert (result["tiles"], result["faulty_cells_used"]) == (3, 0)
    assert "rows x columns, as in 64x64" in one_line(run(*args[:4], "--tile", "64"))
    assert "need --tile" in one_line(run(*args[:4], "--faulty", bad))


def test_export_writes_a_netlist_and_validate_needs_to_know_against_what(trained, tmp_path):
    args = ["export", trained, "--to", tmp_path / "net.cir", "--hierarchical", "--analysis", "op"]
    assert json.loads(run(*args, "--json").stdout)["lines"] > 2 * (64 * 12 + 12 * 10)
    assert "\n.subckt crossbar_w1" in (tmp_path / "net.cir").read_text()
    assert "needs a temperature" in one_line(run(*args[:4], "--noise"))
    assert "needs --spice" in one_line(run("validate", trained))


def test_plan_goes_from_one_table_to_another(trained, tmp_path):
    out, table = tmp_path / "plan.csv", tmp_path / "w.npz"
    run("export", trained, "--to", table)
    first = json.loads(run("plan", table, "--to", out, "--json").stdout)
    # One device of each pair idles; some biases are still 0.
    assert 0.95 * PARAMETERS < first["devices"] <= PARAMETERS
    assert len(out.read_text().splitlines()) == first["devices"] + 1
    same = json.loads(run("plan", trained, "--from", table, "--to", out, "--json").stdout)
    assert same["devices"] == 0
    assert "must end in .csv" in one_line(run("plan", trained, "--to", tmp_path / "p.txt"))


def test_import_refuses_a_table_of_another_profile_and_makes_no_folder(trained, tmp_path):
    table, out = tmp_path / "w.npz", tmp_path / "out"
    run("export", trained, "--to", table)
    line = one_line(run("import", table, "--profile", "cmos_rc_6bit", "--out", out))
    assert "is for ideal_hopfield with checksum" in line
    assert "must be readable" in one_line(run("import", tmp_path / "no.csv", "--out", out))
    assert one_line(run("import", tmp_path / "no.xyz")).endswith(".mem, .hex, but is no.xyz.")
    assert not out.exists()


def test_mistakes_give_one_clear_line_and_write_nothing(trained, tmp_path):
    bad = tmp_path / "bad.yaml"
    (trained.parent / "d.png").mkdir()
    good = run("profiles", "show", "cmos_rc_6bit").stdout
    out = tmp_path / "out"

    bad.write_text(good.replace("  offset_V:", "  ofset_V:", 1))
    message = run("train", "--profile", bad, *TINY, "--out", out).stderr
    assert "did you mean 'offset_V'" in message
    bad.write_text(good.replace("leak_S: 10 uS", "leak_S: 10 uF", 1))
    assert "must be given in S, but is '10 uF'" in run("profiles", "check", bad).stderr

    line = one_line(run("train", "--profile", "ideal_hopfild", *TINY, "--out", out))
    assert "ideal_hopfield" in line
    assert "missing.yaml" in one_line(run("train", "--profile", "missing.yaml", "--out", out))
    assert "needs --profile" in one_line(run("train", "--out", out))
    assert "must be a new folder" in one_line(
        run("train", "--profile", "ideal_hopfield", *TINY, "--out", trained)
    )
    assert "batch" in one_line(
        run("train", "--profile", "ideal_hopfield", "--batch", 99999, "--out", out)
    )
    assert "'stochastic' is not one of 'transient', 'operating_point'" in one_line(
        run("train", "--profile", "ideal_hopfield", "--engine", "stochastic", "--out", out)
    )
    assert "must be a run folder" in one_line(run("sample", out))
    assert "x>=1" in one_line(run("sample", trained, "-n", 0))
    assert "must end in" in one_line(run("sample", trained, "--out", tmp_path / "x.gif"))
    assert "but is a folder" in one_line(run("sample", trained, "--out", trained.parent / "d.png"))
    for value in ("nan", "inf", "-1", "0"):
        assert "--settle-tau" in one_line(
            run("train", "--profile", "ideal_hopfield", "--settle-tau", value, "--out", out)
        )
        assert "--t-end" in one_line(run("sample", trained, "--t-end", value))
    assert "at most 100" in one_line(run("sample", trained, "--t-end", "1e6"))
    assert "at most 100000" in one_line(
        run("train", "--profile", "ideal_hopfield", "--settle-tau", "1e9", "--out", out)
    )
    assert "must be a run folder to go on" in one_line(run("train", "--resume", "--out", out))
    assert "engine differs; leave it out" in one_line(
        run("train", "--resume", "--out", trained, "--engine", "operating_point")
    )
    assert "must end in .csv" in one_line(run("export", trained, "--to", tmp_path / "w.xyz"))
    assert not out.exists()
    assert {p.name for p in tmp_path.iterdir()} == {"bad.yaml"}


@pytest.mark.parametrize("engine", ["operating_point", "transient"])
def test_an_engine_that_integrates_no_noise_leaves_it_out_and_says_so(tmp_path, engine):
    from neurosim.runs import Run

    out = tmp_path / "run"
    options = ["--layers", "64,6,4", "--updates", 1, "--batch", 4, "--engine", engine]
    result = train_only("--profile", "cmos_rc_6bit", *options, "--out", out)
    assert result.exit_code == 0
    left_out = f"engine {engine}: the profile's thermal noise is left out\n"
    assert result.stderr.count(left_out) == (engine == "operating_point")
    profile = Run.open(out).profile
    assert profile.settling.engine == engine
    assert profile.thermal.temperature_K == (None if engine == "operating_point" else 300)


def test_a_corrupted_checkpoint_is_one_clear_line(trained, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    (copy / "checkpoint.npz").write_bytes(b"PK\x03\x04 not really")
    for command in (["sample", copy], ["train", "--resume", "--out", copy], ["evaluate", copy]):
        assert "must be a neurosim checkpoint" in one_line(run(*command))


def test_resuming_with_other_settings_is_refused(trained):
    args = ["train", "--resume", "--out", trained, "--beta", 0.004]
    two = one_line(run(*args, "--engine", "operating_point"))
    assert "beta, engine differ; leave them out" in two
    assert "beta differs; leave it out" in one_line(run(*args))


def test_a_finished_run_resumes_to_itself(trained):
    before = (trained / "metrics.csv").read_text()
    args = ["--profile", "ideal_hopfield", *TINY, "--out", trained, "--resume"]
    assert train_only(*args).exit_code == 0
    assert (trained / "metrics.csv").read_text() == before


@pytest.mark.slow
@posix
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    # Where the tests run in the background of a shell, children inherit an ignored SIGINT.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{listen}; from neurosim.cli import main; main()", "train"]
    process = subprocess.Popen(
        [
            *command,
            "--profile",
            "ideal_hopfield",
            "--batch",
            "8",
            "--settle-tau",
            "1",
            "--out",
            out,
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = out / "metrics.csv"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") > 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.count("stopped") == 1
    assert message.count(" of 2,000 updates are kept in ") == 1
    assert f"; go on with: neurosim train --resume --out {out}\n" in message
    assert "Traceback" not in message


@pytest.mark.slow
def test_profiles_noise_says_what_each_source_does_and_names_the_best_beta(trained, tmp_path):
    few = ["--weights", trained, "--batch", 4, "--seeds", 2]
    picture = tmp_path / "noise.png"
    result = run("profiles", "noise", trained / "profile.yaml", *few, "--figure", picture)
    assert result.exit_code == 0, result.output
    assert "finite settling time" in result.stdout
    assert "best beta" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    answer = json.loads(run("profiles", "noise", trained / "profile.yaml", *few, "--json").stdout)
    assert answer["settle_tau"] == 0.5
    assert answer["best_beta"] in [point["beta"] for point in answer["betas"]]
    assert {"name", "drawn", "phases", "visible_V", "left", "gradient"} <= set(answer["sources"][0])


def test_profiles_noise_refuses_mistakes_before_it_measures(trained, tmp_path):
    assert "given in s" in one_line(run("profiles", "noise", "cmos_rc_6bit", "--age", "3 kg"))
    assert "must end in" in one_line(
        run("profiles", "noise", "cmos_rc_6bit", "--figure", tmp_path / "x.gif")
    )
    assert "run folder" in one_line(run("profiles", "noise", "cmos_rc_6bit", "--weights", tmp_path))
