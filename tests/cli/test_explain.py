"""`neurosim explain` from a run's folder to a text, JSON and the run's page."""

import json

import pytest

import neurosim as ns
from commands import one_line, run
from neurosim.runs import Explanation, Run

PROFILE = ns.load_profile("ideal_hopfield").with_values(
    {"layers": (64, 6, 5), "mismatch.offset_V": 0.03}
)
RECIPE = ns.Experiment(
    updates=3, batch=8, learning_rate=1e-3, flow={"settle_tau": 8}, sampling={"mode": "spring"}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("explain") / "run"
    ns.train(PROFILE, RECIPE, keep=place)
    return place


@pytest.mark.slow
def test_a_run_is_explained_in_a_text_in_json_and_on_its_page(folder):
    result = run("explain", folder, "--rows", 8)
    assert result.exit_code == 0, result.output
    assert "1. amplifier offset" in result.stdout
    assert "To do: lower mismatch.offset_V" in result.stdout
    last = result.stdout.splitlines()[-1]
    assert last == f"on the page of the run: neurosim report {folder}"
    # The folder's name may be longer.
    assert all(len(line) <= 78 for line in result.stdout.splitlines() if str(folder) not in line)
    again = run("explain", folder, "--rows", 8, "--json")
    found = json.loads(again.stdout)
    assert found["first"][0]["cause"] == "amplifier offset"
    assert found["cosine"] < found["first"][0]["cosine"] <= 1
    kept = json.loads((folder / "explanation.json").read_text())
    assert kept == found
    assert found.pop("updates") == 3
    assert Explanation.model_validate(found).as_dict() == found
    page = ns.write_report(Run.open(folder)).read_text("utf-8")
    assert "Why it is as good as it is" in page
    assert "lower mismatch.offset_V" in page


def test_a_damaged_explanation_is_told_in_one_line(tmp_path):
    ns.train(PROFILE, RECIPE, keep=tmp_path / "run")
    (tmp_path / "run" / "explanation.json").write_text('{"name": 3}')
    said = one_line(run("report", tmp_path / "run"))
    assert "explanation.json" in said
    assert "make it again with `neurosim explain" in said


def test_help_fits_a_terminal():
    lines = run("explain", "--help").output.splitlines()
    assert max(map(len, lines)) <= 80
    assert "what to change and what that buys" in " ".join(lines)


def test_what_is_no_run_or_not_trained_is_told_in_one_line(tmp_path, monkeypatch):
    assert "must be a run folder with profile.yaml" in one_line(run("explain", tmp_path / "none"))
    stopped_after(0, tmp_path / "run", monkeypatch)
    said = one_line(run("explain", tmp_path / "run"))
    assert "must be a trained chip, but none of its 3 updates is done" in said
    assert "is not in the range" in run("explain", tmp_path / "run", "--rows", 1).output


def test_a_stopped_run_says_so(tmp_path, monkeypatch):
    stopped_after(2, tmp_path / "run", monkeypatch)
    result = run("explain", tmp_path / "run", "--rows", 4, "--json")
    assert result.exit_code == 0, result.output
    (note,) = json.loads(result.stdout)["notes"]
    assert note.startswith("Only 2 of 3 updates are done; go on with `neurosim train --resume")


def stopped_after(n, place, monkeypatch):
    """A run whose first checkpoint, or that of so many updates, is its last."""

    def progress(row, total):
        if row.update == max(n, 1):
            if not n:
                monkeypatch.setattr(Run, "save", lambda *_: None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ns.train(PROFILE, RECIPE, keep=place, progress=progress)
    monkeypatch.undo()


def test_stopped_it_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    ns.train(PROFILE, RECIPE, keep=tmp_path / "run")

    def stopped(trained, *, rows, progress):
        progress(1, 40)
        raise KeyboardInterrupt

    monkeypatch.setattr("neurosim.runs.explain", stopped)
    result = run("explain", tmp_path / "run", "--rows", 8)
    assert result.exit_code == 130
    assert (
        "neurosim: stopped; not every cause was tried, and nothing was written; fewer --rows take "
        "less time." in " ".join(result.stderr.split())
    )
    assert result.stderr.count("stopped") == 1
    assert not (tmp_path / "run" / "explanation.json").exists()


@pytest.mark.parametrize(("n", "told"), [(1, ["beta"]), (3, ["amplifier offset", "beta"])])
def test_stopped_it_prints_what_was_switched_off_by_then(tmp_path, monkeypatch, n, told):
    """Beta and the settling time come first of all that is tried."""
    ns.train(PROFILE, RECIPE, keep=tmp_path / "run")

    def stop(bar, done, total, **_):
        if done == n:
            raise KeyboardInterrupt

    monkeypatch.setattr("neurosim.cli.bar.Bar.__call__", stop)
    result = run("explain", tmp_path / "run", "--rows", 4)
    assert result.exit_code == 130
    assert result.stderr.count("stopped") == 1
    text = " ".join(result.stdout.split())
    assert "It was stopped, so that this is incomplete" in text
    assert "So far, without it" in text
    for cause in told:
        assert any(line.startswith(cause) for line in result.stdout.splitlines())
    assert "Looked at" not in text
    assert not (tmp_path / "run" / "explanation.json").exists()
    assert run("explain", tmp_path / "run", "--rows", 4, "--json").stdout == ""
