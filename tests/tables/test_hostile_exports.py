"""Free text in generated files: it stays text, whatever it says, in the programs that read them."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from hostile import BREAKS, EVIL, hostile
from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import Experiment, initial_weights
from neurosim.netlists import has_ngspice, run_ngspice
from neurosim.profile import load_profile
from neurosim.runs import Run, run_netlist
from neurosim.safe_text import has_hidden
from neurosim.tables import FORMATS, WeightTable, program_table, read_table, table, write_table
from neurosim.tables.formats import READABLE
from tools import needs, printed

TEXT = [name for name in FORMATS if name in {"csv", "json", "mem", "hex", "c", "param"}]


def chip_of(profile):
    chip = Chip(profile)
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(4)))
    return chip


@pytest.fixture(scope="module")
def plain():
    return table(chip_of(load_profile("cmos_rc_6bit").with_value("layers", (3, 5, 4))))


@pytest.fixture(scope="module")
def evil(plain):
    """The same table with a data sheet that another program has written."""
    texts = dict.fromkeys(("profile", "profile_checksum", "order", "die_seed"), EVIL)
    return replace(plain, sheet=plain.sheet | texts)


def written(made, path):
    write_table(made, path)
    return path.read_bytes().decode()


def code(text, mark):
    """Lines that are no comment, however a program breaks lines."""
    lines = re.split(f"[{BREAKS}]", text)
    return [line for line in lines if line and not line.startswith(mark)]


@pytest.mark.every(2)
@pytest.mark.parametrize("name", READABLE)
def test_a_hostile_profile_comes_back_from_every_format(tmp_path, name):
    if FORMATS[name].suffixes[0] in {".h5", ".safetensors"}:
        pytest.importorskip({"hdf5": "h5py"}.get(name, name))
    chip = chip_of(hostile())
    path = tmp_path / f"w{FORMATS[name].suffixes[0]}"
    write_table(table(chip), path)
    found = read_table(path)
    assert found.sheet == table(chip).sheet
    program_table(Chip(hostile()), found)


@pytest.mark.parametrize("name", TEXT)
def test_a_text_format_hides_nothing(tmp_path, evil, name):
    for made in (evil, table(chip_of(hostile()))):
        text = written(made, tmp_path / f"w{FORMATS[name].suffixes[0]}")
        assert not has_hidden(text.replace("\n", ""))


@pytest.mark.parametrize("name", ["csv", "mem", "hex", "c"])
def test_layers_of_another_name_are_refused(tmp_path, plain, name):
    layers = dict(zip(("x", f"h1 1\n{EVIL}", "h2"), plain.sheet["layers"].values(), strict=True))
    made = replace(plain, sheet=plain.sheet | {"layers": layers})
    with pytest.raises(DataError, match="must name each layer with its size"):
        write_table(made, tmp_path / f"w{FORMATS[name].suffixes[0]}")
    assert not list(tmp_path.iterdir())


@needs("gcc", "gcc")
def test_a_hostile_header_compiles_and_declares_what_it_should(tmp_path, plain, evil):
    (tmp_path / "main.c").write_text(
        '#include "w.h"\nint main(void) { return NEUROSIM_N_H1 + (int)W0_code_plus[0][0] * 0; }\n'
    )
    headers = [plain, evil, table(chip_of(hostile()))]
    for made in headers:
        written(made, tmp_path / "w.h")
        printed("gcc", "-std=c99", "-Wall", "-Wextra", "-Wno-unused-const-variable", "-Werror",
                "-fsyntax-only", "main.c", cwd=tmp_path)  # fmt: skip
    texts = [re.sub(r"/\*.*?\*/", "", written(made, tmp_path / "w.h"), flags=re.DOTALL)
             for made in (plain, evil)]  # fmt: skip
    assert texts[0] == texts[1]


BENCH = """module bench; reg [9:0] mem [0:%d]; integer i;
  initial begin $readmemh("w.mem", mem); for (i = 0; i < %d; i = i + 1) $display("%%0d", mem[i]);
  end
endmodule
"""


@needs("iverilog", "iverilog")
def test_a_hostile_memory_has_the_same_words(tmp_path, plain, evil):
    (tmp_path / "bench.v").write_text(BENCH % (plain.size - 1, plain.size))
    printed("iverilog", "-Wall", "-o", "bench", "bench.v", cwd=tmp_path)
    found = []
    for made in (plain, evil):
        text = written(made, tmp_path / "w.mem")
        assert len(code(text, "//")) == made.size
        found.append(printed("vvp", "-n", "bench", cwd=tmp_path))
    assert found[0] == found[1]
    assert len(found[0].splitlines()) == plain.size


@needs("ngspice", "ngspice")
def test_hostile_parameters_have_no_line_more(tmp_path, plain, evil):
    lines = [code(written(made, tmp_path / "w.param"), "*") for made in (plain, evil)]
    assert lines[0] == lines[1]
    (tmp_path / "net.cir").write_text(
        "* test\n.include w.param\nV1 a 0 1\nR1 a 0 {1/unit_s}\n.op\n.control\nrun\nprint i(V1)\n"
        ".endc\n.end\n"
    )
    assert "i(v1) = -1.00000e-05" in printed("ngspice", "-b", "net.cir", cwd=tmp_path)


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed; apt-get install ngspice")
@pytest.mark.parametrize("blocks", [False, True])
def test_a_hostile_netlist_has_no_line_more_and_runs(tmp_path, blocks):
    profile = hostile((64, 4, 3))
    states = chip_of(profile).state(), {"n_done": 0}
    run = Run.create(tmp_path / "run", profile, Experiment(batch=4), states)
    usual = run_netlist(run, analysis="op", blocks=blocks)
    # No profile may be called so: the writer does not rely on that.
    run.profile = profile.model_copy(update={"name": EVIL})
    text = run_netlist(run, analysis="op", blocks=blocks)
    assert code(text, "*") == code(usual, "*")
    assert not has_hidden(text.replace("\n", ""))
    assert run_ngspice(text)[1].shape == (1, 71)


def test_separators_within_a_comment_end_no_line_of_a_memory(tmp_path, plain):
    path = tmp_path / "w.mem"
    text = written(plain, path)
    note = "// a note" + "".join(f"{c}zz" for c in BREAKS if c not in "\n")
    path.write_text(f"{note}\n{text}", "utf-8", newline="")
    again = read_table(path)
    np.testing.assert_array_equal(again.blocks["W0"]["code_plus"], plain.blocks["W0"]["code_plus"])
    path.write_text(text.replace("\n", "\r\n"), "utf-8", newline="")
    assert read_table(path).sheet == plain.sheet


@pytest.mark.parametrize("name", [EVIL, "W0; int evil", "w0", "W", "W0\n", "W00000", "sheet"])
def test_a_block_or_column_that_would_be_another_identifier_is_refused(tmp_path, plain, name):
    for blocks in ({name: plain.blocks["W0"]}, {"W0": {name: np.zeros(3)}}):
        with pytest.raises(DataError, match=r"must have blocks W0, W1, \.\.\., b0"):
            WeightTable(plain.sheet, blocks)
    tree = json.loads(written(plain, tmp_path / "w.json"))
    tree["blocks"][name] = tree["blocks"]["W0"]
    (tmp_path / "w.json").write_text(json.dumps(tree))
    with pytest.raises(DataError, match=r"w\.json: A weight table must have blocks"):
        read_table(tmp_path / "w.json")


def test_a_column_that_is_not_known_is_left_out_of_json_as_of_other_formats(tmp_path, plain):
    tree = json.loads(written(plain, tmp_path / "w.json"))
    tree["blocks"]["W0"]["x; int evil"] = [0]
    (tmp_path / "w.json").write_text(json.dumps(tree))
    assert set(read_table(tmp_path / "w.json").blocks["W0"]) == set(plain.blocks["W0"])


@pytest.mark.parametrize("suffix", [".h", ".param"])
@pytest.mark.parametrize("value", ["1\n#error", "1", float("nan"), float("inf"), None, True])
def test_what_is_no_finite_number_is_not_written_as_one(tmp_path, plain, suffix, value):
    sheets = [plain.sheet | {"unit_S": value}]
    if suffix == ".h":
        sheets.append(plain.sheet | {"level_S": [value] * 2})
        sheets.append(plain.sheet | {"layers": {"x": value, "h1": 4}})
    for sheet in sheets:
        with pytest.raises(DataError, match=r"must be finite numbers|must name each layer"):
            write_table(replace(plain, sheet=sheet), tmp_path / f"w{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".h", ".param"])
def test_a_cell_without_a_number_is_not_written(tmp_path, plain, suffix):
    blocks = {name: dict(columns) for name, columns in plain.blocks.items()}
    blocks["b1"]["achieved_plus_S"] = np.full(5, np.nan)
    with pytest.raises(DataError, match="finite numbers, but b1 achieved_plus_S does not"):
        write_table(replace(plain, blocks=blocks), tmp_path / f"w{suffix}")
