"""What a chip spends on a settle, an update, a sample and a training run, by its ledger."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.problem import LAWS, trained_weights
from neurosim.analysis.suited import recipe_for, with_answers
from neurosim.chip import Chip, Ledger
from neurosim.data import load_dataset
from neurosim.errors import DataError
from neurosim.host import (
    Contrast,
    Experiment,
    SamplingSettings,
    Supervised,
    decide,
    draw_samples,
    initial_weights,
)
from neurosim.host.gradep import ContinualLaw, Shown
from neurosim.host.settings import ChipFlow
from neurosim.network import Layers, Weights
from neurosim.profile import Profile
from neurosim.streams import Streams

__all__ = ["FORMULAS", "SAMPLE_T_END", "energy_table", "formulas_of", "on_digits"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Where a sample's flow ends.
SAMPLE_T_END = 1.2
# Item -> its formula, and the fields of the profile whose sources stand behind it. A law of which
# some are others has these as its own `formulas`.
FORMULAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "couplings": ("sum of G v^2 over devices, settling, driving, reading", ()),
    "springs": ("sum of K (V - u)^2, the same", ()),
    "leaks": ("sum of g u^2, the same", ()),
    "precharge": (
        "C V^2 of every node that is charged",
        ("node.capacitance_F", "coupling.parasitic_F"),
    ),
    "amplifiers": (
        "power x nodes x (settling, driving, reading), in class A less the couplings' heat; an "
        "amplifier between layers counts as a node",
        ("supply.amplifier_W",),
    ),
    "controller": ("power x (settling, driving, reading, writing)", ("supply.controller_W",)),
    "drivers": (
        "in class AB the rail x charge through couplings and springs, less their heat",
        ("supply.driver.rail_V",),
    ),
    "dac": ("(energy + step x 2^bits) x conversions", ("supply.dac_J", "supply.dac_step_J")),
    "adc": ("(energy + step x 2^bits) x conversions", ("supply.adc_J", "supply.adc_step_J")),
    "writes": ("energy x pulses", ("write.pulse_J",)),
}
_STEP = 1e-3


def formulas_of(profile: Profile) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Of each item its formula on this machine, and the fields whose sources stand behind it."""
    return FORMULAS | getattr(profile.node.law, "formulas", {})


def _weights(chip: Chip, rng: np.random.Generator) -> Weights:
    """Trained weights where these fit the chip, else those of a start."""
    sheet = chip.data_sheet
    shipped = getattr(chip.profile.node.law, "law", "") in LAWS
    if shipped and sheet.layers == Layers((64, 128, 128)):
        return trained_weights(chip.profile)
    return initial_weights(sheet.layers, 0.5, rng, sheet.lowest)


def _spent(before: Ledger, chip: Chip, times: float) -> dict[str, Any]:
    """Energy by item and time by part since `before`, over `times`."""
    after, was = chip.ledger.energy_items(), before.energy_items()
    parts, spent = (
        ("settle_time_s", "drive_time_s", "read_time_s", "write_time_s"),
        chip.ledger.since(before),
    )
    return {
        "energy_J": spent["energy_J"] / times,
        "time_s": spent["time_s"] / times,
        "items_J": {name: (after[name] - was[name]) / times for name in after},
        "parts_s": {name: spent[name] / times for name in parts},
    }


def energy_table(
    profile: Profile,
    *,
    rows: int = 64,
    batch: int | None = None,
    updates: int | None = None,
    seed: int = 0,
    experiment: Experiment | None = None,
) -> dict[str, Any]:
    """Energy and time of one free phase, an update, a training run, and a sample in two modes.

    Of a chip that answers a decision stands in place of samples: one row that is driven, settles
    for `experiment.flow.settle_tau` and is read. Measured on the simulated chip's ledger over
    `rows` digits, and scaled to `batch` and `updates`. An update changes every shadow weight by
    1e-3: devices whose level stays are not written. It is the mean one of the training: of a
    contrastive stage it has the share of the updates that have it.

    Parameters
    ----------
    profile : Profile
    rows : int
    batch, updates : int, optional
        Those of `experiment` without.
    seed : int
    experiment : Experiment, optional
        What is learned; what the chip is for without. A task with answers makes the first and the
        last layer as large as the digits ask.

    Returns
    -------
    dict
        By action: energy_J, time_s, items_J (by item) and parts_s (settling, driving, reading,
        writing).

    Raises
    ------
    DataError
        The visible layer does not have the pixels of a digit.
    """
    asked = recipe_for(profile) if experiment is None else experiment
    batch = asked.batch if batch is None else batch
    updates = asked.updates if updates is None else updates
    digits = load_dataset("digits")
    profile = on_digits(profile, asked)
    if not isinstance(asked.task, Supervised) and profile.layers[0] != digits.n_pixels:
        raise DataError(
            f"The energy table needs {digits.n_pixels} visible nodes, one for each pixel of a "
            f"digit, but {profile.name} has {profile.layers[0]}; change `layers`."
        )
    chip, rng = Chip(profile, seed), Streams(seed).generator("energy")
    weights = _weights(chip, rng)
    chip.program(weights)
    recipe = asked.with_values({"batch": rows, "seed": seed})
    lessons = asked.task.lessons(digits, recipe, chip.data_sheet)
    with lessons:
        shown, held = lessons.batch_at(0), lessons.held
    table: dict[str, Any] = {}

    before, flow = chip.ledger.copy(), asked.flow.on(chip.data_sheet)
    steps = _estimate(chip, asked, shown, held)
    row = _spent(before, chip, rows)
    settles = (chip.ledger.rows_settled - before.rows_settled) / rows
    table["settle"] = _scaled(row, 1 / settles)
    presented = _scaled(row, batch)
    if chip.data_sheet.has_correlator:
        presented = _presented(chip, asked, shown, held, batch)

    before = chip.ledger.copy()
    signs = [np.sign(rng.standard_normal(w.shape)) for w in (weights.coupling, weights.bias)]
    chip.program(Weights(weights.coupling + _STEP * signs[0], weights.bias + _STEP * signs[1]))
    written = _scaled(_spent(before, chip, 1), steps)
    if chip.data_sheet.refresh_s is not None:
        before = chip.ledger.copy()
        chip.refresh()
        written = _added(written, _spent(before, chip, 1))
    table["update"] = _added(presented, written)
    if asked.contrast is not None:
        stage = _contrasted(chip, asked.contrast, shown, flow, held, batch)
        share = 1 - asked.contrast_begins / asked.updates
        table["update"] = _added(table["update"], _scaled(stage, share))
    table["training"] = _scaled(table["update"], updates)
    if not asked.task.has_paths:
        before = chip.ledger.copy()
        decide(chip, shown.targets, flow, held=held)
        return table | {"decision": _spent(before, chip, rows)}
    return table | _samples(chip, rng.standard_normal((rows, profile.layers[0])), flow)


class _Rows(NamedTuple):
    """What is presented, and what is wanted of it."""

    targets: Array
    wanted: Array


def _estimate(chip: Chip, asked: Experiment, shown: Shown, held: Mask | None) -> int:
    """Present a batch as the rule does; how often this writes."""
    what = chip, shown, asked.flow.on(chip.data_sheet), held, None
    if isinstance(asked.rule, ContinualLaw):
        asked.rule.learn(*what, lambda part, step: 0.0)
        return asked.rule.steps
    asked.rule.estimate(*what)
    return 1


def _presented(
    chip: Chip, asked: Experiment, shown: Shown, held: Mask | None, batch: int
) -> dict[str, Any]:
    """What a batch spends of which sums are read once, whatever its rows."""
    rows, spent = len(shown.targets), []
    for times in (1, 2):
        before = chip.ledger.copy()
        many = _Rows(*(np.tile(part, (times, 1)) for part in (shown.targets, shown.wanted)))
        _estimate(chip, asked, many, held)
        spent.append(_spent(before, chip, 1))
    once, twice = spent
    return _added(_scaled(once, 2 - batch / rows), _scaled(twice, batch / rows - 1))


def _contrasted(
    chip: Chip, stage: Contrast, shown: Any, flow: ChipFlow, held: Mask | None, batch: int
) -> dict[str, Any]:
    """What the contrastive stage of an update spends beside it."""
    before = chip.ledger.copy()
    stage.model_copy(update={"rows": None}).gradient(chip, shown, flow, held)
    spent = _spent(before, chip, len(shown.targets))
    return _scaled(spent, min(stage.rows or batch, batch))


def on_digits(profile: Profile, experiment: Experiment) -> Profile:
    """The profile with layers as large as the digits ask, where answers are learned."""
    if not isinstance(experiment.task, Supervised):
        return profile
    return with_answers(profile, experiment.task, load_dataset("digits"))


def _samples(chip: Chip, x_0: Array, flow: ChipFlow) -> dict[str, Any]:
    """A sample in two modes."""
    table, rows = {}, len(x_0)
    for mode in ("free-running", "spring"):
        settings = SamplingSettings.model_validate({"mode": mode, "t_end": SAMPLE_T_END})
        steps = 1.0
        if mode == "spring":
            # Every step is alike: one is measured and counted as often as a sample takes it.
            steps, settings = (
                settings.t_end / settings.dt,
                settings.model_copy(update={"t_end": settings.dt}),
            )
        before = chip.ledger.copy()
        draw_samples(chip, x_0, flow, settings)
        table[f"sample, {mode}"] = _scaled(_spent(before, chip, rows), steps)
    return table


def _scaled(row: dict[str, Any], factor: float) -> dict[str, Any]:
    return {
        k: {name: factor * x for name, x in v.items()} if isinstance(v, dict) else factor * v
        for k, v in row.items()
    }


def _added(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {
        k: {name: x + b[k][name] for name, x in v.items()} if isinstance(v, dict) else v + b[k]
        for k, v in a.items()
    }
