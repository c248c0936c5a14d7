"""The weight table: every coupling and bias of a chip as numbers that other tools read.

A table has one block for each matrix of the network: ``W<k>`` of shape (n_{k+1}, n_k) holds the
couplings between layers k and k + 1, row i being a node of layer k + 1 and column j one of layer
k; ``b<k>`` of shape (n_k,) holds the biases of layer k. Each block has the columns of `COLUMNS`
that the chip has. The data sheet beside them says what the numbers mean.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.classes import called
from neurosim.blocks.files import dump_block
from neurosim.blocks.trees import plain
from neurosim.blocks.words import as_written, bare
from neurosim.chip import Chip
from neurosim.devices import FAULTS
from neurosim.errors import DataError
from neurosim.network import Layers
from neurosim.profile import Profile
from neurosim.tables.equations import circuit_of
from neurosim.tables.fabrication import fabricated
from neurosim.tables.layout import positions, shapes

__all__ = [
    "COLUMNS",
    "Column",
    "WeightTable",
    "checksum",
    "columns_of",
    "data_sheet",
    "digest",
    "layers_of",
    "table",
]

Array = NDArray[Any]
KIND = "neurosim weight table"
VERSION = 1


class Column(NamedTuple):
    """One number of each pair of devices, or of a node: its name, unit and meaning.

    A node's columns are those of its bias: the blocks b0, b1, ... alone have them.
    """

    name: str
    unit: str
    meaning: str
    whole: bool = False
    node: bool = False


_FAULT_CODES = ", ".join(f"{k} {name or 'works'}" for k, name in enumerate(FAULTS)) + ": "
COLUMNS = (
    Column("weight", "", "dimensionless weight of the targets, (G+ - G-) / unit_S; no G-, 0"),
    Column("target_plus_S", "S", "conductance that G+ should have"),
    Column("target_minus_S", "S", "conductance that G- should have"),
    Column("code_plus", "", "level of the target G+, from 0", whole=True),
    Column("code_minus", "", "level of the target G-, from 0", whole=True),
    Column("achieved_plus_S", "S", "what the last write left in G+; fixed mismatch comes on top"),
    Column("achieved_minus_S", "S", "what the last write left in G-; fixed mismatch comes on top"),
    Column("present_plus_S", "S", "G+ as it was last used: achieved_plus_S after its drift"),
    Column("present_minus_S", "S", "G- as it was last used: achieved_minus_S after its drift"),
    Column("factor_plus", "", "G+ of the circuit over present or achieved: the die's mismatch"),
    Column("factor_minus", "", "G- of the circuit over present or achieved: the die's mismatch"),
    Column("fault_plus", "", _FAULT_CODES + "G+", whole=True),
    Column("fault_minus", "", _FAULT_CODES + "G-", whole=True),
    Column("fault_back_plus", "", _FAULT_CODES + "G+ of the other direction", whole=True),
    Column("fault_back_minus", "", _FAULT_CODES + "G- of the other direction", whole=True),
    Column("back_plus_S", "S", "as achieved_plus_S, of the device of the other direction"),
    Column("back_minus_S", "S", "as achieved_minus_S, of the device of the other direction"),
    Column("present_back_plus_S", "S", "back_plus_S after its drift"),
    Column("present_back_minus_S", "S", "back_minus_S after its drift"),
    Column("factor_back_plus", "", "as factor_plus, of the device of the other direction"),
    Column("factor_back_minus", "", "as factor_minus, of the device of the other direction"),
    *(
        Column(name, unit, f"of the node: {meaning}", node=True)
        for name, unit, meaning in (
            ("capacitance_F", "F", "its capacitance"),
            ("leak_S", "S", "its leak g"),
            ("gain", "", "its amplifier's gain over the design's"),
            ("offset_V", "V", "its amplifier's input offset"),
            ("spring", "", "its spring over the design's; 0 where it has none"),
        )
    ),
    Column("address", "", "cell that holds the pair, see tiling in the data sheet", whole=True),
)


@dataclass(frozen=True)
class WeightTable:
    """Blocks of numbers and the data sheet that explains them.

    Attributes
    ----------
    sheet : dict
        See `data_sheet`; plain JSON values.
    blocks : dict
        Arrays by block and column: ``blocks["W0"]["target_plus_S"]``.
    """

    sheet: dict[str, Any]
    blocks: dict[str, dict[str, Array]]

    def __post_init__(self) -> None:
        """These names become those of other languages."""
        known = {column.name for column in COLUMNS}
        bad = [name for name in self.blocks if not re.fullmatch(r"[Wb][0-9]{1,4}", name)]
        bad += [name for block in self.blocks.values() for name in block if name not in known]
        if bad:
            raise DataError(
                "A weight table must have blocks W0, W1, ..., b0, b1, ... of the columns that "
                f"neurosim knows, but has {bad[0]!r}; export it again."
            )

    @property
    def size(self) -> int:
        """Number of couplings and biases."""
        return sum(next(iter(columns.values())).size for columns in self.blocks.values())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that this table has."""
        present = set().union(*self.blocks.values()) if self.blocks else set()
        return tuple(column for column in COLUMNS if column.name in present)


def checksum(profile: Profile) -> str:
    """Digest of what the profile says of the chip; how settles are computed is no part of it.

    Nor are fields that a file may leave out and that say nothing, so that tables of versions
    without them keep their digests.
    """
    tree = bare(profile, plain(as_written(profile)))
    for name in ("summary", "description", "settling", "host"):
        tree.pop(name, None)
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def data_sheet(profile: Profile, seed: int) -> dict[str, Any]:
    """What a reader of the table must know, as plain JSON values.

    The keys are: the table's kind and version; the profile's name, checksum and whole text; the
    seed of the die; sizes of the layers with their names, and which have voltage sources and which
    injectors; scales (`unit_S` is the conductance of weight 1, `unit_V` the voltage of 1,
    `reference_V` the rail of the biases, `tau_s` a node's C / g); encoding, directions, largest
    weight (`full_scale`) and the range of a device, from `idle_S` up by `range_S`; `level_S`, the
    conductance of every code; `zero_codes`, those of weight 0; `circuit`, the design of the
    elements and their equations; and each column's unit and meaning. `recipe`, where there is one,
    is how the host presents to the chip. In a file `table_sha256`
    says which table it belongs to: see `digest`.
    """
    coupling, node, layers = profile.coupling, profile.node, profile.network
    if not layers.only_next:
        raise DataError(
            f"A weight table holds couplings of neighbouring layers, but {profile.name} has the "
            f"pattern {called(layers.pattern)}; export the netlist instead, to a .cir file."
        )
    levels = coupling.levels_S(node.leak_S)
    zero = coupling.target(np.zeros(1), node.leak_S)
    names, injectors = layers.names(), profile.injectors.layers if profile.injectors else ()
    pair_S = np.concatenate([getattr(zero, f"{side}_S") for side in coupling.sides])
    return {
        "kind": KIND,
        "version": VERSION,
        "profile": profile.name,
        "profile_checksum": checksum(profile),
        "die_seed": seed,
        "layers": dict(zip(layers.names(), layers.sizes, strict=True)),
        "sources": [names[k] for k in layers.numbers(profile.sources)],
        "injectors": [names[k] for k in layers.numbers(injectors)],
        "order": "W<k>: row = node of layer k + 1, column = node of layer k; b<k>: node of layer k",
        "unit_S": node.leak_S,
        "unit_V": node.unit_V,
        "reference_V": node.unit_V,
        "tau_s": node.tau_s,
        "encoding": coupling.encoding,
        "directions": coupling.directions,
        "full_scale": coupling.full_scale,
        "idle_S": coupling.idle_S,
        "range_S": coupling.range_S(node.leak_S),
        "level_S": None if levels is None else levels.tolist(),
        "zero_codes": None if levels is None else coupling.level(pair_S, node.leak_S).tolist(),
        "circuit": circuit_of(profile),
        "columns": {c.name: {"unit": c.unit, "meaning": c.meaning} for c in COLUMNS},
        "profile_yaml": dump_block(profile),
    }


def layers_of(sheet: dict[str, Any]) -> Layers:
    """The network that a data sheet is of.

    Raises
    ------
    DataError
        It names no layers, or other ones than a network has.
    """
    named = sheet.get("layers")
    sizes = tuple(named.values()) if isinstance(named, dict) else ()
    whole = all(type(size) is int and size > 0 for size in sizes)
    if len(sizes) < 2 or not whole or tuple(named or ()) != tuple(Layers(sizes).names()):
        raise DataError(
            "The data sheet must name each layer with its size, but its layers are "
            f"{json.dumps(named)[:80]}; export the table again."
        )
    return Layers(sizes)


def columns_of(profile: Profile) -> set[str]:
    """Names of the columns that tables of such chips have."""
    sides = profile.coupling.sides
    groups = ["target_{}_S", "achieved_{}_S"]
    groups += ["code_{}"] if profile.coupling.levels is not None else []
    groups += ["present_{}_S"] if profile.drift is not None else []
    groups += ["fault_{}"] if profile.faults is not None else []
    groups += ["factor_{}"] if profile.mismatch.coupling else []
    if profile.coupling.separate:
        groups += ["back_{}_S"]
        groups += ["present_back_{}_S"] if profile.drift is not None else []
        groups += ["factor_back_{}"] if profile.mismatch.coupling else []
        groups += ["fault_back_{}"] if profile.faults is not None else []
    nodes = {column.name for column in COLUMNS if column.node}
    return {"weight"} | nodes | {group.format(side) for group in groups for side in sides}


def digest(table: WeightTable, columns: Collection[str] | None = None) -> str:
    """Digest of the die and the numbers of a table, whatever the order in which a file has them.

    Parameters
    ----------
    table : WeightTable
    columns : collection of str, optional
        Only these.
    """
    of = [table.sheet.get(key) for key in ("die_seed", "profile_checksum")]
    found = hashlib.sha256(repr(of).encode())
    for name in sorted(table.blocks):
        block = table.blocks[name]
        for column in COLUMNS:
            if column.name in block and (columns is None or column.name in columns):
                values = np.ascontiguousarray(block[column.name], dtype="<f8") + 0.0
                found.update(f"{name} {column.name} {values.shape}".encode())
                found.update(values.tobytes())
    return found.hexdigest()


def table(chip: Chip, recipe: Mapping[str, float | str] | None = None) -> WeightTable:
    """The table of a chip as it is programmed.

    Parameters
    ----------
    chip : Chip
    recipe : mapping, optional
        How the host presents to it, for the data sheet: stiffness, alpha, beta and the like.

    Raises
    ------
    DataError
        The chip's oscillators are tuned to something.
    """
    if chip.bank.tuned.acts:
        raise DataError(
            f"A weight table has no column for what oscillators are tuned to, but {chip!r} learned "
            "it; leave learning.tuned out."
        )
    coupling, unit_S = chip.profile.coupling, chip.profile.node.leak_S
    target_S, achieved_S = chip.programmed_S()
    at, fixed = positions(chip.die), fabricated(chip.die)
    blocks: dict[str, dict[str, Array]] = {}
    for name in shapes(chip.die.layers):
        targets = {side: target_S[at[f"{side}_S"][name]] for side in coupling.sides}
        delta_S = targets["plus"] - targets.get("minus", 0.0)
        block: dict[str, Array] = {"weight": delta_S / unit_S}
        for side, target in targets.items():
            block[f"target_{side}_S"] = target
            if coupling.levels is not None:
                block[f"code_{side}"] = coupling.level(target, unit_S)
        for side, index in at.items():
            here = index[name]
            block[side if side.startswith("back") else f"achieved_{side}"] = achieved_S[here]
            if chip.profile.drift is not None:
                block[f"present_{side}"] = chip.devices_S[here]
            if chip.bank.faulty is not None:
                kind = chip.bank.faulty.kind[here]
                block[f"fault_{side.removesuffix('_S')}"] = kind.astype(np.int64)
        blocks[name] = block | fixed[name]
    sheet = data_sheet(chip.profile, chip.seed)
    return WeightTable(sheet if recipe is None else sheet | {"recipe": dict(recipe)}, blocks)
