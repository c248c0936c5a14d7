"""Other programs that solve the same problem: SciPy's solve_ivp, diffrax, ngspice."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from neurosim.analysis.problem import Problem
from neurosim.circuit import Gradient, Hopfield, Silu, Tanh

__all__ = ["PEERS", "Answer"]

Array = NDArray[np.float64]
# Wall time [s], evaluations, final voltages of the first rows; the time is for ALL rows.
Answer = tuple[float, int, Array]

_LOOP_ROWS = 3


def batched_rk45(problem: Problem, rtol: float) -> Answer:
    """One `solve_ivp` for the whole batch, flattened, RK45, with our right-hand side."""
    rows, n = problem.start_V.shape
    rate = problem.system.rate(slice(0, rows))

    def fun(_t: float, y: Array) -> Array:
        return rate(y.reshape(n, rows), np.empty((n, rows))).ravel()

    started_s = time.perf_counter()
    got = solve_ivp(
        fun, (0, problem.span_tau), problem.start_V.T.ravel(), "RK45",
        rtol=rtol, atol=1e-2 * rtol * problem.system.unit_V, t_eval=[problem.span_tau],
    )  # fmt: skip
    wall_s = time.perf_counter() - started_s
    return wall_s, got.nfev, got.y[:, -1].reshape(n, rows).T


def looped_rk45(problem: Problem, rtol: float) -> Answer:
    """One `solve_ivp` a row: three rows, times their number."""
    ends, n_evaluations = [], 0
    atol = 1e-2 * rtol * problem.system.unit_V
    started_s = time.perf_counter()
    for row in range(_LOOP_ROWS):
        rate = problem.system.rate(slice(row, row + 1))

        def fun(_t: float, y: Array, rate: Callable[[Array, Array], Array] = rate) -> Array:
            return rate(y[:, None], np.empty((y.size, 1)))[:, 0]

        got = solve_ivp(
            fun, (0, problem.span_tau), problem.start_V[row], "RK45", rtol=rtol, atol=atol,
            t_eval=[problem.span_tau],
        )  # fmt: skip
        ends.append(got.y[:, -1])
        n_evaluations += got.nfev
    wall_s = (time.perf_counter() - started_s) * len(problem.start_V) / _LOOP_ROWS
    return wall_s, n_evaluations // _LOOP_ROWS, np.array(ends)


def diffrax(problem: Problem, rtol: float) -> Answer:
    """Diffrax, jitted, float64, the whole batch as one system; the faster of Tsit5 and Bosh3."""
    import diffrax as dfx
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    circuit, springs = problem.system.circuit, problem.system.springs
    layers, unit_V = circuit.layers, problem.system.unit_V
    scale = problem.system.tau_s / circuit.capacitance_F
    dG, decay = jnp.array(circuit.couplings.delta_S), circuit.decay_S.copy()
    decay[layers.visible] += springs.conductance_S
    decay, bias, scale = jnp.array(decay), jnp.array(circuit.bias_A), jnp.array(scale)
    pull = jnp.array(springs.conductance_S * springs.target_V)
    k, even = layers.n_visible, layers.n_even

    def charge_gradient(sums: jax.Array, hidden: jax.Array) -> jax.Array:
        slope = jax.vmap(jax.vmap(jax.grad(amplify)))(hidden)
        return sums.at[:, k:].multiply(slope)

    # Written out for this program, law by law and amplifier by amplifier.
    amplifiers: dict[type, Callable[..., Any]] = {
        Tanh: lambda u: unit_V * jnp.tanh(u / unit_V),
        Silu: lambda u: 10 * unit_V * jnp.tanh(jax.nn.silu(u / unit_V) / 10),
    }
    laws: dict[type, Callable[..., Any]] = {
        Hopfield: lambda sums, _hidden: sums,
        Gradient: charge_gradient,
    }
    amplify, charge = amplifiers[type(circuit.hidden)], laws[type(circuit.law)]

    def field(_t: float, u: jax.Array, _args: None) -> jax.Array:
        hidden = u[:, k:]
        v = jnp.concatenate([u[:, :k], amplify(hidden)], axis=1)
        sums = jnp.concatenate([v[:, even:] @ dG, v[:, :even] @ dG.T], axis=1) + bias
        drive = charge(sums, hidden)
        return (drive.at[:, :k].add(pull) - decay * u) * scale

    def norm(error: jax.Array) -> jax.Array:
        return jnp.sqrt(jnp.mean(error**2, axis=1).max())

    best: Answer | None = None
    for solver in (dfx.Tsit5(), dfx.Bosh3()):
        control = dfx.PIDController(rtol=rtol, atol=1e-2 * rtol * unit_V, norm=norm)

        def solve(
            u: jax.Array, solver: object = solver, control: object = control
        ) -> tuple[jax.Array, jax.Array]:
            solution = dfx.diffeqsolve(
                dfx.ODETerm(field), solver, 0.0, problem.span_tau, 0.01, u,
                stepsize_controller=control, saveat=dfx.SaveAt(t1=True), max_steps=100_000,
            )  # fmt: skip
            return solution.ys[0], solution.stats["num_steps"]

        run = jax.jit(solve)
        start = jnp.array(problem.start_V)
        run(start)[0].block_until_ready()
        started_s = time.perf_counter()
        end, n_steps = run(start)
        end.block_until_ready()
        wall_s = time.perf_counter() - started_s
        stages = 6 if isinstance(solver, dfx.Tsit5) else 3
        if best is None or wall_s < best[0]:
            best = wall_s, int(n_steps) * stages, np.array(end)
    assert best is not None
    return best


def _ngspice(problem: Problem, rtol: float) -> Answer:
    """The full netlist of one row, times their number."""
    from neurosim.netlists.spice import netlist, run_ngspice

    del rtol
    system = problem.system
    text = netlist(
        system.circuit, system.springs, 0, problem.start_V[0], problem.time_s, system.tau_s / 10
    )
    started_s = time.perf_counter()
    _, u_V = run_ngspice(text)
    wall_s = (time.perf_counter() - started_s) * len(problem.start_V)
    return wall_s, 0, u_V[-1:]


def _has_ngspice() -> bool:
    from neurosim.netlists.spice import has_ngspice

    return has_ngspice()


# Name -> (whether it can run here, how).
PEERS: dict[str, tuple[Callable[[], bool], Callable[[Problem, float], Answer]]] = {
    "solve_ivp RK45, batched": (lambda: True, batched_rk45),
    "solve_ivp RK45, a row at a time": (lambda: True, looped_rk45),
    "diffrax": (lambda: importlib.util.find_spec("diffrax") is not None, diffrax),
    "ngspice, a row at a time": (_has_ngspice, _ngspice),
}
