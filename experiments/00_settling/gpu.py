"""Trainings on a GPU: the paper's, a noisy chip's, and one of 28 x 28 pixels, beside NumPy.

python experiments/00_settling/gpu.py [--device cuda] [--updates N] [--seconds S] [--out FILE]

Noise and images are paired beforehand and shown again with fresh t: an update's pairing costs a
second of one core, and would hide what the settles cost. The file, gpu_cuda.json in the working
folder, is written after each part; one with figures of another device is left as it is. On the
processor, into gpu_torch.json: --device torch --updates 2.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

sys.path.append(str(Path(__file__).parents[1]))
import ending

from neurosim.chip import Chip
from neurosim.data import FlowBatch, load_digits, optimal_pairs
from neurosim.host import Experiment, FlowSettings, Trainer
from neurosim.machines import arrays_on
from neurosim.outputs import write_text
from neurosim.profile import Profile, load_profile
from neurosim.solvers import Transient
from neurosim.streams import Streams

Array = NDArray[np.float64]

SINGLE = Transient(precision="float32")
# Of a training's updates, what is left out of the times: compiling, and recording of kernels.
_WARM = 2


class Paired:
    """Pairs made once and shown in turn, each time with fresh t."""

    def __init__(self, images: Array, batch: int, n_pairings: int) -> None:
        self._streams, self._pairs = Streams(0), []
        started_s = time.perf_counter()
        for index in range(n_pairings):
            rng = self._streams.generator("pairs", index)
            x0 = rng.standard_normal((batch, images.shape[1]))
            x1 = images[rng.permutation(len(images))[:batch]]
            self._pairs.append((x0, x1[optimal_pairs(x0, x1)]))
        self.seconds_each = (time.perf_counter() - started_s) / n_pairings

    def batch_at(self, update: int) -> FlowBatch:
        """Triples of an update."""
        x0, x1 = self._pairs[update % len(self._pairs)]
        t = self._streams.generator("times", update).random(len(x0))
        return FlowBatch((1 - t[:, None]) * x0 + t[:, None] * x1, x1 - x0, t)

    def teach(self, trainer: Trainer) -> None:
        """Show a trainer these instead of pairs of its own."""
        lessons = trainer._lessons
        lessons.batch_at = self.batch_at  # type: ignore[method-assign]  # no door: for timing only


class Clocked:
    """Wall time that a chip's settles take, transfers included."""

    def __init__(self, chip: Chip) -> None:
        self.seconds: list[float] = []
        inner = chip._nodes.settle

        def settle(*arguments: Any) -> None:
            started_s = time.perf_counter()
            inner(*arguments)
            self.seconds.append(time.perf_counter() - started_s)

        chip._nodes.settle = settle  # type: ignore[method-assign]  # timed where nothing else looks


def train(
    profile: Profile, images: Array, pairs: Paired, batch: int, device: str, updates: int,
    seconds: float, settle_tau: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train a chip for so many updates, or until the time is over."""
    chip = Chip(profile, 0, SINGLE, device=device)
    clock = Clocked(chip)
    recipe = Experiment(updates=2000, batch=batch, flow=FlowSettings(settle_tau=settle_tau))
    trainer = Trainer(chip, recipe, images)
    pairs.teach(trainer)
    losses: list[float] = []
    ends_s = [time.perf_counter()]
    for update in trainer:
        losses.append(update.flow_loss)
        ends_s.append(time.perf_counter())
        if len(losses) >= updates or ends_s[-1] - ends_s[0] > seconds:
            break
    warm = min(_WARM, len(losses) - 1)
    settles = clock.seconds[3 * warm : 3 * len(losses)]
    settle_s = 3 * float(np.mean(settles))
    update_s = float(np.mean(np.diff(ends_s)[warm:]))
    return {
        "profile": profile.name,
        "layers": list(profile.layers),
        "device": device,
        "rows": batch,
        "updates": len(losses),
        "settle_s_an_update": settle_s,
        "update_s": update_s,
        "settle_s_of_2000_updates": 2000 * settle_s,
        "pairing_s_an_update": pairs.seconds_each,
        "evaluations_a_settle": chip.ledger.evaluations / chip.ledger.settles,
        "loss_first": losses[0],
        "loss_last_10": float(np.mean(losses[-10:])),
    }


def smoke(images: Array, device: str) -> dict[str, Any]:
    """Two updates on the device and by NumPy, of chips without noise: losses and weights."""
    pairs, found = Paired(images, 128, 1), {}
    for name in ("ideal_hopfield", "ideal_gradient"):
        losses, weights = [], []
        for where in ("cpu", device):
            chip = Chip(load_profile(name), 0, SINGLE, n_threads=1, device=where)
            trainer = Trainer(chip, Experiment(updates=2, batch=128), images)
            pairs.teach(trainer)
            losses.append([update.flow_loss for update in trainer])
            weights.append(trainer.weights.vector)
        moved = np.abs(weights[1] - weights[0]).max() / np.abs(weights[0]).max()
        away = float(np.abs(np.subtract(*losses) / losses[0]).max())
        found[name] = {"losses_apart": away, "weights_apart": float(moved)}
        if away > 1e-3:
            raise SystemExit(f"{name}: losses on {device} and by NumPy are {away:.1e} apart.")
    return found


def recorded(images: Array, device: str) -> dict[str, Any]:
    """The smoke test, and whether the device records its kernels and launches them at once."""
    try:
        return smoke(images, device) | {"kernels_recorded": device.startswith("cuda")}
    except RuntimeError as error:
        print(f"kernels are launched one by one, for recording them fails: {error}")
        arrays = arrays_on(device)
        assert arrays.pool is not None
        arrays.pool.clear()
        kind = type(arrays)
        kind.replayed = lambda _self, work: work  # type: ignore[method-assign]  # this process alone
        return smoke(images, device) | {"kernels_recorded": False}


def device_name(device: str) -> str:
    """What the device calls itself."""
    arrays_on(device)
    if not device.startswith("cuda"):
        return platform.processor() or platform.machine()
    import torch

    return torch.cuda.get_device_name(device)


def report_in(path: Path, device: str) -> dict[str, Any]:
    """The report that a file holds of this device; an empty one where there is no file.

    Raises
    ------
    SystemExit
        It holds figures of another device.
    """
    if not path.exists():
        return {"device": device, "parts": {}}
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if report["device"] != device:
        raise SystemExit(
            f"{path} must keep the figures of {report['device']}, but this is {device}; give "
            "another --out, or move the file away."
        )
    return report


def main(arguments: list[str] | None = None) -> None:
    """Run every part, the cheapest first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--updates", type=int, default=2000, help="of the paper's training")
    parser.add_argument("--noisy-updates", type=int, default=200)
    parser.add_argument("--large-updates", type=int, default=200)
    parser.add_argument("--numpy-updates", type=int, default=3, help="by NumPy, to compare")
    parser.add_argument("--seconds", type=float, default=120.0, help="limit of a part")
    parser.add_argument("--pairings", type=int, default=2)
    parser.add_argument("--out", type=Path, help="file (gpu_DEVICE.json)")
    options = parser.parse_args(arguments)
    out = options.out or Path(f"gpu_{options.device.replace(':', '_')}.json")
    report = report_in(out, device_name(options.device))
    images = load_digits()[0]
    few = min(options.updates, options.noisy_updates), min(options.updates, options.large_updates)

    def part(name: str, work: Callable[[], dict[str, Any]]) -> None:
        started_s = time.perf_counter()
        report["parts"][name] = work() | {"wall_s": time.perf_counter() - started_s}
        write_text(out, json.dumps(report, indent=1) + "\n")
        print(name, json.dumps(report["parts"][name]), flush=True)

    part("smoke", lambda: recorded(images, options.device))
    pairs = Paired(images, len(images), options.pairings)
    paper, noisy = load_profile("ideal_gradient"), load_profile("cmos_rc_6bit")
    large_images = np.clip(zoom(images.reshape(-1, 8, 8), (1, 3.5, 3.5), order=1), -1, 1)
    large_images = large_images.reshape(len(images), -1)
    large = load_profile("ideal_hopfield").with_value("layers", (784, 512, 256))
    large_pairs = Paired(large_images, 256, options.pairings)

    def run(device: str, chip: str, updates: int) -> dict[str, Any]:
        limit = options.seconds if device == options.device else 30.0
        if chip == "large":
            return train(large, large_images, large_pairs, 256, device, updates, limit)
        profile = paper if chip == "paper" else noisy
        return train(profile, images, pairs, len(images), device, updates, limit)

    part("paper", lambda: run(options.device, "paper", options.updates))
    part("noisy", lambda: run(options.device, "noisy", few[0]))
    part("large", lambda: run(options.device, "large", few[1]))
    for chip in ("paper", "noisy", "large"):
        fewer = min(options.numpy_updates, options.updates)
        part(f"{chip}, NumPy", lambda chip=chip, fewer=fewer: run("cpu", chip, fewer))


if __name__ == "__main__":
    ending.ran(main, keeps=False)
