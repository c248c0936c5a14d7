"""A training that is made longer: as one of that length from there on, and repeatable."""

import json

import numpy as np
import pytest

import neurosim as ns
from commands import one_line, run, train_only
from neurosim.blocks.files import dump_block
from neurosim.chip import Chip
from neurosim.errors import RunError
from neurosim.host import Experiment, Trainer
from neurosim.profile import load_profile
from neurosim.runs import Run, repeat
from neurosim.runs.extending import extended

PROFILE = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
RECIPE = Experiment(updates=4, batch=8, schedule="cosine", flow={"settle_tau": 1.0})


def table(folder):
    return {name: c for name, c in Run.open(folder).metrics().items() if name != "wall_s"}


def test_it_goes_on_as_a_trainer_of_the_longer_length_does(tmp_path):
    """The same by hand: the states of the short training, given to a trainer of the long one."""
    short = ns.train(PROFILE, RECIPE, keep=tmp_path / "run")
    tree = Run.open(tmp_path / "run").load()
    long = RECIPE.with_value("updates", 9)
    chip = Chip(PROFILE, long.seed)
    trainer = Trainer(chip, long, short.dataset)
    chip.restore(tree["chip"])
    trainer.restore(tree["trainer"])
    by_hand = [update.flow_loss for update in trainer]
    trained = ns.resume(tmp_path / "run", updates=9)
    found = trained.metrics()
    assert list(found["update"]) == list(range(1, 10))
    np.testing.assert_array_equal(found["flow_loss"][4:], by_hand)
    rates = 0.5 * RECIPE.learning_rate * (1 + np.cos(np.pi * np.arange(9) / 9))
    np.testing.assert_allclose(found["learning_rate"][4:], rates[4:], rtol=1e-12)
    assert Run.open(tmp_path / "run").experiment == long


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_an_ended_run_goes_on_as_one_of_the_longer_length_would_have_stood(tmp_path, average):
    """The same bits of a run that never ended at 4: on an ideal chip a write leaves no trace."""
    profile = load_profile("ideal_hopfield").with_value("layers", (64, 6, 5))
    recipe = RECIPE.with_values({"schedule": "constant", "average": average})
    ns.train(profile, recipe, keep=tmp_path / "run")
    found = ns.resume(tmp_path / "run", updates=7)
    whole = ns.train(profile, recipe.with_value("updates", 7))
    for name in ("flow_loss", "gradient_norm"):
        np.testing.assert_array_equal(found.metrics()[name], whole.metrics()[name])
    np.testing.assert_array_equal(found.weights.vector, whole.weights.vector)
    told = [one.fresh().told_weights().vector for one in (found, whole)]
    np.testing.assert_array_equal(*told)


def test_an_ended_run_with_an_average_is_repeated_also_if_it_stopped_at_once(tmp_path):
    out = tmp_path / "run"
    ns.train(PROFILE, RECIPE.with_value("average", 0.9), keep=out)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_update", stop)
        with pytest.raises(KeyboardInterrupt):
            ns.resume(out, updates=6)
    ns.resume(out)
    found = repeat(out)
    assert found.same, found.differs


def test_a_run_made_longer_twice_is_repeated_bit_for_bit(tmp_path):
    out = tmp_path / "run"
    ns.train(PROFILE, RECIPE, keep=out)
    ns.resume(out, updates=6)
    ns.resume(out, updates=8)
    assert json.loads((out / "run.json").read_text())["extended"] == [[4, 4], [6, 6]]
    found = repeat(out)
    assert found.same, found.differs
    assert found.updates == 8


def test_killed_between_its_files_it_can_be_gone_on_with(tmp_path, monkeypatch):
    out = tmp_path / "run"
    ns.train(PROFILE, RECIPE, keep=out)
    before = table(out)

    def killed(*_, **__):
        raise KeyboardInterrupt

    for step in ("Run.save", "Run.note", "write_text"):
        with monkeypatch.context() as patch:
            patch.setattr(f"neurosim.runs.extending.{step}", killed)
            with pytest.raises(KeyboardInterrupt):
                extended(Run.open(out), 6)
        np.testing.assert_equal(table(out), before)
        assert Run.open(out).n_done == 4
        assert repeat(out).same
    ns.resume(out, updates=6)
    assert repeat(out).same


def test_fewer_updates_than_it_has_are_refused(tmp_path):
    ns.train(PROFILE, RECIPE, keep=tmp_path / "run")
    for updates in (4, 3):
        with pytest.raises(RunError, match=f"longer than its 4 updates, but {updates} are asked"):
            ns.resume(tmp_path / "run", updates=updates)


def test_the_command_makes_it_longer_and_refuses_other_settings(tmp_path):
    out = tmp_path / "run"
    ns.train(PROFILE, RECIPE, keep=out)
    more = ["--out", out, "--resume", "--updates", 6]
    result = train_only(*more)
    assert result.exit_code == 0, result.output
    assert "6 updates" in result.output
    assert len(table(out)["update"]) == 6
    assert "batch differs; leave it out" in one_line(run("train", *more, "--batch", 16))
    fewer = one_line(run("train", *more[:-1], 5))
    assert "must be made longer than its 6 updates, but 5 are asked for" in fewer


def test_the_command_that_began_it_goes_on_after_it_was_made_longer(tmp_path):
    out, file = tmp_path / "run", tmp_path / "recipe.yaml"
    file.write_text(dump_block(RECIPE))
    ns.train(PROFILE, RECIPE, keep=out)
    ns.resume(out, updates=6)
    for words in (["--experiment", file], ["--updates", 4], []):
        assert train_only("--out", out, "--resume", *words).exit_code == 0, words
    assert len(table(out)["update"]) == 6
    file.write_text(dump_block(RECIPE.with_value("updates", 8)))
    assert train_only("--out", out, "--resume", "--experiment", file).exit_code == 0
    assert len(table(out)["update"]) == 8
