"""Tasks, rules and optimisers: those that ship and one's own."""

from __future__ import annotations

import numpy as np
import own_parts
import pytest
from own_parts import Complete, Doubled, Even, Signs

from commands import run as command
from neurosim.blocks.files import dump_block, parse_block
from neurosim.chip import Chip
from neurosim.data import Dataset, load_dataset
from neurosim.errors import DataError, ProfileError
from neurosim.host import Classify, Experiment, Flow, FlowSettings, Regress, Trainer
from neurosim.host.free import free_phase
from neurosim.host.phases import present
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained, evaluate, resume, sample, train
from neurosim.solvers import OperatingPoint

HELD = FlowSettings(stiffness=1.0, alpha=1.0, beta=0.2, settle_tau=10.0)
IDEAL = load_profile("ideal_hopfield")
LAST, BESIDE = {"layers": (64, 9, 10), "sources": (0, -1)}, {"layers": (74, 9)}
OWN = {"task": Even(), "rule": Doubled(), "optimizer": Signs()}


def recipe(**fields):
    return Experiment(**{"updates": 2, "batch": 32, "flow": HELD} | fields)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def losses(profile, experiment, data):
    return [update.flow_loss for update in Trainer(Chip(profile), experiment, data)]


@pytest.mark.slow
@pytest.mark.parametrize("beside", [False, True])
def test_a_classifier_learns_digits_that_it_has_not_seen(digits, beside):
    """In a fifth of the updates and a third of the nodes of a recipe that reaches 97 %."""
    answers = "beside" if beside else "last"
    layers = (74, 40) if beside else (64, 40, 10)
    chip = Chip(IDEAL.with_values({"layers": layers, "sources": (0,) if beside else (0, -1)}))
    how = recipe(
        task=Classify(answers=answers), updates=60, batch=64, learning_rate=5e-3, schedule="cosine"
    )
    updates = list(Trainer(chip, how, digits))
    # Chance is 0.1, with a standard error of 0.04 in a batch and of 0.02 in the test set.
    assert updates[-1].figures["accuracy"] > 0.5
    result, _ = evaluate(Trained(chip, how))
    # A fifth of 1,797.
    assert (result["n"], result["test_n"]) == (1437, 360)
    assert result["test_accuracy"] > 0.5
    assert result["spent"]["energy_J"] > 0


@pytest.mark.slow
def test_the_classifiers_gradient_is_that_of_squared_error_with_the_inputs_held():
    """Finite differences of the oracle's equilibrium, whose pixels a stiff spring holds."""
    profile = IDEAL.with_values({"layers": (5, 6)})
    chip, rng = (
        Chip(profile, engine=OperatingPoint(rtol=1e-9, atol=1e-12)),
        np.random.default_rng(0),
    )
    task = Classify(answers="beside", classes=2)
    inputs, answers = rng.uniform(-1, 1, (4, 3)), np.array([[1.0, -1.0]] * 2 + [[-1.0, 1.0]] * 2)
    batch = task.batch(inputs, answers)
    from neurosim.host import initial_weights

    weights = 2 * initial_weights(profile.network, 0.5, rng)
    flow = FlowSettings(stiffness=1.0, alpha=1.0, beta=0.01, settle_tau=100.0)
    held = np.arange(5) < 3
    chip.program(weights)
    shown = present(chip, batch.targets, batch.wanted, flow, held=held)

    def cost(vector):
        chip.program(weights.of_vector(vector, weights.coupling.shape))
        said = free_phase(chip, batch.targets, flow, held=held)[2][:, 3:]
        return 0.5 * np.sum((said - answers) ** 2, axis=1).mean()

    for k in rng.choice(weights.vector.size, 8, replace=False):
        step = np.zeros(weights.vector.size)
        step[k] = 1e-3
        slope = (cost(weights.vector + step) - cost(weights.vector - step)) / 2e-3
        # Held inputs have biases that change nothing; beta^2 = 1e-4 of the third derivative.
        if k < 30 or k >= 33:
            assert shown.gradient.vector[k] == pytest.approx(slope, rel=2e-3, abs=2e-4)


def test_answers_in_the_last_layer_and_beside_the_pixels_are_one_network(digits):
    """One hidden layer: the answers hang on the same couplings wherever their nodes are stored."""
    chips = [Chip(IDEAL.with_values(changes)) for changes in (LAST, BESIDE)]
    inputs, rng = digits.images[:7], np.random.default_rng(0)
    w0, w1, bias = (0.2 * rng.standard_normal(s) for s in ((9, 64), (10, 9), 9))
    from neurosim.network import Weights

    two, none = chips[0].data_sheet.layers, np.zeros(64)
    chips[0].program(Weights.from_layers(two, [w0, w1], [none, bias, np.zeros(10)]))
    one = chips[1].data_sheet.layers
    chips[1].program(Weights.from_layers(one, [np.hstack([w0, w1.T])], [np.zeros(74), bias]))
    flow = FlowSettings(stiffness=1.0, alpha=1.0, beta=0.2, settle_tau=100.0)
    said = Classify(answers="last").answer(chips[0], inputs, 10, flow)
    beside = Classify(answers="beside").answer(chips[1], inputs, 10, flow)
    # The answers of the last layer are saturated by its amplifiers, those beside by none.
    assert np.corrcoef(said.ravel(), beside.ravel())[0, 1] > 0.98


@pytest.mark.slow
def test_a_regression_learns_a_line():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 3))
    y = (x @ [0.5, -0.3, 0.2])[:, None]
    data = Dataset("line", np.hstack([x, y]))
    profile = IDEAL.with_values({"layers": (4, 12)})
    how = recipe(task=Regress(answers="beside"), updates=80, learning_rate=0.01, optimizer="adam")
    found = losses(profile, how, data)
    assert found[-1] < 0.1 * found[0]


@pytest.mark.parametrize("part", OWN)
def test_a_part_of_ones_own_trains_two_updates(digits, part):
    profile = IDEAL.with_values({"layers": (64, 9, 1), "sources": (0, -1)})
    plain = {"task": Even(), "rule": "gradep", "optimizer": "adam"}
    found = losses(profile, recipe(**plain | {part: OWN[part]}), digits)
    assert len(found) == 2
    assert np.isfinite(found).all()
    if part != "task":
        # The first loss is before any step; twice the gradient shows in a sum, not in a sign.
        assert found[0] == losses(profile, recipe(**plain), digits)[0]


def test_twice_the_gradient_has_twice_the_norm(digits):
    profile = IDEAL.with_values({"layers": (64, 9, 1), "sources": (0, -1)})
    norms = [
        next(iter(Trainer(Chip(profile), recipe(task=Even(), rule=rule), digits))).gradient_norm
        for rule in ("gradep", Doubled())
    ]
    assert norms[1] == pytest.approx(2 * norms[0])


@pytest.mark.slow
def test_everything_of_ones_own_trains_together_and_goes_on_to_the_same_bits(tmp_path, digits):
    parts = {
        "node.law": own_parts.Stiffening(), "node.amplifier": own_parts.Arctan(),
        "drift": own_parts.Halves(half_s=1.0), "settling": own_parts.Euler(),
        "readout": own_parts.Chopped(), "pattern": own_parts.Wired(),
        "layers": (64, 8, 6, 1), "sources": (0, -1),
    }  # fmt: skip
    profile, how = IDEAL.with_values(parts), recipe(**OWN, updates=3)
    whole = train(profile, how, tmp_path / "whole")

    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile, how, tmp_path / "cut", progress=stop)
    classes = [*map(type, parts.values()), *map(type, OWN.values())]
    classes = [cls for cls in classes if cls.__module__ == "own_parts"]
    again = resume(tmp_path / "cut", laws=classes)
    np.testing.assert_array_equal(whole.weights.vector, again.weights.vector)
    with pytest.raises(ProfileError, match=r"--laws FILE\.py"):
        Run.open(tmp_path / "cut")
    opened = Run.open(tmp_path / "cut", laws=classes)
    assert opened.experiment == how
    result, _ = evaluate(opened)
    assert np.isfinite(result["loss"])


def test_a_task_without_the_base_class_says_itself_how_it_is_judged(digits):
    profile = IDEAL.with_values({"layers": (64, 9)})
    chip, how = Chip(profile), recipe(task=Complete())
    updates = list(Trainer(chip, how, digits))
    assert updates[0].figures["worst"] > 0
    assert np.isnan(updates[0].flow_loss_by_t).all()
    result, _ = evaluate(Trained(chip, how))
    assert {"first_loss", "first_worst"} <= result.keys()


def test_the_task_of_a_file_is_its_word_and_a_flow_is_left_out():
    assert "task" not in dump_block(Experiment())
    assert "rule" not in dump_block(Experiment())
    for task in (Classify(), Classify(classes=3, answers="beside"), Regress(n_answers=2)):
        text = dump_block(Experiment(task=task))
        assert parse_block(text, Experiment, "x.yaml").task == task
    assert parse_block("{task: flow}", Experiment, "x.yaml").task == Flow()
    with pytest.raises(ProfileError, match="task: must be one of flow, classify, regress, but is"):
        parse_block("{task: clasify}", Experiment, "x.yaml")


@pytest.mark.parametrize(
    ("changes", "task", "said"),
    [
        ({"layers": (64, 9)}, Classify(), "must be 64 to 10 for 64 inputs and 10 answers, but are"),
        ({"layers": (64, 9, 10)}, Classify(), "The last layer must have sources, whose springs"),
        ({"layers": (64, 9)}, Classify(answers="beside"), "must be 74 to 9 for 64 inputs and 10"),
        (LAST, Classify(classes=8), "task.classes must be above every label .*, but is 8 and"),
    ],
)
def test_a_chip_that_cannot_answer_is_refused_in_one_line(digits, changes, task, said):
    with pytest.raises(DataError, match=said) as caught:
        Trainer(Chip(IDEAL.with_values(changes)), recipe(task=task), digits)
    assert "\n" not in str(caught.value)


def test_a_classifier_draws_no_samples_has_no_contrast_and_needs_a_data_set(digits):
    chip, how = Chip(IDEAL.with_values(LAST)), recipe(task=Classify())
    with pytest.raises(DataError, match="has learned the task classify"):
        sample(Trained(chip, how), 3)
    with pytest.raises(ProfileError, match="contrast: needs paths from noise to images"):
        recipe(task=Classify(), contrast={})
    with pytest.raises(DataError, match="needs a data set, inputs with what they should give"):
        Trainer(chip, how, digits.images)


@pytest.mark.slow
def test_the_command_line_trains_judges_and_reports_a_classifier(tmp_path):
    profile, file, out = IDEAL.with_values(LAST), tmp_path / "mine.yaml", tmp_path / "run"
    file.write_text(dump_block(profile))
    (tmp_path / "recipe.yaml").write_text(dump_block(recipe(task=Classify())))
    given = ["--profile", file, "--experiment", tmp_path / "recipe.yaml", "--out", out]
    result = command("train", *given)
    assert result.exit_code == 0, result.output
    assert "accuracy" in (out / "metrics.csv").read_text().splitlines()[0]
    assert "test accuracy" in command("evaluate", out).output
    assert command("report", out).exit_code == 0
    refused = command("sample", out, "-n", 2)
    assert refused.exit_code == 2
    assert len(refused.output.splitlines()) == 1
