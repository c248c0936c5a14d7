"""Networks on crossbar tiles: every weight has a cell, and faulty cells are avoided."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.tables import program_table, read_faults, read_table, table, tiled, write_table
from neurosim.tables.tiles import Tiling


def table_of(sizes=(4, 6, 5), seed=0, **changes):
    changes = {"layers": sizes} | {k.replace("__", "."): v for k, v in changes.items()}
    chip = Chip(load_profile("cmos_rc_6bit").with_values(changes), seed)
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(seed)))
    return table(chip)


def cells(found, size):
    """Tile, physical row and physical column of every pair."""
    address = np.concatenate([b["address"].ravel() for b in found.blocks.values()])
    lines, column = np.divmod(address, size[1])
    return np.stack([*np.divmod(lines, size[0]), column], axis=1)


@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 99),
)
def test_every_pair_has_a_cell_of_its_own_on_its_own_lines(sizes, size, seed):
    rng, plain = np.random.default_rng(seed), table_of(sizes)
    n_tiles = tiled(plain, size)[1]["tiles"]
    faults = {
        int(k): np.where(rng.random(size) < 0.3, 0.0, np.nan) for k in rng.integers(n_tiles, size=2)
    }
    found, facts = tiled(plain, size, faults=faults)
    places = cells(found, size)
    assert len(np.unique(places, axis=0)) == found.size
    assert (places >= 0).all()
    assert (places < [facts["tiles"], *size]).all()
    # A line of a tile is one node's: W[i, j] of one tile lie on equal lines for equal i and j.
    line_of = {}
    for name in (f"W{k}" for k in range(len(sizes) - 1)):
        for (i, j), address in np.ndenumerate(found.blocks[name]["address"]):
            tile, row = divmod(address // size[1], size[0])
            line = line_of.setdefault((name, tile), ({}, {}))
            assert line[0].setdefault(i, row) == row
            assert line[1].setdefault(j, address % size[1]) == address % size[1]


def test_the_addresses_are_those_of_the_tiling_in_the_data_sheet():
    found, facts = tiled(table_of(), (4, 4), (1, 0))
    layers = Layers((4, 6, 5))
    tiling = Tiling.from_json(found.sheet["tiling"])
    for name, address in tiling.addresses(layers).items():
        np.testing.assert_array_equal(address, found.blocks[name]["address"])
    # (6 + 1 of biases) x (4 + 1) on 3 x 4: 3 x 2 tiles; 5 x (6 + 1): 2 x 2.
    assert facts["tiles"] == 10
    assert facts["filled"] == pytest.approx(69 / 160)
    assert (cells(found, (4, 4))[:, 1] < 3).all()


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_as_many_faulty_lines_as_there_are_spare_ones_cost_nothing(lines):
    plain, size = table_of((7, 9)), (12, 10)
    stuck = np.full(size, np.nan)
    bad = {"rows": [0, 5], "columns": [1, 9]}[lines]
    stuck[(bad, slice(None)) if lines == "rows" else (slice(None), bad)] = 0.6
    found, facts = tiled(plain, size, (2, 2), {0: stuck})
    assert facts == {"tiles": 1, "filled": 79 / 120, "faulty_cells_used": 0, "weight_lost": 0.0}
    used = set(cells(found, size)[:, 1 if lines == "rows" else 2].tolist())
    assert not used & set(bad)


def test_rows_are_placed_as_well_as_by_trying_every_order():
    """Columns that cannot move: every one is faulty in the same rows."""
    plain, size = table_of((2, 4)), (5, 3)
    stuck = np.full(size, np.nan)
    stuck[[0, 2]] = [[0.0] * 3, [0.3] * 3]
    stuck[3] = -0.2
    _, facts = tiled(plain, size, (0, 0), {0: stuck})
    matrix = np.zeros((5, 3))
    matrix[:4, :2] = plain.blocks["W0"]["weight"]
    matrix[:4, 2] = plain.blocks["b1"]["weight"]
    matrix[4, :2] = plain.blocks["b0"]["weight"]
    best = min(
        np.nansum(np.abs(matrix - stuck[list(order)])) for order in itertools.permutations(range(5))
    )
    assert facts["weight_lost"] == pytest.approx(best, rel=1e-12)


@given(st.integers(0, 999))
def test_permuting_never_loses_more_than_leaving_lines_in_order(seed):
    rng, plain, size = np.random.default_rng(seed), table_of((5, 6), seed), (8, 7)
    stuck = np.where(rng.random(size) < 0.2, rng.choice([0.0, 0.6, -0.6], size), np.nan)
    _, facts = tiled(plain, size, faults={0: stuck})
    in_order = np.zeros((7, 6))
    in_order[:6, :5] = plain.blocks["W0"]["weight"]
    in_order[:6, 5] = plain.blocks["b1"]["weight"]
    in_order[6, :5] = plain.blocks["b0"]["weight"]
    assert facts["weight_lost"] <= np.nansum(np.abs(in_order - stuck[:7, :6])) + 1e-12


@pytest.mark.parametrize("suffix", ["csv", "json", "npz", "mat", "mem", "hex"])
def test_a_tiled_table_reads_back(tmp_path, suffix):
    stuck = np.full((4, 4), np.nan)
    stuck[1, 2] = 0.0
    plain = table_of(write="ideal", coupling__encoding="complementary")
    found, _ = tiled(plain, (4, 4), faults={2: stuck})
    write_table(found, tmp_path / f"w.{suffix}")
    back = read_table(tmp_path / f"w.{suffix}")
    assert back.sheet == found.sheet
    chip = Chip(load_profile("cmos_rc_6bit").with_values({
        "layers": (4, 6, 5), "write": "ideal", "coupling.encoding": "complementary",
    }))  # fmt: skip
    program_table(chip, back)
    for name, block in table(chip).blocks.items():
        np.testing.assert_array_equal(back.blocks[name]["address"], found.blocks[name]["address"])
        for column, values in block.items():
            np.testing.assert_array_equal(values, plain.blocks[name][column])


def test_unused_cells_of_a_memory_hold_weight_zero(tmp_path):
    for encoding, zero in (("one_sided", 0), ("complementary", (16 << 6) + 16)):
        found, _ = tiled(table_of(coupling__encoding=encoding, coupling__levels=33), (8, 8))
        write_table(found, tmp_path / "w.mem")
        lines = (tmp_path / "w.mem").read_text().splitlines()
        words = np.array([int(t, 16) for t in lines if not t.startswith("//")])
        used = np.concatenate([b["address"].ravel() for b in found.blocks.values()])
        assert (np.delete(words, used) == zero).all()


def test_faulty_cells_come_from_a_file(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("tile,row,column,weight\n1,0,2,0.6\n1,3,3,\n")
    faults = read_faults(path, (4, 4))
    assert list(faults) == [1]
    assert np.isfinite(faults[1]).sum() == 2
    assert (faults[1][0, 2], faults[1][3, 3]) == (0.6, 0.0)
    for text in ("1,4,0,", "-1,0,0,", "x,0,0,", "1,0", "1,0,0,nan"):
        path.write_text(f"tile,row,column,weight\n{text}\n")
        with pytest.raises(DataError, match=r"Line 2 of .* must be a cell of a tile of 4 x 4"):
            read_faults(path, (4, 4))
    with pytest.raises(DataError, match="must be a CSV table, but cannot be read"):
        read_faults(tmp_path / "none.csv", (4, 4))
    path.write_text("tile,row\n")
    with pytest.raises(DataError, match="must have the columns tile, row, column, but has no col"):
        read_faults(path, (4, 4))


def test_tiles_without_room_and_faults_without_a_tile_are_refused():
    plain = table_of()
    with pytest.raises(DataError, match="at least one row and column beside the spare ones"):
        tiled(plain, (4, 4), (4, 0))
    with pytest.raises(DataError, match=r"in the 2 tiles that the network needs, .* in tile 7"):
        tiled(plain, (9, 9), faults={7: np.zeros((9, 9))})
