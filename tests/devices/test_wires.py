"""Crossbars behind wires: against closed forms, ngspice, and the chip that has them."""

import re
import subprocess

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.devices import Leak, Wires
from neurosim.devices.wires import effective_S
from neurosim.errors import ProfileError
from neurosim.netlists import has_ngspice
from neurosim.network import Weights
from neurosim.profile import load_profile

SEGMENT_OHM = 5.0


def cells_S(rows, columns, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 100e-6, (rows, columns))


def wires(**changes):
    return Wires(**({"segment_Ohm": SEGMENT_OHM, "source": "assumed: a test"} | changes))


def test_a_cell_by_itself_is_in_series_with_two_segments():
    left_S = effective_S(np.array([[1e-3]]), SEGMENT_OHM)
    assert left_S[0, 0] == pytest.approx(1 / (1e3 + 2 * SEGMENT_OHM), rel=1e-12)


def test_a_column_of_equal_cells_is_a_ladder():
    """Seen from a driver n segments above the ground, the others at 0 V: by hand for two cells."""
    g, r = 1e-3, SEGMENT_OHM
    # Cells with their row segment; the lower column node sees the upper cell through a segment.
    cell_S = 1 / (1 / g + r)
    upper_S = 1 / (1 / cell_S + r)
    lower_V = cell_S / (cell_S + 1 / r + upper_S)
    # 1 V at the upper row: its current into the upper column node splits at the lower one.
    into_lower_S = 1 / r + cell_S
    through = (1 / r) * into_lower_S / (1 / r + into_lower_S)
    upper_V = cell_S / (cell_S + through)
    last_V = upper_V * (1 / r) / (1 / r + into_lower_S)
    left_S = effective_S(np.array([[g], [g]]), r)
    np.testing.assert_allclose(left_S[:, 0], np.array([last_V, lower_V]) / r, rtol=1e-12)


def test_short_wires_leave_the_conductances():
    """To first order in the resistance: a tenth of it, a tenth of the difference."""
    cells = cells_S(12, 7)
    lost = [1 - effective_S(cells, ohm) / cells for ohm in (0.1, 0.01)]
    assert 0 < lost[1].max() < 1e-3
    np.testing.assert_allclose(lost[0], 10 * lost[1], rtol=5e-3, atol=1e-8)


def test_what_is_left_is_the_same_in_both_directions():
    """Driven at the columns' ends and grounded at the rows', the array is its mirror image."""
    cells = cells_S(9, 14)
    there = effective_S(cells, SEGMENT_OHM)
    back = effective_S(cells[::-1, ::-1].T, SEGMENT_OHM)
    np.testing.assert_allclose(back[::-1, ::-1].T, there, rtol=1e-9)


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice")
def test_the_currents_of_an_array_of_16_by_16_are_those_of_ngspice(tmp_path):
    cells, drive_V = cells_S(16, 16), np.random.default_rng(1).uniform(-0.5, 0.5, 16)
    lines = ["* crossbar"]
    for i in range(16):
        lines.append(f"VR{i} r{i}_s 0 {drive_V[i]:.17g}")
        lines.append(f"VC{i} c_g{i} 0 0")
        for j in range(16):
            before = f"r{i}_{j - 1}" if j else f"r{i}_s"
            below = f"c{i + 1}_{j}" if i < 15 else f"c_g{j}"
            lines.append(f"RR{i}_{j} {before} r{i}_{j} {SEGMENT_OHM}")
            lines.append(f"RC{i}_{j} c{i}_{j} {below} {SEGMENT_OHM}")
            lines.append(f"RG{i}_{j} r{i}_{j} c{i}_{j} {1 / cells[i, j]:.17g}")
    asked = "\n".join(f"print i(vc{j})" for j in range(16))
    lines += [".options reltol=1e-9 abstol=1e-18 vntol=1e-12"]
    lines += [".control", "set numdgt=14", "op", asked, "quit", ".endc", ".end"]
    deck = tmp_path / "crossbar.cir"
    deck.write_text("\n".join(lines) + "\n")
    said = subprocess.run(
        ["ngspice", "-n", "-b", deck], capture_output=True, text=True, check=False
    )
    found = dict(re.findall(r"^i\(vc(\d+)\) = (\S+)", said.stdout, re.MULTILINE))
    current_A = np.array([float(found[str(j)]) for j in range(16)])
    # 512 nodes, 1 uS to 0.2 S: five decades of the sixteen of a double are lost at most.
    np.testing.assert_allclose(drive_V @ effective_S(cells, SEGMENT_OHM), current_A, rtol=1e-8)


def test_larger_matrices_are_of_several_arrays():
    plus_S, minus_S = cells_S(6, 10), cells_S(6, 10, seed=1)
    whole = wires().pairs_S(plus_S, minus_S)
    parts = wires(rows=8, columns=4).pairs_S(plus_S, minus_S)
    alone = wires().pairs_S(plus_S[:4, 4:8], minus_S[:4, 4:8])
    for k in (0, 1):
        assert (parts[k] > whole[k]).all()
        np.testing.assert_array_equal(parts[k][:4, 4:8], alone[k])


LAYERS = (16, 12, 8)


def chip(**changes):
    profile = load_profile("cmos_rc_6bit").with_values({"layers": LAYERS, **changes})
    made = Chip(profile)
    layers = made.data_sheet.layers
    rng = np.random.default_rng(4)
    made.program(
        Weights(0.4 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present,
                0.1 * rng.standard_normal(layers.n_nodes))
    )  # fmt: skip
    return made


BEHIND = {"coupling.wires": wires(segment_Ohm=50.0)}


def test_a_chip_behind_wires_couples_less_and_keeps_its_biases():
    plain, behind = chip().circuit, chip(**BEHIND).circuit
    there = plain.couplings.plus_S > 0
    share = behind.couplings.plus_S[there] / plain.couplings.plus_S[there]
    assert (share < 1).all()
    assert share.min() > 0.9
    np.testing.assert_array_equal(behind.biases.plus_S, plain.biases.plus_S)


@pytest.mark.parametrize("directions", ["shared", "separate"])
def test_each_link_of_each_direction_is_the_array_that_it_is(directions):
    how = {"coupling.directions": directions}
    plain, behind = chip(**how).circuit, chip(**how, **BEHIND).circuit
    layers = plain.layers
    for low, high in layers.links:
        at = layers.crossing(low, high)
        forward = wires(segment_Ohm=50.0).pairs_S(
            plain.couplings.plus_S[at], plain.couplings.minus_S[at]
        )
        np.testing.assert_allclose(behind.couplings.plus_S[at], forward[0], rtol=1e-9)
        if directions == "separate":
            back = wires(segment_Ohm=50.0).pairs_S(
                plain.back.plus_S[at].T, plain.back.minus_S[at].T
            )
            np.testing.assert_allclose(behind.back.minus_S[at].T, back[1], rtol=1e-9)


def test_wires_are_solved_once_a_programming(monkeypatch):
    solved = []

    def counted(self, *matrices, pairs_S=Wires.pairs_S):
        solved.append(matrices)
        return pairs_S(self, *matrices)

    monkeypatch.setattr(Wires, "pairs_S", counted)
    leak = {"tau_s": 1e-3, "tau_spread": 0.0, "rest_S": 0.0, "source": "assumed: a test"}
    made = chip(**BEHIND, drift=Leak(**leak))
    solved.clear()
    for _ in range(3):
        made.wait(1e-4)
        made.precharge(np.zeros((2, LAYERS[0])))
        made.settle(made.data_sheet.tau_s)
    assert not solved
    layers = made.data_sheet.layers
    made.program(Weights(0.3 * layers.present, np.zeros(layers.n_nodes)))
    made.settle(made.data_sheet.tau_s)
    assert len(solved) == len(layers.links)


def test_resistors_from_node_to_node_have_no_such_wires():
    with pytest.raises(
        ProfileError,
        match=r"is of crossbars between .*, but is Wires",
    ):
        load_profile("ideal_resistive").with_values(BEHIND)
