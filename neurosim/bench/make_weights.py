"""Make `weights.npz`, the weights that the benchmarks settle: minutes, on two cores.

python -m neurosim.bench.make_weights
"""

from __future__ import annotations

import io

import numpy as np

from neurosim.analysis.problem import LAWS, WEIGHTS
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Experiment, Trainer
from neurosim.outputs import write_bytes
from neurosim.profile import load_profile

UPDATES, BATCH = 300, 512


def main() -> None:
    """Train both ideal chips; keep the weights after the steepest update and at the end."""
    arrays = {}
    for law in LAWS:
        images, _ = load_digits()
        chip = Chip(load_profile(f"ideal_{law}"), n_threads=2)
        trainer = Trainer(chip, Experiment(updates=UPDATES, batch=BATCH), images)
        steepest = 0.0
        for update in trainer:
            stages = ["trained"] if update.update == UPDATES else []
            if update.gradient_norm > steepest:
                steepest = update.gradient_norm
                stages.append("bifurcation")
            for stage in stages:
                weights = trainer.weights
                arrays[f"{law}_{stage}_coupling"] = weights.coupling.astype(np.float32)
                arrays[f"{law}_{stage}_bias"] = weights.bias.astype(np.float32)
        print(f"{law}: flow loss {update.flow_loss:.3f}, steepest gradient {steepest:.0f}")
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # the stub takes names for `allow_pickle`
    write_bytes(WEIGHTS, stream.getvalue())


if __name__ == "__main__":
    main()
