"""Crossbars behind wires: against closed forms, ngspice, and the chip that has them."""

import re
import subprocess
from itertools import pairwise

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.circuit import Pairs
from neurosim.circuit.power import dissipation_W
from neurosim.devices import Leak, Wires
from neurosim.devices.wires import ladder
from neurosim.errors import ProfileError
from neurosim.netlists import has_ngspice
from neurosim.network import Weights
from neurosim.profile import load_profile

SEGMENT_OHM = 5.0


def effective_S(cells, segment_Ohm):
    """Current into each column for 1 V at each row."""
    return ladder(cells, segment_Ohm).across_S


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
    whole = wires().behind(plus_S, minus_S)
    parts = wires(rows=8, columns=4).behind(plus_S, minus_S)
    alone = wires().behind(plus_S[:4, 4:8], minus_S[:4, 4:8])
    for k in (0, 1):
        assert (parts[k] > whole[k]).all()
        np.testing.assert_array_equal(parts[k][:4, 4:8], alone[k])


def kirchhoff(cells, drive_V, ground_V):
    """An array node by node: currents into rows and into columns, heat, noise of these over 4 k T.

    Nodes are those of the rows, then those of the columns, then drivers and grounds.
    """
    rows, columns = cells.shape
    n, g = rows * columns, 1 / SEGMENT_OHM
    at = np.arange(n).reshape(rows, columns)
    driver, ground = 2 * n + np.arange(rows), 2 * n + rows + np.arange(columns)
    ends = [(a, a + n, cells.flat[a]) for a in range(n)]
    for i in range(rows):
        places = [driver[i], *at[i]]
        ends += [(a, b, g) for a, b in pairwise(places)]
    for j in range(columns):
        places = [*(n + at[:, j]), ground[j]]
        ends += [(a, b, g) for a, b in pairwise(places)]
    laplacian = np.zeros((2 * n + rows + columns,) * 2)
    for a, b, conductance_S in ends:
        laplacian[a, a] += conductance_S
        laplacian[b, b] += conductance_S
        laplacian[a, b] -= conductance_S
        laplacian[b, a] -= conductance_S
    inner, outer = np.arange(2 * n), np.arange(2 * n, len(laplacian))
    port_V = np.concatenate([drive_V, ground_V])
    inner_V = np.linalg.solve(
        laplacian[np.ix_(inner, inner)], -laplacian[np.ix_(inner, outer)] @ port_V
    )
    u = np.concatenate([inner_V, port_V])
    current_A = (laplacian @ u)[outer]
    heat_W = sum(conductance_S * (u[a] - u[b]) ** 2 for a, b, conductance_S in ends)
    # A current source across a resistor, and what of it a grounded column takes.
    to_inner = np.linalg.solve(laplacian[np.ix_(inner, inner)], np.eye(2 * n))
    reach = np.concatenate(
        [-laplacian[np.ix_(outer, inner)] @ to_inner, np.eye(len(outer))], axis=1
    )
    noise_S = sum(conductance_S * (reach[:, a] - reach[:, b]) ** 2 for a, b, conductance_S in ends)
    return current_A[:rows], current_A[rows:], heat_W, noise_S[rows:]


@pytest.mark.parametrize("shape", [(7, 4), (4, 7)])
def test_currents_heat_and_noise_are_those_of_all_resistors_one_by_one(shape):
    rng, cells = np.random.default_rng(2), 1e3 * cells_S(*shape)
    drive_V, ground_V = rng.uniform(-0.5, 0.5, shape[0]), rng.uniform(-0.5, 0.5, shape[1])
    array, nothing = ladder(cells, SEGMENT_OHM), np.zeros_like
    into_rows, into_columns, heat_W, noise_S = kirchhoff(cells, drive_V, nothing(ground_V))
    # 1 mS to 0.2 S: of the sixteen decades of a double the solver of all nodes loses four at most.
    np.testing.assert_allclose(array.rows_S @ drive_V, into_rows, rtol=1e-10)
    np.testing.assert_allclose(drive_V @ array.across_S, -into_columns, rtol=1e-10)
    assert drive_V @ array.rows_S @ drive_V == pytest.approx(heat_W, rel=1e-10)
    np.testing.assert_allclose(array.columns_S.diagonal(), noise_S, rtol=1e-10)
    _, into_columns, heat_W, _ = kirchhoff(cells, nothing(drive_V), ground_V)
    np.testing.assert_allclose(array.columns_S @ ground_V, into_columns, rtol=1e-10)
    assert ground_V @ array.columns_S @ ground_V == pytest.approx(heat_W, rel=1e-10)


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
        forward = wires(segment_Ohm=50.0).behind(
            plain.couplings.plus_S[at], plain.couplings.minus_S[at]
        )
        np.testing.assert_allclose(behind.couplings.plus_S[at], forward[0], rtol=1e-9)
        if directions == "separate":
            back = wires(segment_Ohm=50.0).behind(plain.back.plus_S[at].T, plain.back.minus_S[at].T)
            np.testing.assert_allclose(behind.back.minus_S[at].T, back[1], rtol=1e-9)


def test_wires_are_solved_once_a_programming(monkeypatch):
    solved = []

    def counted(self, *matrices, behind=Wires.behind):
        solved.append(matrices)
        return behind(self, *matrices)

    monkeypatch.setattr(Wires, "behind", counted)
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


@pytest.mark.parametrize("directions", ["shared", "separate"])
def test_the_heat_of_a_chip_is_that_of_its_cells_and_wires_one_by_one(directions):
    """Of each array and direction, node by node."""
    how = {"coupling.directions": directions, "coupling.wires": wires()}
    plain, behind = (
        chip(**{"coupling.directions": directions}).circuit,
        chip(**how).circuit,
    )
    u_V = 0.2 * np.random.default_rng(3).standard_normal((1, plain.n_nodes))
    y_V, expected_W, delivered_A = plain.output_V(u_V)[0], 0.0, 0.0
    layers = plain.layers
    odd_V, even_V = y_V[layers.odd], y_V[layers.even]

    def rails(pairs, at):
        found = np.empty((2 * pairs.plus_S[at].shape[1], pairs.plus_S[at].shape[0]))
        found[0::2], found[1::2] = pairs.plus_S[at].T, pairs.minus_S[at].T
        return found

    def both(v):
        return np.stack([v, -v], axis=1).ravel()

    for low, high in layers.links:
        at = odd, even = layers.crossing(low, high)
        cells = rails(plain.couplings, at)
        into, _, heat_W, _ = kirchhoff(cells, both(even_V[even]), np.zeros(len(odd_V[odd])))
        expected_W, delivered_A = expected_W + heat_W, delivered_A + np.abs(into).sum()
        if directions == "shared":
            _, into, heat_W, _ = kirchhoff(cells, np.zeros(len(cells)), odd_V[odd])
        else:
            back = rails(Pairs(plain.back.plus_S.T, plain.back.minus_S.T), at[::-1])
            into, _, heat_W, _ = kirchhoff(back, both(odd_V[odd]), np.zeros(len(even_V[even])))
        # A node on several arrays has a driver on each, and their currents add.
        expected_W, delivered_A = expected_W + heat_W, delivered_A + np.abs(into).sum()
    biases = plain.biases.sum_S.sum()
    found = dissipation_W(behind, None, u_V)
    assert found.couplings[0] == pytest.approx(expected_W + biases * plain.reference_V**2, rel=1e-9)
    assert found.delivered_A[0] == pytest.approx(delivered_A + biases * plain.reference_V, rel=1e-9)
