"""Labels of axes stand apart whatever the range, and say what is along them."""

import re
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from neurosim.report.figures import new_figure
from neurosim.report.floor_lines import draw_floors
from neurosim.report.knee_figure import knee_figure
from neurosim.report.sweep_figures import axis_figure, pareto_figure
from neurosim.report.ticks import label_decades, label_evenly
from neurosim.report.wording import named, unit_of
from neurosim.sweeps import Group
from neurosim.sweeps.knees import knees

DECADES = {"within 20 %": 1.2, "1.1 decades": 10**1.1, "2.5 decades": 10**2.5, "6 decades": 1e6}
BESIDE = {"half of the real": {"w2": 0.5}, "one Gaussian": {"w2": 4.2}}


def shown(axis):
    """Labels of an axis within its view, in order, and their boxes."""
    low, high = sorted(axis.get_view_interval())
    both = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
    labels = [label for at, label in both if low <= at <= high and label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    return [label.get_text() for label in labels], boxes


def check_apart(axes):
    """No label of an axis runs into the next, and two at least can be read."""
    for axis, ends in ((axes.xaxis, ("x0", "x1")), (axes.yaxis, ("y0", "y1"))):
        texts, boxes = shown(axis)
        assert len(set(texts)) == len(texts) >= 2, texts
        for left, right in pairwise(sorted(boxes, key=lambda box: getattr(box, ends[0]))):
            assert getattr(left, ends[1]) < getattr(right, ends[0]), texts
    texts = sorted((t.get_window_extent() for t in axes.texts if t.get_text()), key=lambda b: b.y0)
    assert all(low.y1 <= high.y0 or low.x1 < high.x0 for low, high in pairwise(texts))


def costing(costs, far=1.0):
    none = {"w2": 0.0}
    quality = np.geomspace(1.0, far, len(costs)) + 0.1 * np.arange(len(costs))
    return [
        Group((k,), {"w2": float(q), "sample_time_s": c, "sample_energy_J": c}, none, 1)
        for k, (c, q) in enumerate(zip(costs, quality, strict=True))
    ]


@pytest.mark.parametrize("start", [1e-9, 2.3e-9, 7.7e-7, 9.6e-5])
@pytest.mark.parametrize("span", DECADES.values(), ids=DECADES)
def test_labels_of_a_front_stand_apart_at_any_range(span, start):
    costs = np.geomspace(start, start * span, 5).tolist()
    for far in (1.0, 300.0):
        figure = pareto_figure(costing(costs, far), ["case"], "w2", floors=BESIDE)
        figure.canvas.draw()
        for axes, unit in zip(figure.axes, "sJ", strict=True):
            check_apart(axes)
            texts, _ = shown(axes.xaxis)
            assert all(re.fullmatch(rf"[\d.]+ [pnµm]?{unit}", text) for text in texts), texts


@pytest.mark.parametrize("span", DECADES.values(), ids=DECADES)
@pytest.mark.parametrize("path", ["deploy.node.capacitance_F", "experiment.learning_rate"])
def test_labels_over_a_setting_stand_apart_at_any_range(path, span):
    groups = [Group((x,), {"w2": 1.0 + x}, {"w2": 0.0}, 1)
              for x in np.geomspace(2.3e-12, 2.3e-12 * span, 6).tolist()]  # fmt: skip
    figure = axis_figure(groups, [path], path, ["w2"])
    figure.canvas.draw()
    texts, boxes = shown(figure.axes[0].xaxis)
    assert len(texts) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes)), texts
    assert all(text.endswith("F") for text in texts) == path.endswith("_F")


@pytest.mark.parametrize("size", [(1.6, 1.2), (5.4, 4.0)])
@pytest.mark.parametrize("make", [label_decades, label_evenly])
def test_a_small_axis_has_fewer_labels_and_they_stand_apart(make, size):
    figure = new_figure(size[1])
    figure.set_size_inches(size)
    axes = figure.subplots()
    if make is label_decades:
        axes.set(xscale="log", yscale="log")
    axes.plot([1.3e-7, 8.8e-5], [0.3, 41.0])
    make(axes.xaxis, "J")
    make(axes.yaxis, "")
    figure.canvas.draw()
    check_apart(axes)


def test_an_axis_says_what_is_along_it_in_words_and_its_path_in_small():
    groups = [Group((x,), {"w2": x}, {"w2": 0.0}, 1) for x in (0.001, 0.002)]
    path = "experiment.flow.beta"
    figure = axis_figure(groups, [path], path, ["w2"])
    figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.get_xlabel() == "strength of the nudge"
    [small] = [text for text in figure.findobj(Text) if text.get_text() == path]
    assert small.get_fontsize() < axes.xaxis.label.get_fontsize()
    assert small.get_window_extent().y1 <= axes.xaxis.label.get_window_extent().y0 + 1
    assert small.get_window_extent().y0 >= 0


@pytest.mark.parametrize(
    ("column", "words", "unit"),
    [
        ("sampling.settle_tau", "settling time", "tau"),
        ("deploy.thermal.temperature_K", "temperature", "K"),
        ("profile.adc.visible_range_V", "ADC visible range", "V"),
        ("experiment.learning_rate", "learning rate", ""),
        ("profile.mismatch.leak", "mismatch leak", ""),
        ("v1.2_V", "v1.2_V", ""),
        ("drawn", "drawn", ""),
    ],
)
def test_settings_have_names_and_units_by_their_path(column, words, unit):
    assert (named(column), unit_of(column)) == (words, unit)


def test_a_study_has_what_needs_no_chip_beside_each_of_its_panels():
    rows = [
        {"drawn": f"read, {tau} tau", "sample_tau": tau, "test_loss": 0.1 + 1 / tau, "error": "",
         "test_accuracy": 1 - 0.3 / tau, "sample_time_s": tau, "sample_energy_J": tau,
         "replica": k}
        for tau in (1, 3, 10, 30) for k in range(3)
    ]  # fmt: skip
    beside = {
        "back-propagation": {"test_accuracy": 0.97},
        "commonest class": {"test_accuracy": 0.1},
    }
    figure = knee_figure(rows, knees(rows, "drawn", "test_loss"), "test_loss", beside)
    figure.canvas.draw()
    loss, share = figure.axes
    assert not loss.texts
    assert [text.get_text() for text in share.texts] == [
        "commonest\nclass\n0.1 ↓",
        "back-propagation\n0.97",
    ]
    assert share.get_ylabel() == "test accuracy"
    drawn = [row | {"drawn": f"alone, C_x/C_h {row['sample_tau']}", "w2": row["test_loss"]}
             for row in rows]  # fmt: skip
    plain = [{k: v for k, v in row.items() if k[:4] != "test"} for row in drawn]
    figure = knee_figure(plain, knees(plain, "drawn", "w2"), "w2", BESIDE)
    figure.canvas.draw()
    [axes] = figure.axes
    assert [text.get_text().split("\n")[0] for text in axes.texts] == ["half", "one"]
    check_apart(axes)


def test_a_field_of_two_chips_is_told_apart_by_its_paths():
    columns = ["profile.adc.bits", "deploy.adc.bits", "sampling.settle_tau"]
    groups = [Group((a, b, t), {"w2": 1.0 + a + b}, {"w2": 0.0}, 1)
              for a in (4, 6) for b in (4, 8) for t in (1, 2)]  # fmt: skip
    figure = axis_figure(groups, columns, columns[2], ["w2"])
    [legend] = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert "deploy.adc.bits = 8, profile.adc.bits = 4" in said
    alone = [group._replace(settings=group.settings[::2]) for group in groups]
    figure = axis_figure(alone, columns[::2], columns[0], ["w2"])
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == ["settling time = 1 C/g", "settling time = 2 C/g"]


def test_half_of_the_real_images_gives_way_to_as_many_fresh_ones():
    axes = new_figure(3.0).subplots()
    axes.plot([1, 2], [0.4, 5])
    draw_floors(axes, BESIDE | {"fresh real images": {"w2": 0.7}}, "w2")
    assert [text.get_text() for text in axes.texts] == [
        "fresh\nreal images\n0.7",
        "one\nGaussian\n4.2",
    ]
    other = new_figure(3.0).subplots()
    other.plot([1, 2], [0.4, 5])
    draw_floors(other, BESIDE | {"fresh real images": {"coverage": 0.7}}, "w2")
    assert other.texts[0].get_text() == "half\nof the real\n0.5"
