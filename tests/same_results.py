"""Whether two checkouts compute the same: ``python tests/same_results.py OLD NEW``.

Both train ten updates on every profile of OLD, run the sweep experiments/smoke.yaml of OLD and
export one of the runs in every format, in this one environment. What differs is listed by file and
column, with the largest relative difference; wall times are left out. The exit status is 1 if a
number differs by more than ``--rtol``.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

FORMATS = [
    "csv",
    "json",
    "npz",
    "mat",
    "h5",
    "safetensors",
    "mem",
    "hex",
    "h",
    "param",
    "nir",
    "cir",
]
COMMAND = "from neurosim.cli import main; main()"
# Wall times, and digests of numbers that are compared themselves.
WALL = {"wall_s", "node", "table_sha256"}


def run(checkout: Path, *words: object) -> None:
    """One `neurosim` command of a checkout."""
    one_thread = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        env=os.environ | one_thread | {"PYTHONPATH": str(checkout)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: neurosim {' '.join(map(str, words))}\n{done.stderr}")


def compute(checkout: Path, profiles: list[Path], sweep: Path, out: Path, updates: int) -> None:
    """Everything that is compared, below `out`."""
    for profile in profiles:
        options = ["--updates", updates, "--batch", 64, "--profile", profile]
        run(checkout, "train", *options, "--out", out / profile.stem)
        print(f"{checkout.name}: {profile.stem}", file=sys.stderr, flush=True)
    run(checkout, "sweep", sweep, "--workers", 1, "--out", out / "smoke")
    for suffix in FORMATS:
        run(checkout, "export", out / "cmos_rc_6bit", "--to", out / f"weights.{suffix}")


def columns(path: Path) -> dict[str, list[str]]:
    """A CSV table by column, wall times left out."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0] if name not in WALL}


def leaves(tree: object, path: str = "") -> dict[str, list[str]]:
    """The plain values of a JSON tree by their path; arrays become one list."""
    if isinstance(tree, dict):
        parts = [leaves(value, f"{path}/{key}") for key, value in tree.items() if key not in WALL]
        return {name: values for part in parts for name, values in part.items()}
    if isinstance(tree, list):
        return {path: [text for item in tree for cells in leaves(item).values() for text in cells]}
    return {path: [str(tree)]}


def contents(path: Path) -> dict[str, list[str]]:
    """Cells by column, array or path; the lines of other texts without their comments."""
    if path.suffix == ".csv":
        return columns(path)
    if path.suffix == ".json":
        return leaves(json.loads(path.read_text("utf-8")))
    arrays: dict[str, Any] = {}
    if path.suffix == ".npz":
        with np.load(path) as file:
            arrays = dict(file)
    elif path.suffix == ".mat":
        arrays = {k: v for k, v in loadmat(path).items() if not k.startswith("__")}
    elif path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        arrays = load_file(path)
    elif path.suffix in {".h5", ".nir"}:
        import h5py

        with h5py.File(path) as file:
            names: list[str] = []
            file.visit(names.append)
            arrays = {name: file[name][()] for name in names if hasattr(file[name], "dtype")}
    else:
        lines = path.read_text("utf-8").splitlines()
        told = [line for line in lines if not line.lstrip().startswith(("//", "/*", "*"))]
        return {str(number): [line] for number, line in enumerate(told)}
    return {name: [str(x) for x in np.ravel(array).tolist()] for name, array in arrays.items()}


def difference(old: list[str], new: list[str]) -> float | None:
    """Largest relative difference of two columns of numbers; None where they differ in text."""
    worst = 0.0
    if len(old) != len(new):
        return None
    for a, b in zip(old, new, strict=True):
        try:
            x, y = float(a), float(b)
        except ValueError:
            if a != b:
                return None
            continue
        if a != b and not (math.isnan(x) and math.isnan(y)):
            worst = max(worst, abs(x - y) / max(abs(x), abs(y)))
    return worst


def compare(name: str, old: Path, new: Path) -> tuple[list[str], float]:
    """What is different in one file, and by how much."""
    before, after = contents(old), contents(new)
    lines = [f"{name}: {key} only in OLD" for key in before if key not in after]
    lines += [f"{name}: {key} only in NEW" for key in after if key not in before]
    worst = 0.0
    for key in before.keys() & after.keys():
        found = difference(before[key], after[key])
        if found is None:
            lines.append(f"{name}: {key} is another text")
        elif found:
            worst = max(worst, found)
            lines.append(f"{name}: {key} differs by {found:.1e}")
    return lines, worst


def main() -> None:
    """Compute with both, one process each, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--updates", type=int, default=10)
    parser.add_argument("--rtol", type=float, default=1e-12)
    given = parser.parse_args()
    old = given.old.resolve()
    profiles = sorted((old / "hardware_profiles").glob("*.yaml"))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        outs = [Path(folder, name) for name in ("old", "new")]
        jobs = [
            pool.submit(compute, tree, profiles, old / "experiments/smoke.yaml", out, given.updates)
            for tree, out in zip((old, given.new.resolve()), outs, strict=True)
        ]
        for job in jobs:
            job.result()
        names = [f"{profile.stem}/metrics.csv" for profile in profiles] + ["smoke/results.csv"]
        names += [f"weights.{suffix}" for suffix in FORMATS]
        found = [compare(name, outs[0] / name, outs[1] / name) for name in names]
    print("\n".join(line for lines, _ in found for line in lines))
    worst = max(worst for _, worst in found)
    print(f"{len(names)} files; largest relative difference of a number: {worst:.1e}")
    sys.exit(worst > given.rtol)


if __name__ == "__main__":
    main()
