"""What hidden phases that start from 0 are worth, and whether training from any phase mends it."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import common
import flows
import lessons
from releases import mean

from neurosim.runs import Run, Trained, evaluate

T_END, SAMPLES = 1.2, 1000
TRAININGS = (
    ("oscillators, centred", 400),
    ("oscillators, centred", 900),
    ("oscillators, centred, from any phase", 400),
    ("oscillators, centred, from any phase", 900),
)
# How hidden phases begin: mode, and `sampling.hidden_start`.
WAYS = {
    "each step from 0": ("spring", "zero"),
    "each step from where the last one ended": ("spring", "kept"),
    "each step from any phase": ("spring", "random"),
    "by the chip alone, from 0": ("free-running", "zero"),
    "by the chip alone, from any phase": ("free-running", "random"),
}
FIGURES = ("frechet_feature", "precision", "coverage", "smallest_class")


def drawn(run: Run, mode: str, start: str, n: int) -> dict[str, Any]:
    """How good samples are that begin so."""
    how = {"sampling.mode": mode, "sampling.t_end": T_END, "sampling.hidden_start": start}
    trained = Trained.of(run, n_threads=1)
    result, _ = evaluate(Trained(trained.chip, trained.experiment.with_values(how)), n)
    return {key: result[key] for key in (*FIGURES, "baselines")}


def of_training(found: argparse.Namespace, name: str, updates: int, seed: int, n: int) -> None:
    """Every way, kept."""
    run = common.finished(flows.place(found, name, updates, seed), "the part flows")
    for way, (mode, start) in WAYS.items():
        common.kept(place(found, name, updates, seed, way, n), partial(drawn, run, mode, start, n))


def place(found: argparse.Namespace, name: str, updates: int, seed: int, way: str, n: int) -> Path:
    """File of a figure."""
    mode, start = WAYS[way]
    folder = flows.place(found, name, updates, seed).name
    return Path(found.out / "starts" / f"{folder}_{mode}_{start}_{n}.json")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every training that the part flows has finished."""
    n = 32 if found.quick else SAMPLES
    there = [
        (name, updates, seed)
        for seed in range(found.seeds)
        for name, updates in TRAININGS
        if _is_trained(flows.place(found, name, updates, seed))
    ]
    return [(of_training, found, *one, n) for one in there]


def _is_trained(folder: Path) -> bool:
    if not folder.exists():
        return False
    run = Run.open(folder)
    return run.n_done == run.experiment.updates


def tell(found: argparse.Namespace) -> None:
    """Figures and table."""
    n, fresh = (32 if found.quick else SAMPLES), dict[str, Any]()
    for name, updates in TRAININGS:
        for way in WAYS:
            for seed in range(found.seeds):
                file = place(found, name, updates, seed, way, n)
                if file.exists():
                    at = fresh.setdefault(f"{name}, {updates}", {}).setdefault(way, {})
                    at[str(seed)] = json.loads(file.read_text())
    results = common.merged(found.results / "starts.json", fresh)
    if not results:
        return
    rows = [
        [name, way, len(by_seed), *(mean(by_seed, key) for key in FIGURES)]
        for name, by_way in results.items()
        for way, by_seed in by_way.items()
    ]
    base = next(iter(next(iter(next(iter(results.values())).values())).values()))["baselines"]
    rows += [
        [f"*{floor}*", "", "", *(f"{base[floor][key]:.3g}" for key in FIGURES)]
        for floor in ("real", "gaussian")
    ]
    head = ["machine, updates", "drawn", "seeds", "feature Frechet", "precision", "coverage",
            "smallest class"]  # fmt: skip
    lessons.write(found, "starts", results, common.table(head, rows))
