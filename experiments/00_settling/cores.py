"""What a second core gains: one update's three phases by one thread, two threads, two processes.

python experiments/00_settling/cores.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.analysis.problem import LAWS, interleaved, make_problem, summary
from neurosim.bench.train import Contestant
from neurosim.processes import alone, begun
from neurosim.solvers import OperatingPoint, Transient

HERE = Path(__file__).parent
ENGINES = {
    "transient": Transient(precision="float32"),
    "operating_point": OperatingPoint(precision="float32"),
}
ROWS = [64, 256, 1797]
BY = ("one thread", "two threads", "two processes")


def measured(law: Any, engine: str, rows: int, repeats: int) -> dict[str, Any]:
    """Medians of interleaved repeats, in seconds, at trained weights."""
    batch = make_problem(law, "trained", rows).batch
    single, both = (Contestant(law, "trained", batch, ENGINES[engine], n) for n in (1, 2))

    def run(contestant: Contestant, helped: bool) -> Callable[[], None]:
        def once() -> None:
            with nullcontext() if helped else alone():
                contestant()

        return once

    ways = zip(BY, (run(single, False), run(both, False), run(both, True)), strict=True)
    times = interleaved(dict(ways), repeats)
    found = {name: summary(times[name])["wall_s"] for name in BY}
    return {"law": law, "by": engine, "rows": rows} | found


def main() -> None:
    """Measure, write cores.json, print the table of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, nothing written")
    quick = parser.parse_args().quick
    if not begun(2) and not quick:
        raise SystemExit("cores.py: a second process must begin, but none did; see the memory.")
    found = []
    for law in LAWS:
        for engine in ENGINES:
            for rows in ROWS[:1] if quick else ROWS:
                found.append(measured(law, engine, rows, 1 if quick else 7))
                print(*(f"{value:.3g}" if isinstance(value, float) else value
                        for value in found[-1].values()), flush=True)  # fmt: skip
    if quick:
        return
    (HERE / "cores.json").write_text(json.dumps(found, indent=1) + "\n")
    head = ["law", "by", "rows", *(f"{name}, s" for name in BY), "threads gain", "processes gain"]
    table = []
    for row in found:
        one, threads, processes = (row[name] for name in BY)
        seconds = [f"{value:.3g}" for value in (one, threads, processes)]
        gains = [f"{one / value:.2f}" for value in (threads, processes)]
        table.append([row["law"], row["by"], row["rows"], *seconds, *gains])
    print(common.table(head, table))


if __name__ == "__main__":
    ending.ran(main, keeps=False)
