"""What the package offers, and the runs that it takes by name."""

from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest

import neurosim as ns

MODULES = [module.name for module in walk_packages(ns.__path__, "neurosim.")]


def test_dir_lists_the_face_and_nothing_else():
    taken: dict[str, object] = {}
    exec("from neurosim import *", taken)
    assert sorted(taken.keys() - {"__builtins__"}) == dir(ns) == sorted(ns.__all__)
    assert len(dir(ns)) > 10


@pytest.mark.parametrize("name", ns.__all__)
def test_a_name_of_the_face_is_the_one_that_a_room_offers(name):
    value = getattr(ns, name)
    room = import_module(".".join(value.__module__.split(".")[:2]))
    assert name in room.__all__
    assert getattr(room, name) is value
    assert value.__doc__


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No neurosim attribute Chipp"):
        _ = ns.Chipp


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_all_that_it_says_it_offers(name):
    module = import_module(name)
    offered = getattr(module, "__all__", [])
    assert len(set(offered)) == len(offered)
    assert not [word for word in offered if not hasattr(module, word)]


def test_blocks_of_a_profile_are_made_from_what_differs_from_none():
    profile = ns.load_profile("ideal_hopfield").with_values(
        {
            "adc": ns.Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1),
            "mismatch": ns.Mismatch(leak=0.03),
            "write": ns.Write(reference_S=6e-6, noise=0.01),
        }
    )
    assert profile.adc.bits == 6
    assert ns.Chip(profile, 1).profile.mismatch == ns.Mismatch(leak=0.03)


def test_laws_that_a_word_alone_does_not_say_are_at_hand():
    profile = ns.load_profile("ideal_oscillator").with_value("node.law", ns.Oscillator(sync=0.1))
    assert profile.node.law.sync == 0.1
    assert ns.load_profile("ideal_resistive").node.law == ns.Resistive(diode="ideal")
    law = ns.ByLayer(visible="gradient", hidden="hopfield")
    assert ns.load_profile("ideal_hopfield").with_value("node.law", law).node.law == law


@pytest.mark.every(2)
@pytest.mark.parametrize("kind", [str, ns.Run.open])
def test_a_run_is_drawn_from_judged_and_exported_by_its_path_or_opened(plain, tmp_path, kind):
    x, _ = ns.sample(kind(plain), 3, t_end=0.1)
    again, _ = ns.sample(plain, 3, t_end=0.1)
    np.testing.assert_array_equal(x, again)
    result, _ = ns.evaluate(kind(plain), 20, t_end=0.1, floors=False)
    assert result["n"] == 20
    rows = ns.export_weights(kind(plain), str(tmp_path / "w.csv"))
    assert rows == ns.export_weights(ns.Run.open(plain).chip(), tmp_path / "again.csv")
    assert (tmp_path / "w.csv").read_text() == (tmp_path / "again.csv").read_text()
