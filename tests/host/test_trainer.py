"""The loop itself: what it asks of a chip between the updates."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.host import Contrast, Experiment, FlowSettings, Trainer
from neurosim.profile import load_profile

SIZES = (6, 5, 4)
FLOW = FlowSettings(settle_tau=2.0)
BATCH = 8


def trained(remembers, updates=5):
    """After which updates a chip was refreshed that remembers for so many of them; the chip."""
    profile = load_profile("cap_cell_14nm").with_value("layers", SIZES)
    update_s = 3 * BATCH * FLOW.settle_tau * profile.node.tau_s
    refresh_s = None if remembers is None else remembers * update_s
    chip = Chip(profile.with_value("host.refresh_s", refresh_s))
    images = np.random.default_rng(0).uniform(-1, 1, (20, SIZES[0]))
    refreshed, refresh, done = [], chip.refresh, [0]

    def counted():
        refreshed.append(done[0] + 1)
        refresh()

    chip.refresh = counted
    for update in Trainer(chip, Experiment(updates=updates, batch=BATCH, flow=FLOW), images):
        done[0] = update.update
    return refreshed, chip


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("remembers", "after"),
    [(0.5, [1, 2, 3, 4, 5]), (1.9, [1, 2, 3, 4, 5]), (2.5, [2, 4]), (9.0, []), (None, [])],
)
def test_devices_are_written_anew_before_they_forget(remembers, after):
    assert trained(remembers)[0] == after


def test_an_update_with_a_contrastive_stage_counts_as_long_as_it_settles():
    """Whose samples run free for longer than all three phases: a refresh each time."""
    profile = load_profile("cap_cell_14nm").with_value("layers", SIZES)
    short_s = 3 * BATCH * FLOW.settle_tau * profile.node.tau_s
    images = np.random.default_rng(0).uniform(-1, 1, (20, SIZES[0]))
    for contrast, refreshes in ((None, 0), (Contrast(begin=0.0), 2)):
        chip = Chip(profile.with_value("host.refresh_s", 4 * short_s))
        how = Experiment(updates=2, batch=BATCH, flow=FLOW, contrast=contrast)
        trainer = Trainer(chip, how, images)
        for _ in trainer:
            pass
        assert chip.ledger.settle_time_s > (8 if contrast else 0) * short_s
        assert chip.ledger.programs == 3 + refreshes


def test_the_time_since_a_refresh_is_kept_over_a_stop():
    profile = load_profile("cap_cell_14nm").with_value("layers", SIZES)
    update_s = 3 * BATCH * FLOW.settle_tau * profile.node.tau_s
    images = np.random.default_rng(0).uniform(-1, 1, (20, SIZES[0]))
    how = Experiment(updates=3, batch=BATCH, flow=FLOW)

    def begun():
        return Trainer(Chip(profile.with_value("host.refresh_s", 3 * update_s)), how, images)

    first = begun()
    for _ in zip(range(2), first, strict=False):
        pass
    assert first.state()["unrefreshed_s"] == pytest.approx(2 * update_s)
    again = begun()
    again.chip.restore(first.chip.state())
    again.restore(first.state())
    before = again.chip.ledger.programs
    for _ in again:
        pass
    # Its update writes, and so does the refresh after it.
    assert again.chip.ledger.programs == before + 2


def test_each_refresh_is_one_more_writing_of_the_whole_chip():
    refreshed, never = trained(0.5)[1], trained(None)[1]
    assert refreshed.ledger.programs - never.ledger.programs == 5
    # Just written, no device has leaked yet.
    np.testing.assert_array_equal(refreshed.devices_S, refreshed.programmed_S()[1])
    assert np.any(never.devices_S != never.programmed_S()[1])


def test_a_trainer_that_goes_on_has_the_calibration_that_was_measured():
    """A chip is measured once; what a fresh trainer measures again must not count."""
    profile = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    experiment = Experiment(updates=1, batch=4, calibrate=True, flow=FLOW)
    images = np.random.default_rng(0).uniform(-1, 1, (20, SIZES[0]))

    def trainer(seed):
        return Trainer(Chip(profile, seed), experiment, images)

    first, other = trainer(0), trainer(1)
    kept, measured = first.state()["calibration"], other.state()["calibration"]
    assert any(np.any(kept[name] != measured[name]) for name in kept)
    other.restore(first.state())
    for name, values in kept.items():
        np.testing.assert_array_equal(other.state()["calibration"][name], values)
