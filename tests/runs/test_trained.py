"""A chip in memory is drawn from and judged as one in a folder is, and is read but once."""

from functools import partial

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DataError
from neurosim.files import load_tree
from neurosim.runs import Run, Trained, evaluate, sample, train


def trained_in_memory(name="cmos_rc_6bit"):
    profile = ns.load_profile(name).with_value("layers", (64, 6, 5))
    experiment = ns.Experiment(updates=2, batch=16, flow={"settle_tau": 1.0})
    return profile, experiment


def test_a_chip_in_memory_draws_and_is_judged_as_the_same_one_in_a_folder(tmp_path):
    profile, experiment = trained_in_memory()
    chip, (images, _) = ns.Chip(profile), ns.load_digits()
    for _ in ns.Trainer(chip, experiment, images):
        pass
    here, there = Trained(chip, experiment), train(profile, experiment, tmp_path / "run")
    for source in (here, there, tmp_path / "run"):
        x, _ = sample(source, 9, t_end=0.1, seed=3)
        np.testing.assert_array_equal(x, sample(here, 9, t_end=0.1, seed=3)[0])
    ours, _ = evaluate(here, 20, t_end=0.1, floors=False)
    theirs, _ = evaluate(there, 20, t_end=0.1, floors=False)
    assert ours == theirs
    assert ours["spent"]["settles"] > 0
    # What was drawn before makes no difference.
    assert evaluate(here, 20, t_end=0.1, floors=False)[0] == ours


def test_what_is_no_trained_chip_is_refused(tmp_path):
    chip, images = ns.Chip("ideal_hopfield"), ns.load_digits()[0]
    with pytest.raises(DataError, match=r"Trained.chip must be of the class Chip, but is 'cmos_rc"):
        Trained("cmos_rc_6bit", ns.Experiment())
    with pytest.raises(DataError, match=r"Trained.experiment must be of the class Experiment, but"):
        Trained(chip, {"updates": 2})
    with pytest.raises(DataError, match=r"Chip\.engine must be an engine, such as Transient"):
        ns.Chip("ideal_hopfield", engine="transient")
    for experiment, shown in ((7, images), (ns.Experiment(), "x")):
        with pytest.raises(DataError, match="Trainer needs an Experiment and an array of images"):
            ns.Trainer(chip, experiment, shown)
    rows = ns.export_weights(Trained(chip, ns.Experiment()), tmp_path / "w.csv")
    assert rows == ns.export_weights(chip, tmp_path / "again.csv")
    with pytest.raises(DataError, match=r"is needed, but 3 is none; give Trained\(chip, experim"):
        sample(3, 5)


@pytest.mark.parametrize("use", [partial(evaluate, floors=False), sample], ids=["judge", "draw"])
def test_a_checkpoint_is_opened_once(tmp_path, monkeypatch, use):
    profile, experiment = trained_in_memory()
    out, opened = train(profile, experiment, tmp_path / "run").path, []

    def counted(path):
        opened.append(path)
        return load_tree(path)

    monkeypatch.setattr("neurosim.runs.run.load_tree", counted)
    use(Run.open(out), 20, t_end=0.1)
    assert len(opened) == 1
