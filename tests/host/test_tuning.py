"""Locking and frequencies of oscillators as parameters: gradients, limits, codes, checkpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from commands import one_line, run, train_only
from neurosim.analysis import AnswerConditions
from neurosim.blocks.files import dump_block, load_block
from neurosim.errors import DataError, ProfileError
from neurosim.host import AsymmetricEP, GradEP, Trainer, decide
from neurosim.host.tuning import tuned_gradient
from neurosim.network import Weights
from neurosim.runs import Trained
from neurosim.sweeps import Sweep, SweepFolder
from neurosim.tables import table
from neurosim.tuned import Tuned
from sums import FLOW, Sums, rows

SIZES, N = (4, 6, 2), 12
RNG = np.random.default_rng(7)
SOME = Tuned(0.2 * RNG.standard_normal(N), 0.1 * RNG.standard_normal(N))


def few(**changes):
    base = {
        "layers": SIZES, "sources": (0, -1), "settling": ns.OperatingPoint(), "tuning": ns.Tuning(),
    }  # fmt: skip
    return ns.load_profile("ideal_oscillator").with_values(base | changes)


def conditions(profile, n_rows=4, **flow):
    rng, layers = np.random.default_rng(1), profile.network
    coupling = 0.6 * rng.standard_normal(layers.present.shape) * layers.present
    weights = Weights(coupling, 0.5 + 0.3 * rng.standard_normal(layers.n_nodes))
    settings = ns.FlowSettings(**FLOW | flow)
    task, data = Sums(test_share=0), rows()
    return AnswerConditions(profile, weights, settings, n_rows, 2, task=task, data=data)


def measured(asked, profile, rule, beta=1e-3):
    """Gradient by what nodes are tuned to, at `SOME`, and a chip so tuned."""
    chip, shown = asked.programmed(profile), asked.answer_batches[0]
    chip.tune(SOME)
    flow = asked.flow.model_copy(update={"beta": beta}).on(chip.data_sheet)
    return tuned_gradient(rule.estimate(chip, shown, flow, asked._held, None)), chip


def slopes(asked, chip, angle=0.0, h=1e-4):
    """Of the cost 1 - cos(d + a) - y sin(d + a), settled anew for each parameter of some nodes."""
    shown, nodes = asked.answer_batches[0], chip.data_sheet.layers.nodes_of((1, 2))[::3]
    answers = chip.data_sheet.layers.nodes(-1)

    def cost(tuned):
        chip.tune(tuned)
        decide(chip, shown.targets, asked.flow, None, asked._held)
        away = chip.u_V[:, answers] + angle
        return np.mean(np.sum(1 - np.cos(away) - shown.wanted[:, 4:] * np.sin(away), axis=1))

    found = {}
    for name in ("sync", "detuning"):
        values = []
        for node in nodes:
            ends = []
            for step in (h, -h):
                moved = {n: getattr(SOME, n).copy() for n in ("sync", "detuning")}
                moved[name][node] += step
                ends.append(cost(Tuned(**moved)))
            values.append((ends[0] - ends[1]) / (2 * h))
        found[name] = np.array(values)
    return nodes, found


def test_gradients_are_the_slopes_of_the_cost_settled_anew():
    asked = conditions(few())
    got, chip = measured(asked, asked.profile, GradEP())
    nodes, exact = slopes(asked, chip)
    for name, slope in exact.items():
        assert np.abs(slope).max() > 1e-3
        # Squares of the nudge and of the step, and the residual of 1e-8 over the step.
        np.testing.assert_allclose(
            getattr(got, name)[nodes], slope, atol=1e-3 * np.abs(slope).max()
        )
        # Held inputs do not move by what they are tuned to.
        assert not getattr(got, name)[:4].any()


@pytest.mark.slow
def test_with_the_remedy_they_are_of_an_interaction_that_is_not_odd_too():
    fine = ns.Transient(rtol=1e-7, atol=1e-10, precision="float64")
    turned = few(**{"node.law.angle_rad": 0.3, "settling": fine})
    asked = conditions(turned, settle_tau=60.0)
    got, chip = measured(asked, turned, AsymmetricEP(rounds=6), beta=1e-2)
    plain, _ = measured(asked, turned, GradEP(), beta=1e-2)
    nodes, exact = slopes(asked, chip, angle=0.3, h=1e-3)
    for name, slope in exact.items():
        off = np.abs(getattr(plain, name)[nodes] - slope).max()
        left = np.abs(getattr(got, name)[nodes] - slope).max()
        assert left < 2e-3 * np.abs(slope).max()
        assert off > 20 * left


def recipe(**changes):
    own = ns.Experiment.suited(Sums(test_share=0)).with_values(
        {"flow": FLOW, "batch": 4, "updates": 4, "learning_rate": 2e-2, "schedule": "constant"}
    )
    return own.with_values({"learning.tuned": ("sync", "detuning")} | changes)


def train(profile, how, updates=None):
    chip = ns.Chip(profile, seed=0)
    trainer = Trainer(chip, how, rows())
    for update in trainer:
        if update.update == updates:
            break
    return chip, trainer


@pytest.mark.every(2)
@pytest.mark.parametrize("names", [(), ("sync",), ("detuning",), ("sync", "detuning")])
def test_both_learn_from_nothing_on_and_only_where_they_are_asked_to(names):
    chip, trainer = train(few(), recipe(**{"learning.tuned": names}), updates=2)
    held, free = (chip.data_sheet.layers.nodes_of(k) for k in ((0,), (1, 2)))
    for name in ("sync", "detuning"):
        values = getattr(chip.bank.tuned, name)
        assert not values[held].any()
        # Two steps of Adam are of about the rate each.
        assert (np.abs(values[free]).max() > 1e-2) == (name in names)
    assert (trainer.tuner is None) == (not names)


def test_what_is_learned_acts_on_the_chip():
    chip, _ = train(few(), recipe())
    acts, node = chip.circuit.locking, chip.profile.node
    np.testing.assert_array_equal(acts.sync_S, chip.bank.tuned.sync * node.leak_S)
    turned = acts.detuning_A / (node.unit_V * node.leak_S)
    np.testing.assert_allclose(turned, chip.bank.tuned.detuning, rtol=1e-12)


def test_a_chip_has_codes_and_ends_and_the_host_keeps_within_them():
    tau_s = few().node.tau_s
    coarse = ns.Tuning(bits=3, range_sync=0.06, range_Hz=0.03 / (2 * np.pi * tau_s))
    chip, trainer = train(few(tuning=coarse), recipe(learning_rate=2.2e-2))
    for name, most in (("sync", 0.06), ("detuning", 0.03)):
        programmed, kept = getattr(chip.bank.tuned, name), getattr(trainer.tuner.tuned, name)
        step = most / 3
        np.testing.assert_allclose(programmed / step, np.round(kept / step), atol=1e-9)
        assert np.abs(kept).max() == pytest.approx(most)
    assert chip.ledger.weights_clipped == 0
    writes = chip.ledger.device_writes
    moved = Tuned(trainer.tuner.tuned.sync + 1.0, trainer.tuner.tuned.detuning)
    chip.tune(moved)
    assert chip.ledger.weights_clipped == np.count_nonzero(np.abs(moved.sync) > 0.06)
    assert chip.ledger.device_writes > writes


@pytest.mark.every(2)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_training_goes_on_to_the_same_bits(optimizer):
    how = recipe(optimizer=optimizer)
    chip, trainer = train(few(), how)
    first, begun = train(few(), how, updates=2)
    # What was handed out stays as it was, whatever is learned after it.
    kept = first.state(), begun.state()
    for _ in begun:
        pass
    again = ns.Chip(few(), seed=0)
    resumed = Trainer(again, how, rows())
    again.restore(kept[0])
    resumed.restore(kept[1])
    for _ in resumed:
        pass
    for name in ("sync", "detuning"):
        straight = getattr(trainer.tuner.tuned, name)
        assert straight.any()
        np.testing.assert_array_equal(getattr(resumed.tuner.tuned, name), straight)
        np.testing.assert_array_equal(getattr(again.bank.tuned, name), straight)
    np.testing.assert_array_equal(resumed.weights.vector, trainer.weights.vector)
    np.testing.assert_array_equal(again.circuit.locking.sync_S, chip.circuit.locking.sync_S)


def test_conditions_present_to_chips_that_are_tuned_alike():
    asked = conditions(few())
    tuned = replace(asked, tuned=SOME)
    exact = [some.exact_at(some.weights, 0) for some in (asked, tuned)]
    got = tuned.observe(tuned.profile, 0, beta=1e-3).gradient
    cosines = [got @ one / np.linalg.norm(got) / np.linalg.norm(one) for one in exact]
    assert cosines[0] < 0.99
    assert cosines[1] > 0.9999


def test_no_weight_table_loses_it():
    chip = ns.Chip(few())
    assert table(chip).size
    chip.tune(SOME)
    with pytest.raises(DataError, match="no column for what oscillators are tuned to"):
        table(chip)


@pytest.mark.slow
def test_a_run_folder_keeps_it(tmp_path):
    settings = {
        "layers": (64, 12, 10), "sources": (0, -1), "tuning": ns.Tuning(bits=8, range_sync=1.0,
                                                                        range_Hz=1e6),
    }  # fmt: skip
    profile = ns.load_profile("ideal_oscillator").with_values(settings)
    how = ns.Experiment.suited("classify").with_values(
        {"batch": 8, "updates": 4, "schedule": "constant", "learning.tuned": ("sync", "detuning")}
    )
    whole = ns.train(ns.Chip(profile), how, keep=tmp_path / "whole")
    ns.train(ns.Chip(profile), how.with_value("updates", 2), keep=tmp_path / "parts")
    parts = ns.resume(tmp_path / "parts", updates=4)
    tuned = whole.fresh().bank.tuned
    for name in ("sync", "detuning"):
        values = getattr(tuned, name)
        assert values.any()
        np.testing.assert_array_equal(getattr(parts.fresh().bank.tuned, name), values)
        opened = Trained.of(tmp_path / "whole").fresh().bank.tuned
        np.testing.assert_array_equal(getattr(opened, name), values)


@pytest.mark.slow
def test_a_chip_that_a_sweep_programs_anew_is_tuned_as_the_one_that_learned():
    settings = {"layers": (64, 12, 10), "sources": (0, -1), "tuning": ns.Tuning()}
    profile = ns.load_profile("ideal_oscillator").with_values(settings)
    how = ns.Experiment.suited("classify").with_values(
        {"batch": 8, "updates": 4, "learning_rate": 0.1, "learning.tuned": ("sync", "detuning")}
    )
    trained = ns.train(ns.Chip(profile), how)
    loss = trained.evaluate()[0]["test_loss"]
    axis = {"deploy.tuning": [ns.Tuning(), None]}
    tuned, plain = ns.sweep(trained, axis, measure=["test_loss"])
    assert tuned["test_loss"] == pytest.approx(loss, rel=1e-9)
    assert plain["test_loss"] != pytest.approx(loss, rel=1e-2)


def digits_of(tmp_path=None, **changes):
    """A chip of few nodes that was tuned a little; in a folder, if one is given."""
    profile = few(layers=(64, 3, 10))
    how = ns.Experiment.suited("classify").with_values(
        {"batch": 2, "updates": 1, "flow": FLOW, "learning.tuned": ("sync", "detuning")} | changes
    )
    return profile, how, ns.train(profile, how, keep=tmp_path)


def test_a_training_that_begins_with_a_tuned_chip_says_what_it_leaves(tmp_path):
    profile, how, tuned = digits_of(tmp_path / "run")
    said = r"weights of .*run alone: what its oscillators were tuned to"
    with pytest.warns(UserWarning, match=said) as caught:
        ns.train(profile, how, start=tuned)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="weights of ideal_oscillator alone"):
        ns.train(tuned.fresh(), how)
    # This chip stays as it is tuned, and nothing is left.
    plain = how.with_value("learning.tuned", ())
    ns.train(tuned.fresh(), plain, start=tuned)
    file = tmp_path / "how.yaml"
    file.write_text(dump_block(how))
    board = tmp_path / "board.yaml"
    board.write_text(dump_block(profile))
    words = ["--profile", board, "--experiment", file, "--from", tmp_path / "run"]
    result = train_only(*words, "--out", tmp_path / "more")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("neurosim: warning: Training begins with the weights of") == 1
    assert "UserWarning" not in result.stderr
    result = train_only(*words, "--out", tmp_path / "strict", "--strict")
    assert result.exit_code == 1
    assert not (tmp_path / "strict").exists()


def test_a_sweep_says_what_its_trainings_leave_and_refuses_chips_that_lose_it(tmp_path):
    profile, how, _ = digits_of(tmp_path / "run")
    file = tmp_path / "plan.yaml"
    names = {"board": profile, "bare": profile.with_value("tuning", None), "how": how}
    for name, block in names.items():
        (tmp_path / f"{name}.yaml").write_text(dump_block(block))
    plan = (
        "name: plan\nbase: {profile: board.yaml, experiment: how.yaml, start: run}\n"
        "measure: [test_loss]\naxes:\n- {path: PATH, values: VALUES}\n"
    )
    file.write_text(plan.replace("PATH", "experiment.seed").replace("VALUES", "[0]"))
    dry = run("sweep", file, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert dry.stderr.count("run alone: what its oscillators were tuned to") == 1
    with pytest.warns(UserWarning, match="run alone: what its oscillators were tuned to") as caught:
        SweepFolder.create(tmp_path / "sweep", load_block(file, Sweep), tmp_path)
    assert len(caught) == 1
    file.write_text(plan.replace("PATH", "deploy").replace("VALUES", "[bare.yaml]"))
    assert "deploy.tuning: must be stated where what oscill" in one_line(run("sweep", file))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tuning": ns.Tuning(bits=4, range_sync=1.0)}, "finite ranges, but range_Hz is ideal"),
        ({"node.law": ns.load_profile("ideal_gradient").node.law}, "tuning: must be null unless"),
    ],
)
def test_what_cannot_be_tuned_is_refused(changes, said):
    with pytest.raises(ProfileError, match=said):
        few(**changes)


def test_a_recipe_that_no_chip_or_rule_can_follow_is_refused():
    with pytest.raises(DataError, match="oscillators can be tuned, but ideal_oscillator has none"):
        train(few(tuning=None), recipe())
    with pytest.raises(ProfileError, match="tuned: is for mode shadow: no pulse tunes an osc"):
        recipe(**{"learning.mode": "in_memory"})
    with pytest.raises(DataError, match="reads two nudged phases, as gradep and asymmetric do"):
        tuned_gradient(None)
    chip = ns.Chip(few())
    with pytest.raises(DataError, match="a finite locking and detuning for each of 12 nodes"):
        chip.tune(Tuned.zeros(3))
    with pytest.raises(DataError, match="each of 12 nodes, but got 1 of them NaN or infinite"):
        chip.tune(Tuned(np.where(np.arange(12) == 3, np.nan, 0.0), np.zeros(12)))
    with pytest.raises(DataError, match="needs tuned oscillators, but ideal_hopfield has none"):
        ns.Chip("ideal_hopfield").tune(Tuned.zeros(N))
