"""A flow over digits of 28x28 on an ideal chip and on `cmos_rc_6bit`, judged in fixed features.

python experiments/10_mnist/run.py --data FILE [--out DIR] [--only PART ...] [--quick]

FILE holds MNIST, see README.md. What is done is not done again; a training that was stopped goes
on. The table has what is done. With --quick, 8x8 digits enlarged to 28x28 stand in for MNIST.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from judge import SIDE, floors, judged, split
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.blocks.units import format_quantity
from neurosim.data import to_grid
from neurosim.data.sets import Dataset
from neurosim.host import Experiment
from neurosim.outputs import write_text
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained

Array = NDArray[np.float64]
HERE = Path(__file__).parent
GREYS = 255
RECIPE: dict[str, Any] = {
    "updates": 2500,
    "batch": 128,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "average": 0.99,
    "flow.settle_tau": 10,
    "contrast": None,
    "sampling.t_end": 1.3,
}
# From the weights of the flow.
ONWARD = {
    "updates": 900,
    "learning_rate": 1e-3,
    "contrast": {"begin": 0.0, "rows": 128},
}
# From the ideal circuit's weights; the contrast weighs more as the nudge lengthens the flow's
# gradient, by 1 / (1 - r^2) with r = beta alpha^2 lambda = 0.48.
ON_CHIP = {
    "updates": 150,
    "learning_rate": 1e-3,
    "average": 0.97,
    "contrast": {"begin": 0.0, "rows": 128, "weight": 5.2},
}
# The contrast from the middle on, with half of the rows.
EARLY = {"updates": 900, "contrast": {"begin": 0.5, "learning_rate": 1e-3, "rows": 64}}
SHORT = {"updates": 150, "average": 0.97}
LAYERS = {"layers": (SIDE**2, 256, 128)}
WIDE = {"layers": (SIDE**2, 512, 256)}
SLOW = {"node.release_capacitance_F": "50 pF"}  # C_x / C_h = 50
IDEAL = LAYERS | SLOW
LOCAL = {"pattern": {"pattern": "local", "reach": 5.0}}
# Name of a part: profile, what of it is changed, what of the recipe, the part that it begins with
# (or centred or random weights), and t.
CENTRED = "centred"
Part = tuple[str, dict[str, Any], dict[str, Any], str | None, tuple[float, ...]]
PARTS: dict[str, Part] = {
    "flow": ("ideal_hopfield", IDEAL, {}, CENTRED, (1.3, 1.6)),
    "ideal": ("ideal_hopfield", IDEAL, ONWARD, "flow", (1.3, 1.45, 1.6)),
    "chip": ("cmos_rc_6bit", LAYERS, ON_CHIP, "ideal", (1.3, 1.45, 1.6)),
    "early contrast": ("ideal_hopfield", IDEAL, EARLY, CENTRED, (1.3, 1.6)),
    "wide flow, half as long": (
        "ideal_hopfield", WIDE | SLOW, {"updates": 1250}, CENTRED, (1.3, 1.6)
    ),
    "full, short": ("ideal_hopfield", IDEAL, SHORT, CENTRED, (1.3,)),
    "local, short": ("ideal_hopfield", IDEAL | LOCAL, SHORT, CENTRED, (1.3,)),
    "zero biases, short": ("ideal_hopfield", IDEAL, SHORT, None, (1.3,)),
}  # fmt: skip
# Of which parts the picture has samples, and at which t.
PICTURED = {"flow": 1.6, "ideal": 1.45, "chip": 1.45}
SHOWN = {key: name for key, name in common.COLUMNS.items() if key != "w2"}
SHOWN["nearest_distance"] = "nearest test digit"


def stored(digits: Dataset, out: Path) -> Path:
    """The file of digits that trainings read: those to learn, and the test set beside them."""
    assert digits.test is not None
    sets = {"": digits, "test_": digits.test}
    arrays = {f"{kind}images": _kept(part) for kind, part in sets.items()}
    arrays |= {f"{kind}labels": part.labels for kind, part in sets.items()}
    return common.stored((out / "digits.npz").resolve(), digits.name, arrays)


def _kept(part: Dataset) -> NDArray[Any]:
    """Greys as bytes; floats where the set is on no scale."""
    return part.images if part.steps is None else grey(part.images)


def grey(x: Array) -> NDArray[np.uint8]:
    """Images from -1 (paper) to 1 (ink) as whole greys 0 to 255, clipped."""
    return np.round((to_grid(x, GREYS) + 1) * GREYS / 2).astype(np.uint8)


def trained(name: str, out: Path, data: Path, changes: dict[str, Any]) -> Run:
    """The run of a part."""
    base, hardware, own, begin, _ = PARTS[name]
    recipe = Experiment().with_values(RECIPE).with_values(own)
    recipe = recipe.with_values({"dataset": str(data)} | changes)
    profile = load_profile(base).with_values(hardware)
    start: Run | Trained | None = None
    if begin == CENTRED:
        start = common.centred(profile, recipe)
    elif begin is not None:
        start = common.finished(_folder(out, begin), f"the part {begin}")
    return common.trained(profile, recipe, _folder(out, name), start=start)


def _folder(out: Path, name: str) -> Path:
    return out / name.replace(", ", "_")


def drawn(run: Run, digits: Dataset, n: int, t_end: float) -> dict[str, Any]:
    """Judged samples of a run with what one takes; all of them beside it as greys (n, 28, 28, 3).

    That is the array which programs that compute an FID read: `arr_0` of an .npz.
    """
    name = f"{n}_t{t_end}"

    def make() -> dict[str, Any]:
        chip = Trained.of(run, n_threads=1)
        before = chip.fresh().ledger.copy()
        x = chip.draw(n, t_end=t_end)
        spent = chip.chip.ledger.since(before)
        squares = grey(x).reshape(n, SIDE, SIDE, 1)
        np.savez_compressed(run.path / f"samples_{name}.npz", np.repeat(squares, 3, axis=3))
        assert digits.test is not None
        result = judged(x, digits.test.images, digits.steps)
        costs = {f"sample_{unit}": spent[key] / n for unit, key in _COSTS}
        return result | costs | {"flow_loss": float(run.metrics()["flow_loss"][-20:].mean())}

    return common.kept(run.path / f"judged_{name}.json", make)


def done(out: Path, n: int) -> dict[str, dict[str, Any]]:
    """What has been judged, by part and t."""
    found = {}
    for name, (*_, t_ends) in PARTS.items():
        for t_end in t_ends:
            file = _folder(out, name) / f"judged_{n}_t{t_end}.json"
            if file.exists():
                found[f"{name}, t = {t_end}"] = json.loads(file.read_text())
    return found


_COSTS = (("s", "time_s"), ("J", "energy_J"))


def table(results: dict[str, dict[str, Any]], rows: dict[str, dict[str, Any]]) -> str:
    """Quality and cost of each result, and the floors below."""
    head = ["", "flow loss", *SHOWN.values(), "a sample: time", "energy"]
    lines = [
        [name, r["flow_loss"], *(r[key] for key in SHOWN)]
        + [format_quantity(r[f"sample_{unit}"], unit, 3) for unit, _ in _COSTS]
        for name, r in results.items()
    ]
    lines += [[f"*{name}*", "", *(row[key] for key in SHOWN), "", ""] for name, row in rows.items()]
    return common.table(head, lines)


def draw(out: Path, n: int, digits: Dataset, path: Path) -> None:
    """Samples of the two chips and of the flow alone, beside digits."""
    shown: dict[str, Array] = {"test digits": digits.test.images[:100]} if digits.test else {}
    for name, t_end in PICTURED.items():
        file = _folder(out, name) / f"samples_{n}_t{t_end}.npz"
        if file.exists():
            with np.load(file) as arrays:
                squares = arrays["arr_0"][:100, :, :, 0].reshape(-1, SIDE**2)
            shown[f"{name}, t = {t_end}"] = squares / (GREYS / 2) - 1
    fig, axes = common.new_figure(1, len(shown), size=(4 * len(shown), 4.2))
    for ax, (title, images) in zip(np.atleast_1d(axes), shown.items(), strict=True):
        common.show_digits(ax, images, 10, title)
    common.save(fig, path)


def brings(parser: argparse.ArgumentParser) -> None:
    """The option that names what a user brings."""
    parser.add_argument("--data", metavar="FILE", help="MNIST: see README.md")


def main() -> None:
    """Train and judge; write results.json, table.md and samples.png."""
    options = common.options(__doc__, HERE, only=PARTS, more=brings)
    n, names, changes = common.SAMPLES, [p for p in PARTS if p in (options.only or PARTS)], {}
    if options.quick:
        options.data, n = "digits28", 50
        changes = {"updates": 2, "batch": 16, "flow.settle_tau": 2.0}
    if options.data is None:
        raise SystemExit("--data must name MNIST's images; README.md says where they are found.")
    digits = split(options.data)
    data = stored(digits, options.out)
    for name in names:
        run = trained(name, options.out, data, changes)
        for t_end in PARTS[name][-1]:
            drawn(run, digits, n, t_end)
    rows = common.kept(options.out / f"floors_{n}.json", lambda: floors(digits, n))
    results = done(options.out, n)
    print(table(results, rows))
    everything = {"drawn": results, "floors": rows}
    common.write_results(options.results / "results.json", everything)
    write_text(options.results / "table.md", table(results, rows))
    draw(options.out, n, digits, options.results / "samples.png")
    common.finish(options)


if __name__ == "__main__":
    ending.ran(main)
