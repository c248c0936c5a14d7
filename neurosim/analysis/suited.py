"""Which task a chip is for, and what to say of one that it cannot learn."""

from __future__ import annotations

import math

from neurosim.chip import Chip
from neurosim.circuit.shunts import STIFF
from neurosim.data import Dataset
from neurosim.host import Classify, Experiment, Flow, Supervised
from neurosim.host.lessons import TaskLaw
from neurosim.profile import Profile

__all__ = ["doubled_inputs", "recipe_for", "stand_in", "unsuited", "with_answers"]


def recipe_for(profile: Profile) -> Experiment:
    """A training of the kind that the chip is for.

    Networks of resistors, oscillators without a field, chips that advise how inputs are presented
    and those with sources on another layer than the first answer: `Classify`. All others flow.

    Examples
    --------
    >>> import neurosim as ns
    >>> recipe_for(ns.load_profile("board_resistive")).task.has_paths
    False
    """
    node = profile.node
    answers = node.passive or not node.leaks or doubled_inputs(profile)
    answers |= set(profile.sources) != {0}
    return Experiment.suited(Classify() if answers else Flow())


def doubled_inputs(profile: Profile) -> bool:
    """Whether the chip advises that each input is presented with the opposite sign too."""
    return profile.host.inputs == "doubled"


def with_answers(profile: Profile, task: Supervised, data: Dataset) -> Profile:
    """The profile with nodes for the inputs and answers of these data, and sources on both."""
    inputs, answers = task.examples(data)
    if -1 not in task.sources:
        return profile
    if not set(task.sources) <= set(profile.sources):
        profile = profile.with_value("sources", task.sources)
    n_in = task.presented(inputs[:1], Chip(profile).data_sheet).shape[1]
    return profile.with_value("layers", (n_in, *profile.layers[1:-1], answers.shape[1]))


def stand_in(profile: Profile) -> str | None:
    """What to say where a transient settles ideal diodes, which no transient can follow."""
    diode = getattr(profile.node.law, "diode", None)
    integrates = profile.settling.along_the_way is profile.settling
    if not integrates or diode is None or math.isfinite(diode.steepest_S):
        return None
    return (
        f"A transient has no ideal diodes, as those of {profile.name} are: each is a conductance "
        f"of {STIFF:g} times what else is on its node, which goes 1/{1 + STIFF:g} as far beyond 0 "
        "V as it would without; take the engine operating_point, which has ideal ones."
    )


def unsuited(profile: Profile, task: TaskLaw) -> str | None:
    """Why a chip cannot learn a task, in a line; None where nothing is known against it.

    Resistors and diodes alone have one rest whatever the weights are, for their content is convex;
    with amplifiers between layers too, which scale voltages and, without errors, close no loop
    of gain.
    Velocities down its slope bring all noise nearer together: no flow splits it into images.
    Phases that nothing pulls to 0 can be trained to flow, and have drawn no images by it.
    """
    if not task.has_paths:
        return None
    if not profile.node.leaks:
        return (
            f"On oscillators without a field, as {profile.name}, no flow has drawn images: "
            "no leak pulls noise in, and 64-48-48 phases after 300 updates drew samples 8.1 from "
            "the data (w2) where amplifiers drew 3.5; state node.law.graded, as "
            "ideal_oscillator_flow does, or train it to answer, with --task classify (in Python "
            "Experiment.suited('classify'))."
        )
    if not profile.node.passive:
        return None
    has = "resistors and diodes alone"
    if profile.node.lifting(profile.network) is not None:
        has = "resistors, diodes and amplifiers that scale what passes either way"
    return (
        f"A flow needs nodes that amplify, but {profile.name} has {has}: they "
        "have one rest, to which all noise would flow; train it to answer, with --task classify "
        "(in Python Experiment.suited('classify'))."
    )
