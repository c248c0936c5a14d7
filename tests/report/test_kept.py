"""What was found of a run is shown of the run as it stands, and of no earlier one."""

import json

import pytest

import neurosim as ns
from commands import run
from neurosim.blocks.records import dump_record
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.report import write_report
from neurosim.report.kept import kept_evaluation, kept_explanation
from neurosim.runs import Explanation, Finding, Run
from pages import Parsed

RECIPE = Experiment(updates=2, batch=8, flow={"settle_tau": 1.0})


@pytest.fixture
def out(tmp_path):
    """A run of two updates that was judged and explained."""
    out = tmp_path / "run"
    ns.train(load_profile("ideal_hopfield").with_value("layers", (64, 6, 5)), RECIPE, keep=out)
    assert run("evaluate", out, "-n", 20).exit_code == 0
    finding = Finding(cause="drift", measured="1 %", advice="refresh", weight=0.1)
    found = Explanation(name="run", chip="ideal_hopfield", drawn="samples", first=[finding])
    (out / "explanation.json").write_text(dump_record(found.as_dict() | {"updates": 2}))
    return out


def shown(out):
    return Parsed(write_report(out).read_text("utf-8")).text


def test_a_run_that_learned_on_shows_no_figure_of_before_and_says_why(out):
    before = shown(out)
    assert "feature Frechet" in before
    assert "To do: refresh" in before
    ns.resume(out, updates=4)
    after = shown(out)
    assert "feature Frechet" not in after
    assert "To do: refresh" not in after
    stale = "left out: it is of update 2, and the run has 4 updates now. Run `neurosim"
    assert f"Evaluation {stale} evaluate {out}` again." in after
    assert f"Explanation {stale} explain {out}` again." in after
    assert run("evaluate", out, "-n", 20).exit_code == 0
    assert "Evaluation left out" not in shown(out)
    assert "feature Frechet" in shown(out)


def test_each_command_writes_of_which_update_it_is(out):
    ns.resume(out, updates=3)
    for command, name in (("evaluate", "evaluation"), ("explain", "explanation")):
        few = ["-n", 20] if command == "evaluate" else ["--rows", 4]
        result = run(command, out, *few, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["updates"] == 3
        assert json.loads((out / f"{name}.json").read_text())["updates"] == 3


def test_an_older_file_is_taken_to_be_of_the_end_of_a_run_that_was_not_made_longer(out):
    for name in ("evaluation", "explanation"):
        file = out / f"{name}.json"
        told = json.loads(file.read_text())
        del told["updates"]
        file.write_text(json.dumps(told))
    assert all(kept(Run.open(out))[0] for kept in (kept_evaluation, kept_explanation))
    ns.resume(out, updates=4)
    for kept in (kept_evaluation, kept_explanation):
        found, why = kept(Run.open(out))
        assert found is None
        assert "made longer, and it does not say of which update it is" in why
