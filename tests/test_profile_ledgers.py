"""Ledgers of three chips against hand calculations from the numbers of their profiles.

The state is one that needs no simulator. All couplings of visible nodes have one small weight, all
else is at weight 0; half of the visible nodes are held at +x, half at -x, so that no hidden node
moves. Each visible node goes from x to x K / (K + g) between its spring K and its leak g.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile

ROWS, VISIBLE, HIDDEN, NODES = 3, 64, 128, 320


@dataclass
class Board:
    """Numbers of a profile, written out."""

    x_V: float  # a code of the DAC: k range / (2^(bits - 1) - 1)
    unit_V: float
    leak_S: float
    capacitance_F: float
    weight: float
    pair_S: float  # one device at that weight, one idle
    idle_S: float
    rail_V: float
    amplifier_W: float
    controller_W: float
    dac_J: float
    adc_J: float
    drive_s: float
    read_s: float
    pulses: float
    pulse_J: float
    pulse_s: float
    at_once: int
    class_ab: bool = True

    @property
    def spring_S(self):
        return 15 * self.leak_S

    def state(self, u_V):
        """Heat of couplings, springs and leaks [W] and current delivered [A], of one row."""
        load_S = VISIBLE * HIDDEN * self.pair_S
        biases_S = NODES * 2 * self.idle_S
        stretch_V = self.x_V - u_V
        return np.array([
            load_S * u_V**2 + biases_S * self.unit_V**2,
            VISIBLE * self.spring_S * stretch_V**2,
            VISIBLE * self.leak_S * u_V**2,
            load_S * u_V + biases_S * self.unit_V + VISIBLE * self.spring_S * stretch_V,
        ])  # fmt: skip

    def spent(self):
        """Items of the ledger [J] and times [s]: precharge, drive, 10 tau, a reading; a program."""
        tau_s = self.capacitance_F / self.leak_S
        settle_s, setting_s = 10 * tau_s, 2 * self.drive_s
        first, last = self.state(self.x_V), self.state(self.x_V * 15 / 16)
        early_s = np.array([3 * tau_s, tau_s / 16, 3 * tau_s, 3 * tau_s])
        of_row = first * setting_s + last * settle_s - early_s * (last - first)
        couplings, springs, leaks, charge = ROWS * (of_row + last * self.read_s)
        on_s = ROWS * (setting_s + settle_s + self.read_s)
        amplifiers = NODES * self.amplifier_W * on_s
        pulses = VISIBLE * HIDDEN * self.pulses
        write_s = np.ceil(pulses / self.at_once) * self.pulse_s
        return {
            "couplings_J": couplings,
            "springs_J": springs,
            "leaks_J": leaks,
            "precharge_J": ROWS * VISIBLE * self.capacitance_F * self.x_V**2,
            "amplifiers_J": amplifiers if self.class_ab else amplifiers - couplings,
            "drivers_J": self.rail_V * charge - couplings - springs if self.class_ab else 0.0,
            "controller_J": self.controller_W * (on_s + write_s),
            "dac_J": ROWS * 2 * VISIBLE * self.dac_J,
            "adc_J": ROWS * NODES * self.adc_J,
            "writes_J": pulses * self.pulse_J,
            "settle_time_s": ROWS * settle_s,
            "drive_time_s": ROWS * setting_s,
            "read_time_s": ROWS * self.read_s,
            "write_time_s": write_s,
        }


# Tap 192 of 257 that are equally spaced in resistance.
R_192_OHM = 1 / 9.9e-6 - 192 / 256 * (1 / 9.9e-6 - 1 / (9.9e-6 + 0.6e-3))
BOARDS = {
    "board_digipot": Board(
        x_V=600 * 2.048 / 2047, unit_V=0.3, leak_S=1e-3, capacitance_F=10e-9,
        weight=(1 / R_192_OHM - 9.9e-6) / 1e-3, pair_S=1 / R_192_OHM + 9.9e-6,
        idle_S=9.9e-6, rail_V=2.5, amplifier_W=1e-3, controller_W=0.1,
        dac_J=4.88e-12 * 4096, adc_J=91.6e-12 * 65536, drive_s=10e-6, read_s=8e-3,
        pulses=1, pulse_J=1e-9, pulse_s=1e-6, at_once=1,
    ),
    "rram_cmo_hfox": Board(
        x_V=40 * 0.2 / 127, unit_V=62.5e-3, leak_S=137e-6, capacitance_F=20e-12,
        weight=4 * 0.6 / 72, pair_S=4 * 0.6 / 72 * 137e-6 + 2 * 8e-6,
        idle_S=8e-6, rail_V=0.9, amplifier_W=190.5e-6,
        controller_W=10e-3, dac_J=15.6e-15 * 256, adc_J=20e-15 * 256, drive_s=100e-9,
        read_s=256e-9, pulses=10, pulse_J=0.11e-9, pulse_s=1e-6, at_once=384,
    ),
    "pcm_hermes_14nm": Board(
        x_V=40 * 0.2 / 127, unit_V=62.5e-3, leak_S=34.5e-6, capacitance_F=5e-12,
        weight=0.03, pair_S=0.03 * 34.5e-6, idle_S=0.0, rail_V=0.9, amplifier_W=82.5e-6,
        controller_W=10e-3, dac_J=15.6e-15 * 256, adc_J=190e-15 * 256, drive_s=100e-9,
        read_s=256e-9, pulses=8, pulse_J=0.2e-9, pulse_s=1e-6, at_once=384, class_ab=False,
    ),
}  # fmt: skip
QUIET = {
    "temperature_K": "ideal", "amplifier_excess": "ideal", "flicker_corner_Hz": "ideal",
    "noise_gain": False, "source": "ideal",
}  # fmt: skip


def without_errors(name):
    """A chip of this profile whose devices are what was asked for."""
    profile = load_profile(name)
    changes = {f"mismatch.{field}": "ideal" for field in type(profile.mismatch).model_fields}
    del changes["mismatch.source"]
    for block in ("faults", "drift", "device_noise"):
        changes[block] = "ideal"
    changes |= {"thermal": QUIET, "write.noise": "ideal", "dac.noise_V": "ideal"}
    return Chip(profile.with_values(changes))


@pytest.mark.parametrize("name", BOARDS)
def test_every_item_of_a_ledger_is_what_a_hand_calculation_gives(name):
    board, chip = BOARDS[name], without_errors(name)
    layers = Layers(chip.profile.layers)
    weights = np.zeros(layers.present.shape)
    weights[:, :VISIBLE] = board.weight
    chip.program(Weights(weights * layers.present, np.zeros(layers.n_nodes)))
    target_V = board.x_V * np.tile([1.0, -1.0], (ROWS, VISIBLE // 2))
    chip.precharge(target_V)
    chip.drive(target_V, board.spring_S)
    chip.settle(10 * board.capacitance_F / board.leak_S)
    chip.read()
    spent, found = board.spent(), chip.ledger.totals()
    items = {name: found[name] for name in spent}
    # The state is reached to 1e-60 in 10 tau of a node that is 16 times as fast.
    assert items == pytest.approx(spent, rel=1e-6, abs=1e-24)
    energy_J = sum(value for name, value in spent.items() if name.endswith("_J"))
    assert found["energy_J"] == pytest.approx(energy_J, rel=1e-6)
    assert found["time_s"] == pytest.approx(
        sum(value for name, value in spent.items() if name.endswith("_s"))
    )


def test_a_reading_of_32_channels_takes_ten_turns():
    chip = without_errors("board_mosfet_clln")
    chip.precharge(np.zeros((2, 64)))
    chip.settle(1e-6)
    before = chip.ledger.copy()
    chip.read()
    chip.read_visible()
    spent = chip.ledger.since(before)
    assert spent["read_time_s"] == pytest.approx(2 * (10 + 2) * 1e-6)
    assert spent["adc_J"] == pytest.approx(2 * (320 + 64) * 244e-12 * 4096)
