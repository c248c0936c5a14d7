"""Amplifiers, resistors, oscillators on the same digits: accuracy, time, joules of a decision."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
import oscillators
import resistors
from bits import COLORS, amplifier
from chips import settled_tau
from matplotlib.axes import Axes

from neurosim.blocks.units import format_quantity
from neurosim.profile import Profile, load_profile

PICTURE = "Accuracy by joules and by time of a decision, three kinds of machines"
AMPLIFIERS = ("ideal_hopfield", "cmos_rc_6bit", "cmos_otac_sky130", "board_digipot")
# Where a name stands whose point has others beside it: right of it or left, and how high in points.
LABELS = {
    "cmos_rc_6bit": (True, 8),
    "cmos_otac_sky130": (True, -14),
    "board_digipot": (False, 8),
    "board_resistive": (False, -3),
    "oim_ring_65nm": (True, -14),
}
Result = dict[str, Any]


def _places(found: argparse.Namespace, seeds: range) -> dict[tuple[str, str], list[Path]]:
    """Trainings of every machine, by its kind and profile."""
    of = {
        ("amplifiers", name): [amplifier(found, name, seed) for seed in seeds]
        for name in AMPLIFIERS
    }
    named = {"ideal_resistive": "exact"} | {name: name for name in resistors.CHIPS}
    for profile, name in named.items():
        of["resistors", profile] = [resistors.place(found, name, seed) for seed in seeds]
    for name in oscillators.MACHINES:
        of["oscillators", name] = [oscillators.place(found, name, seed) for seed in seeds]
    return of


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings of amplifiers; resistors and oscillators are of their own parts."""
    return [
        (
            lessons.learned,
            lessons.hardware(name),
            lessons.recipe(found, rule=lessons.RULES["EP"], seed=seed),
            amplifier(found, name, seed),
        )
        for seed in range(found.seeds)
        for name in (AMPLIFIERS[:1] if found.quick else AMPLIFIERS)
    ]


def tell(found: argparse.Namespace) -> None:
    """Figures, table and picture of whichever machines have been trained, now or earlier."""
    every = _places(found, range(found.seeds))
    fresh = {of: runs for of, places in every.items() if (runs := lessons.finished(places))}
    named = {f"{kind}, {name}": runs for (kind, name), runs in fresh.items()}
    known = common.merged(found.results / "together.json", named)
    results = {of: known[name] for of in every if (name := ", ".join(of)) in known}
    if results:
        shown = {", ".join(of): runs for of, runs in results.items()}
        lessons.write(found, "together", shown, table(results), PICTURE)
        draw(results, found.results / "together.png")


def mean(runs: list[Result], key: str) -> float:
    """Of a figure, over seeds."""
    return float(np.mean([run[key] for run in runs]))


def bits_of(profile: Profile) -> str:
    """Of the converter of phases, of that of differences, and levels of a weight."""
    if profile.adc.bits is None:
        return "exact"
    own = getattr(profile.readout, "bits", None) or profile.adc.bits
    gain = getattr(profile.readout, "gain", None)
    return f"{profile.adc.bits}" + (f"; differences {own}, times {gain:g}" if gain else "")


def table(results: dict[tuple[str, str], list[Result]]) -> str:
    """A row a machine."""
    rows = []
    for (kind, name), runs in results.items():
        profile = load_profile(name)
        cost = [
            format_quantity(mean(runs, key), unit, 3)
            for key, unit in (("energy_per_decision_J", "J"), ("time_per_decision_s", "s"))
        ]
        asked = all("by_settling" in run for run in runs)
        enough = f"{settled_tau(runs):g}" if asked else ""
        enough = "at rest" if name == "ideal_resistive" else enough
        test = lessons.spread(lessons.accuracies(runs))
        rows.append([kind, name, len(runs), test, enough, cost[1], cost[0], bits_of(profile)])
    head = ["machine", "profile", "seeds", "test accuracy, % (range)", "enough settling"]
    return common.table([*head, "a decision: time", "energy", "bits of a reading"], rows)


def draw(results: dict[tuple[str, str], list[Result]], path: Path) -> None:
    """Accuracy over energy and over time, with the front that no machine beats.

    Ideal machines, whose joules are others, are lines. Beside a name are the bits of a reading.
    """
    fig, axes = common.new_figure(1, 2, size=(11, 5.2))
    for ax, key, label in zip(
        axes,
        ("energy_per_decision_J", "time_per_decision_s"),
        ("energy of a decision, J", "time of a decision, s"),
        strict=True,
    ):
        points = []
        for (kind, name), runs in results.items():
            values = 100 * np.array(lessons.accuracies(runs))
            if name.startswith("ideal"):
                ax.axhline(values.mean(), color=COLORS[kind], ls=":", lw=1.2)
            else:
                bits = load_profile(name).adc.bits
                _point(ax, mean(runs, key), values, COLORS[kind], f"{name}, {bits} bits")
                points.append((mean(runs, key), float(values.mean())))
        ax.plot(
            *np.transpose(_front(points)),
            color=lessons.GREY,
            lw=1,
            zorder=1,
            drawstyle="steps-post",
        )
        ax.set(xscale="log", xlabel=label)
        ax.set_yscale("function", functions=(_spread, _together))
        ax.set_yticks([70, 80, 90, 95, 97, 98, 99])
        ax.grid(lw=0.4, alpha=0.5)
        ax.margins(x=0.15, y=0.08)
    axes[0].set_ylabel("test accuracy, %")
    for kind, color in COLORS.items():
        axes[0].plot([], [], "o", color=color, label=kind)
    axes[0].plot([], [], ":", color=lessons.GREY, label="the ideal machine of that colour")
    axes[0].plot([], [], "-", color=lessons.GREY, lw=1, label="none is better for less")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=5,
               frameon=False)  # fmt: skip
    common.save(fig, path)


def _front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other beats at as little or less, from the cheapest on."""
    found: list[tuple[float, float]] = []
    for x, y in sorted(points):
        if not found or y > found[-1][1]:
            found.append((x, y))
    return found


def _spread(accuracy: Any) -> Any:
    """Accuracies in percent, by what they lack: the logarithm, up."""
    return -np.log10(np.maximum(101.0 - np.asarray(accuracy), 0.1))


def _together(spread: Any) -> Any:
    return 101.0 - 10.0 ** -np.asarray(spread)


def _point(ax: Axes, x: float, values: Any, color: str, name: str) -> None:
    """Mean, range over seeds, and the name beside it."""
    y = values.mean()
    ends = [[y - values.min()], [values.max() - y]]
    ax.errorbar(x, y, ends, fmt="o", color=color, ms=6, lw=0.8, zorder=3)
    right, up = LABELS.get(name.partition(",")[0], (True, -3))
    ax.annotate(
        name, (x, y), xytext=(7 if right else -7, up), textcoords="offset points",
        ha="left" if right else "right", fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}, zorder=2,
    )  # fmt: skip
