"""What is drawn, read back from the axes; no picture is compared with a stored one."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from neurosim.chip.oscilloscope import Trace
from neurosim.errors import DataError
from neurosim.network import Layers
from neurosim.report.figures import (
    class_figure,
    figure_png,
    figure_svg,
    sample_figure,
)
from neurosim.report.losses import loss_figure
from neurosim.report.waveforms import waveform_figure

TAU_s, UNIT_V = 1e-7, 0.1
NAMES = {
    1: ["free"],
    2: ["free", "+β"],
    3: ["free", "+β", "\u2212β"],
    4: ["free", "+β", "free again", "\u2212β"],
}


def metrics(n=300, seed=0):
    rng = np.random.default_rng(seed)
    update = np.arange(1.0, n + 1)
    loss = 0.3 + 2.4 * np.exp(-update / 40)
    bins = {f"flow_loss_{k}": loss * (0.5 + 0.3 * k) for k in range(5)}
    for column in bins.values():
        column[rng.random(n) < 0.2] = np.nan
    return {"update": update, "flow_loss": loss, "gradient_norm": 1 / update} | bins


def trace(phases=3, sizes=(6, 30, 5), step_V=1e-4):
    """Every node ends phase k at its free value plus 0, +step, -step (0 where free again)."""
    layers = Layers(sizes)
    free_V = np.linspace(-0.09, 0.09, layers.n_nodes)
    ramp = np.linspace(0, 1, 9)[:, None] ** 2
    steps = {"free": 0.0, "free again": 0.0, "+β": step_V, "\u2212β": -step_V}
    time_s, output_V, start_V = [], [], 0 * free_V
    for k, name in enumerate(NAMES[phases]):
        start_V = 0 * free_V if name == "free again" else start_V
        end_V = free_V + steps[name]
        time_s.append((k + ramp[:, 0]) * 20 * TAU_s)
        output_V.append(start_V + (end_V - start_V) * ramp)
        start_V = free_V
    ends_s = tuple(20 * TAU_s * (k + 1) for k in range(phases))
    return Trace(layers, np.concatenate(time_s), np.concatenate(output_V), ends_s)


def curves(axes):
    """Lines with more than the two points of a level."""
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def test_loss_is_drawn_raw_and_smoothed_above_five_bins_of_t():
    total, bins = loss_figure(metrics()).axes
    assert len(total.lines) == 2
    assert len(bins.lines) == 5
    raw, smooth = total.lines
    np.testing.assert_array_equal(raw.get_ydata(), metrics()["flow_loss"])
    assert smooth.get_linewidth() > raw.get_linewidth()
    labels = [text.get_text() for text in bins.get_legend().get_texts()]
    assert labels[0] == "0.0 to 0.2"
    assert labels[-1] == "0.8 to 1.0"
    assert bins.get_xlabel() == "updates"


def test_limits_of_the_loss_contain_all_data():
    data = metrics()
    for axes in loss_figure(data).axes:
        low, high = axes.get_ylim()
        drawn = np.concatenate([line.get_ydata() for line in axes.lines])
        assert low < np.nanmin(drawn)
        assert np.nanmax(drawn) < high
        assert axes.get_xlim()[0] <= 1
        assert axes.get_xlim()[1] >= 300


def test_nan_in_a_bin_neither_spreads_nor_moves_its_mean():
    data = metrics()
    data["flow_loss_2"] = np.where(np.arange(300) % 3 == 0, np.nan, 1.5)
    data["flow_loss_4"][:] = np.nan
    bins = loss_figure(data).axes[1]
    full, empty = bins.lines[2].get_ydata(), bins.lines[4].get_ydata()
    np.testing.assert_allclose(full, 1.5, rtol=1e-12)
    assert np.isnan(empty).all()
    assert figure_png(loss_figure(data))


def test_running_mean_of_a_line_is_the_line_away_from_its_ends():
    data = metrics()
    data["flow_loss"] = 5.0 + data["update"]
    smooth = loss_figure(data).axes[0].lines[1]
    x, y = smooth.get_data()
    # Half a window is 3 of 300 updates.
    np.testing.assert_allclose(y[4:-4], 5.0 + x[4:-4], rtol=1e-12)


@pytest.mark.parametrize(("factor", "scale"), [(1.0, "log"), (0.05, "linear")])
def test_scale_is_logarithmic_only_where_the_loss_falls_far(factor, scale):
    data = metrics()
    data["flow_loss"] = 0.3 + factor * (data["flow_loss"] - 0.3)
    assert loss_figure(data).axes[0].get_yscale() == scale


@pytest.mark.every(3)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_run_of_a_few_updates_is_visible(n):
    fig = loss_figure(metrics(n))
    assert fig.axes[0].lines[0].get_marker() == "."
    assert figure_png(fig)


def test_samples_are_tiles_of_a_sheet_clipped_to_the_range():
    samples = np.random.default_rng(0).normal(0, 2, (150, 64))
    image = sample_figure(samples).axes[0].images[0]
    sheet = np.asarray(image.get_array().filled(np.nan))
    assert sheet.shape == (5 * 9 - 1, 20 * 9 - 1)
    np.testing.assert_array_equal(sheet[9:17, 18:26], np.clip(samples[22], -1, 1).reshape(8, 8))
    assert np.isnan(sheet[8]).all()
    assert image.get_clim() == (-1, 1)


def test_samples_that_are_no_square_become_strips():
    sheet = sample_figure(np.zeros((4, 10)), columns=20).axes[0].images[0].get_array()
    assert sheet.shape == (1, 4 * 11 - 1)


def test_a_failed_sample_is_colored_and_the_others_are_not_touched():
    samples = np.zeros((3, 4))
    samples[1, 2] = np.nan
    sheet = sample_figure(samples).axes[0].images[0].get_array()
    assert (sheet[:, 3:5] > 1).all()
    assert (sheet[:, 0:2] == 0).all()


def test_no_samples_are_a_mistake():
    with pytest.raises(DataError, match="at least one sample"):
        sample_figure(np.zeros((0, 64)))


@pytest.mark.parametrize("phases", [1, 2, 3, 4])
def test_phases_are_named_and_their_ends_fill_the_axis(phases):
    top, *_, bottom = waveform_figure(trace(phases), UNIT_V, TAU_s).axes
    assert [text.get_text() for text in top.texts] == NAMES[phases]
    assert top.get_xlim() == pytest.approx((0, 20 * phases))
    assert bottom.get_xlabel() == "time [τ = C/g = 100 ns]"


def test_each_layer_has_a_panel_with_at_most_24_of_its_nodes():
    fig = waveform_figure(trace(), UNIT_V, TAU_s)
    labels = ["visible x [mV]", "hidden h1 [mV]", "hidden h2 [mV]", "change of\nvisible x [µV]"]
    assert [axes.get_ylabel() for axes in fig.axes] == labels
    assert [len(curves(axes)) for axes in fig.axes] == [6, 24, 5, 6]


def test_outputs_are_drawn_in_millivolts_against_time_in_tau():
    one = trace()
    axes = waveform_figure(one, UNIT_V, TAU_s).axes[0]
    drawn = np.sort([line.get_ydata()[-1] for line in curves(axes)])
    np.testing.assert_allclose(drawn, np.sort(1e3 * one.output_V[-1, :6]))
    np.testing.assert_allclose(curves(axes)[0].get_xdata(), one.time_s / TAU_s)
    levels = {line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2}
    assert levels == {-100.0, 100.0}


@pytest.mark.parametrize("phases", [2, 3, 4])
def test_change_is_shown_in_the_nudged_phases_only(phases):
    one = trace(phases, step_V=1e-4)
    axes = waveform_figure(one, UNIT_V, TAU_s).axes[-1]
    blocks = np.split(curves(axes)[0].get_ydata(), phases)
    for name, block in zip(NAMES[phases], blocks, strict=True):
        if name.startswith("free"):
            assert np.isnan(block).all()
        else:
            # 0.1 mV, up or down, within rounding of differences of 90 mV.
            assert block[-1] == pytest.approx(100 if name == "+β" else -100, abs=1e-6)
    assert axes.get_ylim()[1] < 1000


@pytest.mark.parametrize(
    ("step_V", "unit"), [(2.0, "V"), (3e-3, "mV"), (4e-8, "nV"), (5e-11, "pV")]
)
def test_a_change_of_any_size_has_the_prefix_that_its_numbers_need(step_V, unit):
    axes = waveform_figure(trace(3, step_V=step_V), UNIT_V, TAU_s).axes[-1]
    assert axes.get_ylabel() == f"change of\nvisible x [{unit}]"
    assert 1 <= np.nanmax(curves(axes)[0].get_ydata()) < 1000


def test_outputs_far_below_a_unit_fill_their_panel():
    one = trace()
    small = Trace(one.layers, one.time_s, one.output_V / 1000, one.phase_ends_s)
    axes = waveform_figure(small, UNIT_V, TAU_s).axes[0]
    assert axes.get_ylabel() == "visible x [µV]"
    assert len(axes.lines) == len(curves(axes))


def test_a_title_stands_above_samples_word_for_word_and_takes_none_of_their_place():
    plain, titled = (sample_figure(np.zeros((40, 64)), title=title) for title in ("", "of $x$, $y"))
    high = [fig.axes[0].get_position().height * fig.get_figheight() for fig in (plain, titled)]
    assert high[0] == pytest.approx(high[1])
    assert "of $x$, $y" in [text.get_text() for text in titled.texts]
    assert figure_png(titled)


def test_the_change_is_that_of_the_layer_which_is_nudged_and_of_phases_in_radians():
    one = trace(3)
    axes = waveform_figure(one, UNIT_V, TAU_s, nudged=-1, phases=True).axes
    labels = ["inputs x [rad]", "hidden h1 [rad]", "answers h2 [rad]"]
    labels.append("change of\nanswers h2 [mrad]")
    assert [each.get_ylabel() for each in axes] == labels
    drawn = np.sort([line.get_ydata()[-1] for line in curves(axes[0])])
    np.testing.assert_allclose(drawn, np.sort(one.output_V[-1, :6] / UNIT_V))
    assert len(curves(axes[-1])) == 5


def test_curves_by_t_have_their_legend_beside_them_and_an_accuracy_no_decades():
    fig = loss_figure(metrics(7))
    figure_png(fig, dpi=30)
    below = fig.axes[1]
    assert below.get_legend().get_window_extent().y0 >= below.get_window_extent().y1
    data = metrics() | {f"flow_loss_{k}": np.full(300, np.nan) for k in range(5)}
    data["accuracy"] = np.linspace(0.1, 0.97, 300)
    assert loss_figure(data).axes[1].get_yscale() == "linear"
    without = {name: data[name] for name in ("update", "flow_loss", "accuracy")}
    assert loss_figure(without).axes[1].get_ylabel() == "running mean of accuracy"
    del without["accuracy"]
    (only,) = loss_figure(without).axes
    assert only.get_xlabel() == "updates"


@pytest.mark.slow
def test_seconds_stand_above_with_a_prefix():
    fig = waveform_figure(trace(), UNIT_V, TAU_s)
    figure_png(fig, dpi=30)
    seconds = fig.axes[0].child_axes[0]
    assert seconds.get_xlim() == pytest.approx((0, 60 * TAU_s))
    assert any("µs" in label.get_text() for label in seconds.get_xticklabels())


def test_classes_are_ten_bars_and_the_uniform_line():
    shares = np.arange(10) / 45
    axes = class_figure(shares).axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], shares)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 0.1)
    assert axes.get_ylim()[1] > shares.max()


def test_files_are_a_png_and_a_well_formed_svg_of_the_same_bytes_each_time():
    data = metrics()
    assert figure_png(loss_figure(data)).startswith(b"\x89PNG\r\n")
    svg = figure_svg(loss_figure(data))
    assert svg == figure_svg(loss_figure(data))
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_shorter_paths_keep_curved_glyphs_whole():
    svg = figure_svg(class_figure(np.full(10, 0.1)))
    glyphs = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    curved = [p.get("d") for p in glyphs if "Q" in p.get("d", "")]
    assert curved
    for path in curved:
        # Each quadratic curve has exactly its two points; what follows names its own command.
        for piece in path.split("Q")[1:]:
            numbers = []
            for word in piece.split():
                if word.isalpha():
                    break
                numbers.append(float(word))
            assert len(numbers) == 4


def test_drawing_leaves_no_global_trace():
    before = dict(mpl.rcParams)
    figure_png(class_figure(np.full(10, 0.1)))
    assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_drawing_never_imports_pyplot():
    script = (
        "import sys; from neurosim.report.figures import class_figure, figure_png; "
        "figure_png(class_figure([0.1] * 10)); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
