r"""Level codes as words of a memory: Verilog ``$readmemh`` and Intel HEX.

A word holds the pair of one weight, both codes unsigned and of B bits each:

.. code-block:: text

      2B-1        B  B-1         0
     +-------------+-------------+
     |  code_plus  |  code_minus |     signed weight code = code_plus - code_minus
     +-------------+-------------+

Block after block (W0, W1, ..., b0, b1, ...), row by row: the address of W<k>[i][j] is base + i n_k
+ j. The text format has the bases in comments; Intel HEX has bytes, each word little-endian in as
few bytes as hold it, so that the byte address is the word's address times that number. A table on
tiles has a word for every cell of every tile, at the cell's address; cells that hold no weight have
the codes of weight 0.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from neurosim.errors import DataError
from neurosim.files import as_text
from neurosim.safe_text import comment, counted
from neurosim.tables.layout import shapes
from neurosim.tables.table import Array, WeightTable, layers_of
from neurosim.tables.tiles import Tiling

__all__ = ["bases", "code_bits", "read_hex", "read_mem", "write_hex", "write_mem"]

_MARK = "// sheet: "
_RECORD = 16
_DATA, _END, _EXTENDED = 0, 1, 4


def code_bits(sheet: dict[str, Any]) -> int:
    """Bits of one code.

    Raises
    ------
    DataError
        The devices have no levels.
    """
    levels = sheet["level_S"]
    if levels is None:
        raise DataError(
            "A memory of level codes needs devices with levels, but coupling.levels of "
            f"{sheet['profile']} is ideal; choose a format with numbers, such as .csv or .npz."
        )
    return max(1, (len(levels) - 1).bit_length())


def bases(sheet: dict[str, Any]) -> dict[str, int]:
    """Address of the first word of each block, and under "end" the number of words."""
    blocks = shapes(layers_of(sheet))
    ends = np.cumsum([int(np.prod(shape)) for shape in blocks.values()]).tolist()
    return dict(zip([*blocks, "end"], [0, *ends], strict=True))


def _addresses(sheet: dict[str, Any]) -> tuple[dict[str, Array], int]:
    """Address of the word of every coupling and bias, and the number of words."""
    layers = layers_of(sheet)
    if "tiling" in sheet:
        tiling = Tiling.from_json(sheet["tiling"])
        return dict(tiling.addresses(layers)), tiling.n_cells
    start = bases(sheet)
    at = {
        name: start[name] + np.arange(np.prod(shape)).reshape(shape)
        for name, shape in shapes(layers).items()
    }
    return at, start["end"]


def _words(table: WeightTable) -> Array:
    sheet, bits = table.sheet, code_bits(table.sheet)
    at, n_words = _addresses(sheet)
    # A single device has no second code: its place in the word is 0.
    plus, *minus = sheet["zero_codes"]
    words = np.full(n_words, plus << bits | sum(minus), dtype=np.int64)
    for name, columns in table.blocks.items():
        words[at[name]] = columns["code_plus"] << bits | columns.get("code_minus", 0)
    return words


def _unpack(words: Array, sheet: dict[str, Any]) -> WeightTable:
    bits, layers = code_bits(sheet), layers_of(sheet)
    cells = sum(int(np.prod(shape)) for shape in shapes(layers).values())
    # Of a sheet that asks for more there may be no room for the addresses either.
    at, n_words = _addresses(sheet) if cells <= len(words) else ({}, cells)
    if len(words) != n_words:
        raise DataError(
            f"The memory must hold {n_words} words for the layers "
            f"{'-'.join(map(str, sheet['layers'].values()))}, but holds {len(words)}; nothing was "
            "programmed."
        )
    if words.max(initial=0) >> (2 * bits):
        raise DataError(
            f"Words must have {2 * bits} bits, two codes of {bits}, but one is "
            f"{int(words.max()):x}; nothing was programmed."
        )
    blocks = {}
    for name in shapes(layers_of(sheet)):
        part = words[at[name]]
        blocks[name] = {"code_plus": part >> bits}
        if len(sheet["zero_codes"]) > 1:
            blocks[name]["code_minus"] = part & ((1 << bits) - 1)
        if "tiling" in sheet:
            blocks[name]["address"] = at[name]
    return WeightTable(sheet, blocks)


def write_mem(table: WeightTable) -> bytes:
    """Text for ``$readmemh``: comments, then one word a line in hexadecimal digits."""
    sheet, bits, words = table.sheet, code_bits(table.sheet), _words(table)
    start, sizes = bases(sheet), list(sheet["layers"].values())
    digits, step = -(-2 * bits // 4), len(sheet["level_S"])
    lines = [
        f"// neurosim: {comment(sheet['profile'])}, {counted(len(words), 'word')} of "
        f"{2 * bits} bits",
        f"// reg [{2 * bits - 1}:0] mem [0:{len(words) - 1}];",
        f"// [{2 * bits - 1}:{bits}] code_plus, [{bits - 1}:0] code_minus, each 0 to {step - 1}",
        f"// weight code, {bits + 1} bits signed: "
        f"$signed({{1'b0, w[{2 * bits - 1}:{bits}]}}) - $signed({{1'b0, w[{bits - 1}:0]}})",
    ]
    if "tiling" in sheet:
        size = " x ".join(map(str, sheet["tiling"]["size"]))
        lines.append(comment(f"// tiles of {size}, address: {sheet['tiling']['address']}"))
    for name in () if "tiling" in sheet else table.blocks:
        k = int(name[1:])
        what = (
            f"W{k}[i][j] at base + i*{sizes[k]} + j" if name[0] == "W" else f"b{k}[i] at base + i"
        )
        lines.append(f"// base {start[name]}: {what}")
    lines.append(_MARK + json.dumps(sheet))
    lines += [f"{word:0{digits}x}" for word in words.tolist()]
    return ("\n".join(lines) + "\n").encode()


def read_mem(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_mem` wrote.

    Raises
    ------
    DataError
        The data sheet is missing, or there are too few words or one that is none.
    """
    lines = as_text(data).replace("\r\n", "\n").split("\n")
    found = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    if found:
        sheet = json.loads(found[0])
    if sheet is None:
        raise DataError("The memory file must have its data sheet as a comment, but has none.")
    texts = " ".join(line.partition("//")[0] for line in lines).split()
    bad = [text for text in texts if not re.fullmatch(r"[0-9a-fA-F]{1,15}", text)]
    if bad:
        raise DataError(f"The memory file must hold hexadecimal words, but holds {bad[0]!r}.")
    return _unpack(np.array([int(text, 16) for text in texts], dtype=np.int64), sheet)


def _record(kind: int, address: int, body: bytes) -> str:
    """One line of Intel HEX, with the two's complement of the sum of its bytes."""
    head = bytes([len(body), address >> 8 & 255, address & 255, kind])
    line = head + body
    return f":{(line + bytes([-sum(line) & 255])).hex().upper()}"


def write_hex(table: WeightTable) -> bytes:
    """Intel HEX, 32-bit addresses (Intel, Hexadecimal Object File Format Specification, 1988)."""
    size = -(-2 * code_bits(table.sheet) // 8)
    image = b"".join(int(word).to_bytes(size, "little") for word in _words(table).tolist())
    lines = []
    for at in range(0, len(image), _RECORD):
        if at and at % 0x10000 == 0:
            lines.append(_record(_EXTENDED, 0, (at >> 16).to_bytes(2, "big")))
        lines.append(_record(_DATA, at & 0xFFFF, image[at : at + _RECORD]))
    return ("\n".join([*lines, _record(_END, 0, b"")]) + "\n").encode()


def _image(text: str) -> bytes:
    """Bytes from address 0 on."""
    parts: dict[int, bytes] = {}
    high, ended = 0, False
    for number, line in enumerate(text.split(), 1):
        try:
            raw = bytes.fromhex(line.removeprefix(":"))
            whole = line.startswith(":") and len(raw) == raw[0] + 5 and sum(raw) & 255 == 0
        except (ValueError, IndexError):
            whole = False
        if not whole:
            raise DataError(
                f"Line {number} of the HEX file must be a record with its checksum, but is not; "
                "nothing was programmed."
            )
        address, kind, body = high + int.from_bytes(raw[1:3], "big"), raw[3], raw[4:-1]
        if kind == _DATA:
            parts[address] = body
        elif kind == _EXTENDED:
            high = int.from_bytes(body, "big") << 16
        ended = ended or kind == _END
    image = b""
    for address in sorted(parts):
        if address != len(image):
            raise DataError(f"The HEX file must have no gaps, but has one at {len(image):#x}.")
        image += parts[address]
    if not ended:
        raise DataError("The HEX file must end in a record of type 01, but is cut off.")
    return image


def read_hex(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_hex` wrote.

    Raises
    ------
    DataError
        A record is damaged or missing.
    """
    assert sheet is not None
    size, image = -(-2 * code_bits(sheet) // 8), _image(as_text(data))
    if len(image) % size:
        raise DataError(f"The HEX file must hold words of {size} bytes, but has a part of one.")
    octets = np.frombuffer(image, np.uint8).reshape(-1, size).astype(np.int64)
    return _unpack(octets @ (1 << (8 * np.arange(size))), sheet)
