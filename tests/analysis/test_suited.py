"""Resistors contract and phases have no leak: they are for answers; flows on them are warned of."""

import json

import numpy as np
import pytest

import neurosim as ns
from commands import run
from neurosim.analysis.suited import doubled_inputs, recipe_for, stand_in, unsuited
from neurosim.host import free_phase, initial_weights
from shipped import shipped


@shipped
def test_chips_of_resistors_and_oscillators_are_for_answers_and_all_others_flow(name):
    profile = ns.load_profile(name)
    passive = name.endswith("_resistive")
    answers = passive or name == "ideal_oscillator" or name.startswith("oim_")
    assert recipe_for(profile).task.has_paths is not answers
    assert doubled_inputs(profile) is passive
    assert (unsuited(profile, ns.Flow()) is not None) is answers
    assert unsuited(profile, ns.Classify()) is None


def test_a_chip_with_sources_on_its_answers_is_for_answers():
    profile = ns.load_profile("cmos_rc_6bit").with_values({"sources": (0, -1)})
    assert not recipe_for(profile).task.has_paths


@pytest.mark.parametrize("gain", [0.5, 5.0])
def test_velocities_of_resistors_bring_any_two_points_nearer(gain):
    """Why no flow can split noise into images: the content is convex, whatever the weights."""
    profile = ns.load_profile("ideal_resistive").with_value("layers", (16, 12, 8))
    chip, rng = ns.Chip(profile), np.random.default_rng(0)
    chip.program(initial_weights(profile.network, gain, rng, chip.data_sheet.lowest))
    x = rng.standard_normal((40, 16))
    velocity = free_phase(chip, x, ns.FlowSettings())[2]
    apart = np.einsum("ij,ij->i", velocity[:20] - velocity[20:], x[:20] - x[20:])
    assert np.all(apart < 0)


FEW = ("--profile", "ideal_resistive", "--layers", "64,4", "--updates", 1, "--batch", 2)


def test_a_flow_on_resistors_is_refused_where_asked_to_be_strict(tmp_path):
    refused = run("train", *FEW, "--out", tmp_path / "none", "--strict")
    assert refused.exit_code == 1
    assert "A flow needs nodes that amplify" in refused.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_flow_on_resistors_is_warned_of_up_front(tmp_path):
    done = run("train", *FEW, "--out", tmp_path / "run")
    assert done.exit_code == 0
    first, *_ = done.stderr.splitlines()
    assert first.startswith("neurosim: warning: A flow needs nodes that amplify, but ideal_resis")
    assert "with --task classify" in first
    assert "A flow needs nodes that amplify" in (tmp_path / "run/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("board_resistive", "A flow needs nodes that amplify, but board_resistive"),
        (
            "oim_ring_65nm",
            "On oscillators without a field, as oim_ring_65nm, no flow has drawn images",
        ),
    ],
)
def test_a_sweep_of_flows_that_draw_nothing_is_warned_of_once(tmp_path, name, said):
    base = {"profile": name, "experiment": {"updates": 1, "batch": 2}}
    axes = [
        {"path": "experiment.flow.beta", "values": [0.01, 0.02]},
        {"path": "profile.layers", "values": [[64, 6, 5]]},
    ]
    plan = {"name": "flows", "base": base, "axes": axes, "measure": ["flow_loss"]}
    plan["sampling"] = {"n": 7, "t_end": 0.05}
    (tmp_path / "sweep.yaml").write_text(json.dumps(plan))
    listed = run("sweep", tmp_path / "sweep.yaml", "--dry-run")
    assert listed.exit_code == 0
    assert listed.stderr.count(said) == 1


def test_a_transient_of_ideal_diodes_is_said_to_have_none():
    """Nowhere else: a Shockley diode has a slope, and an operating point is exact."""
    ideal, board = ns.load_profile("ideal_resistive"), ns.load_profile("board_resistive")
    said = stand_in(ideal.with_value("settling", ns.Transient()))
    assert "a conductance of 20 times what else is on its node, which goes 1/21" in said
    assert stand_in(ideal) is None
    assert stand_in(board.with_value("settling", ns.Transient())) is None
    assert stand_in(ns.load_profile("ideal_hopfield")) is None
