"""The table as text that a compiler or a simulator includes: a C header, SPICE parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.errors import DataError
from neurosim.safe_text import comment
from neurosim.tables.table import Array, WeightTable, layers_of

__all__ = ["write_header", "write_parameters"]

_A_LINE = 8
# ngspice reads several parameters a line twice as fast as one; all of 64-128-128 take 25 s.
_PAIRS_A_LINE = 4
_SIDES = {
    "p": "achieved_plus_S", "m": "achieved_minus_S", "bp": "back_plus_S", "bm": "back_minus_S",
}  # fmt: skip
_BOTH_WAYS = {
    "shared": ("* one device drives both nodes",),
    "separate": (
        "* _p, _m drive the node in the layer of odd number; _bp, _bm that of even number",
    ),
}


def _c_type(values: Array) -> str:
    if not np.issubdtype(values.dtype, np.integer):
        return "double"
    top = int(values.max(initial=0))
    return "uint8_t" if top < 2**8 else "uint16_t" if top < 2**16 else "uint32_t"


def _finite(values: Any, what: str) -> Array:
    """Numbers that every language can write."""
    found = np.asarray(values)
    if found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise DataError(
            f"{what} of the table must be finite numbers, but not all are; export it again."
        )
    return found


def _scale(sheet: dict[str, Any], name: str) -> str:
    return f"{_finite(sheet[name], name):.17g}"


def _braces(values: Array) -> str:
    if values.ndim > 1:
        return "{\n" + ",\n".join(_braces(row) for row in values) + "}"
    texts = [repr(v) if isinstance(v, float) else str(v) for v in values.tolist()]
    lines = [", ".join(texts[k : k + _A_LINE]) for k in range(0, len(texts), _A_LINE)]
    return "{" + ",\n ".join(lines) + "}"


def write_header(table: WeightTable) -> bytes:
    """A C header (C99): ``static const`` arrays such as ``W0_weight[128][64]``, and the scales."""
    sheet = table.sheet
    lines = [
        f"/* neurosim: weight table of {comment(sheet['profile'])}, "
        f"die {comment(sheet['die_seed'])}.",
        f" * {comment(sheet['order'])}.",
        *(
            f" * {column.name} [{column.unit or '1'}]: {column.meaning}."
            for column in table.columns
        ),
        f" * Profile checksum {comment(sheet['profile_checksum'])}. */",
        "#ifndef NEUROSIM_WEIGHTS_H",
        "#define NEUROSIM_WEIGHTS_H",
        "#include <stdint.h>",
        f"#define NEUROSIM_N_LAYERS {len(sheet['layers'])}",
    ]
    layers = layers_of(sheet)
    sizes = zip(layers.names(), layers.sizes, strict=True)
    lines += [f"#define NEUROSIM_N_{name.upper()} {size}" for name, size in sizes]
    for name in ("unit_S", "unit_V", "reference_V", "tau_s", "full_scale"):
        stem, _, unit = name.rpartition("_")
        lines.append(f"#define NEUROSIM_{stem.upper()}_{unit} {_scale(sheet, name)}")
    levels = sheet["level_S"]
    if levels is not None:
        level_S = _finite(levels, "level_S")
        lines.append(f"#define NEUROSIM_N_LEVELS {len(levels)}")
        lines.append(f"static const double level_S[{len(levels)}] = {_braces(level_S)};")
    for block, columns in table.blocks.items():
        for name, values in columns.items():
            size = "".join(f"[{n}]" for n in values.shape)
            lines.append(
                f"static const {_c_type(values)} {block}_{name}{size} = {_braces(values)};"
            )
    return ("\n".join([*lines, "#endif"]) + "\n").encode()


def write_parameters(table: WeightTable) -> bytes:
    """SPICE parameters for ``.include``: ``w0_3_5_p`` and ``w0_3_5_m``, achieved G+ and G- [S].

    Of a chip with a device for each direction ``w0_3_5_bp`` and ``w0_3_5_bm`` are those that drive
    the node in the layer of even number, the others that of odd number.

    A resistor of the coupling from node 5 of layer 0 to node 3 of layer 1 is then
    ``R1 a b {1/w0_3_5_p}``; a device that is off has 0 S and must be left out.
    """
    sheet = table.sheet
    lines = [
        f"* neurosim: achieved conductances of {comment(sheet['profile'])}, "
        f"die {comment(sheet['die_seed'])}, in S",
        "* w<k>_<i>_<j>_p, _m: G+ and G- of node j of layer k and node i of layer k+1; b<k>_<i>_p",
        *_BOTH_WAYS.get(sheet["directions"], ()),
        f"* profile checksum {comment(sheet['profile_checksum'])}",
    ]
    for name in ("unit_S", "unit_V", "reference_V", "tau_s"):
        lines.append(f".param {name.lower()}={_scale(sheet, name)}")
    texts = []
    for block, columns in table.blocks.items():
        sides = [(side, name) for side, name in _SIDES.items() if name in columns]
        if block[0] == "b":  # Drives one node.
            sides = [(side, name) for side, name in sides if not side.startswith("b")]
        for place in np.ndindex(columns["achieved_plus_S"].shape):
            name = "_".join([block.lower(), *map(str, place)])
            texts.append(
                " ".join(f"{name}_{s}={columns[column][place]:.17g}" for s, column in sides)
            )
    for k in range(0, len(texts), _PAIRS_A_LINE):
        lines.append(f".param {' '.join(texts[k : k + _PAIRS_A_LINE])}")
    return ("\n".join(lines) + "\n").encode()
