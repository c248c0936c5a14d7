"""`neurosim bench` prints the rows that it is given, and asks for no more digits than there are."""

import json

import pytest

import neurosim.bench
from commands import one_line, run

ROW = {
    "law": "hopfield", "weights": "start", "rows": 3, "evaluations": 38, "rtol": 1e-3,
    "wall_s_spread": 0.1,
}  # fmt: skip
ROWS = [
    ROW | {"engine": "ETD4", "max_error": 9.0e-4, "wall_s": 0.0123, "ratio_to_four_gemms": 2.345},
    ROW | {"engine": "peer", "max_error": None, "wall_s": 4.5, "ratio_to_four_gemms": None},
]


@pytest.fixture
def asked(monkeypatch):
    """What the benchmarks were asked for; they answer at once."""
    asked = []
    for name in ("bench_settle", "bench_train"):

        def bench(rows, repeats, *, n_threads, peers, report, device, name=name):
            assert device == "cpu"
            asked.append((name, rows, repeats, n_threads, peers))
            report("a line of progress")
            return ROWS

        monkeypatch.setattr(neurosim.bench, name, bench)
    return asked


def test_it_prints_a_line_a_row_and_progress_aside(asked):
    result = run("bench", "train", "--rows", 3, "--repeats", 2, "--threads", 1, "--no-peers")
    assert result.exit_code == 0
    assert asked == [("bench_train", 3, 2, 1, False)]
    assert result.stderr == "a line of progress\n"
    head, first, second = result.stdout.splitlines()
    assert head.split() == ["law", "weights", "engine", "evals", "error", "seconds", "products"]
    assert " ".join(first.split()) == "hopfield start ETD4 38 9.0e-04 0.0123 2.35 x"
    assert second.split() == ["hopfield", "start", "peer", "38", "4.5"]


def test_its_json_is_the_table(asked):
    assert json.loads(run("bench", "--json").stdout) == ROWS
    assert asked == [("bench_settle", 1797, 5, 2, True)]


def test_more_rows_than_there_are_digits_are_refused(asked):
    assert "must be at most 1797" in one_line(run("bench", "--rows", 1798))
    assert asked == []


def test_its_tables_have_80_columns(monkeypatch):
    longest = {"engine": "solve_ivp RK45, a row at a time", "weights": "trained", "wall_s": 1.23e-5}
    monkeypatch.setattr(neurosim.bench, "bench_settle", lambda *_, **__: [ROWS[0] | longest])
    scheme = {"scheme": "ETD4, 2 x 0.5 tau, then 1 tau", "steps": 12, "evaluations": 48}
    scheme |= {"rms_error": 1e-3, "thermal_rms": 5e-3, "difference_error": 1e-4, "draws": 24}
    scheme |= {"gradient_error": 1e-3, "variance_ratio": 1.0002, "default": True}
    monkeypatch.setattr(neurosim.bench, "bench_noise", lambda **_: [scheme])
    for what in ("settle", "noise"):
        result = run("bench", what)
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
