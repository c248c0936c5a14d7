"""Device noise of settled states against chips whose every conductance is moved row by row."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.chip.fluctuations import _share
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint

SIZES, ROWS, SHARE = (4, 6, 5), 1500, 0.05
QUIET = {
    "relative_to": "conductance", "reference_S": "10 uS", "flicker": "ideal", "slowest_s": "1 s",
    "short_term": "ideal", "telegraph": "ideal", "source": "assumed: a test",
}  # fmt: skip
SHORT = QUIET | {"short_term": SHARE}
TRAPS = {
    "share": 1, "step": 0.05, "fastest_s": "20 us", "slowest_s": "20.01 us",
    "source": "assumed: a test",
}  # fmt: skip
FINE = {"settling.rtol": 1e-6, "settling.atol": 1e-9, "coupling.idle_S": "1 uS"}


def chip_with(noise, name="ideal_hopfield", seed=1, engine=None, **changes):
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    profile = load_profile(name)
    profile = profile.with_values({"layers": SIZES, "device_noise": noise} | changes)
    chip = Chip(profile, seed, engine)
    rng, layers = np.random.default_rng(0), chip.data_sheet.layers
    coupling = 0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, 0.3 * rng.standard_normal(layers.n_nodes)))
    return chip


def targets(chip, rows=ROWS):
    one = 0.1 * np.random.default_rng(3).standard_normal((1, chip.data_sheet.layers.n_visible))
    return np.repeat(one, rows, axis=0)


def present(chip, rows=ROWS, time_tau=60.0, stiffness=15.0):
    sheet = chip.data_sheet
    chip.precharge(targets(chip, rows))
    chip.drive(targets(chip, rows), stiffness * sheet.unit_S)
    chip.settle(time_tau * sheet.tau_s)
    return chip


def explicit_u_V(chip, share, stiffness=15.0, rows=ROWS):
    """Rest of every row of a Hopfield chip, each with conductances of its own, by Newton."""
    layers, circuit, devices = chip.die.layers, chip.circuit, chip.die.devices
    n, odd, even, k = layers.n_nodes, layers.odd, layers.even, layers.n_visible
    rng, nominal_S = np.random.default_rng(7), chip.programmed_S()[1]
    coupling, drive, decay = np.zeros((rows, n, n)), np.zeros((rows, n)), np.zeros((rows, n))
    for row in range(rows):
        moved_S = nominal_S * (1 + share * rng.standard_normal(len(nominal_S)))
        pairs, biases, back = devices.split(moved_S)
        back = back or pairs
        coupling[row, odd, even], coupling[row, even, odd] = pairs.delta_S, back.delta_S.T
        drive[row] = biases.delta_S * circuit.reference_V
        decay[row] = biases.sum_S
        decay[row, odd] += pairs.sum_S.sum(axis=1)
        decay[row, even] += back.sum_S.sum(axis=0)
    decay = circuit.leak_S + circuit.loading * decay
    spring_S = stiffness * chip.data_sheet.unit_S
    decay[:, :k] += spring_S
    drive[:, :k] += spring_S * targets(chip, rows)
    u, unit = np.zeros((rows, n)), chip.data_sheet.unit_V
    for _ in range(50):
        v, slope = u.copy(), np.ones_like(u)
        v[:, k:] = unit * np.tanh(u[:, k:] / unit)
        slope[:, k:] = 1 - np.tanh(u[:, k:] / unit) ** 2
        rate = np.einsum("rij,rj->ri", coupling, v) + drive - decay * u
        jacobian = coupling * slope[:, None, :] - decay[:, :, None] * np.eye(n)
        step = np.linalg.solve(jacobian, -rate[..., None])[..., 0]
        u += step
        if np.abs(step).max() < 1e-12:
            return u
    raise AssertionError("Newton's method did not converge")


@pytest.mark.every(2)
@pytest.mark.parametrize("loading", ["ideal", 0.2])
def test_settled_states_have_the_covariance_of_explicit_conductances(loading):
    chip = chip_with(SHORT, coupling__directions="separate", node__loading=loading, **FINE)
    cheap, true = present(chip).u_V, explicit_u_V(chip, SHARE)
    # Two sample deviations differ by 1 / sqrt(rows), two correlations by at most sqrt(2 / rows).
    assert np.abs(cheap.std(axis=0) / true.std(axis=0) - 1).max() < 5 / np.sqrt(ROWS)
    difference = np.corrcoef(cheap.T) - np.corrcoef(true.T)
    assert np.abs(difference).max() < 5 * np.sqrt(2 / ROWS)


@pytest.mark.slow
def test_where_one_device_serves_both_directions_deviations_are_right_to_a_tenth():
    """What its two nodes share is left out, the most in a net as small as this."""
    chip = chip_with(SHORT, **FINE)
    cheap, true = present(chip).u_V, explicit_u_V(chip, SHARE)
    assert np.abs(cheap.std(axis=0) / true.std(axis=0) - 1).max() < 0.1


@pytest.mark.slow
def test_an_ammeter_feels_the_noise_of_the_devices_at_its_node():
    """A clamp against the limit of a stiff spring."""
    chip = chip_with(SHORT, coupling__directions="separate", **FINE)
    x = targets(chip)
    chip.precharge(x)
    chip.clamp(x)
    chip.settle(60 * chip.data_sheet.tau_s)
    stiff = 1e6
    true = explicit_u_V(chip, SHARE, stiff)[:, : x.shape[1]]
    current_A = stiff * chip.data_sheet.unit_S * (x - true)
    assert np.abs(chip.sense().std(axis=0) / current_A.std(axis=0) - 1).max() < 5 / np.sqrt(ROWS)


@pytest.mark.every(4)
@pytest.mark.parametrize(
    "noise",
    [
        QUIET | {"flicker": 0.01, "slowest_s": "1 ms"},
        QUIET | {"flicker": 0.01, "slowest_s": "100 us", "short_term": 0.01},
        QUIET | {"telegraph": TRAPS},
        SHORT,
    ],
)
def test_two_phases_are_as_alike_as_the_spectrum_says(noise):
    chip = chip_with(noise)
    sheet, time_tau = chip.data_sheet, 60.0
    present(chip, time_tau=time_tau)
    ends = [chip.u_V.copy()]
    chip.settle(time_tau * sheet.tau_s)
    ends.append(chip.u_V.copy())
    law = chip.profile.device_noise
    traps = None
    if law.telegraph:
        n = chip.die.devices.size
        traps = law.telegraph.traps(n, np.random.default_rng(0))
    g = chip.programmed_S()[1]
    common, own = law.variance(g, time_tau * sheet.tau_s, sheet.tau_s, traps)
    expected = common.sum() / (common + own).sum()
    got = [np.corrcoef(a, b)[0, 1] for a, b in zip(ends[0].T, ends[1].T, strict=True)]
    # One node's correlation has the standard error (1 - r^2) / sqrt(rows).
    assert np.abs(np.array(got) - expected).max() < 5 / np.sqrt(ROWS) * (1 - expected**2)


def test_a_presentation_shares_no_noise_with_the_next():
    chip = chip_with(QUIET | {"flicker": 0.01})
    ends = [present(chip).u_V.copy() for _ in range(2)]
    for a, b in zip(ends[0].T, ends[1].T, strict=True):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(ROWS)


def test_noise_without_numbers_changes_no_bit():
    read = [present(chip_with(n, "cmos_rc_6bit"), rows=5).read() for n in ("ideal", QUIET)]
    np.testing.assert_array_equal(*read)


@pytest.mark.parametrize("name", ["ideal_hopfield", "cmos_rc_6bit"])
def test_turning_device_noise_on_leaves_every_other_draw_alone(name):
    """Noise too weak to see moves nothing: thermal and amplifier noise are where they were."""
    weak = QUIET | {"short_term": 1e-9}
    without, with_it = (
        present(chip_with(n, name, **FINE), rows=70, time_tau=20.0).u_V for n in ("ideal", weak)
    )
    np.testing.assert_allclose(without, with_it, atol=1e-6)


def test_an_operating_point_feels_the_same_noise_as_a_long_transient():
    ends = [
        present(chip_with(SHORT, engine=engine, **FINE), rows=200, time_tau=400).u_V
        for engine in (None, OperatingPoint())
    ]
    spread = ends[0].std(axis=0)
    assert np.abs((ends[0] - ends[1]) / spread).max() < 0.05


def test_a_restored_chip_draws_the_same_noise():
    noise = QUIET | {"flicker": 0.01, "telegraph": TRAPS | {"share": 0.3}}
    chip = present(chip_with(noise, "cmos_rc_6bit"), rows=5)
    twin = chip_with(noise, "cmos_rc_6bit")
    twin.restore(chip.state())
    for one in (chip, twin):
        present(one, rows=5)
    np.testing.assert_array_equal(chip.u_V, twin.u_V)


def test_only_devices_with_a_trap_make_telegraph_noise():
    none = TRAPS | {"share": 1e-9}
    quiet = present(chip_with(QUIET | {"telegraph": none}, **FINE), rows=50).u_V
    loud = present(chip_with(QUIET | {"telegraph": TRAPS}, **FINE), rows=50).u_V
    assert quiet.std(axis=0).max() < 1e-12
    assert loud.std(axis=0).min() > 1e-6


def test_a_released_chip_runs_with_noise():
    chip = present(chip_with(SHORT), rows=40)
    chip.release()
    chip.settle(0.1 * chip.data_sheet.release_tau_s)
    assert np.isfinite(chip.u_V).all()
    assert (chip.u_V.std(axis=0) > 0).all()


def test_one_draw_stands_for_both_parts_only_where_every_device_shares_them_alike():
    common = np.array([1.0, 4.0, 0.0])
    assert _share(common, 0.25 * common) == pytest.approx(0.5)
    assert _share(common, np.array([0.25, 1.0, 0.1])) is None
    assert _share(common, np.array([0.25, 1.01, 0.0])) is None
    assert _share(np.zeros(3), common) is None
