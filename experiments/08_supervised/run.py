"""Chips that classify after learning by local measurements, beside back-propagation.

python experiments/08_supervised/run.py [--only PART ...] [--seeds N] [--mnist FILE]
    [--rules RULE ...] [--tables] [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on. Each part has its figures, its
table and its picture here; they show what has been trained, of whichever seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import causes
import chips
import choosing
import common
import depth
import dies
import directions
import ending
import lessons
import mnist
import readouts
import rules

HERE = Path(__file__).parent
PARTS: dict[str, common.Part] = {
    "choosing": (choosing.work, choosing.tell),
    "chips": (chips.work, chips.tell),
    "dies": (dies.work, dies.tell),
    "readouts": (readouts.work, readouts.tell),
    "rules": (rules.work, rules.tell),
    "causes": (causes.work, causes.tell),
    "depth": (depth.work, depth.tell),
    "mnist": (mnist.work, mnist.tell),
    "directions": (directions.work, directions.tell),
}


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=common.count, default=5, help="seeds from 0 (5)")
    parser.add_argument(
        "--rules", nargs="+", choices=[*lessons.RULES], default=[*lessons.RULES],
        help="of the part chips (both)",
    )  # fmt: skip
    parser.add_argument("--mnist", type=Path, help="file of the part mnist, which needs one")
    parser.add_argument("--tables", action="store_true", help="train nothing")


def main() -> None:
    """Do what is left of each part, and write it down."""
    found = common.options(__doc__, HERE, only=PARTS, more=_more)
    if found.quick:
        found.seeds, found.mnist = 1, "digits28"
    common.in_parts(found, PARTS)


if __name__ == "__main__":
    ending.ran(main)
