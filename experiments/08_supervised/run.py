"""Digits that chips classify after learning by local measurements, beside back-propagation.

python experiments/08_supervised/run.py [--out DIR] [--workers N] [--quick] [--only PROFILE ...]

What is done is not done again; a training that was stopped goes on. The table has what is done.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
import common

from neurosim.blocks.units import format_quantity
from neurosim.data import load_dataset
from neurosim.host import Classify, Coupled, Experiment, GradEP
from neurosim.outputs import write_text
from neurosim.profile import Profile, load_profile, shipped_profiles
from neurosim.runs import Run, evaluate
from neurosim.runs.examining import rivals_of

HERE = Path(__file__).parent
LAYERS = {"layers": (64, 128, 10), "sources": (0, -1)}
RULES = {"EP": GradEP(), "coupled": Coupled()}
SEEDS = range(5)
FIRST = ("ideal_hopfield", "cmos_rc_6bit")
NAMES = [*FIRST, *(name for name in shipped_profiles() if name not in FIRST)]
RIVALS = "back-propagation"


def hardware(name: str) -> Profile:
    """The profile with answers in its last layer, on springs."""
    return load_profile(name).with_values(LAYERS)


def folder(out: Path, name: str, rule: str, seed: int) -> Path:
    """Where a training lies."""
    return out / f"{name}_{rule}_{seed}"


def one(name: str, rule: str, seed: int, recipe: Experiment, out: Path) -> None:
    """Train, and judge on digits that were not learned from."""
    own = recipe.with_values({"rule": RULES[rule], "seed": seed})
    place = folder(out, name, rule, seed)
    run = common.trained(hardware(name), own, place)
    common.kept(place.with_suffix(".json"), lambda: _judged(run))


def _judged(run: Run) -> dict[str, Any]:
    result, spent = evaluate(run, floors=False)[0], run.facts["ledger"]
    names = ("accuracy", "test_accuracy", "test_loss", "energy_per_decision_J")
    found = {key: result[key] for key in (*names, "time_per_decision_s", "by_settling")}
    return found | {"training_J": spent["energy_J"], "training_s": spent["time_s"]}


def rivals(seed: int, out: Path) -> dict[str, dict[str, float]]:
    """What needs no chip, on the same split."""
    digits, recipe = load_dataset("digits"), Experiment.suited(Classify()).with_value("seed", seed)
    return common.kept(
        out / f"rivals_{seed}.json", lambda: rivals_of(digits, recipe, LAYERS["layers"])
    )


def done(out: Path, names: list[str], seeds: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Results of every chip and rule that are there, of whichever seeds."""
    found = {}
    for name in names:
        for rule in RULES:
            files = [folder(out, name, rule, seed).with_suffix(".json") for seed in seeds]
            files = [file for file in files if file.exists()]
            if files:
                found[f"{name}, {rule}"] = [json.loads(file.read_text()) for file in files]
    return found


def _spread(values: list[float]) -> str:
    percent = 100 * np.array(values)
    return f"{percent.mean():.1f} ({percent.min():.1f} to {percent.max():.1f})"


def settled_tau(results: list[dict[str, Any]]) -> float:
    """Shortest settle within half a point of the accuracy of the longest, mean over seeds."""
    curves = np.mean([result["by_settling"]["accuracy"] for result in results], axis=0)
    enough = curves >= curves[-1] - 0.005
    return float(results[0]["by_settling"]["tau"][int(np.argmax(enough))])


def table(
    results: dict[str, list[dict[str, Any]]], others: list[dict[str, dict[str, float]]]
) -> str:
    """Accuracy and cost of every chip, and the accuracy of what needs none."""
    head = ["chip, rule", "seeds", "test accuracy, % (range)", "training set, %"]
    head += ["enough settling, tau", "a decision: energy", "time", "training: energy", "time"]
    rows = []
    for name, found in results.items():
        costs = [
            format_quantity(float(np.mean([result[key] for result in found])), unit, 3)
            for key, unit in (
                ("energy_per_decision_J", "J"), ("time_per_decision_s", "s"),
                ("training_J", "J"), ("training_s", "s"),
            )
        ]  # fmt: skip
        seen = f"{100 * np.mean([result['accuracy'] for result in found]):.1f}"
        settled = f"{settled_tau(found):g}"
        test = _spread([result["test_accuracy"] for result in found])
        rows.append([name, len(found), test, seen, settled, *costs])
    for name in others[0]:
        test = _spread([found[name]["test_accuracy"] for found in others])
        seen = f"{100 * np.mean([found[name]['accuracy'] for found in others]):.1f}"
        rows.append([f"*{name}*", len(others), test, seen, *[""] * 5])
    return common.table(head, rows)


def draw(
    results: dict[str, list[dict[str, Any]]], others: list[dict[str, dict[str, float]]], path: Path
) -> None:
    """Test accuracy of every chip, and how it grows with settling."""
    names = list(dict.fromkeys(key.partition(", ")[0] for key in results))
    fig, (left, right) = common.new_figure(1, 2, size=(11, 0.8 + 0.42 * max(len(names), 6)))
    for shift, (rule, color) in enumerate(zip(RULES, ("#0072B2", "#D55E00"), strict=True)):
        for k, name in enumerate(names):
            found = results.get(f"{name}, {rule}")
            if found is None:
                continue
            values = [100 * result["test_accuracy"] for result in found]
            height = k + 0.2 * (2 * shift - 1)
            left.plot(values, [height] * len(values), ".", color=color, alpha=0.5)
            left.plot(np.mean(values), height, "|", ms=12, color=color, label=rule if not k else "")
    best = 100 * np.mean([found[RIVALS]["test_accuracy"] for found in others])
    left.axvline(best, color="#5a5a5a", ls="--", lw=1, label=RIVALS)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_xlabel("test accuracy, %")
    left.legend(frameon=False)
    for name in names:
        found = results.get(f"{name}, EP")
        if found is None:
            continue
        curves = [result["by_settling"] for result in found]
        right.plot(
            curves[0]["tau"], 100 * np.mean([c["accuracy"] for c in curves], axis=0), label=name
        )
    right.set_xscale("log")
    right.set_xlabel("settling time of a decision, units of C/g")
    right.set_ylabel("test accuracy after EP, %")
    right.legend(frameon=False, fontsize=7, ncols=2)
    common.save(fig, path)


def main() -> None:
    """Train and judge what is left; write results.json, table.md and accuracy.png."""
    options = common.options(__doc__, HERE, only=NAMES)
    recipe, names, seeds = Experiment.suited(Classify()), list(NAMES), list(SEEDS)
    if options.quick:
        recipe = recipe.with_values({"updates": 2, "batch": 32})
        names, seeds = names[:2], seeds[:1]
    chosen = options.only or names
    # The two chips that come first are done first; then every other one with one seed.
    jobs = [(rule, seed, name) for rule in RULES for seed in seeds for name in chosen]
    jobs.sort(key=lambda job: job[2] not in FIRST)
    jobs.sort(key=lambda job: list(RULES).index(job[0]))
    work = [(one, name, rule, seed, recipe, options.out) for rule, seed, name in jobs]
    others = [rivals(seed, options.out) for seed in seeds]
    common.in_parallel(work, options.workers)
    results = done(options.out, names, seeds)
    everything = {"chips": results, "without a chip": others}
    write_text(options.results / "results.json", json.dumps(everything, indent=1) + "\n")
    write_text(options.results / "table.md", table(results, others))
    draw(results, others, options.results / "accuracy.png")
    print(table(results, others))
    common.finish(options)


if __name__ == "__main__":
    main()
