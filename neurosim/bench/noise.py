"""How accurate steps with noise are: against fine ones on the same path, and exact covariances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

from neurosim.analysis.imperfections import SOURCES, only
from neurosim.analysis.problem import shipped_weights
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.data import FlowBatch, PairSource, load_digits
from neurosim.host import FlowSettings, present
from neurosim.network import Weights
from neurosim.profile import Profile, load_profile
from neurosim.solvers import Chunk, Engine, Noise, OperatingPoint, RateOf, System, settle
from neurosim.solvers.brownian import ComposedPath, kick_deviations
from neurosim.solvers.field import Field, field_of
from neurosim.solvers.krogstad import Kick, Stepper
from neurosim.solvers.noisy import LONGEST_STEP, ramp, stepped
from neurosim.streams import Streams

__all__ = ["bench_noise", "scheme_covariance"]

Array = NDArray[np.float64]
Report = Callable[[str], None]

# One block of rows; a base step that divides every step of a settle of ten tau.
_ROWS, _BASE_STEP = 60, 1 / 64


def _equal(span: float, h: float) -> list[float]:
    return [h] * round(span / h)


# Name -> (steps for a span, whether it is what chips with noise use).
_SCHEMES: dict[str, tuple[Callable[[float], list[float]], bool]] = {
    "ETD4, 2 x 0.5 tau, then 1 tau": (lambda span: ramp(span, LONGEST_STEP), True),
    "ETD4, 1 tau": (lambda span: _equal(span, 1.0), False),
    "ETD4, 0.5 tau": (lambda span: _equal(span, 0.5), False),
    "ETD4, 0.25 tau": (lambda span: _equal(span, 0.25), False),
}


@dataclass
class _Stepped:
    """An engine that takes given steps, each settle on a path of its own.

    Settle k of every such engine sees the same path k, whatever its steps; `noise` scales it.
    """

    steps_of: Callable[[float], Sequence[float]]
    noise: float = 1.0
    noise_step_tau: float = LONGEST_STEP
    ends_V: list[Array] = field(default_factory=list)
    n_steps: int = 0
    n_evaluations: int = 0

    @property
    def along_the_way(self) -> Engine:
        """Itself."""
        return self

    def run(
        self, rate_of: RateOf, u_V: Array, span: float, system: System, noise: Noise | None
    ) -> Chunk:
        """Run a block of rows in these steps."""
        del noise
        of_rows = field_of(rate_of(np.arange(len(u_V))), np.float64)
        path = None
        if self.noise:
            rng, b = np.random.default_rng(len(self.ends_V)), self.noise * system.noise_V
            rows = len(u_V)
            path = ComposedPath(rng, b * of_rows.per_V, of_rows.decay, rows, _BASE_STEP)
        got = stepped(of_rows, u_V, self.steps_of(span), path, system.unit_V)
        self.ends_V.append(got.u_V)
        self.n_steps, self.n_evaluations = got.n_steps, got.n_evaluations
        return got


@dataclass
class _Problem:
    """One presentation of digits to a chip at shipped weights."""

    profile: Profile
    weights: Weights
    batch: FlowBatch

    @classmethod
    def of(cls, profile: Profile) -> _Problem:
        limit, plain = profile.coupling.full_scale, shipped_weights("hopfield", "trained")
        weights = Weights(*(np.clip(a, -limit, limit) for a in (plain.coupling, plain.bias)))
        images, _ = load_digits()
        batch = PairSource(images, _ROWS, Streams(0), prefetch=False).batch_at(0)
        return cls(profile, weights, batch)

    def run(self, profile: Profile, engine: Engine) -> tuple[Chip, Array]:
        """Present the batch; the chip and the gradient that its host measures."""
        chip = Chip(profile, 0, engine, n_threads=1)
        chip.program(self.weights)
        flow = FlowSettings().on(chip.data_sheet)
        shown = present(chip, self.batch.x_t, self.batch.u_t, flow)
        return chip, shown.gradient.vector


def scheme_covariance(
    field_of_rows: Callable[[int], Field], rest_V: Array, noise_V: Array, h: float
) -> Array:
    """Stationary covariance of steps of length `h` about a state at rest, without sampling.

    The derivatives of a step by the state and by what its noise adds are those of one batch of
    2 n rows; with them the covariance solves a discrete Lyapunov equation.

    Parameters
    ----------
    field_of_rows : callable
        The field of so many equal rows.
    rest_V : ndarray, shape (n,)
    noise_V : ndarray, shape (n,)
        Intensity b [V per square root of time].
    h : float

    Returns
    -------
    ndarray, shape (n, n)
    """
    n = len(rest_V)
    size = 1e-4 * max(float(np.abs(rest_V).max()), 1e-3)
    of_rows = field_of_rows(2 * n)
    shift = size * np.concatenate([np.eye(n), -np.eye(n)])
    pushed = shift.T * of_rows.per_V[:, None]

    def derivative(start_V: Array, kick: Kick | None = None) -> Array:
        stepper = Stepper(of_rows, of_rows.enter((rest_V + start_V).T))
        stepper.attempt(h, kick)
        stepper.accept()
        up, down = np.split(of_rows.leave(stepper.z), 2, axis=1)
        slope: Array = (up - down) / (2 * size)
        return slope

    step, still = derivative(shift), np.zeros_like(shift)
    middle = derivative(still, Kick(pushed, 0 * pushed))
    end = derivative(still, Kick(0 * pushed, pushed))
    deviation, share, rest = kick_deviations(noise_V, of_rows.decay, h)
    both, alone = (end + middle * share) * deviation, middle * rest
    covariance: Array = solve_discrete_lyapunov(step, both @ both.T + alone @ alone.T)
    return covariance


def _rested(chip: Chip) -> tuple[DrivenCircuit, Array]:
    """The first row of a driven chip without noise, and where it comes to rest."""
    quiet = chip.system()
    one = DrivenCircuit(quiet.circuit, quiet.springs.rows(slice(0, 1)), quiet.tau_s)
    rest = settle(one, chip.u_V[:1], one.tau_s, OperatingPoint())
    return one, rest.u_V[0]


def _lyapunov(one: DrivenCircuit, rest_V: Array, noise_V: Array) -> Array:
    """Covariance of the linearised circuit [V^2]: a continuous Lyapunov equation."""
    circuit, n = one.circuit, one.circuit.n_nodes
    springs = one.springs.rows(np.zeros(n, dtype=np.intp))
    current = circuit.jacobian_vector_A(np.tile(rest_V, (n, 1)), np.eye(n), springs).T
    rates = current * (one.tau_s / circuit.capacitance_F)[:, None]
    covariance: Array = solve_continuous_lyapunov(rates, -np.diag(noise_V**2))
    return covariance


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(x**2)))


def bench_noise(
    profile: str = "cmos_rc_6bit", report: Report = lambda _text: None
) -> list[dict[str, Any]]:
    """Table of step schemes: one presentation of 60 digits at shipped trained weights.

    Parameters
    ----------
    profile : str
        A chip with thermal noise, of the shipped size; 1/f noise is left out.
    report : callable
        Told what is being done.

    Returns
    -------
    list of dict
        scheme; steps, evaluations, draws (of each node) of a settle; rms_error, of the free phase
        against steps of 1/64 tau on the same path, thermal_rms, of the noise there, and
        difference_error, of the difference of both nudged phases, in unit voltages;
        gradient_error, relative, of the chip without noise and converters; variance_ratio, of the
        node farthest from 1: the scheme's stationary variance over that of the linearised circuit;
        default, of the scheme that chips use.
    """
    found = _Problem.of(load_profile(profile).with_value("thermal.flicker_corner_Hz", "ideal"))
    unit_V, exact = found.profile.node.unit_V, _Stepped(lambda span: _equal(span, _BASE_STEP))
    report("fine steps")
    chip, _ = found.run(found.profile, exact)
    still = _Stepped(exact.steps_of, noise=0.0)
    found.run(found.profile, still)
    thermal = _rms(exact.ends_V[0] - still.ends_V[0]) / unit_V
    mismatch = [s.name for s in SOURCES if any("mismatch." in path for path in s.fields)]
    bare = only(found.profile, *mismatch)
    slope = found.run(bare, _Stepped(exact.steps_of, noise=0.0))[1]
    one, rest_V = _rested(chip)
    noise_V = chip.system().noise_V
    exact_V2 = np.diag(_lyapunov(one, rest_V, noise_V))

    def field_of_rows(rows: int) -> Field:
        return field_of(one.rate(np.zeros(rows, dtype=np.intp)), np.float64)

    table = []
    for name, (steps_of, default) in _SCHEMES.items():
        report(name)
        ours = _Stepped(steps_of)
        found.run(found.profile, ours)
        errors_V = [a - b for a, b in zip(ours.ends_V, exact.ends_V, strict=True)]
        away = found.run(bare, _Stepped(steps_of, noise=0.0))[1] - slope
        h = steps_of(10.0)[-1]
        ratio = np.diag(scheme_covariance(field_of_rows, rest_V, noise_V, h)) / exact_V2
        table.append(
            {"scheme": name, "steps": ours.n_steps, "evaluations": ours.n_evaluations}
            | {"draws": 2 * ours.n_steps, "rms_error": _rms(errors_V[0]) / unit_V}
            | {"thermal_rms": thermal}
            | {"difference_error": _rms(errors_V[1] - errors_V[2]) / unit_V}
            | {"gradient_error": float(np.linalg.norm(away) / np.linalg.norm(slope))}
            | {"variance_ratio": float(ratio[np.argmax(np.abs(ratio - 1))]), "default": default}
        )
    return table
