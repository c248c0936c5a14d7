"""The page of a sweep: what a browser without a network shows of it."""

import html
import json
import re
import shutil
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.text import Text

from neurosim.blocks.block import Block
from neurosim.blocks.files import parse_block
from neurosim.data import load_dataset
from neurosim.profile import load_profile
from neurosim.report import render_sweep, write_sweep_report
from neurosim.report.figures import figure_svg
from neurosim.report.sweep_figures import axis_figure, pareto_figure
from neurosim.report.sweep_lines import lines_of, telling
from neurosim.runs.judging import floors_of
from neurosim.safe_text import has_hidden
from neurosim.sweeps import Group, Sweep, SweepFolder
from neurosim.sweeps.floors import floors
from neurosim.sweeps.plan import COSTS
from pages import Parsed, in_a_browser


def made_up(place):
    """A sweep of two ways, three settling times and two replicas, with results made up."""
    sweep = Sweep(
        name="made-up",
        summary="How long must it <settle>?",
        base={"profile": "cmos_rc_6bit"},
        axes=[
            {"path": "sampling.mode", "values": ["spring", "free-running"]},
            {"path": "sampling.settle_tau", "values": [4, 40, 400]},
        ],
        replicas=2,
        measure=["frechet_feature", "coverage"],
    )
    made = SweepFolder.create(place / "s", sweep, command="neurosim sweep s.yaml && echo <b>")
    for point in made.points:
        tau = point.settings["sampling.settle_tau"]
        quality = 3 + 10 / tau + 0.1 * point.settings["replica"]
        figures = {"frechet_feature": quality, "coverage": 0.5} | dict.fromkeys(COSTS, tau * 1e-9)
        error = "It <failed>." if point.index == 5 else ""
        result = {"key": point.key, "figures": {} if error else figures, "error": error}
        result["host"] = {"wall_s": 1.0, "node": "x"}
        (made.path / "points" / f"{point.key}.json").write_text(json.dumps(result))
    made.write_tables()
    return made


@pytest.fixture
def folder(tmp_path):
    """One that a test may change."""
    return made_up(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One that stays as it is."""
    return made_up(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def text(kept):
    """Its page."""
    return render_sweep(kept)


def grouped(values, figure="coverage"):
    return [Group((a, b), {figure: c}, {figure: 0.0}, 1) for a, b, c in values]


def test_page_is_balanced_html_without_network_or_script(text):
    page = Parsed(text)
    assert page.wrong == page.open == []
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert not {"script", "iframe", "object", "embed"} & set(page.tags)
    assert 'name="viewport"' in text


def test_every_anchor_leads_somewhere(text):
    targets = set(re.findall(r'id="([^"]+)"', text))
    anchors = {a[1:] for a in Parsed(text).addresses if a.startswith("#")}
    assert anchors
    assert anchors <= targets


def test_page_says_what_was_run_and_how_to_repeat_it(text):
    shown = Parsed(text).text
    for part in (
        "How long must it <settle>?", "neurosim sweep s.yaml && echo <b>", "It <failed>.",
        "11 of 12", "cmos_rc_6bit", "assumed: a write port of 100 MHz", "replicas: 2",
    ):  # fmt: skip
        assert part in shown


def test_the_plan_on_the_page_is_short_and_makes_the_same_sweep(kept, text):
    plan = re.search(r"<pre>(name: .*?)</pre>", text, re.S)[1]
    assert "null" not in plan
    assert parse_block(html.unescape(plan), Sweep, "page") == kept.sweep


def test_every_figure_and_the_table_can_be_saved(text):
    page = Parsed(text)
    assert page.tags.count("img") == 3
    assert set(page.downloads) == {
        "sampling.mode.svg", "sampling.settle_tau.svg", "pareto.svg", "results.csv"
    }  # fmt: skip


def test_means_over_replicas_stand_with_their_standard_error(text):
    """Two values 0.1 apart: mean in the middle, standard error 0.1 / 2."""
    assert "5.55 ± 0.05" in Parsed(text).text


def test_best_is_not_said_where_others_are_as_good(text):
    shown = Parsed(text).text
    assert "lowest feature Frechet distance; one seed, no error known" in shown
    assert "best feature Frechet" not in shown


@pytest.mark.slow
def test_a_folder_that_was_moved_still_makes_its_page(folder, tmp_path):
    moved = shutil.move(folder.path, tmp_path / "elsewhere")
    page = write_sweep_report(SweepFolder.open(tmp_path / "elsewhere"))
    assert page.parent == tmp_path / "elsewhere"
    assert Parsed(page.read_text()).text == Parsed(render_sweep(folder_at(folder, moved))).text


def folder_at(folder, path):
    return SweepFolder(path, folder.sweep, folder.points)


def test_a_sweep_of_which_nothing_is_done_has_a_page(tmp_path):
    sweep = Sweep(name="s", base={"profile": "ideal_hopfield"})
    SweepFolder.create(tmp_path / "s", sweep)
    assert "No point has figures yet." in render_sweep(SweepFolder.open(tmp_path / "s"))


@pytest.mark.slow
def test_every_field_that_is_drawn_at_random_has_a_figure_of_its_own(tmp_path):
    fields = ("sampling.t_end", "sampling.settle_tau")
    axes = [{"path": path, "linear": {"start": 1, "stop": 2}} for path in fields]
    sweep = Sweep(
        name="s",
        base={"profile": "ideal_hopfield"},
        axes=[{"random": {"points": 9, "axes": axes}}],
        measure=["w2"],
    )
    made = SweepFolder.create(tmp_path / "s", sweep)
    for point in made.points:
        figures = {"w2": 1.0 + point.index} | dict.fromkeys(COSTS, 1e-9)
        result = {"key": point.key, "figures": figures, "error": ""}
        (made.path / "points" / f"{point.key}.json").write_text(json.dumps(result))
    downloads = Parsed(render_sweep(made)).downloads
    assert {f"{field}.svg" for field in fields} <= set(downloads)


def test_settings_drawn_at_random_tell_no_lines_and_are_not_left_over():
    columns, random = ("chip", "a", "b"), {"a", "b"}
    groups = [Group((k % 2, k, -k), {}, {}, 1) for k in range(1, 6)]
    assert lines_of(groups, columns, "a", random) == (["chip"], False)
    assert lines_of(groups, columns, "b", random) == (["chip"], False)
    assert lines_of(groups, columns, "chip", random) == ([], True)


def test_points_of_the_front_are_joined_and_others_are_not():
    rows = [(1, 5.0), (2, 6.0), (3, 2.0), (4, 2.5)]
    groups = [
        Group((k,), {"w2": bad, "sample_time_s": cost, "sample_energy_J": cost}, {"w2": 0.0}, 1)
        for k, (cost, bad) in enumerate(rows)
    ]
    axes = pareto_figure(groups, ["case"], "w2").axes[0]
    [joined] = [line for line in axes.lines if line.get_label() == "Pareto front"]
    np.testing.assert_array_equal(joined.get_xydata(), [(1, 5), (3, 2)])


@pytest.mark.every(3)
@pytest.mark.parametrize("count", [2, 6, 20])
def test_names_along_an_axis_do_not_run_into_each_other(count):
    groups = grouped([(f"converters {k} bit", 0.0, 0.1 * k) for k in range(count)])
    figure = axis_figure(groups, ["chip", "same"], "chip", ["coverage"])
    figure.canvas.draw()
    boxes = [label.get_tightbbox() for label in figure.axes[0].get_xticklabels()]
    angle = figure.axes[0].get_xticklabels()[0].get_rotation()
    assert len(boxes) == count
    if angle == 30:
        # On a slope lines are apart by their distance across the slope.
        step = (boxes[1].x1 - boxes[0].x1) * np.sin(np.radians(30))
        assert step > 9 * figure.dpi / 72
    else:
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_distances_over_more_than_a_decade_have_a_logarithmic_scale_and_shares_never():
    none = {"w2": 0.0, "coverage": 0.0}
    far = [Group((k,), {"w2": 3.0**k, "coverage": 0.9 / 3.0**k}, none, 1) for k in range(4)]
    panels = axis_figure(far, ["k"], "k", ["w2", "coverage"]).axes
    assert [axes.get_yscale() for axes in panels] == ["log", "linear"]


def test_whole_numbers_have_ticks_at_whole_numbers():
    none = {"w2": 0.0}
    for values, whole in (((4, 5, 6), True), ((0.4, 0.5, 0.6), False)):
        groups = [Group((value,), {"w2": 1.0 * k}, none, 1) for k, value in enumerate(values)]
        axes = axis_figure(groups, ["adc.bits"], "adc.bits", ["w2"]).axes[-1]
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert all(float(tick).is_integer() for tick in ticks) == whole


@pytest.mark.every(6)
@pytest.mark.parametrize("span", [2, 5, 400, 3e5])
def test_costs_have_few_ticks_that_are_read_with_their_unit(span):
    groups = [
        Group((k,), {"w2": 1.0, "sample_time_s": cost, "sample_energy_J": cost}, {"w2": 0.0}, 1)
        for k, cost in enumerate(np.geomspace(7e-6, 7e-6 * span, 5))
    ]
    figure = pareto_figure(groups, ["case"], "w2")
    figure.canvas.draw()
    for axes, unit in zip(figure.axes, "sJ", strict=True):
        low, high = axes.get_xlim()
        both = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        shown = [label.get_text() for x, label in both if low <= x <= high]
        shown += [label.get_text() for label in axes.get_xticklabels(minor=True)]
        shown = [text for text in shown if text]
        assert 2 <= len(shown) <= 10
        assert all(re.fullmatch(rf"[\d.]+ [nµm]?{unit}", text) for text in shown)


def test_lines_tell_apart_what_they_can_and_else_show_the_best():
    few = grouped([(x, way, x * 0.1) for x in (1, 2) for way in "ab"])
    assert lines_of(few, ["x", "way"], "x") == (["way"], False)
    many = grouped([(x, float(k), k + x) for x in (1, 2) for k in range(20)])
    assert lines_of(many, ["x", "k"], "x") == ([], True)
    [drawn] = axis_figure(many, ["x", "k"], "x", ["coverage"]).axes[0].containers
    # Of coverage the largest is the best.
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), [20, 21])


def test_paired_columns_count_once():
    groups = grouped([(1, "a", 0.1), (2, "b", 0.2)])
    assert telling(groups, ["x", "same"]) == ["x"]


def test_a_profile_named_as_markup_is_text(folder):
    profile = load_profile("cmos_rc_6bit").model_copy(update={"summary": "<script>x</script>"})
    assert isinstance(profile, Block)
    folder.profiles = lambda: [profile]
    text = render_sweep(folder)
    assert "<script" not in text
    assert "<script>x</script>" in Parsed(text).text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [400, 1100])
def test_a_browser_shows_it_without_complaint(folder, tmp_path, width):
    found = in_a_browser(write_sweep_report(folder).read_text(), width, tmp_path)
    assert found == "images 3 broken 0 lost 0 wide false sideways 0"


LABELS = ("costs $5, not $6", r"$\frac{$", "_hidden", "a\x1b\x00b", r"\input{/etc/passwd}")


def test_labels_are_drawn_as_they_are_written():
    groups = grouped((label, k, k) for label in LABELS for k in (1.0, 2.0))
    with mpl.rc_context({"text.usetex": True}):
        for figure in (
            axis_figure(groups, ["case _$x^$", "n"], "n", ["coverage"]),
            axis_figure(groups, ["case _$x^$", "n"], "case _$x^$", ["coverage"]),
        ):
            ElementTree.fromstring(figure_svg(figure))
            texts = [text.get_text() for text in figure.findobj(Text)]
            plain = [label for label in LABELS if not has_hidden(label)]
            wanted = [label.replace("$", r"\$").strip("_") for label in plain]
            assert all(any(label in text for text in texts) for label in wanted)
            assert not any(text.get_usetex() for text in figure.findobj(Text))


@pytest.mark.slow
def test_what_a_sweep_calls_its_cases_is_text_on_the_page_and_a_plain_file_to_save(tmp_path):
    bad = "../<script>alert(1)</script>\"'&"
    cases = {bad: {}, "$b_{": {"sampling.t_end": 1.0}}
    sweep = Sweep(
        name="s",
        base={"profile": "ideal_hopfield"},
        axes=[{"name": bad, "cases": cases}],
        measure=["w2"],
    )
    made = SweepFolder.create(tmp_path / "s", sweep, command="echo \x1b\ud800")
    for point in made.points:
        figures = {"w2": 1.0 + point.index} | dict.fromkeys(COSTS, 1e-9)
        result = {"key": point.key, "figures": figures, "error": ""}
        (made.path / "points" / f"{point.key}.json").write_text(json.dumps(result))
    page = Parsed(write_sweep_report(made).read_text("utf-8"))
    assert page.wrong == page.open == []
    assert "script" not in page.tags
    assert page.text.count(bad) >= 2
    assert "script_alert_1_script.svg" in page.downloads


@pytest.mark.slow
def test_real_images_and_a_gaussian_stand_beside_the_figures(folder):
    """As `baselines` finds them for as many samples; kept for a page that is made without data."""
    page = Parsed(write_sweep_report(folder).read_text("utf-8"))
    real = floors_of(load_dataset("digits"), folder.sweep.sampling.n, 0)["baselines"]["real"]
    shown = [f"{real[figure]:.3g}" for figure in ("frechet_feature", "coverage")]
    assert (
        "without a chip feature Frechet distance coverage half of the real " + " ".join(shown)
        in page.text
    )
    fresh = floors_of(load_dataset("digits"), folder.sweep.sampling.n, 0)["fresh_frechet"]
    # Of these no coverage is known.
    assert f"fresh real images {fresh:.3g} one Gaussian" in page.text
    again = SweepFolder.open(folder.path)
    assert floors(again) == floors(folder)
    (folder.path / "floors.json").write_text('{"real": {"coverage": 0.5}, "gaussian": {}}')
    assert floors(again) == {"half of the real": {"coverage": 0.5}}
    (folder.path / "floors.json").unlink()
    assert floors(again) == {}
    assert "half of the real" not in render_sweep(again)


def test_a_floor_is_drawn_where_it_lies_within_the_panel_and_else_stated_beside_it():
    groups = grouped([(1, "a", 0.1), (2, "a", 0.9)], "frechet_feature")
    figures = {"near it": 0.5, "far above": 50.0, "far below": 0.01}
    beside = {name: {"frechet_feature": value} for name, value in figures.items()}
    figure = axis_figure(groups, ["x", "same"], "x", ["frechet_feature"], floors=beside)
    said = {text.get_text() for text in figure.findobj(Text)}
    assert {"near\nit\n0.5", "far\nabove\n50 ↑", "far\nbelow\n0.01 ↓"} <= said
    lines = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in lines] == [0.5]


@pytest.mark.every(3)
@pytest.mark.parametrize("values", [(0.5, 0.5), (0.11, 0.12), (0.89, 0.9), (9.0, 8.0), (0.3, 9.0)])
def test_names_of_floors_do_not_run_into_each_other(values):
    groups = grouped([(1, "a", 0.1), (2, "a", 0.9)])
    beside = {f"floor {k}": {"coverage": value} for k, value in enumerate(values)}
    figure = axis_figure(groups, ["x", "same"], "x", ["coverage", "coverage"], floors=beside)
    figure.canvas.draw()
    for axes in figure.axes:
        low, high = sorted((t.get_window_extent() for t in axes.texts), key=lambda box: box.y0)
        assert low.y1 <= high.y0
        assert axes.bbox.y0 - 1 <= low.y0
        assert high.y1 <= axes.bbox.y1 + 1


def test_words_are_bars_from_zero_with_an_error_where_it_is_known():
    rows = [("cmos", "spring", 0.4, 0.05, 3), ("reram", "spring", 0.6, 0.0, 1)]
    rows += [("reram", "free", 0.7, 0.02, 3)]
    groups = [Group((a, b), {"coverage": m}, {"coverage": e}, n) for a, b, m, e, n in rows]
    [axes] = axis_figure(groups, ["chip", "way"], "chip", ["coverage"]).axes
    spring, free = (c for c in axes.containers if isinstance(c, BarContainer))
    assert (spring.get_label(), free.get_label()) == ("spring", "free")
    assert [(bar.get_y(), bar.get_height()) for bar in spring] == [(0, 0.4), (0, 0.6)]
    known = [part for part in spring.errorbar.lines[2][0].get_segments() if np.size(part)]
    np.testing.assert_allclose([part[:, 1] for part in known], [[0.35, 0.45]])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["cmos", "reram"]
    assert all(left.get_x() + left.get_width() < right.get_x() for left, right in pairwise(spring))
    assert spring[1].get_x() + spring[1].get_width() < free[0].get_x()
    assert [text.get_text() for text in axes.texts] == ["0.4", "0.6", "0.7"]


def test_a_legend_lies_over_no_panel():
    ways = ("one way", "another", "third")
    for words in ("abc", (1, 2, 3)):
        _check_legend(grouped([(x, way, 0.1) for x in words for way in ways]))


def _check_legend(groups):
    figure = axis_figure(groups, ["x", "way"], "x", ["coverage"])
    figure.canvas.draw()
    [legend] = figure.legends
    assert all(legend.get_window_extent().y0 >= axes.bbox.y1 for axes in figure.axes)


def test_words_that_begin_alike_are_of_one_colour_and_bars_as_wide_as_ever():
    names = ("alone, 1", "alone, 3", "stepped, 1", "stepped, 3", "noiseless, 1")
    groups = grouped([(name, 0.0, 0.1 * k) for k, name in enumerate(names, 1)])
    figure = axis_figure(groups, ["drawn", "same"], "drawn", ["coverage"])
    bars = figure.axes[0].containers
    assert [[bar.get_x() + bar.get_width() / 2 for bar in kind if bar] for kind in bars[1::2]] == [
        pytest.approx([0, 1]), pytest.approx([2, 3]), pytest.approx([4])
    ]  # fmt: skip
    assert len({kind.patches[0].get_facecolor() for kind in bars[1::2]}) == 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["alone", "stepped", "noiseless"]
    # Words without anything in common are all of one.
    plain = grouped([(name, 0.0, 0.5) for name in ("tanh", "silu, of 8 bits")])
    assert not axis_figure(plain, ["drawn", "same"], "drawn", ["coverage"]).legends
