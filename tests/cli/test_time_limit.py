"""A time limit stops like Ctrl-C: what is done is kept, and one line says how to go on."""

import shutil
import threading
import time

import pytest

from commands import run
from neurosim.cli.common import TIME_LIMIT
from neurosim.runs import Run, Trained
from neurosim.signals import Stopped, on_signals, stopping, within_time

TRAIN = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--batch", 8]
TRAIN += ["--settle-tau", 1, "--updates", 100_000]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3h50m", 13_800), ("90 min", 5400), ("1d 2h", 93_600), ("1.5 s", 1.5), ("2 days", 172_800)],
)
def test_times_are_written_as_schedulers_users_do(text, seconds):
    (option,) = TIME_LIMIT(lambda: None).__click_params__
    assert option.type.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["0 s", "50", "3x", "h", "", "-1h", "1h-2m"])
def test_what_is_no_time_is_refused(text, tmp_path):
    result = run("train", *TRAIN, "--out", tmp_path / "run", "--time-limit", text)
    assert result.exit_code == 2
    assert "is not a time above 0 such as 3h50m" in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_training_stops_in_time_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    for limit_s in (1, 4, 16, 64):  # A busy machine may need as long to begin.
        result = run("train", *TRAIN, "--out", out, "--time-limit", f"{limit_s} s")
        assert result.exit_code == 124, result.output
        if out.exists() and Run.open(out).n_done:
            break
        shutil.rmtree(out, ignore_errors=True)
    n_done = Run.open(out).n_done
    assert result.output.splitlines()[-1] == (
        f"neurosim: stopped at the time limit; {n_done:,} of 100,000 updates are kept in {out}; "
        f"go on with: neurosim train --resume --out {out}"
    )
    assert 0 < n_done < 100_000
    way = f"go on with `neurosim train --resume --out {out}`"
    said = f"neurosim: warning: Only {n_done:,} of 100,000 updates are done; {way}"
    for words in (["evaluate", out, "-n", 50], ["report", out], ["sample", out, "-n", 2]):
        assert said in run(*words).stderr, words
    assert run("export", out, "--to", tmp_path / "w.csv").stderr.startswith(said)
    page = (out / "report.html").read_text()
    assert "updates of 100,000" in page
    assert f"Only {n_done:,} of 100,000 updates" in page
    assert repr(Trained.of(out)).count(f"{n_done:,} of 100,000 updates") == 1


def test_a_time_limit_that_is_not_reached_leaves_nothing_behind():
    before = threading.active_count()
    with on_signals(stopping), within_time(60):
        assert threading.active_count() == before + 1
    time.sleep(0.05)
    assert threading.active_count() == before


def test_it_wakes_what_waits():
    began_s = time.monotonic()
    with pytest.raises(Stopped) as caught, on_signals(stopping), within_time(0.2):
        threading.Event().wait(30)
    assert caught.value.status == 124
    assert time.monotonic() - began_s < 10
