"""Faults that somebody could make, each as a change of one place of the package.

A fault names the test file that should catch it first. It is planted in a copy of the tree, never
in the tree itself; its text must stand there exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One wrong place.

    Parameters
    ----------
    what : str
        What is wrong then.
    file : str
        Of the package.
    find, put : str
        The right text, and the wrong one in its place.
    caught_by : str
        Of the tests.
    """

    what: str
    file: str
    find: str
    put: str
    caught_by: str

    def planted(self, text: str) -> str:
        """The file's text with the fault in it.

        Raises
        ------
        ValueError
            The right text does not stand there exactly once.
        """
        if text.count(self.find) != 1:
            raise ValueError(
                f"{self.file} must have {self.find!r} exactly once, but has it "
                f"{text.count(self.find)} times; plant {self.what!r} where that stands now."
            )
        return text.replace(self.find, self.put)


FAULTS = (
    # The circuit
    Fault(
        "a spring pulls the wrong way",
        "circuit/circuit.py",
        "current[..., at] += springs.soft_S * (springs.target_V - u_V[..., at])",
        "current[..., at] -= springs.soft_S * (springs.target_V - u_V[..., at])",
        "circuit/test_circuit.py",
    ),
    Fault(
        "the loading of a node counts twice",
        "circuit/circuit.py",
        "return self.leak_S + self.loading * self.load_S",
        "return self.leak_S + 2 * self.loading * self.load_S",
        "circuit/test_circuit.py",
    ),
    Fault(
        "a bias pulls at half the reference",
        "circuit/circuit.py",
        "return self.biases.delta_S * self.reference_V * bent",
        "return self.biases.delta_S * self.reference_V * bent / 2",
        "tables/test_deck.py",
    ),
    Fault(
        "thermal noise of two-sided density",
        "circuit/circuit.py",
        "return float(4 * Boltzmann * temperature_K) * total",
        "return float(2 * Boltzmann * temperature_K) * total",
        "solvers/test_settle.py",
    ),
    Fault(
        "the slope of a tanh lacks its square",
        "circuit/amplifiers.py",
        "xp.multiply(out, out, out=slope)",
        "xp.multiply(out, 1.0, out=slope)",
        "circuit/test_amplifiers.py",
    ),
    Fault(
        "an amplifier's offset is left out",
        "circuit/outputs.py",
        "return (u_V + self.offset_V) * self.gain",
        "return u_V * self.gain",
        "circuit/test_outputs.py",
    ),
    Fault(
        "the heat of springs is halved",
        "circuit/power.py",
        "across = stretch_V**2 @ springs.soft_S",
        "across = stretch_V**2 @ springs.soft_S / 2",
        "circuit/test_power.py",
    ),
    # The solvers
    Fault(
        "a tolerance is a thousand times looser",
        "solvers/krogstad.py",
        "work *= rtol\n        work += atol",
        "work *= 1000 * rtol\n        work += 1000 * atol",
        "solvers/test_etd.py",
    ),
    Fault(
        "a row that diverges takes the others with it",
        "solvers/settle.py",
        "good[np.flatnonzero(good)[bad]] = False",
        "good[:] = False",
        "solvers/test_settle.py",
    ),
    Fault(
        "results depend on the number of BLAS threads",
        "threads.py",
        '_blas().limit(limits=1, user_api="blas")',
        '_blas().limit(limits=None, user_api="blas")',
        "runs/test_repeating.py",
    ),
    # Devices
    Fault(
        "mismatch of twice the spread",
        "devices/node.py",
        "s2 = np.log1p(sigma**2)",
        "s2 = np.log1p((2 * sigma)**2)",
        "devices/test_node.py",
    ),
    Fault(
        "stuck low and stuck high are swapped",
        "devices/faults.py",
        "[np.nan, idle_S, idle_S + range_S, np.nan, 0.0]",
        "[np.nan, idle_S + range_S, idle_S, np.nan, 0.0]",
        "devices/test_faults.py",
    ),
    Fault(
        "drift in the wrong direction",
        "devices/drift.py",
        "np.maximum(ratio, 1.0) ** -self.nu(",
        "np.maximum(ratio, 1.0) ** self.nu(",
        "devices/test_drift.py",
    ),
    Fault(
        "a leak forgets its rest",
        "devices/drift.py",
        "written_S + (self.rest_S - written_S) * gone",
        "written_S - written_S * gone",
        "devices/test_drift.py",
    ),
    Fault(
        "write noise is a variance",
        "devices/writing.py",
        "error_S, pulses = sigma_S * rng.standard_normal(target_S.shape), once",
        "error_S, pulses = sigma_S**2 * rng.standard_normal(target_S.shape), once",
        "devices/test_writing.py",
    ),
    Fault(
        "a pulse ignores where in its range a device is",
        "devices/pulses.py",
        "return 1 - x, x",
        "return np.ones_like(x), np.ones_like(x)",
        "devices/test_pulses.py",
    ),
    Fault(
        "one level too many",
        "devices/coupling.py",
        "step = self.full_scale / (self.levels - 1)\n            # Half-way",
        "step = self.full_scale / self.levels\n            # Half-way",
        "devices/test_coupling.py",
    ),
    # Converters
    Fault(
        "codes round down",
        "converters/quantise.py",
        "value = np.round(value / step) * step",
        "value = np.floor(value / step) * step",
        "converters/test_converters.py",
    ),
    Fault(
        "what clips is not counted",
        "converters/quantise.py",
        "n_clipped = int(np.count_nonzero(np.abs(value) > full_scale))",
        "n_clipped = 0",
        "converters/test_converters.py",
    ),
    Fault(
        "one channel for all nodes",
        "converters/channels.py",
        "which = np.arange(n_values) % count",
        "which = np.zeros(n_values, dtype=int)",
        "converters/test_channels.py",
    ),
    Fault(
        "differences are read without their gain",
        "converters/readout.py",
        "return self.gain * value",
        "return value",
        "host/test_readout.py",
    ),
    # The chip
    Fault(
        "precharge energy halved",
        "chip/meter.py",
        "float(capacitance_F @ (u_V**2).sum(axis=0))",
        "float(capacitance_F @ (u_V**2).sum(axis=0)) / 2",
        "chip/test_meter.py",
    ),
    Fault(
        "a settle's early heat is left out",
        "chip/meter.py",
        "last * time_s - early_s * (last - first)",
        "last * time_s",
        "chip/test_meter.py",
    ),
    Fault(
        "reads take no time",
        "chip/meter.py",
        "ledger.read_time_s += time_s",
        "ledger.read_time_s += 0.0",
        "chip/test_meter.py",
    ),
    Fault(
        "write noise the same at every write",
        "chip/bank.py",
        'self._streams.generator("programming", self._n_writes)',
        'self._streams.generator("programming", 0)',
        "chip/test_bank.py",
    ),
    Fault(
        "a faulty device takes what is written",
        "chip/bank.py",
        "return np.where(self.faulty.kind > 0, self.faulty.conductance_S, conductance_S)",
        "return conductance_S",
        "chip/test_bank.py",
    ),
    Fault(
        "the two directions of a coupling share their mismatch",
        "chip/die.py",
        "return pairs(0), biases, pairs(2 * c + 2 * n) if self.separate else None",
        "return pairs(0), biases, pairs(0) if self.separate else None",
        "chip/test_die.py",
    ),
    Fault(
        "visible amplifiers have a gain error",
        "chip/die.py",
        "self._gain[self.layers.visible] = 1.0",
        "self._gain[self.layers.visible] *= 1.0",
        "chip/test_die.py",
    ),
    Fault(
        "a stored state has no noise of its switch",
        "chip/hold.py",
        "self._held_V += self._sigma_V * rng.standard_normal(u_V.shape)",
        "self._held_V += 0.0",
        "chip/test_chip.py",
    ),
    Fault(
        "correlators add what they should subtract",
        "chip/correlators.py",
        "plus_V[:, odd].T @ plus_V[:, even] - minus_V[:, odd].T @ minus_V[:, even]",
        "plus_V[:, odd].T @ plus_V[:, even] + minus_V[:, odd].T @ minus_V[:, even]",
        "chip/test_correlators.py",
    ),
    # The host
    Fault(
        "nudge anchored at x_t instead of the DAC's codes",
        "host/phases.py",
        "target = batch.anchor + sign * nudge / stiffness * batch.u_t / scale",
        "target = batch.x_t + sign * nudge / stiffness * batch.u_t / scale",
        "host/test_phases.py",
    ),
    Fault(
        "the nudged spring keeps its stiffness",
        "host/phases.py",
        "stiffness = flow.stiffness + sign * nudge",
        "stiffness = flow.stiffness",
        "host/test_gradep.py",
    ),
    Fault(
        "the negative phase is not nudged",
        "host/phases.py",
        "sign = 0 if flow.one_sided else -1",
        "sign = 0",
        "host/test_gradep.py",
    ),
    Fault(
        "a centred difference over beta alone",
        "host/phases.py",
        "distance = (1 - sign) * flow.beta",
        "distance = flow.beta",
        "host/test_gradep.py",
    ),
    Fault(
        "lost rows are not counted",
        "host/readings.py",
        "n_lost = int(np.count_nonzero(~good))",
        "n_lost = 0",
        "host/test_gradep.py",
    ),
    Fault(
        "no refresh",
        "host/trainer.py",
        "            self.chip.refresh()",
        "            pass",
        "host/test_trainer.py",
    ),
    Fault(
        "Adam without its bias correction",
        "host/descents.py",
        'first = memory["first"] / (1 - b1**step)',
        'first = memory["first"]',
        "host/test_optimizer.py",
    ),
    Fault(
        "the gradient is not clipped",
        "host/optimizer.py",
        "clip = clipped(gradient, how.clip).vector",
        "clip = gradient.vector",
        "host/test_optimizer.py",
    ),
    Fault(
        "host-stepped sample time one step long",
        "host/sampler.py",
        "return settle_s * max(1, round(sampling.t_end / sampling.dt))",
        "return settle_s",
        "host/test_sampler.py",
    ),
    Fault(
        "free-running half as long",
        "host/sampler.py",
        "time_s = t_end * flow.alpha * sheet.release_tau_s",
        "time_s = t_end * flow.alpha * sheet.release_tau_s / 2",
        "host/test_sampler.py",
    ),
    Fault(
        "a calibration is forgotten by a resume",
        "host/trainer.py",
        'self.calibration = Calibration(**state["calibration"])',
        "pass",
        "host/test_trainer.py",
    ),
    # Data, metrics
    Fault(
        "paths end at noise",
        "data/pairs.py",
        "x_t = (1 - t[:, None]) * x0 + t[:, None] * x1",
        "x_t = t[:, None] * x0 + (1 - t[:, None]) * x1",
        "data/test_pairs.py",
    ),
    Fault(
        "pairs at random",
        "data/pairs.py",
        "linear_sum_assignment(-(x0 @ x1.T))[1]",
        "np.arange(len(x0))",
        "data/test_pairs.py",
    ),
    Fault(
        "the Frechet distance lacks the means",
        "metrics/samples.py",
        "np.square(mean_a - mean_b).sum()",
        "0.0",
        "metrics/test_samples.py",
    ),
    # Files
    Fault(
        "achieved conductances are the targets",
        "tables/table.py",
        'here, back = index[name], side.startswith("back")',
        'achieved_S = target_S; here, back = index[name], side.startswith("back")',
        "tables/test_table.py",
    ),
    Fault(
        "a file is written in place",
        "outputs.py",
        "            temporary.replace(target)\n            done.append",
        "            target.write_bytes(temporary.read_bytes())\n            done.append",
        "test_outputs.py",
    ),
    Fault(
        "a resume repeats an update",
        "runs/metrics.py",
        "kept = _lines(path)[: n_updates + 1]",
        "kept = _lines(path)[: n_updates + 2]",
        "runs/test_resumed.py",
    ),
    Fault(
        "a checkpoint of another run is taken",
        "runs/run.py",
        'if tree.get("identity") != self.identity:',
        'if tree.get("identity") is None:',
        "runs/test_resumed.py",
    ),
    Fault(
        "a point's name forgets its sampling",
        "sweeps/points.py",
        "key = digest_of_json([json.dumps(origin), used, self._memory.written(sampling).text])",
        'key = digest_of_json([json.dumps(origin), used, "0"])',
        "sweeps/test_points.py",
    ),
)
