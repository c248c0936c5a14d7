"""The notebook runs and prints what it shows."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import matplotlib as mpl
import pytest

BOOK = json.loads((Path(__file__).parents[1] / "experiments" / "tour.ipynb").read_text("utf-8"))
CODE = [cell for cell in BOOK["cells"] if cell["cell_type"] == "code"]


def printed(cell):
    outputs = [output for output in cell["outputs"] if output["output_type"] == "stream"]
    return "".join("".join(output["text"]) for output in outputs)


def test_every_cell_was_run_in_order_and_none_failed():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    kinds = {output["output_type"] for cell in CODE for output in cell["outputs"]}
    assert kinds == {"stream", "display_data"}


def test_every_cell_that_ends_in_a_picture_shows_it():
    for cell in CODE:
        drawn = "".join(cell["source"]).splitlines()[-1].startswith(("ns.plot(", "ns.plot_settle("))
        pictures = [o for o in cell["outputs"] if "image/png" in o.get("data", {})]
        assert len(pictures) == drawn


@pytest.mark.slow
def test_the_cells_print_what_the_notebook_shows(monkeypatch, tmp_path):
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    for cell in CODE:
        out, source = io.StringIO(), "".join(cell["source"])
        with contextlib.redirect_stdout(out):
            exec(compile(ast.parse(source), f"cell {cell['execution_count']}", "exec"), space)
        texts = out.getvalue(), printed(cell)
        assert re.sub(r"[\d.]+", "", texts[0]) == re.sub(r"[\d.]+", "", texts[1])
        numbers = [[float(x) for x in re.findall(r"\d+\.?\d*(?:e-\d+)?", text)] for text in texts]
        # Bits may differ between machines' linear algebra, and with them what is drawn.
        assert numbers[0] == pytest.approx(numbers[1], rel=0.1), source
    assert not list(tmp_path.iterdir())
