"""Sampling from a run in its three modes."""

import numpy as np
import pytest

from neurosim.errors import DataError, ProfileError
from neurosim.host import Experiment, FlowSettings, sample_settle_time_s
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained, evaluate, sample
from trainings import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny chip after a few updates."""
    profile = load_profile("ideal_hopfield").with_value("layers", (64, 12, 10))
    experiment = Experiment(updates=20, batch=64, flow=FlowSettings(settle_tau=10.0))
    return train(profile, experiment, tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.every(2)
@pytest.mark.parametrize("mode", ["spring", "gradient", "free-running"])
def test_samples_repeat_with_their_seed_and_leave_the_run_as_it_was(run, mode):
    before = run.checkpoint.read_bytes()
    x, settings = sample(run, 5, mode=mode, t_end=0.2, seed=1)
    again, _ = sample(Run.open(run.path), 5, mode=mode, t_end=0.2, seed=1)
    np.testing.assert_array_equal(x, again)
    assert settings.mode == mode
    assert run.checkpoint.read_bytes() == before


@pytest.mark.slow
def test_a_slow_release_draws_what_the_host_draws_by_clamping(run):
    """As C_x grows the hidden nodes follow at once: free-running tends to gradient flow."""
    slow = Run(run.path, run.profile.with_value("node.release_capacitance_F", 1e-9), run.experiment)
    free, _ = sample(slow, 20, mode="free-running", t_end=0.5)
    stepped, _ = sample(run, 20, mode="gradient", t_end=0.5)
    # Euler steps of 0.01 err by about 1 %; the hidden nodes lag by a thousandth.
    assert np.abs(free - stepped).max() < 0.05
    start, _ = sample(slow, 20, mode="free-running", t_end=1e-9)
    assert np.abs(free - start).max() > 0.3


def test_a_released_chip_is_read_on_its_way_also_where_phases_settle_for_ever(run):
    point = Run(
        run.path, run.profile.with_value("settling.engine", "operating_point"), run.experiment
    )
    settled, _ = sample(point, 10, mode="free-running", t_end=0.5)
    running, _ = sample(run, 10, mode="free-running", t_end=0.5)
    # Only the hidden nodes' start differs: at rest, instead of after ten time constants.
    assert np.abs(settled - running).max() < 0.05


@pytest.mark.parametrize("mode", ["spring", "free-running"])
def test_paths_begin_at_the_noise_of_samples_and_end_at_them(run, mode):
    trained = Trained.of(run)
    x = trained.draw(3, mode=mode, t_end=0.2)
    path = trained.draw(3, mode=mode, t_end=0.2, paths=True)
    # A free run is then settled in pieces, each to the solver's tolerance.
    np.testing.assert_allclose(path[-1], x, atol=1e-3)
    np.testing.assert_allclose(path[0], trained.draw(3, mode=mode, t_end=1e-9), atol=1e-6)
    assert np.abs(path[-1] - path[0]).max() > 0.1


def test_a_mode_that_is_none_is_refused(run):
    with pytest.raises(ProfileError, match="must be one of 'spring'"):
        sample(run, 1, mode="dream")


@pytest.mark.slow
def test_the_spring_mode_tends_to_the_gradient_mode_as_the_spring_stiffens(run):
    stiff = run.experiment.model_copy(update={"flow": FlowSettings(stiffness=400.0, settle_tau=10)})
    gradient, _ = sample(run, 10, mode="gradient", t_end=0.3)
    soft, _ = sample(run, 10, mode="spring", t_end=0.3)
    hard, _ = sample(Run(run.path, run.profile, stiff), 10, mode="spring", t_end=0.3)
    # The proximal step differs from the gradient by a share 1/lambda of it.
    assert np.abs(hard - gradient).max() < 0.1 * np.abs(soft - gradient).max()


def test_a_chip_without_an_ammeter_cannot_sample_by_gradient(run):
    blind = Run(run.path, run.profile.with_value("current_sense", None), run.experiment)
    with pytest.raises(DataError, match="needs a chip with a current sense"):
        sample(blind, 1, mode="gradient")


def test_no_samples_are_refused(run):
    with pytest.raises(DataError, match="at least 1, but is 0"):
        sample(run, 0)


def test_an_evaluation_has_every_figure_and_its_floors(run):
    result, samples = evaluate(run, 300, t_end=1.0)
    keys = {
        "flow_loss", "frechet_feature", "frechet_pixel", "nn_two_sample", "w2", "precision",
        "recall", "density", "coverage", "class_shares", "class_entropy", "mode", "t_end", "n",
        "seed", "baselines",
    }  # fmt: skip
    assert keys <= result.keys()
    assert samples.shape == (300, 64)
    assert len(result["class_shares"]) == 10
    assert sum(result["class_shares"]) == pytest.approx(1)
    assert result["baselines"].keys() == {"real", "noisy", "gaussian"}
    metrics = keys - {"flow_loss", "mode", "t_end", "n", "seed", "baselines"}
    for row in result["baselines"].values():
        assert metrics <= row.keys()
    # Twenty updates of a tiny net cannot reach the real digits' floor.
    assert result["frechet_feature"] > result["baselines"]["real"]["frechet_feature"]


@pytest.mark.slow
def test_a_chip_that_forgets_is_refreshed_before_each_batch_that_it_remembers(tmp_path):
    leak = {"law": "leak", "tau_s": "1 ms", "tau_spread": "ideal", "rest_S": "ideal",
            "source": "assumed: a test"}  # fmt: skip
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 12), "drift": leak, "host.refresh_s": 2e-4}
    )
    experiment = Experiment(
        updates=1, batch=16, gain=2.0, flow={"settle_tau": 10.0},
        sampling={"mode": "spring", "t_end": 1.0, "dt": 0.1},
    )  # fmt: skip
    run = train(profile, experiment, tmp_path / "run")
    one_s = sample_settle_time_s(run.chip().data_sheet, experiment.flow, experiment.sampling)

    def drawn(**changes):
        changes = {path.replace("__", "."): value for path, value in changes.items()}
        other = Run(run.path, profile.with_values(changes), run.experiment)
        return sample(other, round(2e-3 / one_s))[0]

    lasting, refreshed, fading = drawn(drift__tau_s=1e9), drawn(), drawn(host__refresh_s=1.0)
    # The last step of 2 ms runs on weights that have leaked for 1.8 ms; that of 200 us, for 180 us.
    assert np.abs(refreshed - lasting).mean() < 0.3 * np.abs(fading - lasting).mean()


@pytest.mark.every(2)
@pytest.mark.parametrize("mode", ["spring", "free-running"])
def test_the_first_samples_of_more_are_those_of_fewer_to_within_the_solver(run, mode):
    """They start alike; steps of 1e-3 relative error are chosen by all rows of a block."""
    few, more = (sample(run, n, mode=mode, t_end=0.5)[0] for n in (40, 120))
    assert np.abs(few - more[:40]).max() < 5e-3
    assert np.abs(few - more[40:80]).max() > 1
