"""How numbers of a file become pixels from -1 to 1."""

import json

import numpy as np
import pytest
from matplotlib.image import imsave

import neurosim as ns
from commands import one_line, run
from neurosim.data import load_dataset
from neurosim.data.scaling import GREY
from neurosim.errors import DataError


def stored(tmp_path, **arrays):
    path = tmp_path / "own.npz"
    np.savez(path, **arrays)
    return path


def test_grey_levels_are_spread_and_other_numbers_stay(tmp_path):
    grey = load_dataset(stored(tmp_path, images=np.array([[0, 51, 255]], np.uint8)))
    np.testing.assert_array_equal(grey.images, [[-1, -0.6, 1]])
    assert str(grey.scaling) == "0 to 255 scaled to -1 to 1"
    own = np.array([[-0.25, 0.5, 1 / 3]])
    plain = load_dataset(stored(tmp_path, images=own))
    np.testing.assert_array_equal(plain.images, own)
    assert str(plain.scaling) == "numbers as they are"


def test_from_the_smallest_to_the_largest_of_all_images(tmp_path):
    images, test = np.array([[0.0, 4.0], [1.0, 2.0]]), np.array([[8.0, 2.0]])
    found = load_dataset(stored(tmp_path, images=images, test_images=test), "minmax")
    np.testing.assert_array_equal(found.images, [[-1, 0], [-0.75, -0.5]])
    np.testing.assert_array_equal(found.test.images, [[1, -0.5]])
    np.testing.assert_allclose(found.scaling.undone(found.images), images)


def test_whole_numbers_of_few_levels_are_known_to_be_steps(tmp_path):
    path = stored(tmp_path, images=np.array([[0, 3], [16, 5]]))
    with pytest.raises(DataError, match="go to 16 only; take --scale minmax, or store floats"):
        load_dataset(path)
    assert load_dataset(path, "minmax").steps == 16


def test_numbers_stay_as_they_are_where_asked_for(tmp_path):
    path = stored(tmp_path, images=np.array([[0, 1], [1, 0]]))
    np.testing.assert_array_equal(load_dataset(path, "none").images, [[0, 1], [1, 0]])
    with pytest.raises(DataError, match=r"from -1 \(paper\) to 1 \(ink\), but they go from 0 to 9"):
        load_dataset(stored(tmp_path, images=np.array([[0, 9]])), "none")


def test_a_dark_picture_may_be_stretched(tmp_path):
    for name, levels in {"a": [[10, 20]], "b": [[15, 10]]}.items():
        colours = np.repeat(np.array(levels, np.uint8)[..., None], 3, axis=2)
        imsave(tmp_path / f"{name}.png", colours)
    np.testing.assert_allclose(load_dataset(tmp_path).images, GREY(np.array([[10, 20], [15, 10]])))
    np.testing.assert_array_equal(load_dataset(tmp_path, "minmax").images, [[-1, 1], [0, -1]])


def test_columns_of_a_table_have_a_scale_each_and_one_without_spread_is_zero(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n0,7,300\n5,7,400\n10,7,310\n")
    found = load_dataset(path, "minmax")
    np.testing.assert_allclose(found.images, [[-1, 0, -1], [0, 0, 1], [1, 0, -0.8]])
    np.testing.assert_allclose(found.scaling.undone(found.images[:, 2:], slice(2, 3))[:, 0],
                               [300, 400, 310])  # fmt: skip
    assert not load_dataset(path).scaling.changes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_dataset("digits", "minmax"), "scale must be auto for digits"),
        (lambda: load_dataset("digits", "half"), "give one of auto, minmax, none"),
        (lambda: ns.Experiment(scale="half"), "scale"),
    ],
)
def test_other_words_are_one_line(call, message):
    with pytest.raises(ns.NeurosimError, match=message):
        call()


@pytest.fixture
def table(tmp_path):
    """Answers of a line, in numbers far beyond what nodes reach."""
    x = np.random.default_rng(0).uniform(0, 50, (200, 2))
    rows = np.column_stack([x, 1000 + 30 * x[:, 0] - 10 * x[:, 1]])
    path = tmp_path / "line.csv"
    np.savetxt(path, rows, delimiter=",", header="p,q,r", comments="")
    return path, rows


@pytest.mark.slow
def test_a_table_is_learned_at_any_scale_and_answered_in_its_own_numbers(table, tmp_path):
    path, rows = table
    out, told = tmp_path / "run", tmp_path / "answers.csv"
    options = ("--layers", "2,16,1", "--updates", "60", "--batch", "32", "--out", out)
    first = ("train", "--profile", "ideal_hopfield", "--task", "regress", "--dataset", path)
    refused = run(*first, *options)
    assert refused.exit_code == 2
    assert "take --scale minmax" in refused.stderr
    made = run(*first, "--scale", "minmax", *options)
    assert made.exit_code == 0, made.output
    assert "scaled to -1 to 1 each" in made.stderr
    inputs = tmp_path / "inputs.csv"
    np.savetxt(inputs, rows[:50, :2], delimiter=",", header="p,q", comments="")
    assert run("predict", out, inputs, "--to", told).exit_code == 0
    said = np.loadtxt(told, delimiter=",", skiprows=1)[:, 1]
    right = rows[:50, 2]
    assert np.mean((said - right) ** 2) < 0.25 * right.var()
    swapped = tmp_path / "swapped.csv"
    np.savetxt(swapped, rows[:50, 1::-1], delimiter=",", header="q,p", comments="")
    again = tmp_path / "again.csv"
    done = run("predict", out, swapped, "--to", again)
    assert done.exit_code == 0
    assert "beyond" not in done.stderr
    assert again.read_text() == told.read_text()
    np.testing.assert_allclose(ns.predict(out, rows[:50, :2])[:, 0], said, rtol=1e-6)
    inputs.write_text("p,s\n1,2\n")
    assert "must have the columns that were learned from, p, q, but has p, s and no q" in one_line(
        run("predict", out, inputs, "--to", again)
    )
    inputs.write_text("p,q\n1000,2\n3,4\n")
    assert "but in 1 of 2 rows some lie beyond" in run("predict", out, inputs, "--to", again).stderr
    again = run("evaluate", out, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["test_explained"] > 0.75


def test_answers_that_are_all_alike_are_nothing_to_learn(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n0,5\n1,5\n2,5\n")
    words = ("--task", "regress", "--dataset", tmp_path / "t.csv", "--scale", "minmax")
    line = one_line(run("train", "--profile", "ideal_hopfield", *words, "--out", tmp_path / "run"))
    assert "Answers must differ for there to be something to learn" in line


def test_a_table_has_no_classes(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n0,5\n1,5\n2,6\n")
    words = ("--task", "classify", "--dataset", tmp_path / "t.csv", "--scale", "minmax")
    line = one_line(run("train", "--profile", "ideal_hopfield", *words, "--out", tmp_path / "run"))
    assert "give an .npz with arrays `images` and `labels`" in line


def test_as_many_classes_are_learned_as_a_file_has(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (40, 6))
    path = stored(tmp_path, images=images, labels=(images[:, 0] > 0).astype(int))
    words = (
        "--task",
        "classify",
        "--dataset",
        path,
        "--layers",
        "6,5,2",
        "--updates",
        "2",
        "--batch",
        "8",
    )
    out = tmp_path / "run"
    done = run("train", "--profile", "ideal_hopfield", *words, "--out", out)
    assert done.exit_code == 0, done.output
    assert ns.Run.open(out).experiment.task.classes == 2


def test_the_number_of_classes_that_an_experiment_states_stays(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (40, 6))
    path = stored(tmp_path, images=images, labels=(images[:, 0] > 0).astype(int))
    (tmp_path / "three.yaml").write_text(
        "task: {task: classify, classes: 3}\nbatch: 8\nupdates: 1\n"
    )
    words = ("--experiment", tmp_path / "three.yaml", "--task", "classify", "--dataset", path)
    out = ("--layers", "6,5,3", "--out", tmp_path / "run")
    line = one_line(run("train", "--profile", "ideal_hopfield", *words, *out))
    assert "Labels must be 0 to 2, as task.classes says" in line
