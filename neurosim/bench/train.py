"""One full training update by each engine, and the way the published code does it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.oracle import ideal_network
from neurosim.analysis.problem import (
    LAWS,
    LawName,
    Stage,
    interleaved,
    make_problem,
    shipped_weights,
    summary,
)
from neurosim.chip import Chip
from neurosim.circuit import Gradient
from neurosim.data import FlowBatch
from neurosim.host import FlowSettings, present
from neurosim.processes import begun
from neurosim.profile import load_profile
from neurosim.solvers import Engine, OperatingPoint, Transient

__all__ = ["Contestant", "bench_train"]

Array = NDArray[np.float64]
Report = Callable[[str], None]

_EXACT_ROWS = 200


def _cosine(a: Array, b: Array) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


class Contestant:
    """A chip of a shipped network that does one update's three phases again and again."""

    def __init__(
        self,
        law: LawName,
        stage: Stage,
        batch: FlowBatch,
        engine: Engine,
        n: int,
        device: str = "cpu",
    ) -> None:
        profile = load_profile(f"ideal_{law}")
        self.chip = Chip(profile, engine=engine, n_threads=n, device=device)
        self.chip.program(shipped_weights(law, stage))
        self.flow, self.batch = FlowSettings().on(self.chip.data_sheet), batch
        self.gradient = np.empty(0)

    def __call__(self) -> None:
        """One update's phases; `gradient` and `n_evaluations` are theirs."""
        before = self.chip.ledger.evaluations
        shown = present(self.chip, self.batch.x_t, self.batch.u_t, self.flow)
        self.gradient = shown.gradient.vector
        self.n_evaluations = self.chip.ledger.evaluations - before


def _published(law: LawName, stage: Stage, batch: FlowBatch, n_threads: int) -> Callable[[], None]:
    """900 Euler steps of 0.1 by PyTorch's autograd of the energy, float32: as the paper ran."""
    import torch

    torch.set_num_threads(n_threads)
    weights = shipped_weights(law, stage)
    layers = make_problem(law, "start", 2).system.circuit.layers
    w0, w1 = (torch.tensor(weights.matrix(layers, k), dtype=torch.float32) for k in (0, 1))
    b0, b1, b2 = (
        torch.tensor(weights.bias[layers.nodes(k)], dtype=torch.float32) for k in range(3)
    )
    flow = FlowSettings(beta=1.25e-3)
    x_t, u_t = (torch.tensor(a, dtype=torch.float32) for a in (batch.x_t, batch.u_t))
    scale = flow.alpha * flow.stiffness

    def silu(z: torch.Tensor) -> torch.Tensor:
        return 10 * torch.tanh(torch.nn.functional.silu(z) / 10)

    def energy(x: torch.Tensor, h1: torch.Tensor, h2: torch.Tensor, beta: float) -> torch.Tensor:
        s1, s2 = silu(h1), silu(h2)
        internal = 0.5 * (x.square().sum() + h1.square().sum() + h2.square().sum())
        bilinear = (s1 * (x @ w0.T + b1)).sum() + (s2 * (s1 @ w1.T + b2)).sum() + (x @ b0).sum()
        spring = 0.5 * flow.stiffness * (x - x_t).square().sum()
        return internal - bilinear + spring + 0.5 * beta * (scale * (x - x_t) - u_t).square().sum()

    def settle(state: list[torch.Tensor], beta: float) -> list[torch.Tensor]:
        for _ in range(300):
            state = [s.detach().requires_grad_() for s in state]
            slopes = torch.autograd.grad(energy(state[0], state[1], state[2], beta), state)
            state = [s.detach() - 0.1 * g for s, g in zip(state, slopes, strict=True)]
        return state

    def update() -> None:
        zeros = [torch.zeros(len(x_t), n) for n in (128, 128)]
        free = settle([x_t.clone(), *zeros], 0.0)
        assert flow.beta is not None
        settle(free, flow.beta)
        settle(free, -flow.beta)

    return update


# The published code has nodes of one law.
_PUBLISHED: Mapping[type, Callable[..., Callable[[], None]]] = MappingProxyType(
    {Gradient: _published}
)


def bench_train(
    rows: int = 1797,
    repeats: int = 3,
    *,
    n_threads: int = 2,
    peers: bool = True,
    device: str = "cpu",
    report: Report = lambda _text: None,
) -> list[dict[str, Any]]:
    """Table of one update at the paper's settings: three phases, 30 tau, beta = 1.25e-3.

    Parameters
    ----------
    rows, repeats, n_threads : int
    peers : bool
        Whether to run the update of the published code (PyTorch, if it is installed).
    device : str
        Beside the processor, where the transient runs too: ``cuda``, see `Chip`.
    report : callable
        Told what is being done.

    Returns
    -------
    list of dict
        law, engine, rows, evaluations (of an update), max_error (1 less the cosine of the gradient
        to the exact adjoint gradient, over 200 rows), wall_s (median), wall_s_spread,
        ratio_to_four_gemms (None).
    """
    begun(n_threads)
    table: list[dict[str, Any]] = []
    for law in LAWS:
        stage: Stage = "trained"
        problem = make_problem(law, "start", rows)
        batch, published = problem.batch, _PUBLISHED.get(type(problem.chip.circuit.law))
        engines: dict[str, Engine] = {
            "transient": Transient(precision="float64"),
            "transient, float32": Transient(precision="float32"),
            "operating_point": OperatingPoint(precision="float64"),
            "operating_point, float32": OperatingPoint(precision="float32"),
        }
        few = FlowBatch(*(a[:_EXACT_ROWS] for a in (batch.x_t, batch.u_t, batch.t)))
        report(f"{law}: exact gradient of {len(few.x_t)} rows")
        exact = _exact(law, stage, few)
        runs: dict[str, Callable[[], None]] = {}
        cosine = {}
        for name, engine in engines.items():
            small = Contestant(law, stage, few, engine, n_threads)
            small()
            cosine[name] = _cosine(small.gradient, exact)
            runs[name] = Contestant(law, stage, batch, engine, n_threads)
        if device != "cpu":
            single = engines["transient, float32"]
            name = f"transient, float32, {device}"
            runs[name] = Contestant(law, stage, batch, single, n_threads, device)
        if peers and published is not None and importlib.util.find_spec("torch") is not None:
            runs["published code's way (PyTorch)"] = published(law, stage, batch, n_threads)
        report(f"{law}: {repeats} updates each of {', '.join(runs)}")
        times = interleaved(runs, repeats)
        for name, run in runs.items():
            table.append(
                {"law": law, "engine": name, "rows": rows}
                | {"evaluations": getattr(run, "n_evaluations", 900)}
                | {"max_error": 1 - cosine[name] if name in cosine else None}
                | summary(times[name])
                | {"ratio_to_four_gemms": None}
            )
    return table


def _exact(law: LawName, stage: Stage, batch: FlowBatch) -> Array:
    """Adjoint gradient at the true equilibria, which `ideal` finds from the chip's own."""
    contestant = Contestant(law, stage, batch, OperatingPoint(), 2)
    chip, flow = contestant.chip, contestant.flow
    layers = chip.data_sheet.layers
    target_V = batch.x_t * chip.data_sheet.unit_V
    chip.precharge(target_V)
    chip.drive(target_V, flow.stiffness * chip.data_sheet.unit_S)
    chip.settle(chip.data_sheet.tau_s)
    u = chip.u_V / chip.data_sheet.unit_V
    plain = np.concatenate([u[:, layers.nodes(k)] for k in range(len(layers.sizes))], axis=1)
    circuit = chip.circuit
    network = ideal_network(layers, shipped_weights(law, stage), circuit.law, circuit.hidden)
    exact = network.cost_gradient(batch.x_t, batch.u_t, flow.stiffness, flow.alpha, states=plain)
    return exact.vector
