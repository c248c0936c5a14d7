"""Round trips of every format, and files that must be refused."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurosim.chip import Chip
from neurosim.errors import DataError, NeurosimError
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.tables import FORMATS, WeightTable, export, program_table, read_table, table
from quiet_chips import chip_of

PACKAGES = {"hdf5": "h5py", "safetensors": "safetensors", "nir": "nir"}
READABLE = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in PACKAGES and find_spec(PACKAGES[name]) is None,
            reason=f'{name} needs pip install ".[export]"',
        ),
    )
    for name, entry in FORMATS.items()
    if entry.read is not None
]
CODES_ONLY = {"mem", "hex"}
LEVELS = st.one_of(
    st.just("ideal"),
    st.integers(2, 300),
    st.builds(lambda count: {"law": "resistance", "count": count}, st.integers(2, 300)),
    st.builds(
        lambda values: {"law": "table", "values_S": sorted(values)},
        st.lists(st.floats(0, 6e-6, allow_subnormal=False), min_size=2, max_size=9, unique=True),
    ),
)
FAULTS = {"stuck_low": 0.05, "stuck_high": 0.05, "dead": 0.05, "open": 0.05, "source": "assumed: -"}


def file_of(name):
    return f"w{FORMATS[name].suffixes[0]}"


def reads_of(chip):
    target_V = np.random.default_rng(9).uniform(-0.3, 0.3, (2, chip.die.layers.n_visible))
    chip.precharge(target_V)
    chip.drive(target_V, 15e-5)
    chip.settle(5e-7)
    return chip.read()


def assert_same_blocks(a, b):
    assert list(a.blocks) == list(b.blocks)
    for name, columns in a.blocks.items():
        assert columns.keys() == b.blocks[name].keys()
        for column, values in columns.items():
            np.testing.assert_array_equal(values, b.blocks[name][column])
            assert values.dtype == b.blocks[name][column].dtype


@pytest.mark.every(6)
@pytest.mark.parametrize("name", READABLE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 999),
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    encoding=st.sampled_from(["one_sided", "complementary"]),
    levels=LEVELS,
    directions=st.sampled_from(["shared", "separate"]),
    noise=st.sampled_from(["ideal", 0.02]),
    idle=st.sampled_from(["ideal", 1e-7]),
    faults=st.sampled_from(["ideal", FAULTS]),
)
def test_a_chip_programmed_from_a_file_has_the_same_codes_and_reads(
    tmp_path, name, seed, sizes, encoding, levels, directions, noise, idle, faults
):
    if name in CODES_ONLY:
        # Codes say nothing of a write's noise, and a continuum has none.
        levels, noise = (7 if levels == "ideal" else levels), "ideal"
    if isinstance(levels, dict) and levels["law"] == "resistance":
        idle = 1e-7
    chip = chip_of(
        seed, sizes, coupling__encoding=encoding, coupling__levels=levels,
        coupling__directions=directions, write__noise=noise, coupling__idle_S=idle,
        faults=faults,
    )  # fmt: skip
    path = tmp_path / file_of(name)
    assert export(chip, path) == table(chip).size
    found, other = read_table(path), Chip(chip.profile, chip.seed)
    program_table(other, found)
    assert_same_blocks(table(other), table(chip))
    assert found.sheet == table(chip).sheet
    if name not in CODES_ONLY:
        assert_same_blocks(found, table(chip))
    np.testing.assert_array_equal(reads_of(other), reads_of(chip))


def test_any_pair_that_the_devices_have_can_be_written():
    """Both devices of a pair on, which no weight of a one-sided encoding asks for."""
    chip = chip_of(write="ideal")
    codes = {
        name: {"code_plus": 0 * b["code_plus"] + 3, "code_minus": 0 * b["code_plus"] + 2}
        for name, b in table(chip).blocks.items()
    }
    program_table(chip, WeightTable(table(chip).sheet, codes))
    assert (table(chip).blocks["W1"]["code_minus"] == 2).all()
    np.testing.assert_allclose(table(chip).blocks["b2"]["weight"], 0.6 / 31)


@pytest.mark.parametrize("name", ["ecram_redox", "pcm_hermes_14nm", "rram_cmo_hfox"])
def test_devices_that_were_pulsed_between_levels_go_back_to_where_they_were(tmp_path, name):
    chip = Chip(load_profile(name).with_values({"layers": (3, 5, 4)}), 2)
    layers, rng = chip.die.layers, np.random.default_rng(1)
    counts = rng.integers(-40, 40, (layers.n_odd, layers.n_even)) * layers.present
    chip.pulse(Weights(counts.astype(float), rng.integers(-40, 40, 12).astype(float)))
    export(chip, tmp_path / "w.csv")
    other = Chip(chip.profile, 2)
    program_table(other, read_table(tmp_path / "w.csv"))
    for mine, theirs in zip(chip.programmed_S(), other.programmed_S(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_another_die_is_written_anew_with_noise_of_its_own():
    chip = chip_of()
    other = Chip(chip.profile, seed=5)
    program_table(other, table(chip))
    mine, theirs = table(chip).blocks["W0"], table(other).blocks["W0"]
    np.testing.assert_array_equal(theirs["code_plus"], mine["code_plus"])
    assert not np.array_equal(theirs["achieved_plus_S"], mine["achieved_plus_S"])
    assert other.ledger.programs == 1


def test_the_rows_of_a_csv_file_may_come_in_any_order(tmp_path):
    chip = chip_of()
    export(chip, tmp_path / "w.csv")
    head, *rows = (tmp_path / "w.csv").read_text().splitlines()
    (tmp_path / "w.csv").write_text("\n".join([head, *reversed(rows)]))
    assert_same_blocks(read_table(tmp_path / "w.csv"), table(chip))


def test_a_path_may_be_text(tmp_path):
    chip = chip_of()
    assert export(chip, f"{tmp_path}/w.csv") == table(chip).size
    assert_same_blocks(read_table(f"{tmp_path}/w.csv"), table(chip))


def test_a_table_without_its_data_sheet_needs_a_profile(tmp_path):
    chip = chip_of(write__noise="ideal")
    export(chip, tmp_path / "w.csv")
    (tmp_path / "w.sheet.json").unlink()
    with pytest.raises(DataError, match=r"w\.sheet\.json beside it.*--profile"):
        read_table(tmp_path / "w.csv")
    other = Chip(chip.profile)
    program_table(other, read_table(tmp_path / "w.csv", profile=chip.profile))
    np.testing.assert_array_equal(reads_of(other), reads_of(chip))


def damage(path, old, new, match):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=match):
        read_table(path)
    path.write_text(text)


def test_damaged_text_files_are_refused_with_their_place(tmp_path):
    chip = chip_of()
    for name in ("csv", "json", "mem", "hex"):
        export(chip, tmp_path / file_of(name))
    path = tmp_path / "w.csv"
    lines = path.read_text().splitlines(keepends=True)
    damage(path, lines[3], "", r"15 cells of W0, but 1 are missing, the first is W0\[0, 2\]")
    damage(path, lines[3], lines[2], "Line 4 .*no line before it has, but is kind 'W', layer '0'")
    damage(path, lines[3], lines[3].replace("W,0,0,2", "W,0,0,3"), "must be a cell of the network")
    damage(path, lines[3], "W,0,0,2\n", "Line 4 .* must have a number as weight, but has None")
    damage(path, "kind,", "sort,", "must have the columns kind, layer")
    damage(tmp_path / "w.json", '"blocks"', '"blobs"', "must hold a sheet and blocks")
    damage(tmp_path / "w.json", "{", "", "cannot be read")
    damage(tmp_path / "w.mem", "// sheet: ", "// ", "data sheet as a comment")
    last = (tmp_path / "w.mem").read_text().splitlines()[-1]
    damage(tmp_path / "w.mem", f"\n{last}\n", f"\n{last}\n000\n", "47 words .* but holds 48")
    damage(tmp_path / "w.mem", f"\n{last}\n", "\nxyz\n", "must hold hexadecimal words")
    damage(tmp_path / "w.mem", f"\n{last}\n", "\nfff0\n", "two codes of 5, but one is fff0")
    record = (tmp_path / "w.hex").read_text().splitlines()[0]
    damage(tmp_path / "w.hex", record, record[:-1] + "#", "Line 1 .* record with its checksum")
    damage(tmp_path / "w.hex", record + "\n", "", "must have no gaps")
    damage(tmp_path / "w.hex", ":00000001FF", "", "must end in a record of type 01")


@pytest.mark.parametrize("name", READABLE)
def test_a_truncated_or_foreign_file_is_one_clear_error(tmp_path, name):
    path = tmp_path / file_of(name)
    export(chip_of(), path)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 3], b"\x00\x01 not a table", b""):
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"w\."):
            read_table(path)
    path.unlink()
    with pytest.raises(DataError, match="must be readable"):
        read_table(path)


def test_a_format_that_cannot_be_read_back_says_which_can(tmp_path):
    export(chip_of(), tmp_path / "w.h")
    with pytest.raises(DataError, match=r"must end in \.csv, .*, \.hex, but is w\.h"):
        read_table(tmp_path / "w.h")
    with pytest.raises(DataError, match=r"must be one of csv, .*, hex, but is 'cir'"):
        read_table(tmp_path / "w.h", "cir")


@pytest.mark.parametrize("name", ["mem", "hex"])
def test_a_memory_of_codes_needs_levels(tmp_path, name):
    with pytest.raises(DataError, match="needs devices with levels"):
        export(chip_of(coupling__levels="ideal"), tmp_path / file_of(name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_one_line_that_says_how_to_get_it(tmp_path, name, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(NeurosimError, match=r'pip install "neurosim-eqprop\[export\]"'):
        export(chip_of(), tmp_path / file_of(name))
    assert not list(tmp_path.iterdir())
