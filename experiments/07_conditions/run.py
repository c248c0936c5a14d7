"""Classes and completions from one circuit: some visible nodes are held while the others flow.

python experiments/07_conditions/run.py [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.data import load_digits
from neurosim.data.sets import Dataset
from neurosim.host import Experiment, Labels
from neurosim.outputs import write_text
from neurosim.profile import load_profile
from neurosim.runs import Run, inpaint, judge_completions, nearest_fill, sample
from neurosim.streams import Streams

Array = NDArray[np.float64]
HERE = Path(__file__).parent
CHIPS = ("ideal_hopfield", "cmos_rc_6bit")
FAST = {"ideal_hopfield": {"settling.precision": "float32"}, "cmos_rc_6bit": {}}
EXPERIMENT = Experiment(
    updates=500, batch=256, learning_rate=2e-3, schedule="cosine", pairing="epoch", average=0.99
)
N_TEST = 297
DRAWS = 8
ASKED = [("lower half", "rest"), ("lower half", "noise"), ("lower half", "ramp"),
         ("right half", "rest"), ("random half", "rest")]  # fmt: skip
MASKS = ("lower half", "right half", "random half")
SHOWN = 10


def profile_of(chip: str, n_visible: int) -> Any:
    """A shipped profile with another visible layer."""
    return load_profile(chip).with_values({"layers": (n_visible, 128, 128), **FAST[chip]})


def classes(chip: str, out: Path, experiment: Experiment, n: int) -> dict[str, Any]:
    """A chip that learns classes too, and how often it draws the one that is asked for."""
    asked = experiment.model_copy(update={"labels": Labels()})
    run = common.trained(profile_of(chip, 74), asked, out / "classes" / chip)

    def make() -> list[list[float]]:
        drawn = [sample(run, 10, label=k, seed=1)[0] for k in range(10)]
        return np.round(np.concatenate(drawn), 3).tolist()

    result = common.judged(run, n)
    return result | {"by_class": common.kept(run.path / "by_class.json", make)}


def split(out: Path, n_test: int) -> tuple[Path, Dataset, Dataset]:
    """File of the digits to learn; these and the unseen ones."""
    images, labels = load_digits()
    order = Streams(0).generator("split").permutation(len(images))
    seen, unseen = order[n_test:], order[:n_test]
    path = out / "seen.npz"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        np.savez(path, images=images[seen], labels=labels[seen])
    parts = [Dataset("digits", images[rows], labels[rows], 16) for rows in (seen, unseen)]
    return path, *parts


def hidden(truth: Array, mask: str) -> Array:
    """Images with half of their pixels unknown."""
    known = truth.copy().reshape(-1, 8, 8)
    if mask == "lower half":
        known[:, 4:] = np.nan
    elif mask == "right half":
        known[:, :, 4:] = np.nan
    else:
        order = Streams(0).generator("mask").permutation(64).reshape(8, 8)
        known[:, order < 32] = np.nan
    return known.reshape(truth.shape)


def regressed(known: Array, images: Array) -> Array:
    """Unknown pixels by the best linear map from the known ones, ridge 1 on sums of squares."""
    unknown = np.isnan(known[0])
    mean = images.mean(axis=0)
    a, b = (images - mean)[:, ~unknown], (images - mean)[:, unknown]
    weights = np.linalg.solve(a.T @ a + np.eye(a.shape[1]), a.T @ b)
    x = known.copy()
    x[:, unknown] = mean[unknown] + (known - mean)[:, ~unknown] @ weights
    return x


def without_a_chip(seen: Dataset, unseen: Dataset) -> dict[str, Any]:
    """What needs no chip: the nearest seen digit, the best linear map, the mean digit."""
    rows: dict[str, Any] = {}
    for mask in MASKS:
        known = hidden(unseen.images, mask)
        filled = {
            "nearest digit": nearest_fill(known, seen.images),
            "linear map": regressed(known, seen.images),
            "mean digit": np.where(np.isnan(known), seen.images.mean(axis=0), known),
            "truth": unseen.images,
        }
        for name, x in filled.items():
            found = judge_completions(x, known, unseen.images, unseen, unseen.labels)
            rows.setdefault(name, {})[mask] = found
    return rows


def completions(chip: str, out: Path, experiment: Experiment, n_test: int) -> dict[str, Any]:
    """A chip that has seen part of the digits completes the others."""
    path, _, unseen = split(out, n_test)
    learns = experiment.model_copy(update={"dataset": str(path.resolve())})
    run = common.trained(profile_of(chip, 64), learns, out / "completions" / chip)
    return {
        f"{mask}, {start}": common.kept(
            run.path / f"{mask}_{start}_1.0.json".replace(" ", "_"),
            lambda mask=mask, start=start: completed(run, unseen, mask, start),
        )
        for mask, start in ASKED
    }


def completed(run: Run, unseen: Dataset, mask: str, start: Any) -> dict[str, Any]:
    """One draw for each image, and the mean of several, against the truth."""
    known = hidden(unseen.images, mask)
    n_draws = 1 if start == "rest" else DRAWS
    draws = [inpaint(run, known, start=start, seed=k)[0] for k in range(n_draws)]
    truth, labels = unseen.images, unseen.labels
    single = [judge_completions(x, known, truth, unseen, labels) for x in draws]
    mean = judge_completions(np.mean(draws, axis=0), known, truth, unseen, labels)
    return {
        "one draw": {key: float(np.mean([s[key] for s in single])) for key in mean},
        "mean of 8": mean,
        "shown": np.round(draws[0][:SHOWN], 3).tolist(),
    }


def class_table(results: dict[str, Any]) -> str:
    """Share of samples of the asked class, in all and by class, and quality."""
    head = ["chip", "asked class drawn", *map(str, range(10)), "feature Frechet", "precision",
            "coverage"]  # fmt: skip
    rows = [
        [chip, r["asked_class_share"], *(f"{share:.2f}" for share in r["asked_class_shares"]),
         r["frechet_feature"], r["precision"], r["coverage"]]
        for chip, r in results.items()
    ]  # fmt: skip
    return common.table(head, rows)


def completion_table(results: dict[str, Any], floors: dict[str, Any]) -> str:
    """Root mean square error on unknown pixels and share of the right class, a row a way."""
    head = ["hidden", "by", "rms error", "right class", "rms error of mean of 8",
            "right class of mean of 8"]  # fmt: skip
    rows: list[list[Any]] = []
    for mask in MASKS:
        for chip, by_way in results.items():
            for name, found in by_way.items():
                if name.startswith(mask):
                    mean = ["", ""] if "rest" in name else found["mean of 8"].values()
                    label = chip + name.removeprefix(mask)
                    rows.append([mask, label, *found["one draw"].values(), *mean])
        for name, by_mask in floors.items():
            rows.append([mask, f"*{name}*", *by_mask[mask].values(), "", ""])
    return common.table(head, rows)


def draw(results: dict[str, Any], unseen: Dataset, path: Path) -> None:
    """Ten samples of each class; halves, completions of each chip, truth."""
    fig, axes = common.new_figure(2, len(CHIPS), size=(9.5, 9))
    for ax, (chip, found) in zip(axes[0], results["classes"].items(), strict=False):
        title = f"{chip}: class 0 to 9 asked for, a row each"
        common.show_digits(ax, found["by_class"], 10, title)
    truth = unseen.images[:SHOWN]
    for ax, (chip, found) in zip(axes[1], results["completions"].items(), strict=False):
        rows = []
        for mask in MASKS:
            known = hidden(truth, mask)
            shown = np.array(found[f"{mask}, rest"]["shown"][:SHOWN])
            rows += [np.where(np.isnan(known), 0.0, known), shown, truth]
        common.show_digits(ax, np.concatenate(rows), len(truth), f"{chip}: known, drawn, truth")
    common.save(fig, path)


def _figures(tree: Any) -> Any:
    """Results without their pictures."""
    if not isinstance(tree, dict):
        return tree
    pictures = ("samples", "by_class", "shown")
    return {key: _figures(value) for key, value in tree.items() if key not in pictures}


def main() -> None:
    """Train, ask, complete, write results.json, table.md and conditions.png."""
    found = common.options(__doc__ or "", HERE)
    experiment, n, n_test = EXPERIMENT, common.SAMPLES, N_TEST
    chips: tuple[str, ...] = CHIPS
    if found.quick:
        experiment = experiment.with_values({"updates": 2, "batch": 32, "flow.settle_tau": 2.0})
        chips, n, n_test = CHIPS[:1], 50, SHOWN
    work = [(classes, chip, found.out, experiment, n) for chip in chips]
    work += [(completions, chip, found.out, experiment, n_test) for chip in chips]
    split(found.out, n_test)
    rows = common.in_parallel(work, found.workers)
    _, seen, unseen = split(found.out, n_test)
    results = {
        "classes": dict(zip(chips, rows[: len(chips)], strict=True)),
        "completions": dict(zip(chips, rows[len(chips) :], strict=True)),
        "without a chip": without_a_chip(seen, unseen),
    }
    text = class_table(results["classes"]) + "\n"
    text += completion_table(results["completions"], results["without a chip"])
    print(text)
    write_text(found.results / "results.json", json.dumps(_figures(results), indent=1) + "\n")
    write_text(found.results / "table.md", text)
    draw(results, unseen, found.results / "conditions.png")
    common.finish(found)


if __name__ == "__main__":
    ending.ran(main)
