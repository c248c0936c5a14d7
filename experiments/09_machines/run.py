"""Other machines than amplifiers and crossbars, on the same tasks: resistors, oscillators.

python experiments/09_machines/run.py [--only PART ...] [--seeds N] [--settings NAME ...]
    [--machines NAME ...] [--flows NAME ...] [--variants NAME ...] [--mnist FILE]
    [--chosen MACHINE ...] [--supervised DIR] [--tables] [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on. Each part has its figures and
its table here; they show what has been trained, of whichever seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / name) for name in ("", "08_supervised")]
import angles
import bits
import common
import ending
import flows
import images28
import lifted
import oscillators
import releases
import resistors
import rows
import starts
import together
import variants
import waits

HERE = Path(__file__).parent
PARTS: dict[str, common.Part] = {
    "resistors": (resistors.work, resistors.tell),
    "oscillators": (oscillators.work, oscillators.tell),
    "angles": (angles.work, angles.tell),
    "rows": (rows.work, rows.tell),
    "waits": (waits.work, waits.tell),
    "variants": (variants.work, variants.tell),
    "flows": (flows.work, flows.tell),
    "releases": (releases.work, releases.tell),
    "starts": (starts.work, starts.tell),
    "mnist": (images28.work, images28.tell),
    "lifted": (lifted.work, lifted.tell),
    "bits": (bits.work, bits.tell),
    "together": (together.work, together.tell),
}


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=common.count, default=5, help="seeds from 0 (5)")
    parser.add_argument(
        "--settings", nargs="+", choices=[*resistors.READOUTS, *resistors.CHIPS],
        help="of the part resistors (all)",
    )  # fmt: skip
    parser.add_argument(
        "--machines", nargs="+", choices=list(oscillators.MACHINES),
        help="of the part oscillators (all)",
    )  # fmt: skip
    parser.add_argument(
        "--flows", nargs="+", choices=[f"{name}, {updates}" for name, updates in flows.PLANS],
        metavar="'MACHINE, UPDATES'", help="of the part flows (all)",
    )  # fmt: skip
    parser.add_argument(
        "--variants", nargs="+", choices=list(variants.VARIANTS), help="of the part variants (all)"
    )
    parser.add_argument("--mnist", type=Path, help="file of the part mnist, which needs one")
    parser.add_argument(
        "--chosen", nargs="+", choices=list(images28.CHIPS), metavar="MACHINE",
        help="of the part mnist train these, and nothing else that was tried (everything)",
    )  # fmt: skip
    parser.add_argument(
        "--supervised", type=Path, default=Path("runs/08_supervised"),
        help="where amplifiers were trained, or are to be (runs/08_supervised)",
    )  # fmt: skip
    parser.add_argument("--tables", action="store_true", help="train nothing")


def main() -> None:
    """Do what is left of each part, and write it down."""
    found = common.options(__doc__, HERE, only=PARTS, more=_more)
    if found.quick:
        found.seeds, found.mnist, found.supervised = 1, "digits28", found.out / "amplifiers"
    common.in_parts(found, PARTS)


if __name__ == "__main__":
    ending.ran(main)
