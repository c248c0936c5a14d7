"""Learning on oscillators: cosines of phase differences measure the exact gradient of the cost."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import AnswerConditions
from neurosim.circuit import Oscillator
from neurosim.host import decide
from neurosim.network import Weights
from sums import FLOW, Sums, rows


def few(**changes):
    base = {"layers": (4, 6, 2), "sources": (0, -1), "settling": ns.OperatingPoint()}
    return ns.load_profile("ideal_oscillator").with_values(base | changes)


def some_weights(profile):
    rng, layers = np.random.default_rng(1), profile.network
    coupling = 0.6 * rng.standard_normal(layers.present.shape) * layers.present
    return Weights(coupling, 0.5 + 0.3 * rng.standard_normal(layers.n_nodes))


def conditions(profile, rows_shown=6, **flow):
    settings = ns.FlowSettings(**FLOW | flow)
    weights = some_weights(profile)
    return AnswerConditions(
        profile, weights, settings, rows_shown, 2, task=Sums(test_share=0), data=rows()
    )


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_exact_gradient_is_that_of_the_cost_at_rest():
    """Differences of 1 - cos d - y sin d, the chip settled anew for each weight."""
    asked = conditions(few(), 2)
    shown = asked.answer_batches[0]

    def cost(weights):
        chip = asked._ideal_chip(weights)
        sine = decide(chip, shown.targets, asked.flow, None, asked._held)[:, 4:]
        away = np.arcsin(sine)
        return np.mean(np.sum(1 - np.cos(away) - shown.wanted[:, 4:] * sine, axis=1))

    exact, weights, found = asked.exact_at(asked.weights, 0), asked.weights, []
    places = np.flatnonzero(exact)[::8]
    for place in places:
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved.vector[place] += sign * 1e-4
            ends.append(cost(moved))
        found.append((ends[0] - ends[1]) / 2e-4)
    assert len(found) > 3
    # h^2 of the third derivative, and the residual of 1e-8 over h.
    np.testing.assert_allclose(found, exact[places], atol=2e-4 * np.abs(exact).max())


def test_equilibrium_propagation_measures_the_exact_gradient_to_the_square_of_beta():
    asked, errors = conditions(few()), []
    exact = asked.exact_at(asked.weights, 0)
    for beta in (4e-2, 2e-2, 1e-3):
        got = asked.observe(asked.profile, 0, beta=beta).gradient
        errors.append(np.linalg.norm(got - exact) / np.linalg.norm(exact))
        assert cosine(got, exact) > 0.999
    assert errors[-1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)


@pytest.mark.slow
def test_a_flow_of_phases_has_its_gradient_too():
    profile = few(layers=(6, 5, 4), sources=(0,))
    flow = ns.FlowSettings(stiffness=3.0, alpha=1.0, beta=1e-3, settle_tau=1.0)
    weights = some_weights(profile)
    images = np.random.default_rng(2).uniform(-1, 1, (40, 6))
    asked = ns.analysis.Conditions(profile, weights, flow, 4, 2, images=images)
    assert cosine(asked.observe(profile, 0).gradient, asked.exact[0]) > 0.9999


def test_a_chip_reads_phases_within_half_a_turn_by_its_bits():
    profile = few(
        **{
            "adc.bits": 4,
            "adc.visible_range_V": np.pi,
            "adc.hidden_range_V": np.pi,
            "settling": ns.Transient(),
        }
    )
    chip = ns.Chip(profile)
    chip.program(some_weights(profile))
    chip.precharge(np.array([[4.0, -4.0, 3.2, 0.1]]))
    chip.clamp(np.array([[4.0, -4.0, 3.2, 0.1]]))
    chip.settle(5e-7)
    read, step = chip.read()[0], 2 * np.pi / 14
    assert np.abs(read).max() <= np.pi
    np.testing.assert_allclose(read / step, np.round(read / step), atol=1e-9)
    turned = np.angle(np.exp(1j * (read[:4] - [4.0, -4.0, 3.2, 0.1])))
    assert np.abs(turned).max() <= step / 2 + 1e-9
    assert chip.ledger.precharge_J == 0


def test_detuning_is_of_the_die_and_diffusion_of_the_settle():
    law = Oscillator(detuning_Hz=1e5, linewidth_Hz=1e4)
    noisy = {"node.law": law, "node.hold": "none", "thermal.temperature_K": 300.0}
    profile = few(**noisy | {"settling": ns.Transient()})
    chips = [ns.Chip(profile, seed) for seed in (0, 0, 1)]
    first, same, other = (chip.circuit.locking.detuning_A for chip in chips)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)
    circuit = chips[0].circuit
    rate = first / (circuit.capacitance_F * profile.node.unit_V)
    wanted = ns.load_profile("ideal_oscillator").node
    assert wanted.tau_s == pytest.approx(1e-7)
    # Twelve draws of a standard deviation of 2 pi 1e5 rad/s.
    assert 0.5 < np.sqrt(np.mean(rate**2)) / (2 * np.pi * 1e5) < 1.6
    chips[0].precharge(np.zeros((1, 4)))
    intensity = chips[0].system().noise_V
    np.testing.assert_allclose(intensity, np.sqrt(2 * np.pi * 1e4 * 1e-7))


@pytest.mark.every(3)
@pytest.mark.parametrize("first_s", [2e-7, 5e-7, 9e-7])
def test_a_locking_that_rises_has_acted_by_its_mean(first_s):
    """Under S alone tan(theta) shrinks by e^(-2 K times the integral of S), over two settles."""
    law = Oscillator(sync=0.2, ramp_s=6e-7)
    profile = few(**{"node.law": law, "settling": ns.Transient(rtol=1e-8, atol=1e-10)})
    chip, start = ns.Chip(profile), np.array([[0.3, 1.4, -1.2, 0.9]])
    for _ in range(2):  # each precharge begins anew
        chip.precharge(start)
        chip.drive(start, 0.0)
        for time_s in (first_s, 1.1e-6 - first_s):
            chip.settle(time_s)
    acted = 0.2 * (3e-7 + 5e-7) / profile.node.tau_s
    np.testing.assert_allclose(
        np.tan(chip.u_V[:, :4]), np.tan(start) * np.exp(-2 * acted), rtol=1e-5
    )
    assert not chip.u_V[:, 4:].any()


def test_injectors_of_oscillators_have_codes_of_frequency():
    tuned = ns.Injectors(layers=(1, -1), bits=4, range_Hz=7e5, noise_Hz=0.0)
    chip = ns.Chip(few(**{"injectors": tuned, "settling": ns.Transient(precision="float64")}))
    sheet = chip.data_sheet
    per_Hz_A = 2 * np.pi * sheet.unit_V * 1e-12
    assert sheet.max_injected_A == pytest.approx(7e5 * per_Hz_A)
    # A share of K is a current of that share of g U.
    assert sheet.unit_S * sheet.unit_V / per_Hz_A == pytest.approx(1 / (2 * np.pi * sheet.tau_s))
    chip.precharge(np.zeros((1, 4)))
    asked_Hz = np.array([[1e5, 1.4e5, -9e5, 0.0, 6e5, 2e4, -1.6e5, 0.0]])
    used_Hz = chip.inject(asked_Hz * per_Hz_A) / per_Hz_A
    np.testing.assert_allclose(used_Hz, [[1e5, 1e5, -7e5, 0, 6e5, 0, -2e5, 0]], atol=1e-3)
    assert (chip.ledger.injector_clipped, chip.ledger.injector_conversions) == (1, 8)
    # Nothing holds the phases: they turn at the codes' frequencies.
    chip.drive(np.zeros((1, 4)), 0.0)
    chip.settle(1e-7)
    turns = chip.u_V[0, chip.die.injectors] / (2 * np.pi * 1e-7)
    np.testing.assert_allclose(turns, used_Hz[0], rtol=1e-5, atol=1)
    noisy = ns.Chip(few(**{"injectors": tuned.with_value("noise_Hz", 1e4)}))
    noisy.precharge(np.zeros((500, 4)))
    noisy.inject(np.zeros((500, 8)))
    at = noisy.die.injectors
    spread_Hz = noisy.system().injected_A[:, at].std() / per_Hz_A
    # 4,000 draws.
    assert spread_Hz == pytest.approx(1e4, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"injectors": ns.Injectors(layers=(1,), range_A=1e-6)},
         "injectors.range_A: must be ideal where nodes are phases, .* but is 1 uA; state range_Hz"),
        ({"injectors": ns.Injectors(layers=(1,), noise_A=1e-9)}, "is 1 nA; state noise_Hz"),
        ({"injectors": ns.Injectors(layers=(1,), bits=4)}, "range_Hz is ideal; state it, or write"),
        ({"node.bandwidth_Hz": 1e6}, "Hz: must be ideal .*, for it is of an amplifier, but is 1 M"),
        ({"node.amplifier": "tanh"}, "node.amplifier: must be linear where node.law has osc"),
        ({"node.loading": 0.1}, r"nodes that conductances end on, but is 0.1; write it as 'ideal'"),
        ({"mismatch.leak": 0.1}, r"is of a leak \(.*law.detuning_Hz\), but is 0.1; write"),
        ({"mismatch.offset_V": 1e-3}, "mismatch.offset_V: must be .*, but is 1 mV; write"),
        ({"current_sense": {"bits": "ideal", "range_A": "ideal", "channels": "ideal",
                            "source": "ideal"}}, "none where node.law has oscillators, but is Cur"),
        ({"readout": ns.DoubleSampling(gain=8.0, capacitance_F=1e-12), "node.hold": "capacitor"},
         r"readout: must be plain where node.law has osc.*, but is DoubleSampling\(.*; write it"),
        ({"adc.visible_range_V": 4.0}, "visible_range_V: must be at most pi x node.unit_V, half"),
        ({"node.law": Oscillator(linewidth_Hz=1.0)},
         r"linewidth_Hz, which is that of some temperature, but is ideal; state it, or write node"),
        ({"node.law": Oscillator(linewidth_Hz=1.0), "node.hold": "none",
          "thermal.temperature_K": 300.0, "settling": ns.OperatingPoint()},
         r"settling.engine: .* write node.law.linewidth_Hz and thermal.temperature_K as 'ideal'"),
        ({"thermal.temperature_K": 300.0, "settling": ns.Transient()},
         "node.hold: must be none where nodes oscillate at .*, but is capacitor; write it so"),
        ({"device_noise": ns.DeviceNoise(relative_to="reference", reference_S=1e-6, slowest_s=1.0)},
         r"device_noise: must be ideal where node.law has oscillators, but is DeviceNoise\("),
        ({"coupling.encoding": "single"}, "must be one_sided or comp.*, but is single; write"),
    ],
)  # fmt: skip
def test_what_no_oscillator_has_is_refused(changes, said):
    with pytest.raises(ns.errors.ProfileError, match=said):
        few(**changes)
