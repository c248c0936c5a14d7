"""Tables in the programs they are made for: Icarus Verilog, gcc, ngspice, SciPy, h5py, nir."""

import json
import re

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.io import loadmat

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.profile import load_profile
from neurosim.tables import export, table
from tools import needs, printed

FULL = (64, 128, 128)


def chip_of(name="cmos_rc_6bit", sizes=(3, 5, 4), **changes):
    changes = {"layers": sizes} | {k.replace("__", "."): v for k, v in changes.items()}
    chip = Chip(load_profile(name).with_values(changes))
    chip.program(initial_weights(chip.die.layers, 1.0, np.random.default_rng(4)))
    return chip


def all_codes(chip):
    """Both codes of every pair in the order of the memory."""
    blocks = table(chip).blocks.values()
    return [np.concatenate([b[f"code_{s}"].ravel() for b in blocks]) for s in ("plus", "minus")]


# Prints every word, and the signed weight code as the file's own comment computes it.
BENCH = """
module bench;
  %(declaration)s
  reg [%(top)d:0] w;
  reg signed [%(bits)d:0] s;
  integer i;
  initial begin
    $readmemh("w.mem", mem);
    for (i = 0; i < %(words)d; i = i + 1) begin
      w = mem[i];
      s = %(signed)s;
      $display("%%0d %%0d", mem[i], s);
    end
  end
endmodule
"""


@needs("iverilog", "iverilog")
@pytest.mark.parametrize("sizes", [(3, 5, 4), FULL])
def test_icarus_verilog_reads_the_memory_and_its_signed_codes(tmp_path, sizes):
    chip = chip_of(sizes=sizes)
    export(chip, tmp_path / "w.mem")
    head = [t for t in (tmp_path / "w.mem").read_text().splitlines() if t.startswith("//")]
    declaration = next(t for t in head if "// reg" in t).removeprefix("// ")
    signed = next(t for t in head if "$signed" in t).partition(": ")[2]
    bits, plus, minus = 5, *all_codes(chip)
    parts = {"declaration": declaration, "top": 2 * bits - 1, "bits": bits, "words": len(plus)}
    (tmp_path / "bench.v").write_text(BENCH % (parts | {"signed": signed}))
    printed("iverilog", "-Wall", "-o", "bench", "bench.v", cwd=tmp_path)
    lines = printed("vvp", "-n", "bench", cwd=tmp_path).splitlines()
    found = np.array([[int(x) for x in line.split()] for line in lines if line[0].isdigit()])
    np.testing.assert_array_equal(found[:, 0], plus * 32 + minus)
    np.testing.assert_array_equal(found[:, 1], plus - minus)


@needs("iverilog", "iverilog")
def test_the_bases_in_the_comments_address_each_weight(tmp_path):
    chip = chip_of()
    export(chip, tmp_path / "w.mem")
    text = (tmp_path / "w.mem").read_text()
    words = [int(line, 16) for line in text.splitlines() if not line.startswith("//")]
    assert "// base 15: W1[i][j] at base + i*5 + j" in text
    block = table(chip).blocks["W1"]
    assert words[15 + 2 * 5 + 3] == block["code_plus"][2, 3] * 32 + block["code_minus"][2, 3]


@needs("objcopy", "binutils")
@pytest.mark.parametrize("levels", [32, 2, 300])
def test_objcopy_reads_the_intel_hex(tmp_path, levels):
    chip = chip_of(sizes=FULL, coupling__levels=levels)
    export(chip, tmp_path / "w.hex")
    printed("objcopy", "-I", "ihex", "-O", "binary", "w.hex", "w.bin", cwd=tmp_path)
    bits = (levels - 1).bit_length()
    size = -(-2 * bits // 8)
    plus, minus = all_codes(chip)
    octets = np.fromfile(tmp_path / "w.bin", np.uint8).reshape(-1, size).astype(int)
    assert octets.size == 24_896 * size  # Beyond 64 KiB at 300 levels: extended addresses.
    np.testing.assert_array_equal(octets @ 256 ** np.arange(size), (plus << bits) + minus)


PROGRAM = r"""
#include <stdio.h>
#include "w.h"
int main(void) {
  double sum = 0.0;
  for (int i = 0; i < NEUROSIM_N_H1; i++)
    for (int j = 0; j < NEUROSIM_N_X; j++) sum += W0_weight[i][j] * (i + 2 * j);
  printf("%.17g\n%.17g\n%.17g\n", sum, W1_target_plus_S[2][3], NEUROSIM_UNIT_S);
  printf("%d\n%.17g\n", (int)W0_code_minus[1][2], b2_achieved_minus_S[1]);
  return (int)sizeof(W0_code_plus[0][0]) - 1;
}
"""


@pytest.mark.every(2)
@needs("gcc", "gcc")
@pytest.mark.parametrize("sizes", [(3, 5, 4), FULL])
def test_gcc_compiles_the_header_and_computes_with_it(tmp_path, sizes):
    chip = chip_of(sizes=sizes)
    export(chip, tmp_path / "w.h")
    (tmp_path / "main.c").write_text(PROGRAM)
    printed("gcc", "-std=c99", "-Wall", "-Wextra", "-Wno-unused-const-variable", "-Werror",
            "main.c", "-o", "main", cwd=tmp_path)  # fmt: skip
    total, target, unit_S, code, achieved = map(float, printed("./main", cwd=tmp_path).split())
    blocks = table(chip).blocks
    i, j = np.indices(blocks["W0"]["weight"].shape)
    assert total == pytest.approx(np.sum(blocks["W0"]["weight"] * (i + 2 * j)), rel=1e-9)
    assert target == blocks["W1"]["target_plus_S"][2, 3]
    assert (unit_S, code) == (1e-5, blocks["W0"]["code_minus"][1, 2])
    assert achieved == blocks["b2"]["achieved_minus_S"][1]


@needs("ngspice", "ngspice")
def test_ngspice_includes_the_parameters(tmp_path):
    chip = chip_of()
    export(chip, tmp_path / "w.param")
    block, biases = table(chip).blocks["W1"], table(chip).blocks["b2"]
    place = tuple(np.argwhere(block["achieved_plus_S"] > 0)[0])
    # 1 V over a resistor of the table: the current is its conductance.
    lines = ["* test", ".include w.param", "V1 a 0 1", "R1 a 0 {{1/w1_{}_{}_p}}".format(*place),
             "V2 b 0 {reference_v}", "G2 0 c b 0 {b2_0_p-b2_0_m}", "R2 c 0 {1/unit_s}",
             ".op", ".control", "run", "print i(V1) v(c)", ".endc", ".end", ""]  # fmt: skip
    (tmp_path / "net.cir").write_text("\n".join(lines))
    text = printed("ngspice", "-b", "net.cir", cwd=tmp_path)
    values = dict(re.findall(r"^(\S+) = (\S+)$", text, re.MULTILINE))
    assert -float(values["i(v1)"]) == pytest.approx(block["achieved_plus_S"][place], rel=1e-5)
    delta = biases["achieved_plus_S"][0] - biases["achieved_minus_S"][0]
    assert float(values["v(c)"]) == pytest.approx(0.1 * delta / 1e-5, rel=1e-5, abs=1e-9)


def test_parameters_have_a_device_for_each_direction_and_say_which_drives_which(tmp_path):
    ideal = {"mismatch__coupling": "ideal", "device_noise": "ideal", "drift": "ideal"}
    chip = chip_of("rram_cmo_hfox", coupling__directions="separate", faults="ideal", **ideal)
    export(chip, tmp_path / "w.param")
    text = (tmp_path / "w.param").read_text()
    found = {k: float(v) for k, v in re.findall(r"(w\d\w+)=(\S+)", text)}
    assert "_p, _m drive the node in the layer of odd number; _bp, _bm that of even" in text
    assert not re.search(r"b\d_\d_bp", text)
    layers, circuit = chip.die.layers, chip.circuit
    nodes = np.arange(layers.n_nodes)
    # Of layers 1 and 2 it is the first device that drives layer 1.
    for name, odd, even in (
        ("w0_2_1", nodes[layers.nodes(1)][2], nodes[layers.nodes(0)][1]),
        ("w1_3_2", nodes[layers.nodes(1)][2], nodes[layers.nodes(2)][3]),
    ):
        place = np.flatnonzero(nodes[layers.odd] == odd), np.flatnonzero(nodes[layers.even] == even)
        driven_S = found[f"{name}_p"] - found[f"{name}_m"]
        back_S = found[f"{name}_bp"] - found[f"{name}_bm"]
        assert driven_S == pytest.approx(circuit.couplings.delta_S[place].item(), rel=1e-12)
        assert back_S == pytest.approx(circuit.back.delta_S[place].item(), rel=1e-12)
        assert driven_S != back_S


def test_scipy_loads_the_matlab_file(tmp_path):
    chip = chip_of()
    export(chip, tmp_path / "w.mat")
    found = loadmat(tmp_path / "w.mat")
    np.testing.assert_array_equal(found["W0_weight"], table(chip).blocks["W0"]["weight"])
    assert found["b1_code_plus"].shape == (5, 1)
    assert json.loads(found["sheet"][0])["unit_S"] == 1e-5


def test_h5py_finds_blocks_columns_and_units(tmp_path):
    h5py = pytest.importorskip("h5py", reason='needs pip install ".[export]"')
    chip = chip_of()
    export(chip, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        found = file["W1/achieved_plus_S"]
        np.testing.assert_array_equal(found, table(chip).blocks["W1"]["achieved_plus_S"])
        assert found.attrs["unit"] == "S"
        assert json.loads(file["sheet"][()])["profile"] == "cmos_rc_6bit"


def test_safetensors_finds_every_array(tmp_path):
    library = pytest.importorskip("safetensors", reason='needs pip install ".[export]"')
    chip = chip_of()
    export(chip, tmp_path / "w.safetensors")
    with library.safe_open(tmp_path / "w.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["sheet"])["encoding"] == "one_sided"
        expected = table(chip).blocks["b2"]["code_minus"]
        np.testing.assert_array_equal(file.get_tensor("b2.code_minus"), expected)


def rate_of(graph, z, drive):
    """dz/dt of a NIR graph of LI nodes and linear maps, by its published definition."""
    source = {name: node for name, node in graph.nodes.items() if hasattr(node, "weight")}
    arriving = {name: np.zeros_like(z[name]) for name in z}
    arriving["x"] = arriving["x"] + drive
    for a, b in graph.edges:
        if a in source:
            start = next(p for p, q in graph.edges if q == a)
            arriving[b] = arriving[b] + source[a].weight @ z[start]
    nodes = graph.nodes
    return {
        k: (nodes[k].v_leak - v + nodes[k].r * arriving[k]) / nodes[k].tau for k, v in z.items()
    }


@pytest.mark.slow
def test_the_nir_graph_moves_as_the_linear_circuit_does(tmp_path):
    nir = pytest.importorskip("nir", reason='needs pip install ".[export]"')
    chip = chip_of("cmos_rc_6bit", node__amplifier="linear", node__loading=0.02,
                   coupling__directions="separate")  # fmt: skip
    export(chip, tmp_path / "w.nir")
    graph, layers, tau_s = nir.read(tmp_path / "w.nir"), chip.die.layers, 1e-7
    drive = np.array([0.5, -0.3, 0.2])
    names, ends = layers.names(), np.cumsum([0, *layers.sizes])

    def rate(_, y):
        z = {name: y[ends[k] : ends[k + 1]] for k, name in enumerate(names)}
        return tau_s * np.concatenate(list(rate_of(graph, z, drive).values()))

    found = solve_ivp(rate, (0, 3), np.zeros(12), method="Radau", rtol=1e-9, atol=1e-12).y[:, -1]
    # Within the rails the circuit is linear.
    current_A = np.concatenate([drive * 1e-6, np.zeros(9)])

    def circuit_rate(_, u_V):
        current = chip.circuit.current_A(u_V) + current_A
        return tau_s * current / chip.circuit.capacitance_F

    u_V = solve_ivp(circuit_rate, (0, 3), np.zeros(12), method="Radau", rtol=1e-9, atol=1e-13).y[
        :, -1
    ]
    expected = np.concatenate([u_V[layers.nodes(k)] for k in range(3)]) / 0.1
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_law_that_nir_has_no_node_for_is_refused(tmp_path):
    pytest.importorskip("nir", reason='needs pip install ".[export]"')
    with pytest.raises(DataError, match="needs nodes of law Hopfield"):
        export(chip_of("ideal_gradient"), tmp_path / "w.nir")
