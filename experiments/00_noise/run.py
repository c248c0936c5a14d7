"""The measured gradient against beta, ADC bits, read noise and settling time, with and without CDS.

python experiments/00_noise/run.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

sys.path.append(str(Path(__file__).parents[1]))
import ending

from neurosim.analysis import Conditions
from neurosim.analysis.problem import Stage, shipped_weights
from neurosim.host import FlowSettings
from neurosim.profile import Profile, load_profile

HERE = Path(__file__).parent
BETAS = [1.25e-3, 4e-3, 8e-3, 1.2e-2]
READS = {
    "exact": {},
    "6 bit": {"adc.bits": 6},
    "8 bit": {"adc.bits": 8},
    "10 bit": {"adc.bits": 10},
    "12 bit": {"adc.bits": 12},
    "noise 1e-2": {"adc.noise": 1e-2},
    "noise 1e-3": {"adc.noise": 1e-3},
}
GAINS = [8.0, 32.0]
TIMES = [3, 5, 10, 20, 30, 60, 120]
RANGES = {"adc.visible_range_V": "400 mV", "adc.hidden_range_V": "100 mV"}
SOURCE = "assumed: a setting of this experiment"


def variant(read: dict[str, Any], gain: float | None = None) -> Profile:
    """The ideal Hopfield chip with this ADC, full scale 4 for visible and 1 for hidden nodes."""
    changes: dict[str, Any] = {}
    if gain is not None:
        changes["readout"] = {"kind": "cds", "gain": gain, "capacitance_F": "1 pF"} | {
            "gain_spread": "ideal", "noise_V": "ideal", "source": SOURCE,
        }  # fmt: skip
    if read:
        changes |= RANGES | read
    return load_profile("ideal_hopfield").with_values(changes)


def cosine(conditions: Conditions, exact: list[np.ndarray], profile: Profile, beta: float) -> float:
    """Of one estimate to the exact gradient, the mean over repeats."""
    got = [seen.gradient for seen in conditions.observe_all(profile, beta=beta)]
    each = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(got, exact, strict=True)]
    return float(np.mean(each))


def presented(stage: Stage, batch: int, repeats: int) -> Conditions:
    """Batches for the ideal Hopfield chip at shipped weights, 30 tau a phase."""
    flow = FlowSettings(beta=8e-3, settle_tau=30)
    weights = shipped_weights("hopfield", stage)
    return Conditions(load_profile("ideal_hopfield"), weights, flow, batch, repeats)


def measure(batch: int, repeats: int, betas: list[float], times: list[int]) -> dict[str, Any]:
    """Tables of cosines over beta: by readout and read, by settling time, by weights."""
    base = presented("trained", batch, repeats)
    exact = base.exact
    table: dict[str, dict[str, list[float]]] = {}
    for gain in [None, *GAINS]:
        rows = table[f"CDS, gain {gain:g}" if gain else "plain"] = {}
        for name, read in READS.items():
            profile = variant(read, gain)
            rows[name] = [cosine(base, exact, profile, beta) for beta in betas]
            print(gain, name, np.round(rows[name], 3), flush=True)
    settling: dict[str, dict[str, list[float]]] = {}
    for name in ("exact", "8 bit"):
        settling[name] = {}
        for tau in times:
            case = replace(base, flow=FlowSettings(beta=8e-3, settle_tau=tau))
            profile = variant(READS[name])
            settling[name][str(tau)] = [cosine(case, exact, profile, beta) for beta in betas]
            print(name, tau, "tau", np.round(settling[name][str(tau)], 3), flush=True)
    weights: dict[str, dict[str, list[float]]] = {}
    stages: tuple[Stage, ...] = ("start", "trained")
    for stage in stages:
        case, weights[stage] = presented(stage, batch, repeats), {}
        for name in ("exact", "8 bit", "noise 1e-3"):
            profile = variant(READS[name])
            weights[stage][name] = [cosine(case, case.exact, profile, beta) for beta in betas]
            print(stage, name, np.round(weights[stage][name], 3), flush=True)
    result = {"batch": batch, "repeats": repeats, "betas": betas, "reads": table}
    return result | {"settling": settling, "weights": weights}


def markdown(result: dict[str, Any]) -> str:
    """All tables."""
    head = ["readout", "beta", *READS]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for readout, rows in result["reads"].items():
        for k, beta in enumerate(result["betas"]):
            cells = [readout, f"{beta:g}", *(f"{rows[name][k]:.3f}" for name in READS)]
            lines.append("| " + " | ".join(cells) + " |")
    times = list(result["settling"]["exact"])
    lines += ["", "| read | beta | " + " | ".join(f"{tau} tau" for tau in times) + " |"]
    lines += ["|" + "---|" * (len(times) + 2)]
    for read, rows in result["settling"].items():
        for k, beta in enumerate(result["betas"]):
            cells = [read, f"{beta:g}", *(f"{rows[tau][k]:.3f}" for tau in times)]
            lines.append("| " + " | ".join(cells) + " |")
    names = list(result["weights"]["start"])
    lines += ["", "| weights | beta | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 2)]
    for stage, rows in result["weights"].items():
        for k, beta in enumerate(result["betas"]):
            cells = [stage, f"{beta:g}", *(f"{rows[name][k]:.3f}" for name in names)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


COLOURS = ["#000000", "#d55e00", "#e69f00", "#009e73", "#0072b2", "#cc79a7", "#56b4e9"]


def draw(result: dict[str, Any]) -> None:
    """A panel for each readout, and one for the settling time."""
    fig = Figure(figsize=(10, 6.6), layout="constrained")
    FigureCanvasAgg(fig)
    *panels, last = fig.subplots(2, 2, sharey=True).ravel()
    betas = result["betas"]
    for ax, (readout, rows) in zip(panels, result["reads"].items(), strict=True):
        for (name, values), colour in zip(rows.items(), COLOURS, strict=True):
            style = "o--" if name.startswith("noise") else "o-"
            ax.plot(betas, values, style, color=colour, label=name, markersize=4)
        ax.set_title(f"{readout}, 30 tau", fontsize=10)
        _axis(ax, betas, [f"{beta:g}" for beta in betas], "beta")
    times = [int(tau) for tau in result["settling"]["exact"]]
    for read, style in (("exact", "o-"), ("8 bit", "o--")):
        for k, beta in enumerate(betas):
            values = [row[k] for row in result["settling"][read].values()]
            label = f"{read}, {beta:g}"
            last.plot(times, values, style, color=COLOURS[1 + k], label=label, markersize=4)
    last.set_title("plain, by settling time", fontsize=10)
    _axis(last, times, [str(tau) for tau in times], "settling time of a phase (tau)")
    panels[0].legend(frameon=False, fontsize=8)
    last.legend(frameon=False, fontsize=7, ncols=2, handlelength=4)
    fig.suptitle(
        f"Gradient of ideal_hopfield with an ADC, just written; {result['batch']} digits a batch, "
        f"mean of {result['repeats']} batches", fontsize=11,
    )  # fmt: skip
    fig.savefig(HERE / "noise.png", dpi=150)


def _axis(ax: Axes, at: list[float], labels: list[str], name: str) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(at))
    ax.xaxis.set_major_formatter(FixedFormatter(labels))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(name)
    ax.set_ylabel("cosine to the exact gradient")
    ax.set_ylim(0, 1.03)
    ax.grid(alpha=0.3)


def main() -> None:
    """Measure, write results.json, table.md and noise.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, nothing written")
    quick = parser.parse_args().quick
    result = measure(8, 2, BETAS[2:3], TIMES[:1]) if quick else measure(512, 2, BETAS, TIMES)
    if not quick:
        (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n")
        (HERE / "table.md").write_text(markdown(result))
        draw(result)
    print(markdown(result))


if __name__ == "__main__":
    ending.ran(main, keeps=False)
