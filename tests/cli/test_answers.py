"""Chips that answer, by commands alone: train, evaluate, predict, report, validate, go on."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
from matplotlib.image import imsave

from commands import one_line, run, train_only
from neurosim.cli.lines import answer_lines
from neurosim.data import load_digits
from neurosim.runs import Run

CLASSIFY = ["--profile", "ideal_hopfield", "--task", "classify"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    out = tmp_path_factory.mktemp("classifier") / "run"
    result = train_only(*CLASSIFY, "--layers", "64,12,10", "--updates", 20, "--out", out)
    assert result.exit_code == 0, result.output
    assert "judge its answers with: neurosim evaluate" in result.output
    return out


def test_one_command_gives_the_profile_springs_and_the_recipe_what_suits(classifier):
    opened = Run.open(classifier)
    assert opened.profile.sources == (0, -1)
    assert opened.experiment.flow.beta == 0.2
    assert opened.experiment.schedule == "cosine"
    header = (classifier / "metrics.csv").read_text().splitlines()[0].split(",")
    assert "accuracy" in header


@pytest.mark.slow
def test_evaluate_as_json_has_what_a_benchmark_asks(classifier):
    result = json.loads(run("evaluate", classifier, "--json").stdout)
    names = {"accuracy", "test_accuracy", "test_accuracy_interval", "confusion", "loss"}
    assert names | {"energy_per_decision_J", "time_per_decision_s"} <= result.keys()
    page = run("report", classifier)
    assert page.exit_code == 0, page.output
    text = (classifier / "report.html").read_text()
    for shown in ("confusion.svg", "settling.svg", "nearest neighbour", "back-propagation"):
        assert shown in text


def test_evaluate_says_costs_with_their_units_behind_the_numbers(classifier):
    said = run("evaluate", classifier).stdout
    assert re.search(r"\nenergy of a decision [\d.]+ [munpf]?J; time of a decision \d+ ns\n", said)
    assert not re.search(r"[_ ](J|s) \d", said)
    free = answer_lines({"accuracy": 0.5, "energy_per_decision_J": 0.0})
    assert free[-1] == "energy of a decision not counted"


def test_answers_stand_in_a_table_beside_those_of_rivals_in_80_columns(classifier):
    head, chip, *rivals, interval, _ = run("evaluate", classifier).stdout.splitlines()
    assert head.split() == ["accuracy", "test", "accuracy", "loss", "test", "loss"]
    result = json.loads((classifier / "evaluation.json").read_text())
    named = ("accuracy", "test_accuracy", "loss", "test_loss")
    assert chip.split() == ["this", "chip", *(f"{result[name]:.4f}" for name in named)]
    assert [row.split()[0] for row in rivals] == [
        "back-propagation", "logistic", "nearest", "commonest",
    ]  # fmt: skip
    assert interval.startswith("95 % interval of the test accuracy: 0.")
    assert max(map(len, (head, chip, *rivals, interval))) <= 80


def test_samples_of_answers_are_refused_in_words(classifier):
    line = one_line(run("sample", classifier, "-n", 2))
    assert "has learned the task classify; judge its answers with evaluate." in line
    assert "(" not in line


def test_predictions_go_to_a_table(classifier, tmp_path):
    file = tmp_path / "answers.csv"
    assert run("predict", classifier, "digits", "--to", file).exit_code == 0
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1797
    answers = np.array([[float(row[f"answer_{k}"]) for k in range(10)] for row in rows])
    np.testing.assert_array_equal([int(row["class"]) for row in rows], answers.argmax(axis=1))
    assert "must end in .csv" in one_line(run("predict", classifier, "digits", "--to", "x.npz"))


def test_a_classifier_is_gone_on_with_by_the_command_that_began_it(classifier):
    again = [*CLASSIFY, "--layers", "64,12,10", "--updates", 20, "--out", classifier, "--resume"]
    assert train_only(*again).exit_code == 0
    other = ["--task", "regress", "--out", classifier, "--resume"]
    assert "but task differs" in one_line(run("train", *other))


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_ngspice_agrees_about_a_classifier_to_a_millionth_of_a_unit(classifier):
    found = json.loads(run("validate", classifier, "--spice", "--json").stdout)
    assert found["operating_point_max_diff_V"] < 1e-6 * found["unit_V"]


@pytest.mark.slow
def test_a_table_of_numbers_trains_a_regression(tmp_path):
    rng, file = np.random.default_rng(0), tmp_path / "line.csv"
    x = rng.uniform(-1, 1, (80, 3))
    rows = np.column_stack([x, x @ [0.5, -0.3, 0.2]])
    np.savetxt(file, rows, delimiter=",", header="a,b,c,y", comments="")
    given = ["--profile", "ideal_hopfield", "--task", "regress", "--dataset", file]
    given += ["--layers", "3,12,1", "--updates", 60, "--out", tmp_path / "run"]
    result = train_only(*given)
    assert result.exit_code == 0, result.output
    found = json.loads(run("evaluate", tmp_path / "run", "--json").stdout)
    assert found["test_explained"] > 0.8
    assert found["test_n"] == 16
    assert run("predict", tmp_path / "run", file, "--to", tmp_path / "y.csv").exit_code == 0
    header = (tmp_path / "y.csv").read_text().splitlines()[0]
    assert header == "row,y"
    np.savetxt(file, 3 * rows, delimiter=",", header="a,b,c,y", comments="")
    given[-1] = tmp_path / "other"
    assert "Answers must lie from -1 to 1" in one_line(run("train", *given))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--layers", "64,12,9"], "must be 64 to 10 for 64 inputs and 10 answers"),
        ([], "give --layers 64,128,10"),
        (
            ["--profile", "ideal_resistive", "--layers", "64,12,10"],
            "must be 128 to 10 for 64 inputs on 128 nodes and 10 answers (each input and its "
            "negative, as `inputs: doubled` asks), but are 64 to 10; give --layers 128,12,10",
        ),
        (["--layers", "64,12,10", "--task", "clasify"], "'clasify' is not one of 'flow'"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(tmp_path, changes, said):
    result = run("train", *CLASSIFY, *changes, "--out", tmp_path / "run")
    assert said in one_line(result)
    assert not (tmp_path / "run").exists()


def test_a_recipe_whose_profile_has_no_springs_at_the_answers_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_text("{task: classify, updates: 1}\n")
    given = ["--profile", "ideal_hopfield", "--layers", "64,12,10", "--out", tmp_path / "run"]
    result = run("train", *given, "--experiment", tmp_path / "mine.yaml")
    assert "state `sources: [0, -1]` in the profile" in one_line(result)


def regressed(folder, header, answer):
    """A run that has learned the last column of a table, and the table."""
    rows = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    lines = [f"{a:.6f},{b:.6f},{answer(a, b):.6f}" for a, b in rows]
    table = folder / "table.csv"
    table.write_text("\n".join([header, *lines]) + "\n")
    given = ["--profile", "ideal_hopfield", "--task", "regress", "--scale", "minmax"]
    small = ["--layers", "2,5,1", "--updates", 2, "--batch", 8, "--dataset", table]
    result = train_only(*given, *small, "--out", folder / "run")
    assert result.exit_code == 0, result.output
    return folder / "run", table, result


def test_predicted_columns_have_the_names_that_were_learned(tmp_path):
    out, table, _ = regressed(tmp_path, 'a,b,"speed, m/s"', lambda a, b: 3 * a + b)
    answers = tmp_path / "answers.csv"
    assert run("predict", out, table, "--to", answers).exit_code == 0
    with answers.open() as stream:
        assert next(csv.reader(stream)) == ["row", "speed, m/s"]


def test_predicted_classes_have_the_names_of_the_folders_that_were_learned(tmp_path):
    images, classes = load_digits()
    for k, name in enumerate(["a, b", "class", "zero"]):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for n, image in enumerate(images[classes == k][:8]):
            levels = np.repeat((image.reshape(8, 8, 1) + 1) / 2, 3, axis=2)
            imsave(tmp_path / "pictures" / name / f"{n}.png", levels)
    given = ["--profile", "ideal_hopfield", "--task", "classify", "--layers", "64,5,3"]
    small = ["--updates", 1, "--batch", 8, "--settle-tau", 1, "--dataset", tmp_path / "pictures"]
    assert train_only(*given, *small, "--out", tmp_path / "run").exit_code == 0
    answers = tmp_path / "answers.csv"
    assert run("predict", tmp_path / "run", "digits", "--to", answers).exit_code == 0
    with answers.open() as stream:
        head, *rows = csv.reader(stream)
    assert head == ["row", "class", "a, b", "answer_1", "zero"]
    said = np.array([[float(value) for value in row[2:]] for row in rows])
    names = np.array(["a, b", "class", "zero"])
    assert [row[1] for row in rows] == list(names[said.argmax(axis=1)])


def test_a_loss_of_scaled_answers_says_so_and_is_given_in_their_own_numbers(tmp_path):
    out, table, trained = regressed(tmp_path, "a,b,y", lambda a, b: 30 + 10 * a * b)
    assert " updates, loss of answers scaled to -1 to 1 " in trained.stdout
    said = run("evaluate", out).stdout.splitlines()
    assert "losses are mean squares of answers scaled to -1 to 1" in said
    result = json.loads(run("evaluate", out, "--json").stdout)
    answers = np.loadtxt(table, delimiter=",", skiprows=1)[:, 2]
    error = np.sqrt(result["test_loss"]) * np.ptp(answers) / 2
    assert f"root of the test loss in the numbers of y: {error:.4g}" in said
    plain = run("evaluate", out, "--json").stdout
    assert "scaled" not in plain
