"""A notebook's pictures: one word, whatever is held."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import neurosim as ns
from neurosim.errors import DataError
from neurosim.report import plot, plot_settle
from neurosim.sweeps import Table

PNG = b"\x89PNG"
ROW = {"point": 0, "sampling.t_end": 1.0, "coverage": 0.5, "error": ""}


@pytest.fixture(scope="module")
def trained():
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    return ns.train(profile, ns.Experiment(updates=2, batch=16, flow={"settle_tau": 1.0}))


def test_samples_a_training_a_sweep_and_a_settle_are_plotted(trained, tmp_path):
    rows = [ROW, ROW | {"point": 1, "sampling.t_end": 1.2, "coverage": 0.7}]
    table = Table(rows, ("sampling.t_end",), ("coverage",))
    made = [plot(trained.draw(4, t_end=0.1)), plot(trained), plot(table), plot_settle(trained)]
    for figure in made:
        assert isinstance(figure, Figure)
        assert figure._repr_png_().startswith(PNG)
    [axes] = made[2].axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("sampling.t_end", "coverage")
    [line] = [line for line in axes.lines if len(line.get_xdata()) == 2][:1]
    np.testing.assert_array_equal(line.get_xydata(), [[1.0, 0.5], [1.2, 0.7]])
    made[0].savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


def test_all_samples_are_shown_that_are_given(trained):
    samples = np.zeros((130, 64))
    [image] = plot(samples).axes[0].images
    assert image.get_array().shape == (9 * 7 - 1, 9 * 20 - 1)


def test_what_has_no_picture_is_refused(trained):
    with pytest.raises(DataError, match=r"plot.thing must be an array, a Trained, a Run or a Ta"):
        plot(3)
    with pytest.raises(DataError, match="must have points that differ and did not fail, but has"):
        plot(Table([ROW], ("sampling.t_end",), ("coverage",)))


def test_a_chip_in_memory_has_a_page_where_it_is_told(trained, tmp_path):
    page = ns.write_report(trained, str(tmp_path / "page.html"))
    assert "<h1>ideal_hopfield</h1>" in page.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(DataError, match=r"write_report\.to must be a file where a chip has no run"):
        ns.write_report(trained)
    with pytest.raises(DataError, match="html"):
        ns.write_report(trained, tmp_path / "page.pdf")
