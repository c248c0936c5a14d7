"""The open questions of the paper, a figure each; see QUESTIONS.md.

python experiments/01_paper/questions.py [--only NAME ...] [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

import trainings
from neurosim.analysis.problem import LAWS, LawName, Stage, shipped_weights
from neurosim.chip import Chip
from neurosim.data import FlowBatch, PairSource, load_digits
from neurosim.host import FlowSettings, free_phase, initial_weights, present
from neurosim.ideal import IdealNetwork
from neurosim.network import Layers, Weights
from neurosim.outputs import write_text
from neurosim.profile import load_profile
from neurosim.streams import Streams

Array = NDArray[np.float64]
Amplifier = Literal["linear", "tanh", "silu"]
Result = dict[str, Any]

HERE = Path(__file__).parent
ALPHA, SPRING, BETA = 2.0, 15.0, 1.25e-3
SPRINGS = (0.5, 1.0, 2.0, 5.0, 15.0, 40.0, 100.0)
AMPLIFIERS: tuple[Amplifier, ...] = ("linear", "tanh", "silu")
OWN: dict[LawName, Literal["tanh", "silu"]] = {"hopfield": "tanh", "gradient": "silu"}
AT_REST = 1e-7  # unit voltages a tau
STAGES: tuple[Stage, ...] = ("start", "bifurcation", "trained")
COLOURS = ("#0072B2", "#D55E00", "#009E73")


def resting(law: LawName, weights: Weights, **changes: Any) -> Chip:
    """Ideal chip of a law that settles to the end."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    profile = load_profile(f"ideal_{law}")
    chip = Chip(profile.with_values({"settling.engine": "operating_point"} | changes), n_threads=1)
    chip.program(weights)
    return chip


def settled(chip: Chip) -> Array:
    """Node voltages of the chip in the order [x | h1 | h2] and in units."""
    u, layers = chip.u_V / chip.data_sheet.unit_V, chip.data_sheet.layers
    return np.hstack([u[:, layers.nodes(k)] for k in range(len(layers.sizes))])


def clamped(chip: Chip, x: Array) -> Array:
    """Where the hidden nodes come to rest while x is held."""
    chip.precharge(x * chip.data_sheet.unit_V)
    chip.clamp(x * chip.data_sheet.unit_V)
    chip.settle(30 * chip.data_sheet.tau_s)
    return settled(chip)


def triples(rows: int) -> FlowBatch:
    """Rows of the published data, optimally paired."""
    return PairSource(load_digits()[0], rows, Streams(0), prefetch=False).batch_at(0)


def spread(values: Array) -> list[float]:
    """Median and the quantiles of 5 and 95 %."""
    return np.quantile(values, [0.5, 0.05, 0.95]).tolist()


def descent(energy: Callable[[Array], Array], states: Array, k: int) -> Array:
    """-dE/dx of the visible nodes, (rows, k), of nothing but the values of E.

    E is quadratic in x at fixed hidden states, so that a centred difference of any width is exact.
    """
    shifted = np.repeat(states[:, None], k, axis=1)
    shifted[:, np.arange(k), np.arange(k)] += 1
    high = energy(shifted)
    shifted[:, np.arange(k), np.arange(k)] -= 2
    return (energy(shifted) - high) / 2


def displacement(rows: int, every: int = 1) -> Result:
    """The velocity alpha lambda (x* - x_t) against -alpha dE/dx, for springs of any stretch."""
    return {
        f"{law}, {amplifier}": [
            _displaced(law, amplifier, spring, rows) for spring in SPRINGS[::every]
        ]
        for law in LAWS
        for amplifier in AMPLIFIERS
    }


def _displaced(law: LawName, amplifier: Amplifier, spring: float, rows: int) -> Result:
    """Trained weights; small random ones for linear nodes, which have no rest at large ones."""
    layers, x_t = Layers((64, 128, 128)), triples(rows).x_t
    weights = shipped_weights(law, "trained")
    if amplifier == "linear":
        weights = initial_weights(layers, 0.3, Streams(0).generator("weights"))
    chip = resting(law, weights, node__amplifier=amplifier)
    k, sheet, circuit = layers.n_visible, chip.data_sheet, chip.circuit
    held = clamped(chip, x_t)
    free_phase(chip, x_t, FlowSettings(stiffness=spring, alpha=ALPHA, settle_tau=30))
    states = settled(chip)
    velocity = ALPHA * spring * (states[:, :k] - x_t)
    scale_W = sheet.unit_S * sheet.unit_V**2
    order = [layers.nodes(j) for j in range(3)]

    def co_content(plain: Array) -> Array:
        packed = np.empty_like(plain)
        for nodes, part in zip(
            order, np.split(plain, np.cumsum(layers.sizes)[:-1], -1), strict=True
        ):
            packed[..., nodes] = part
        return circuit.co_content_W(packed * sheet.unit_V) / scale_W

    energies = {"circuit": co_content}
    found: Result = {"lambda": spring}
    if amplifier != "linear":
        net = IdealNetwork.from_weights(layers, weights, law, amplifier)
        energies["oracle"] = net.energy
        step = np.linalg.solve(-net.jacobian(held, spring), net.velocity_field(held)[..., None])
        linear = ALPHA * spring * step[:, :k, 0]
        found["linear_response"] = spread(_relative(linear, velocity))
    rests, size = chip.residual < AT_REST, float(np.sqrt(np.mean(velocity**2)))
    for name, energy in energies.items():
        error = np.abs(velocity - ALPHA * descent(energy, states, k))[rests].max()
        found[f"error_{name}"] = float(error) / size
    found["residual"] = ALPHA * float(chip.residual[rests].max()) / size
    found["rows_still_moving"] = int(np.count_nonzero(~rests))
    return found | {"displacement_rms": size / (ALPHA * spring)}


def _relative(a: Array, b: Array) -> Array:
    """Distance of rows over the length of b's."""
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


def draw_displacement(found: Result, path: Path) -> None:
    """Error of the identity and of linear response against lambda."""
    fig, axes = common.new_figure(1, 2, size=(9, 3.4))
    for ax, law in zip(axes, LAWS, strict=True):
        for amplifier, colour in zip(AMPLIFIERS, COLOURS, strict=True):
            rows = found[f"{law}, {amplifier}"]
            springs = [r["lambda"] for r in rows]
            error = [max(r["error_circuit"], r.get("error_oracle", 0.0)) for r in rows]
            ax.loglog(springs, error, "o-", ms=4, color=colour, label=f"{amplifier}: exact law")
            if amplifier != "linear":
                bent = [r["linear_response"][2] for r in rows]
                ax.loglog(
                    springs, bent, "s--", ms=4, color=colour, label=f"{amplifier}: linear response"
                )
        ax.set(xlabel="spring lambda", ylim=(1e-14, 100))
        ax.set_title(law, fontsize=10)
        ax.legend(frameon=False, fontsize=8, ncol=2, loc="lower left")
    axes[0].set_ylabel("relative error of the velocity")
    common.save(fig, path)


def gradients(rows: int, every: int = 1) -> Result:
    """The measured gradient against the exact one, by beta, lambda and settling time."""
    springs, betas = list(SPRINGS), [1e-4, 3e-4, BETA, 2.5e-3, 4e-3, 8e-3, 1.2e-2, 1.6e-2]
    times = [3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 240.0, 480.0]
    found: Result = {}
    betas, springs, times = betas[::every], springs[::every], times[::every]
    for stage in STAGES:
        by_beta = [_compared(stage, rows, beta=beta) for beta in betas]
        # The nudge keeps its published share of the spring: beta alpha^2 lambda = 0.075.
        by_spring = [
            _compared(stage, rows, stiffness=spring, beta=BETA * SPRING / spring)
            for spring in springs
        ]
        by_time = [_compared(stage, rows, settle_tau=time) for time in times]
        found[stage] = {"beta": by_beta, "lambda": by_spring, "settling time": by_time}
    return found | {"axes": {"beta": betas, "lambda": springs, "settling time": times}}


def _compared(stage: Stage, rows: int, **changes: Any) -> Result:
    """Cosine and relative error of both estimates, against the adjoint at the true rest.

    Of a settling time the transient is the judge, at a tolerance far below the difference.
    """
    weights, batch = shipped_weights("gradient", stage), triples(rows)
    flow = FlowSettings(stiffness=SPRING, alpha=ALPHA, beta=BETA, settle_tau=30)
    flow = flow.model_copy(update=changes)
    chip = resting("gradient", weights)
    free_phase(chip, batch.x_t, flow)
    network = IdealNetwork.from_weights(chip.data_sheet.layers, weights, "gradient", "silu")
    exact = network.cost_gradient(batch.x_t, batch.u_t, flow.stiffness, ALPHA, settled(chip)).vector
    found: Result = {
        "refused": chip.ledger.rows_refused,
        "exact_norm": float(np.linalg.norm(exact)),
    }
    if "settle_tau" in changes:
        fine = {"settling__engine": "transient", "settling__rtol": 1e-6, "settling__atol": 1e-8}
        chip = resting("gradient", weights, **fine)
    for phases in ("centred", "one-sided"):
        own = flow.model_copy(update={"phases": phases})
        shown = present(chip, batch.x_t, batch.u_t, own)
        ours = shown.gradient.vector
        length = np.linalg.norm(ours) * np.linalg.norm(exact)
        error = np.linalg.norm(ours - exact) / np.linalg.norm(exact)
        found[phases] = {"cosine": float(ours @ exact / length), "error": float(error)}
    return found


def draw_gradients(found: Result, path: Path) -> None:
    """Relative error against each of the three; by beta, with what a stiff spring foretells.

    A nudge of r = beta alpha^2 lambda times the spring moves a node that only the two hold by
    1 / (1 + r) of what the first order says, so that an estimate is too long or too short.
    """
    fig, axes = common.new_figure(1, 3, size=(11, 3.6))
    for ax, (name, values) in zip(axes, found["axes"].items(), strict=True):
        for stage, colour in zip(STAGES, COLOURS, strict=True):
            for phases, style in (("centred", "o-"), ("one-sided", "s--")):
                errors = [row[phases]["error"] for row in found[stage][name]]
                ax.loglog(values, errors, style, ms=3.5, color=colour, label=f"{stage}, {phases}")
        ax.set_xlabel("settling time (tau)" if name == "settling time" else name)
    share = ALPHA**2 * SPRING * np.geomspace(min(found["axes"]["beta"]), 0.015, 100)
    betas = share / (ALPHA**2 * SPRING)
    for error, text, at, beside in (
        (share**2 / (1 - share**2), "r²/(1 - r²)", 40, (8, -10)),
        (share / (1 + share), "r/(1 + r)", 0, (0, 16)),
    ):
        axes[0].loglog(betas, error, ":", color="k", lw=1.2, zorder=3)
        place = {"xytext": beside, "textcoords": "offset points", "fontsize": 8}
        axes[0].annotate(text, (betas[at], error[at]), **place)
    axes[0].set_ylabel("relative error of the gradient")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncol=3, fontsize=8)
    common.save(fig, path)


def proximal(rows: int, _every: int = 1) -> Result:
    """The velocity at a finite lambda against that at lambda -> infinity."""
    springs = [0.5, 1.0, 2.0, 5.0, 15.0, 40.0, 100.0, 300.0, 1000.0]
    return {"lambda": springs} | {law: _proximal(law, springs, rows) for law in LAWS}


def _proximal(law: LawName, springs: list[float], rows: int) -> Result:
    """Beside it its first order, H v / lambda: H is the curvature of E(x), hidden nodes at rest."""
    chip, batch = resting(law, shipped_weights(law, "trained")), triples(rows)
    layers = chip.data_sheet.layers
    k, fifth = layers.n_visible, np.minimum((batch.t * 5).astype(int), 4)
    held = clamped(chip, batch.x_t)
    network = IdealNetwork.from_weights(layers, shipped_weights(law, "trained"), law, OWN[law])
    limit, J = ALPHA * network.velocity_field(held)[:, :k], network.jacobian(held)
    hidden = np.linalg.solve(J[:, k:, k:], J[:, k:, :k])
    bent = ((J[:, :k, :k] - J[:, :k, k:] @ hidden) @ limit[..., None])[..., 0]
    first = np.linalg.norm(bent, axis=1) / np.linalg.norm(limit, axis=1)
    found: Result = {"first_order": spread(first), "error": [], "by_fifth": [], "bias_loss": []}
    for spring in springs:
        free_phase(chip, batch.x_t, FlowSettings(stiffness=spring, alpha=ALPHA, settle_tau=30))
        velocity = ALPHA * spring * (settled(chip)[:, :k] - batch.x_t)
        error = _relative(velocity, limit)
        found["error"].append(spread(error))
        found["by_fifth"].append([_median(error[fifth == j]) for j in range(5)])
        found["bias_loss"].append(float(np.mean((velocity - limit) ** 2)))
    return found | {"refused": chip.ledger.rows_refused}


def _median(values: Array) -> float:
    return float(np.median(values)) if values.size else float("nan")


def draw_proximal(found: Result, path: Path) -> None:
    """Relative difference against lambda, with the first order that curvature foretells."""
    fig, (total, parts) = common.new_figure(1, 2, size=(9, 3.4))
    springs = np.array(found["lambda"])
    for law, colour in zip(LAWS, COLOURS, strict=False):
        median, low, high = np.array(found[law]["error"]).T
        total.loglog(springs, median, "o", ms=4, color=colour, label=law)
        total.fill_between(springs, low, high, color=colour, alpha=0.15, lw=0)
        foretold = found[law]["first_order"][0] / springs
        total.loglog(springs, foretold, ":", color=colour, label=f"{law}: |H v| / lambda |v|")
        by_fifth = np.array(found[law]["by_fifth"])
        for spring, style in ((5.0, "s:"), (15.0, "o-"), (40.0, "^--")):
            row = by_fifth[found["lambda"].index(spring)]
            label = f"{law}, lambda {spring:g}"
            parts.semilogy(np.arange(5) / 5 + 0.1, row, style, ms=4, color=colour, label=label)
    total.set(xlabel="spring lambda", ylabel="relative difference to lambda = infinity")
    parts.set(xlabel="flow time t, by fifths", ylim=(1e-3, 0.3))
    total.legend(frameon=False, fontsize=8)
    parts.legend(frameon=False, fontsize=8, ncol=2, loc="lower left")
    common.save(fig, path)


def measured(name: str, make: Callable[[int, int], Result], rows: int) -> Callable[..., Result]:
    """A question answered on chips at rest, over so many rows."""

    def answer(out: Path, _workers: int, length: trainings.Length) -> Result:
        size = (4, 7) if length == trainings.QUICK else (rows, 1)
        return common.kept(out / f"{name}.json", lambda: make(*size))

    return answer


def figures_of(result: Any) -> Any:
    """A result without its samples."""
    if isinstance(result, list):
        return [figures_of(value) for value in result]
    if isinstance(result, dict):
        return {key: figures_of(value) for key, value in result.items() if key != "samples"}
    return result


ANSWERS: dict[str, tuple[Callable[..., Result], Callable[[Result, Path], None]]] = {
    "displacement": (measured("displacement", displacement, 16), draw_displacement),
    "gradients": (measured("gradients", gradients, 64), draw_gradients),
    "proximal": (measured("proximal", proximal, 256), draw_proximal),
    "ablation": (trainings.ablation, trainings.draw_ablation),
    "scaling": (trainings.scaling, trainings.draw_scaling),
}


def main() -> None:
    """Answer each question that was asked for; keep answers and figures."""
    found = common.options(__doc__, HERE, only=ANSWERS)
    length = trainings.QUICK if found.quick else trainings.Length()
    store = found.results / "questions.json"
    kept = json.loads(store.read_text()) if store.exists() else {}
    for name in found.only or ANSWERS:
        answer, draw = ANSWERS[name]
        result = answer(found.out / "questions", found.workers, length)
        draw(result, found.results / f"{name}.png")
        kept[name] = figures_of(result)
        write_text(store, json.dumps(kept) + "\n")
    common.finish(found)


if __name__ == "__main__":
    ending.ran(main)
