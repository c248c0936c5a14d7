"""The weight table: every coupling and bias of a run as numbers that other tools read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.files import check_writable, write_text
from neurosim.topology import Layers

__all__ = ["COLUMNS", "csv_text", "export", "table"]

Array = NDArray[np.float64]

COLUMNS = (
    "kind",
    "layer",
    "row",
    "column",
    "from_node",
    "to_node",
    "weight",
    "target_plus_S",
    "target_minus_S",
    "code_plus",
    "code_minus",
    "achieved_plus_S",
    "achieved_minus_S",
)


def _blocks(layers: Layers, plus: Array, minus: Array) -> Iterator[tuple[int, Array, Array]]:
    """Layer k and the matrices (n_{k+1}, n_k) of its couplings to layer k + 1."""
    for k in range(len(layers.sizes) - 1):
        box = layers.crossing(k)
        p, m = plus[box], minus[box]
        yield (k, p, m) if k % 2 == 0 else (k, p.T, m.T)


def table(chip: Chip) -> list[dict[str, Any]]:
    """Rows of the table: couplings layer by layer, then biases.

    A coupling has kind W and layer k: row i is a node of layer k + 1, column j one of layer k. A
    bias has kind b and layer k; its column is empty.

    The achieved conductances are what the last write left behind, programming noise included; the
    fixed mismatch of a die's devices comes on top and is not in the table. `weight` is the
    dimensionless weight that the target conductances stand for, (G+ - G-) / g; the codes are empty
    where a device has no levels.
    """
    coupling, unit_S = chip.profile.coupling, chip.profile.node.leak_S
    layers, names = chip.die.layers, chip.die.layers.names()
    target, achieved = (chip.die.devices.split(vector) for vector in chip.programmed_S())

    def row(place: dict[str, Any], goal: tuple[float, float], got: tuple[float, float]) -> Any:
        codes: list[Any] = ["", ""]
        if coupling.levels is not None:
            codes = coupling.level(np.array(goal), unit_S).tolist()
        return place | {
            "weight": (goal[0] - goal[1]) / unit_S,
            "target_plus_S": goal[0],
            "target_minus_S": goal[1],
            "code_plus": codes[0],
            "code_minus": codes[1],
            "achieved_plus_S": got[0],
            "achieved_minus_S": got[1],
        }

    rows = []
    goals = _blocks(layers, target[0].plus_S, target[0].minus_S)
    gots = _blocks(layers, achieved[0].plus_S, achieved[0].minus_S)
    for (k, goal_plus, goal_minus), (_, got_plus, got_minus) in zip(goals, gots, strict=True):
        for i, j in np.ndindex(goal_plus.shape):
            place = {"kind": "W", "layer": k, "row": i, "column": j}
            place |= {"from_node": f"{names[k]}[{j}]", "to_node": f"{names[k + 1]}[{i}]"}
            goal = float(goal_plus[i, j]), float(goal_minus[i, j])
            rows.append(row(place, goal, (float(got_plus[i, j]), float(got_minus[i, j]))))
    for k, name in enumerate(names):
        nodes = range(layers.n_nodes)[layers.nodes(k)]
        for i, node in enumerate(nodes):
            place = {"kind": "b", "layer": k, "row": i, "column": ""}
            place |= {"from_node": "reference", "to_node": f"{name}[{i}]"}
            goal = float(target[1].plus_S[node]), float(target[1].minus_S[node])
            got = float(achieved[1].plus_S[node]), float(achieved[1].minus_S[node])
            rows.append(row(place, goal, got))
    return rows


def csv_text(rows: list[dict[str, Any]]) -> str:
    """The table as CSV; numbers keep all their bits."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.17g}" if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()


def export(chip: Chip, path: Path) -> int:
    """Write the weight table of a chip to `path`; the number of its rows.

    Raises
    ------
    DataError
        The format is not known, or the folder does not exist.
    """
    check_writable(path, [".csv"])
    rows = table(chip)
    write_text(path, csv_text(rows))
    return len(rows)
