"""Networks beyond this machine's memory are refused before anything is allocated."""

import os
import platform
import subprocess
import sys

import pytest

import neurosim as ns
from commands import run
from neurosim.memory import aligned, beyond_memory, machine_bytes

HUGE = (64, 10_000_000, 10_000_000)


def test_the_machine_says_how_much_it_has_where_it_can():
    there = machine_bytes()
    assert there is None or 1e8 < there < 1e16


def test_couplings_that_fit_pass_and_others_are_refused(monkeypatch):
    monkeypatch.setattr("neurosim.memory.machine_bytes", lambda: 80 * 192 * 128)
    assert beyond_memory((64, 128, 128)) is None
    assert "must fit into this machine's memory of 0.00197 GB" in beyond_memory((64, 128, 129))
    monkeypatch.setattr("neurosim.memory.machine_bytes", lambda: None)
    assert beyond_memory(HUGE) is None


def test_a_profile_that_is_too_large_is_refused_by_every_command(tmp_path):
    file = tmp_path / "huge.yaml"
    text = ns.shipped_profiles()["ideal_hopfield"].read_text("utf-8")
    assert "layers: [64, 128, 128]" in text
    file.write_text(text.replace("layers: [64, 128, 128]", f"layers: {list(HUGE)}"))
    for command in (
        ("profiles", "check", file),
        ("profiles", "noise", file),
        ("train", "--profile", file, "--updates", 1, "--out", tmp_path / "run"),
    ):
        result = run(*command)
        assert result.exit_code == 2, command
        assert "layers: must fit into this machine's memory of" in result.stderr
        assert not (tmp_path / "run").exists()


COUNTS_PAGES = """
import resource
import numpy as np
import neurosim as ns

chip = ns.Chip(ns.load_profile("rram_cmo_hfox"), seed=0, n_threads=1)
x = np.random.default_rng(0).uniform(-1, 1, (256, 64))

def pages(settles):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(settles):
        chip.precharge(x)
        chip.drive(x, 1e-3)
        chip.settle(1e-7)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / settles

pages(3)
print(pages(5))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep what they like")
def test_a_settle_finds_the_memory_of_the_one_before():
    # Without `keep_freed` the system hands out 3,300 pages of 4 KB at each.
    command = [sys.executable, "-c", COUNTS_PAGES]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    assert float(done.stdout) < 300


@pytest.mark.parametrize("shape", [(320, 225), (7, 3, 1), (1, 17), ()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_steps_work_on_begins_where_a_cache_line_does(shape, dtype):
    """NumPy's own arrays begin at any multiple of 16 bytes."""
    for _ in range(8):
        array = aligned(shape, dtype)
        assert array.ctypes.data % 64 == 0
        assert (array.shape, array.dtype, array.flags.c_contiguous) == (shape, dtype, True)
        array[...] = 1.0
