"""What is found is said in 78 columns, and read back from JSON as it was."""

import json

import pytest

from neurosim.runs import Explanation, Finding

DAC = Finding(
    cause="DAC bits",
    measured="a nudge moves its target by 1.3 mV, 0.13 steps of the DAC (below 0.5 it is lost)",
    advice="raise dac.bits, or flow.beta",
    weight=0.5,
    cosine=0.9,
    error=0.2,
    quality=0.51,
)
RANGE = Finding(cause="weight range", measured="at an end", advice="widen", weight=0.02)
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
    assert text.index("What costs less") < text.index("Looked at and fine: drift, ADC bits")
    assert str(FOUND) == "\n".join(lines)
    assert repr(FOUND) == "Explanation('runs/mine': DAC bits)"


def test_what_a_cause_would_buy_leaves_out_what_stays_as_it_is():
    assert FOUND.bought(DAC) == "cosine from 0.40 to 0.90, flow loss from 0.53 to 0.51"
    worse = DAC.model_copy(update={"error": 0.1, "quality": None})
    assert FOUND.bought(worse) == "cosine from 0.40 to 0.90, samples off from 20% to 10%"
    assert FOUND.bought(RANGE) == ""


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


@pytest.mark.parametrize("first", [[], [DAC]])
def test_where_nothing_was_measured_or_found_it_says_so(first):
    bare = Explanation(name="r", chip="c", drawn="samples", first=first)
    assert "nothing was measured" in str(bare)
    assert ("Nothing stands out" in str(bare)) == (not first)


@pytest.mark.parametrize(
    ("name", "figure", "ideal", "without", "said"),
    [
        ("flow loss", 1.04, 0.71, 1.03, "None of the first causes by itself saves half"),
        ("flow loss", 1.04, 0.71, 0.80, ""),
        ("flow loss", 31.0, 242.0, 30.0, "what was learned sets it"),
        ("test accuracy", 0.07, 0.07, 0.07, "what was learned sets it"),
        ("test accuracy", 0.60, 0.97, 0.65, "None of the first causes by itself saves half"),
        ("test accuracy", 0.60, 0.97, 0.90, ""),
        ("test explained variance", 0.020, 0.025, 0.02, "what was learned sets it"),
        ("test explained variance", 0.6, 0.7, 0.6, "None of the first causes by itself saves"),
    ],
)
def test_it_says_whether_hardware_sets_the_figure_and_a_cause_accounts_for_it(
    name, figure, ideal, without, said
):
    cause = DAC.model_copy(update={"quality": without})
    changes = {"quality_name": name, "quality": figure, "quality_ideal": ideal, "first": [cause]}
    found = FOUND.model_copy(update=changes)
    assert said in found.verdict()
    assert bool(found.verdict()) == bool(said)
    assert " ".join(found.verdict().split()) in " ".join(str(found).split())


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
