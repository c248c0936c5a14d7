"""The weights that benchmarks settle are those of a training, made again by one command."""

import numpy as np

from neurosim.analysis.problem import LAWS
from neurosim.bench import make_weights
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Experiment, Trainer
from neurosim.profile import load_profile


def test_the_command_keeps_the_weights_after_the_steepest_update_and_at_the_end(
    tmp_path, monkeypatch, capsys
):
    small = {law: load_profile(f"ideal_{law}").with_value("layers", (64, 6, 5)) for law in LAWS}
    updates, batch = 3, 4
    monkeypatch.setattr(make_weights, "UPDATES", updates)
    monkeypatch.setattr(make_weights, "BATCH", batch)
    monkeypatch.setattr(make_weights, "WEIGHTS", tmp_path / "weights.npz")
    monkeypatch.setattr(make_weights, "load_profile", lambda name: small[name.split("_")[1]])
    make_weights.main()
    assert capsys.readouterr().out.count("steepest gradient") == len(LAWS)
    stored = np.load(tmp_path / "weights.npz")
    for law in LAWS:
        trainer = Trainer(
            Chip(small[law]), Experiment(updates=updates, batch=batch), load_digits()[0]
        )
        seen = [(update.gradient_norm, trainer.weights) for update in trainer]
        kept = {"trained": seen[-1][1], "bifurcation": max(seen, key=lambda pair: pair[0])[1]}
        for stage, weights in kept.items():
            for part in ("coupling", "bias"):
                # Kept in single precision.
                np.testing.assert_allclose(
                    stored[f"{law}_{stage}_{part}"], getattr(weights, part), rtol=1e-6, atol=1e-9
                )
