"""The command that says which imperfection hurts: its age, its column, and chips of any shape."""

import json

import pytest

from commands import one_line, run, train_only
from neurosim.blocks.files import dump_block
from neurosim.blocks.units import parse_duration
from neurosim.cli.conditions import conditions_of
from neurosim.profile import load_profile

FEW = ["--batch", 4, "--seeds", 2]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A profile of a shape for which no weights are shipped, with devices that drift."""
    folder = tmp_path_factory.mktemp("noise")

    def path_of(*layers):
        changes = {"layers": layers, "drift.shift_S": "-2 uS", "drift.spread_growth_S": "1 uS"}
        path = folder / f"{layers[0]}.yaml"
        path.write_text(dump_block(load_profile("rram_cmo_hfox").with_values(changes)))
        return path

    return path_of


@pytest.mark.slow
def test_an_own_shape_needs_no_weights_and_its_age_is_stated(own):
    result = run("profiles", "noise", own(30, 6, 5), *FEW, "--age", "1 day")
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[1]
    assert first.startswith("weights written 1 day ago; random weights: trained ones of 30-6-5 are")
    assert first.endswith("made-up images of 30 pixels")
    assert "by the cosine in column `held`, " in result.stdout.splitlines()[-1]


@pytest.mark.slow
def test_the_headline_is_the_best_of_the_column_that_it_names(own):
    words = ["profiles", "noise", own(16, 5, 4), *FEW, "--json"]
    found = json.loads(run(*words, "--age", "90 min").stdout)
    assert found["age_s"] == 5400
    held = {point["beta"]: point["gradient"]["cosine_held"] for point in found["betas"]}
    assert found["best_beta"] == max(held, key=held.get)


@pytest.mark.slow
def test_age_makes_a_difference_where_devices_drift(own):
    by_age = []
    for age in ("0 s", "1 week"):
        words = ["profiles", "noise", own(16, 5, 4), *FEW, "--json", "--age", age]
        found = json.loads(run(*words).stdout)
        drift = [row for row in found["sources"] if row["name"] == "drift"]
        by_age.append(drift[0]["gradient"]["cosine"])
    assert by_age[1] < by_age[0] - 0.01


@pytest.mark.slow
def test_digits_of_the_size_of_the_visible_layer_are_shown(own):
    found = json.loads(run("profiles", "noise", own(256, 5, 4), *FEW, "--json").stdout)
    assert found["shown"].endswith("images of digits16")


@pytest.mark.parametrize(
    ("text", "time_s"),
    [("1 day", 86400), ("2 days", 172800), ("0.5 h", 1800), ("3 hours", 10800), ("90min", 5400),
     ("1 week", 604800), ("1 year", 365.2425 * 86400), ("20 ms", 0.02), ("1e3 s", 1000)],
)  # fmt: skip
def test_times_longer_than_seconds_have_their_names(text, time_s):
    assert parse_duration(text) == pytest.approx(time_s, rel=1e-12)


@pytest.mark.parametrize("text", ["1 fortnight", "day", "1", "-1 day", "1 d ay", "1 M", "nan s"])
def test_what_is_no_time_is_one_line(text):
    assert "--age must be" in one_line(run("profiles", "noise", "ideal_hopfield", "--age", text))


SMALL = ["profiles", "noise", "ideal_hopfield", "--task", "classify", "--layers", "64,6,10", *FEW]


@pytest.mark.slow
def test_a_classifier_has_its_ledger_too():
    result = run(*SMALL, "--rule", "coupled")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ideal_hopfield: beta 0.2, 5 tau a phase")
    assert lines[1].endswith("classify digits by coupled")
    assert "the recipe has 0.2" in lines[-1]


@pytest.mark.slow
def test_a_run_says_what_it_has_learned_and_by_which_rule(tmp_path):
    out = tmp_path / "run"
    learned = ["--task", "classify", "--layers", "64,6,10", "--updates", 1, "--out", out]
    assert train_only(*learned, "--profile", "ideal_hopfield").exit_code == 0
    found = json.loads(
        run("profiles", "noise", "ideal_hopfield", "--weights", out, *FEW, "--json").stdout
    )
    assert found["shown"].endswith(f"weights of {out}; classify digits by gradep")
    assert found["sources"][0]["gradient"]["cosine"] > 0.99


@pytest.mark.parametrize(
    ("name", "flows"),
    [("ideal_hopfield", True), ("oim_ring_65nm", False), ("board_resistive", False)],
)
def test_without_a_task_it_is_the_one_that_the_machine_is_for(name, flows):
    given = dict.fromkeys(["task", "rule", "layers", "dataset", "scale"])
    conditions, shown = conditions_of(name, None, (4, 2, "0 s"), (), given)
    assert ("images of digits" in shown) == flows
    assert ("classify digits by gradep" in shown) != flows
    assert conditions.profile.layers[-1] == (128 if flows else 10)


def test_what_only_answers_have_is_refused_of_a_flow():
    line = one_line(run("profiles", "noise", "ideal_hopfield", "--rule", "coupled"))
    assert line.endswith(
        "--rule is of a task with answers, but a flow has none; give --task classify."
    )


def test_a_rule_that_needs_injectors_says_so():
    line = one_line(run(*SMALL, "--rule", "cross_entropy"))
    assert "must have injectors, as `injectors.layers` says" in line


@pytest.mark.slow
def test_words_about_noise_are_those_of_the_machine():
    words = ["--task", "flow", "--layers", "64,3", "--seeds", 2]
    result = run("profiles", "noise", "oim_ring_65nm", *FEW, *words)
    assert result.exit_code == 0, result.output
    assert " mrad" in result.stdout
    assert "uV" not in result.stdout
    assert "warning: On oscillators without a field, as" in result.stderr
    assert "phase diffusion" in result.stdout
    assert "thermal" not in result.stdout
    assert "amplifiers" not in result.stdout
