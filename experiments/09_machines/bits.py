"""How many bits a reading needs on each machine, and what kT/C leaves of a network of resistors."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import chips
import common
import lessons
import numpy as np
import oscillators
import readouts
import resistors
from scipy.constants import Boltzmann

from neurosim.blocks.units import format_quantity
from neurosim.converters import DoubleSampling
from neurosim.host import Experiment
from neurosim.profile import Profile

PICTURE = "Accuracy by bits of a reading, and by bits and capacitance of a network of resistors"
# Of a converter that reads every phase by itself; those of resistors are of their own part.
PLAIN = {"amplifiers": (4, 6, 8), "resistors": (8, 10, 12), "oscillators": (4, 6)}
# Of differences from the free phase, and capacitance of a node, infinite without noise.
DIFFERENCES = (2, 3, 4)
CAPACITANCES_F = (math.inf, 1e-11, 1e-12, 1e-13, 1e-14)
SHORT = {"updates": 300}
SEEDS = 1
TEMPERATURE_K = 300.0
COLORS = {
    "amplifiers": lessons.BLUE,
    "resistors": lessons.RED,
    "oscillators": lessons.GREEN,
}
SHADES = (lessons.GREY, "#56B4E9", lessons.RED)
Result = dict[str, Any]


def amplifier(found: argparse.Namespace, name: str, seed: int) -> Path:
    """Where 08_supervised trains a chip by equilibrium propagation."""
    return chips.place(argparse.Namespace(out=found.supervised), name, "EP", seed)


def plain(kind: str, bits: int | None) -> Profile:
    """An ideal machine, read by a converter whose range fits."""
    if kind == "amplifiers":
        read = {} if bits is None else {"adc.bits": bits, **readouts.RANGES}
        return lessons.hardware("ideal_hopfield", changes=read)
    read = {"adc.visible_range_V": math.pi, "adc.hidden_range_V": math.pi, "adc.bits": bits}
    return oscillators.hardware("ideal_oscillator").with_values({} if bits is None else read)


def noise_V(capacitance_F: float) -> float:
    """Standard deviation of a node, sqrt(kT/C)."""
    return math.sqrt(Boltzmann * TEMPERATURE_K / capacitance_F)


def differing(bits: int, capacitance_F: float) -> Profile:
    """The ideal network of resistors, each reading of a difference with the noise kT/C of its node.

    The amplified range holds four standard deviations of it.
    """
    profile = resistors.read_so("8 bits, differences of 4 bits")
    noise = noise_V(capacitance_F) / profile.node.unit_V
    reach = resistors.HIDDEN
    answers = max(resistors.ANSWERS_MOVE, 4 * noise)
    hidden = max(resistors.HIDDEN_MOVE, 4 * noise)
    return profile.with_value("readout", DoubleSampling(
        gain=reach / answers,
        layer_gain=(1.0, answers / hidden, 1.0),
        capacitance_F=1e-12,
        noise_V=noise_V(capacitance_F),
        bits=bits,
    ))  # fmt: skip


def _recipe(found: argparse.Namespace, kind: str, seed: int) -> Experiment:
    if kind == "oscillators":
        return oscillators.recipe(found, "ideal_oscillator", seed)
    return lessons.recipe(found, seed=seed, **(SHORT if kind == "differences" else {}))


def _plain(found: argparse.Namespace, kind: str, bits: int | None, seed: int) -> Path:
    if kind == "resistors":
        name = "exact" if bits is None else f"{bits} bits, plain"
        return resistors.place(found, name, seed)
    if bits is None and kind == "oscillators":
        return oscillators.place(found, "ideal_oscillator", seed)
    if bits is None:
        return amplifier(found, "ideal_hopfield", seed)
    return Path(found.out / "bits" / f"{kind}_{bits}_{seed}")


def _difference(found: argparse.Namespace, bits: int, capacitance_F: float, seed: int) -> Path:
    return Path(found.out / "bits" / f"differences_{bits}_{capacitance_F:g}F_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings that are not those of another part, the first seeds of each."""
    settings = [(bits, c) for c in CAPACITANCES_F for bits in DIFFERENCES]
    if found.quick:
        settings = settings[1:2]
    first = range(min(found.seeds, SEEDS))
    return [
        (resistors.judged_once, differing(*of), _recipe(found, "differences", seed),
         _difference(found, *of, seed))
        for seed in first
        for of in settings
    ] + [
        (resistors.judged_once, plain(kind, bits), _recipe(found, kind, seed),
         _plain(found, kind, bits, seed))
        for seed in first
        for kind in ("amplifiers", "oscillators")
        for bits in (PLAIN[kind][:1] if found.quick else PLAIN[kind])
    ]  # fmt: skip


def tell(found: argparse.Namespace) -> None:
    """Figures, tables and picture of what has been trained."""
    seeds = range(found.seeds)
    needed = {
        kind: {
            "exact" if bits is None else str(bits): runs
            for bits in (None, *PLAIN[kind])
            if (runs := lessons.finished([_plain(found, kind, bits, seed) for seed in seeds]))
        }
        for kind in PLAIN
    }
    stopped = {
        f"{c:g}": {
            str(bits): runs
            for bits in DIFFERENCES
            if (runs := lessons.finished([_difference(found, bits, c, seed) for seed in seeds]))
        }
        for c in CAPACITANCES_F
    }
    everything = {"plain": _short(needed), "differences": _short(stopped)}
    if any(stopped.values()):
        more = {"capacitance": capacitances(stopped)}
        lessons.write(found, "bits", everything, table(needed), PICTURE, more)
        draw(everything, found.results / "bits.png")


def _short(results: dict[str, dict[str, list[Result]]]) -> dict[str, dict[str, list[float]]]:
    """Test accuracies alone."""
    return {
        name: {bits: lessons.accuracies(runs) for bits, runs in found.items()}
        for name, found in results.items()
        if found
    }


def table(needed: dict[str, dict[str, list[Result]]]) -> str:
    """A row a machine, a column a number of bits."""
    columns = [*dict.fromkeys(str(bits) for kind in PLAIN.values() for bits in sorted(kind))]
    columns = [*sorted(columns, key=int), "exact"]
    rows = [
        [kind, *(_percent(found[bits]) if bits in found else "" for bits in columns)]
        for kind, found in needed.items()
        if found
    ]
    heads = [column if column == "exact" else f"{column} bits" for column in columns]
    return common.table(["test accuracy, %, each phase read by itself", *heads], rows)


def capacitances(stopped: dict[str, dict[str, list[Result]]]) -> str:
    """A row a capacitance, a column a number of bits."""
    rows = []
    for c, found in stopped.items():
        if found:
            name = "no noise" if c == "inf" else format_quantity(float(c), "F", 3)
            shown = "0" if c == "inf" else format_quantity(noise_V(float(c)), "V", 2)
            cells = (_percent(found[str(b)]) if str(b) in found else "" for b in DIFFERENCES)
            rows.append([name, shown, *cells])
    heads = [f"{bits} bits, %" for bits in DIFFERENCES]
    return common.table(["capacitance of a node", "sqrt(kT/C)", *heads], rows)


def _percent(runs: list[Result]) -> str:
    return f"{100 * np.mean(lessons.accuracies(runs)):.1f}"


def draw(everything: dict[str, Any], path: Path) -> None:
    """Accuracy over bits, of machines and of capacitances."""
    fig, (left, right) = common.new_figure(1, 2, size=(9, 3.6))
    for (kind, found), color in zip(everything["plain"].items(), COLORS.values(), strict=False):
        bits = sorted(int(key) for key in found if key != "exact")
        left.plot(bits, [100 * np.mean(found[str(b)]) for b in bits], "o-", color=color, label=kind)
        if "exact" in found:
            left.axhline(100 * np.mean(found["exact"]), color=color, ls=":", lw=1)
    found = everything["differences"]
    for bits, color in zip(map(str, DIFFERENCES), SHADES, strict=True):
        noisy = {c: 100 * np.mean(of[bits]) for c, of in found.items() if c != "inf" and bits in of}
        right.plot([1e6 * noise_V(float(c)) for c in noisy], [*noisy.values()], "o-", color=color,
                   label=f"{bits} bits")  # fmt: skip
        if bits in found.get("inf", {}):
            right.axhline(100 * np.mean(found["inf"][bits]), color=color, ls=":", lw=1)
    left.set(title="each phase read by itself; dotted: exactly", ylabel="test accuracy, %")
    left.set_xlabel("bits of a reading")
    left.xaxis.get_major_locator().set_params(integer=True)
    right.set(title="resistors, differences; dotted: without noise", xscale="log", ylim=(0, 102))
    right.set_xlabel("sqrt(kT/C) of a node, uV, where an answer is 100 mV")
    shown = [1e6 * noise_V(c) for c in CAPACITANCES_F if math.isfinite(c)]
    right.set_xticks(shown, [f"{value:.0f}" for value in shown])
    right.minorticks_off()
    for ax in (left, right):
        ax.grid(lw=0.4, alpha=0.5)
    left.legend(frameon=False, loc="lower right")
    right.legend(frameon=False, loc="center left")
    common.save(fig, path)
