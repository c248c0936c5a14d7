"""What points of a grid share is made once."""

import json

import pytest

from neurosim.blocks.words import as_written
from neurosim.errors import ProfileError
from neurosim.sweeps import Sweep, expand, making
from neurosim.sweeps.shared import Memory, digest, digest_of_json

AXES = [
    {"path": "experiment.flow.settle_tau", "linear": {"start": 1, "stop": 100, "points": 40}},
    {"path": "sampling.settle_tau", "linear": {"start": 1, "stop": 100, "points": 5}},
    {"path": "deploy.adc.bits", "values": [4, 5, 6, 7, 8]},
    {"path": "sampling.seed", "values": [0, 1, 2, 3]},
]


def test_thousands_of_points_change_a_block_as_often_as_it_differs(monkeypatch):
    """40 recipes, 5 x 4 ways of sampling and 5 chips; a change takes milliseconds."""
    made = []
    changed = making.changed

    def counted(block, changes, root):
        made.append(root)
        return changed(block, changes, root)

    monkeypatch.setattr(making, "changed", counted)
    found = expand(Sweep(name="big", base={"profile": "cmos_rc_6bit"}, axes=AXES))
    assert len({point.key for point in found}) == len(found) == 4_000
    assert {root: made.count(root) for root in set(made)} == {
        "experiment": 40,
        "sampling": 20,
        "deploy": 5,
    }


def test_a_mistake_at_thousands_of_points_is_found_once(monkeypatch):
    tried = []
    changed = making.changed
    monkeypatch.setattr(making, "changed", lambda *a: tried.append(a) or changed(*a))
    axes = [*AXES[:2], {"path": "deploy.adc.bits", "values": ["many"]}]
    with pytest.raises(ProfileError, match=r"deploy\.adc\.bits: must be a whole number"):
        expand(Sweep(name="big", base={"profile": "cmos_rc_6bit"}, axes=axes))
    assert len(tried) == 40 + 5 + 1


def test_values_that_are_equal_but_not_the_same_are_told_apart():
    memory, block = Memory(), Sweep(name="a", base={"profile": "cmos_rc_6bit"})
    values = [1, 1.0, True, "1"]
    made = [memory.of(block, "x", {"path": v}, lambda v=v: [v]) for v in values]
    assert [type(m[0]) for m in made] == [int, float, bool, str]
    assert memory.of(block, "x", {"path": 1}, list) is made[0]


def test_a_name_made_of_json_is_that_of_the_values():
    trees = [as_written(Sweep(name="a", base={"profile": "b"})), None, 1.5]
    assert digest_of_json([json.dumps(t, sort_keys=True) for t in trees]) == digest(trees)
