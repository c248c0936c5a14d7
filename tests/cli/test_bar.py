"""Progress in the log of a job: a line a minute, and none before."""

import re
import sys
import time
from types import SimpleNamespace

import pytest

from neurosim.cli import bar as module
from neurosim.cli.bar import Bar


def test_without_a_terminal_progress_is_a_line_a_minute(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    bar = Bar("training", done=100)
    for update in range(101, 400):
        now[0] += 1.0
        bar(update, 500, loss=f"{update / 1000:.3f}")
    bar.close()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out
    assert len(lines) == 4
    assert lines[0] == "training: 160 of 500, 1 a second, 05:40 left, loss 0.160"
    assert [re.search(r"\d+ of", line)[0] for line in lines] == [
        f"{n} of" for n in (160, 220, 280, 340)
    ]


def test_time_that_is_better_known_takes_the_place_of_that_by_the_rate(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    bar = Bar("points")
    now[0] = 300.0
    bar(1, 48, 125.0, best="0.5")
    assert capsys.readouterr().err.splitlines() == [
        "points: 1 of 48, 12 an hour, 02:05 left, best 0.5"
    ]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar(2, 48, 125.0, best="0.5")
    bar.close()
    assert re.search(r" 2/48 \[\d\d:\d\d<02:05, best=0.5\]", capsys.readouterr().err)


def test_a_step_that_takes_long_is_told_of_every_minute(monkeypatch, capsys):
    """A clock that runs a thousand times as fast, and no progress."""
    began_s = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: began_s + 1000 * (time.monotonic() - began_s))
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "_LOOK_S", 0.005)
    bar, lines = Bar("points"), list[str]()

    def said(n):
        end_s = time.monotonic() + 20
        while len(lines) < n and time.monotonic() < end_s:
            time.sleep(0.02)
            lines.extend(capsys.readouterr().err.splitlines())
        return lines[n - 1]

    assert re.fullmatch(r"points: begun 0[1-9]:\d\d ago", said(1))
    bar(0, 48)
    told = len(lines)
    assert "points: 0 of 48, begun " in said(told + 3)
    bar(1, 48, 7200.0, best="0.5")
    told = len(lines)
    found = re.search(r"1 of 48, .* an hour, (1:\d\d:\d\d) left, best 0.5", said(told + 3))
    assert found is not None
    bar.close()
    capsys.readouterr()
    time.sleep(0.2)
    assert not capsys.readouterr().err


def test_a_bar_is_closed_by_an_error_too(monkeypatch, capsys):
    monkeypatch.setattr(module, "_EVERY_S", 0.0)
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    with pytest.raises(KeyError), Bar("sampling"):
        raise KeyError
    time.sleep(0.1)
    capsys.readouterr()
    time.sleep(0.1)
    assert not capsys.readouterr().err
