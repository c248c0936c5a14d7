"""Tables and pictures of the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common
import numpy as np
from chips import CHIPS

from neurosim.blocks.units import format_quantity


def chip_table(results: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Quality, and what it takes on the chip."""
    head = [
        "chip",
        "begun with",
        "beta",
        "contrast",
        "flow loss",
        *list(common.COLUMNS.values())[:6],
    ]
    head += ["training: time", "energy", "a sample: time", "energy"]
    rows = []
    for name, begin in sorted(results, key=lambda place: list(CHIPS).index(place[0])):
        result = results[name, begin]
        figures = [result[key] for key in list(common.COLUMNS)[:6]]
        costs = [
            format_quantity(result[key], unit, 3)
            for key, unit in (
                ("training_s", "s"), ("training_J", "J"), ("sample_s", "s"), ("sample_J", "J"),
            )
        ]  # fmt: skip
        how = [f"{result[key]:.3g}" for key in ("beta", "contrast")]
        rows.append([name, begin, *how, result["flow_loss"], *figures, *costs])
    floors = next(iter(results.values()))["baselines"]
    for name, base in floors.items():
        figures = [base[key] for key in list(common.COLUMNS)[:6]]
        rows.append([f"*{name}*", "", "", "", "", *figures, *[""] * 4])
    return common.table(head, rows)


def die_table(dies: dict[str, list[dict[str, float]]]) -> str:
    """Median and range of the dies."""

    def cell(values: list[float]) -> str:
        return f"{np.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    labels = ("ideal", "tuned", "trained")
    head = [
        "chip",
        "ideal weights written",
        "and tuned for 100 updates",
        "weights of die 0 written",
    ]
    rows = [
        # Die 0 is where `trained` weights are at home: only the others are strangers to them.
        [name, *(cell([d[label] for d in of[label == "trained" :]]) for label in labels)]
        for name, of in dies.items()
    ]
    return common.table(head, rows)


def best_of(results: dict[tuple[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each chip the training that drew best."""
    best: dict[str, dict[str, Any]] = {}
    for (name, _), result in results.items():
        known = best.setdefault(name, result)
        best[name] = min(known, result, key=lambda found: found["frechet_feature"])
    return best


def draw_one(result: dict[str, Any], path: Path) -> None:
    """A hundred samples of one chip."""
    fig, ax = common.new_figure(size=(10, 1.65))
    common.show_digits(ax, result["samples"], 25)
    common.save(fig, path)


def draw(best: dict[str, dict[str, Any]], path: Path) -> None:
    """Samples of every chip."""
    fig, axes = common.new_figure(len(best), size=(8, 0.98 * len(best)))
    for ax, (name, result) in zip(np.atleast_1d(axes), best.items(), strict=True):
        cost = [
            format_quantity(result[key], unit, 2)
            for key, unit in (("sample_s", "s"), ("sample_J", "J"))
        ]
        title = (
            f"{name}: feature Frechet {result['frechet_feature']:.2f}, {' and '.join(cost)} each"
        )
        common.show_digits(ax, result["samples"][:48], 24, title)
    common.save(fig, path)
