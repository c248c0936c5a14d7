"""A chip in memory is drawn from and judged as one in a folder is, and is read but once."""

import inspect
from functools import partial

import numpy as np
import own_parts
import pytest

import neurosim as ns
from neurosim.blocks.files import dump_block
from neurosim.errors import DataError, RunError
from neurosim.files import load_tree
from neurosim.runs import Run, Trained, evaluate, sample
from neurosim.solvers import Transient
from trainings import train


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
    with pytest.raises(DataError, match=r"Trained\.chip must be a Chip, but is 'cmos_rc"):
        Trained("cmos_rc_6bit", ns.Experiment())
    with pytest.raises(DataError, match=r"Trained\.experiment must be an Experiment, but"):
        Trained(chip, {"updates": 2})
    with pytest.raises(DataError, match=r"Chip\.engine must be an engine, such as Transient"):
        ns.Chip("ideal_hopfield", engine="transient")
    for experiment, shown in ((7, images), (ns.Experiment(), "x")):
        with pytest.raises(
            DataError, match=r"Trainer\.\w+ must be an? (Experiment|Dataset or an array), but"
        ):
            ns.Trainer(chip, experiment, shown)
    rows = ns.export_weights(Trained(chip, ns.Experiment()), tmp_path / "w.csv")
    assert rows == ns.export_weights(chip, tmp_path / "again.csv")
    with pytest.raises(DataError, match=r"sample\.source must be a Trained, a Run, a path or a t"):
        sample(3, 5)


def test_training_in_memory_is_that_in_a_folder_and_opened_again(tmp_path):
    profile, experiment = trained_in_memory()
    here = ns.train(profile, experiment)
    kept = ns.train(ns.Chip(profile), experiment, keep=tmp_path / "run")
    again = Trained.of(tmp_path / "run")
    assert (here.run, kept.run.path) == (None, tmp_path / "run")
    assert repr(kept) == (
        f"Trained(Chip('cmos_rc_6bit', seed 0, 64-6-5), 2 updates, in {str(tmp_path / 'run')!r})"
    )
    assert here.metrics().keys() == kept.metrics().keys()
    for name, column in kept.metrics().items():
        if name != "wall_s":
            np.testing.assert_array_equal(here.metrics()[name], column)
    for trained in (kept, again):
        np.testing.assert_array_equal(trained.draw(5, t_end=0.1), here.draw(5, t_end=0.1))
        np.testing.assert_array_equal(trained.weights.vector, here.weights.vector)
        assert trained.flow_loss() == here.flow_loss()
        assert trained.spent() == here.spent()


def test_a_training_begins_with_the_weights_of_a_chip_in_memory_as_with_those_of_a_run(tmp_path):
    profile, experiment = trained_in_memory("ideal_hopfield")
    first = ns.train(profile, experiment, tmp_path / "first")
    begun = [ns.train(profile, experiment, start=s) for s in (first, tmp_path / "first")]
    begun.append(
        ns.train(profile, experiment, tmp_path / "third", start=ns.train(profile, experiment))
    )
    for trained in begun[1:]:
        np.testing.assert_array_equal(trained.weights.vector, begun[0].weights.vector)
    assert first.metrics()["flow_loss"][0] != begun[0].metrics()["flow_loss"][0]
    bare = Trained(ns.Chip(profile), experiment)
    with pytest.raises(RunError, match="must be a run whose host keeps the weights, but it keeps"):
        ns.train(profile, experiment, start=bare)
    with pytest.raises(DataError, match=r"has metrics where neurosim\.train made it"):
        bare.metrics()


def test_a_chip_that_its_folder_could_not_make_again_is_not_kept(tmp_path):
    profile, experiment = trained_in_memory("ideal_hopfield")
    with pytest.raises(RunError, match="must have the experiment's seed, but has 3 and the exper"):
        ns.train(ns.Chip(profile, seed=3), experiment, keep=tmp_path / "run")
    with pytest.raises(RunError, match=r"must have its profile's engine, but has Transient\(rtol"):
        ns.train(ns.Chip(profile, engine=Transient(rtol=1e-4)), experiment, keep=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_training_shows_a_bar_if_asked(capsys):
    profile, experiment = trained_in_memory("ideal_hopfield")
    ns.train(profile, experiment, progress=True)
    assert "training: 100%" in capsys.readouterr().err
    ns.train(profile, experiment)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("use", [partial(evaluate, floors=False), sample], ids=["judge", "draw"])
def test_a_checkpoint_is_opened_once(tmp_path, monkeypatch, use):
    profile, experiment = trained_in_memory()
    out, opened = train(profile, experiment, tmp_path / "run").path, []

    def counted(path):
        opened.append(path)
        return load_tree(path)

    monkeypatch.setattr("neurosim.runs.checkpoint.load_tree", counted)
    use(Run.open(out), 20, t_end=0.1)
    assert len(opened) == 1


def test_a_second_training_of_one_chip_says_what_it_took_itself(tmp_path):
    profile, experiment = trained_in_memory("ideal_hopfield")
    chip = ns.Chip(profile)
    first = ns.train(chip, experiment)
    second = ns.train(chip, experiment)
    third = ns.train(chip, experiment, keep=tmp_path / "run")
    steady = ("settles", "rows_settled", "programs", "settle_time_s")
    for trained in (second, third, Trained.of(tmp_path / "run"), ns.resume(tmp_path / "run")):
        for name in steady:
            assert trained.spent()[name] == pytest.approx(first.spent()[name], rel=1e-9)
        table = trained.metrics()
        for name in ("settle_time_s", "evaluations"):
            assert trained.spent()[name] == pytest.approx(table[name].sum(), rel=1e-9)
    assert chip.ledger.settles == 3 * first.spent()["settles"]
    assert all(type(value) in (int, float) for value in second.spent().values())


def test_a_killed_second_training_goes_on_with_what_it_took_before(tmp_path):
    profile, experiment = trained_in_memory("ideal_hopfield")
    chip = ns.Chip(profile)
    first = ns.train(chip, experiment)

    def stop(update, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ns.train(chip, experiment, keep=tmp_path / "run", progress=stop)
    assert ns.resume(tmp_path / "run").spent()["settles"] == first.spent()["settles"]


def test_a_sweep_says_what_the_training_of_its_chip_cost_and_not_those_before():
    profile, experiment = trained_in_memory("ideal_hopfield")
    chip, axes = ns.Chip(profile), {"sampling.t_end": [0.1]}
    costs = [ns.sweep(ns.train(chip, experiment), axes, n=20)["training_time_s"] for _ in range(2)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-9)


@pytest.mark.slow
def test_whatever_takes_a_folder_takes_the_classes_that_it_names(tmp_path):
    profile, experiment = trained_in_memory("ideal_hopfield")
    profile = profile.with_value("drift", own_parts.Halves(half_s=1e6))
    laws, out = [own_parts.Halves], tmp_path / "run"
    ns.train(profile, experiment, keep=out)
    (tmp_path / "own.yaml").write_text(dump_block(profile))
    uses = [
        partial(ns.train, profile, experiment, start=out),
        partial(ns.train, tmp_path / "own.yaml", experiment),
        partial(ns.write_report, out, tmp_path / "page.html", warnings=[]),
        partial(ns.plot_settle, out),
        partial(ns.plot, out),
    ]
    for use in uses:
        use(laws=laws)
        with pytest.raises(ns.ProfileError, match=r"laws=\[its class\]"):
            use()


FOLDERS = {"source", "start", "out", "thing"}


def test_every_verb_that_takes_a_folder_has_laws():
    found = []
    for name in dir(ns):
        value = getattr(ns, name)
        if inspect.isfunction(value) and FOLDERS & inspect.signature(value).parameters.keys():
            found.append(name)
            assert "laws" in inspect.signature(value).parameters, name
    assert len(found) > 8
