"""The picture of the noise ledger shows the numbers that it is given."""

import pytest

from neurosim.analysis import Figures, Point
from neurosim.errors import DataError
from neurosim.report import figure_png, noise_figure, write_noise_figure
from pages import made


def test_bars_and_curves_are_one_less_the_cosine():
    bars, curve = noise_figure(*made()).axes
    assert [label.get_text() for label in bars.get_yticklabels()][2] == "ADC bits"
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([0.001, 0.02, 0.1, 0.3])
    assert list(curve.lines[0].get_ydata()) == pytest.approx([0.5, 0.1, 0.2])
    ring = curve.lines[1]
    assert list(ring.get_xdata()) == [5e-3]


@pytest.mark.parametrize("cosine", [0.3, 0.99991, 1.0])
def test_the_curve_has_two_numbers_at_any_range(cosine):
    one = Figures(cosine, cosine, cosine, 0.0, 0.0, None)
    low, high = noise_figure([], [Point(1e-3, one), Point(2e-3, one)]).axes[1].get_ylim()
    assert high / low > 99


def test_the_legend_of_a_few_bars_hides_none():
    fig = noise_figure(*made())
    figure_png(fig, dpi=30)
    bars = fig.axes[0]
    assert bars.get_legend().get_window_extent().y0 >= bars.get_window_extent().y1


@pytest.mark.slow
def test_a_perfect_gradient_is_drawn_too(tmp_path):
    rows, points = made()
    perfect = Figures(1.0, 1.0, 1.0, 0.0, 0.0, None)
    assert noise_figure([], [Point(1e-3, perfect)])
    for name in ("a.png", "a.svg"):
        write_noise_figure(tmp_path / name)(rows, points, "Gradient of a $chip, 1 day old")
        assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(DataError, match="must end in"):
        write_noise_figure(tmp_path / "a.txt")
