"""Full training on realistic chips; and weights of the ideal circuit carried over to ten dies each.

python experiments/04_chips/run.py [--only PART ...] [--chips NAME ...] [--tables] [--out DIR]
    [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on. The parts `ideal` and `dies`
begin with what the part `random` has trained, `dies` with what `ideal` has. Rows of chips that
DIR does not hold stay as they are written down.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending
from chips import BEGINS, CARRIED, CHIPS, DIES, IDEAL, RECIPE, carried, folder, one
from tables import best_of, chip_table, die_table, draw, draw_one

from neurosim.host import Experiment
from neurosim.outputs import write_text

HERE = Path(__file__).parent
QUICK_SAMPLES = 50
# Whose samples are shown alone.
SHOWN = "cmos_rc_6bit, 5 % mismatch"


def names_of(found: argparse.Namespace) -> list[str]:
    """The chips that are asked for."""
    return found.chips or list(CHIPS)


def recipe_of(found: argparse.Namespace) -> Experiment:
    """Of the trainings, two updates of it where that is to be quick."""
    quick = {"updates": 2, "batch": 32, "flow.settle_tau": 3.0}
    return RECIPE.with_values(quick) if found.quick else RECIPE


def dies_of(found: argparse.Namespace) -> range:
    """Seeds of the dies."""
    return DIES[:2] if found.quick else DIES


def samples_of(found: argparse.Namespace, n: int) -> int:
    """How many each chip or die draws."""
    return QUICK_SAMPLES if found.quick else n


def loop_work(found: argparse.Namespace, begin: str) -> list[tuple[Any, ...]]:
    """A training of each chip; the second kind begins with what the first has trained."""
    names = [name for name in names_of(found) if begin == "random" or name != IDEAL]
    n = samples_of(found, common.SAMPLES)
    return [(one, name, begin, recipe_of(found), found.out, n) for name in names]


def die_work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every die of every chip. The two rows of PCM are the same devices."""
    names = [name for name in names_of(found) if name not in (IDEAL, "pcm_hermes_14nm")]
    n = samples_of(found, CARRIED)
    return [
        (carried, name, die, recipe_of(found), found.out, n)
        for name in names
        for die in dies_of(found)
    ]


def tell_loop(found: argparse.Namespace, begin: str) -> None:
    """Rows of the chips in the folder, and pictures where samples of all are there."""
    results = written(found)
    for _, name, _, experiment, out, n in loop_work(found, begin):
        label = folder(out, name if begin == "random" else f"{name} onward")
        if (label / f"judged_{n}.json").exists():
            results["chips"][f"{name}, from {begin}"] = one(name, begin, experiment, out, n)
    put(found, results)


def tell_dies(found: argparse.Namespace) -> None:
    """Rows of the chips of which all dies are in the folder."""
    results = written(found)
    by_chip: dict[str, list[Any]] = {}
    for _, name, die, _, out, n in die_work(found):
        path = folder(out, f"{name} die {die} {n}").with_suffix(".json")
        if path.exists():
            by_chip.setdefault(name, []).append(json.loads(path.read_text("utf-8")))
    results["dies"] |= {
        name: dies for name, dies in by_chip.items() if len(dies) == len(dies_of(found))
    }
    put(found, results)


def written(found: argparse.Namespace) -> dict[str, Any]:
    """What results.json holds."""
    path = found.results / "results.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {"chips": {}, "dies": {}}


def put(found: argparse.Namespace, results: dict[str, Any]) -> None:
    """Write results.json, the tables, and samples.png and chip.png where there are samples."""
    chips = {
        (name, begin): results["chips"][f"{name}, from {begin}"]
        for name in CHIPS for begin in BEGINS if f"{name}, from {begin}" in results["chips"]
    }  # fmt: skip
    best = best_of({key: _with_samples(found, *key, result) for key, result in chips.items()})
    if SHOWN in best and all("samples" in result for result in best.values()):
        draw(best, found.results / "samples.png")
        draw_one(best[SHOWN], found.results / "chip.png")
    else:
        print("Pictures are left as they are: samples of some chips are not in the folder.")
    dies = {name: results["dies"][name] for name in CHIPS if name in results["dies"]}
    everything = {"chips": common.without_samples(results["chips"]), "dies": dies}
    write_text(found.results / "results.json", json.dumps(everything, indent=1) + "\n")
    tables = chip_table(chips) + ("\n" + die_table(dies) if dies else "")
    write_text(found.results / "table.md", tables)
    print(tables)


def _with_samples(
    found: argparse.Namespace, name: str, begin: str, result: dict[str, Any]
) -> dict[str, Any]:
    """What the other part has found, with its samples where they are in the folder."""
    place = folder(found.out, name if begin == "random" else f"{name} onward")
    file = place / f"judged_{samples_of(found, common.SAMPLES)}.json"
    if "samples" in result or not file.exists():
        return result
    drawn = json.loads(file.read_text("utf-8"))
    # Figures of another run, which the folder does not hold, have samples of their own.
    same = drawn["frechet_feature"] == result["frechet_feature"]
    return result | ({"samples": drawn["samples"]} if same else {})


PARTS: dict[str, common.Part] = {
    "random": (partial(loop_work, begin="random"), partial(tell_loop, begin="random")),
    "ideal": (partial(loop_work, begin="ideal"), partial(tell_loop, begin="ideal")),
    "dies": (die_work, tell_dies),
}


def _more(parser: argparse.ArgumentParser) -> None:
    """Options of this experiment."""
    parser.add_argument("--chips", nargs="+", choices=list(CHIPS), help="rows to do (all)")
    parser.add_argument("--tables", action="store_true", help="only write down what is there")


def main() -> None:
    """Do what is left of each part, and write it down."""
    found = common.options(__doc__, HERE, only=PARTS, more=_more)
    if found.quick:
        found.chips = list(CHIPS)[:2]
        for name in found.chips[1:]:
            common.kept(folder(found.out, name).with_suffix(".beta.json"), lambda: 8e-3)
    common.in_parts(found, PARTS)


if __name__ == "__main__":
    ending.ran(main)
