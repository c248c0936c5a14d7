"""The weight table against the circuit it describes."""

import csv
import json

import numpy as np
import pytest
import yaml

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.tables import check_table, export, table
from neurosim.tables.checking import profile_of
from neurosim.tables.table import WeightTable, columns_of
from shipped import each_kind, shipped


def chip_of(name, sizes=(4, 6, 5), **changes):
    profile = load_profile(name).with_value("layers", sizes)
    chip = Chip(profile.with_values({k.replace("__", "."): v for k, v in changes.items()}))
    chip.program(initial_weights(chip.die.layers, 0.5, np.random.default_rng(0)))
    return chip


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_table_has_one_row_for_every_parameter_of_the_published_network(tmp_path):
    assert export(chip_of("cmos_rc_6bit", (64, 128, 128)), tmp_path / "w.csv") == 24_896
    assert len(read(tmp_path / "w.csv")) == 24_896


def test_a_row_names_the_coupling_that_the_circuit_has_there(tmp_path):
    chip = chip_of("ideal_hopfield")
    export(chip, tmp_path / "w.csv")
    layers = chip.die.layers
    delta = chip.circuit.couplings.delta_S / chip.profile.node.leak_S
    weights = Weights(delta, chip.circuit.bias_A / 1e-6)
    for row in read(tmp_path / "w.csv"):
        k, i = int(row["layer"]), int(row["row"])
        if row["kind"] == "W":
            expected = weights.matrix(layers, k)[i, int(row["column"])]
            assert row["to_node"] == f"{layers.names()[k + 1]}[{i}]"
        else:
            expected = weights.bias[layers.nodes(k)][i]
        assert float(row["weight"]) == pytest.approx(expected, rel=1e-12)


def test_codes_times_their_step_are_the_target_conductances(tmp_path):
    chip = chip_of("cmos_rc_6bit")
    coupling = chip.profile.coupling
    step_S = coupling.full_scale * chip.profile.node.leak_S / (coupling.levels - 1)
    export(chip, tmp_path / "w.csv")
    level_S = json.loads((tmp_path / "w.sheet.json").read_text())["level_S"]
    for row in read(tmp_path / "w.csv"):
        for side in ("plus", "minus"):
            code = int(row[f"code_{side}"])
            target = coupling.idle_S + code * step_S
            assert float(row[f"target_{side}_S"]) == pytest.approx(target, rel=1e-12, abs=1e-20)
            assert float(row[f"target_{side}_S"]) == level_S[code]
            assert 0 <= code < coupling.levels


def test_numbers_keep_all_their_bits(tmp_path):
    chip = chip_of("cmos_rc_6bit")
    export(chip, tmp_path / "w.csv")
    column = iter(read(tmp_path / "w.csv"))
    for block in table(chip).blocks.values():
        for value in block["achieved_plus_S"].ravel():
            assert float(next(column)["achieved_plus_S"]) == value


def test_each_direction_of_separate_devices_has_its_own_column():
    chip = chip_of("cmos_rc_6bit", coupling__directions="separate")
    block, layers = table(chip).blocks["W0"], chip.die.layers
    backward = chip.circuit.back.delta_S[layers.crossing(0, 1)]
    factor = chip.die.circuit(np.ones(chip.die.devices.size)).back
    plus, minus = (array[layers.crossing(0, 1)] for array in (factor.plus_S, factor.minus_S))
    found = block["back_plus_S"] * plus - block["back_minus_S"] * minus
    np.testing.assert_allclose(found, backward, rtol=1e-12, atol=1e-20)
    assert not np.array_equal(block["back_plus_S"], block["achieved_plus_S"])


def test_every_device_that_does_not_obey_is_flagged_where_it_conducts_what_it_likes():
    faults = {"stuck_low": 0, "stuck_high": 0.1, "dead": 0, "open": 0.1, "source": "assumed: -"}
    chip = chip_of("cmos_rc_6bit", (9, 9, 9), faults=faults, coupling__directions="separate")
    found = dict.fromkeys(("plus", "minus", "back_plus", "back_minus"), 0)
    for name, block in table(chip).blocks.items():
        for device in found:
            held = block[f"{device}_S" if "back" in device else f"achieved_{device}_S"]
            # Kinds 2 and 4: at the top of the range, 0.6 of 10 uS, and conducting nothing.
            kind = block[f"fault_{device}"]
            np.testing.assert_allclose(held[kind == 2], 6e-6)
            assert not held[kind == 4].any()
            found[device] += np.count_nonzero(kind) if name[0] == "W" else 0
    # 162 couplings, a fifth of each device: four deviations of a binomial.
    assert all(abs(count - 32.4) < 4 * np.sqrt(162 * 0.16) for count in found.values())


def test_devices_that_drift_have_the_present_conductance_too():
    chip = chip_of("pcm_hermes_14nm")
    assert "present_plus_S" not in table(chip_of("cmos_rc_6bit")).blocks["W0"]
    chip.wait(3600.0)
    target_V = np.zeros((1, 4))
    chip.precharge(target_V)
    chip.drive(target_V, 1e-6)
    chip.settle(chip.profile.node.tau_s)
    block = table(chip).blocks["W0"]
    on = block["achieved_plus_S"] > 1e-7
    # PCM loses conductance as a power of time.
    assert on.any()
    assert (block["present_plus_S"] < block["achieved_plus_S"])[on].mean() > 0.9


def test_a_format_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"must end in \.csv, .* but is w\.docx"):
        export(chip_of("ideal_hopfield"), tmp_path / "w.docx")
    with pytest.raises(DataError, match=r"must be one of csv, .* but is 'xls'"):
        export(chip_of("ideal_hopfield"), tmp_path / "w.csv", "xls")
    assert not list(tmp_path.iterdir())


@shipped
def test_a_chip_s_table_has_the_columns_that_its_profile_says(name):
    chip = chip_of(name)
    assert {column.name for column in table(chip).columns} == columns_of(chip.profile)


@pytest.mark.every(4)
@each_kind
@pytest.mark.parametrize("wait_s", [0.0, 1.0, 1e8])
def test_what_a_chip_holds_after_writes_pulses_and_time_is_a_table_for_it(name, wait_s):
    chip = chip_of(name, sizes=(20, 30, 20))
    if chip.profile.pulse is not None:
        layers, rng = chip.die.layers, np.random.default_rng(1)
        counts = rng.integers(-300, 300, (layers.n_odd, layers.n_even)) * layers.present
        chip.pulse(Weights(counts.astype(float), rng.integers(-300, 300, layers.n_nodes) * 1.0))
    chip.wait(wait_s)
    chip.precharge(np.zeros((1, 20)))
    chip.drive(np.zeros((1, 20)), chip.data_sheet.unit_S)
    chip.settle(chip.data_sheet.tau_s)
    check_table(table(chip), chip.profile)
    if wait_s:
        chip.refresh()
        check_table(table(chip), chip.profile)


def test_the_sheet_names_the_layers_that_have_sources_and_injectors():
    injectors = {"layers": [1, -1], "bits": "ideal", "range_A": "ideal", "noise_A": "ideal"}
    plain = table(chip_of("cmos_rc_6bit"))
    injectors["source"] = "assumed: a test"
    more = table(chip_of("cmos_rc_6bit", sources=[-1, 0], injectors=injectors))
    assert (plain.sheet["sources"], plain.sheet["injectors"]) == (["x"], [])
    assert (more.sheet["sources"], more.sheet["injectors"]) == (["x", "h2"], ["h1", "h2"])
    assert plain.sheet["profile_checksum"] != more.sheet["profile_checksum"]
    with pytest.raises(DataError, match="checksum"):
        check_table(plain, chip_of("cmos_rc_6bit", sources=[0, -1]).profile)


def test_a_table_from_before_there_were_further_sources_is_taken():
    made = table(chip_of("cmos_rc_6bit"))
    kept = {k: v for k, v in made.sheet.items() if k not in {"sources", "injectors"}}
    tree = yaml.safe_load(kept["profile_yaml"])
    assert (tree.pop("sources"), tree.pop("injectors")) == ([0], None)
    kept["profile_yaml"] = yaml.safe_dump(tree)
    old = WeightTable(kept, made.blocks)
    profile = profile_of(old)
    assert profile == chip_of("cmos_rc_6bit").profile
    check_table(old, profile)
