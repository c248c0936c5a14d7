"""Faults of the host, data, judging and files."""

from planted.fault import Fault

FAULTS = (
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
        "piece_s = t_end * flow.alpha * sheet.release_tau_s / (segments * pieces)",
        "piece_s = t_end * flow.alpha * sheet.release_tau_s / (2 * segments * pieces)",
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
        "cheapest_assignment(-(x0 @ x1.T))",
        "np.arange(len(x0))",
        "data/test_pairs.py",
    ),
    Fault(
        "a price of one row's own",
        "data/assignment.py",
        "cost -= cost.min(axis=0)",
        "cost[0] -= cost[0] * np.arange(len(cost))",
        "data/test_assignment.py",
    ),
    Fault(
        "the Frechet distance lacks the means",
        "metrics/distances.py",
        "np.square(mean_a - mean_b).sum()",
        "0.0",
        "metrics/test_samples.py",
    ),
    # Files
    Fault(
        "achieved conductances are the targets",
        "tables/table.py",
        'f"achieved_{side}"] = achieved_S[here]',
        'f"achieved_{side}"] = target_S[here]',
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
        "runs/checkpoint.py",
        'if tree.get("identity") not in {self.identity, self._digest(self._settings)}:',
        'if tree.get("identity") is None:',
        "runs/test_resumed.py",
    ),
    Fault(
        "a point's name forgets its sampling",
        "sweeps/making.py",
        "key = digest_of_json([json.dumps(origin), used, self._memory.written(sampling).text])",
        'key = digest_of_json([json.dumps(origin), used, "0"])',
        "sweeps/test_points.py",
    ),
)
