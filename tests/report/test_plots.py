"""A notebook's pictures: one word, whatever is held."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import neurosim as ns
from neurosim.errors import DataError
from neurosim.report import loss_figure, plot, plot_settle
from neurosim.report.points import point_figure
from neurosim.sweeps import Table

PNG = b"\x89PNG"
ROW = {"point": 0, "sampling.t_end": 1.0, "coverage": 0.5, "error": ""}


@pytest.fixture(scope="module")
def trained():
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    return ns.train(profile, ns.Experiment(updates=2, batch=16, flow={"settle_tau": 1.0}))


@pytest.mark.slow
def test_samples_a_training_a_sweep_and_a_settle_are_plotted(trained, tmp_path):
    rows = [ROW, ROW | {"point": 1, "sampling.t_end": 1.2, "coverage": 0.7}]
    table = Table(rows, ("sampling.t_end",), ("coverage",))
    made = [plot(trained.draw(4, t_end=0.1)), plot(trained), plot(table), plot_settle(trained)]
    for figure in made:
        assert isinstance(figure, Figure)
        assert figure._repr_png_().startswith(PNG)
    [axes] = made[2].axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("generation time", "coverage")
    [line] = [line for line in axes.lines if len(line.get_xdata()) == 2][:1]
    np.testing.assert_array_equal(line.get_xydata(), [[1.0, 0.5], [1.2, 0.7]])
    made[0].savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


def test_all_samples_are_shown_that_are_given(trained):
    samples = np.zeros((130, 64))
    [image] = plot(samples).axes[0].images
    assert image.get_array().shape == (9 * 7 - 1, 9 * 20 - 1)


def test_what_has_no_picture_is_refused(trained):
    with pytest.raises(DataError, match=r"plot.thing must be an array, a Trained, a Run, a Table"):
        plot(3)
    with pytest.raises(DataError, match="must have points that differ and did not fail, but has"):
        plot(Table([ROW], ("sampling.t_end",), ("coverage",)))


@pytest.mark.slow
def test_a_chip_in_memory_has_a_page_where_it_is_told(trained, tmp_path):
    page = ns.write_report(trained, str(tmp_path / "page.html"))
    assert "<h1>ideal_hopfield</h1>" in page.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(DataError, match=r"write_report\.to must be a file where a chip has no run"):
        ns.write_report(trained)
    with pytest.raises(DataError, match="html"):
        ns.write_report(trained, tmp_path / "page.pdf")


@pytest.mark.parametrize(
    "wrong",
    [
        np.full((3, 64), np.nan),
        np.where(np.arange(64) < 9, np.nan, np.zeros((2, 64))),
        np.full((3, 64), np.inf),
        np.array([1.0, np.inf]),
        np.full(4, np.nan),
        np.array([["a", "b"]]),
        np.array([[1j]]),
        np.array([None, {}]),
        np.zeros((0, 64)),
        np.zeros(()),
        np.zeros((2, 2, 2, 2)),
    ],
)
def test_an_array_that_is_no_picture_is_refused_in_one_line(wrong):
    with pytest.raises(DataError, match=r"^plot\.thing must be [^\n]*, but is an array[^\n]*; "):
        plot(wrong)


def test_a_column_of_numbers_is_a_curve_with_whole_ticks_and_gaps():
    values = np.array([3.0, 2.0, np.nan, 1.0])
    [axes] = plot(values).axes
    [line] = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(line.get_ydata(), values)
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_images_in_two_dimensions_are_those_in_one_and_keep_their_sides():
    images = np.linspace(-1, 1, 3 * 64).reshape(3, 8, 8)
    first, second = (plot(x).axes[0].images[0].get_array() for x in (images, images.reshape(3, 64)))
    np.testing.assert_array_equal(first, second)
    [wide] = plot(np.zeros((1, 2, 6))).axes[0].images
    assert wide.get_array().shape == (2, 6)


def test_only_so_many_images_are_drawn_and_the_picture_says_so():
    figure = plot(np.zeros((1500, 64)))
    [image] = figure.axes[0].images
    assert image.get_array().shape == (9 * 20 - 1, 9 * 20 - 1)
    assert [text.get_text() for text in figure.texts] == ["the first 400 of 1,500 images"]
    assert not any(text.get_text() for text in plot(np.zeros((400, 64))).texts)


def test_a_plot_of_a_table_says_how_many_points_are_left_out_and_names_settings_in_full():
    rows = [
        ROW | {"point": k, "sampling.t_end": t, "profile.adc.bits": bits}
        for k, (t, bits) in enumerate([(1.0, 4), (1.2, 4), (1.0, 8), (1.2, 8)])
    ]
    columns = ("sampling.t_end", "profile.adc.bits")
    figure = plot(Table(rows, columns, ("coverage",)))
    assert figure._supxlabel is None
    [legend] = figure.legends
    found = [text.get_text() for text in legend.get_texts()]
    assert found == ["ADC bits = 4", "ADC bits = 8"]
    rows[3] = rows[3] | {"coverage": "", "error": "it failed"}
    note = plot(Table(rows, columns, ("coverage",)))._supxlabel.get_text()
    assert note == "1 of 4 points failed and is left out"


def test_points_have_their_flow_lines_below_them_without_those_that_diverged():
    rng = np.random.default_rng(0)
    samples, paths = rng.uniform(-1, 1, (30, 2)), rng.uniform(-1, 1, (61, 8, 2))
    samples[3] = paths[40:, 5] = np.nan
    [alone] = point_figure(samples, samples).axes
    assert "1 of 30 diverged" in alone.get_xlabel()
    points, flow = point_figure(samples, samples, paths=paths).axes
    assert [line.get_label() for line in points.lines] == ["real", "drawn"]
    [lines] = flow.collections
    kept = np.delete(paths, 5, axis=1)
    np.testing.assert_array_equal(lines.get_segments(), kept.transpose(1, 0, 2))
    shown = {line.get_label(): line.get_xydata() for line in flow.lines}
    np.testing.assert_array_equal(shown["noise"], kept[0])
    np.testing.assert_array_equal(shown["drawn"], kept[-1])


@pytest.mark.parametrize(
    ("n", "lines"), [(20, ["each update"]), (400, ["each update", "running mean"])]
)
def test_a_short_training_shows_each_update_at_whole_ticks(n, lines):
    names = ("flow_loss", *(f"flow_loss_{k}" for k in range(5)))
    metrics = {"update": np.arange(1.0, n + 1)} | {k: np.linspace(2, 1, n) for k in names}
    total, below = loss_figure(metrics).axes
    assert [line.get_label() for line in total.lines] == lines
    assert all(tick == round(tick) for tick in below.get_xticks())


def test_a_run_is_plotted_by_its_folder(tmp_path):
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    ns.train(profile, ns.Experiment(updates=3, batch=4), keep=tmp_path / "run")
    [line] = plot(str(tmp_path / "run")).axes[0].lines
    assert len(line.get_xdata()) == 3
