"""Faulty devices: their shares, what they hold, and that no write changes them."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.devices import FAULTS, Faults
from neurosim.errors import ProfileError
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.tables import table

SHARES = {"stuck_low": 0.0904, "stuck_high": 0.0175, "dead": 0.11, "open": 0.02}
SOURCE = "stuck shares: Chen et al., DATE 2017; dead: Li et al., Nat. Commun. 9, 2385 (2018)"


def faulty_chip(seed=0, **changes):
    profile = load_profile("cmos_rc_6bit").with_values(
        {"faults": SHARES | {"source": SOURCE}} | changes
    )
    return Chip(profile, seed)


def weights_of(chip, seed):
    layers, rng = chip.data_sheet.layers, np.random.default_rng(seed)
    coupling = rng.uniform(-0.5, 0.5, (layers.n_odd, layers.n_even)) * layers.present
    return Weights(coupling, rng.uniform(-0.5, 0.5, layers.n_nodes))


def test_each_kind_has_its_share_and_its_conductance():
    n, rng = 200_000, np.random.default_rng(0)
    got = Faults(**SHARES, source=SOURCE).draw(np.ones(n, dtype=bool), 1e-7, 6e-6, rng)
    for kind, name in enumerate(FAULTS):
        share = SHARES.get(name, 1 - sum(SHARES.values()))
        found = np.mean(got.kind == kind)
        assert abs(found - share) < 5 * np.sqrt(share * (1 - share) / n)
    low, high, dead, gone = (got.conductance_S[got.kind == k] for k in (1, 2, 3, 4))
    assert (low == 1e-7).all()
    assert (high == 6.1e-6).all()
    assert (gone == 0).all()
    # Uniform over the range: mean and variance of 1/12 of it squared.
    assert abs(dead.mean() - 3.1e-6) < 5 * 6e-6 / np.sqrt(12 * len(dead))


def test_no_write_and_no_drift_changes_a_faulty_device():
    leak = {"law": "leak", "tau_s": "1 ms", "tau_spread": "ideal", "rest_S": "ideal",
            "source": "assumed: a test"}  # fmt: skip
    chip = faulty_chip(drift=leak)
    bad = chip.bank.faulty.kind > 0
    seen = []
    for seed in range(3):
        chip.program(weights_of(chip, seed))
        chip.wait(1e-3)
        chip.refresh()
        chip.wait(1e-3)
        seen.append(chip.bank.conductance_S()[bad])
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[1], seen[2])


def test_faults_leave_every_other_draw_of_the_chip_as_it_is():
    plain, faulty = Chip(load_profile("cmos_rc_6bit")), faulty_chip()
    for chip in (plain, faulty):
        chip.program(weights_of(chip, 1))
    good = faulty.bank.faulty.kind == 0
    np.testing.assert_array_equal(plain.bank.written_S[good], faulty.bank.written_S[good])
    np.testing.assert_array_equal(plain.die._device_factor, faulty.die._device_factor)


def test_absent_devices_do_not_count_as_faulty():
    chip = faulty_chip(layers=(8, 6, 6))
    assert not chip.bank.faulty.kind[~chip.die.devices.present].any()


def test_the_weight_table_flags_faulty_devices():
    chip = faulty_chip(layers=(16, 24, 24))
    chip.program(weights_of(chip, 2))
    blocks = table(chip).blocks.values()
    flags = np.concatenate([b[f"fault_{s}"].ravel() for b in blocks for s in ("plus", "minus")])
    assert set(flags) == set(range(len(FAULTS)))
    np.testing.assert_array_equal(np.bincount(flags)[1:], np.bincount(chip.bank.faulty.kind)[1:])


def test_shares_that_leave_no_working_device_are_refused():
    with pytest.raises(ProfileError, match="open: must be below 1 together"):
        faulty_chip(**{"faults.open": 0.9})
