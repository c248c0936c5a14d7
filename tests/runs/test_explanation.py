"""What is found is said in 78 columns, and read back from JSON as it was."""

import json

import pytest

from neurosim.runs import Explanation, Finding
from neurosim.runs.findings import STOPPED

DAC = Finding(
    cause="DAC bits",
    measured="a nudge moves its target by 1.3 mV, 0.13 steps of the DAC (below 0.5 it is lost)",
    advice="raise dac.bits, or flow.beta",
    weight=0.5,
    cosine=0.9,
    error=0.2,
    quality=0.51,
)
RANGE = Finding(cause="weight range", measured="at an end", advice="widen", weight=0.02, error=0.2)
FOUND = Explanation(
    name="runs/mine", chip="cmos", drawn="samples", first=[DAC], others=[RANGE],
    fine=["drift", "ADC bits"] * 9, notes=["Only 2 of 9 updates are done."], cosine=0.4, error=0.2,
    cosine_ideal=0.99, error_ideal=0.05, quality_name="flow loss", quality=0.53, quality_ideal=0.5,
)  # fmt: skip


def test_lines_fit_a_terminal_and_say_what_matters_first():
    lines = FOUND.lines()
    assert max(map(len, lines)) <= 78
    text = " ".join(" ".join(lines).split())
    assert text.startswith("runs/mine on cmos. Its gradient has a cosine of 0.40 to the exact one")
    assert "Only 2 of 9 updates are done." in text
    assert text.index("1. DAC bits A nudge moves") < text.index("What costs less")
    assert text.index("What costs less") < text.index(
        "Looked at, and costing next to nothing: drift, ADC bits"
    )
    assert str(FOUND) == "\n".join(lines)
    assert repr(FOUND) == "Explanation('runs/mine': DAC bits)"


def test_what_a_cause_would_buy_leaves_out_what_stays_as_it_is():
    assert FOUND.bought(DAC) == "cosine from 0.40 to 0.90, flow loss from 0.53 to 0.51"
    worse = DAC.model_copy(update={"error": 0.1, "quality": None})
    assert FOUND.bought(worse) == "cosine from 0.40 to 0.90, samples off from 20% to 10%"


def test_a_cause_that_changes_no_digit_by_itself_is_said_to():
    same = DAC.model_copy(update={"cosine": 0.401, "error": 0.2, "quality": 0.53})
    said = "by itself it changes none of these figures in the digits that are shown"
    assert FOUND.bought(same) == FOUND.bought(RANGE) == said
    nothing = same.model_copy(update={"cosine": None, "error": None, "quality": None})
    assert not FOUND.bought(nothing)


def test_a_share_says_of_how_many_rows_it_is_and_that_their_noise_is_another():
    share = FOUND.model_copy(update={"quality_name": "test accuracy", "quality_rows": 297})
    said = "The test accuracy, of 297 rows by a draw of noise of their own, is 0.53 (on the ideal"
    assert said in share.headline()
    assert "rows" not in FOUND.headline()


def test_what_makes_everything_worse_is_said_to():
    harm = DAC.model_copy(update={"cosine": 0.3, "error": 0.25, "quality": 0.6})
    assert FOUND.bought(harm) == (
        "cosine from 0.40 to 0.30, samples off from 20% to 25%, flow loss from 0.53 to 0.6, which "
        "is worse: by itself it buys nothing, so mend the other causes first"
    )
    mixed = harm.model_copy(update={"quality": 0.5})
    assert "worse" not in FOUND.bought(mixed)
    right = FOUND.model_copy(update={"quality_name": "test accuracy"})
    assert "worse" not in right.bought(harm)
    alone = FOUND.model_copy(update={"others": []})
    assert alone.bought(harm).endswith("which is worse: by itself it buys nothing")
    # A change within the noise of the figure is told, and neither better nor worse.
    within = DAC.model_copy(update={"cosine": None, "error": None, "quality": 0.54})
    assert FOUND.bought(within) == "flow loss from 0.53 to 0.54"


def test_what_costs_as_much_as_a_first_cause_has_its_advice_too():
    heavy = RANGE.model_copy(update={"weight": DAC.weight})
    text = " ".join(str(FOUND.model_copy(update={"others": [heavy]})).split())
    assert "What else costs, without it" in text
    assert "Weight range, which costs as much: to do: widen." in text
    assert "to do: widen" not in " ".join(str(FOUND).split())


def test_velocities_that_are_read_have_a_column_where_something_else_is_drawn():
    range_ = RANGE.model_copy(update={"velocity": 0.125})
    found = FOUND.model_copy(update={"velocity": 0.5, "others": [range_]})
    head, line = (
        next(line for line in found.lines() if line.startswith(begin))
        for begin in ("What costs less", "weight range")
    )
    assert head.endswith("samples velocities")
    assert line.endswith("12.5%")
    assert len(head) == len(line)
    assert "velocities off from 50% to 12%" in found.bought(range_)
    assert "velocities" not in str(FOUND)


def test_it_comes_back_from_json():
    assert Explanation.model_validate_json(json.dumps(FOUND.as_dict())) == FOUND
    assert FOUND.places()[:3] == ["DAC bits", "weight range", "drift"]


def test_where_nothing_stands_out_the_costliest_are_listed_with_what_they_cost():
    small = [DAC.model_copy(update={"cause": c, "cosine": 0.404}) for c in ("a", "b")]
    lines = FOUND.model_copy(update={"first": [], "others": small, "fine": []}).lines()
    text = " ".join(" ".join(lines).split())
    assert "or as much else. The costliest are below, each small by itself." in text
    assert "The costliest, without it cosine samples (as it is) 0.400 20.0% a 0.404 20.0%" in text
    assert "No cause by itself saves half of what the flow loss loses to the ideal chip" in text


WEIGHTS = RANGE.model_copy(update={"error": None, "weight": 0.6})


def test_what_kept_the_training_back_is_not_cleared_by_the_verdict():
    """Nobody switched off the range of the weights, but both chips hold what it left."""
    changes = {"quality": 0.5, "cosine": 0.97, "first": [WEIGHTS, DAC]}
    said = FOUND.model_copy(update=changes).verdict()
    assert said.endswith(
        "is no better: what was learned sets it. Of all that was looked at, the weight range stood "
        "most in its way."
    )
    between = FOUND.model_copy(update=changes | {"cosine": 0.8}).verdict()
    assert between == said
    second = FOUND.model_copy(update=changes | {"first": [DAC, WEIGHTS]}).verdict()
    assert "not the chip that holds it" in second
    # When samples stop has no part in what was learned.
    stopped = WEIGHTS.model_copy(update={"cause": STOPPED})
    third = FOUND.model_copy(update=changes | {"first": [stopped, WEIGHTS]}).verdict()
    assert "stood most in its way" not in third
    ideal = {"cosine": 0.99, "error": 0.05, "quality": 0.5, "first": [WEIGHTS]}
    assert FOUND.model_copy(update=ideal).verdict() == (
        "What was learned sets the flow loss. Of all that was looked at, the weight range stood "
        "most in its way."
    )


def test_what_a_trial_measured_is_told_in_its_own_words():
    said = "after 12 more updates the loss is 0.5, and 0.4 with twice the range"
    tried = WEIGHTS.model_copy(update={"bought": said})
    assert FOUND.bought(tried) == said
    assert FOUND.bought(WEIGHTS) == ""


@pytest.mark.parametrize("first", [[], [DAC]])
def test_where_nothing_was_measured_or_found_it_says_so(first):
    bare = Explanation(name="r", chip="c", drawn="samples", first=first)
    assert "nothing was measured" in str(bare)
    assert ("Nothing stands out" in str(bare)) == (not first)


@pytest.mark.parametrize(
    ("name", "figure", "ideal", "without", "said"),
    [
        ("flow loss", 1.04, 0.71, 1.03, "The first cause by itself saves less than half"),
        ("flow loss", 1.04, 0.71, 0.80, ""),
        ("flow loss", 31.0, 242.0, 30.0, "what was learned sets it"),
        ("test accuracy", 0.07, 0.07, 0.07, "what was learned sets it"),
        ("test accuracy", 0.955, 0.995, 0.96, "The first cause by itself saves less than half"),
        ("test accuracy", 0.985, 0.995, 0.99, ""),
        ("test accuracy", 0.60, 0.97, 0.65, "The first cause by itself saves less than half"),
        ("test accuracy", 0.60, 0.97, 0.90, ""),
        ("test explained variance", 0.020, 0.025, 0.02, "what was learned sets it"),
        ("test explained variance", 0.6, 0.7, 0.6, "The first cause by itself saves less"),
        ("test explained variance", 0.99, 0.999, 0.99, "The first cause by itself saves less"),
    ],
)
def test_it_says_whether_hardware_sets_the_figure_and_a_cause_accounts_for_it(
    name, figure, ideal, without, said
):
    cause = DAC.model_copy(update={"quality": without})
    changes = {"quality_name": name, "quality": figure, "quality_ideal": ideal, "first": [cause]}
    changes |= {"cosine": 0.95, "quality_rows": 360 if "accuracy" in name else None}
    found = FOUND.model_copy(update=changes)
    assert said in found.verdict()
    assert bool(found.verdict()) == bool(said)
    assert " ".join(found.verdict().split()) in " ".join(str(found).split())


@pytest.mark.parametrize(("rows", "is_gap"), [(None, True), (100_000, True), (360, False)])
def test_a_gap_within_the_standard_error_of_the_rows_is_none(rows, is_gap):
    """Of 360 rows 0.98 has one of 0.0074, of 100 000 rows 0.00044; 5 % of the wrong are 0.0008."""
    changes = {"cosine": 0.95, "quality_name": "test accuracy", "quality_rows": rows}
    changes |= {"quality": 0.98, "quality_ideal": 0.984, "first": []}
    found = FOUND.model_copy(update=changes)
    assert ("no better" not in found.verdict()) == is_gap


def test_a_chip_whose_gradient_is_spoilt_is_not_cleared_of_what_was_learned():
    changes = {"quality_name": "test accuracy", "quality": 0.46, "quality_ideal": 0.46}
    spoilt = FOUND.model_copy(update=changes).verdict()
    assert "not the chip" not in spoilt
    assert "the chip has spoilt what was learned" in spoilt
    assert "a cosine of 0.40 where the ideal chip's has 0.99" in spoilt
    between = FOUND.model_copy(update=changes | {"cosine": 0.8}).verdict()
    assert "network, or the chip's gradient, which has a cosine of 0.80 where" in between
    good = FOUND.model_copy(update=changes | {"cosine": 0.95}).verdict()
    assert "not the chip that holds it" in good


def test_a_figure_that_does_not_feel_a_cause_does_not_clear_the_chip_of_it():
    """The flow loss is of velocities, which the capacitor of a released node does not touch."""
    changes = {"quality_name": "flow loss", "quality": 0.94, "quality_ideal": 0.94, "cosine": 0.95}
    slow = DAC.model_copy(update={"cause": "C_x/C_h", "error": 0.1, "quality": 0.94})
    changes |= {"error": 0.42, "error_ideal": 0.42, "first": [slow]}
    found = FOUND.model_copy(update=changes)
    assert found.verdict().endswith("But the samples are 42% off, and 10% with cause 1 mended.")
    little = slow.model_copy(update={"error": 0.35})
    assert "not the chip that" in found.model_copy(update={"first": [little]}).verdict()


def test_a_setting_in_the_table_says_what_was_tried():
    beta = DAC.model_copy(update={"cause": "beta", "instead": "0.016"})
    assert "beta (0.016 instead)" in str(FOUND.model_copy(update={"others": [beta]}))


def test_weights_that_made_up_for_a_chip_do_not_clear_it():
    """A cell that leaks: the weights that it learned are worse without the leak."""
    changes = {"cosine": 0.98, "error": 0.55, "error_ideal": 0.0, "quality": 1.8}
    found = FOUND.model_copy(update=changes | {"quality_ideal": 16.2})
    assert "not the chip" not in found.verdict()
    assert "its samples are 55% off, the ideal chip's 0%. Mend that" in found.verdict()
    mended = DAC.model_copy(update={"cosine": 1.0, "error": 0.0, "quality": 12.7})
    assert found.bought(mended) == (
        "cosine from 0.98 to 1.00, samples off from 55% to 0%, flow loss from 1.8 to 12.7, for "
        "these weights have made up for it: train again without it"
    )


def test_figures_of_the_ideal_chip_are_said_to_be_its():
    text = " ".join(str(FOUND).split())
    assert "hardware (on the ideal chip: 5%). The flow loss is 0.53 (on the ideal chip with" in text
    assert "the same weights: 0.5)." in text


def test_a_cause_that_no_column_has_a_figure_of_is_told_in_words():
    long = Finding(
        cause="training length",
        measured="the loss fell from 2 to 1",
        advice="train on",
        weight=0.01,
    )
    lines = FOUND.model_copy(update={"others": [DAC, long]}).lines()
    assert "Training length: the loss fell from 2 to 1; to do: train on." in lines
    assert "training length" not in lines
    alone = FOUND.model_copy(update={"others": [long]}).lines()
    assert not any("What costs less" in line for line in alone)


def test_a_chip_that_is_ideal_is_not_held_against_an_ideal_one():
    changes = {"cosine": 0.99, "error": 0.05, "quality": 0.5, "first": [], "others": []}
    found = FOUND.model_copy(update=changes)
    text = " ".join(str(found).split())
    assert found.as_ideal
    assert "no imperfection of this chip takes anything away. The flow loss is 0.5." in text
    assert "ideal chip" not in text
    assert "without hardware" not in text
    assert "What was learned sets the flow loss (recipe, updates, network)." in text
    assert not FOUND.as_ideal
    slow = " ".join(str(found.model_copy(update={"first": [DAC]})).split())
    assert "takes anything away, only what is set of it. The flow loss is 0.5." in slow


def test_several_causes_that_save_little_are_said_to_be_several():
    little = DAC.model_copy(update={"quality": 1.03})
    changes = {"quality": 1.04, "quality_ideal": 0.71, "first": [little, little]}
    assert FOUND.model_copy(update=changes).verdict().startswith("None of the first causes by its")
