"""How far seeds scatter: the knees of three chips, six trainings each, at the lengths of a study.

python experiments/05_settling/seeds.py [--out DIR] [--workers N] [--quick]

Runs the sweep seeds.yaml, or goes on with it, and writes seeds.csv and seeds.md.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.blocks.files import load_block
from neurosim.outputs import write_text
from neurosim.sweeps import Sweep, SweepFolder
from neurosim.sweeps.floors import bias_of, floors, keep_floors
from neurosim.sweeps.knees import knees

HERE = Path(__file__).parent
PLAN = load_block(HERE / "seeds.yaml", Sweep)
QUALITY = PLAN.measure[0]
Row = dict[str, Any]


def shortened() -> Sweep:
    """One chip, tiny trainings of two seeds, three lengths of each way of drawing."""
    profile, drawn = PLAN.axes
    cases = list(drawn.cases.items())
    few = dict(cases[0:3] + cases[-3:])
    recipe = PLAN.base.experiment.with_values({"updates": 2, "batch": 16, "flow.settle_tau": 2.0})
    return PLAN.model_copy(
        update={
            "base": PLAN.base.model_copy(update={"experiment": recipe}),
            "axes": (
                profile.model_copy(update={"values": profile.values[:1]}),
                drawn.model_copy(update={"cases": few}),
            ),
            "sampling": PLAN.sampling.model_copy(update={"n": 24, "t_end": 0.1}),
            "replicas": 2,
        }
    )


def knee_table(rows: Sequence[Row], bias: float) -> str:
    """Of each chip and way of drawing: settling that is enough, and the best distance."""
    lines = []
    for chip in dict.fromkeys(row["profile"] for row in rows):
        own = [row for row in rows if row["profile"] == chip]
        for way, knee in knees(own, "drawn", QUALITY, floor=bias).items():
            lines.append([chip, way, f"{knee.span()} C/g", f"{knee.best:.2f}"])
    return common.table(["chip", "drawn", "enough settling", "best distance"], lines)


def main() -> None:
    """Sweep; write the points and the table."""
    found = common.options(__doc__, HERE)
    plan = shortened() if found.quick else PLAN
    folder = SweepFolder.create(found.out / "seeds", plan, HERE, command="seeds.py", resume=True)
    rows = common.swept(folder, found.workers)
    with (found.results / "seeds.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    keep_floors(folder)
    table = knee_table(rows, bias_of(floors(folder), QUALITY))
    write_text(found.results / "seeds.md", table)
    print(table)
    common.finish(found)


if __name__ == "__main__":
    ending.ran(main)
