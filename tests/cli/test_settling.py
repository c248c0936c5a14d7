"""From a chip to how long it must settle, by one command."""

import html
import json
import os
import re
import shlex
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from commands import one_line, run
from neurosim.analysis.imperfections import present
from neurosim.blocks.files import dump_block
from neurosim.cli.study import of_run
from neurosim.data import load_dataset
from neurosim.host import Classify, Experiment
from neurosim.profile import load_profile
from neurosim.runs import Trained
from neurosim.sweeps import SweepFolder, Workers, expand
from neurosim.sweeps.paying import budget_of, draws_of
from neurosim.sweeps.settling import (
    figure_of,
    plan_of,
    plan_of_answers,
    quiet,
    recipe_of,
)
from neurosim.sweeps.workers import at_once
from shipped import shipped
from trainings import train

MOONS = Experiment(dataset="moons")


@pytest.fixture
def tiny(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(dump_block(load_profile("cmos_rc_6bit").with_value("layers", (2, 6, 5))))
    return file


def test_a_budget_pays_for_updates_and_samples_in_proportion(tiny):
    profile = load_profile(tiny)
    short, long = (
        budget_of(profile, recipe_of(1, MOONS), s, seeds=2, workers=1) for s in (1e-3, 36000.0)
    )
    assert not short.enough
    assert short.least_s > 1e-3
    assert short.updates == 50
    assert short.samples == 200
    assert long.enough
    assert long.updates == 2000
    assert long.samples == 500


def test_what_is_left_of_the_updates_asked_for_pays_for_seeds(tiny):
    profile, recipe = load_profile(tiny), recipe_of(1, MOONS)
    rich = budget_of(profile, recipe, 36000.0, None, 1, most=60)
    assert (rich.seeds, rich.updates) == (12, 60)
    poor = budget_of(profile, recipe, 1e-3, None, 1, most=60)
    assert (poor.seeds, poor.enough, poor.affordable) == (4, False, 0)
    # Where nothing is asked for, seeds are at most eight and trainings get longer.
    assert budget_of(profile, recipe, 36000.0, None, 1)[:2] == (2000, 8)
    assert budget_of(profile, recipe, 36000.0, 3, 1, most=60)[:2] == (60, 3)


def test_updates_come_first_and_seeds_fill_rounds_of_the_workers(tiny, monkeypatch):
    """Updates of 1 s: 400 of them and 200 samples of 0.1 a seed, in 0.92 of the time."""
    monkeypatch.setattr("neurosim.sweeps.paying.at_once", lambda *_, **__: 1.0)
    monkeypatch.setattr("neurosim.sweeps.paying._judging_s", lambda _: 0.0)
    monkeypatch.setattr("neurosim.sweeps.paying._updates_per_sample", lambda *_: 0.1)
    profile, recipe = load_profile(tiny), recipe_of(1, MOONS)

    def paid_s(rounds, times=1.0):
        return times * rounds * (400 + 0.1 * 200) / 0.92 + 1e-6

    def paid(*how):
        return budget_of(profile, recipe, paid_s(*how), None, 2, most=400)

    assert [paid(n, 1.1).seeds for n in (1, 2, 3, 5, 6, 9)] == [4, 4, 6, 10, 12, 12]
    assert {paid(n, times).updates for n in (2, 3, 5, 6) for times in (1.0, 1.1)} == {400}
    # Where none are asked for, eight seeds must have 400 each.
    assert budget_of(profile, recipe, paid_s(4), None, 2)[:3] == (400, 8, 200)
    assert budget_of(profile, recipe, paid_s(4, 0.99), None, 2).seeds == 6
    # Fewer updates than were asked for are of the fewest seeds.
    short = paid(1)
    assert (short.seeds, short.samples) == (4, 200)
    assert short.updates == int((420 - 2 * 20) / 2)
    # A file that asks for few updates asks for no more of them.
    few = budget_of(profile, recipe, (4 * 20 + 4 * 20) / 2 / 0.92 + 1e-6, None, 2, most=20)
    assert (few.seeds, few.updates, few.enough) == (4, 20, True)
    none = budget_of(profile, recipe, 1.0, None, 2, most=20)
    assert (none.seeds, none.enough) == (4, False)
    # Time that is short of another round is spent on samples.
    assert (paid(2).samples, paid(2, 1.4).samples) == (200, 500)
    assert paid(3, 0.99).seeds == 4


def test_a_call_is_timed_in_all_workers_at_once(tmp_path):
    assert at_once(float, "3", workers=1) == 3.0
    assert at_once(_meets_another, tmp_path, workers=2) == 1.0


def _meets_another(folder):
    """1 where another process makes the same call meanwhile, 0 where none comes."""
    mine = folder / f"{os.getpid()}-{len(list(folder.glob(f'{os.getpid()}-*')))}"
    other, end_s = mine.name.partition("-")[2], time.monotonic() + 30
    mine.touch()
    while time.monotonic() < end_s:
        if len(list(folder.glob(f"*-{other}"))) > 1:
            return 1.0
        time.sleep(0.01)
    return 0.0


def test_a_budget_says_for_how_many_seeds_it_pays(tiny, monkeypatch):
    """An update of 1 s, no judgement: 50 updates and 200 samples a seed, over 0.92 of the time."""
    monkeypatch.setattr("neurosim.sweeps.paying._update_s", lambda *_: 1.0)
    monkeypatch.setattr("neurosim.sweeps.paying._judging_s", lambda _: 0.0)
    monkeypatch.setattr("neurosim.sweeps.paying._updates_per_sample", lambda *_: 0.04)
    profile, recipe = load_profile(tiny), recipe_of(1, MOONS)
    least = budget_of(profile, recipe, 1.0, 3, 1)
    assert least.least_s == pytest.approx(3 * (50 + 0.04 * 200) / 0.92)
    assert (least.enough, least.affordable) == (False, 0)
    # What it takes at the least is enough, with the fewest samples.
    enough = budget_of(profile, recipe, 1.001 * least.least_s, 3, 1)
    assert (enough.enough, enough.samples, enough.affordable) == (True, 200, 3)
    two = budget_of(profile, recipe, 0.7 * least.least_s, 3, 1)
    assert (two.enough, two.affordable) == (False, 2)


def test_digits_alone_are_judged_by_the_classifier_of_digits(tmp_path):
    np.save(tmp_path / "digits_of_mine.npy", np.random.default_rng(0).uniform(-1, 1, (9, 64)))
    assert figure_of(load_dataset("digits")) == "frechet_feature"
    assert figure_of(load_dataset(tmp_path / "digits_of_mine.npy")) == "w2"
    assert figure_of(replace(load_dataset("moons"), name="digits_of_mine.npy")) == "w2"


def test_the_plan_has_both_ways_of_drawing_and_a_training_a_seed(tiny):
    plan = plan_of(load_profile(tiny), str(tiny), recipe_of(60, MOONS), 200, 3, "w2")
    (axis,) = plan.axes
    assert plan.replicas == 3
    ways = [label.partition(",")[0] for label in axis.cases]
    assert ways == ["alone"] * 7 + ["stepped"] * 6 + ["noiseless"] * 5
    assert plan.measure[0] == "w2"


@shipped
def test_a_quiet_chip_is_what_it_was_without_noise_and_converters(name):
    profile = load_profile(name)
    changes = quiet(profile)
    without = profile.with_values({path.partition(".")[2]: x for path, x in changes.items()})
    left = {source.drawn for source in present(without)}
    assert left <= {"design", "fabrication", "write", "time", "store"}
    assert quiet(without) == {}
    assert without.mismatch == profile.mismatch
    assert without.write == profile.write


def test_an_ideal_chip_is_not_drawn_from_twice():
    plan = plan_of(load_profile("ideal_hopfield"), "ideal_hopfield", recipe_of(60), 200, 3, "w2")
    assert not any(label.startswith("noiseless") for label in plan.axes[0].cases)


@pytest.mark.slow
def test_one_command_answers_for_a_chip_of_ones_own(tiny, tmp_path, monkeypatch):
    out = tmp_path / "study"
    monkeypatch.setattr("neurosim.sweeps.paying._MOST", 60)
    monkeypatch.setattr("neurosim.sweeps.paying._SAMPLES", (60, 60))
    given = [tiny, "--dataset", "moons", "--budget", "50m", "--seeds", 1, "--workers", 1]
    result = run("settling", *given, "--out", out)
    assert result.exit_code == 0, result.output
    for said in (
        "cmos_rc_6bit alone needs",
        "; stepped by its host needs",
        "C/g a sample",
        "how long",
        "set to best",
        "slow",
    ):
        assert said in " ".join(result.output.split())
    table = [
        line for line in result.stdout.splitlines() if re.match(r"(drawn|alone|stepped) ", line)
    ]
    assert len(table) == 3
    assert max(map(len, table)) <= 80
    assert (out / "settling.png").exists()
    page = html.unescape((out / "report.html").read_text("utf-8"))
    assert page.index("cmos_rc_6bit alone needs") < page.index("Figures")
    # Nobody has a chip without noise: it stands in the table, and not on the front.
    front, table = page.split('id="front"')[1].split('id="table"')
    assert "noiseless, C_x/C_h" in table
    assert "noiseless, C_x/C_h" not in front
    assert "must be a new one where --seeds is given" in one_line(
        run("settling", tiny, "--out", out, "--resume", "--seeds", 3)
    )
    assert "With its own C_x/C_h of 30 a sample takes" in page
    way = re.search(r"by: neurosim (.*)", result.stdout)
    assert way is not None
    assert way[0] in page
    monkeypatch.chdir(tmp_path)
    exported = run(*shlex.split(way[1]))
    assert exported.exit_code == 0, exported.output
    assert (tmp_path / "weights.csv").exists()
    again = run("settling", tiny, "--out", out, "--resume", "--json")
    found = json.loads(again.stdout)
    assert found["knees"].keys() == {"alone", "noiseless", "stepped"}
    assert 0 < found["floor"] < found["knees"]["alone"]["best"]
    other = run("settling", "ideal_hopfield", "--out", out, "--resume")
    assert "as it was begun, of" in one_line(other)
    assert found["slowest_mode_tau"]["half"] <= found["slowest_mode_tau"]["twentieth"]


@pytest.mark.slow
def test_one_command_answers_for_a_chip_that_classifies(tmp_path, monkeypatch):
    out = tmp_path / "study"
    monkeypatch.setattr("neurosim.sweeps.paying._MOST", 60)
    profile = ["cmos_rc_6bit", "--task", "classify", "--layers", "64,12,10"]
    given = [*profile, "--budget", "20m", "--seeds", 1, "--workers", 1, "--out", out]
    result = run("settling", *given)
    assert result.exit_code == 0, result.output
    for said in (
        "cmos_rc_6bit asked once needs",
        "C/g an answer,",
        "Its test accuracy is 0.",
        "how long",
    ):
        assert said in " ".join(result.stdout.split())
    trained = next((out / "trained").glob("*/"))
    of_run = run("settling", trained, "--out", tmp_path / "of run", "--budget", "20m", "--json")
    found = json.loads(of_run.stdout)
    assert found["floor"] is None
    # Three time constants of a node, and of one behind another.
    assert 0.5 < found["knees"]["read"]["tau"] < 10
    assert found["knees"]["read"]["energy_J"] > 0
    assert found["knees"]["read"]["seeds"] == 1


def test_the_plan_of_a_chip_that_answers_reads_it_at_every_length(tmp_path):
    changes = {"layers": (64, 12, 10), "sources": (0, -1)}
    profile = load_profile("cmos_rc_6bit").with_values(changes)
    plan = plan_of_answers(profile, "cmos_rc_6bit", recipe_of(60, Experiment.suited(Classify())), 2)
    points = expand(plan)
    assert len(points) == 2 * 2 * 9
    without = [point for point in points if str(point.settings["drawn"]).startswith("noiseless")]
    assert len(without) == 2 * 9
    assert {point.deploy.thermal.temperature_K for point in without} == {None}
    assert {point.deploy.adc.bits for point in without} == {None}
    assert len({point.training.key for point in points}) == 2
    assert {point.training.profile.sources for point in points} == {(0, -1)}
    assert plan.measure == ("test_loss", "test_accuracy")
    read = [point.sampling.settle_tau for point in points if point not in without]
    assert read == sorted(read)
    assert "is a run" in one_line(run("settling", _a_run(tmp_path), "--task", "classify"))


def _a_run(folder):
    train(
        load_profile("ideal_hopfield").with_value("layers", (64, 4, 4)),
        Experiment(updates=1, batch=4),
        folder / "run",
    )
    return folder / "run"


def test_a_run_that_answers_is_asked_once(tmp_path):
    """The same chip gives the same examples the same answers, so that nothing scatters."""
    recipe = Experiment.suited(Classify()).with_values({"updates": 1, "batch": 4})
    profile = load_profile("cmos_rc_6bit").with_values({"layers": (64, 4, 10), "sources": (0, -1)})
    train(profile, recipe, tmp_path / "run")
    what = str(tmp_path / "run")
    assert "is a run that answers" in one_line(run("settling", what, "--seeds", 3))
    plan = of_run(what, Trained.of(Path(what)), 60.0, None, Workers(), ())
    assert plan.replicas == 1
    with pytest.warns(UserWarning, match="replicas: those of a run that answers are all alike"):
        SweepFolder.create(tmp_path / "sweep", plan.model_copy(update={"replicas": 2}))


def test_a_run_is_drawn_from_by_its_own_recipe_for_as_long_as_the_time_pays(tmp_path):
    """Classes on further nodes, which no default recipe has."""
    recipe = Experiment(updates=1, batch=4, labels={"classes": 10}, flow={"stiffness": 4.0})
    train(load_profile("ideal_hopfield").with_value("layers", (74, 4, 4)), recipe, tmp_path / "run")
    assert draws_of(tmp_path / "run", 1e-3, None, 1) == (4, 200)
    assert draws_of(tmp_path / "run", 36000.0, None, 1) == (8, 2000)
    assert draws_of(tmp_path / "run", 36000.0, 2, 1) == (2, 2000)


def test_mistakes_are_one_line(tmp_path):
    assert "must be one of" in one_line(run("settling", "nobody"))
    assert "is not a time" in run("settling", "ideal_hopfield", "--budget", "soon").output
    few = run("settling", "ideal_hopfield", "--budget", "1 s", "--out", tmp_path / "few")
    assert "at the least here; give --budget " in one_line(few)
    assert "must hold a study" in one_line(
        run("settling", "ideal_hopfield", "--out", tmp_path / "no", "--resume")
    )
