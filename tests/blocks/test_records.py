"""What is read from files is checked at the door."""

import json

import numpy as np
import pytest
from pydantic import Field

from neurosim.blocks.records import Number, Record, check_like, dump_record, read_record
from neurosim.errors import CheckpointError, RunError
from tools import posix


class Inner(Record):
    n: int


class Outer(Record):
    name: str
    size: Number
    inner: Inner
    table: dict[str, Number]
    rows: list[tuple[int, str]] = Field(default=[])


GOOD = {"name": "a", "size": 3, "inner": {"n": 1}, "table": {"x": 0.5, "y": 2}, "rows": [[1, "b"]]}


def read(tmp_path, content):
    path = tmp_path / "f.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_record(path, Outer, "delete it")


def test_a_record_is_read_as_it_was_written(tmp_path):
    found = read(tmp_path, GOOD | {"later": [1]})
    assert found.model_dump() == GOOD | {"rows": [(1, "b")]}
    assert isinstance(found.size, int)
    assert isinstance(found.table["y"], int)


def test_what_is_dumped_is_json_without_nan():
    text = dump_record({"a": [1.0, float("nan")], "b": (float("inf"), {"c": -float("inf")}, None)})
    assert json.loads(text) == {"a": [1.0, None], "b": [None, {"c": None}, None]}


DAMAGED = [
    (b"", "cannot be read"),
    (b"{bad", "cannot be read"),
    (b"\xff\xfe", "cannot be read"),
    (b"[" * 200_000, "cannot be read"),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, "cannot be read"),
    ([], r"must be a JSON object, but is \[\]"),
    (3, "must be a JSON object, but is 3"),
    (GOOD | {"name": 3}, "name: must be text, but is 3"),
    (GOOD | {"name": None}, "name: must be text, but is empty"),
    (GOOD | {"size": "3"}, "size: must be a .*number, but is '3'"),
    (GOOD | {"size": True}, "size: must be a .*number, but is true"),
    (GOOD | {"size": float("nan")}, "size: must be a .*number, but is nan"),
    (GOOD | {"size": 10**400}, r"size: must be at most 9\.22"),
    (b'{"name": "a", "size": 1e999, "inner": {"n": 1}, "table": {}}', "size: must be a .*number"),
    (GOOD | {"inner": [1]}, "inner: must be"),
    (GOOD | {"inner": {"n": 1.5}}, r"inner\.n: must be a whole number, but is 1\.5"),
    (GOOD | {"inner": {}}, r"inner\.n: missing"),
    (GOOD | {"table": {"x": "1"}}, r"table\.x: must be"),
    (GOOD | {"table": [1]}, "table: must be a mapping"),
    (GOOD | {"rows": [[1, 2]]}, r"rows\.0\.1: must be text, but is 2"),
    (GOOD | {"rows": [[1]]}, r"rows\.0"),
]


@pytest.mark.parametrize(("content", "line"), DAMAGED)
def test_whatever_is_wrong_is_one_line_with_its_place(tmp_path, content, line):
    with pytest.raises(RunError, match=line) as failure:
        read(tmp_path, content)
    text = str(failure.value)
    assert text.startswith(str(tmp_path / "f.json"))
    assert text.endswith("; delete it.")
    assert "\n" not in text


@posix
def test_what_is_no_file_is_said(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "none", tmp_path / "loop", tmp_path / "loop" / "x"):
        with pytest.raises(RunError, match=r"must be a JSON object, but cannot be read \(.+\)"):
            read_record(path, Outer, "delete it")


STATE = {
    "held_S": np.array([1e-6, 0.0]),
    "vector": np.array([-1.0, 2.0]),
    "written": np.array([True, False]),
    "count": 3,
    "time_s": 0.5,
    "deep": {"count": 0},
    "ledger": {"settles": 4, "dac_J": 0.1},
}


def test_a_state_is_like_another_of_the_same_kind():
    other = STATE | {"vector": np.zeros(2), "count": 0, "time_s": 2, "ledger": {"steps": 1.5}}
    check_like(other, STATE, "f", counters=["ledger"])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"vector": np.array([1.0, np.nan])}, "vector must be finite, but 1 of its 2 numbers"),
        ({"vector": np.array([np.inf, 1.0])}, "vector must be finite"),
        ({"vector": np.array([1e300, 1.0])}, "vector must be finite, but 1 of its 2 .* or huge"),
        (
            {"vector": np.zeros(3)},
            r"vector must be float64 of shape \(2,\), but is float64 of shape \(3,",
        ),
        ({"vector": np.zeros(2, int)}, "vector must be float64 of shape"),
        ({"vector": np.array(["a", "b"])}, "vector must be float64 of shape"),
        ({"vector": np.zeros(2, complex)}, "vector must be float64 of shape"),
        ({"vector": [0.0, 0.0]}, "vector must be an array"),
        ({"vector": {}}, "vector must be an array, but is a block"),
        (
            {"held_S": np.array([-1e-9, 0.0])},
            "held_S must be at least 0 S, but goes down to -1e-09",
        ),
        ({"count": 1.5}, "count must be a count of at least 0, but is 1.5"),
        ({"count": True}, "count must be a count"),
        ({"count": -1}, "count must be a count"),
        ({"count": 2**70}, "count must be a count"),
        ({"count": np.zeros(2)}, "count must be a count"),
        ({"time_s": float("nan")}, "time_s must be a finite number, but is nan"),
        ({"time_s": "0"}, "time_s must be a finite number"),
        ({"time_s": 10**400}, "time_s must be a finite number"),
        ({"deep": 3}, "deep must be a block of values, but is 3"),
        ({"deep": {}}, r"deep\.count must be there, but is missing"),
        ({"more": 1}, "more must not be there"),
        ({"ledger": {"settles": float("inf")}}, r"ledger\.settles must be a finite number"),
        ({"ledger": 3}, "ledger must be a block"),
    ],
)
def test_a_state_that_differs_is_refused_with_its_place(change, line):
    with pytest.raises(CheckpointError, match=f"^where: {line}.*; restore it from a copy"):
        check_like(STATE | change, STATE, "where", counters=["ledger"])
