"""What the parts share: chips with answers on springs, the recipe, judged trainings, tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
import common

from neurosim.host import Classify, Coupled, Experiment, GradEP
from neurosim.outputs import write_text
from neurosim.profile import Profile, load_profile, shipped_profiles
from neurosim.runs import Run, evaluate

DIGITS = (64, 128, 10)
RULES = {"EP": GradEP(), "coupled": Coupled()}
FIRST = ("ideal_hopfield", "cmos_rc_6bit")
# In 09_machines, with layers and pixels that suit them.
ELSEWHERE = (
    "board_resistive", "ideal_oscillator", "ideal_oscillator_flow", "ideal_resistive",
    "oim_lc_board", "oim_ring_65nm", "rram_1t1r_resistive",
)  # fmt: skip
NAMES = [*FIRST, *sorted({*shipped_profiles()} - {*FIRST, *ELSEWHERE})]
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#5a5a5a"
Result = dict[str, Any]


def recipe(found: argparse.Namespace, **changes: Any) -> Experiment:
    """That of `neurosim train --task classify`, changed; two updates if quick."""
    short = {"updates": 2, "batch": 32} if found.quick else {}
    return Experiment.suited(Classify()).with_values({**changes, **short})


def hardware(
    name: str, layers: tuple[int, ...] = DIGITS, changes: dict[str, Any] | None = None
) -> Profile:
    """The profile with answers on springs in its last layer, and inputs as it wants them."""
    profile = load_profile(name)
    if profile.host.inputs == "doubled":
        layers = (2 * layers[0], *layers[1:])
    return profile.with_values({"layers": layers, "sources": (0, -1), **(changes or {})})


def learned(profile: Profile, asked: Experiment, place: Path, start: Run | None = None) -> Result:
    """Train, and judge on images that were not learned from; both are kept."""
    run = common.trained(profile, asked, place, start)
    return dict(common.kept(beside(place), lambda: _judged(run)))


def beside(place: Path) -> Path:
    """File of a training's figures."""
    return place.with_name(f"{place.name}.json")


def _judged(run: Run) -> Result:
    result, spent = evaluate(run, floors=False)[0], run.facts["ledger"]
    names = ("accuracy", "test_accuracy", "test_loss", "energy_per_decision_J")
    figures = {key: result[key] for key in (*names, "time_per_decision_s", "by_settling")}
    return figures | {"training_J": spent["energy_J"], "training_s": spent["time_s"]}


def finished(places: Sequence[Path]) -> list[Result]:
    """Results that are there."""
    files = [beside(place) for place in places]
    return [json.loads(file.read_text()) for file in files if file.exists()]


def by_seed(place: Callable[[int], Path], seeds: int) -> dict[str, Result]:
    """Results that are there, by seed, of trainings in `place` of a seed."""
    files = {str(seed): beside(place(seed)) for seed in range(seeds)}
    return {seed: json.loads(file.read_text()) for seed, file in files.items() if file.exists()}


def accuracies(results: Sequence[Result]) -> list[float]:
    """Test accuracy of each."""
    return [result["test_accuracy"] for result in results]


def spread(values: Sequence[float]) -> str:
    """Mean and range of shares, in percent."""
    percent = 100 * np.array(values)
    if len(percent) == 1:
        return f"{percent[0]:.1f}"
    return f"{percent.mean():.1f} ({percent.min():.1f} to {percent.max():.1f})"


def write(
    found: argparse.Namespace,
    part: str,
    results: Any,
    table: str,
    picture: str = "",
    more: Mapping[str, str] | None = None,
) -> None:
    """The part's figures; its table, and what its picture shows, between the README's marks.

    `more` are further tables by their marks. All are printed, also where figures that would be
    lost keep the files as they are.
    """
    tables = {part: table, **(more or {})}
    print(*tables.values(), sep="\n")
    common.write_results(found.results / f"{part}.json", results)
    shown = {part: f"\n![{picture}]({part}.png)\n" if picture else ""}
    for name, text in tables.items():
        _put(found.results / "README.md", name, text + shown.get(name, ""))


def _put(page: Path, name: str, text: str) -> None:
    """Replace what is between a table's marks, where the page has them."""
    if not page.exists():
        return
    marks = f"<!-- table {name} -->", "<!-- end -->"
    before, begin, rest = page.read_text(encoding="utf-8").partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if end:
        write_text(page, f"{before}{begin}\n\n{text}\n{end}{after}")
